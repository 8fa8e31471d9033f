/* Pixels of one place of every sh x sw square as channels of their own, in the order of ONNX's SpaceToDepth:
 *
 *   space_to_depth  y[(py * sw + px) * C + c][i][j] = x[c][i * sh + py][j * sw + px]                          zero outside x
 *   depth_weight    u[o][(py * sw + px) * C + c][a][b] = w[o][c][a * sh + py - top][b * sw + px - left]       zero outside w
 *
 * so that the convolution of y with u at stride 1 is that of x with w at stride sh x sw.  `window` holds the strides, and top and left:
 * how far its first tap lies behind the first row and column of a square. */
#include "ops.h"

const char *infer_space_to_depth(Graph *g, Node *n)
{
    const int *d = n->in[0]->shape.dim;
    const Window *w = &n->window;
    if (n->op == OP_SPACE_TO_DEPTH)
        return op_set(g, n, 0, shape_chw(d[0] * w->sh * w->sw, div_up(d[1], w->sh), div_up(d[2], w->sw)));
    int dim[] = { d[0], d[1] * w->sh * w->sw, div_up(d[2] + w->top, w->sh), div_up(d[3] + w->left, w->sw) };
    return op_set(g, n, 0, shape_weights(4, dim));
}

/* to: channels * sh * sw planes of h x w; from: planes of d[0] x d[1], read from row -top and column -left on. */
static void squares(const Window *win, int channels, const double *from, const int d[2], double *to, int h, int w)
{
    for (int k = 0; k < channels * win->sh * win->sw; k++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++) {
                int phase = k / channels;
                int y = i * win->sh + phase / win->sw - win->top, x = j * win->sw + phase % win->sw - win->left;
                bool inside = y >= 0 && y < d[0] && x >= 0 && x < d[1];
                *to++ = inside ? from[((int64_t)(k % channels) * d[0] + y) * d[1] + x] : 0;
            }
}

void eval_space_to_depth(Interp *it, const Node *n)
{
    bool image = n->op == OP_SPACE_TO_DEPTH;
    const int *d = n->in[0]->shape.dim + !image, *r = n->out[0]->shape.dim + !image; /* channels, height, width */
    int64_t count = image ? it->n : n->in[0]->shape.dim[0];
    for (int64_t i = 0; i < count; i++)
        squares(&n->window, d[0], op_in(it, n, 0) + i * d[0] * d[1] * d[2], d + 1, op_out(it, n, 0) + i * r[0] * r[1] * r[2], r[1], r[2]);
}

/* avgpool: sum of the window clipped to the image, divided by the number of its pixels: with count_pad those of
 * the window clipped to the padded image (Caffe, torch), else the real ones (TensorFlow); then the epilogue. */
#include "ops.h"

const char *infer_avgpool(Graph *g, Node *n)
{
    Shape s;
    const char *wrong = op_window_shape(g, n, n->in[0]->shape.dim[0], &s);
    return wrong ? wrong : op_set(g, n, 0, s);
}

static int clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

static double average(const Node *n, const double *x, int h, int width, int oy, int ox)
{
    const Window *w = &n->window;
    int y0 = oy * w->sh - w->top, x0 = ox * w->sw - w->left;
    int y1 = clamp(y0 + w->kh, y0, h + w->bottom), x1 = clamp(x0 + w->kw, x0, width + w->right);
    int padded = (y1 - y0) * (x1 - x0);
    y0 = clamp(y0, 0, h), y1 = clamp(y1, 0, h), x0 = clamp(x0, 0, width), x1 = clamp(x1, 0, width);
    double sum = 0;
    for (int iy = y0; iy < y1; iy++)
        for (int ix = x0; ix < x1; ix++)
            sum += x[(int64_t)iy * width + ix];
    return sum / (n->count_pad ? padded : (y1 - y0) * (x1 - x0));
}

void eval_avgpool(Interp *it, const Node *n)
{
    const Shape *xs = &n->in[0]->shape, *ys = &n->out[0]->shape;
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t c = 0, at = 0; c < (int64_t)it->n * xs->dim[0]; c++)
        for (int oy = 0; oy < ys->dim[1]; oy++)
            for (int ox = 0; ox < ys->dim[2]; ox++)
                y[at++] = average(n, x + c * xs->dim[1] * xs->dim[2], xs->dim[1], xs->dim[2], oy, ox);
    op_epilogue(it, n, 0, 0, 1);
}

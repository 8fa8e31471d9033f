/* avgpool: sum of the window clipped to the image, divided by the number of its pixels: with count_pad those of
 * the window clipped to the padded image (Caffe, torch), else the real ones (TensorFlow); then the epilogue.
 * avgpool_grad(dy, x): every pixel of a window gets dy / that number. */
#include "ops.h"
#include <string.h>

const char *infer_avgpool(Graph *g, Node *n)
{
    if (n->op == OP_AVGPOOL_GRAD)
        return op_set(g, n, 0, n->in[1]->shape);
    Shape s;
    const char *wrong = op_window_shape(g, n, n->in[0]->shape.dim[0], &s);
    return wrong ? wrong : op_set(g, n, 0, s);
}

static int clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

typedef struct Clipped { /* a window on the image, and its divisor */
    int y0, y1, x0, x1, count;
} Clipped;

static Clipped clip(const Node *n, int h, int width, int oy, int ox)
{
    const Window *w = &n->window;
    int y0 = oy * w->sh - w->top, x0 = ox * w->sw - w->left;
    int y1 = clamp(y0 + w->kh, y0, h + w->bottom), x1 = clamp(x0 + w->kw, x0, width + w->right);
    Clipped c = { clamp(y0, 0, h), clamp(y1, 0, h), clamp(x0, 0, width), clamp(x1, 0, width), (y1 - y0) * (x1 - x0) };
    if (!n->count_pad)
        c.count = (c.y1 - c.y0) * (c.x1 - c.x0);
    return c;
}

static double average(const Node *n, const double *x, int h, int width, int oy, int ox)
{
    Clipped c = clip(n, h, width, oy, ox);
    double sum = 0;
    for (int iy = c.y0; iy < c.y1; iy++)
        for (int ix = c.x0; ix < c.x1; ix++)
            sum += x[(int64_t)iy * width + ix];
    return sum / c.count;
}

static void gradient(Interp *it, const Node *n)
{
    const int *xs = n->out[0]->shape.dim, *ys = n->in[0]->shape.dim;
    const double *dy = op_in(it, n, 0);
    double *dx = op_out(it, n, 0);
    memset(dx, 0, (size_t)(it->n * shape_elems(&n->out[0]->shape)) * sizeof *dx);
    for (int64_t p = 0; p < (int64_t)it->n * xs[0]; p++, dx += (int64_t)xs[1] * xs[2])
        for (int o = 0; o < ys[1] * ys[2]; o++, dy++) {
            Clipped c = clip(n, xs[1], xs[2], o / ys[2], o % ys[2]);
            for (int iy = c.y0; iy < c.y1; iy++)
                for (int ix = c.x0; ix < c.x1; ix++)
                    dx[(int64_t)iy * xs[2] + ix] += *dy / c.count;
        }
}

void eval_avgpool(Interp *it, const Node *n)
{
    if (n->op == OP_AVGPOOL_GRAD) {
        gradient(it, n);
        return;
    }
    const Shape *xs = &n->in[0]->shape, *ys = &n->out[0]->shape;
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t c = 0, at = 0; c < (int64_t)it->n * xs->dim[0]; c++)
        for (int oy = 0; oy < ys->dim[1]; oy++)
            for (int ox = 0; ox < ys->dim[2]; ox++)
                y[at++] = average(n, x + c * xs->dim[1] * xs->dim[2], xs->dim[1], xs->dim[2], oy, ox);
    op_epilogue(it, n, 0, 0, 1);
}

bool grad_avgpool(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    if (n->epilogue.bias || n->epilogue.residual || n->epilogue.relu)
        return false;
    Tensor *in[] = { dy, n->in[0] };
    Node *r = op_grad_node(g, OP_AVGPOOL_GRAD, n, "grad", in, 2, 1);
    r->window = n->window;
    r->count_pad = n->count_pad;
    dx[0] = op_infer_sure(g, r);
    return true;
}

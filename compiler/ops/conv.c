/* conv: y[co] = sum over ci, ky, kx of w[co][ci][ky][kx] * x[g*CI + ci][oy*sh + ky - top][ox*sw + kx - left],
 * then the epilogue.  After a merge the rows of w are shared out to several outputs in order. */
#include "ops.h"
#include <string.h>

const char *infer_conv(Graph *g, Node *n)
{
    const Shape *x = &n->in[0]->shape, *w = &n->in[1]->shape;
    if (w->dim[1] * n->groups != x->dim[0])
        return op_wrong(g, "its weights want %d input channels, its input has %d", w->dim[1] * n->groups, x->dim[0]);
    Shape s;
    const char *wrong = op_window_shape(g, n, w->dim[0], &s);
    if (wrong || n->n_out == 1)
        return wrong ? wrong : op_set(g, n, 0, s);
    int rows = 0;
    for (int k = 0; k < n->n_out && !wrong; k++) {
        s.dim[0] = n->out[k]->shape.dim[0];
        rows += s.dim[0];
        wrong = op_set(g, n, k, s);
    }
    return wrong ? wrong : rows == w->dim[0] ? NULL : op_wrong(g, "its outputs have %d channels, its weights %d rows", rows, w->dim[0]);
}

/* y[oh][ow] += w * x shifted by one tap. */
static void add_tap(const Node *n, const double *x, int h, int w, double *y, int oh, int ow, int ky, int kx, double v)
{
    const Window *win = &n->window;
    for (int oy = 0; oy < oh; oy++) {
        int iy = oy * win->sh + ky - win->top;
        if (iy < 0 || iy >= h)
            continue;
        const double *row = x + (int64_t)iy * w + kx - win->left;
        int from = 0, to = ow;
        while (from < to && from * win->sw + kx - win->left < 0)
            from++;
        while (to > from && (to - 1) * win->sw + kx - win->left >= w)
            to--;
        double *out = y + (int64_t)oy * ow;
        if (win->sw == 1)
            for (int ox = from; ox < to; ox++)
                out[ox] += v * row[ox];
        else
            for (int ox = from; ox < to; ox++)
                out[ox] += v * row[ox * win->sw];
    }
}

static void plane(const Node *n, const double *x, const double *w, double *y, int co)
{
    const Shape *xs = &n->in[0]->shape, *ws = &n->in[1]->shape, *ys = &n->out[0]->shape;
    int cig = ws->dim[1], kh = ws->dim[2], kw = ws->dim[3], group = co / (ws->dim[0] / n->groups);
    memset(y, 0, (size_t)ys->dim[1] * (size_t)ys->dim[2] * sizeof *y);
    for (int ci = 0; ci < cig; ci++)
        for (int t = 0; t < kh * kw; t++)
            add_tap(n, x + (int64_t)(group * cig + ci) * xs->dim[1] * xs->dim[2], xs->dim[1], xs->dim[2], y, ys->dim[1], ys->dim[2],
                    t / kw, t % kw, w[((int64_t)co * cig + ci) * kh * kw + t]);
}

void eval_conv(Interp *it, const Node *n)
{
    const double *x = op_in(it, n, 0), *w = op_in(it, n, 1);
    int64_t x_elems = shape_elems(&n->in[0]->shape);
    int row = 0;
    for (int k = 0; k < n->n_out; row += n->out[k++]->shape.dim[0]) {
        double *y = op_out(it, n, k);
        const Shape *s = &n->out[k]->shape;
        int64_t pixels = (int64_t)s->dim[1] * s->dim[2];
        for (int i = 0; i < it->n; i++)
            for (int c = 0; c < s->dim[0]; c++)
                plane(n, x + i * x_elems, w, y + ((int64_t)i * s->dim[0] + c) * pixels, row + c);
        op_epilogue(it, n, k, row, 2);
    }
}

bool grad_conv(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    if (n->n_out > 1 || n->epilogue.residual || n->epilogue.relu)
        return false;
    conv_gradients(g, n, n->window, dy, dx);
    return true;
}

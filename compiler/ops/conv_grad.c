/* Gradients of a convolution: of its weights and its bias by operators of their own; of its input by
 * convolutions of dy with flipped weights, one a phase of the stride.
 *
 *   dw[co][ci][ky][kx] = sum over images, oy, ox of dy[co][oy][ox] * x[ci][oy*sh + ky - top][ox*sw + kx - left]
 *   dx[ci][sh*q + r] = sum over j, co of dy[co][q + c - j] * w[co][ci][k0 + sh*j],  k0 = (r + top) % sh, c = (r + top) / sh
 *
 * and so along columns.  With groups ci and co are those of one group, of which each has its own products: both are convolutions
 * with the same groups.  flip: result [ci][co][kh'][kw'] whose row of taps j is w's row top + sh * (kh' - 1 - j); `window`
 * holds kh', kw' and where a phase begins, `kernel_h` and `kernel_w` are w's: a fully connected layer's has rank 2. */
#include "ops.h"
#include <string.h>

static const char *infer_flip(Graph *g, Node *n)
{
    const Shape *w = &n->in[0]->shape;
    const Window *win = &n->window;
    int ci = (int)(shape_elems(w) / w->dim[0] / (n->kernel_h * n->kernel_w)) * n->groups;
    int dim[] = { ci, w->dim[0] / n->groups, win->kh, win->kw };
    return op_set(g, n, 0, shape_weights(4, dim));
}

const char *infer_conv_grad(Graph *g, Node *n)
{
    if (n->op == OP_FLIP)
        return infer_flip(g, n);
    if (n->op == OP_BIAS_GRAD)
        return op_set(g, n, 0, shape_weights(1, n->in[0]->shape.dim));
    return op_set(g, n, 0, n->in[2]->shape);
}

/* ---- Evaluation ---- */

static void weight_grad_image(const Node *n, const double *x, const double *dy, double *dw)
{
    const int *xs = n->in[0]->shape.dim, *ys = n->in[1]->shape.dim;
    const Window *w = &n->window;
    int cig = xs[0] / n->groups, cog = ys[0] / n->groups;
    for (int co = 0; co < ys[0]; co++)
        for (int ci = co / cog * cig, end = ci + cig; ci < end; ci++)
            for (int tap = 0; tap < w->kh * w->kw; tap++, dw++)
                for (int oy = 0; oy < ys[1]; oy++)
                    for (int ox = 0; ox < ys[2]; ox++) {
                        int iy = oy * w->sh + tap / w->kw - w->top, ix = ox * w->sw + tap % w->kw - w->left;
                        if (iy >= 0 && iy < xs[1] && ix >= 0 && ix < xs[2])
                            *dw += x[((int64_t)ci * xs[1] + iy) * xs[2] + ix] * dy[((int64_t)co * ys[1] + oy) * ys[2] + ox];
                    }
}

static void weight_grad(Interp *it, const Node *n)
{
    const double *x = op_in(it, n, 0), *dy = op_in(it, n, 1);
    double *dw = op_out(it, n, 0);
    memset(dw, 0, (size_t)shape_elems(&n->out[0]->shape) * sizeof *dw);
    for (int i = 0; i < it->n; i++)
        weight_grad_image(n, x + i * shape_elems(&n->in[0]->shape), dy + i * shape_elems(&n->in[1]->shape), dw);
}

static void bias_grad(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *dy = op_in(it, n, 0);
    double *db = op_out(it, n, 0);
    int64_t pixels = (int64_t)s->dim[1] * s->dim[2];
    memset(db, 0, (size_t)s->dim[0] * sizeof *db);
    for (int64_t i = 0; i < (int64_t)it->n * s->dim[0] * pixels; i++)
        db[i / pixels % s->dim[0]] += dy[i];
}

static void flip(Interp *it, const Node *n)
{
    const int *d = n->out[0]->shape.dim; /* ci, co of a group, kh', kw' */
    const Window *w = &n->window;
    const double *from = op_in(it, n, 0);
    double *to = op_out(it, n, 0);
    int cig = d[0] / n->groups;
    for (int ci = 0; ci < d[0]; ci++)
        for (int co = 0; co < d[1]; co++)
            for (int j = 0; j < d[2] * d[3]; j++) {
                int ky = w->top + w->sh * (d[2] - 1 - j / d[3]), kx = w->left + w->sw * (d[3] - 1 - j % d[3]);
                *to++ = from[((int64_t)(ci / cig * d[1] + co) * cig + ci % cig) * n->kernel_h * n->kernel_w + ky * n->kernel_w + kx];
            }
}

void eval_conv_grad(Interp *it, const Node *n)
{
    if (n->op == OP_FLIP)
        flip(it, n);
    else if (n->op == OP_CONV_WEIGHT_GRAD)
        weight_grad(it, n);
    else
        bias_grad(it, n);
}

/* ---- Building ---- */

typedef struct Phase { /* of one axis: rows r, r + s, ... of dx */
    int k0, taps, before, after;
} Phase;

static Phase phase_of(int r, int size, int out, int k, int s, int pad)
{
    Phase p = { .k0 = (r + pad) % s };
    p.taps = (k - p.k0 + s - 1) / s;
    int count = (size - r + s - 1) / s;
    p.before = p.taps - 1 - (r + pad) / s;
    p.after = count + p.taps - 1 - out - p.before;
    return p;
}

/* Rows r0 + sh * q, columns c0 + sw * q of dx: one convolution of dy. */
static Tensor *data_grad_phase(Graph *g, Node *n, const Window *w, Tensor *dy, Phase v, Phase h)
{
    Node *flip = op_grad_node(g, OP_FLIP, n, "flip", &n->in[1], 1, 1);
    flip->groups = n->groups;
    flip->kernel_h = w->kh;
    flip->kernel_w = w->kw;
    flip->window = (Window){ v.taps, h.taps, w->sh, w->sw, v.k0, 0, h.k0, 0 };
    Tensor *in[] = { dy, op_infer_sure(g, flip) };
    Node *conv = op_grad_node(g, OP_CONV, n, "data_grad", in, 2, 1);
    conv->groups = n->groups;
    conv->window = (Window){ v.taps, h.taps, 1, 1, v.before, v.after, h.before, h.after };
    op_infer_sure(g, conv)->primal = n->in[0];
    return conv->out[0];
}

static Tensor *data_grad(Graph *g, Node *n, const Window *w, Tensor *dy)
{
    enum { MOST = 64 };
    const int *x = n->in[0]->shape.dim, *y = dy->shape.dim;
    Tensor *phase[MOST + 1];
    int present = 0, count = 0;
    CHECK(w->sh * w->sw <= MOST);
    Node *join = NULL;
    for (int i = 0; i < w->sh * w->sw; i++) {
        int r = i / w->sw, c = i % w->sw;
        Phase v = phase_of(r, x[1], y[1], w->kh, w->sh, w->top), h = phase_of(c, x[2], y[2], w->kw, w->sw, w->left);
        if (v.taps < 1 || h.taps < 1 || r >= x[1] || c >= x[2])
            continue; /* no output sees these pixels */
        phase[count++] = data_grad_phase(g, n, w, dy, v, h);
        present = i == 0;
    }
    if (w->sh * w->sw == 1 && present)
        return phase[0];
    phase[count++] = n->in[0];
    join = op_grad_node(g, OP_INTERLEAVE, n, "interleave", phase, count, 1);
    join->window = *w;
    return op_infer_sure(g, join);
}

void conv_gradients(Graph *g, Node *n, Window w, Tensor *dy, Tensor **dx)
{
    Tensor *weight[] = { n->in[0], dy, n->in[1] };
    Node *b = op_grad_node(g, OP_CONV_WEIGHT_GRAD, n, "weight_grad", weight, 3, 1);
    b->window = w;
    b->groups = n->groups;
    dx[1] = op_infer_sure(g, b);
    if (n->epilogue.bias)
        dx[2] = op_infer_sure(g, op_grad_node(g, OP_BIAS_GRAD, n, "bias_grad", &dy, 1, 1));
    dx[0] = data_grad(g, n, &w, dy);
}

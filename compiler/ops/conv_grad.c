/* Gradients of a convolution (groups 1) by its input, its weights and its bias.  The third input of the
 * first two only says the shape of the result. */
#include "ops.h"
#include <string.h>

const char *infer_conv_grad(Graph *g, Node *n)
{
    if (n->op == OP_BIAS_GRAD)
        return op_set(g, n, 0, shape_weights(1, n->in[0]->shape.dim));
    return op_set(g, n, 0, n->in[2]->shape);
}

typedef struct Geometry {
    int ci, co, h, w, oh, ow, kh, kw;
} Geometry;

static Geometry geometry(const Shape *x, const Shape *w, const Shape *y)
{
    return (Geometry){ x->dim[0], y->dim[0], x->dim[1], x->dim[2], y->dim[1], y->dim[2], w->dim[2], w->dim[3] };
}

/* Calls the body for every product of the forward sum: y[yi] += w[wi] * x[xi] of one image. */
#define EACH_PRODUCT(n, q, body)                                                                       \
    for (int co = 0; co < q.co; co++)                                                                  \
        for (int ci = 0; ci < q.ci; ci++)                                                              \
            for (int ky = 0; ky < q.kh; ky++)                                                          \
                for (int kx = 0; kx < q.kw; kx++)                                                      \
                    for (int oy = 0; oy < q.oh; oy++)                                                  \
                        for (int ox = 0; ox < q.ow; ox++) {                                            \
                            int iy = oy * n->window.sh + ky - n->window.top;                           \
                            int ix = ox * n->window.sw + kx - n->window.left;                          \
                            if (iy < 0 || iy >= q.h || ix < 0 || ix >= q.w)                            \
                                continue;                                                              \
                            int64_t xi = ((int64_t)ci * q.h + iy) * q.w + ix;                          \
                            int64_t yi = ((int64_t)co * q.oh + oy) * q.ow + ox;                        \
                            int64_t wi = (((int64_t)co * q.ci + ci) * q.kh + ky) * q.kw + kx;          \
                            body;                                                                      \
                        }

static void data_grad(Interp *it, const Node *n)
{
    const double *dy = op_in(it, n, 0), *w = op_in(it, n, 1);
    Geometry q = geometry(&n->out[0]->shape, &n->in[1]->shape, &n->in[0]->shape);
    double *dx = op_out(it, n, 0);
    int64_t x_elems = shape_elems(&n->out[0]->shape), y_elems = shape_elems(&n->in[0]->shape);
    memset(dx, 0, (size_t)(it->n * x_elems) * sizeof *dx);
    for (int i = 0; i < it->n; i++, dx += x_elems, dy += y_elems)
        EACH_PRODUCT(n, q, dx[xi] += w[wi] * dy[yi])
}

static void weight_grad(Interp *it, const Node *n)
{
    const double *x = op_in(it, n, 0), *dy = op_in(it, n, 1);
    Geometry q = geometry(&n->in[0]->shape, &n->out[0]->shape, &n->in[1]->shape);
    double *dw = op_out(it, n, 0);
    int64_t x_elems = shape_elems(&n->in[0]->shape), y_elems = shape_elems(&n->in[1]->shape);
    memset(dw, 0, (size_t)shape_elems(&n->out[0]->shape) * sizeof *dw);
    for (int i = 0; i < it->n; i++, x += x_elems, dy += y_elems)
        EACH_PRODUCT(n, q, dw[wi] += x[xi] * dy[yi])
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

void eval_conv_grad(Interp *it, const Node *n)
{
    if (n->op == OP_CONV_DATA_GRAD)
        data_grad(it, n);
    else if (n->op == OP_CONV_WEIGHT_GRAD)
        weight_grad(it, n);
    else
        bias_grad(it, n);
}

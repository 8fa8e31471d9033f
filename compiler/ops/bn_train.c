/* Batch norm in training: statistics of the batch, their use, and the gradients (Ioffe and Szegedy 2015,
 * section 3):  xh = (x - mean) / sqrt(var + eps),  dbeta = sum dy,  dgamma = sum dy xh,
 *              dx = gamma / sqrt(var + eps) * (dy - dbeta / m - xh dgamma / m). */
#include "ops.h"
#include <math.h>

const char *infer_bn_train(Graph *g, Node *n)
{
    Shape channel = shape_weights(1, n->in[0]->shape.dim);
    const char *wrong = NULL;
    for (int k = 0; k < n->n_out && !wrong; k++)
        wrong = op_set(g, n, k, n->op != OP_BN_STATS && k == 0 ? n->in[0]->shape : channel);
    return wrong;
}

#define EACH_PIXEL(it, s, c) \
    for (int i_ = 0; i_ < (it)->n; i_++) \
        for (int64_t p_ = 0, at = ((int64_t)i_ * (s)->dim[0] + (c)) * (s)->dim[1] * (s)->dim[2]; \
             p_ < (int64_t)(s)->dim[1] * (s)->dim[2]; p_++, at++)

static void stats(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0);
    double *mean = op_out(it, n, 0), *var = op_out(it, n, 1), m = (double)it->n * s->dim[1] * s->dim[2];
    for (int c = 0; c < s->dim[0]; c++) {
        mean[c] = var[c] = 0;
        EACH_PIXEL(it, s, c) mean[c] += x[at] / m;
        EACH_PIXEL(it, s, c) var[c] += (x[at] - mean[c]) * (x[at] - mean[c]) / m;
    }
}

static void apply(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0), *mean = op_in(it, n, 1), *var = op_in(it, n, 2);
    const double *gamma = op_in(it, n, 3), *beta = op_in(it, n, 4);
    double *y = op_out(it, n, 0);
    for (int c = 0; c < s->dim[0]; c++)
        EACH_PIXEL(it, s, c) y[at] = gamma[c] * (x[at] - mean[c]) / sqrt(var[c] + n->eps) + beta[c];
}

static void gradient(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0), *mean = op_in(it, n, 1), *var = op_in(it, n, 2);
    const double *gamma = op_in(it, n, 3), *dy = op_in(it, n, 4);
    double *dx = op_out(it, n, 0), *dgamma = op_out(it, n, 1), *dbeta = op_out(it, n, 2);
    double m = (double)it->n * s->dim[1] * s->dim[2];
    for (int c = 0; c < s->dim[0]; c++) {
        double inv = 1 / sqrt(var[c] + n->eps);
        dgamma[c] = dbeta[c] = 0;
        EACH_PIXEL(it, s, c) dbeta[c] += dy[at];
        EACH_PIXEL(it, s, c) dgamma[c] += dy[at] * (x[at] - mean[c]) * inv;
        EACH_PIXEL(it, s, c)
            dx[at] = gamma[c] * inv * (dy[at] - dbeta[c] / m - (x[at] - mean[c]) * inv * dgamma[c] / m);
    }
}

void eval_bn_train(Interp *it, const Node *n)
{
    if (n->op == OP_BN_STATS)
        stats(it, n);
    else if (n->op == OP_BN_APPLY)
        apply(it, n);
    else
        gradient(it, n);
}

/* batchnorm: y = gamma * (x - mean) / sqrt(var + eps) + beta, per channel; without gamma it is 1.
 * Inputs x, [gamma], beta, mean, var.  In training the statistics are the batch's (Ioffe and Szegedy 2015,
 * section 3); when calibrating they are the batch's too, rounded to float and kept. */
#include "ops.h"
#include <math.h>

const char *infer_batchnorm(Graph *g, Node *n)
{
    for (int i = 1; i < n->n_in; i++)
        if (n->in[i]->shape.dim[0] != n->in[0]->shape.dim[0])
            return op_wrong(g, "'%s' has %d channels, the input has %d", n->in[i]->name, n->in[i]->shape.dim[0], n->in[0]->shape.dim[0]);
    return op_set(g, n, 0, n->in[0]->shape);
}

/* Mean and biased variance of one channel over the batch. */
static void moments(Interp *it, const double *x, const Shape *s, int c, double *mean, double *var)
{
    int64_t pixels = (int64_t)s->dim[1] * s->dim[2];
    double sum = 0, squares = 0, count = (double)(it->n * pixels);
    for (int i = 0; i < it->n; i++)
        for (int64_t p = 0; p < pixels; p++)
            sum += x[((int64_t)i * s->dim[0] + c) * pixels + p];
    *mean = sum / count;
    for (int i = 0; i < it->n; i++)
        for (int64_t p = 0; p < pixels; p++) {
            double d = x[((int64_t)i * s->dim[0] + c) * pixels + p] - *mean;
            squares += d * d;
        }
    *var = squares / count;
}

/* Fewer than 8 values say nothing of a channel: then mean 0 and the mean square of all channels stand in. */
static void calibrate(Interp *it, const Node *n, const double *x)
{
    const Shape *s = &n->in[0]->shape;
    double *mean = op_in(it, n, n->n_in - 2), *var = op_in(it, n, n->n_in - 1);
    int64_t pixels = (int64_t)s->dim[1] * s->dim[2], all = it->n * pixels * s->dim[0];
    double square = 0;
    for (int64_t i = 0; i < all; i++)
        square += x[i] * x[i] / (double)all;
    for (int c = 0; c < s->dim[0]; c++) {
        double m = 0, v = square;
        if (it->n * pixels >= 8)
            moments(it, x, s, c, &m, &v);
        mean[c] = (float)m;
        var[c] = (float)v;
    }
}

void eval_batchnorm(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    int64_t pixels = (int64_t)s->dim[1] * s->dim[2];
    const double *x = op_in(it, n, 0);
    if (it->calibrate)
        calibrate(it, n, x);
    const double *gamma = n->n_in == 5 ? op_in(it, n, 1) : NULL, *beta = op_in(it, n, n->n_in - 3);
    const double *mean = op_in(it, n, n->n_in - 2), *var = op_in(it, n, n->n_in - 1);
    double *y = op_out(it, n, 0);
    for (int c = 0; c < s->dim[0]; c++) {
        double m = mean[c], v = var[c];
        if (it->training)
            moments(it, x, s, c, &m, &v);
        double scale = (gamma ? gamma[c] : 1) / sqrt(v + n->eps), shift = beta[c] - m * scale;
        for (int i = 0; i < it->n; i++)
            for (int64_t p = 0, at = ((int64_t)i * s->dim[0] + c) * pixels; p < pixels; p++, at++)
                y[at] = x[at] * scale + shift;
    }
}

/* By running statistics, which are constants: dx = dy * gamma / sqrt(var + eps), the same operator without a shift. */
bool grad_batchnorm(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    bool gamma = n->n_in == 5;
    Tensor *none[2];
    for (int i = 0; i < 2; i++) {
        Node *zeros = op_grad_node(g, OP_ZEROS, n, "zeros", NULL, 0, 1);
        zeros->slice_begin = n->in[0]->shape.dim[0];
        none[i] = op_infer_sure(g, zeros);
    }
    Tensor *in[] = { dy, n->in[1], none[0], none[1], n->in[n->n_in - 1] };
    if (!gamma)
        in[1] = none[0], in[2] = none[1], in[3] = n->in[n->n_in - 1];
    Node *scaled = op_grad_node(g, OP_BATCHNORM, n, "grad", in, n->n_in, 1);
    scaled->eps = n->eps;
    dx[0] = op_infer_sure(g, scaled);
    return true;
}

/* Batch norm in training (Ioffe and Szegedy 2015, section 3), in steps that need either one image or all of them:
 *
 *   parts        each image's mean and sum of squared differences from it
 *   stats        mean, inv = 1 / sqrt(var + eps) of the batch; running = (1 - momentum) running + momentum * (mean, unbiased var)
 *   apply        xh = (x - mean) inv,  y = gamma xh + beta, then a ReLU if the epilogue says so
 *   grad_parts   each image's sum g, sum g xh,  g = dy where y passed the ReLU
 *   grad_stats   dbeta = sum g, dgamma = sum g xh; both divided by m, the number of pixels
 *   grad         dx = gamma inv (g - dbeta / m - xh dgamma / m) */
#include "ops.h"
#include <math.h>

const char *infer_bn_train(Graph *g, Node *n)
{
    const Shape *x = &n->in[n->op == OP_BN_STATS || n->op == OP_BN_GRAD_STATS ? 2 : 0]->shape;
    bool image = n->op == OP_BN_PARTS || n->op == OP_BN_GRAD_PARTS, whole = n->op == OP_BN_APPLY || n->op == OP_BN_GRAD;
    const char *wrong = NULL;
    for (int k = 0; k < n->n_out && !wrong; k++)
        wrong = op_set(g, n, k, whole ? *x : image ? shape_chw(x->dim[0], 1, 1) : shape_weights(1, x->dim));
    return wrong;
}

/* Pixel `at` of channel c of image i, for every image and pixel. */
#define EACH_PIXEL(it, s, c) \
    for (int i_ = 0; i_ < (it)->n; i_++) EACH_OF_IMAGE(s, i_, c)
#define EACH_OF_IMAGE(s, i, c) \
    for (int64_t p_ = 0, at = ((int64_t)(i) * (s)->dim[0] + (c)) * (s)->dim[1] * (s)->dim[2]; \
         p_ < (int64_t)(s)->dim[1] * (s)->dim[2]; p_++, at++)

static double pixels(const Interp *it, const Node *n, int k)
{
    return (double)it->n * n->in[k]->shape.dim[1] * n->in[k]->shape.dim[2];
}

static void parts(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0);
    double *mean = op_out(it, n, 0), *m2 = op_out(it, n, 1), m = (double)s->dim[1] * s->dim[2];
    for (int i = 0; i < it->n; i++)
        for (int c = 0; c < s->dim[0]; c++, mean++, m2++) {
            *mean = *m2 = 0;
            EACH_OF_IMAGE(s, i, c) *mean += x[at] / m;
            EACH_OF_IMAGE(s, i, c) *m2 += (x[at] - *mean) * (x[at] - *mean);
        }
}

static void stats(Interp *it, const Node *n)
{
    int channels = n->in[2]->shape.dim[0];
    const double *pm = op_in(it, n, 0), *p2 = op_in(it, n, 1), *rm = op_in(it, n, 3), *rv = op_in(it, n, 4);
    double m = pixels(it, n, 2), k = n->momentum;
    for (int c = 0; c < channels; c++) {
        double mean = 0, m2 = 0;
        for (int i = 0; i < it->n; i++)
            mean += pm[i * channels + c] / it->n;
        for (int i = 0; i < it->n; i++)
            m2 += p2[i * channels + c] + m / it->n * (pm[i * channels + c] - mean) * (pm[i * channels + c] - mean);
        op_out(it, n, 0)[c] = mean;
        op_out(it, n, 1)[c] = 1 / sqrt(m2 / m + n->eps);
        op_out(it, n, 2)[c] = (1 - k) * rm[c] + k * mean;
        op_out(it, n, 3)[c] = (1 - k) * rv[c] + k * m2 / fmax(m - 1, 1);
    }
}

static double gamma_of(Interp *it, const Node *n, int plain, int c) { return n->n_in > plain ? op_in(it, n, plain)[c] : 1; }

static void apply(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0), *mean = op_in(it, n, 1), *inv = op_in(it, n, 2), *beta = op_in(it, n, 3);
    double *y = op_out(it, n, 0);
    for (int c = 0; c < s->dim[0]; c++)
        EACH_PIXEL(it, s, c) {
            double v = gamma_of(it, n, 4, c) * ((x[at] - mean[c]) * inv[c]) + beta[c];
            y[at] = n->epilogue.relu ? op_relu(it, v) : v;
        }
}

/* dy where the output passed the ReLU. */
static double passed(Interp *it, const Node *n, int64_t at, int c, double xh, const double *dy, int beta)
{
    bool cut = n->epilogue.relu && gamma_of(it, n, beta + 1, c) * xh + op_in(it, n, beta)[c] <= 0;
    return cut ? 0 : dy[at];
}

static void grad_parts(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0), *mean = op_in(it, n, 1), *inv = op_in(it, n, 2), *dy = op_in(it, n, 3);
    double *sum = op_out(it, n, 0), *dot = op_out(it, n, 1);
    for (int i = 0; i < it->n; i++)
        for (int c = 0; c < s->dim[0]; c++, sum++, dot++) {
            *sum = *dot = 0;
            EACH_OF_IMAGE(s, i, c) {
                double xh = (x[at] - mean[c]) * inv[c], g = passed(it, n, at, c, xh, dy, 4);
                *sum += g;
                *dot += g * xh;
            }
        }
}

static void grad_stats(Interp *it, const Node *n)
{
    int channels = n->in[2]->shape.dim[0];
    double m = pixels(it, n, 2);
    for (int k = 0; k < 2; k++)
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int i = 0; i < it->n; i++)
                sum += op_in(it, n, k)[i * channels + c];
            op_out(it, n, k)[c] = sum / m;
            if (n->n_out > 2 + k)
                op_out(it, n, 2 + k)[c] = sum;
        }
}

static void gradient(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    const double *x = op_in(it, n, 0), *mean = op_in(it, n, 1), *inv = op_in(it, n, 2), *dy = op_in(it, n, 3);
    const double *sum = op_in(it, n, 4), *dot = op_in(it, n, 5);
    double *dx = op_out(it, n, 0);
    for (int c = 0; c < s->dim[0]; c++)
        EACH_PIXEL(it, s, c) {
            double xh = (x[at] - mean[c]) * inv[c], g = passed(it, n, at, c, xh, dy, 6);
            dx[at] = gamma_of(it, n, 7, c) * inv[c] * (g - sum[c] - xh * dot[c]);
        }
}

void eval_bn_train(Interp *it, const Node *n)
{
    switch ((int)n->op) {
    case OP_BN_PARTS: parts(it, n); break;
    case OP_BN_STATS: stats(it, n); break;
    case OP_BN_APPLY: apply(it, n); break;
    case OP_BN_GRAD_PARTS: grad_parts(it, n); break;
    case OP_BN_GRAD_STATS: grad_stats(it, n); break;
    default: gradient(it, n); break;
    }
}

/* The statistics depend on x: their part in dx is in here, so they get no gradient of their own. */
bool grad_bn_apply(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    bool gamma = n->n_in > 4;
    Tensor *in[] = { n->in[0], n->in[1], n->in[2], dy, n->in[3], gamma ? n->in[4] : NULL };
    Node *parts = op_grad_node(g, OP_BN_GRAD_PARTS, n, "grad_parts", in, gamma ? 6 : 5, 2);
    op_infer_sure(g, parts);
    Tensor *both[] = { parts->out[0], parts->out[1], n->in[0] };
    Node *stats = op_grad_node(g, OP_BN_GRAD_STATS, n, "grad_stats", both, 3, gamma ? 4 : 3);
    op_infer_sure(g, stats);
    Tensor *all[] = { n->in[0], n->in[1], n->in[2], dy, stats->out[0], stats->out[1], n->in[3], gamma ? n->in[4] : NULL };
    Node *grad = op_grad_node(g, OP_BN_GRAD, n, "grad", all, gamma ? 8 : 7, 1);
    parts->epilogue.relu = grad->epilogue.relu = n->epilogue.relu;
    dx[0] = op_infer_sure(g, grad);
    dx[3] = stats->out[2];
    if (gamma)
        dx[4] = stats->out[3];
    return true;
}

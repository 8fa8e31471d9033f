/* lrn: y[c] = x[c] / (k + alpha / n * sum of x[j]^2 for |j - c| <= n / 2)^beta; missing channels are 0
 * (Krizhevsky et al. 2012, section 3.3; alpha divided by n as Caffe and torch do).
 * lrn_grad(x, dy), with d[c] the bracket:  dx[c] = dy[c] / d[c]^beta - 2 alpha beta / n * x[c] * sum of dy[j] x[j] / d[j]^(beta + 1). */
#include "ops.h"
#include <math.h>

const char *infer_lrn(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

/* The bracket at element `at` of channel c. */
static double bracket(const Node *n, const double *x, int64_t at, int c, int channels, int64_t pixels)
{
    int half = n->lrn_size / 2;
    double sum = 0;
    for (int j = -half; j <= half; j++)
        if (c + j >= 0 && c + j < channels)
            sum += x[at + j * pixels] * x[at + j * pixels];
    return n->lrn_k + n->lrn_alpha / n->lrn_size * sum;
}

static double gradient(const Node *n, const double *x, const double *dy, int64_t at, int c, int channels, int64_t pixels)
{
    int half = n->lrn_size / 2;
    double sum = 0;
    for (int j = -half; j <= half; j++) {
        int64_t k = at + j * pixels;
        if (c + j >= 0 && c + j < channels)
            sum += dy[k] * x[k] * pow(bracket(n, x, k, c + j, channels, pixels), -n->lrn_beta - 1);
    }
    return dy[at] * pow(bracket(n, x, at, c, channels, pixels), -n->lrn_beta) - 2 * n->lrn_alpha * n->lrn_beta / n->lrn_size * x[at] * sum;
}

void eval_lrn(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0), *dy = n->op == OP_LRN_GRAD ? op_in(it, n, 1) : NULL;
    double *y = op_out(it, n, 0);
    for (int64_t at = 0; at < it->n * d[0] * pixels; at++) {
        int c = (int)(at / pixels % d[0]);
        y[at] = dy ? gradient(n, x, dy, at, c, d[0], pixels) : x[at] / pow(bracket(n, x, at, c, d[0], pixels), n->lrn_beta);
    }
}

bool grad_lrn(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->in[0], dy };
    Node *r = op_grad_node(g, OP_LRN_GRAD, n, "grad", in, 2, 1);
    r->lrn_size = n->lrn_size;
    r->lrn_alpha = n->lrn_alpha;
    r->lrn_beta = n->lrn_beta;
    r->lrn_k = n->lrn_k;
    dx[0] = op_infer_sure(g, r);
    return true;
}

/* lrn: y[c] = x[c] / (k + alpha / n * sum of x[j]^2 for |j - c| <= n / 2)^beta; missing channels are 0
 * (Krizhevsky et al. 2012, section 3.3; alpha divided by n as Caffe and torch do). */
#include "ops.h"
#include <math.h>

const char *infer_lrn(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_lrn(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t at = 0; at < it->n * d[0] * pixels; at++) {
        int c = (int)(at / pixels % d[0]), half = n->lrn_size / 2;
        double sum = 0;
        for (int j = -half; j <= half; j++)
            if (c + j >= 0 && c + j < d[0])
                sum += x[at + j * pixels] * x[at + j * pixels];
        y[at] = x[at] / pow(n->lrn_k + n->lrn_alpha / n->lrn_size * sum, n->lrn_beta);
    }
}

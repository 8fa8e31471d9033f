/* l2norm: y = x / max(sqrt(sum over channels of x^2), eps), per pixel (torch's F.normalize). */
#include "ops.h"
#include <math.h>

const char *infer_l2norm(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_l2norm(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < it->n * pixels; i++) {
        int64_t base = i / pixels * d[0] * pixels + i % pixels;
        double sum = 0;
        for (int c = 0; c < d[0]; c++)
            sum += x[base + c * pixels] * x[base + c * pixels];
        double norm = sqrt(sum) > n->eps ? sqrt(sum) : n->eps;
        for (int c = 0; c < d[0]; c++)
            y[base + c * pixels] = x[base + c * pixels] / norm;
    }
}

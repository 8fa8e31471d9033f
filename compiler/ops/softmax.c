/* softmax: y[c] = exp(x[c] - max) / sum of exp(x[j] - max) over channels, per pixel. */
#include "ops.h"
#include <math.h>

const char *infer_softmax(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_softmax(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < it->n * pixels; i++) {
        int64_t base = i / pixels * d[0] * pixels + i % pixels;
        double most = x[base], sum = 0;
        for (int c = 1; c < d[0]; c++)
            most = fmax(most, x[base + c * pixels]);
        for (int c = 0; c < d[0]; c++)
            sum += y[base + c * pixels] = exp(x[base + c * pixels] - most);
        for (int c = 0; c < d[0]; c++)
            y[base + c * pixels] /= sum;
    }
}

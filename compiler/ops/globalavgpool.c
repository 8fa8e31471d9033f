/* globalavgpool: the average of each channel, C x 1 x 1. */
#include "ops.h"

const char *infer_globalavgpool(Graph *g, Node *n) { return op_set(g, n, 0, shape_chw(n->in[0]->shape.dim[0], 1, 1)); }

void eval_globalavgpool(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t c = 0; c < (int64_t)it->n * d[0]; c++) {
        double sum = 0;
        for (int64_t p = 0; p < pixels; p++)
            sum += x[c * pixels + p];
        y[c] = sum / (double)pixels;
    }
}

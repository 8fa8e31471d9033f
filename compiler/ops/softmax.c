/* softmax: y[c] = exp(x[c] - max) / sum of exp(x[j] - max) over channels, per pixel.
 * Its gradient: dx[c] = y[c] (dy[c] - sum over channels of y[j] dy[j]). */
#include "ops.h"
#include <math.h>

const char *infer_softmax(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

/* Of y and dy. */
static void gradient(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *y = op_in(it, n, 0), *dy = op_in(it, n, 1);
    double *dx = op_out(it, n, 0);
    for (int64_t i = 0; i < it->n * pixels; i++) {
        int64_t base = i / pixels * d[0] * pixels + i % pixels;
        double sum = 0;
        for (int c = 0; c < d[0]; c++)
            sum += y[base + c * pixels] * dy[base + c * pixels];
        for (int64_t at = base, c = 0; c < d[0]; c++, at += pixels)
            dx[at] = y[at] * (dy[at] - sum);
    }
}

void eval_softmax(Interp *it, const Node *n)
{
    if (n->op == OP_SOFTMAX_GRAD) {
        gradient(it, n);
        return;
    }
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

bool grad_softmax(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->out[0], dy };
    dx[0] = op_infer_sure(g, op_grad_node(g, OP_SOFTMAX_GRAD, n, "grad", in, 2, 1));
    return true;
}

/* globalavgpool: the average of each channel, C x 1 x 1.  globalavgpool_grad(dy, x): dy / (H W) for every pixel. */
#include "ops.h"

const char *infer_globalavgpool(Graph *g, Node *n)
{
    return op_set(g, n, 0, n->op == OP_GLOBALAVGPOOL_GRAD ? n->in[1]->shape : shape_chw(n->in[0]->shape.dim[0], 1, 1));
}

static void gradient(Interp *it, const Node *n)
{
    const int *d = n->out[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *dy = op_in(it, n, 0);
    double *dx = op_out(it, n, 0);
    for (int64_t at = 0; at < it->n * d[0] * pixels; at++)
        dx[at] = dy[at / pixels] / (double)pixels;
}

void eval_globalavgpool(Interp *it, const Node *n)
{
    if (n->op == OP_GLOBALAVGPOOL_GRAD) {
        gradient(it, n);
        return;
    }
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

bool grad_globalavgpool(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { dy, n->in[0] };
    dx[0] = op_infer_sure(g, op_grad_node(g, OP_GLOBALAVGPOOL_GRAD, n, "grad", in, 2, 1));
    return true;
}

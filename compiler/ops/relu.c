/* relu: y = max(x, 0).  relu_grad: dx = dy where y > 0, else 0. */
#include "ops.h"

const char *infer_relu(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_relu(Interp *it, const Node *n)
{
    int64_t count = it->n * shape_elems(&n->in[0]->shape);
    const double *x = op_in(it, n, 0), *dy = n->op == OP_RELU_GRAD ? op_in(it, n, 1) : NULL;
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < count; i++)
        y[i] = !dy ? op_relu(it, x[i]) : x[i] > 0 ? dy[i] : 0;
}

bool grad_relu(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->out[0], dy };
    dx[0] = op_infer_sure(g, op_grad_node(g, OP_RELU_GRAD, n, "grad", in, 2, 1));
    return true;
}

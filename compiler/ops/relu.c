/* relu: y = max(x, 0).  relu_grad: dx = dy where y > 0, else 0. */
#include "ops.h"

const char *infer_relu(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_relu(Interp *it, const Node *n)
{
    int64_t count = it->n * shape_elems(&n->in[0]->shape);
    const double *x = op_in(it, n, 0), *dy = n->op == OP_RELU_GRAD ? op_in(it, n, 1) : NULL;
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? dy ? dy[i] : x[i] : 0;
}

bool grad_relu(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->out[0], dy };
    Node *r = graph_node(g, OP_RELU_GRAD, arena_printf(g->arena, "%s.grad", n->path), in, 2, 1, n->loc);
    CHECK(!graph_infer(g, r));
    dx[0] = r->out[0];
    return true;
}

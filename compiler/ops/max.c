/* max: the largest of the inputs.  Its gradient goes to the first that is the largest:
 * max(a, b) = a + relu(b - a), which autodiff knows. */
#include "ops.h"

const char *infer_max(Graph *g, Node *n)
{
    for (int k = 1; k < n->n_in; k++)
        if (!shape_equal(&n->in[k]->shape, &n->in[0]->shape))
            return op_wrong(g, "cannot max: '%s' is %s but '%s' is %s", n->in[0]->name, shape_text(g->arena, &n->in[0]->shape),
                            n->in[k]->name, shape_text(g->arena, &n->in[k]->shape));
    return op_set(g, n, 0, n->in[0]->shape);
}

void eval_max(Interp *it, const Node *n)
{
    int64_t count = it->n * shape_elems(&n->in[0]->shape);
    double *y = op_out(it, n, 0);
    for (int k = 0; k < n->n_in; k++) {
        const double *x = op_in(it, n, k);
        for (int64_t i = 0; i < count; i++)
            y[i] = k ? y[i] + op_relu(it, x[i] - y[i]) : x[i];
    }
}

/* The maximum of the inputs before k. */
static Tensor *maximum_before(Graph *g, Node *n, int k)
{
    return k == 1 ? n->in[0] : op_infer_sure(g, op_grad_node(g, OP_MAX, n, "before", n->in, k, 1));
}

/* dx[k] is what reaches input k through y_k = y_(k-1) + relu(x_k - y_(k-1)); the rest goes on to y_(k-1). */
bool grad_max(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    double *minus = ARENA_ARRAY(g->arena, 2, double);
    minus[0] = 1;
    minus[1] = -1;
    Tensor *rest = dy;
    for (int k = n->n_in - 1; k > 0; k--) {
        Tensor *pair[] = { n->in[k], maximum_before(g, n, k) };
        Node *difference = op_grad_node(g, OP_ADD, n, "difference", pair, 2, 1);
        difference->scale = minus;
        Tensor *passed[] = { op_infer_sure(g, difference), rest };
        dx[k] = op_infer_sure(g, op_grad_node(g, OP_RELU_GRAD, n, "grad", passed, 2, 1));
        Tensor *left[] = { rest, dx[k] };
        Node *before = op_grad_node(g, OP_ADD, n, "grad", left, 2, 1);
        before->scale = minus;
        rest = op_infer_sure(g, before);
    }
    dx[0] = rest;
    return true;
}

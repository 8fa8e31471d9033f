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

/* dx[k] is what reaches input k through y_k = y_(k-1) + relu(x_k - y_(k-1)). */
bool grad_max(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    if (n->n_in != 2)
        return false;
    double *minus = ARENA_ARRAY(g->arena, 2, double);
    minus[0] = 1;
    minus[1] = -1;
    Tensor *pair[] = { n->in[1], n->in[0] };
    Node *difference = op_grad_node(g, OP_ADD, n, "difference", pair, 2, 1);
    difference->scale = minus;
    Tensor *second[] = { op_infer_sure(g, difference), dy };
    dx[1] = op_infer_sure(g, op_grad_node(g, OP_RELU_GRAD, n, "grad", second, 2, 1));
    Tensor *rest[] = { dy, dx[1] };
    Node *first = op_grad_node(g, OP_ADD, n, "grad", rest, 2, 1);
    first->scale = minus;
    dx[0] = op_infer_sure(g, first);
    return true;
}

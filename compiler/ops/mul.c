/* mul: the product of the inputs. */
#include "ops.h"

const char *infer_mul(Graph *g, Node *n)
{
    for (int k = 1; k < n->n_in; k++)
        if (!shape_equal(&n->in[k]->shape, &n->in[0]->shape))
            return op_wrong(g, "cannot mul: '%s' is %s but '%s' is %s", n->in[0]->name, shape_text(g->arena, &n->in[0]->shape),
                            n->in[k]->name, shape_text(g->arena, &n->in[k]->shape));
    return op_set(g, n, 0, n->in[0]->shape);
}

void eval_mul(Interp *it, const Node *n)
{
    int64_t count = it->n * shape_elems(&n->in[0]->shape);
    double *y = op_out(it, n, 0);
    for (int k = 0; k < n->n_in; k++) {
        const double *x = op_in(it, n, k);
        for (int64_t i = 0; i < count; i++)
            y[i] = k ? y[i] * x[i] : x[i];
    }
}

/* dx[k] = dy times the other inputs. */
bool grad_mul(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    for (int k = 0; k < n->n_in; k++) {
        Tensor **in = ARENA_ARRAY(g->arena, n->n_in, Tensor *);
        for (int j = 0; j < n->n_in; j++)
            in[j] = j == k ? dy : n->in[j];
        dx[k] = op_infer_sure(g, op_grad_node(g, OP_MUL, n, "grad", in, n->n_in, 1));
    }
    return true;
}

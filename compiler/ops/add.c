/* add: y = sum of scale[k] * x[k]; without scales they are 1. */
#include "ops.h"

const char *infer_add(Graph *g, Node *n)
{
    for (int k = 1; k < n->n_in; k++)
        if (!shape_equal(&n->in[k]->shape, &n->in[0]->shape))
            return op_wrong(g, "cannot add: '%s' is %s but '%s' is %s", n->in[0]->name, shape_text(g->arena, &n->in[0]->shape),
                            n->in[k]->name, shape_text(g->arena, &n->in[k]->shape));
    return op_set(g, n, 0, n->in[0]->shape);
}

void eval_add(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    int64_t count = (s->batched ? it->n : 1) * shape_elems(s);
    double *y = op_out(it, n, 0);
    for (int k = 0; k < n->n_in; k++) {
        const double *x = op_in(it, n, k);
        for (int64_t i = 0; i < count; i++)
            y[i] = (n->scale ? n->scale[k] : 1) * x[i] + (k ? y[i] : 0);
    }
}

/* dx[k] = scale[k] * dy. */
bool grad_add(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    for (int k = 0; k < n->n_in; k++) {
        dx[k] = dy;
        if (!n->scale || n->scale[k] == 1)
            continue;
        Node *s = op_grad_node(g, OP_ADD, n, "grad", &dy, 1, 1);
        s->scale = arena_grow(g->arena, &n->scale[k], 1, 1, sizeof(double));
        dx[k] = op_infer_sure(g, s);
    }
    return true;
}

/* concat: along dimension 0: channels of activations, rows of weights. */
#include "ops.h"
#include <string.h>

const char *infer_concat(Graph *g, Node *n)
{
    Shape s = n->in[0]->shape;
    int64_t total = 0;
    for (int i = 0; i < n->n_in; i++) {
        Shape x = n->in[i]->shape;
        total += x.dim[0];
        x.dim[0] = s.dim[0];
        if (!shape_equal(&x, &s))
            return op_wrong(g, "cannot concat: '%s' is %s but '%s' is %s", n->in[0]->name, shape_text(g->arena, &n->in[0]->shape),
                            n->in[i]->name, shape_text(g->arena, &n->in[i]->shape));
    }
    if (total > INT32_MAX)
        return op_wrong(g, "its branches have %lld channels", (long long)total);
    s.dim[0] = (int)total;
    return op_set(g, n, 0, s);
}

void eval_concat(Interp *it, const Node *n)
{
    int images = n->out[0]->shape.batched ? it->n : 1;
    double *y = op_out(it, n, 0);
    for (int b = 0; b < images; b++)
        for (int i = 0; i < n->n_in; i++) {
            int64_t count = shape_elems(&n->in[i]->shape);
            memcpy(y, op_in(it, n, i) + b * count, (size_t)count * sizeof *y);
            y += count;
        }
}

/* dx[k] is the part of dy that input k became. */
bool grad_concat(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    for (int k = 0, begin = 0; k < n->n_in; begin += n->in[k++]->shape.dim[0]) {
        Node *s = op_grad_node(g, OP_SLICE, n, "grad", &dy, 1, 1);
        s->slice_begin = begin;
        s->out[0]->shape.dim[0] = n->in[k]->shape.dim[0];
        dx[k] = op_infer_sure(g, s);
    }
    return true;
}

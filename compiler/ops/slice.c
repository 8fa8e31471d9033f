/* slice: channels [slice_begin, slice_begin + C) where C is the output's own count, set by who makes it. */
#include "ops.h"
#include <string.h>

const char *infer_slice(Graph *g, Node *n)
{
    Shape s = n->in[0]->shape;
    s.dim[0] = n->out[0]->shape.dim[0];
    if (s.dim[0] < 1 || n->slice_begin < 0 || n->slice_begin + s.dim[0] > n->in[0]->shape.dim[0])
        return op_wrong(g, "channels %d to %d of %d", n->slice_begin, n->slice_begin + s.dim[0], n->in[0]->shape.dim[0]);
    return op_set(g, n, 0, s);
}

void eval_slice(Interp *it, const Node *n)
{
    int64_t from = shape_elems(&n->in[0]->shape), to = shape_elems(&n->out[0]->shape), pixels = to / n->out[0]->shape.dim[0];
    for (int i = 0; i < it->n; i++)
        memcpy(op_out(it, n, 0) + i * to, op_in(it, n, 0) + i * from + n->slice_begin * pixels, (size_t)to * sizeof(double));
}

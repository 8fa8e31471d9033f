/* dropout: y = x in inference; in training x / (1 - rate) for those that stay and 0 for the share `rate` that is dropped.
 * Who is dropped is drawn by rt_dropout_draw from (seed, epoch, picture, layer, element), so the gradient is dropout again. */
#include "ops.h"
#include "../../runtime/rt.h"
#include <string.h>

const char *infer_dropout(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_dropout(Interp *it, const Node *n)
{
    int64_t elems = shape_elems(&n->in[0]->shape);
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t at = 0; at < it->n * elems; at++)
        y[at] = x[at];
    for (int64_t at = 0; it->samples && at < it->n * elems; at++)
        y[at] *= rt_dropout_draw(it->seed, it->epoch, it->samples[at / elems], n->key, (uint32_t)(at % elems)) < n->rate ? 0 : 1 / (1 - n->rate);
}

bool grad_dropout(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Node *d = op_grad_node(g, OP_DROPOUT, n, "grad", &dy, 1, 1);
    d->rate = n->rate;
    d->key = n->key;
    dx[0] = op_infer_sure(g, d);
    return true;
}

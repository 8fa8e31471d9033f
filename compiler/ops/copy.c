/* copy: y = x, in another place. */
#include "ops.h"
#include <string.h>

const char *infer_copy(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_copy(Interp *it, const Node *n)
{
    memcpy(op_out(it, n, 0), op_in(it, n, 0), (size_t)(it->n * shape_elems(&n->in[0]->shape)) * sizeof(double));
}

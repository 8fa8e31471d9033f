/* normalize: y[c] = (x[c] - mean[c]) / std[c].  Its gradient, dx[c] = dy[c] / std[c], is a normalize about 0. */
#include "ops.h"

const char *infer_normalize(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

void eval_normalize(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < it->n * d[0] * pixels; i++)
        y[i] = (x[i] - n->mean[i / pixels % d[0]]) / n->std[i / pixels % d[0]];
}

bool grad_normalize(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Node *r = op_grad_node(g, OP_NORMALIZE, n, "grad", &dy, 1, 1);
    r->mean = ARENA_ARRAY(g->arena, n->in[0]->shape.dim[0], double);
    r->std = n->std;
    dx[0] = op_infer_sure(g, r);
    return true;
}

/* Load phase: a batch norm as scale and shift.
 *   bn_scale([gamma], var) = gamma / sqrt(var + eps)
 *   bn_shift(s, beta, mean, [bias]) = beta + (bias - mean) * s   (bias: that of the convolution before it) */
#include "ops.h"
#include <math.h>

const char *infer_bn_weights(Graph *g, Node *n) { return op_set(g, n, 0, n->in[n->n_in - 1]->shape); }

void eval_bn_weights(Interp *it, const Node *n)
{
    double *y = op_out(it, n, 0);
    for (int c = 0; c < n->out[0]->shape.dim[0]; c++) {
        if (n->op == OP_BN_SCALE)
            y[c] = (n->n_in > 1 ? op_in(it, n, 0)[c] : 1) / sqrt(op_in(it, n, n->n_in - 1)[c] + n->eps);
        else
            y[c] = op_in(it, n, 1)[c] + ((n->n_in > 3 ? op_in(it, n, 3)[c] : 0) - op_in(it, n, 2)[c]) * op_in(it, n, 0)[c];
    }
}

/* Load phase, on weights w[o][i][...]:
 *   scale_rows(w, s)       = w[o][i] * s[o]
 *   norm_weight(w)         = w[o][i] / std[i]
 *   norm_bias(w, [bias])   = bias[o] - sum over i and taps of w[o][i] * mean[i] / std[i] */
#include "ops.h"

const char *infer_scale_weights(Graph *g, Node *n)
{
    const Shape *w = &n->in[0]->shape;
    return op_set(g, n, 0, n->op == OP_NORM_BIAS ? shape_weights(1, w->dim) : *w);
}

void eval_scale_weights(Interp *it, const Node *n)
{
    const Shape *s = &n->in[0]->shape;
    int64_t row = shape_elems(s) / s->dim[0], taps = row / s->dim[1];
    const double *w = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int o = 0; o < s->dim[0]; o++) {
        if (n->op == OP_NORM_BIAS)
            y[o] = n->n_in > 1 ? op_in(it, n, 1)[o] : 0;
        for (int64_t k = 0; k < row; k++) {
            int64_t i = k / taps;
            if (n->op == OP_SCALE_ROWS)
                y[o * row + k] = w[o * row + k] * op_in(it, n, 1)[o];
            else if (n->op == OP_NORM_WEIGHT)
                y[o * row + k] = w[o * row + k] / n->std[i];
            else
                y[o] -= w[o * row + k] * n->mean[i] / n->std[i];
        }
    }
}

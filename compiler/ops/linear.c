/* linear: y[co] = sum over c, h, w (in this order) of w[co][c*H*W + h*W + w] * x[c][h][w], then the epilogue. */
#include "ops.h"

const char *infer_linear(Graph *g, Node *n)
{
    const Shape *w = &n->in[1]->shape;
    int64_t elems = shape_elems(&n->in[0]->shape);
    if (elems != w->dim[1])
        return op_wrong(g, "its weights want %d inputs, its input has %lld", w->dim[1], (long long)elems);
    return op_set(g, n, 0, shape_chw(w->dim[0], 1, 1));
}

void eval_linear(Interp *it, const Node *n)
{
    int co = n->in[1]->shape.dim[0], ci = n->in[1]->shape.dim[1];
    const double *x = op_in(it, n, 0), *w = op_in(it, n, 1);
    double *y = op_out(it, n, 0);
    for (int i = 0; i < it->n; i++)
        for (int o = 0; o < co; o++) {
            double sum = 0;
            for (int k = 0; k < ci; k++)
                sum += w[(int64_t)o * ci + k] * x[(int64_t)i * ci + k];
            y[(int64_t)i * co + o] = sum;
        }
    op_epilogue(it, n, 0, 0, 2);
}

bool grad_linear(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    const int *x = n->in[0]->shape.dim;
    if (n->epilogue.residual || n->epilogue.relu)
        return false;
    conv_gradients(g, n, (Window){ x[1], x[2], 1, 1, 0, 0, 0, 0 }, dy, dx);
    return true;
}

/* l2norm: y = x / max(|x|, eps), |x| = sqrt(sum over channels of x^2), per pixel (torch's F.normalize).
 * Its gradient: dx = (dy - x (x . dy) / |x|^2) / |x|, and dy / eps where |x| does not exceed eps. */
#include "ops.h"
#include <math.h>

const char *infer_l2norm(Graph *g, Node *n) { return op_set(g, n, 0, n->in[0]->shape); }

/* a . b over the channels of the pixel at `base`. */
static double dot(const double *a, const double *b, int64_t base, int channels, int64_t pixels)
{
    double sum = 0;
    for (int c = 0; c < channels; c++)
        sum += a[base + c * pixels] * b[base + c * pixels];
    return sum;
}

void eval_l2norm(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2];
    const double *x = op_in(it, n, 0), *dy = n->op == OP_L2NORM_GRAD ? op_in(it, n, 1) : NULL;
    double *y = op_out(it, n, 0);
    for (int64_t i = 0; i < it->n * pixels; i++) {
        int64_t base = i / pixels * d[0] * pixels + i % pixels;
        double norm = sqrt(dot(x, x, base, d[0], pixels)), by = norm > n->eps ? norm : n->eps;
        double along = dy && norm > n->eps ? dot(x, dy, base, d[0], pixels) / (by * by) : 0;
        for (int64_t at = base, c = 0; c < d[0]; c++, at += pixels)
            y[at] = (dy ? dy[at] - x[at] * along : x[at]) / by;
    }
}

bool grad_l2norm(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->in[0], dy };
    Node *r = op_grad_node(g, OP_L2NORM_GRAD, n, "grad", in, 2, 1);
    r->eps = n->eps;
    dx[0] = op_infer_sure(g, r);
    return true;
}

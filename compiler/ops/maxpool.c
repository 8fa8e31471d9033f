/* maxpool: y = maximum of the window clipped to the image.  maxpool_grad(x, dy): the first maximum takes all. */
#include "ops.h"
#include <math.h>
#include <string.h>

const char *infer_maxpool(Graph *g, Node *n)
{
    if (n->op == OP_MAXPOOL_GRAD)
        return op_set(g, n, 0, n->in[0]->shape);
    Shape s;
    const char *wrong = op_window_shape(g, n, n->in[0]->shape.dim[0], &s);
    return wrong ? wrong : op_set(g, n, 0, s);
}

int64_t op_first_maximum(Interp *it, const Window *w, const double *x, int h, int width, int oy, int ox)
{
    int64_t best = -1;
    for (int ky = 0; ky < w->kh; ky++)
        for (int kx = 0; kx < w->kw; kx++) {
            int iy = oy * w->sh + ky - w->top, ix = ox * w->sw + kx - w->left;
            if (iy < 0 || iy >= h || ix < 0 || ix >= width)
                continue;
            int64_t at = (int64_t)iy * width + ix;
            if (best >= 0 && x[at] != x[best]) /* equal ones are equal in any arithmetic */
                it->margin = fmin(it->margin, fabs(x[at] - x[best]));
            if (best < 0 || x[at] > x[best])
                best = at;
        }
    return best;
}

void eval_maxpool(Interp *it, const Node *n)
{
    bool grad = n->op == OP_MAXPOOL_GRAD;
    const Shape *xs = &n->in[0]->shape, *ys = grad ? &n->in[1]->shape : &n->out[0]->shape;
    int64_t xp = (int64_t)xs->dim[1] * xs->dim[2], planes = (int64_t)it->n * xs->dim[0];
    const double *x = op_in(it, n, 0), *dy = grad ? op_in(it, n, 1) : NULL;
    double *out = op_out(it, n, 0);
    if (grad)
        memset(out, 0, (size_t)(planes * xp) * sizeof *out);
    for (int64_t c = 0, at = 0; c < planes; c++)
        for (int oy = 0; oy < ys->dim[1]; oy++)
            for (int ox = 0; ox < ys->dim[2]; ox++, at++) {
                int64_t best = op_first_maximum(it, &n->window, x + c * xp, xs->dim[1], xs->dim[2], oy, ox);
                if (grad)
                    out[c * xp + best] += dy[at];
                else
                    out[at] = x[c * xp + best];
            }
}

bool grad_maxpool(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { n->in[0], dy };
    Node *r = op_grad_node(g, OP_MAXPOOL_GRAD, n, "grad", in, 2, 1);
    r->window = n->window;
    r->ceil = n->ceil;
    dx[0] = op_infer_sure(g, r);
    return true;
}

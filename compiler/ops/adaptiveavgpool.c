/* adaptiveavgpool: window.kh x window.kw outputs; output o averages rows [floor(o*H/n), ceil((o+1)*H/n)),
 * columns likewise (torch's adaptive_avg_pool2d).  adaptiveavgpool_grad(dy, x): dy / their number for each of them. */
#include "ops.h"
#include <string.h>

const char *infer_adaptiveavgpool(Graph *g, Node *n)
{
    if (n->op == OP_ADAPTIVEAVGPOOL_GRAD)
        return op_set(g, n, 0, n->in[1]->shape);
    return op_set(g, n, 0, shape_chw(n->in[0]->shape.dim[0], n->window.kh, n->window.kw));
}

typedef struct Area {
    int y0, y1, x0, x1;
} Area;

static Area area(const int *d, int oh, int ow, int o)
{
    return (Area){ o / ow * d[1] / oh, ((o / ow + 1) * d[1] + oh - 1) / oh, o % ow * d[2] / ow, ((o % ow + 1) * d[2] + ow - 1) / ow };
}

static int area_pixels(Area a) { return (a.y1 - a.y0) * (a.x1 - a.x0); }

static void gradient(Interp *it, const Node *n)
{
    const int *d = n->out[0]->shape.dim, oh = n->in[0]->shape.dim[1], ow = n->in[0]->shape.dim[2];
    const double *dy = op_in(it, n, 0);
    double *dx = op_out(it, n, 0);
    memset(dx, 0, (size_t)(it->n * shape_elems(&n->out[0]->shape)) * sizeof *dx);
    for (int64_t c = 0; c < (int64_t)it->n * d[0]; c++, dx += (int64_t)d[1] * d[2])
        for (int o = 0; o < oh * ow; o++, dy++) {
            Area a = area(d, oh, ow, o);
            for (int iy = a.y0; iy < a.y1; iy++)
                for (int ix = a.x0; ix < a.x1; ix++)
                    dx[(int64_t)iy * d[2] + ix] += *dy / area_pixels(a);
        }
}

void eval_adaptiveavgpool(Interp *it, const Node *n)
{
    if (n->op == OP_ADAPTIVEAVGPOOL_GRAD) {
        gradient(it, n);
        return;
    }
    const int *d = n->in[0]->shape.dim;
    int oh = n->out[0]->shape.dim[1], ow = n->out[0]->shape.dim[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t c = 0, at = 0; c < (int64_t)it->n * d[0]; c++, x += (int64_t)d[1] * d[2])
        for (int o = 0; o < oh * ow; o++) {
            Area a = area(d, oh, ow, o);
            double sum = 0;
            for (int iy = a.y0; iy < a.y1; iy++)
                for (int ix = a.x0; ix < a.x1; ix++)
                    sum += x[(int64_t)iy * d[2] + ix];
            y[at++] = sum / area_pixels(a);
        }
}

bool grad_adaptiveavgpool(Graph *g, Node *n, Tensor *dy, Tensor **dx)
{
    Tensor *in[] = { dy, n->in[0] };
    dx[0] = op_infer_sure(g, op_grad_node(g, OP_ADAPTIVEAVGPOOL_GRAD, n, "grad", in, 2, 1));
    return true;
}

/* adaptiveavgpool: window.kh x window.kw outputs; output o averages rows [floor(o*H/n), ceil((o+1)*H/n)),
 * columns likewise (torch's adaptive_avg_pool2d). */
#include "ops.h"

const char *infer_adaptiveavgpool(Graph *g, Node *n)
{
    return op_set(g, n, 0, shape_chw(n->in[0]->shape.dim[0], n->window.kh, n->window.kw));
}

void eval_adaptiveavgpool(Interp *it, const Node *n)
{
    const int *d = n->in[0]->shape.dim;
    int oh = n->out[0]->shape.dim[1], ow = n->out[0]->shape.dim[2];
    const double *x = op_in(it, n, 0);
    double *y = op_out(it, n, 0);
    for (int64_t c = 0, at = 0; c < (int64_t)it->n * d[0]; c++, x += (int64_t)d[1] * d[2])
        for (int o = 0; o < oh * ow; o++) {
            int y0 = o / ow * d[1] / oh, y1 = ((o / ow + 1) * d[1] + oh - 1) / oh;
            int x0 = o % ow * d[2] / ow, x1 = ((o % ow + 1) * d[2] + ow - 1) / ow;
            double sum = 0;
            for (int iy = y0; iy < y1; iy++)
                for (int ix = x0; ix < x1; ix++)
                    sum += x[(int64_t)iy * d[2] + ix];
            y[at++] = sum / ((y1 - y0) * (x1 - x0));
        }
}

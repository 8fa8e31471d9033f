/* interleave: the data gradient of a strided convolution from its phases.  Inputs: those phases that some output sees, in
 * order of (y % sh, x % sw), then x, of which only the shape counts.  A phase without taps is 0. */
#include "ops.h"

const char *infer_interleave(Graph *g, Node *n) { return op_set(g, n, 0, n->in[n->n_in - 1]->shape); }

int interleave_phase(const Node *n, int r, int c)
{
    const Window *w = &n->window;
    const int *d = n->in[n->n_in - 1]->shape.dim;
    int at = 0;
    for (int i = 0; i < w->sh * w->sw; i++) {
        int y = i / w->sw, x = i % w->sw;
        bool seen = (y + w->top) % w->sh < w->kh && (x + w->left) % w->sw < w->kw && y < d[1] && x < d[2];
        if (y == r && x == c)
            return seen ? at : -1;
        at += seen;
    }
    return -1;
}

void eval_interleave(Interp *it, const Node *n)
{
    const int *d = n->out[0]->shape.dim;
    double *dx = op_out(it, n, 0);
    for (int64_t p = 0; p < (int64_t)it->n * d[0]; p++)
        for (int y = 0; y < d[1]; y++)
            for (int x = 0; x < d[2]; x++) {
                int k = interleave_phase(n, y % n->window.sh, x % n->window.sw);
                const int *s = k < 0 ? NULL : n->in[k]->shape.dim;
                *dx++ = k < 0 ? 0 : op_in(it, n, k)[(p * s[1] + y / n->window.sh) * s[2] + x / n->window.sw];
            }
}

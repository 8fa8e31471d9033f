/* maxpool_index: where the first maximum of each window is.  maxpool_index_grad(index, dy): that pixel gets the window's dy. */
#include "maxpool_index.h"
#include "ops.h"
#include <string.h>

enum { EXACT = 1 << 24 }; /* whole numbers up to here are floats */

int pool_index_base(const Window *w) { return w->kh * w->kw + 1; }

int pool_index_digits(const Window *w)
{
    int n = 0;
    int64_t base = (int64_t)w->kh * w->kw + 1;
    for (int64_t v = base; v <= EXACT; v = v > EXACT / base ? EXACT + 1 : v * base)
        n++;
    return n;
}

int pool_index_first_place(const Window *w)
{
    int place = 1;
    for (int i = 1; i < pool_index_digits(w); i++)
        place *= pool_index_base(w);
    return place;
}

int pool_index_outputs(const Node *n)
{
    const Window *w = &n->window;
    return op_window_size(n->in[0]->shape.dim[2], w->left, w->right, w->kw, w->sw, n->ceil);
}

const char *infer_maxpool_index(Graph *g, Node *n)
{
    if (n->op == OP_MAXPOOL_INDEX_GRAD)
        return op_set(g, n, 0, n->in[2]->shape);
    Shape s;
    const char *wrong = op_window_shape(g, n, n->in[0]->shape.dim[0], &s);
    int digits = pool_index_digits(&n->window);
    if (wrong || !digits)
        return wrong ? wrong : op_wrong(g, "a float cannot number the taps of a %dx%d window", n->window.kh, n->window.kw);
    s.dim[2] = (s.dim[2] + digits - 1) / digits;
    return op_set(g, n, 0, s);
}

/* A plane of n's outputs, and of the numbers that say where their maxima are. */
typedef struct IndexPlane {
    const Window *w;
    int h, width;   /* of x */
    int oh, ow;     /* of y */
    double *number; /* oh rows of (ow + digits - 1) / digits */
} IndexPlane;

static double *number_of(const IndexPlane *p, int oy, int ox)
{
    int digits = pool_index_digits(p->w);
    return p->number + (int64_t)oy * ((p->ow + digits - 1) / digits) + ox / digits;
}

static double place_of(const IndexPlane *p, int ox)
{
    double place = pool_index_first_place(p->w);
    for (int i = ox % pool_index_digits(p->w); i > 0; i--)
        place /= pool_index_base(p->w);
    return place;
}

static void write_plane(Interp *it, const IndexPlane *p, const double *x)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++) {
            int at = (int)op_first_maximum(it, p->w, x, p->h, p->width, oy, ox);
            int ky = at / p->width - oy * p->w->sh + p->w->top, kx = at % p->width - ox * p->w->sw + p->w->left;
            *number_of(p, oy, ox) += (p->w->kh * p->w->kw - ky * p->w->kw - kx) * place_of(p, ox);
        }
}

static void spread_plane(const IndexPlane *p, const double *dy, double *dx)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++) {
            int digit = (int)(*number_of(p, oy, ox) / place_of(p, ox)) % pool_index_base(p->w), tap = p->w->kh * p->w->kw - digit;
            int iy = oy * p->w->sh + tap / p->w->kw - p->w->top, ix = ox * p->w->sw + tap % p->w->kw - p->w->left;
            dx[(int64_t)iy * p->width + ix] += dy[(int64_t)oy * p->ow + ox];
        }
}

void eval_maxpool_index(Interp *it, const Node *n)
{
    bool grad = n->op == OP_MAXPOOL_INDEX_GRAD;
    Tensor *index = grad ? n->in[0] : n->out[0];
    const int *xd = n->in[grad ? 2 : 0]->shape.dim, *id = index->shape.dim;
    IndexPlane p = { &n->window, xd[1], xd[2], id[1], grad ? n->in[1]->shape.dim[2] : pool_index_outputs(n), interp_values(it, index) };
    int64_t planes = (int64_t)it->n * xd[0], xp = (int64_t)xd[1] * xd[2], numbers = (int64_t)id[1] * id[2];
    memset(op_out(it, n, 0), 0, (size_t)(planes * (grad ? xp : numbers)) * sizeof(double));
    for (int64_t c = 0; c < planes; c++, p.number += numbers) {
        if (grad)
            spread_plane(&p, op_in(it, n, 1) + c * p.oh * p.ow, op_out(it, n, 0) + c * xp);
        else
            write_plane(it, &p, op_in(it, n, 0) + c * xp);
    }
}

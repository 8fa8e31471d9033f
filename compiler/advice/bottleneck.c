/* A representational bottleneck: a pool that halves the grid before the channels grow. */
#include "rules.h"

/* Szegedy et al. 2015, section 5 goes from k filters to 2k over half the grid: from there on a pool alone throws away more than
 * the next stage can hold. */
static const double GROWTH = 2.0;

static bool halves_grid(View *v, const Node *n)
{
    const Shape *x = n->n_in ? &n->in[0]->shape : NULL, *y = n->n_out ? &n->out[0]->shape : NULL;
    bool pool = n->op == OP_MAXPOOL || n->op == OP_AVGPOOL;
    return pool && v->main[n->id] && n->window.sh > 1 && n->window.sw > 1 && y->dim[1] * y->dim[2] > 1 && y->dim[1] < x->dim[1] &&
           view_main_users(v, n->in[0]) == 1;
}

/* The channels grow on the grid that the pool left: not in a further reduction. */
static bool grows(const Node *pool, const Tensor *next)
{
    const Shape *x = &pool->in[0]->shape, *y = &pool->out[0]->shape, *z = &next->shape;
    return z->dim[0] >= GROWTH * x->dim[0] && 2 * z->dim[1] > y->dim[1] && 2 * z->dim[2] > y->dim[2];
}

static const char *way(View *v, const Tensor *x, const Tensor *y, const Tensor *next)
{
    Arena *a = v->arena;
    return arena_printf(a, "%s numbers become %s, and the next layer spreads them over %s", arena_commas(a, shape_elems(&x->shape)),
                        arena_commas(a, shape_elems(&y->shape)), arena_commas(a, shape_elems(&next->shape)));
}

void find_bottleneck(View *v, Findings *found)
{
    Arena *a = v->arena;
    for (int i = 0; i < v->g->nodes.n; i++) {
        const Node *n = v->g->nodes.at[i];
        const Tensor *next = halves_grid(v, n) ? view_join(v, n->out[0]) : NULL;
        if (!next || !grows(n, next))
            continue;
        Finding *f = finding_at(v, found, n, n);
        finding_say(v, f, "the pool shrinks %s to %s before the channels grow to %d: a representational bottleneck",
                    shape_text(a, &n->in[0]->shape), shape_text(a, &n->out[0]->shape), next->shape.dim[0]);
        f->facts = way(v, n->in[0], n->out[0], next);
    }
}

/* ---- The two ways around it ---- */

/* A new convolution is like the one before it. */
static const char *flags_before(Patch *p, const Node *pool) { return layer_flags(p, view_source(pool->in[0])->def); }

static int channels_after(const Patch *p, const Node *pool) { return view_join(p->view, pool->out[0])->shape.dim[0]; }

void fix_expand(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        const Finding *f = found->at[i];
        const char *conv = arena_printf(p->arena, "conv 1x1 %d%s -> ", channels_after(p, f->nodes.at[0]), flags_before(p, f->nodes.at[0]));
        patch_insert(p, f->loc, conv, &f->nodes);
    }
    p->reshapes = true;
}

static int conv_size(int in, int pads, int stride) { return (in + pads - 3) / stride + 1; }

/* Padding by which a 3x3 convolution gives the pool's grid; null: none does. */
static const char *padding(Patch *p, const Node *n)
{
    const int *x = n->in[0]->shape.dim, *y = n->out[0]->shape.dim, sh = n->window.sh, sw = n->window.sw;
    if (conv_size(x[1], 0, sh) == y[1] && conv_size(x[2], 0, sw) == y[2])
        return "valid";
    if (conv_size(x[1], 2, sh) == y[1] && conv_size(x[2], 2, sw) == y[2])
        return "pad 1";
    int h = (y[1] - 1) * sh + 3 - x[1], w = (y[2] - 1) * sw + 3 - x[2];
    return h >= 0 && w >= 0 ? arena_printf(p->arena, "pad(%d, %d, %d, %d)", h / 2, h - h / 2, w / 2, w - w / 2) : NULL;
}

static const char *stride(Patch *p, const Window *w)
{
    return w->sh == w->sw ? arena_printf(p->arena, "%d", w->sh) : arena_printf(p->arena, "%dx%d", w->sh, w->sw);
}

void fix_parallel(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        const Finding *f = found->at[i];
        const Node *n = f->nodes.at[0];
        const char *pad = padding(p, n);
        if (!pad) {
            p->failed = "no 3x3 convolution gives the grid of this pool";
            return;
        }
        int more = channels_after(p, n) - n->in[0]->shape.dim[0];
        const char *conv = arena_printf(p->arena, "concat { conv 3x3/%s %d %s%s | ", stride(p, &n->window), more, pad, flags_before(p, n));
        patch_insert(p, f->loc, conv, &f->nodes);
        patch_append(p, f->loc, " }", &f->nodes);
    }
    p->reshapes = true;
}

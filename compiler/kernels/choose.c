/* Direct or fast, and by which tile: the cheapest by a model of the machine (cost.c), as far as the level of
 * numerics goes.  The choice depends on the network, the level and the target, never on the host. */
#include "kernels.h"
#include "../cook_toom.h"

/* The largest alpha of a form with taps along both axes, and along one.  docs/numerics.md has the errors. */
static const struct { int both, one; } most_alpha[] = {
    [NUMERICS_EXACT] = { 0, 0 },
    [NUMERICS_SAFE] = { 6, 10 },
    [NUMERICS_FAST] = { 8, 12 },
};

/* Stride 1, 16-channel blocks in, one output, nothing added: what the transforms can do. */
static bool may_be_fast(const Plan *p, const Step *s)
{
    const Node *n = s->node;
    return s->kernel == KERNEL_CONV && n->op == OP_CONV && p->target->block == 16 && p->options.numerics != NUMERICS_EXACT &&
           window_steps_by_1(&n->window) && !window_is_1x1(&n->window) && s->in[0]->buffer->block == 16 && s->n_out == 1 && !s->residual;
}

static bool allowed(Numerics n, int mh, int mw, const Window *w)
{
    int most = w->kh > 1 && w->kw > 1 ? most_alpha[n].both : most_alpha[n].one;
    return mh + w->kh - 1 <= most && mw + w->kw - 1 <= most && cook_toom_known(mh, w->kh) && cook_toom_known(mw, w->kw);
}

static int up(int n, int to) { return (n + to - 1) / to; }

/* The best number of blocks of tiles for a form. */
static void try_form(const Plan *p, const Step *s, int mh, int mw, FastConv *best, double *least)
{
    const Buffer *y = s->out[0]->buffer;
    FastConv f = { mh, mw, up(y->h, mh), up(y->w, mw), 1 };
    int tiles = f.rows * f.columns;
    for (f.blocks = 1; f.blocks <= tiles; f.blocks++) {
        double cost = cost_fast(p, s, &f);
        if (cost < *least) {
            *least = cost;
            *best = f;
        }
        if (up(tiles, f.blocks) <= 8)
            break;
    }
}

static int count_forms(const Plan *p, const Window *w)
{
    int n = 0;
    for (int mh = 1; mh <= COOK_TOOM_MOST; mh++)
        for (int mw = 1; mw <= COOK_TOOM_MOST; mw++)
            n += allowed(p->options.numerics, mh, mw, w);
    return n;
}

void kernel_choose(const Plan *p, Step *s)
{
    if (!may_be_fast(p, s) || count_forms(p, &s->node->window) == 0)
        return;
    const Window *w = &s->node->window;
    FastConv best = { 0 };
    double least = p->options.form ? 1e300 : cost_direct(p, s);
    int n = 0, wanted = p->options.form ? (p->options.form - 1) % count_forms(p, w) : -1;
    for (int mh = 1; mh <= COOK_TOOM_MOST; mh++)
        for (int mw = 1; mw <= COOK_TOOM_MOST; mw++)
            if (allowed(p->options.numerics, mh, mw, w) && (n++ == wanted || wanted < 0))
                try_form(p, s, mh, mw, &best, &least);
    if (!best.mh)
        return;
    s->kernel = KERNEL_COOK_TOOM;
    s->fast = best;
}

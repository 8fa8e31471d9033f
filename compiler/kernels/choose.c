/* Direct or fast, and by which tile: what the tuning record says, else the cheapest by a model of the machine
 * (cost.c), or one nearly as cheap with fewer weights, as far as the level of numerics goes.  The choice depends on
 * the network, the level, the target and the record, never on the host. */
#include "kernels.h"
#include "../cook_toom.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The largest number of points of a form with taps along both axes, and along one.  docs/numerics.md has the errors. */
static const struct { int both, one; } most_points[] = {
    [NUMERICS_EXACT] = { 0, 0 },
    [NUMERICS_SAFE] = { 6, 10 },
    [NUMERICS_FAST] = { 8, 12 },
};

const char *kernel_why_direct(const Plan *p, const Step *s)
{
    const Node *n = s->node;
    const Window *w = &n->window;
    if (n->op != OP_CONV || p->target->block != 16)
        return "there is no other way on this target";
    if (n->groups > 1)
        return "fast forms read all channels, a group reads its own";
    if (window_is_1x1(w))
        return "a 1x1 convolution is one product already";
    if (w->sh > 2 || w->sw > 2 || (w->sh == 2 && w->kh < 3) || (w->sw == 2 && w->kw < 3))
        return "fast forms have stride 1, or 2 with three taps or more";
    if (s->in[0]->buffer->block != 16)
        return "an image's three channels are too few for transforms";
    if (s->n_out > 1 || s->residual)
        return "fast forms write one output and add nothing to it";
    return p->options.numerics == NUMERICS_EXACT ? "numerics exact" : NULL;
}

static bool allowed(Numerics n, int mh, int mw, const Window *w)
{
    int most = w->kh > 1 && w->kw > 1 ? most_points[n].both : most_points[n].one;
    return cook_toom_known(mh, w->kh, w->sh) && cook_toom_known(mw, w->kw, w->sw) && cook_toom_points(mh, w->kh, w->sh) <= most &&
           cook_toom_points(mw, w->kw, w->sw) <= most;
}

/* The best number of blocks of tiles for a form, from least to most; none where it has fewer tiles. */
static Candidate best_blocks(const Step *s, int mh, int mw, int least, int most)
{
    enum { FEWEST = 8 }; /* tiles of a block, where there are more */
    const Buffer *y = s->out[0]->buffer;
    Candidate best = { .cycles = 1e300 };
    FastConv f = { mh, mw, div_up(y->h, mh), div_up(y->w, mw), 1 };
    int tiles = f.rows * f.columns;
    for (f.blocks = least; f.blocks <= tiles && f.blocks <= most; f.blocks++) {
        double cycles = cost_fast(s, &f);
        if (cycles < best.cycles)
            best = (Candidate){ f, cycles };
        if (div_up(tiles, f.blocks) <= FEWEST)
            break;
    }
    return best;
}

static int by_cycles(const void *x, const void *y)
{
    double a = ((const Candidate *)x)->cycles, b = ((const Candidate *)y)->cycles;
    return a < b ? -1 : a > b;
}

/* All fast forms in the order of their tiles. */
static int fast_forms(const Plan *p, const Step *s, Candidate out[MOST_CANDIDATES])
{
    const Window *w = &s->node->window;
    int n = 0;
    if (kernel_why_direct(p, s))
        return 0;
    for (int mh = 1; mh <= COOK_TOOM_MOST; mh++)
        for (int mw = 1; mw <= COOK_TOOM_MOST; mw++)
            if (allowed(p->options.numerics, mh, mw, w))
                out[n++] = best_blocks(s, mh, mw, 1, INT_MAX);
    return n;
}

/* Values of packed weights for each pair of channels. */
static int weights_of(const FastConv *f, const Window *w)
{
    return f->mh ? cook_toom_weights(f->mh, w->kh, w->sh) * cook_toom_weights(f->mw, w->kw, w->sw) : w->kh * w->kw;
}

/* Brings forward, of all ways that the model cannot tell from the cheapest, the one with the fewest weights: what memory and
 * caches carry less of is worth more on a machine that has less of them than the modelled one. */
static void prefer_small(const Step *s, Candidate *list, int n)
{
    const double near = 1.03; /* docs/kernels.md, "The choice" */
    const Window *w = &s->node->window;
    int best = 0;
    for (int i = 1; i < n && list[i].cycles <= near * list[0].cycles; i++)
        if (weights_of(&list[i].form, w) < weights_of(&list[best].form, w))
            best = i;
    Candidate small = list[best];
    memmove(list + 1, list, (size_t)best * sizeof *list);
    list[0] = small;
}

/* Forms and the direct way, the model's choice first, then the cheapest; `others`: of each form what is not its best too, all tiles at
 * once or in blocks. */
static int ways(const Plan *p, const Step *s, bool others, Candidate out[MOST_CANDIDATES])
{
    int forms = fast_forms(p, s, out), n = forms;
    for (int i = 0; i < forms && others; i++) {
        bool whole = out[i].form.blocks == 1;
        Candidate other = best_blocks(s, out[i].form.mh, out[i].form.mw, whole ? 2 : 1, whole ? INT_MAX : 1);
        if (other.form.mh)
            out[n++] = other;
    }
    out[n++] = (Candidate){ .cycles = cost_direct(s) };
    qsort(out, (size_t)n, sizeof *out, by_cycles);
    prefer_small(s, out, n);
    return n;
}

int kernel_candidates(const Plan *p, const Step *s, Candidate out[MOST_CANDIDATES]) { return ways(p, s, true, out); }

const char *kernel_shape_key(Arena *a, const Step *s)
{
    const int *d = s->node->in[0]->shape.dim;
    const Window *w = &s->node->window;
    return arena_printf(a, "%dx%d %dx%dx%d %dx%dx%d", w->kh, w->kw, d[0], d[1], d[2], s->node->out[0]->shape.dim[0], s->out[0]->buffer->h,
                        s->out[0]->buffer->w);
}

/* What the record says of this shape; false when it says nothing that the level allows. */
static bool recorded(const Plan *p, const Step *s, FastConv *out)
{
    const Tuning *t = p->options.tuning;
    const char *key = t ? kernel_shape_key(p->arena, s) : NULL;
    for (int i = 0; t && i < t->rows.n; i++) {
        const TuningRow *r = &t->rows.at[i];
        const Buffer *y = s->out[0]->buffer;
        if (strcmp(r->target, p->target->name) != 0 || r->numerics != p->options.numerics || strcmp(r->shape, key) != 0)
            continue;
        *out = (FastConv){ r->mh, r->mw, 0, 0, r->blocks };
        if (!r->mh)
            return true;
        out->rows = div_up(y->h, r->mh);
        out->columns = div_up(y->w, r->mw);
        return allowed(p->options.numerics, r->mh, r->mw, &s->node->window) && r->blocks >= 1 && r->blocks <= out->rows * out->columns;
    }
    return false;
}

/* ---- Weight gradients ---- */

static bool grad_is_direct(const Plan *p, const Step *s)
{
    const Window *w = &s->node->window;
    return p->target->block != 16 || s->node->groups > 1 || s->in[0]->buffer->block != 16 || window_is_1x1(w) || !window_steps_by_1(w);
}

enum { GRAD_PIXELS = 512, GRAD_IMAGES = 64 }; /* the most of a call, but for one image's pixels */

/* Tiles of a call: as many as scratch of 2 MiB a thread holds at all points, for all outputs and 16 inputs. */
static int grad_tiles(const Step *s, const FastConv *f)
{
    enum { LEAST = 32, MOST = 96, SCRATCH = 2 << 20 };
    int n = SCRATCH / (fast_points(f, &s->node->window) * 64 * (1 + place_blocks(s->in[1])));
    return n < LEAST ? LEAST : n > MOST ? MOST : n;
}

/* Sums of weights are read and written once a call: so many images that arithmetic outweighs it, as few as caches want. */
int weight_grad_call_images(const Step *s, const FastConv *f)
{
    const Buffer *dy = s->in[1]->buffer;
    int n = f ? grad_tiles(s, f) / (f->rows * f->columns) : GRAD_PIXELS / (dy->h * dy->w);
    return n < 1 ? 1 : n > GRAD_IMAGES ? GRAD_IMAGES : n;
}

/* Blocks of whole rows of tiles. */
static Candidate grad_form(const Step *s, int mh, int mw)
{
    const Buffer *dy = s->in[1]->buffer;
    FastConv f = { mh, mw, div_up(dy->h, mh), div_up(dy->w, mw), 1 };
    int rows = grad_tiles(s, &f) / f.columns;
    f.blocks = div_up(f.rows, rows < 1 ? 1 : rows);
    f.blocks = div_up(f.rows, div_up(f.rows, f.blocks)); /* none is empty */
    return (Candidate){ f, cost_weight_grad(s, &f) };
}

static void choose_weight_grad(const Plan *p, Step *s)
{
    Candidate list[MOST_CANDIDATES];
    int n = 0;
    if (grad_is_direct(p, s))
        return;
    for (int mh = 1; mh <= COOK_TOOM_MOST; mh++)
        for (int mw = 1; mw <= COOK_TOOM_MOST; mw++)
            if (allowed(p->options.numerics, mh, mw, &s->node->window))
                list[n++] = grad_form(s, mh, mw);
    if (!p->options.form)
        list[n++] = (Candidate){ .cycles = cost_weight_grad(s, NULL) };
    else if (n)
        list[0] = list[(p->options.form - 1) % n];
    if (!p->options.form)
        qsort(list, (size_t)n, sizeof *list, by_cycles);
    if (n)
        s->fast = list[0].form;
}

void kernel_choose(const Plan *p, Step *s)
{
    Candidate list[MOST_CANDIDATES];
    FastConv chosen = { 0 };
    if (s->kernel == KERNEL_WEIGHT_GRAD)
        choose_weight_grad(p, s);
    if (s->kernel != KERNEL_CONV || kernel_why_direct(p, s))
        return;
    if (p->options.form) {
        int n = fast_forms(p, s, list);
        chosen = n ? list[(p->options.form - 1) % n].form : chosen;
    } else if (recorded(p, s, &chosen)) {
        s->recorded = true;
    } else {
        int n = ways(p, s, p->options.rank > 0, list);
        chosen = list[p->options.rank < n ? p->options.rank : 0].form;
    }
    if (!chosen.mh)
        return;
    s->kernel = KERNEL_COOK_TOOM;
    s->fast = chosen;
}

/* Factorised kernels: two 3x3 for a 5x5, 1xn and nx1 for an nxn. */
#include "rules.h"

static bool medium(const Layer *l) { return view_medium(l->h, l->w); }
static bool on_grid(const Layer *l) { return l->main && l->h > 1 && l->w > 1; }
static bool reads_picture(const Layer *l) { return view_source(l->node->in[0])->kind == TENSOR_INPUT; }

/* ---- What several rules change ---- */

/* Costs of `n` kernels of `taps` places each in a row, with `mid` channels between them. */
static int64_t row_cost(const Layer *l, int64_t taps, int n, int64_t mid)
{
    return taps * (l->ci * mid + (n - 2) * mid * mid + mid * l->co) * l->h * l->w;
}

/* The text of the channels between the parts: as many as the layer reads or as it writes, whichever costs less. */
static const char *between(Patch *p, const Finding *f, const Spot *spot, const LayerText *t, int64_t taps, int n)
{
    int64_t few = 0, own = 0;
    int ci = view_layer(p->view, f->nodes.at[0])->ci;
    bool same = true;
    for (int i = 0; i < f->nodes.n; i++) {
        const Layer *l = view_layer(p->view, f->nodes.at[i]);
        few += row_cost(l, taps, n, l->ci);
        own += row_cost(l, taps, n, l->co);
        same &= l->ci == ci;
    }
    const char *mine = source_text(p->arena, t->count->loc);
    LayerText before;
    if (few >= own)
        return mine;
    bool conv = spot->index > 0 && source_layer(p->arena, spot->chain->units.at[spot->index - 1].node, &before) && before.count;
    if (conv)
        return source_text(p->arena, before.count->loc);
    return spot->reads_in && spot->piece.module ? "(in.c)" : same ? arena_printf(p->arena, "%d", ci) : mine;
}

/* The layer becomes `kernel` with padding `pad`, behind n - 1 layers of `first` with padding `first_pad`. */
static void split(Patch *p, const Finding *f, int n, int64_t taps, const char *first, const char *first_pad, const char *kernel,
                  const char *pad)
{
    Spot spot;
    LayerText t;
    if (!finding_spot(p, f, &spot, &t))
        return;
    const Window *w = &f->nodes.at[0]->window;
    if (t.padded_otherwise || (t.pad && t.pad->number != (w->kh - 1) / 2)) {
        p->failed = "its padding is neither `same` nor `valid`";
        return;
    }
    bool same = w->top > 0;
    const char *mid = between(p, f, &spot, &t, taps, n), *flags = t.flags;
    const char *padding = t.pad ? first_pad : same ? "same" : "valid", *relu = t.relu || t.linear ? " relu" : "";
    const char *row = arena_printf(p->arena, "conv %s %s %s%s%s -> ", first, mid, padding, flags, relu);
    for (int i = 1; i < n; i++)
        patch_insert(p, f->loc, row, &f->nodes);
    patch_replace(p, t.kernel->loc, kernel, &f->nodes);
    if (t.pad)
        patch_replace(p, t.pad->loc, pad, &f->nodes);
}

/* ---- 5x5 and 7x7 ---- */

static bool is_large(View *v, const Layer *l)
{
    (void)v;
    return on_grid(l) && layer_is_plain(l) && layer_is_square(l) && (l->kh == 5 || l->kh == 7) && !reads_picture(l);
}

void find_large_kernel(View *v, Findings *found)
{
    find_layers(v, found, is_large);
    for (int i = 0; i < found->n; i++) {
        const Layer *l = view_layer(v, found->at[i]->nodes.at[0]);
        finding_say(v, found->at[i], "%s 3x3 in a row see as much as a %dx%d and cost %d %% of it: %s", l->kh == 5 ? "two" : "three",
                    l->kh, l->kh, 100 * 9 * (l->kh - 1) / 2 / (l->kh * l->kh), finding_cost(v, found->at[i]));
    }
}

void fix_large_kernel(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n && !p->failed; i++)
        split(p, found->at[i], (found->at[i]->nodes.at[0]->window.kh - 1) / 2, 9, "3x3", "pad 1", "3x3", "1");
}

/* ---- n x n on medium grids ---- */

static bool is_square(View *v, const Layer *l)
{
    (void)v;
    return on_grid(l) && medium(l) && layer_is_plain(l) && layer_is_square(l) && !reads_picture(l);
}

void find_square(View *v, Findings *found)
{
    find_layers(v, found, is_square);
    for (int i = 0; i < found->n; i++) {
        const Layer *l = view_layer(v, found->at[i]->nodes.at[0]);
        finding_say(v, found->at[i], "1x%d and %dx1 in a row cost %d %% less than %dx%d, and do well on a grid of %dx%d: %s", l->kh, l->kh,
                    (100 * (l->kh - 2) + l->kh / 2) / l->kh, l->kh, l->kh, l->h, l->w, finding_cost(v, found->at[i]));
    }
}

void fix_square(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n && !p->failed; i++) {
        int k = found->at[i]->nodes.at[0]->window.kh, side = (k - 1) / 2;
        Arena *a = p->arena;
        split(p, found->at[i], 2, k, arena_printf(a, "1x%d", k), arena_printf(a, "pad(0, %d)", side), arena_printf(a, "%dx1", k),
              arena_printf(a, "(%d, 0)", side));
    }
}

/* ---- Asymmetric kernels elsewhere ---- */

static bool is_asymmetric(const Layer *l) { return l->node->op == OP_CONV && (l->kh == 1) != (l->kw == 1); }

/* Beside its transposed on the same input: figure 7's expanded filter bank, which belongs on the smallest grid. */
static bool is_fork(View *v, const Layer *l)
{
    const Tensor *x = l->node->in[0];
    for (int i = 0; i < x->users.n; i++) {
        const Layer *o = view_layer(v, x->users.at[i]);
        if (o && o->kh == l->kw && o->kw == l->kh)
            return true;
    }
    return false;
}

static bool is_misplaced(View *v, const Layer *l) { return on_grid(l) && is_asymmetric(l) && !medium(l) && !is_fork(v, l); }

/* The first of a row of them: they are one finding. */
static const Layer *first_of_row(View *v, const Layer *l)
{
    const Layer *before = view_layer(v, view_source(l->node->in[0])->def);
    return before && is_misplaced(v, before) ? first_of_row(v, before) : l;
}

void find_asymmetric_grid(View *v, Findings *found)
{
    for (int i = 0; i < v->layers.n; i++)
        if (is_misplaced(v, &v->layers.at[i]))
            finding_at(v, found, first_of_row(v, &v->layers.at[i])->node, v->layers.at[i].node);
    for (int i = 0; i < found->n; i++) {
        const Layer *l = view_layer(v, found->at[i]->nodes.at[0]);
        finding_say(v, found->at[i], "%dx%d on a grid of %dx%d: asymmetric kernels do well on grids of %d to %d only (%s)", l->kh, l->kw,
                    l->h, l->w, LEAST_GRID, MOST_GRID, finding_cost(v, found->at[i]));
    }
}

/* ---- Linear between factors ---- */

static const Layer *next_layer(View *v, const Layer *l) { return l->out->users.n == 1 ? view_layer(v, l->out->users.at[0]) : NULL; }

static bool is_linear_factor(View *v, const Layer *l)
{
    const Layer *next = next_layer(v, l);
    return l->main && layer_is_plain(l) && l->kh * l->kw > 1 && !l->activation && next && layer_is_plain(next) && next->kh * next->kw > 1;
}

void find_linear_factor(View *v, Findings *found)
{
    find_layers(v, found, is_linear_factor);
    for (int i = 0; i < found->n; i++) {
        const Layer *l = view_layer(v, found->at[i]->nodes.at[0]), *next = next_layer(v, l);
        finding_say(v, found->at[i], "no activation between this %dx%d and the %dx%d behind it: %s", l->kh, l->kw, next->kh, next->kw,
                    finding_cost(v, found->at[i]));
    }
}

void fix_linear_factor(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        Spot spot;
        LayerText t;
        if (!finding_spot(p, found->at[i], &spot, &t))
            return;
        if (t.linear)
            patch_replace(p, t.linear->loc, "relu", &found->at[i]->nodes);
        else
            patch_append(p, found->at[i]->loc, " relu", &found->at[i]->nodes);
    }
}

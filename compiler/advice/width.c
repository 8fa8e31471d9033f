/* Channel counts and the vector width; the shares of the grids. */
#include "rules.h"
#include "../plan.h"

/* Below this the rounding of a count is not worth a change: of a layer's lanes, and of the network's multiply-accumulates. */
static const double WASTED_LANES = 20.0, WASTED_MACS = 1.0; /* per cent */

static int lanes(void) { return targets[n_targets - 1].block; }
static int64_t divisor(int64_t a, int64_t b) { return b ? divisor(b, a % b) : a; }
static int rounded(int c) { return (c + lanes() - 1) / lanes() * lanes(); }
static int64_t wasted(const Layer *l) { return l->macs / l->co * (rounded(l->co) - l->co); }

static bool is_ragged(View *v, const Layer *l)
{
    (void)v;
    return l->main && l->node->op == OP_CONV && view_share(rounded(l->co) - l->co, rounded(l->co)) >= WASTED_LANES;
}

void find_vector_width(View *v, Findings *found)
{
    find_layers(v, found, is_ragged);
    int64_t sum = 0;
    for (int i = 0; i < found->n; i++) {
        Finding *f = found->at[i];
        int64_t own = 0;
        for (int k = 0; k < f->nodes.n; k++)
            own += wasted(view_layer(v, f->nodes.at[k]));
        const Layer *l = view_layer(v, f->nodes.at[0]);
        finding_say(v, f, "%d channels fill %d of %d vector lanes: %d would take the same time, the empty lanes could do %.1f %% of the "
                    "network's multiply-accumulates", l->co, l->co, rounded(l->co), rounded(l->co), view_share(own, v->totals.macs));
        sum += own;
    }
    if (view_share(sum, v->totals.macs) < WASTED_MACS)
        found->n = 0;
}

/* The next count that fills the lanes and that the layer's groups divide. */
static const char *filled(Patch *p, const Node *n)
{
    int step = (int)(lanes() / divisor(lanes(), n->groups)) * n->groups, co = n->out[0]->shape.dim[0];
    return arena_printf(p->arena, "%d", (co + step - 1) / step * step);
}

void fix_vector_width(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        const Finding *f = found->at[i];
        Spot spot;
        LayerText t;
        if (!finding_spot(p, f, &spot, &t))
            return;
        for (int k = 0; k < f->nodes.n; k++) {
            const AstExpr *written = t.count->value;
            const AstExpr *number = written ? source_number(p->source, &spot, written, f->nodes.at[k]->stmt) : NULL;
            if (!number) {
                p->failed = "the count is not a number in the text";
                return;
            }
            if (k == 0 || written->kind == AE_PATH)
                patch_replace(p, number->loc, filled(p, f->nodes.at[k]), written->kind == AE_PATH ? NULL : &f->nodes);
        }
    }
    p->reshapes = true;
}

/* ---- Shares of the grids ---- */

/* No published Inception network spends more than two thirds on one grid (the naive one 63 % on 14x14, the released
 * Inception-ResNet-v2 57 % on 17x17); with fewer than three grids there is nothing to balance. */
static const double MOST_SHARE = 66.7; /* per cent */
enum { FEWEST_GRIDS = 3 };

typedef struct Grid {
    int h, w;
    int64_t macs, params;
} Grid;
typedef LIST(Grid) Grids;

static Grids grids_of(View *v)
{
    Grids all = { 0 };
    for (int i = 0; i < v->layers.n; i++) {
        const Layer *l = &v->layers.at[i];
        int k = 0;
        if (!l->main || l->node->op != OP_CONV)
            continue;
        while (k < all.n && (all.at[k].h != l->h || all.at[k].w != l->w))
            k++;
        if (k == all.n) {
            Grid g = { l->h, l->w, 0, 0 };
            LIST_PUSH(v->arena, &all, g);
        }
        all.at[k].macs += l->macs;
        all.at[k].params += l->params;
    }
    return all;
}

static const char *shares(View *v, const Grids *all)
{
    const char *text = "";
    for (int i = 0; i < all->n; i++)
        text = arena_printf(v->arena, "%s%s%dx%d %.1f %%", text, i ? ", " : "", all->at[i].h, all->at[i].w,
                            view_share(all->at[i].macs, v->totals.macs));
    return text;
}

void find_balance(View *v, Findings *found)
{
    Grids all = grids_of(v);
    for (int k = 0; k < all.n; k++) {
        const Grid *g = &all.at[k];
        if (all.n < FEWEST_GRIDS || view_share(g->macs, v->totals.macs) <= MOST_SHARE)
            continue;
        Finding *f = NULL;
        for (int i = 0; i < v->layers.n; i++) {
            const Layer *l = &v->layers.at[i];
            if (l->main && l->node->op == OP_CONV && l->h == g->h && l->w == g->w)
                f = finding_at(v, found, f ? f->nodes.at[0] : l->node, l->node);
        }
        finding_say(v, f, "the grid of %dx%d takes %.1f %% of the multiply-accumulates and has %.1f %% of the parameters", g->h, g->w,
                    view_share(g->macs, v->totals.macs), view_share(g->params, v->totals.params));
        f->facts = arena_printf(v->arena, "multiply-accumulates of the grids: %s", shares(v, &all));
    }
}

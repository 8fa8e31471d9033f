/* The naive module: large convolutions on all channels, and a pool that passes all channels on. */
#include "rules.h"

/* Szegedy et al. 2014, table 1: 192 channels are the fewest that a module of GoogLeNet reduces before its 3x3 and 5x5. */
enum { MANY_CHANNELS = 192 };
/* To which part of its input table 1 reduces before a 3x3, before a 5x5 and behind the pool: medians of its nine modules. */
enum { BEFORE_3X3 = 4, BEFORE_5X5 = 16, BEHIND_POOL = 6 };

/* Whether a 1x1 convolution to fewer channels stands before it in its branch. */
static bool reduced(View *v, const Tensor *t)
{
    for (;;) {
        t = view_source(t);
        const Layer *l = view_layer(v, t->def);
        if (!l || l->node->op != OP_CONV)
            return false;
        if (window_is_1x1(&l->node->window) && l->co < l->ci)
            return true;
        t = l->node->in[0];
    }
}

static bool is_naive(View *v, const Layer *l)
{
    return l->main && layer_is_plain(l) && l->kh > 1 && l->kw > 1 && l->ci >= MANY_CHANNELS && !reduced(v, l->node->in[0]);
}

/* The range of the channels that the layers of a finding read. */
static const char *channels(View *v, const Finding *f)
{
    int least = INT32_MAX, most = 0;
    for (int i = 0; i < f->nodes.n; i++) {
        int c = f->nodes.at[i]->in[0]->shape.dim[0];
        least = c < least ? c : least;
        most = c > most ? c : most;
    }
    return least == most ? arena_printf(v->arena, "%d", least) : arena_printf(v->arena, "%d to %d", least, most);
}

void find_naive(View *v, Findings *found)
{
    find_layers(v, found, is_naive);
    for (int i = 0; i < found->n; i++) {
        Finding *f = found->at[i];
        const Layer *l = view_layer(v, f->nodes.at[0]);
        finding_say(v, f, "a %dx%d convolution reads %s channels without a 1x1 reduction before it: %s", l->kh, l->kw, channels(v, f),
                    finding_cost(v, f));
    }
}

/* A count of channels in the text: a part of in.c, a multiple of 16, where the layer reads the module's input; else a number. */
static const char *part(Patch *p, const Spot *spot, const Finding *f, int divisor)
{
    if (spot->piece.module && spot->reads_in)
        return arena_printf(p->arena, "(round8(in.c/%d)*2)", 2 * divisor);
    int least = INT32_MAX;
    for (int i = 0; i < f->nodes.n; i++)
        if (f->nodes.at[i]->in[0]->shape.dim[0] < least)
            least = f->nodes.at[i]->in[0]->shape.dim[0];
    return arena_printf(p->arena, "%d", (least / divisor + 15) / 16 * 16);
}

void fix_naive(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        const Finding *f = found->at[i];
        const Layer *l = view_layer(p->view, f->nodes.at[0]);
        Spot spot;
        LayerText t;
        if (!finding_spot(p, f, &spot, &t))
            return;
        const char *n = part(p, &spot, f, l->kh * l->kw > 9 ? BEFORE_5X5 : BEFORE_3X3);
        patch_insert(p, f->loc, arena_printf(p->arena, "conv 1x1 %s%s%s -> ", n, t.flags, t.relu ? " relu" : ""), &f->nodes);
    }
}

/* ---- The pool of the module ---- */

void find_pool_projection(View *v, Findings *found)
{
    for (int i = 0; i < v->g->nodes.n; i++) {
        const Node *n = v->g->nodes.at[i];
        bool pool = (n->op == OP_MAXPOOL || n->op == OP_AVGPOOL) && v->main[n->id] && window_steps_by_1(&n->window);
        if (pool && n->out[0]->users.n == 1 && n->out[0]->users.at[0]->op == OP_CONCAT && view_main_users(v, n->in[0]) > 1)
            finding_at(v, found, n, n);
    }
    for (int i = 0; i < found->n; i++) {
        Finding *f = found->at[i];
        finding_say(v, f, "the pool passes all %s channels on: without a 1x1 projection the module cannot but grow (%d of them)",
                    channels(v, f), f->nodes.n);
    }
}

/* A convolution that reads what the pool reads: the projection is like it. */
static const Node *sibling(const Node *pool)
{
    const Tensor *x = pool->in[0];
    for (int i = 0; i < x->users.n; i++)
        if (x->users.at[i]->op == OP_CONV)
            return x->users.at[i];
    return NULL;
}

void fix_pool_projection(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        const Finding *f = found->at[i];
        Spot spot;
        if (!finding_spot(p, f, &spot, NULL))
            return;
        const char *n = part(p, &spot, f, BEHIND_POOL), *flags = layer_flags(p, sibling(f->nodes.at[0]));
        patch_append(p, f->loc, arena_printf(p->arena, " -> conv 1x1 %s%s", n, flags), &f->nodes);
    }
    p->reshapes = true;
}

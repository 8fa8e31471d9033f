/* Residual blocks: their scale, and the end of their branches. */
#include "rules.h"
#include <math.h>

/* Szegedy et al. 2016, section 3.3: "if the number of filters exceeded 1000, the residual variants started to exhibit
 * instabilities"; "scaling factors between 0.1 and 0.3". */
enum { MANY_FILTERS = 1000 };
static const double MOST_SCALE = 0.3;

static double branch_scale(const Node *add, const Tensor *end)
{
    return !add->scale ? 1 : add->scale[add->in[0] == end ? 0 : 1];
}

static void say_unscaled(View *v, Finding *f)
{
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < f->nodes.n; i++) {
        double s = branch_scale(f->nodes.at[i], view_branch_end(v, f->nodes.at[i]));
        least = fmin(least, s);
        most = fmax(most, s);
    }
    const char *factor = least < most ? arena_printf(v->arena, "%g to %g", least, most) : arena_printf(v->arena, "%g", least);
    finding_say(v, f, "a residual block of %d filters adds its branch times %s: above %d filters only factors of 0.1 to %g were stable "
                "(%d such block%s)", f->nodes.at[0]->out[0]->shape.dim[0], factor, MANY_FILTERS, MOST_SCALE, f->nodes.n,
                f->nodes.n == 1 ? "" : "s");
}

void find_residual_scale(View *v, Findings *found)
{
    for (int i = 0; i < v->g->nodes.n; i++) {
        const Node *n = v->g->nodes.at[i];
        const Tensor *end = view_branch_end(v, n);
        if (!end || n->out[0]->shape.dim[0] <= MANY_FILTERS || fabs(branch_scale(n, end)) <= MOST_SCALE)
            continue;
        finding_at(v, found, n, n);
    }
    for (int i = 0; i < found->n; i++)
        say_unscaled(v, found->at[i]);
}

/* The factor in the text: written in the block, or by the statement that uses the block's module. */
static void scale_down(Patch *p, const Finding *f)
{
    Spot spot;
    if (!source_find(p->source, f->loc, &spot) || spot.node->kind != AN_RESIDUAL) {
        p->failed = "the block is an `add`, which has no factor: write it as `residual 0.2 { ... }`";
        return;
    }
    const AstExpr *factor = spot.node->factor;
    if (!factor) {
        Loc word = spot.node->loc;
        word.end_line = word.line;
        word.end_col = word.col + 8; /* "residual" */
        patch_append(p, word, " 0.2", &f->nodes);
        return;
    }
    for (int i = 0; i < f->nodes.n && !p->failed; i++) {
        const AstExpr *number = source_number(p->source, &spot, factor, f->nodes.at[i]->stmt);
        if (!number)
            p->failed = "its factor is not a number in the text";
        else if (i == 0 || factor->kind == AE_PATH)
            patch_replace(p, number->loc, "0.2", factor->kind == AE_PATH ? NULL : &f->nodes);
    }
}

void fix_residual_scale(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n && !p->failed; i++)
        scale_down(p, found->at[i]);
}

/* ---- The last 1x1 ---- */

void find_residual_activation(View *v, Findings *found)
{
    for (int i = 0; i < v->g->nodes.n; i++) {
        const Tensor *end = view_branch_end(v, v->g->nodes.at[i]);
        const Layer *l = end && end->def && end->def->op == OP_RELU ? view_layer(v, view_source(end)->def) : NULL;
        if (l && l->activation && l->node->op == OP_CONV && window_is_1x1(&l->node->window))
            finding_at(v, found, l->node, l->node);
    }
    for (int i = 0; i < found->n; i++)
        finding_say(v, found->at[i], "the last 1x1 of a residual branch has an activation: the branch can only add (%d block%s)",
                    found->at[i]->nodes.n, found->at[i]->nodes.n == 1 ? "" : "s");
}

void fix_residual_activation(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        Spot spot;
        LayerText t;
        if (!finding_spot(p, found->at[i], &spot, &t))
            return;
        if (t.relu)
            patch_replace(p, t.relu->loc, "linear", &found->at[i]->nodes);
        else
            patch_append(p, found->at[i]->loc, " linear", &found->at[i]->nodes);
    }
}

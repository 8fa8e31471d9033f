/* Batch normalisation, and the normalisation that it replaced. */
#include "rules.h"
#include <string.h>

/* GoogLeNet, with 22 layers, is the network on which Ioffe and Szegedy measured it: a fourteenth of the steps. */
enum { DEEP = 22 };

static int count_op(View *v, OpKind op)
{
    int n = 0;
    for (int i = 0; i < v->g->nodes.n; i++)
        n += v->g->nodes.at[i]->op == op && v->main[v->g->nodes.at[i]->id];
    return n;
}

void find_batchnorm(View *v, Findings *found)
{
    Finding *f = NULL;
    int convs = 0;
    if (v->totals.depth < DEEP)
        return;
    for (int i = 0; i < v->layers.n; i++) {
        const Layer *l = &v->layers.at[i];
        if (!l->main || l->node->op != OP_CONV)
            continue;
        convs++;
        if (!l->norm)
            f = finding_at(v, found, f ? f->nodes.at[0] : l->node, l->node);
    }
    if (f && f->nodes.n <= convs / 2) /* the stem, or the ends of residual branches: chosen, not forgotten */
        found->n = 0;
    else if (f)
        finding_say(v, f, "%d layers deep, and %d of %d convolutions have no batch normalisation", v->totals.depth, f->nodes.n, convs);
}

/* What a layer says itself wins over the default. */
static void say_bn(Patch *p, const AstNode *layer)
{
    for (int i = 0; i < layer->args.n; i++) {
        const AstArg *arg = &layer->args.at[i];
        const char *word = arg->kind == ARG_NAMED ? arg->name : source_word(arg);
        if (strcmp(word, "nobn") == 0)
            patch_replace(p, arg->loc, "bn", NULL);
        else if (strcmp(word, "bias") == 0)
            patch_replace(p, arg->loc, "nobias", NULL);
    }
}

void fix_batchnorm(Patch *p, const Findings *found)
{
    const Nodes *nodes = &found->at[0]->nodes;
    Spot spot;
    for (int i = 0; i < nodes->n; i++)
        if (source_find(p->source, nodes->at[i]->loc, &spot) && spot.node->kind == AN_LAYER)
            say_bn(p, spot.node);
    LIST_PUSH(p->arena, &p->lines, "default conv { bn nobias }");
}

/* ---- Local response normalisation ---- */

void find_lrn(View *v, Findings *found)
{
    if (!count_op(v, OP_BATCHNORM))
        return;
    for (int i = 0; i < v->g->nodes.n; i++) {
        const Node *n = v->g->nodes.at[i];
        if (n->op == OP_LRN && v->main[n->id])
            finding_say(v, finding_at(v, found, n, n), "local response normalisation in a network with batch normalisation");
    }
}

/* The layer and the arrow before it, or behind it when it is the first. */
void fix_lrn(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++) {
        Spot spot;
        if (!finding_spot(p, found->at[i], &spot, NULL))
            return;
        const AstChain *c = spot.chain;
        if (c->units.n == 1) {
            p->failed = "it is the whole of its statement: delete that";
            return;
        }
        Loc gone = found->at[i]->loc;
        if (spot.index > 0) {
            const AstUnit *before = &c->units.at[spot.index - 1];
            Loc end = before->label.text ? before->label.loc : before->node->loc;
            gone.line = end.end_line;
            gone.col = end.end_col;
        } else {
            gone.end_line = c->units.at[1].node->loc.line;
            gone.end_col = c->units.at[1].node->loc.col;
        }
        patch_replace(p, gone, "", &found->at[i]->nodes);
    }
}

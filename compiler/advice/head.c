/* The end of the network, and its auxiliary heads. */
#include "rules.h"
#include <string.h>

/* A layer that holds less than a tenth of the parameters is not what makes a network large. */
static const double LARGE_SHARE = 10.0; /* per cent */
/* GoogLeNet, with 22 layers, is the shallowest network that the papers gave auxiliary heads. */
enum { DEEP = 22 };

static bool is_flattening(View *v, const Layer *l)
{
    const Shape *x = &l->node->in[0]->shape;
    return l->main && l->node->op == OP_LINEAR && x->dim[1] * x->dim[2] > 1 && view_share(l->params, v->totals.params) >= LARGE_SHARE;
}

void find_fully_connected(View *v, Findings *found)
{
    find_layers(v, found, is_flattening);
    for (int i = 0; i < found->n; i++) {
        const Layer *l = view_layer(v, found->at[i]->nodes.at[0]);
        const Shape *x = &l->node->in[0]->shape;
        const char *pooled = arena_commas(v->arena, (int64_t)(x->dim[0] + 1) * l->co);
        finding_say(v, found->at[i], "a fully connected layer reads %s and holds %.1f %% of the parameters; behind an average pool it "
                    "would hold %s", shape_text(v->arena, x), view_share(l->params, v->totals.params), pooled);
    }
}

void fix_fully_connected(Patch *p, const Findings *found)
{
    for (int i = 0; i < found->n; i++)
        patch_insert(p, found->at[i]->loc, "globalavgpool -> ", &found->at[i]->nodes);
}

/* ---- Auxiliary heads ---- */

static bool has_residuals(View *v)
{
    for (int i = 0; i < v->g->nodes.n; i++)
        if (view_branch_end(v, v->g->nodes.at[i]))
            return true;
    return false;
}

/* Rather the output of a module than a tensor within one. */
static bool ends_statement(View *v, const Tensor *t)
{
    const Layer *l = view_layer(v, t->def);
    const Tensor *end = l ? l->out : t;
    for (int i = 0; i < end->users.n; i++)
        if (view_same(end->users.at[i]->stmt, t->def->stmt))
            return false;
    return true;
}

/* The last tensor of the medium grids that the whole main flow passes, behind its ReLU; null: there is none. There the heads of
 * GoogLeNet (14x14), v3 and v4 (17x17) stand. */
static const Tensor *head_place(View *v)
{
    const Tensor *best = NULL;
    for (const Tensor *t = view_join(v, v->g->input); t; t = view_join(v, t))
        if (ends_statement(v, t) && view_medium(t->shape.dim[1], t->shape.dim[2]))
            best = t;
    const Layer *l = best ? view_layer(v, best->def) : NULL;
    return l ? l->out : best;
}

void find_auxiliary(View *v, Findings *found)
{
    if (v->totals.depth < DEEP || v->totals.aux_params > 0 || has_residuals(v))
        return;
    const Tensor *at = head_place(v);
    const Node *n = at ? at->def : v->g->output->def;
    Finding *f = finding_at(v, found, n, n);
    f->loc = n->stmt;
    const char *where = at ? arena_printf(v->arena, ": one could stand on '%s'", at->name) : "";
    finding_say(v, f, "%d layers deep, not residual, and no auxiliary head%s", v->totals.depth, where);
}

/* How the net's own classifier writes its count: a parameter, or the number. */
static const char *classes(Patch *p)
{
    const Layer *last = NULL;
    for (int i = 0; i < p->view->layers.n; i++)
        if (p->view->layers.at[i].main)
            last = &p->view->layers.at[i];
    Spot spot;
    bool written = last && source_find(p->source, last->node->loc, &spot) && !spot.piece.module && spot.node->args.n > 0;
    return written ? source_text(p->arena, spot.node->args.at[0].loc) : arena_printf(p->arena, "%d", p->view->g->logits->shape.dim[0]);
}

/* The net's train {} with one more term of the loss: v3's weight (Szegedy et al.'s own code; the paper gives none). */
static const char *train_with(Patch *p, const char *name)
{
    const AstItem *train = p->source->trains.n ? p->source->trains.at[0] : NULL;
    const Setting *loss = NULL;
    for (int i = 0; train && i < p->view->g->train.n; i++)
        if (strcmp(p->view->g->train.at[i].key, "loss") == 0)
            loss = &p->view->g->train.at[i];
    if (!loss || loss->loc.file != train->loc.file)
        return NULL;
    double smooth = p->view->g->heads.n ? p->view->g->heads.at[0].smooth : 0;
    const char *option = smooth > 0 ? arena_printf(p->arena, ", smooth=%s", arena_number(p->arena, smooth)) : "";
    size_t from = source_offset(train->loc, false), at = source_offset(loss->loc, true), size;
    const char *text = diag_file_text(train->loc.file, &size);
    const char *end = memrchr(text + at, '}', source_offset(train->loc, true) - at);
    if (!end)
        return NULL;
    const char *before = arena_strndup(p->arena, text + from, at - from);
    const char *behind = arena_strndup(p->arena, text + at, (size_t)(end - (text + at)));
    return arena_printf(p->arena, "%s + 0.4*xent(%s%s)%s}\n", before, name, option, behind);
}

void fix_auxiliary(Patch *p, const Findings *found)
{
    const Tensor *t = head_place(p->view);
    (void)found;
    if (!t) {
        p->failed = "no statement on a grid of 12 to 20 is passed by the whole flow";
        return;
    }
    const char *name = graph_find(p->view->g, "aux") ? "aux_head" : "aux";
    int h = (t->shape.dim[1] - 5) / 3 + 1, w = (t->shape.dim[2] - 5) / 3 + 1;
    const char *form = "%s = %s -> avgpool 5x5/3 valid floor -> conv 1x1 128 bn relu -> conv %dx%d 768 valid bn relu -> fc %s";
    LIST_PUSH(p->arena, &p->lines, arena_printf(p->arena, form, name, t->name, h, w, classes(p)));
    p->train = train_with(p, name);
}

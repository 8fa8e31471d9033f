#include "diff.h"
#include <stdlib.h>
#include <string.h>

enum { COMMON_LEAST = 4 }; /* so many layers with one change are one line */

static bool same(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static void add_change(NetDiff *d, Changes *list, const char *name, const char *from, const char *to, bool training)
{
    Change c = { name, from, to, training, -1 };
    if (!same(from, to))
        LIST_PUSH(d->arena, list, c);
}

/* ---- A pair ---- */

static const LayerAttr *find_attr(const LayerAttrs *list, const char *name)
{
    for (int i = 0; i < list->n; i++)
        if (same(list->at[i].name, name))
            return &list->at[i];
    return NULL;
}

/* What only one side has is said unless it only matters to training: that follows from what brought it. */
static void compare_attrs(NetDiff *d, DiffRow *r)
{
    const LayerAttrs *x = &r->x->attrs, *y = &r->y->attrs;
    for (int i = 0; i < x->n; i++) {
        const LayerAttr *from = &x->at[i], *to = find_attr(y, from->name);
        if ((to || !from->training) && !(to && from->idle && to->idle))
            add_change(d, &r->changes, from->name, from->value, to ? to->value : NULL, from->training);
    }
    for (int i = 0; i < y->n; i++)
        if (!y->at[i].training && !find_attr(x, y->at[i].name))
            add_change(d, &r->changes, y->at[i].name, NULL, y->at[i].value, false);
}

static const char *input_path(const Layers *l, const Layer *in) { return in ? in->path : l->graph->input->name; }

/* A layer that came or went in between explains another input. */
static void compare_inputs(NetDiff *d, DiffRow *r)
{
    const LayerList *p = &r->x->in, *q = &r->y->in;
    if (p->n != q->n) {
        add_change(d, &r->changes, "inputs", arena_printf(d->arena, "%d", p->n), arena_printf(d->arena, "%d", q->n), false);
        return;
    }
    for (int i = 0; i < p->n; i++) {
        const Layer *from = p->at[i], *to = q->at[i];
        const Layer *partner = from ? d->match.of_x[from->place] : NULL;
        bool explained = (from && !partner) || (to && !d->match.of_y[to->place]);
        if (!explained && partner != to)
            add_change(d, &r->changes, p->n > 1 ? arena_printf(d->arena, "input %d", i + 1) : "input", input_path(d->x->layers, from),
                       input_path(d->y->layers, to), false);
    }
}

static bool same_sizes(const Layer *x, const Layer *y)
{
    const Shape *p = &x->first->in[0]->shape, *q = &y->first->in[0]->shape;
    return shape_equal(&x->shape, &y->shape) && shape_equal(p, q);
}

static void add_pair(NetDiff *d, Layer *x, Layer *y)
{
    DiffRow r = { .x = x, .y = y, .renamed = !same(x->path, y->path), .moved = d->match.moved[x->place] };
    add_change(d, &r.changes, "layer", x->kind, y->kind, false);
    if (!r.changes.n)
        compare_attrs(d, &r);
    compare_inputs(d, &r);
    r.follows = !r.changes.n && !same_sizes(x, y);
    LIST_PUSH(d->arena, &d->rows, r);
    d->n_changed += r.changes.n > 0 || r.moved;
    d->n_renamed += r.renamed;
    d->n_follow += r.follows;
}

static void add_single(NetDiff *d, Layer *x, Layer *y)
{
    DiffRow r = { .x = x, .y = y };
    LIST_PUSH(d->arena, &d->rows, r);
    d->n_removed += x != NULL;
    d->n_added += y != NULL;
}

/* Both orders at once: what has no partner stands before the next pair. */
static void merge_orders(NetDiff *d)
{
    const Layers *x = d->x->layers, *y = d->y->layers;
    int j = 0;
    for (int i = 0; i <= x->list.n; i++) {
        Layer *l = i < x->list.n ? x->list.at[i] : NULL, *partner = l ? d->match.of_x[i] : NULL;
        if (l && !partner)
            add_single(d, l, NULL);
        if (l && partner && d->match.moved[i])
            add_pair(d, l, partner);
        if (l && (!partner || d->match.moved[i]))
            continue;
        for (; j < (partner ? partner->place : y->list.n); j++)
            if (!d->match.of_y[j])
                add_single(d, NULL, y->list.at[j]);
        if (partner) {
            add_pair(d, l, partner);
            j = partner->place + 1;
        }
    }
}

/* ---- What many layers have in common ---- */

static int compare_text(const char *a, const char *b) { return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b); }

/* Choices for one layer, which are the same in many only where these have one name: those of a repeated module. */
static bool is_of_one_layer(const char *attr)
{
    static const char *const names[] = { "channels", "outputs", "kernel", "stride", "padding", "size" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (same(names[i], attr))
            return true;
    return false;
}

typedef struct Use {
    Change *change;
    const DiffRow *row;
    int order;
} Use;

static int compare_uses(const void *p, const void *q)
{
    const Use *a = p, *b = q;
    int c = compare_text(a->change->name, b->change->name);
    c = c ? c : compare_text(a->change->from, b->change->from);
    c = c ? c : compare_text(a->change->to, b->change->to);
    if (!c && is_of_one_layer(a->change->name))
        c = compare_text(a->row->x->name, b->row->x->name);
    return c ? c : a->order - b->order;
}

static bool same_change(const Use *a, const Use *b)
{
    Use c = *b;
    c.order = a->order;
    return compare_uses(a, &c) == 0;
}

/* Pairs that have the attribute on either side; kind null: of any kind. */
static int count_attr(const NetDiff *d, const char *kind, const char *name)
{
    int n = 0;
    for (int i = 0; i < d->rows.n; i++) {
        const DiffRow *r = &d->rows.at[i];
        n += r->x && r->y && (!kind || same(r->x->kind, kind)) && (find_attr(&r->x->attrs, name) || find_attr(&r->y->attrs, name));
    }
    return n;
}

static void note_common(NetDiff *d, const Use *u, int n)
{
    Common c = { *u[0].change, u[0].row->x->kind, is_of_one_layer(u[0].change->name) ? u[0].row->x->name : NULL, n, 0 };
    for (int i = 0; i < n; i++) {
        if (!same(c.kind, u[i].row->x->kind))
            c.kind = NULL;
        u[i].change->common = d->common.n;
    }
    c.of = count_attr(d, c.kind, c.change.name);
    LIST_PUSH(d->arena, &d->common, c);
}

static void find_common(NetDiff *d)
{
    LIST(Use) uses = { 0 };
    for (int i = 0; i < d->rows.n; i++)
        for (int k = 0; k < d->rows.at[i].changes.n; k++) {
            Use u = { &d->rows.at[i].changes.at[k], &d->rows.at[i], uses.n };
            LIST_PUSH(d->arena, &uses, u);
        }
    if (uses.n)
        qsort(uses.at, (size_t)uses.n, sizeof *uses.at, compare_uses);
    for (int i = 0, n; i < uses.n; i += n) {
        for (n = 1; i + n < uses.n && same_change(&uses.at[i], &uses.at[i + n]);)
            n++;
        if (n >= COMMON_LEAST)
            note_common(d, &uses.at[i], n);
    }
}

/* ---- Settings ---- */

static const char *setting(const Settings *s, const char *key)
{
    for (int i = 0; i < s->n; i++)
        if (same(s->at[i].key, key))
            return s->at[i].text;
    return NULL;
}

/* The loss is compared as terms. */
static void compare_block(NetDiff *d, const char *block, const Settings *x, const Settings *y)
{
    for (int i = 0; i < x->n; i++)
        if (!same(x->at[i].key, "loss"))
            add_change(d, &d->settings, arena_printf(d->arena, "%s %s", block, x->at[i].key), x->at[i].text, setting(y, x->at[i].key), true);
    for (int i = 0; i < y->n; i++)
        if (!same(y->at[i].key, "loss") && !setting(x, y->at[i].key))
            add_change(d, &d->settings, arena_printf(d->arena, "%s %s", block, y->at[i].key), NULL, y->at[i].text, true);
}

static const Layer *layer_of(const Layers *l, const Tensor *t)
{
    for (int i = 0; i < l->list.n; i++)
        if (t && same(l->list.at[i]->result, t->name))
            return l->list.at[i];
    return NULL;
}

static void compare_ends(NetDiff *d, const char *name, const Tensor *t, const Tensor *u)
{
    const Layer *from = layer_of(d->x->layers, t), *to = layer_of(d->y->layers, u);
    if (!from != !to || (from && d->match.of_x[from->place] != to && d->match.of_x[from->place]))
        add_change(d, &d->settings, name, t->name, u->name, false);
}

static const char *loss_text(Arena *a, const Graph *g)
{
    const char *text = "none";
    for (int i = 0; i < g->heads.n; i++) {
        const Head *h = &g->heads.at[i];
        text = arena_printf(a, "%s%s%g*xent(%s, smooth=%g)", i ? text : "", i ? " + " : "", h->weight, h->logits->name, h->smooth);
    }
    return text;
}

/* Terms are compared, not their text: heads may have other names. */
static void compare_loss(NetDiff *d, const Graph *x, const Graph *y)
{
    bool equal = x->heads.n == y->heads.n;
    for (int i = 0; equal && i < x->heads.n; i++) {
        const Head *h = &x->heads.at[i], *k = &y->heads.at[i];
        const Layer *from = layer_of(d->x->layers, h->logits), *to = layer_of(d->y->layers, k->logits);
        equal = h->weight == k->weight && h->smooth == k->smooth && from && d->match.of_x[from->place] == to;
    }
    if (!equal)
        add_change(d, &d->settings, "train loss", loss_text(d->arena, x), loss_text(d->arena, y), true);
}

static void compare_settings(NetDiff *d)
{
    const Graph *x = d->x->layers->graph, *y = d->y->layers->graph;
    add_change(d, &d->settings, "input", shape_text(d->arena, &x->input->shape), shape_text(d->arena, &y->input->shape), false);
    compare_ends(d, "output", x->output, y->output);
    compare_ends(d, "logits", x->logits, y->logits);
    compare_block(d, "data", &x->data, &y->data);
    compare_block(d, "train", &x->train, &y->train);
    compare_loss(d, x, y);
    add_change(d, &d->settings, "weights", x->weights_file, y->weights_file, true);
    add_change(d, &d->settings, "frozen batch norms", x->freeze_bn_batch ? "batch" : "running", y->freeze_bn_batch ? "batch" : "running", true);
}

/* ---- Totals ---- */

int diff_totals(const NetDiff *d, DiffTotal out[N_DIFF_TOTALS])
{
    SummaryTotals xi = summary_totals(d->x, false), yi = summary_totals(d->y, false), xt = summary_totals(d->x, true), yt = summary_totals(d->y, true);
    int n = 0;
    out[n++] = (DiffTotal){ "parameters", "parameters", (double)xi.params, (double)yi.params, true };
    out[n++] = (DiffTotal){ "of auxiliary heads", "aux_parameters", (double)(xt.params - xi.params), (double)(yt.params - yi.params), true };
    out[n++] = (DiffTotal){ "MACs of an image", "macs", (double)xi.macs, (double)yi.macs, true };
    out[n++] = (DiffTotal){ "activations, bytes", "activation_bytes", (double)xi.activations, (double)yi.activations, true };
    out[n++] = (DiffTotal){ "weights file, bytes", "weights_bytes", (double)xi.file_bytes, (double)yi.file_bytes, true };
    out[n++] = (DiffTotal){ "arena, bytes", "arena_bytes", (double)xi.memory, (double)yi.memory, true };
    if (d->x->step_bytes && d->y->step_bytes)
        out[n++] = (DiffTotal){ "training step, bytes", "step_bytes", (double)xt.memory, (double)yt.memory, true };
    out[n++] = (DiffTotal){ "expected ms", "expected_ms", d->x->layers->ms, d->y->layers->ms, false };
    return n;
}

NetDiff *net_diff(Arena *a, const Summary *x, const Summary *y)
{
    NetDiff *d = ARENA_NEW(a, NetDiff);
    *d = (NetDiff){ .arena = a, .x = x, .y = y, .match = match_layers(a, x->layers, y->layers) };
    merge_orders(d);
    find_common(d);
    compare_settings(d);
    d->equal = !d->n_changed && !d->n_added && !d->n_removed && !d->n_renamed && !d->n_follow && !d->settings.n;
    return d;
}

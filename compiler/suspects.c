/* Why a tensor differs from the reference's: each usual suspect is tried, in all layers that may be to blame and in each alone,
 * by evaluating the network between what agrees and what does not once more.  No guess from the pattern of the differences:
 * what is named makes the tensor agree. */
#include "suspects.h"
#include "certify.h"
#include "ops/ops.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Search {
    Certify *c;
    const CertifyRow *row;
    Tensor *target;
    Sample reference;
    Interp *it;      /* holds what the cone reads and what it gave */
    bool *in_cone;   /* by node id */
    Node **cone;     /* from what agrees to target, in order */
    int n_cone;
    int n_frontier;
} Search;

enum { MOST_SINGLES = 60 }; /* a larger cone is tried as a whole only: more tensors in the reference make it smaller */

/* ---- The cone ---- */

static bool known(const Search *s, const Tensor *t)
{
    const CertifyRow *row = certify_row(s->c, t);
    return !t->def || (row && row->compared && row->agrees);
}

static void mark(Search *s, Tensor *t)
{
    if (t != s->target && known(s, t)) {
        interp_keep(s->it, t);
        return;
    }
    interp_keep(s->it, t);
    if (s->in_cone[t->def->id])
        return;
    s->in_cone[t->def->id] = true;
    for (int k = 0; k < t->def->n_in; k++)
        mark(s, t->def->in[k]);
}

static RtStatus evaluate_cone(Search *s)
{
    s->it = certify_interp(s->c);
    interp_need(s->it, s->target);
    mark(s, s->target);
    s->cone = ARENA_ARRAY(s->c->a, s->c->g->nodes.n, Node *);
    for (int i = 0; i < s->c->g->nodes.n; i++)
        if (s->in_cone[s->c->g->nodes.at[i]->id])
            s->cone[s->n_cone++] = s->c->g->nodes.at[i];
    RtStatus status = certify_weights(s->c, s->it);
    if (status == RT_OK)
        interp_run(s->it);
    return status;
}

/* ---- Trying a change ---- */

static void evaluate(Interp *it, const Node *n, Change *c)
{
    if (!c) {
        op_eval(it, n);
        return;
    }
    double **input = &it->value[c->node.in[0]->id], *own = *input;
    *input = c->input ? c->input : own;
    it->training ^= c->other_statistics;
    op_eval(it, &c->node);
    it->training ^= c->other_statistics;
    *input = own;
}

static bool reads_changed(const Node *n, const bool *changed)
{
    for (int k = 0; k < n->n_in; k++)
        if (changed[n->in[k]->id])
            return true;
    return false;
}

/* The difference from the reference when cone[i] is as changes[i] says, where that is not null. */
static double try_changes(Search *s, Change *const *changes)
{
    Interp trial = *s->it;
    size_t n_ids = (size_t)s->c->g->next_id + 1;
    bool *changed = calloc(n_ids, sizeof *changed);
    trial.value = malloc(n_ids * sizeof *trial.value);
    CHECK(changed && trial.value);
    memcpy(trial.value, s->it->value, n_ids * sizeof *trial.value);
    for (int i = 0; i < s->n_cone; i++) {
        const Node *n = s->cone[i];
        if (!changes[i] && !reads_changed(n, changed))
            continue;
        for (int k = 0; k < n->n_out; k++) {
            changed[n->out[k]->id] = true;
            trial.value[n->out[k]->id] = NULL;
        }
        evaluate(&trial, n, changes[i]);
    }
    double relative = compare_values(&s->reference, interp_values(&trial, s->target)).relative;
    for (size_t i = 0; i < n_ids; i++)
        if (changed[i])
            free(trial.value[i]);
    free(trial.value);
    free(changed);
    return relative;
}

/* ---- Suspects ---- */

typedef struct Best { /* the change that comes closest */
    double relative;
    int n_layers;
    const Node *layer; /* the first that is changed */
    const char *text;
} Best;

/* The k-th change of one suspect in cone[from..to): false when it has none. */
static bool try_suspect(Search *s, const Suspect *u, int k, int from, int to, Best *best)
{
    Change **changes = ARENA_ARRAY(s->c->a, s->n_cone, Change *), *first = NULL;
    int n_layers = 0;
    for (int i = from; i < to; i++) {
        Change c = { .node = *s->cone[i] };
        if (!u->change(s->it, s->cone[i], k, &c))
            continue;
        changes[i] = ARENA_NEW(s->c->a, Change);
        *changes[i] = c;
        first = first ? first : changes[i];
        n_layers++;
    }
    if (!first)
        return false;
    double relative = try_changes(s, changes);
    if (relative < best->relative)
        *best = (Best){ relative, n_layers, &first->node, first->text };
    for (int i = from; i < to; i++)
        if (changes[i])
            free(changes[i]->input);
    return true;
}

static bool suspect_is_it(Search *s, const Suspect *u, int from, int to, Finding *out)
{
    Best best = { INFINITY, 0, NULL, NULL };
    for (int k = 0; try_suspect(s, u, k, from, to, &best); k++)
        continue;
    if (!(best.relative <= s->row->bound))
        return false;
    const char *where = best.n_layers == 1 ? "" : arena_printf(s->c->a, ", in %d layers, the first of them named below", best.n_layers);
    *out = (Finding){ u->kind, best.layer->path, best.layer->loc,
                      arena_printf(s->c->a, "%s%s; with that the difference is %.2g", best.text, where, best.relative) };
    return true;
}

static bool some_suspect_is_it(Search *s, Finding *out)
{
    for (int i = 0; i < n_suspects; i++)
        if (suspect_is_it(s, &suspects[i], 0, s->n_cone, out))
            return true;
    for (int k = s->n_cone - 1; k >= 0 && s->n_cone > 1 && s->n_cone <= MOST_SINGLES; k--)
        for (int i = 0; i < n_suspects; i++)
            if (suspect_is_it(s, &suspects[i], k, k + 1, out))
                return true;
    return false;
}

/* ---- What no change explains ---- */

/* Of the channels that were compared, how many differ; *first is the first that does. */
static int channels_that_differ(Search *s, int *compared, int *first)
{
    const Shape *shape = &s->target->shape;
    int64_t pixels = s->reference.elems / shape->dim[0];
    char *state = arena_alloc(s->c->a, (size_t)shape->dim[0]); /* 1 compared, 2 differs */
    const double *ours = interp_values(s->it, s->target);
    for (int64_t i = 0; i < s->reference.n; i++) {
        int64_t at = sample_position(&s->reference, i), channel = at % s->reference.elems / pixels;
        double d = fabs(ours[at] - s->reference.value[i]);
        bool equal = d <= s->row->bound * (1 + fabs(s->reference.value[i]));
        state[channel] = state[channel] == 2 || !equal ? 2 : 1;
    }
    int differ = 0;
    for (int k = shape->dim[0] - 1; k >= 0; k--) {
        *compared += state[k] != 0;
        differ += state[k] == 2;
        *first = state[k] == 2 ? k : *first;
    }
    return differ;
}

static const Node *only_layer_with_weights(const Search *s)
{
    const Node *found = NULL;
    for (int i = 0; i < s->n_cone; i++)
        for (int k = 0; k < s->cone[i]->n_in; k++)
            if (s->cone[i]->in[k]->kind == TENSOR_WEIGHT) {
                if (found && found != s->cone[i])
                    return NULL;
                found = s->cone[i];
            }
    return found;
}

static void describe(Search *s, Finding *out)
{
    Arena *a = s->c->a;
    int compared = 0, first = 0, differ = channels_that_differ(s, &compared, &first);
    const char *where = arena_printf(a, "%d of the %d channels compared differ, the first is channel %d", differ, compared, first);
    const Node *layer = only_layer_with_weights(s);
    if (layer)
        *out = (Finding){ "weights", layer->path, layer->loc,
                          arena_printf(a, "what it reads agrees and no other suspect explains it, so its weights differ; %s", where) };
    else
        *out = (Finding){ "unexplained", s->target->def->path, s->target->def->loc,
                          arena_printf(a, "none of the usual suspects explains it, tried in %d layers; %s", s->n_cone, where) };
}

/* ---- Shapes ---- */

static const Node *window_of_shape(const Tensor *t)
{
    const Node *n = t->def;
    while (n && n->op != OP_MAXPOOL && n->op != OP_AVGPOOL && n->op != OP_CONV)
        n = n->in[0]->def;
    return n;
}

static bool has_dimension(const TensorEntry *e, int size)
{
    for (int i = 0; i < e->rank; i++)
        if (e->shape[i] == (uint64_t)size)
            return true;
    return false;
}

/* The size of the reference is that of the other rounding. */
static void explain_shape(Certify *c, const CertifyRow *row, Finding *out)
{
    const Node *n = window_of_shape(row->array->tensor);
    *out = (Finding){ "shape", row->array->tensor->def ? row->array->tensor->def->path : NULL, row->array->tensor->loc,
                      "the shapes differ, and no rounding of a pool explains it" };
    if (!n || row->array->sampled)
        return;
    const Window *w = &n->window;
    const int *d = n->in[0]->shape.dim;
    int h = op_window_size(d[1], w->top, w->bottom, w->kh, w->sh, !n->ceil);
    int width = op_window_size(d[2], w->left, w->right, w->kw, w->sw, !n->ceil);
    bool other = h != n->out[0]->shape.dim[1] || width != n->out[0]->shape.dim[2];
    if (!other || !has_dimension(row->array->entry, h) || !has_dimension(row->array->entry, width))
        return;
    const char *theirs = n->ceil ? "down" : "up", *own = n->ceil ? "up" : "down", *word = n->ceil ? "floor" : "ceil";
    *out = (Finding){ "rounding", n->path, n->loc,
                      arena_printf(c->a, "the reference rounds the size %s, to %dx%d; this layer rounds it %s (write `%s`)", theirs, h,
                                   width, own, word) };
}

RtStatus suspects_try(Certify *c, const CertifyRow *row, Finding *out)
{
    if (!row->fits) {
        explain_shape(c, row, out);
        return RT_OK;
    }
    Search s = { .c = c, .row = row, .target = row->array->tensor };
    if (!s.target->def) {
        *out = (Finding){ "input", NULL, { 0 }, "it is not computed: the input or a weight differs from the reference's" };
        return RT_OK;
    }
    s.in_cone = ARENA_ARRAY(c->a, c->g->next_id + 1, bool);
    RtStatus status = certify_sample(c, row, &s.reference);
    if (status == RT_OK)
        status = evaluate_cone(&s);
    if (status == RT_OK && !some_suspect_is_it(&s, out))
        describe(&s, out);
    if (s.it)
        interp_release(s.it);
    free((void *)s.reference.value);
    return status;
}

#include "load_plan.h"
#include "../structure.h"
#include <stdlib.h>
#include <string.h>

enum { DIMS_SHOWN = 8, SUGGESTED = 20 };

typedef struct Matcher {
    Arena *a;
    LoadPlan *plan;
    const LoadOptions *o;
    bool *rule_used;
    LoadRow **by_name; /* sorted */
} Matcher;

static void problem(Matcher *m, const char *text) { LIST_PUSH(m->a, &m->plan->problems, text); }

/* ---- Rows ---- */

static int compare_rows(const void *x, const void *y)
{
    return strcmp((*(LoadRow *const *)x)->weight->name, (*(LoadRow *const *)y)->weight->name);
}

static void make_rows(Matcher *m)
{
    LoadPlan *p = m->plan;
    Tensor **w;
    int n = graph_weights(p->graph, &w);
    bool *needed = ARENA_ARRAY(m->a, p->graph->next_id + 1, bool);
    graph_mark_needed(p->graph, p->graph->output, needed);
    p->rows = ARENA_ARRAY(m->a, n + 1, LoadRow);
    m->by_name = ARENA_ARRAY(m->a, n + 1, LoadRow *);
    for (int i = 0; i < n; i++)
        if (!m->o->inference || needed[w[i]->id])
            p->rows[p->n++].weight = w[i];
    for (int i = 0; i < p->n; i++)
        m->by_name[i] = &p->rows[i];
    qsort(m->by_name, (size_t)p->n, sizeof *m->by_name, compare_rows);
}

static LoadRow *find_row(const Matcher *m, const char *name)
{
    int low = 0, high = m->plan->n;
    while (low < high) {
        int mid = (low + high) / 2, order = strcmp(name, m->by_name[mid]->weight->name);
        if (order == 0)
            return m->by_name[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* ---- Shapes ---- */

/* What our shape looks like in the layout; rank 0: the layout does not fit it. */
static int foreign_shape(const Shape *s, const Layout *l, const TensorEntry *e, uint64_t *out)
{
    uint64_t o = (uint64_t)s->dim[0] + (uint64_t)l->skip, i = s->rank > 1 ? (uint64_t)s->dim[1] : 1;
    uint64_t kh = s->rank > 2 ? (uint64_t)s->dim[2] : 1, kw = s->rank > 3 ? (uint64_t)s->dim[3] : 1;
    switch (l->kind) {
    case LAYOUT_OWN:
        for (int k = 0; k < s->rank; k++)
            out[k] = (uint64_t)s->dim[k] + (k == 0 ? (uint64_t)l->skip : 0);
        return s->rank;
    case LAYOUT_HWIO: out[0] = kh, out[1] = kw, out[2] = i, out[3] = o; return s->rank > 1 ? 4 : 0;
    case LAYOUT_HWIM: /* the number of inputs is the file's own */
        out[0] = kh, out[1] = kw, out[2] = e->rank == 4 ? e->shape[2] : 1, out[3] = out[2] ? o / out[2] : 0;
        return s->rank == 4 && i == 1 && out[2] * out[3] == o ? 4 : 0;
    case LAYOUT_IO: out[0] = i, out[1] = o; break;
    case LAYOUT_OI: out[0] = o, out[1] = i; break;
    }
    bool fits = !l->h || (uint64_t)l->h * (uint64_t)l->w * (uint64_t)l->c == i;
    return s->rank == 2 && fits ? 2 : 0;
}

/* Equal but for dimensions of 1 at the end: a fully connected layer and a 1x1 convolution. */
static bool fits(const uint64_t *x, int nx, const uint64_t *y, int ny)
{
    for (int i = 0; i < nx || i < ny; i++)
        if ((i < nx ? x[i] : 1) != (i < ny ? y[i] : 1))
            return false;
    return nx > 0 || ny == 0;
}

static const char *shape_of_entry(Arena *a, const TensorEntry *e)
{
    const char *text = e->rank ? "" : "a scalar";
    for (int i = 0; i < e->rank && i < DIMS_SHOWN; i++)
        text = arena_printf(a, "%s%s%llu", text, i ? "x" : "", (unsigned long long)e->shape[i]);
    return e->rank > DIMS_SHOWN ? arena_printf(a, "%sx...", text) : text;
}

static const char *layout_note(const Layout *l)
{
    static const char *const names[] = { "", " (as hwio)", " (as hwim)", " (as io)", " (as oi)" };
    return names[l->kind];
}

/* ---- Tensors of the files ---- */

static void ignore(Matcher *m, const TensorFile *f, const TensorEntry *e, const char *own, const char *why)
{
    LoadIgnored x = { f, e, own, why };
    LIST_PUSH(m->a, &m->plan->ignored, x);
}

static const char *place_of(Arena *a, const Tensor *w)
{
    return w->loc.line ? arena_printf(a, " (%s:%d)", diag_file_name(w->loc.file), w->loc.line) : "";
}

static bool meta_number(const TensorFile *f, const char *key, double *out)
{
    const char *text = tensor_file_meta(f, key);
    char *end = NULL;
    if (text)
        *out = strtod(text, &end);
    return text && end != text && *end == '\0';
}

static void accept(Matcher *m, LoadRow *row, const TensorFile *f, const TensorEntry *e, const Layout *l)
{
    row->file = f, row->entry = e, row->layout = *l;
    row->scaled = meta_number(f, arena_printf(m->a, "%s.scale", e->name), &row->scale);
    meta_number(f, arena_printf(m->a, "%s.zero_point", e->name), &row->zero_point);
    m->plan->n_matched++;
}

static void take(Matcher *m, LoadRow *row, const TensorFile *f, const TensorEntry *e, const char *own, const Layout *l)
{
    uint64_t want[4];
    int rank = foreign_shape(&row->weight->shape, l, e, want);
    const char *have = shape_of_entry(m->a, e), *need = shape_text(m->a, &row->weight->shape);
    if (row->weight->fresh) {
        ignore(m, f, e, own, "excepted by the netdef");
    } else if (row->entry) {
        problem(m, arena_printf(m->a, "%s: tensors '%s' and '%s' are both '%s' of %s", f->path, row->entry->name, e->name, own,
                                m->plan->graph->name));
    } else if (fits(want, rank, e->shape, e->rank)) {
        accept(m, row, f, e, l);
    } else if (m->o->partial) {
        row->why = arena_printf(m->a, "the file has %s", have);
        ignore(m, f, e, own, arena_printf(m->a, "the network has %s", need));
    } else {
        row->why = "";
        problem(m, arena_printf(m->a, "%s: byte %llu: tensor '%s' is %s%s, but %s needs '%s' as %s%s", f->path,
                                (unsigned long long)e->at, e->name, have, layout_note(l), m->plan->graph->name, own, need,
                                place_of(m->a, row->weight)));
    }
}

static bool counts_batches(const char *name)
{
    return text_ends_with(name, ".num_batches_tracked");
}

/* A weight of the graph that was not asked for: an auxiliary head. */
static bool only_training(const Matcher *m, const char *own)
{
    const Tensor *t = graph_find(m->plan->graph, own);
    return t && t->kind == TENSOR_WEIGHT;
}

static void left_over(Matcher *m, const TensorFile *f, const TensorEntry *e, const char *own)
{
    if (m->o->inference && only_training(m, own)) {
        ignore(m, f, e, own, "only training needs it");
        return;
    }
    if (m->o->partial) {
        ignore(m, f, e, own, "the network has no such weight");
        return;
    }
    Nearest near;
    nearest_start(&near, own);
    for (int i = 0; i < m->plan->n && m->plan->problems.n < SUGGESTED; i++) /* the others are not shown */
        nearest_try(&near, m->plan->rows[i].weight->name);
    const char *best = nearest_result(&near), *called = strcmp(own, e->name) ? arena_printf(m->a, " ('%s' by the map)", own) : "";
    problem(m, arena_printf(m->a, "%s: byte %llu: tensor '%s'%s, %s, is no weight of %s%s", f->path, (unsigned long long)e->at, e->name,
                            called, shape_of_entry(m->a, e), m->plan->graph->name,
                            best ? arena_printf(m->a, "; did you mean '%s'?", best) : ""));
}

static void match_entry(Matcher *m, const TensorFile *f, const TensorEntry *e)
{
    const char *own = e->name;
    Layout layout = { 0 };
    const NameRule *rule = m->o->map ? names_apply(m->a, m->o->map, e->name, &own) : NULL;
    if (rule) {
        m->rule_used[rule - m->o->map->rules.at] = true;
        layout = rule->layout;
    }
    LoadRow *row = own ? find_row(m, own) : NULL;
    if (!own)
        ignore(m, f, e, "-", "the map leaves it out");
    else if (row)
        take(m, row, f, e, own, &layout);
    else if (counts_batches(own))
        ignore(m, f, e, own, "counts batches");
    else
        left_over(m, f, e, own);
}

/* ---- What is missing ---- */

/* The weight of the same layer with another role, which is loaded. */
static bool sibling_loaded(const Matcher *m, const Tensor *gamma, WeightRole role)
{
    const Node *n = gamma->users.n ? gamma->users.at[0] : NULL;
    for (int k = 0; n && k < n->n_in; k++) {
        const LoadRow *row = n->in[k]->kind == TENSOR_WEIGHT && n->in[k]->role == role ? find_row(m, n->in[k]->name) : NULL;
        if (row)
            return row->entry != NULL;
    }
    return false;
}

static void missing(Matcher *m, LoadRow *row)
{
    const Tensor *w = row->weight;
    if (w->fresh) {
        row->why = "excepted by the netdef";
    } else if (w->role == ROLE_GAMMA && sibling_loaded(m, w, ROLE_BETA)) {
        row->why = "the file's batch norms have no gamma: ones";
        row->ones = true;
    } else if (m->o->partial) {
        row->why = "not in the file";
    } else {
        problem(m, arena_printf(m->a, "%s: there is no tensor '%s', which %s needs as %s%s", m->o->files[0].path, w->name,
                                m->plan->graph->name, shape_text(m->a, &w->shape), place_of(m->a, w)));
    }
}

static void check_rules(Matcher *m)
{
    for (int i = 0; m->o->map && !m->o->partial && i < m->o->map->rules.n; i++)
        if (!m->rule_used[i] && m->o->map->rules.at[i].own)
            problem(m, arena_printf(m->a, "%s:%d: this rule matches no tensor of the file", m->o->map->path, m->o->map->rules.at[i].line));
}

/* A map that knows the epsilon of its source's batch norms. */
static void check_eps(Matcher *m)
{
    const Graph *g = m->plan->graph;
    double want = m->o->map ? m->o->map->eps : 0;
    for (int i = 0; want > 0 && i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        double ratio = n->op == OP_BATCHNORM && !n->dead ? n->eps / want : 1;
        if (ratio > 0.999999 && ratio < 1.000001)
            continue;
        problem(m, arena_printf(m->a, "%s: the source's batch norms have epsilon %g, but '%s' of %s has %g (%s:%d)", m->o->map->path, want,
                                n->path, g->name, n->eps, diag_file_name(n->loc.file), n->loc.line));
        return;
    }
}

LoadPlan load_plan(Graph *g, const LoadOptions *o)
{
    LoadPlan p = { .graph = g, .layers = structure_text(g), .structure = structure_hash_text(g->arena, structure_hash(g)) };
    Matcher m = { g->arena, &p, o, ARENA_ARRAY(g->arena, o->map ? o->map->rules.n + 1 : 1, bool), NULL };
    make_rows(&m);
    for (int i = 0; i < o->n_files; i++)
        for (int k = 0; k < o->files[i].n_entries; k++)
            match_entry(&m, &o->files[i], &o->files[i].entries[k]);
    for (int i = 0; i < p.n; i++)
        if (!p.rows[i].entry && !p.rows[i].why)
            missing(&m, &p.rows[i]);
    check_rules(&m);
    check_eps(&m);
    return p;
}

/* ---- Values ---- */

/* The place in the file of our element (o, i, y, x) of a weight with dimensions d. */
static size_t foreign_index(const Layout *l, const size_t d[4], size_t n_out, size_t o, size_t i, size_t y, size_t x)
{
    size_t h = (size_t)l->h, w = (size_t)l->w, c = (size_t)l->c, m;
    if (l->h) /* ours: channel, row, column; theirs: row, column, channel */
        i = (i / w % h * w + i % w) * c + i / (h * w);
    switch (l->kind) {
    case LAYOUT_HWIO: return ((y * d[3] + x) * d[1] + i) * n_out + o + (size_t)l->skip;
    case LAYOUT_HWIM: return (y * d[3] + x) * n_out + o; /* o = input * m + which, as in the file */
    case LAYOUT_IO: return i * n_out + o + (size_t)l->skip;
    case LAYOUT_OWN:
    case LAYOUT_OI: break;
    }
    m = d[1] * d[2] * d[3];
    return (o + (size_t)l->skip) * m + (i * d[2] + y) * d[3] + x;
}

/* foreign[...] to ours[k], k in our order, or back. */
static void permute(const Shape *s, const Layout *l, float *foreign, float *ours, bool back)
{
    size_t d[4] = { 1, 1, 1, 1 };
    for (int k = 0; k < s->rank; k++)
        d[k] = (size_t)s->dim[k];
    for (size_t o = 0; o < d[0]; o++)
        for (size_t i = 0; i < d[1]; i++)
            for (size_t y = 0; y < d[2]; y++)
                for (size_t x = 0; x < d[3]; x++, ours++) {
                    float *at = &foreign[foreign_index(l, d, d[0] + (size_t)l->skip, o, i, y, x)];
                    *(back ? at : ours) = *(back ? ours : at);
                }
}

int load_to_foreign(const Shape *s, const Layout *l, const float *values, float *out, uint64_t *shape)
{
    TensorEntry none = { 0 };
    permute(s, l, out, (float *)values, true);
    return foreign_shape(s, l, &none, shape);
}

static RtStatus unpermuted(const LoadRow *row, float *out, RtError *err)
{
    RtStatus s = tensor_entry_to_f32(row->file, row->entry, out, err);
    for (uint64_t i = 0; row->scaled && s == RT_OK && i < row->entry->count; i++)
        out[i] = (float)(row->scale * (out[i] - row->zero_point));
    return s;
}

bool load_in_place(const LoadRow *r)
{
    return r->entry && r->entry->dtype == SAFETENSORS_F32 && !r->entry->stride && r->layout.kind == LAYOUT_OWN && !r->layout.skip &&
           !r->scaled;
}

RtStatus load_values(const LoadRow *row, float *out, RtError *err)
{
    if (row->ones) {
        for (int64_t i = 0; i < shape_elems(&row->weight->shape); i++)
            out[i] = 1;
        return RT_OK;
    }
    if (row->layout.kind == LAYOUT_OWN && !row->layout.skip)
        return unpermuted(row, out, err);
    float *values = malloc((row->entry->count + 1) * sizeof *values);
    if (!values)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for tensor '%s'", row->file->path, row->entry->name);
    RtStatus s = unpermuted(row, values, err);
    if (s == RT_OK)
        permute(&row->weight->shape, &row->layout, values, out, false);
    free(values);
    return s;
}

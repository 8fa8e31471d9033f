#include "layers.h"
#include "../layer_nodes.h"
#include <math.h>
#include <string.h>

/* ---- Receptive fields ---- */

static const double MOST_PIXELS = 1e15; /* strides of 2^20 in a row grow without end */

static void widen(double *size, double *step, int k, int stride)
{
    *size = fmin(*size + (k - 1) * *step, MOST_PIXELS);
    *step = fmin(*step * stride, MOST_PIXELS);
}

/* The widest window of an adaptive pool: torch's go from floor(i * in / out) to ceil((i + 1) * in / out). */
static int widest_window(int in, int out)
{
    int most = 1;
    for (int64_t i = 0; i < out; i++) {
        int size = (int)(((i + 1) * in + out - 1) / out - i * in / out);
        most = size > most ? size : most;
    }
    return most;
}

/* r is what the inputs see at most. */
static Receptive receptive_of(const Node *n, Receptive r)
{
    const Shape *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    int kh = 1, kw = 1, sh = 1, sw = 1;
    switch ((int)n->op) {
    case OP_CONV: case OP_MAXPOOL: case OP_AVGPOOL:
        kh = n->window.kh, kw = n->window.kw, sh = n->window.sh, sw = n->window.sw;
        break;
    case OP_ADAPTIVEAVGPOOL:
        kh = widest_window(x->dim[1], y->dim[1]), kw = widest_window(x->dim[2], y->dim[2]);
        sh = (x->dim[1] + y->dim[1] - 1) / y->dim[1], sw = (x->dim[2] + y->dim[2] - 1) / y->dim[2];
        break;
    case OP_GLOBALAVGPOOL: case OP_LINEAR: case OP_L2NORM: case OP_SOFTMAX:
        kh = x->dim[1], kw = x->dim[2];
        break;
    }
    widen(&r.h, &r.step_h, kh, sh);
    widen(&r.w, &r.step_w, kw, sw);
    return r;
}

const char *receptive_text(Arena *a, const Receptive *r)
{
    return r->h == r->w ? arena_printf(a, "%.0f", r->h) : arena_printf(a, "%.0fx%.0f", r->h, r->w);
}

/* ---- Layers ---- */

typedef struct Build {
    Arena *arena;
    Graph *g;
    Layers *l;
    bool *main;       /* by id */
    Layer **of;       /* by tensor id: the layer whose result it is */
    Receptive *seen;  /* by tensor id */
    NameTable modules; /* by path */
} Build;

static const char *kernel_text(Arena *a, const Node *n)
{
    const Window *w = &n->window;
    if (!w->kh)
        return "";
    if (w->sh != w->sw)
        return arena_printf(a, "%dx%d/%dx%d", w->kh, w->kw, w->sh, w->sw);
    return w->sh > 1 ? arena_printf(a, "%dx%d/%d", w->kh, w->kw, w->sh) : arena_printf(a, "%dx%d", w->kh, w->kw);
}

const char *layer_operation(Arena *a, const Layer *l) { return *l->kernel ? arena_printf(a, "%s %s", l->kind, l->kernel) : l->kind; }

static void count_weights(Layer *l, const Node *n)
{
    for (int i = 0; i < n->n_in; i++) {
        const Tensor *w = n->in[i];
        int64_t count = w->kind == TENSOR_WEIGHT ? shape_elems(&w->shape) : 0;
        bool statistic = w->role == ROLE_MEAN || w->role == ROLE_VAR;
        *(statistic ? &l->statistics : &l->params) += count;
        l->frozen += statistic || w->trains ? 0 : count;
    }
}

static bool is_view(const Node *n) { return n->op == OP_CONCAT || n->op == OP_DROPOUT; }

static Layer *new_layer(Build *b, const Node *first)
{
    Layer *l = ARENA_NEW(b->arena, Layer);
    const Node *last = layer_last(first), *bn = layer_batchnorm(first);
    l->path = l->name = first->path;
    l->kind = node_layer_name(first);
    l->kernel = kernel_text(b->arena, first);
    l->first = first;
    l->result = last->out[0]->name;
    l->shape = last->out[0]->shape;
    l->loc = first->loc;
    l->main = b->main[first->id];
    l->macs = node_macs(first);
    l->main_macs = l->main ? l->macs : 0;
    l->bytes = is_view(first) ? 0 : 4 * shape_elems(&l->shape);
    l->place = b->l->list.n;
    l->attrs = layer_attrs(b->arena, first);
    count_weights(l, first);
    if (bn)
        count_weights(l, bn);
    return l;
}

static void link_inputs(Build *b, Layer *l)
{
    Receptive most = { 1, 1, 1, 1 };
    for (int i = 0; i < l->first->n_in; i++) {
        const Tensor *x = l->first->in[i];
        if (x->kind == TENSOR_WEIGHT || tensor_in_load_phase(x))
            continue;
        LIST_PUSH(b->arena, &l->in, b->of[x->id]);
        Receptive r = x->def ? b->seen[x->id] : most;
        most = (Receptive){ fmax(most.h, r.h), fmax(most.w, r.w), fmax(most.step_h, r.step_h), fmax(most.step_w, r.step_w) };
    }
    l->receptive = receptive_of(l->first, most);
    const Tensor *y = layer_last(l->first)->out[0];
    b->of[y->id] = l;
    b->seen[y->id] = l->receptive;
}

/* ---- Modules ---- */

static void add_members(Build *b, Layer *module, Layer *l)
{
    l->module = module;
    l->index = module->members.n;
    LIST_PUSH(b->arena, &module->members, l);
}

/* Enters a module for every beginning of the path that a dot ends. */
static void enter_modules(Build *b, const char *path)
{
    for (const char *dot = path; (dot = strchr(dot, '.')); dot++) {
        if (name_table_find_n(&b->modules, path, (size_t)(dot - path)))
            continue;
        Layer *m = ARENA_NEW(b->arena, Layer);
        m->path = m->name = arena_strndup(b->arena, path, (size_t)(dot - path));
        m->kernel = "";
        name_table_set(b->arena, &b->modules, m->path, m);
    }
}

/* The module of a path's first n bytes, in its own module; the root where there is none. */
static Layer *module_of(Build *b, const char *path, size_t n)
{
    if (!n)
        return b->l->root;
    Layer *m = name_table_find_n(&b->modules, path, n);
    if (m->module)
        return m;
    const char *dot = memrchr(path, '.', n);
    Layer *outer = module_of(b, path, dot ? (size_t)(dot - path) : 0);
    m->name = m->path + (dot ? dot + 1 - path : 0);
    add_members(b, outer, m);
    return m;
}

/* A layer that is called as a module is its member: fc of `fc = globalavgpool -> fc 10`. */
static void place_layer(Build *b, Layer *l)
{
    size_t n = strlen(l->path);
    const char *dot = strrchr(l->path, '.');
    l->name = dot ? dot + 1 : l->path;
    bool own = name_table_find_n(&b->modules, l->path, n) != NULL;
    add_members(b, module_of(b, l->path, own ? n : dot ? (size_t)(dot - l->path) : 0), l);
}

static void sum_into(Layer *m, const Layer *l)
{
    m->params += l->params;
    m->frozen += l->frozen;
    m->statistics += l->statistics;
    m->macs += l->macs;
    m->main_macs += l->main_macs;
    m->bytes += l->bytes;
    m->main |= l->main;
    m->n_layers++;
    m->shape = l->shape;
    m->receptive = l->receptive;
    if (!m->loc.file)
        m->loc = l->loc;
}

/* ---- The whole ---- */

static void add_layers(Build *b)
{
    for (int i = 0; i < b->g->nodes.n; i++) {
        const Node *n = b->g->nodes.at[i];
        if (n->dead || node_in_load_phase(n) || !layer_begins(n))
            continue;
        Layer *l = new_layer(b, n);
        link_inputs(b, l);
        enter_modules(b, l->path);
        LIST_PUSH(b->arena, &b->l->list, l);
    }
}

Layers *layers_of(Arena *a, Graph *g)
{
    Layers *l = ARENA_NEW(a, Layers);
    int n = g->next_id + 1;
    Build b = { a, g, l, ARENA_ARRAY(a, n, bool), ARENA_ARRAY(a, n, Layer *), ARENA_ARRAY(a, n, Receptive), { 0 } };
    graph_mark_needed(g, g->output, b.main);
    graph_mark_needed(g, g->logits, b.main);
    *l = (Layers){ .arena = a, .graph = g, .root = ARENA_NEW(a, Layer), .totals = graph_totals(g) };
    *l->root = (Layer){ .path = "", .name = g->name, .kernel = "" };
    add_layers(&b);
    for (int i = 0; i < l->list.n; i++) {
        Layer *layer = l->list.at[i];
        place_layer(&b, layer);
        for (Layer *m = layer->module; m; m = m->module)
            sum_into(m, layer);
    }
    l->frozen = l->root->frozen;
    return l;
}

/* ---- A plan ---- */

/* Layers by path; a merged step is called "a+b". */
static LayerList layers_of_step(Arena *a, const NameTable *t, const Step *s)
{
    LayerList list = { 0 };
    for (const char *at = s->name, *end; *at; at = *end ? end + 1 : end) {
        end = strchrnul(at, '+');
        Layer *l = name_table_find_n(t, at, (size_t)(end - at));
        if (l)
            LIST_PUSH(a, &list, l);
    }
    return list;
}

void layers_share_step(const Layers *l, int step, double ms, double *by_place)
{
    const LayerList *list = &l->of_step[step];
    int64_t macs = 0;
    for (int i = 0; i < list->n; i++)
        macs += list->at[i]->macs;
    for (int i = 0; i < list->n; i++)
        by_place[list->at[i]->place] += macs ? ms * (double)list->at[i]->macs / (double)macs : ms / list->n;
}

/* Of layers of one path the first. */
static NameTable layers_by_path(const Layers *l)
{
    NameTable t = { 0 };
    for (int i = l->list.n - 1; i >= 0; i--)
        name_table_set(l->arena, &t, l->list.at[i]->path, l->list.at[i]);
    return t;
}

static void add_steps(Layers *l, const Plan *p, double *ms)
{
    NameTable t = layers_by_path(l);
    for (int i = 0; i < p->steps.n; i++) {
        const Step *s = p->steps.at[i];
        double step = cost_step_milliseconds(p, s);
        l->of_step[i] = layers_of_step(l->arena, &t, s);
        l->ms += step;
        layers_share_step(l, i, step, ms);
        for (int k = 0; k < l->of_step[i].n; k++)
            if (!l->of_step[i].at[k]->step || l->of_step[i].at[k]->step->kernel == KERNEL_COPY)
                l->of_step[i].at[k]->step = s;
    }
}

void layers_add_plan(Layers *l, const Plan *p)
{
    double *ms = ARENA_ARRAY(l->arena, l->list.n + 1, double);
    l->plan = p;
    l->of_step = ARENA_ARRAY(l->arena, p->steps.n + 1, LayerList);
    add_steps(l, p, ms);
    for (int i = 0; i < l->list.n; i++) {
        Layer *layer = l->list.at[i];
        const Tensor *y = graph_find(p->graph, layer->result);
        const Place *at = y && y->def && !y->def->dead ? p->places[y->id] : NULL;
        layer->buffer = at ? at->buffer : NULL;
        layer->ms = ms[i];
        for (Layer *m = layer->module; m; m = m->module)
            m->ms += ms[i];
    }
}

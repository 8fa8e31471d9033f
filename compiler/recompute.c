#include "recompute.h"
#include "plan_build.h"
#include <string.h>

/* ---- TrainModules ---- */

static bool is_conv(const Tensor *t) { return t->def && (t->def->op == OP_CONV || t->def->op == OP_LINEAR); }

int recompute_count_forward(const Graph *g)
{
    int n = 0;
    while (n < g->nodes.n && g->nodes.at[n]->op != OP_CROSSENTROPY_GRAD)
        n++;
    return n;
}

bool recompute_reads(const Node *n, int k) { return k < node_activations(n) || (n->epilogue.residual && k == n->n_in - 1); }

/* Of images, and of what this network computes in every step. */
static bool may_be_dropped(const Graph *g, const Tensor *t) { return t->def && t->shape.batched && graph_moves(g, t); }

/* Statistics are taken of it: its batch norm belongs to the same module. */
static bool is_normed(const Tensor *t)
{
    for (int i = 0; i < t->users.n; i++)
        if (t->users.at[i]->op == OP_BN_PARTS)
            return true;
    return false;
}

static double work_of(const Node *n)
{
    double macs = (double)node_macs(n), floats = 0;
    for (int k = 0; k < n->n_out; k++)
        floats += (double)shape_elems(&n->out[k]->shape);
    return macs > 0 ? macs : floats * (n->window.kh > 0 ? n->window.kh * n->window.kw : 1);
}

static bool read_by_backward(const Tensor *t, const int *position, int n_forward)
{
    for (int i = 0; i < t->users.n; i++) {
        const Node *n = t->users.at[i];
        for (int k = 0; k < n->n_in && position[n->id] >= n_forward; k++)
            if (n->in[k] == t && recompute_reads(n, k))
                return true;
    }
    return false;
}

static void note_tensor(TrainModule *m, const Tensor *t, bool stored)
{
    double floats = stored ? (double)shape_elems(&t->shape) : 0, work = t->def_index == 0 ? work_of(t->def) : 0;
    *(is_conv(t) ? &m->conv_floats : &m->floats) += floats;
    *(is_conv(t) ? &m->conv_work : &m->work) += work;
}

/* A walk over the nodes that one head of the loss adds to those of the heads before it. */
typedef struct Walk {
    Graph *g;
    TrainModules *m;
    const int *head;      /* by node id: the first head that needs it, from 1 on */
    const int *position;  /* by node id */
    int h;
    int *last;            /* by tensor id: the position of its last reader there */
    LIST(const Tensor *) live;
    TrainModule module;        /* that is being walked through */
} Walk;

static void note_last_readers(Walk *w)
{
    w->last = ARENA_ARRAY(w->g->arena, w->g->next_id + 1, int);
    for (int i = 0; i < w->m->n_forward; i++)
        for (int k = 0; k < w->g->nodes.at[i]->n_in && w->head[w->g->nodes.at[i]->id] == w->h; k++)
            w->last[w->g->nodes.at[i]->in[k]->id] = i;
}

static void enter_live(Walk *w, const Tensor *t, int i)
{
    bool there = !t->shape.batched || w->last[t->id] <= i;
    for (int k = 0; k < w->live.n && !there; k++)
        there = w->live.at[k] == t;
    if (!there)
        LIST_PUSH(w->g->arena, &w->live, t);
}

/* What has been computed and is still read behind node i. */
static void step_live(Walk *w, int i)
{
    const Node *node = w->g->nodes.at[i];
    int n = 0;
    for (int k = 0; k < w->live.n; k++)
        if (w->last[w->live.at[k]->id] > i)
            w->live.at[n++] = w->live.at[k];
    w->live.n = n;
    for (int k = 0; k < node->n_in; k++)
        enter_live(w, node->in[k], i);
    for (int k = 0; k < node->n_out; k++)
        enter_live(w, node->out[k], i);
}

static void note_outputs(Walk *w, const Node *node)
{
    for (int k = 0; k < node->n_out; k++) {
        const Tensor *t = node->out[k];
        if (!may_be_dropped(w->g, t))
            continue;
        w->m->of[t->id] = w->m->list.n;
        note_tensor(&w->module, t, read_by_backward(t, w->position, w->m->n_forward));
    }
}

static void end_module(Walk *w, const Tensor *end)
{
    w->module.end = end;
    LIST_PUSH(w->g->arena, &w->m->list, w->module);
    w->module = (TrainModule){ 0 };
}

static void walk_head(Walk *w)
{
    note_last_readers(w);
    w->live.n = 0;
    for (int i = 0; i < w->m->n_forward; i++) {
        if (w->head[w->g->nodes.at[i]->id] != w->h)
            continue;
        note_outputs(w, w->g->nodes.at[i]);
        step_live(w, i);
        const Tensor *t = w->live.n == 1 ? w->live.at[0] : NULL;
        if (t && !is_normed(t) && w->m->of[t->id] == w->m->list.n)
            end_module(w, t);
    }
    if (w->module.work + w->module.conv_work > 0)
        end_module(w, NULL);
}

/* By node id: the first head that needs it, from 1 on. */
static int *mark_heads(const Graph *g)
{
    int *head = ARENA_ARRAY(g->arena, g->next_id + 1, int);
    bool *needed = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    for (int h = 0; h < g->heads.n; h++) {
        graph_mark_needed(g, g->heads.at[h].logits, needed);
        for (int i = 0; i < g->nodes.n; i++)
            if (needed[g->nodes.at[i]->id] && !head[g->nodes.at[i]->id])
                head[g->nodes.at[i]->id] = h + 1;
    }
    return head;
}

TrainModules *recompute_modules(Graph *g)
{
    TrainModules *m = ARENA_NEW(g->arena, TrainModules);
    m->n_forward = recompute_count_forward(g);
    m->of = ARENA_ARRAY(g->arena, g->next_id + 1, int);
    int *position = ARENA_ARRAY(g->arena, g->next_id + 1, int);
    for (int i = 0; i < g->nodes.n; i++)
        position[g->nodes.at[i]->id] = i;
    for (int i = 0; i <= g->next_id; i++)
        m->of[i] = -1;
    Walk w = { .g = g, .m = m, .head = mark_heads(g), .position = position };
    for (w.h = 1; w.h <= g->heads.n; w.h++)
        walk_head(&w);
    for (int i = 0; i < g->heads.n; i++)
        m->of[g->heads.at[i].logits->id] = -1; /* the program reads them after the step */
    return m;
}

/* ---- What is kept ---- */

static bool keeps(const TrainModules *m, const Keep *keep, const Tensor *t)
{
    int i = m->of[t->id];
    switch (i < 0 ? KEEP_ALL : keep[i]) {
    case KEEP_ALL: return true;
    case KEEP_CONVS: return is_conv(t);
    case KEEP_END: return t == m->list.at[i].end;
    case KEEP_NONE: return false;
    }
    return true;
}

const Tensor *recompute_root(const Tensor *t)
{
    while (t->home)
        t = t->home;
    return t;
}

/* By tensor id.  What lives in a concat is kept with all of it or not at all. */
static bool *mark_kept(const Graph *g, const TrainModules *m, const Keep *keep)
{
    bool *kept = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    for (int i = 0; i < g->tensors.n; i++)
        if (keeps(m, keep, g->tensors.at[i]))
            kept[recompute_root(g->tensors.at[i])->id] = true;
    for (int i = 0; i < g->tensors.n; i++)
        kept[g->tensors.at[i]->id] = kept[recompute_root(g->tensors.at[i])->id];
    return kept;
}

/* ---- Twins ---- */

typedef struct Recompute {
    Graph *g;
    const bool *kept; /* by tensor id, of tensors before the pass; so is: */
    Tensor **twin;    /* null: there is none yet */
    LIST(Node *) order;
} Recompute;

static Tensor *twin_of(Recompute *r, Tensor *t);

/* Branches live in their concat's twin as they lived in the concat. */
static void settle_branches(const Node *concat, const Node *twin)
{
    for (int k = 0; k < concat->n_in; k++)
        if (concat->op == OP_CONCAT && concat->in[k]->home == concat->out[0]) {
            twin->in[k]->home = twin->out[0];
            twin->in[k]->home_channel = concat->in[k]->home_channel;
        }
}

static void compute_again(Recompute *r, const Node *n)
{
    Tensor **in = ARENA_ARRAY(r->g->arena, n->n_in, Tensor *);
    for (int k = 0; k < n->n_in; k++)
        in[k] = recompute_reads(n, k) ? twin_of(r, n->in[k]) : n->in[k];
    Node *twin = graph_again(r->g, n, in);
    settle_branches(n, twin);
    for (int k = 0; k < n->n_out; k++)
        r->twin[n->out[k]->id] = twin->out[k];
    LIST_PUSH(r->g->arena, &r->order, twin);
}

/* t itself where it is kept. */
static Tensor *twin_of(Recompute *r, Tensor *t)
{
    if (r->kept[t->id])
        return t;
    if (!r->twin[t->id])
        compute_again(r, t->def);
    return r->twin[t->id];
}

void pass_recompute(Graph *g, const TrainModules *m, const Keep *keep)
{
    Recompute r = { .g = g, .kept = mark_kept(g, m, keep), .twin = ARENA_ARRAY(g->arena, g->next_id + 1, Tensor *) };
    int n_nodes = g->nodes.n;
    for (int i = 0; i < n_nodes; i++) {
        Node *n = g->nodes.at[i];
        for (int k = 0; k < n->n_in && i >= m->n_forward; k++)
            if (recompute_reads(n, k) && m->of[n->in[k]->id] >= 0)
                graph_set_input(g, n, k, twin_of(&r, n->in[k]));
        LIST_PUSH(g->arena, &r.order, n);
    }
    memcpy(g->nodes.at, r.order.at, (size_t)r.order.n * sizeof(Node *));
    g->nodes.n = r.order.n;
    graph_verify(g, "recompute");
}

void recompute_undo(Graph *g)
{
    for (int i = g->nodes.n - 1; i >= 0; i--) {
        Node *n = g->nodes.at[i];
        for (int k = 0; k < n->n_in; k++)
            if (n->in[k]->def && n->in[k]->def->again)
                graph_set_input(g, n, k, n->in[k]->def->again->out[n->in[k]->def_index]);
        if (n->again)
            graph_remove(g, n);
    }
    graph_compact(g);
}

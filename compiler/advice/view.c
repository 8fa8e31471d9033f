#include "view.h"
#include <stdlib.h>

static bool passes_through(OpKind op) { return op == OP_RELU || op == OP_BATCHNORM || op == OP_LRN || op == OP_DROPOUT; }

const Tensor *view_source(const Tensor *t)
{
    while (t->def && passes_through(t->def->op))
        t = t->def->in[0];
    return t;
}

int view_main_users(View *v, const Tensor *t)
{
    int n = 0;
    for (int i = 0; i < t->users.n; i++)
        n += v->main[t->users.at[i]->id];
    return n;
}

double view_share(int64_t part, int64_t whole) { return whole ? 100.0 * (double)part / (double)whole : 0; }

const Layer *view_layer(View *v, const Node *n) { return n && v->layer_of[n->id] ? &v->layers.at[v->layer_of[n->id] - 1] : NULL; }

/* The batch norm and the ReLU that alone read it. */
static void follow(Layer *l)
{
    l->out = l->node->out[0];
    while (l->out->users.n == 1) {
        const Node *n = l->out->users.at[0];
        if (n->op == OP_BATCHNORM && !l->norm && !l->activation)
            l->norm = true;
        else if (n->op == OP_RELU && !l->activation)
            l->activation = true;
        else
            return;
        l->out = n->out[0];
    }
}

static Layer layer_new(View *v, const Node *n)
{
    const Shape *w = &n->in[1]->shape, *x = &n->in[0]->shape, *y = &n->out[0]->shape;
    bool conv = n->op == OP_CONV;
    Layer l = { .node = n, .ci = x->dim[0], .co = y->dim[0], .kh = conv ? w->dim[2] : 1, .kw = conv ? w->dim[3] : 1,
                .h = y->dim[1], .w = y->dim[2], .macs = node_macs(n), .params = node_params(n), .main = v->main[n->id] };
    follow(&l);
    return l;
}

static bool *main_marks(Arena *a, const Graph *g)
{
    bool *marks = ARENA_ARRAY(a, g->next_id + 1, bool);
    graph_mark_needed(g, g->output, marks);
    return marks;
}

static bool keeps_output(OpKind op)
{
    return op == OP_CONV || op == OP_LINEAR || op == OP_MAXPOOL || op == OP_AVGPOOL || op == OP_GLOBALAVGPOOL || op == OP_ADAPTIVEAVGPOOL;
}

int64_t view_activations(Arena *a, const Graph *g)
{
    bool *marks = main_marks(a, g);
    int64_t sum = 0;
    for (int i = 0; i < g->nodes.n; i++)
        if (marks[g->nodes.at[i]->id] && keeps_output(g->nodes.at[i]->op))
            sum += shape_elems(&g->nodes.at[i]->out[0]->shape);
    return sum;
}

bool view_same(Loc a, Loc b)
{
    return a.file == b.file && a.line == b.line && a.col == b.col && a.end_line == b.end_line && a.end_col == b.end_col;
}

static int by_loc(const void *a, const void *b)
{
    const Node *x = *(Node *const *)a, *y = *(Node *const *)b;
    const int u[] = { x->loc.file, x->loc.line, x->loc.col, x->loc.end_line, x->loc.end_col, x->id };
    const int w[] = { y->loc.file, y->loc.line, y->loc.col, y->loc.end_line, y->loc.end_col, y->id };
    for (int i = 0; i < 6; i++)
        if (u[i] != w[i])
            return u[i] < w[i] ? -1 : 1;
    return 0;
}

/* Numbers the places of the text, and counts at each the nodes of its first one's operator: the layers, without their norms. */
static void number_texts(View *v)
{
    const Graph *g = v->g;
    Node **sorted = ARENA_ARRAY(v->arena, g->nodes.n + 1, Node *);
    for (int i = 0; i < g->nodes.n; i++)
        sorted[i] = g->nodes.at[i];
    qsort(sorted, (size_t)g->nodes.n, sizeof *sorted, by_loc);
    int text = 0, first = 0;
    for (int i = 0; i < g->nodes.n; i++) {
        if (i > 0 && !view_same(sorted[i]->loc, sorted[i - 1]->loc)) {
            text++;
            first = i;
        }
        v->text_of[sorted[i]->id] = text;
        v->instances[text] += sorted[i]->op == sorted[first]->op;
    }
}

static void make_tables(View *v)
{
    int n = v->g->next_id + 1;
    v->layer_of = ARENA_ARRAY(v->arena, n, int);
    v->position = ARENA_ARRAY(v->arena, n, int);
    v->text_of = ARENA_ARRAY(v->arena, n, int);
    v->instances = ARENA_ARRAY(v->arena, v->g->nodes.n + 1, int);
    v->scratch = ARENA_ARRAY(v->arena, n, struct Scratch);
    v->found = ARENA_ARRAY(v->arena, v->g->nodes.n + 1, struct Found);
    for (int i = 0; i < v->g->nodes.n; i++)
        v->position[v->g->nodes.at[i]->id] = i;
    number_texts(v);
}

View *view_new(Arena *a, const Graph *g)
{
    View *v = ARENA_NEW(a, View);
    v->arena = a;
    v->g = g;
    v->totals = graph_totals(g);
    v->main = main_marks(a, g);
    v->activations = view_activations(a, g);
    make_tables(v);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->op != OP_CONV && n->op != OP_LINEAR)
            continue;
        Layer l = layer_new(v, n);
        LIST_PUSH(a, &v->layers, l);
        v->layer_of[n->id] = v->layers.n;
    }
    return v;
}

static int *ahead_of(View *v, const Tensor *t)
{
    struct Scratch *s = &v->scratch[t->id];
    if (s->walk != v->walk)
        *s = (struct Scratch){ 0, v->walk };
    return &s->ahead;
}

/* How many of n's inputs were open and are read to their end now; *reads: whether any was open. */
static int closed_by(View *v, const Node *n, bool *reads)
{
    int closed = 0;
    *reads = false;
    for (int k = 0; v->main[n->id] && k < n->n_in; k++) {
        int *ahead = ahead_of(v, n->in[k]);
        if (*ahead > 0) {
            *reads = true;
            closed += --*ahead == 0;
        }
    }
    return closed;
}

/* Walks the nodes behind t and counts the tensors that still have readers ahead: where one is left, all flow has met. */
static const Tensor *meeting(View *v, const Tensor *t)
{
    int open = 1;
    v->walk++;
    *ahead_of(v, t) = view_main_users(v, t);
    for (int i = t->def ? v->position[t->def->id] + 1 : 0; i < v->g->nodes.n && open > 0; i++) {
        const Node *n = v->g->nodes.at[i];
        bool reads;
        open -= closed_by(v, n, &reads);
        if (!reads)
            continue;
        int users = view_main_users(v, n->out[0]);
        *ahead_of(v, n->out[0]) = users;
        open += users > 0;
        if (open == 1 && users > 0)
            return n->out[0];
    }
    return NULL;
}

const Tensor *view_join(View *v, const Tensor *t)
{
    do
        t = meeting(v, t);
    while (t && passes_through(t->def->op));
    return t;
}

const Tensor *view_branch_end(View *v, const Node *n)
{
    if (n->op != OP_ADD || n->n_in != 2 || !v->main[n->id])
        return NULL;
    for (int k = 0; k < 2; k++) /* the input that others read too is what the branch began with */
        if (view_main_users(v, n->in[k]) > 1 && view_main_users(v, n->in[1 - k]) == 1)
            return n->in[1 - k];
    return NULL;
}

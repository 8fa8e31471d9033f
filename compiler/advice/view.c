#include "view.h"

static bool passes_through(OpKind op) { return op == OP_RELU || op == OP_BATCHNORM || op == OP_LRN || op == OP_DROPOUT; }

const Tensor *view_source(const Tensor *t)
{
    while (t->def && passes_through(t->def->op))
        t = t->def->in[0];
    return t;
}

int view_main_users(const View *v, const Tensor *t)
{
    int n = 0;
    for (int i = 0; i < t->users.n; i++)
        n += v->main[t->users.at[i]->id];
    return n;
}

double view_share(int64_t part, int64_t whole) { return whole ? 100.0 * (double)part / (double)whole : 0; }

const Layer *view_layer(const View *v, const Node *n) { return n && v->layer_of[n->id] ? &v->layers.at[v->layer_of[n->id] - 1] : NULL; }

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

static Layer layer_new(const View *v, const Node *n)
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

View *view_new(Arena *a, const Graph *g)
{
    View *v = ARENA_NEW(a, View);
    v->arena = a;
    v->g = g;
    v->totals = graph_totals(g);
    v->main = main_marks(a, g);
    v->activations = view_activations(a, g);
    v->layer_of = ARENA_ARRAY(a, g->next_id + 1, int);
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

/* Walks the nodes behind t and counts the tensors that still have readers ahead: where one is left, all flow has met. */
static const Tensor *meeting(const View *v, const Tensor *t)
{
    const Graph *g = v->g;
    int *ahead = ARENA_ARRAY(v->arena, g->next_id + 1, int), open = 1;
    ahead[t->id] = view_main_users(v, t);
    int first = 0; /* nodes before t's own cannot read it */
    while (t->def && g->nodes.at[first] != t->def)
        first++;
    for (int i = first; i < g->nodes.n && open > 0; i++) {
        const Node *n = g->nodes.at[i];
        bool reads = false;
        for (int k = 0; v->main[n->id] && k < n->n_in; k++)
            if (ahead[n->in[k]->id] > 0) {
                reads = true;
                open -= --ahead[n->in[k]->id] == 0;
            }
        if (!reads)
            continue;
        ahead[n->out[0]->id] = view_main_users(v, n->out[0]);
        open += ahead[n->out[0]->id] > 0;
        if (open == 1 && ahead[n->out[0]->id] > 0)
            return n->out[0];
    }
    return NULL;
}

const Tensor *view_join(const View *v, const Tensor *t)
{
    do
        t = meeting(v, t);
    while (t && passes_through(t->def->op));
    return t;
}

const Tensor *view_branch_end(const View *v, const Node *n)
{
    if (n->op != OP_ADD || n->n_in != 2 || !v->main[n->id])
        return NULL;
    for (int k = 0; k < 2; k++) /* the input that others read too is what the branch began with */
        if (view_main_users(v, n->in[k]) > 1 && view_main_users(v, n->in[1 - k]) == 1)
            return n->in[1 - k];
    return NULL;
}

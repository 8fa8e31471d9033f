/* Building and editing. Totals are in graph_totals.c, the rules in graph_verify.c. */
#include "graph.h"
#include "ops/ops.h"
#include <string.h>

const char *const init_names[N_INITS] = {
    [INIT_CONSTANT] = "constant", [INIT_XAVIER] = "xavier", [INIT_GLOROT] = "glorot", [INIT_HE] = "he", [INIT_NORMAL] = "normal",
    [INIT_TRUNC_NORMAL] = "trunc", [INIT_TORCH] = "torch",
};

/* ---- Names ---- */

Tensor *graph_find(const Graph *g, const char *name) { return name_table_find(&g->names, name); }

static const char *unique_name(Graph *g, const char *name)
{
    const char *out = name;
    for (int k = 2; graph_find(g, out); k++)
        out = arena_printf(g->arena, "%s_%d", name, k);
    return out;
}

/* ---- Shapes ---- */

Shape shape_chw(int c, int h, int w) { return (Shape){ 3, true, { c, h, w, 0 } }; }

Shape shape_weights(int rank, const int *dim)
{
    Shape s = { rank, false, { 0 } };
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    return s;
}

int64_t shape_elems(const Shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        if (__builtin_mul_overflow(n, (int64_t)s->dim[i], &n) || n > (int64_t)1 << 62)
            return -1;
    return n;
}

bool shape_equal(const Shape *a, const Shape *b)
{
    return a->rank == b->rank && a->batched == b->batched && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

const char *shape_text(Arena *a, const Shape *s)
{
    const char *text = arena_printf(a, "%d", s->dim[0]);
    for (int i = 1; i < s->rank; i++)
        text = arena_printf(a, "%sx%d", text, s->dim[i]);
    return text;
}

/* ---- Building ---- */

Graph *graph_new(Arena *a, const char *name)
{
    Graph *g = ARENA_NEW(a, Graph);
    g->arena = a;
    g->name = name;
    return g;
}

static Tensor *new_tensor(Graph *g, TensorKind kind, const char *name, Shape shape, Loc loc)
{
    Tensor *t = ARENA_NEW(g->arena, Tensor);
    t->id = g->next_id++;
    t->kind = kind;
    t->name = unique_name(g, name);
    t->shape = shape;
    t->loc = loc;
    LIST_PUSH(g->arena, &g->tensors, t);
    name_table_set(g->arena, &g->names, t->name, t);
    return t;
}

Tensor *graph_input(Graph *g, const char *name, int c, int h, int w, Loc loc)
{
    return g->input = new_tensor(g, TENSOR_INPUT, name, shape_chw(c, h, w), loc);
}

Tensor *graph_weight(Graph *g, const char *name, WeightRole role, Shape shape, Init init, Loc loc)
{
    Tensor *t = new_tensor(g, TENSOR_WEIGHT, name, shape, loc);
    t->role = role;
    t->init = init;
    t->trains = role != ROLE_MEAN && role != ROLE_VAR;
    return t;
}

static void add_user(Graph *g, Tensor *t, Node *n) { LIST_PUSH(g->arena, &t->users, n); }

static void drop_user(Tensor *t, const Node *n)
{
    for (int i = 0; i < t->users.n; i++)
        if (t->users.at[i] == n) {
            t->users.at[i] = t->users.at[--t->users.n];
            return;
        }
    ICE("'%s' does not know its user", t->name);
}

Node *graph_node(Graph *g, OpKind op, const char *path, Tensor *const *in, int n_in, int n_out, Loc loc)
{
    Node *n = ARENA_NEW(g->arena, Node);
    n->id = g->next_id++;
    n->op = op;
    n->path = path;
    n->loc = loc;
    n->n_in = n_in;
    n->in = ARENA_ARRAY(g->arena, n_in ? n_in : 1, Tensor *);
    n->groups = 1;
    n->window.sh = n->window.sw = 1;
    n->epilogue.scale = 1;
    for (int i = 0; i < n_in; i++) {
        n->in[i] = in[i];
        add_user(g, in[i], n);
    }
    n->n_out = n_out;
    n->out = ARENA_ARRAY(g->arena, n_out, Tensor *);
    for (int i = 0; i < n_out; i++) {
        n->out[i] = new_tensor(g, TENSOR_RESULT, path, (Shape){ 0 }, loc);
        n->out[i]->def = n;
        n->out[i]->def_index = i;
    }
    LIST_PUSH(g->arena, &g->nodes, n);
    return n;
}

const char *graph_infer(Graph *g, Node *n) { return op_infer(g, n); }

Node *graph_again(Graph *g, const Node *n, Tensor *const *in)
{
    Node *twin = graph_node(g, n->op, arena_printf(g->arena, "%s.again", n->path), in, n->n_in, n->n_out, n->loc), own = *twin;
    *twin = *n;
    twin->id = own.id;
    twin->path = own.path;
    twin->in = own.in;
    twin->out = own.out;
    twin->again = n;
    for (int k = 0; k < n->n_out; k++) {
        twin->out[k]->shape = n->out[k]->shape;
        graph_name_output(g, twin, k, arena_printf(g->arena, "%s.again", n->out[k]->name));
    }
    return twin;
}

static void rename_tensor(Graph *g, Tensor *t, const char *name)
{
    if (graph_find(g, t->name) == t)
        name_table_set(g->arena, &g->names, t->name, NULL);
    t->name = name;
    name_table_set(g->arena, &g->names, name, t);
}

void graph_name_output(Graph *g, Node *n, int k, const char *name)
{
    if (strcmp(n->out[k]->name, name) != 0)
        rename_tensor(g, n->out[k], unique_name(g, name));
}

void graph_take_name(Graph *g, Tensor *to, Tensor *from)
{
    const char *name = from->name;
    rename_tensor(g, from, unique_name(g, to->name));
    rename_tensor(g, to, name);
}

/* ---- Edits ---- */

void graph_set_input(Graph *g, Node *n, int k, Tensor *t)
{
    drop_user(n->in[k], n);
    n->in[k] = t;
    add_user(g, t, n);
}

void graph_add_input(Graph *g, Node *n, Tensor *t)
{
    n->in = arena_grow(g->arena, n->in, (size_t)n->n_in, (size_t)n->n_in + 1, sizeof *n->in);
    n->in[n->n_in++] = t;
    add_user(g, t, n);
}

void graph_replace_uses(Graph *g, Tensor *from, Tensor *to)
{
    while (from->users.n) {
        Node *n = from->users.at[0];
        for (int k = 0; k < n->n_in; k++)
            if (n->in[k] == from)
                graph_set_input(g, n, k, to);
    }
    if (g->output == from)
        g->output = to;
    if (g->logits == from)
        g->logits = to;
    for (int i = 0; i < g->heads.n; i++)
        if (g->heads.at[i].logits == from)
            g->heads.at[i].logits = to;
    for (int i = 0; i < g->marks.n; i++)
        if (g->marks.at[i] == from)
            g->marks.at[i] = to;
}

void graph_remove(Graph *g, Node *n)
{
    (void)g;
    for (int k = 0; k < n->n_out; k++)
        if (n->out[k]->users.n)
            ICE("'%s' is removed, but read by '%s'", n->out[k]->name, n->out[k]->users.at[0]->path);
    for (int k = 0; k < n->n_in; k++)
        drop_user(n->in[k], n);
    n->dead = true;
}

/* Depth first from each node in the order of the list: inputs come before their users. The stack is
 * explicit: chains may be a hundred thousand layers long. */
typedef struct Visit {
    Node *node;
    int next;
} Visit;

static void order_from(Graph *g, Node *root, char *state, Visit *stack, Node **out, int *n_out)
{
    int top = 0;
    stack[top++] = (Visit){ root, 0 };
    state[root->id] = 1;
    while (top) {
        Visit *v = &stack[top - 1];
        if (v->next == v->node->n_in) {
            out[(*n_out)++] = v->node;
            top--;
            continue;
        }
        Node *def = v->node->in[v->next++]->def;
        if (def && !state[def->id]) {
            CHECK(!def->dead);
            state[def->id] = 1;
            stack[top++] = (Visit){ def, 0 };
        }
    }
    (void)g;
}

static void keep_live_tensors(Graph *g)
{
    int k = 0;
    for (int i = 0; i < g->tensors.n; i++) {
        Tensor *t = g->tensors.at[i];
        bool live = t->def ? !t->def->dead : t->kind != TENSOR_WEIGHT || t->users.n > 0;
        if (live)
            g->tensors.at[k++] = t;
    }
    g->tensors.n = k;
}

void graph_compact(Graph *g)
{
    int n = 0;
    char *state = ARENA_ARRAY(g->arena, g->next_id + 1, char);
    Visit *stack = ARENA_ARRAY(g->arena, g->nodes.n + 1, Visit);
    Node **out = ARENA_ARRAY(g->arena, g->nodes.n + 1, Node *);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *node = g->nodes.at[i];
        if (!node->dead && !state[node->id])
            order_from(g, node, state, stack, out, &n);
    }
    memcpy(g->nodes.at, out, (size_t)n * sizeof *out);
    g->nodes.n = n;
    keep_live_tensors(g);
}

/* ---- Phases and weights ---- */

bool tensor_in_load_phase(const Tensor *t)
{
    return t->kind == TENSOR_WEIGHT || (t->kind == TENSOR_RESULT && node_in_load_phase(t->def));
}

bool graph_moves(const Graph *g, const Tensor *t) { return g->moves && (t->id >= g->n_moves || g->moves[t->id]); }

bool node_in_load_phase(const Node *n)
{
    if (n->op == OP_ZEROS)
        return true;
    if (n->op != OP_CONCAT && n->op < OP_BN_SCALE)
        return false;
    for (int i = 0; i < n->n_in; i++)
        if (!tensor_in_load_phase(n->in[i]))
            return false;
    return n->n_in > 0;
}

static void collect_weights(Graph *g, Tensor *t, char *seen, Tensor **out, int *n)
{
    if (seen[t->id])
        return;
    seen[t->id] = 1;
    if (t->kind == TENSOR_WEIGHT) {
        out[(*n)++] = t;
        return;
    }
    if (t->def && node_in_load_phase(t->def))
        for (int i = 0; i < t->def->n_in; i++)
            collect_weights(g, t->def->in[i], seen, out, n);
}

int graph_weights(const Graph *g, Tensor ***out)
{
    Graph *m = (Graph *)g;
    char *seen = ARENA_ARRAY(m->arena, g->next_id + 1, char);
    *out = ARENA_ARRAY(m->arena, g->tensors.n + 1, Tensor *);
    int n = 0;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *node = g->nodes.at[i];
        if (!node->dead && !node_in_load_phase(node))
            for (int k = 0; k < node->n_in; k++)
                collect_weights(m, node->in[k], seen, *out, &n);
    }
    return n;
}

void graph_mark_needed(const Graph *g, const Tensor *t, bool *needed)
{
    if (!t || needed[t->id])
        return;
    const Tensor **stack = ARENA_ARRAY(g->arena, g->next_id + 1, const Tensor *); /* networks are deep */
    int top = 0;
    needed[t->id] = true;
    stack[top++] = t;
    while (top) {
        const Tensor *x = stack[--top];
        if (!x->def)
            continue;
        needed[x->def->id] = true;
        for (int i = 0; i < x->def->n_in; i++)
            if (!needed[x->def->in[i]->id]) {
                needed[x->def->in[i]->id] = true;
                stack[top++] = x->def->in[i];
            }
    }
}

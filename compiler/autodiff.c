/* Reverse-mode gradients as nodes of the same graph: walks the nodes backwards and lets each operator's rule say
 * what reaches its inputs; contributions to one tensor are added. */
#include "graph.h"
#include "ops/ops.h"

typedef struct Diff {
    Graph *g;
    Tensor **dy;  /* by tensor id: the gradient so far, null where nothing has arrived */
    bool *wanted; /* by tensor id: a weight that trains stands behind it */
} Diff;

/* A result is wanted when a wanted tensor went into it; nodes stand behind what they read. */
static void mark_wanted(Diff *d, bool want_input)
{
    for (int i = 0; i < d->g->tensors.n; i++) {
        const Tensor *t = d->g->tensors.at[i];
        d->wanted[t->id] = t->kind == TENSOR_WEIGHT ? t->trains : t == d->g->input && want_input;
    }
    for (int i = 0; i < d->g->nodes.n; i++) {
        const Node *n = d->g->nodes.at[i];
        for (int k = 0; k < n->n_in && !n->dead; k++)
            for (int o = 0; o < n->n_out; o++)
                d->wanted[n->out[o]->id] |= d->wanted[n->in[k]->id];
    }
}

static void accumulate(Diff *d, const Tensor *x, Tensor *dx)
{
    Tensor **sum = &d->dy[x->id];
    if (*sum) {
        Tensor *in[] = { *sum, dx };
        Node *add = graph_node(d->g, OP_ADD, arena_printf(d->g->arena, "%s.sum", x->name), in, 2, 1, x->loc);
        CHECK(!graph_infer(d->g, add));
        dx = add->out[0];
    }
    if (!dx->primal)
        dx->primal = (Tensor *)x;
    *sum = dx;
}

static void through(Diff *d, Node *n)
{
    Tensor *dy = d->dy[n->out[0]->id];
    if (n->dead || !dy || !d->wanted[n->out[0]->id])
        return;
    Tensor **dx = ARENA_ARRAY(d->g->arena, n->n_in, Tensor *);
    if (!op_grad(d->g, n, dy, dx))
        ICE("no gradient of '%s': there is no rule for %s", n->out[0]->name, op_name(n->op));
    for (int k = 0; k < n->n_in; k++)
        if (dx[k] && d->wanted[n->in[k]->id])
            accumulate(d, n->in[k], dx[k]);
}

/* Rules compute the gradient of every input; those that nobody asked for go again. */
static void drop_unread(Diff *d, int first)
{
    bool *keep = ARENA_ARRAY(d->g->arena, d->g->next_id + 1, bool);
    for (int i = 0; i < d->g->tensors.n; i++)
        if (d->g->tensors.at[i]->id < first && d->dy[d->g->tensors.at[i]->id])
            keep[d->dy[d->g->tensors.at[i]->id]->id] = true;
    for (int i = d->g->nodes.n - 1; i >= 0 && d->g->nodes.at[i]->id >= first; i--) {
        Node *n = d->g->nodes.at[i];
        bool read = false;
        for (int o = 0; o < n->n_out; o++)
            read |= n->out[o]->users.n || keep[n->out[o]->id];
        if (!read)
            graph_remove(d->g, n);
    }
}

static void name_gradients(Diff *d, int n_tensors)
{
    for (int i = 0; i < n_tensors; i++) {
        const Tensor *t = d->g->tensors.at[i];
        Tensor *dt = d->dy[t->id];
        if (dt && dt->def && t->kind == TENSOR_WEIGHT)
            CHECK(dt->primal == t);
        if (dt && dt->def && (t->kind == TENSOR_WEIGHT || t == d->g->input))
            graph_name_output(d->g, dt->def, dt->def_index, arena_printf(d->g->arena, "%s.grad", t->name));
    }
}

void autodiff(Graph *g, Tensor *const *t, Tensor *const *seed, int n, bool want_input)
{
    Diff d = { g, ARENA_ARRAY(g->arena, g->next_id + 1, Tensor *), ARENA_ARRAY(g->arena, g->next_id + 1, bool) };
    int n_nodes = g->nodes.n, n_tensors = g->tensors.n, first = g->next_id;
    mark_wanted(&d, want_input);
    for (int k = 0; k < n; k++)
        accumulate(&d, t[k], seed[k]);
    for (int i = n_nodes - 1; i >= 0; i--)
        through(&d, g->nodes.at[i]);
    drop_unread(&d, first);
    name_gradients(&d, n_tensors);
}

/* Where the backward reads what a max pool saw for the pool's own gradient only, keeps where the maxima were instead.
 * Needs: the graph of a training step, homes (pass_concat_in_place).  Keeps: topological order.
 *     y = maxpool(x); ... dx = maxpool_grad(x, dy)      becomes
 *     y = maxpool(x); i = maxpool_index(x); ... dx = maxpool_index_grad(i, dy), which wants x's shape only */
#include "ops/maxpool_index.h"
#include "ops/ops.h"
#include "passes.h"
#include "recompute.h"

/* Whether the index of a pool's gradient is small enough to be worth its work: half of what the pool saw. */
static bool is_small(const Node *grad)
{
    const int *x = grad->in[0]->shape.dim, *y = grad->in[1]->shape.dim, digits = pool_index_digits(&grad->window);
    return digits > 0 && 2 * (int64_t)y[1] * ((y[2] + digits - 1) / digits) <= (int64_t)x[1] * x[2];
}

/* By tensor id of a root: the backward reads what lives there, whatever this pass does. */
static bool *mark_read(const Graph *g)
{
    bool *read = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    for (int i = recompute_count_forward(g); i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        bool pool = n->op == OP_MAXPOOL_GRAD && is_small(n);
        for (int k = 0; k < n->n_in; k++)
            read[recompute_root(n->in[k])->id] |= recompute_reads(n, k) && !(pool && k == 0);
    }
    return read;
}

static Tensor *new_index(Graph *g, const Node *grad)
{
    Node *n = graph_node(g, OP_MAXPOOL_INDEX, arena_printf(g->arena, "%s.index", grad->path), grad->in, 1, 1, grad->loc);
    n->window = grad->window;
    n->ceil = grad->ceil;
    return op_infer_sure(g, n);
}

static void read_index(Graph *g, Node *grad)
{
    Tensor *in[] = { new_index(g, grad), grad->in[1], grad->in[0] }, *old = grad->out[0];
    Node *n = graph_node(g, OP_MAXPOOL_INDEX_GRAD, grad->path, in, 3, 1, grad->loc);
    n->window = grad->window;
    Tensor *dx = op_infer_sure(g, n);
    dx->primal = old->primal;
    graph_replace_uses(g, old, dx);
    graph_take_name(g, dx, old);
    graph_remove(g, grad);
}

/* An index is made as soon as what it is of: nodes stand twice then, which graph_compact mends. */
static void indices_first(Graph *g)
{
    LIST(Node *) order = { 0 };
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        LIST_PUSH(g->arena, &order, n);
        for (int k = 0; k < n->n_out; k++)
            for (int u = 0; u < n->out[k]->users.n; u++)
                if (n->out[k]->users.at[u]->op == OP_MAXPOOL_INDEX)
                    LIST_PUSH(g->arena, &order, n->out[k]->users.at[u]);
    }
    g->nodes.at = order.at;
    g->nodes.n = order.n;
    g->nodes.cap = order.cap;
}

void pass_pool_index(Graph *g)
{
    int count = g->nodes.n;
    bool *read = mark_read(g);
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (n->op == OP_MAXPOOL_GRAD && !read[recompute_root(n->in[0])->id])
            read_index(g, n);
    }
    indices_first(g);
    graph_compact(g);
}

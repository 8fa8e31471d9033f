/* Lets the branches of a concat write into its result: each input gets a home and a channel there.
 * Keeps: the concat node, which then costs nothing.  An input that another concat claims, that stands twice, or
 * that is the network's input or output is copied instead.  Concats nest.
 *     y = concat(a, b)      becomes      a lives in y at 0, b in y at a's channels                         */
#include "passes.h"

static Tensor *copy_of(Graph *g, Node *concat, Tensor *x)
{
    Node *c = graph_node(g, OP_COPY, arena_printf(g->arena, "%s.copy", concat->path), &x, 1, 1, concat->loc);
    CHECK(!graph_infer(g, c));
    return c->out[0];
}

static void place(Graph *g, Node *n)
{
    int channel = 0;
    for (int k = 0; k < n->n_in; k++) {
        Tensor *x = n->in[k];
        if (x->home || x == g->input || x == g->output) {
            x = copy_of(g, n, x);
            graph_set_input(g, n, k, x);
        }
        x->home = n->out[0];
        x->home_channel = channel;
        channel += x->shape.dim[0];
    }
}

void pass_concat_in_place(Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (!n->dead && n->op == OP_CONCAT && !node_in_load_phase(n))
            place(g, n);
    }
    graph_compact(g);
}

/* Removes what inference does not compute: nodes that `output` and the logits do not need, heads and marks with
 * them, dropout (the identity) and copies.
 * Keeps: names of all that stays; a name given to the dropout's result moves to its input's.
 *     x -> dropout -> fc      becomes      x -> fc                                                        */
#include "passes.h"

static void bypass(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->dead || (n->op != OP_DROPOUT && n->op != OP_COPY))
            continue;
        graph_replace_uses(g, n->out[0], n->in[0]);
        graph_remove(g, n);
    }
}

static bool is_wanted(const Graph *g, const Node *n)
{
    for (int k = 0; k < n->n_out; k++)
        if (n->out[k]->users.n || n->out[k] == g->output || n->out[k] == g->logits)
            return true;
    return false;
}

void pass_remove_dead(Graph *g)
{
    g->heads.n = g->marks.n = 0;
    bypass(g);
    for (int i = g->nodes.n - 1; i >= 0; i--) { /* users stand behind what they read */
        Node *n = g->nodes.at[i];
        if (!n->dead && !is_wanted(g, n))
            graph_remove(g, n);
    }
    graph_compact(g);
}

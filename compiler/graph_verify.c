/* The rules of a graph, checked after every pass. */
#include "graph.h"
#include "ops/ops.h"
#include <string.h>

static const char *g_when;

#define RULE(cond, n, what) \
    do { \
        if (!(cond)) \
            ICE("after %s: node '%s' (%s): %s", g_when, (n)->path, op_name((n)->op), what); \
    } while (0)

static int count_users(const Tensor *t, const Node *n)
{
    int k = 0;
    for (int i = 0; i < t->users.n && k < 64; i++)
        k += t->users.at[i] == n;
    return k;
}

static void verify_inputs(const Node *n, const char *defined)
{
    for (int i = 0; i < n->n_in; i++) {
        const Tensor *t = n->in[i];
        RULE(t != NULL, n, "an input is missing");
        RULE(!t->def || defined[t->id], n, "an input is defined later, or was removed");
        if (t->users.n < 64)
            RULE(count_users(t, n) > 0, n, "an input does not know this user");
    }
}

static void verify_shapes(const Graph *g, Node *n)
{
    Shape before[64];
    if (n->n_out > 64)
        return;
    for (int k = 0; k < n->n_out; k++)
        before[k] = n->out[k]->shape;
    const char *wrong = op_infer((Graph *)g, n);
    RULE(!wrong, n, wrong);
    for (int k = 0; k < n->n_out; k++)
        RULE(shape_equal(&before[k], &n->out[k]->shape), n, "its shape is not what its inputs give");
}

static void verify_homes(const Graph *g)
{
    for (int i = 0; i < g->tensors.n; i++) {
        const Tensor *t = g->tensors.at[i];
        if (!t->home)
            continue;
        bool slice = t->def && t->def->op == OP_SLICE && t->def->in[0] == t->home;
        if (!slice && (!t->home->def || t->home->def->op != OP_CONCAT))
            ICE("after %s: '%s' lives in '%s', which is no concat", g_when, t->name, t->home->name);
        if (t->home_channel + t->shape.dim[0] > t->home->shape.dim[0])
            ICE("after %s: '%s' leaves its home '%s'", g_when, t->name, t->home->name);
    }
}

void graph_verify(const Graph *g, const char *when)
{
    g_when = when;
    char *defined = ARENA_ARRAY(g->arena, g->next_id + 1, char);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->dead)
            continue;
        verify_inputs(n, defined);
        verify_shapes(g, n);
        for (int k = 0; k < n->n_out; k++) {
            RULE(n->out[k]->def == n && n->out[k]->def_index == k, n, "an output does not know its node");
            defined[n->out[k]->id] = 1;
        }
    }
    if (g->output && g->output->def && !defined[g->output->id])
        ICE("after %s: the output '%s' is computed by nothing", when, g->output->name);
    verify_homes(g);
}

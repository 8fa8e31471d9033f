/* What a network costs: trainable scalars and multiply-accumulates, main and auxiliary. */
#include "graph.h"
#include <string.h>

/* The zeros of weights that were spread over squares of pixels do not count. */
static const Tensor *written(const Tensor *t) { return tensor_is_spread(t) ? t->def->in[0] : t; }

bool node_is_depthwise(const Node *n)
{
    return n->op == OP_CONV && n->groups > 1 && n->in[0]->shape.dim[0] == n->groups && n->out[0]->shape.dim[0] == n->groups;
}

int64_t node_macs(const Node *n)
{
    if (n->op != OP_CONV && n->op != OP_LINEAR)
        return 0;
    const Shape *w = &written(n->in[1])->shape, *y = &n->out[0]->shape;
    int64_t pixels = n->op == OP_CONV ? (int64_t)y->dim[1] * y->dim[2] : 1;
    return shape_elems(w) * pixels;
}

int64_t node_params(const Node *n)
{
    int64_t sum = 0;
    for (int i = 1; i < n->n_in; i++)
        if (tensor_in_load_phase(n->in[i]))
            sum += shape_elems(&written(n->in[i])->shape);
    return sum;
}

static void add_weight(Totals *s, const Tensor *w, bool main)
{
    int64_t n = shape_elems(&w->shape);
    bool statistic = w->role == ROLE_MEAN || w->role == ROLE_VAR;
    *(statistic ? main ? &s->bn_stats : &s->aux_bn_stats : main ? &s->params : &s->aux_params) += n;
}

static void add_node(Totals *s, const Node *n, bool main, int *depth)
{
    *(main ? &s->macs : &s->aux_macs) += node_macs(n);
    int longest = 0;
    for (int i = 0; i < n->n_in; i++)
        if (depth[n->in[i]->id] > longest)
            longest = depth[n->in[i]->id];
    longest += n->op == OP_CONV || n->op == OP_LINEAR;
    for (int k = 0; k < n->n_out; k++)
        depth[n->out[k]->id] = longest;
    if (!main) {
        s->aux_n_conv += n->op == OP_CONV;
        return;
    }
    s->n_conv += n->op == OP_CONV;
    s->n_linear += n->op == OP_LINEAR;
    s->n_bn += n->op == OP_BATCHNORM;
    if (longest > s->depth)
        s->depth = longest;
}

Totals graph_totals(const Graph *g)
{
    Totals s = { 0 };
    bool *main = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    int *depth = ARENA_ARRAY(g->arena, g->next_id + 1, int);
    graph_mark_needed(g, g->output, main);
    graph_mark_needed(g, g->logits, main);
    for (int i = 0; i < g->nodes.n; i++)
        if (!g->nodes.at[i]->dead)
            add_node(&s, g->nodes.at[i], main[g->nodes.at[i]->id], depth);
    for (int i = 0; i < g->tensors.n; i++) {
        const Tensor *t = g->tensors.at[i];
        if (t->kind == TENSOR_WEIGHT && t->users.n)
            add_weight(&s, t, main[t->id]);
    }
    return s;
}

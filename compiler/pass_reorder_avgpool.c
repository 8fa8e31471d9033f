/* Moves an average pool behind the 1x1 convolution that reads it: both are linear, and the convolution has fewer
 * outputs than inputs, so the pool has less to do and the convolution becomes a sibling of its module's 1x1s.
 * Needs: no activation between; the pool has no other user and does not shrink the image.
 * Keeps: the bias after the pool, for a border that counts in the divisor would scale it.
 *     conv1x1(avgpool(x), w) + b      becomes      avgpool(conv1x1(x, w)) + b                             */
#include "passes.h"

static bool is_1x1(const Node *n)
{
    const Window *w = &n->window;
    return n->op == OP_CONV && n->groups == 1 && window_is_1x1(w) && window_steps_by_1(w) &&
           w->top + w->bottom + w->left + w->right == 0 && n->n_out == 1;
}

static bool pays(const Graph *g, const Node *pool, const Node *conv)
{
    const Shape *x = &pool->in[0]->shape, *p = &pool->out[0]->shape;
    return conv && is_1x1(conv) && conv->in[0] == pool->out[0] && !conv->epilogue.relu && !conv->epilogue.residual &&
           !pool->epilogue.bias && !pool->epilogue.relu && !pool->epilogue.residual && x->dim[1] == p->dim[1] &&
           x->dim[2] == p->dim[2] && conv->out[0]->shape.dim[0] < x->dim[0] && pool->in[0]->def && g;
}

static void swap(Graph *g, Node *pool, Node *conv)
{
    Tensor *x = pool->in[0], *y = conv->out[0];
    Tensor *bias = conv->epilogue.bias ? conv->in[2] : NULL;
    Tensor *conv_in[] = { x, conv->in[1] };
    Node *c = graph_node(g, OP_CONV, conv->path, conv_in, 2, 1, conv->loc);
    c->window = conv->window;
    CHECK(!graph_infer(g, c));
    Tensor *pool_in[] = { c->out[0], bias };
    Node *p = graph_node(g, OP_AVGPOOL, pool->path, pool_in, bias ? 2 : 1, 1, pool->loc);
    p->window = pool->window;
    p->ceil = pool->ceil;
    p->count_pad = pool->count_pad;
    p->epilogue.bias = bias != NULL;
    CHECK(!graph_infer(g, p));
    graph_replace_uses(g, y, p->out[0]);
    graph_remove(g, conv);
    graph_remove(g, pool);
    graph_take_name(g, p->out[0], y);
}

void pass_reorder_avgpool(Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (n->dead || n->op != OP_AVGPOOL)
            continue;
        Node *conv = pass_only_user(g, n->out[0]);
        if (pays(g, n, conv))
            swap(g, n, conv);
    }
    graph_compact(g);
}

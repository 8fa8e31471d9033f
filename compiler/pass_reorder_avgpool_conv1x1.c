/* reorder-avgpool-conv1x1: the cheaper order of two linear operators. */
#include "passes.h"

/* Additions and multiplications, pool and convolution together: is convolving first the smaller sum? */
static bool is_cheaper_first(const Node *pool, const Node *conv)
{
    const int *x = pool->in[0]->shape.dim, *y = conv->out[0]->shape.dim;
    double ci = x[0], co = y[0], in_pixels = (double)x[1] * x[2], out_pixels = (double)y[1] * y[2];
    double taps = (double)pool->window.kh * pool->window.kw;
    return ci * co * in_pixels + taps * co * out_pixels < taps * ci * out_pixels + ci * co * out_pixels;
}

static bool fits(const Graph *g, const Node *conv)
{
    const Node *pool = conv->in[0]->def;
    return conv_is_pointwise(conv) && conv->n_out == 1 && !conv->epilogue.residual && !conv->epilogue.relu && pool &&
           pool->op == OP_AVGPOOL && !pool->epilogue.bias && !pool->epilogue.residual && !pool->epilogue.relu &&
           pass_only_user(g, conv->in[0]) == conv && is_cheaper_first(pool, conv);
}

static Node *conv_first(Graph *g, const Node *conv, Node *pool)
{
    Tensor *in[2] = {pool->in[0], conv->in[1]};
    Node *n = graph_insert_before(g, pool, OP_CONV, conv->path, in, 2, 1);
    n->loc = conv->loc;
    n->window = conv->window;
    n->groups = 1;
    graph_name_output(g, n, 0, arena_printf(g->arena, "%s.unpooled", conv->out[0]->name));
    pass_infer(g, n);
    return n;
}

/* The bias follows the pool: an average that counts zeros of the border would shrink it. */
static Node *pool_second(Graph *g, Node *conv, const Node *pool, Tensor *x)
{
    Tensor *in[2] = {x, conv->in[conv->n_in - 1]};
    Node *n = graph_insert_before(g, conv, OP_AVGPOOL, pool->path, in, conv->epilogue.bias ? 2 : 1, 1);
    n->loc = pool->loc;
    n->window = pool->window;
    n->ceil = pool->ceil;
    n->count_pad = pool->count_pad;
    n->epilogue.bias = conv->epilogue.bias;
    pass_infer(g, n);
    return n;
}

/* Moves a 1x1 convolution before the average pool that feeds it, where the two together then cost less
 * (at stride 1: when it has fewer outputs than inputs).  Its bias moves to the pool's epilogue.
 * Does nothing if the pool has other users.
 * Needs: no activation fused yet, batch norms folded.  Keeps: the result's name; the pool's is gone.
 *     avgpool -> conv1x1(w, b)   becomes   conv1x1(w) -> avgpool(b) */
void pass_reorder_avgpool_conv1x1(Graph *g)
{
    NodeList nodes = pass_run_nodes(g);
    for (int i = 0; i < nodes.n; i++) {
        Node *conv = nodes.at[i];
        if (!fits(g, conv))
            continue;
        Node *pool = conv->in[0]->def;
        Node *first = conv_first(g, conv, pool);
        Node *second = pool_second(g, conv, pool, first->out[0]);
        pass_bypass_renamed(g, conv->out[0], second->out[0]);
        graph_remove(g, pool);
    }
}

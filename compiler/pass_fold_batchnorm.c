/* Folds each batch norm into the convolution or fully connected layer that feeds it.
 * Needs: shapes.  Does nothing if that layer has other users or an epilogue beyond its bias, or in training stands behind a weight
 * that trains: a gradient needs its weights as they are.
 *     batchnorm(conv(x, w, b))      becomes      conv(x, scale_rows(w, s), bn_shift(s, beta, mean, b))
 *     with s = bn_scale(gamma, var)                                                                      */
#include "passes.h"

static Node *derive(Graph *g, const Node *bn, OpKind op, Tensor **in, int n_in, const char *suffix)
{
    Node *n = graph_node(g, op, arena_printf(g->arena, "%s%s", bn->path, suffix), in, n_in, 1, bn->loc);
    n->eps = bn->eps;
    CHECK(!graph_infer(g, n));
    return n;
}

static bool is_foldable(const Graph *g, const Node *bn)
{
    const Node *p = bn->in[0]->def;
    return p && (p->op == OP_CONV || p->op == OP_LINEAR) && p->n_out == 1 && !p->epilogue.relu && !p->epilogue.residual &&
           pass_only_user(g, bn->in[0]) == bn && !graph_moves(g, bn->in[0]);
}

static void fold(Graph *g, Node *bn)
{
    Node *p = bn->in[0]->def;
    int n = bn->n_in;
    Tensor *var[] = { bn->in[1], bn->in[n - 1] };
    Node *s = derive(g, bn, OP_BN_SCALE, n == 5 ? var : var + 1, n == 5 ? 2 : 1, ".scale");
    Tensor *rows[] = { p->in[1], s->out[0] };
    Node *w = derive(g, bn, OP_SCALE_ROWS, rows, 2, ".weight");
    Tensor *terms[] = { s->out[0], bn->in[n - 3], bn->in[n - 2], p->epilogue.bias ? p->in[2] : NULL };
    Node *b = derive(g, bn, OP_BN_SHIFT, terms, p->epilogue.bias ? 4 : 3, ".shift");
    graph_set_input(g, p, 1, w->out[0]);
    if (p->epilogue.bias)
        graph_set_input(g, p, 2, b->out[0]);
    else
        graph_add_input(g, p, b->out[0]);
    p->epilogue.bias = true;
    Tensor *x = bn->in[0], *y = bn->out[0];
    graph_replace_uses(g, y, x);
    graph_remove(g, bn);
    graph_take_name(g, x, y);
}

void pass_fold_batchnorm(Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (!n->dead && n->op == OP_BATCHNORM && is_foldable(g, n))
            fold(g, n);
    }
    graph_compact(g);
}

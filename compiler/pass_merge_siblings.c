/* Merges the 1x1 convolutions that read one tensor into one product with several outputs: the input is read once.
 * Needs: stride 1, no padding, groups 1, nothing fused yet but the bias.  A part without bias gets zeros.
 *     a = conv(x, wa, ba); b = conv(x, wb)      becomes      a, b = conv(x, concat(wa, wb), concat(ba, zeros)) */
#include "passes.h"

enum { MOST = 16 };

static bool is_candidate(const Graph *g, const Node *n)
{
    const Window *w = &n->window;
    return n->op == OP_CONV && !n->dead && n->n_out == 1 && n->groups == 1 && window_is_1x1(w) && window_steps_by_1(w) &&
           w->top + w->bottom + w->left + w->right == 0 && !n->epilogue.relu && !n->epilogue.residual && !graph_moves(g, n->out[0]);
}

static Tensor *stack(Graph *g, Tensor **parts, int n, const char *path, Loc loc)
{
    Node *c = graph_node(g, OP_CONCAT, path, parts, n, 1, loc);
    CHECK(!graph_infer(g, c));
    return c->out[0];
}

static Tensor *bias_of(Graph *g, const Node *n)
{
    if (n->epilogue.bias)
        return n->in[2];
    Node *z = graph_node(g, OP_ZEROS, arena_printf(g->arena, "%s.zeros", n->path), NULL, 0, 1, n->loc);
    z->slice_begin = n->out[0]->shape.dim[0];
    CHECK(!graph_infer(g, z));
    return z->out[0];
}

static void merge(Graph *g, Node **part, int n)
{
    Arena *a = g->arena;
    Tensor *w[MOST], *b[MOST];
    bool any_bias = false;
    const char *path = part[0]->path;
    for (int i = 0; i < n; i++)
        any_bias |= part[i]->epilogue.bias;
    for (int i = 0; i < n; i++) {
        w[i] = part[i]->in[1];
        b[i] = any_bias ? bias_of(g, part[i]) : NULL;
        if (i)
            path = arena_printf(a, "%s+%s", path, part[i]->path);
    }
    Tensor *in[3] = { part[0]->in[0], stack(g, w, n, arena_printf(a, "%s.weights", path), part[0]->loc), NULL };
    if (any_bias)
        in[2] = stack(g, b, n, arena_printf(a, "%s.biases", path), part[0]->loc);
    Node *m = graph_node(g, OP_CONV, path, in, any_bias ? 3 : 2, n, part[0]->loc);
    m->window = part[0]->window;
    m->epilogue.bias = any_bias;
    for (int i = 0; i < n; i++)
        m->out[i]->shape = part[i]->out[0]->shape;
    CHECK(!graph_infer(g, m));
    for (int i = 0; i < n; i++) {
        Tensor *y = part[i]->out[0];
        graph_replace_uses(g, y, m->out[i]);
        graph_remove(g, part[i]);
        graph_take_name(g, m->out[i], y);
    }
}

void pass_merge_siblings(Graph *g)
{
    int count = g->tensors.n;
    for (int i = 0; i < count; i++) {
        Tensor *x = g->tensors.at[i];
        Node *part[MOST];
        int n = 0;
        for (int k = 0; k < x->users.n && n < MOST; k++)
            if (is_candidate(g, x->users.at[k]) && x->users.at[k]->in[0] == x)
                part[n++] = x->users.at[k];
        for (int k = 1; k < n; k++) /* in the order of the text: ids grow with it */
            for (int j = k; j > 0 && part[j - 1]->out[0]->id > part[j]->out[0]->id; j--) {
                Node *t = part[j];
                part[j] = part[j - 1];
                part[j - 1] = t;
            }
        if (n > 1)
            merge(g, part, n);
    }
    graph_compact(g);
}

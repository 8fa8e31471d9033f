/* Fuses what follows a linear operator into its epilogue: a residual addition, then a ReLU.
 * Needs: the result is read by nothing else.  After a merge each output has a ReLU of its own.
 *     relu(add(r, s * conv(x, w, b)))      becomes      conv(x, w, b, r) with scale s and relu             */
#include "passes.h"

static bool is_linear(const Node *n) { return n->op == OP_CONV || n->op == OP_LINEAR || n->op == OP_AVGPOOL; }

/* y, the result of `last`, is now computed by x's node: it keeps y's name. */
static void absorb(Graph *g, Node *last, Tensor *x)
{
    Tensor *y = last->out[0];
    graph_replace_uses(g, y, x);
    graph_remove(g, last);
    graph_take_name(g, x, y);
}

/* Whether `t` needs `n` to be computed: a residual must not depend on what adds it. Ids grow along the text
 * except for nodes that passes made, so the walk is cut by the position that graph_compact gave. */
static bool is_earlier(const int *position, const Tensor *t, const Node *n)
{
    return !t->def || position[t->def->id] < position[n->id];
}

static void fuse_add(Graph *g, Node *add, const int *position)
{
    if (add->n_in != 2 || add->in[0] == add->in[1])
        return;
    for (int k = 1; k >= 0; k--) {
        Tensor *x = add->in[k], *r = add->in[1 - k];
        Node *p = x->def;
        double own = add->scale ? add->scale[k] : 1, other = add->scale ? add->scale[1 - k] : 1;
        if (!p || !is_linear(p) || p->n_out > 1 || p->epilogue.relu || p->epilogue.residual || other != 1 ||
            pass_only_user(g, x) != add || !is_earlier(position, r, p))
            continue;
        graph_add_input(g, p, r);
        p->epilogue.residual = true;
        p->epilogue.scale = own;
        absorb(g, add, x);
        return;
    }
}

static void fuse_relu(Graph *g, Node *relu)
{
    Tensor *x = relu->in[0];
    Node *p = x->def;
    if (!p || !is_linear(p) || (p->epilogue.relu >> x->def_index & 1) || pass_only_user(g, x) != relu)
        return;
    p->epilogue.relu |= 1u << x->def_index;
    absorb(g, relu, x);
}

void pass_fuse_activation(Graph *g)
{
    int count = g->nodes.n;
    int *position = ARENA_ARRAY(g->arena, g->next_id + 1, int);
    for (int i = 0; i < count; i++)
        position[g->nodes.at[i]->id] = i;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (!n->dead && n->op == OP_ADD)
            fuse_add(g, n, position);
        else if (!n->dead && n->op == OP_RELU)
            fuse_relu(g, n);
    }
    graph_compact(g);
}

/* Folds a normalize into the convolution that reads it.
 * Needs: the convolution is its only user and has no padding, for a padded zero would have to become mean.
 * Does nothing for grouped convolutions.
 *     conv(normalize(x), w, b)      becomes      conv(x, norm_weight(w), norm_bias(w, b))
 * Also drops an add of one input with scale 1 and a concat of one input.                                  */
#include "passes.h"

static bool is_padded(const Window *w) { return w->top || w->bottom || w->left || w->right; }

static Node *derive(Graph *g, Node *conv, const Node *norm, OpKind op, Tensor **in, int n_in, const char *suffix)
{
    Node *n = graph_node(g, op, arena_printf(g->arena, "%s%s", conv->path, suffix), in, n_in, 1, conv->loc);
    n->mean = norm->mean;
    n->std = norm->std;
    CHECK(!graph_infer(g, n));
    return n;
}

static void fold(Graph *g, Node *norm)
{
    Node *conv = pass_only_user(g, norm->out[0]);
    if (!conv || conv->op != OP_CONV || conv->groups > 1 || is_padded(&conv->window) || conv->in[0] != norm->out[0])
        return;
    if (conv->in[1]->shape.dim[1] > 3) /* an image has at most three channels */
        return;
    Tensor *w = conv->in[1];
    Tensor *in[] = { w, conv->epilogue.bias ? conv->in[2] : NULL };
    Node *bias = derive(g, conv, norm, OP_NORM_BIAS, in, conv->epilogue.bias ? 2 : 1, ".norm_bias");
    Node *weight = derive(g, conv, norm, OP_NORM_WEIGHT, &w, 1, ".norm_weight");
    graph_set_input(g, conv, 0, norm->in[0]);
    graph_set_input(g, conv, 1, weight->out[0]);
    if (conv->epilogue.bias)
        graph_set_input(g, conv, 2, bias->out[0]);
    else
        graph_add_input(g, conv, bias->out[0]);
    conv->epilogue.bias = true;
    graph_remove(g, norm);
}

static void drop_identity(Graph *g, Node *n)
{
    bool one = n->n_in == 1 && (n->op == OP_CONCAT || (n->op == OP_ADD && (!n->scale || n->scale[0] == 1)));
    if (!one || tensor_in_load_phase(n->in[0]))
        return;
    graph_replace_uses(g, n->out[0], n->in[0]);
    graph_remove(g, n);
}

void pass_fold_constants(Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < count; i++) {
        Node *n = g->nodes.at[i];
        if (n->dead)
            continue;
        if (n->op == OP_NORMALIZE)
            fold(g, n);
        else
            drop_identity(g, n);
    }
    graph_compact(g);
}

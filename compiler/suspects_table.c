#include "suspects.h"
#include <stdlib.h>
#include <string.h>

static Arena *arena_of(const Interp *it) { return it->graph->arena; }

static bool is_pool(const Node *n) { return n->op == OP_MAXPOOL || n->op == OP_AVGPOOL; }

/* ---- Borders ---- */

static bool divisor(Interp *it, const Node *n, int k, Change *c)
{
    (void)it;
    const Window *w = &n->window;
    if (n->op != OP_AVGPOOL || k > 0 || (w->top + w->bottom + w->left + w->right == 0 && !n->ceil))
        return false;
    c->node.count_pad = !n->count_pad;
    c->text = n->count_pad ? "the reference's average pool divides by the pixels inside the image, this one by those of the padding too "
                             "(write `nocount_pad`)"
                           : "the reference's average pool divides by the pixels of the padding too, this one by those inside the image "
                             "(write `count_pad`)";
    return true;
}

/* The window begins `by` later and so do its last pixels; or the two sides are exchanged when by is 0. */
static bool move_window(Window *w, int by)
{
    Window old = *w;
    if (by == 0) {
        *w = (Window){ old.kh, old.kw, old.sh, old.sw, old.bottom, old.top, old.right, old.left };
        return old.top != old.bottom || old.left != old.right;
    }
    if (old.top + old.bottom > 0)
        w->top -= by, w->bottom += by;
    if (old.left + old.right > 0)
        w->left -= by, w->right += by;
    return w->top >= 0 && w->bottom >= 0 && w->left >= 0 && w->right >= 0 && memcmp(w, &old, sizeof old) != 0;
}

/* An impossible move leaves the window as it is: it then explains nothing. */
static bool padding(Interp *it, const Node *n, int k, Change *c)
{
    if ((!is_pool(n) && n->op != OP_CONV) || k > 2)
        return false;
    if (!move_window(&c->node.window, k == 0 ? 0 : k == 1 ? 1 : -1))
        c->node.window = n->window;
    const Window *w = &c->node.window, *old = &n->window;
    c->text = arena_printf(arena_of(it), "the reference pads %d, %d, %d, %d pixels (top, bottom, left, right), "
                                         "this layer %d, %d, %d, %d",
                           w->top, w->bottom, w->left, w->right, old->top, old->bottom, old->left, old->right);
    return true;
}

/* ---- Batch norm ---- */

static bool epsilon(Interp *it, const Node *n, int k, Change *c)
{
    static const double usual[] = { 1e-3, 1e-5, 1e-4, 2e-5, 1e-6, 1e-8, 1e-12, 1e-10, 1e-2, 0 };
    if ((n->op != OP_BATCHNORM && n->op != OP_L2NORM) || k >= (int)(sizeof usual / sizeof *usual))
        return false;
    c->node.eps = usual[k];
    c->text = arena_printf(arena_of(it), "the reference's epsilon is %g, this layer's %g (write `eps=%g`)", usual[k], n->eps, usual[k]);
    return true;
}

static bool gamma_missing(Interp *it, const Node *n, int k, Change *c)
{
    if (n->op != OP_BATCHNORM || n->n_in != 5 || k > 0)
        return false;
    c->node.in = ARENA_ARRAY(arena_of(it), 4, Tensor *);
    c->node.n_in = 4;
    c->node.in[0] = n->in[0];
    memcpy(c->node.in + 1, n->in + 2, 3 * sizeof *n->in);
    c->text = "the reference's batch norm does not use gamma: set it to ones, or write the layer without it";
    return true;
}

static bool statistics(Interp *it, const Node *n, int k, Change *c)
{
    if (n->op != OP_BATCHNORM || k > 0)
        return false;
    c->other_statistics = true;
    c->text = it->training ? "the reference's batch norm uses running statistics: it did not run in training mode"
                           : "the reference's batch norm uses the statistics of the batch: it ran in training mode (say --training)";
    return true;
}

/* ---- Order ---- */

/* The k-th order of n things in the factorial number system; k = 0 is the order as it is. */
static void permute(Tensor **in, int n, int k)
{
    for (int i = 0; i < n; i++) {
        int left = 1;
        for (int j = 2; j < n - i; j++)
            left *= j;
        int from = i + k / left;
        k %= left;
        Tensor *t = in[from];
        memmove(in + i + 1, in + i, (size_t)(from - i) * sizeof *in);
        in[i] = t;
    }
}

/* The order that k says; of more than 4 inputs the first and last few orders are many enough: two exchanged, and the reverse. */
static bool concat_order(Interp *it, const Node *n, int k, Change *c)
{
    int n_in = n->n_in, orders = n_in == 2 ? 2 : n_in == 3 ? 6 : 24;
    if (n->op != OP_CONCAT || n_in < 2 || k + 1 >= orders)
        return false;
    c->node.in = ARENA_ARRAY(arena_of(it), n_in, Tensor *);
    memcpy(c->node.in, n->in, (size_t)n_in * sizeof *n->in);
    permute(c->node.in + (n_in > 4 ? n_in - 4 : 0), n_in > 4 ? 4 : n_in, k + 1);
    c->text = "the reference joins the branches as";
    for (int i = 0; i < n_in; i++)
        c->text = arena_printf(arena_of(it), "%s%s %s", c->text, i ? " |" : "", c->node.in[i]->name);
    return true;
}

static bool channel_order(Interp *it, const Node *n, int k, Change *c)
{
    const Tensor *x = n->n_in ? n->in[0] : NULL;
    if (n->op != OP_CONV || x != it->graph->input || x->shape.dim[0] != 3 || k > 0)
        return false;
    int64_t pixels = (int64_t)x->shape.dim[1] * x->shape.dim[2];
    size_t plane = (size_t)pixels * sizeof(double);
    c->input = malloc((size_t)it->n * 3 * plane);
    CHECK(c->input);
    for (int i = 0; i < 3 * it->n; i++)
        memcpy(c->input + i * pixels, it->value[x->id] + (i - i % 3 + 2 - i % 3) * pixels, plane);
    c->text = "the reference reads the three channels in the reverse order: RGB against BGR";
    return true;
}

/* Height and width first, channels last, as TensorFlow flattens. */
static bool flatten_order(Interp *it, const Node *n, int k, Change *c)
{
    if (n->op != OP_LINEAR || k > 0)
        return false;
    const int *d = n->in[0]->shape.dim;
    int64_t pixels = (int64_t)d[1] * d[2], elems = pixels * d[0];
    if (pixels == 1)
        return false;
    c->input = malloc((size_t)(it->n * elems) * sizeof(double));
    CHECK(c->input);
    for (int64_t i = 0; i < it->n * elems; i++)
        c->input[i / elems * elems + i % pixels * d[0] + i % elems / pixels] = it->value[n->in[0]->id][i];
    c->text = "the reference flattens its input as height, width, channel: its weights need to be put in this order";
    return true;
}

/* ---- What is there ---- */

static bool relu_missing(Interp *it, const Node *n, int k, Change *c)
{
    (void)it;
    if (n->op != OP_RELU || k > 0)
        return false;
    c->node.op = OP_COPY;
    c->text = "the reference has no ReLU here, or stored what goes into it";
    return true;
}

static bool bias_missing(Interp *it, const Node *n, int k, Change *c)
{
    (void)it;
    if ((n->op != OP_CONV && n->op != OP_LINEAR) || !n->epilogue.bias || k > 0)
        return false;
    c->node.epilogue.bias = false;
    c->text = "the reference does not add this layer's bias";
    return true;
}

static bool residual_scale(Interp *it, const Node *n, int k, Change *c)
{
    static const double usual[] = { 1, 0.1, 0.17, 0.2, 0.3 };
    if (n->op != OP_ADD || n->n_in != 2 || k >= (int)(sizeof usual / sizeof *usual))
        return false;
    c->node.scale = ARENA_ARRAY(arena_of(it), 2, double);
    c->node.scale[0] = n->scale[0];
    c->node.scale[1] = usual[k];
    c->text = arena_printf(arena_of(it), "the reference scales the residual by %g, this layer by %g", usual[k], n->scale[1]);
    return true;
}

static bool lrn_alpha(Interp *it, const Node *n, int k, Change *c)
{
    (void)it;
    if (n->op != OP_LRN || k > 0)
        return false;
    c->node.lrn_alpha = n->lrn_alpha * n->lrn_size;
    c->text = "the reference does not divide alpha by the number of channels it sums (TensorFlow)";
    return true;
}

const Suspect suspects[] = {
    { "divisor", divisor },
    { "padding", padding },
    { "epsilon", epsilon },
    { "gamma", gamma_missing },
    { "statistics", statistics },
    { "concat-order", concat_order },
    { "channel-order", channel_order },
    { "flatten-order", flatten_order },
    { "relu", relu_missing },
    { "bias", bias_missing },
    { "residual-scale", residual_scale },
    { "lrn-alpha", lrn_alpha },
};
const int n_suspects = sizeof suspects / sizeof *suspects;

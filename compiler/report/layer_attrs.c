/* Every choice of a layer, as pairs of a name and a text. */
#include "../layer_nodes.h"
#include "layers.h"

typedef struct Write {
    Arena *arena;
    const Node *n;
    LayerAttrs list;
} Write;

static void put(Write *w, const char *name, const char *value)
{
    LayerAttr a = { name, value, false, false };
    LIST_PUSH(w->arena, &w->list, a);
}

static void put_number(Write *w, const char *name, double v) { put(w, name, arena_number(w->arena, v)); }

/* Of the one that was put last. */
static void mark_training(Write *w) { w->list.at[w->list.n - 1].training = true; }
static void mark_idle(Write *w, bool idle) { w->list.at[w->list.n - 1].idle = idle; }

static void put_pair(Write *w, const char *name, int rows, int columns)
{
    put(w, name, rows == columns ? arena_printf(w->arena, "%d", rows) : arena_printf(w->arena, "%dx%d", rows, columns));
}

static void put_window(Write *w)
{
    const Window *v = &w->n->window;
    bool even = v->top == v->bottom && v->left == v->right;
    put(w, "kernel", arena_printf(w->arena, "%dx%d", v->kh, v->kw));
    put_pair(w, "stride", v->sh, v->sw);
    if (even)
        put_pair(w, "padding", v->top, v->left);
    else
        put(w, "padding", arena_printf(w->arena, "%d,%d,%d,%d", v->top, v->bottom, v->left, v->right));
}

/* ---- Convolutions and fully connected layers ---- */

static void put_init(Write *w, const Tensor *weight)
{
    const Init *i = &weight->init;
    const char *a = arena_number(w->arena, i->a), *b = arena_number(w->arena, i->b), *text = init_names[i->kind];
    if (i->kind == INIT_TRUNC_NORMAL)
        text = arena_printf(w->arena, "%s(%s, cut=%s)", text, a, b);
    else if (i->kind == INIT_NORMAL || i->kind == INIT_CONSTANT)
        text = arena_printf(w->arena, "%s(%s)", text, a);
    put(w, "init", text);
    mark_training(w);
}

static void put_batchnorm(Write *w, const Node *bn)
{
    put_number(w, "eps", bn->eps);
    put(w, "gamma", node_weight(bn, ROLE_GAMMA) ? "yes" : "no");
    put_number(w, "momentum", bn->momentum);
    mark_training(w);
}

static void put_freedom(Write *w, const Tensor *weight, const char *name)
{
    if (!weight)
        return;
    put(w, arena_printf(w->arena, "%s trains", name), weight->trains ? "yes" : "no");
    mark_training(w);
    put(w, arena_printf(w->arena, "%s starts fresh", name), weight->fresh ? "yes" : "no");
    mark_training(w);
}

static void put_weighted(Write *w)
{
    const Node *n = w->n, *bn = layer_batchnorm(n);
    const Tensor *weight = node_weight(n, ROLE_WEIGHT), *bias = node_weight(n, ROLE_BIAS);
    put_number(w, n->op == OP_CONV ? "channels" : "outputs", weight->shape.dim[0]);
    if (n->op == OP_CONV) {
        put_window(w);
        put_number(w, "groups", n->groups);
    }
    put(w, "bias", bias ? "yes" : "no");
    put(w, "batch norm", bn ? "yes" : "no");
    if (bn)
        put_batchnorm(w, bn);
    put(w, "activation", layer_relu(n) ? "relu" : "linear");
    put_init(w, weight);
    if (bias) {
        put_number(w, "bias init", bias->init.a);
        mark_training(w);
    }
    put_freedom(w, weight, "weight");
    put_freedom(w, bias, "bias");
    put_freedom(w, bn ? node_weight(bn, ROLE_GAMMA) : NULL, "gamma");
    put_freedom(w, bn ? node_weight(bn, ROLE_BETA) : NULL, "beta");
}

/* ---- The others ---- */

static bool divides(int size, int before, int after, int k, int stride) { return (size + before + after - k) % stride == 0; }

static void put_pool(Write *w)
{
    const Node *n = w->n;
    const Window *v = &n->window;
    const int *d = n->in[0]->shape.dim;
    bool exact = divides(d[1], v->top, v->bottom, v->kh, v->sh) && divides(d[2], v->left, v->right, v->kw, v->sw);
    put_window(w);
    put(w, "rounding", n->ceil ? "ceil" : "floor");
    mark_idle(w, exact);
    if (n->op == OP_AVGPOOL) {
        put(w, "divisor", n->count_pad ? "counts the border" : "without the border");
        mark_idle(w, exact && v->top + v->bottom + v->left + v->right == 0);
    }
}

static const char *list_text(Arena *a, const double *v, int n)
{
    const char *text = "";
    for (int i = 0; i < n; i++)
        text = arena_printf(a, i ? "%s, %s" : "%s%s", text, arena_number(a, v[i]));
    return text;
}

LayerAttrs layer_attrs(Arena *a, const Node *first)
{
    const Node *n = first;
    Write w = { .arena = a, .n = n };
    switch ((int)n->op) {
    case OP_CONV: case OP_LINEAR: put_weighted(&w); break;
    case OP_MAXPOOL: case OP_AVGPOOL: put_pool(&w); break;
    case OP_ADAPTIVEAVGPOOL: put(&w, "size", arena_printf(a, "%dx%d", n->window.kh, n->window.kw)); break;
    case OP_BATCHNORM:
        put_batchnorm(&w, n);
        put_freedom(&w, node_weight(n, ROLE_GAMMA), "gamma");
        put_freedom(&w, node_weight(n, ROLE_BETA), "beta");
        break;
    case OP_L2NORM: put_number(&w, "eps", n->eps); break;
    case OP_LRN:
        put_number(&w, "size", n->lrn_size);
        put_number(&w, "alpha", n->lrn_alpha);
        put_number(&w, "beta", n->lrn_beta);
        put_number(&w, "k", n->lrn_k);
        break;
    case OP_DROPOUT:
        put_number(&w, "rate", n->rate);
        mark_training(&w);
        break;
    case OP_NORMALIZE:
        put(&w, "mean", list_text(a, n->mean, n->out[0]->shape.dim[0]));
        put(&w, "std", list_text(a, n->std, n->out[0]->shape.dim[0]));
        break;
    case OP_ADD:
        if (n->scale)
            put(&w, "scale", arena_number(a, n->scale[n->n_in - 1]));
        break;
    }
    return w.list;
}

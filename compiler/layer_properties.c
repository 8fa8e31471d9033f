#include "layer_properties.h"
#include "layer_nodes.h"

LayerParts layer_parts(Arena *a, const Node *first)
{
    return (LayerParts){ a, first, first->op == OP_BATCHNORM ? first : layer_batchnorm(first), layer_relu(first) };
}

bool property_is_of(const LayerProperty *p, const LayerParts *l) { return p->layers >> l->first->op & 1; }

static const char *number(const LayerParts *l, double v) { return arena_number(l->arena, v); }

/* ---- Windows ---- */

static const char *pair_text(const LayerParts *l, int rows, int columns)
{
    return rows == columns ? number(l, rows) : arena_printf(l->arena, "%dx%d", rows, columns);
}

static const char *v_kernel(const LayerParts *l) { return arena_printf(l->arena, "%dx%d", l->first->window.kh, l->first->window.kw); }
static const char *v_stride(const LayerParts *l) { return pair_text(l, l->first->window.sh, l->first->window.sw); }

static const char *kernel_phrase(const LayerParts *l)
{
    const Window *w = &l->first->window;
    return w->sh == 1 && w->sw == 1 ? v_kernel(l) : arena_printf(l->arena, "%s, stride %s", v_kernel(l), v_stride(l));
}

static const char *v_padding(const LayerParts *l)
{
    const Window *w = &l->first->window;
    if (w->top == w->bottom && w->left == w->right)
        return pair_text(l, w->top, w->left);
    return arena_printf(l->arena, "%d,%d,%d,%d", w->top, w->bottom, w->left, w->right);
}

static const char *padding_phrase(const LayerParts *l)
{
    const Window *w = &l->first->window;
    if (w->top == w->bottom && w->left == w->right && w->top == w->left)
        return w->top ? arena_printf(l->arena, "%d on each side", w->top) : "none";
    const struct { const char *side; int n; } sides[] = { { "top", w->top }, { "bottom", w->bottom }, { "left", w->left }, { "right", w->right } };
    const char *text = "";
    for (int i = 0; i < 4; i++)
        if (sides[i].n)
            text = arena_printf(l->arena, "%s%s%s %d", text, *text ? ", " : "", sides[i].side, sides[i].n);
    return text;
}

static const char *v_rounding(const LayerParts *l) { return l->first->ceil ? "ceil" : "floor"; }
static const char *v_divisor(const LayerParts *l) { return l->first->count_pad ? "counts the border" : "without the border"; }
static const char *divisor_phrase(const LayerParts *l) { return l->first->count_pad ? "the whole window" : "the pixels in it"; }

static bool divides(int size, int before, int after, int k, int stride) { return (size + before + after - k) % stride == 0; }

static bool fits_exactly(const LayerParts *l)
{
    const Window *w = &l->first->window;
    const int *d = l->first->in[0]->shape.dim;
    return divides(d[1], w->top, w->bottom, w->kh, w->sh) && divides(d[2], w->left, w->right, w->kw, w->sw);
}

static bool has_no_border(const LayerParts *l)
{
    const Window *w = &l->first->window;
    return fits_exactly(l) && w->top + w->bottom + w->left + w->right == 0;
}

/* ---- Weights ---- */

static const char *v_count(const LayerParts *l) { return number(l, l->first->out[0]->shape.dim[0]); }
static const char *v_groups(const LayerParts *l) { return number(l, l->first->groups); }

static const char *v_init(const LayerParts *l)
{
    const Init *i = &node_weight(l->first, ROLE_WEIGHT)->init;
    const char *name = init_names[i->kind];
    if (i->kind == INIT_TRUNC_NORMAL)
        return arena_printf(l->arena, "%s(%s, cut=%s)", name, number(l, i->a), number(l, i->b));
    return i->kind == INIT_NORMAL || i->kind == INIT_CONSTANT ? arena_printf(l->arena, "%s(%s)", name, number(l, i->a)) : name;
}

static const char *init_text(const LayerParts *l, const Init *i)
{
    switch (i->kind) {
    case INIT_CONSTANT: return arena_printf(l->arena, "constant %s", number(l, i->a));
    case INIT_NORMAL: return arena_printf(l->arena, "normal, std %s", number(l, i->a));
    case INIT_TRUNC_NORMAL: return arena_printf(l->arena, "normal within %s, std %s", number(l, i->b), number(l, i->a));
    case INIT_XAVIER: case INIT_GLOROT: case INIT_HE: case INIT_TORCH: return init_names[i->kind];
    }
    return "";
}

static const char *init_phrase(const LayerParts *l) { return init_text(l, &node_weight(l->first, ROLE_WEIGHT)->init); }
static const char *v_bias(const LayerParts *l) { return node_weight(l->first, ROLE_BIAS) ? "yes" : "no"; }

static const char *bias_phrase(const LayerParts *l)
{
    const Tensor *b = node_weight(l->first, ROLE_BIAS);
    return !b ? "none" : b->init.kind == INIT_CONSTANT ? arena_printf(l->arena, "from %s", number(l, b->init.a)) : init_text(l, &b->init);
}

static const char *v_bias_init(const LayerParts *l)
{
    const Tensor *b = node_weight(l->first, ROLE_BIAS);
    return b ? number(l, b->init.a) : NULL;
}

static const char *v_activation(const LayerParts *l) { return l->relu ? "relu" : "linear"; }
static const char *activation_phrase(const LayerParts *l) { return l->relu ? "ReLU" : "none"; }

/* ---- Norms ---- */

static const char *v_norm(const LayerParts *l) { return l->bn ? "yes" : "no"; }
static const char *norm_phrase(const LayerParts *l) { return l->bn ? "yes" : "none"; }
static bool has_gamma(const LayerParts *l) { return node_weight(l->bn, ROLE_GAMMA) != NULL; }
static const char *v_gamma(const LayerParts *l) { return !l->bn ? NULL : has_gamma(l) ? "yes" : "no"; }
static const char *gamma_phrase(const LayerParts *l) { return !l->bn ? NULL : has_gamma(l) ? "yes" : "none"; }
static const char *v_bn_eps(const LayerParts *l) { return l->bn ? number(l, l->bn->eps) : NULL; }
static const char *v_momentum(const LayerParts *l) { return l->bn ? number(l, l->bn->momentum) : NULL; }
static const char *v_eps(const LayerParts *l) { return number(l, l->first->eps); }
static const char *v_size(const LayerParts *l) { return number(l, l->first->lrn_size); }
static const char *v_alpha(const LayerParts *l) { return number(l, l->first->lrn_alpha); }
static const char *v_beta(const LayerParts *l) { return number(l, l->first->lrn_beta); }
static const char *v_k(const LayerParts *l) { return number(l, l->first->lrn_k); }

static const char *list_text(const LayerParts *l, const double *v)
{
    const char *text = "";
    for (int i = 0; i < l->first->out[0]->shape.dim[0]; i++)
        text = arena_printf(l->arena, i ? "%s, %s" : "%s%s", text, number(l, v[i]));
    return text;
}

static const char *v_mean(const LayerParts *l) { return list_text(l, l->first->mean); }
static const char *v_std(const LayerParts *l) { return list_text(l, l->first->std); }

/* ---- The others ---- */

static const char *v_rate(const LayerParts *l) { return number(l, l->first->rate); }
static const char *rate_phrase(const LayerParts *l) { return arena_printf(l->arena, "share %s", v_rate(l)); }
static const char *v_scale(const LayerParts *l) { return l->first->scale ? number(l, l->first->scale[l->first->n_in - 1]) : NULL; }

#define BIT(op) (UINT64_C(1) << OP_##op)
#define WEIGHTED (BIT(CONV) | BIT(LINEAR))
#define POOLS (BIT(MAXPOOL) | BIT(AVGPOOL))
#define NORMED (WEIGHTED | BIT(BATCHNORM))

const LayerProperty layer_properties[] = {
    { BIT(CONV) | POOLS, "kernel", v_kernel, "kernel", kernel_phrase, "kernel", 0, NULL },
    { BIT(CONV) | POOLS, "stride", v_stride, NULL, NULL, NULL, 0, NULL },
    { BIT(ADAPTIVEAVGPOOL), "size", v_kernel, "kernel", NULL, "kernel", 0, NULL },
    { BIT(CONV), "channels", v_count, "outputs", NULL, "count", 0, NULL },
    { BIT(LINEAR), "outputs", v_count, "outputs", NULL, "count", 0, NULL },
    { BIT(LRN), "size", v_size, "size", NULL, "count", 0, NULL },
    { BIT(DROPOUT), "rate", v_rate, "drops", rate_phrase, "count", PROPERTY_TRAINING, NULL },
    { BIT(CONV), "padding", v_padding, "padding", padding_phrase, "padding", 0, NULL },
    { POOLS, "padding", v_padding, "padding", padding_phrase, "padding", PROPERTY_CONVENTIONS, NULL },
    { POOLS, "rounding", v_rounding, "rounding", NULL, "rounding", PROPERTY_CONVENTIONS, fits_exactly },
    { BIT(AVGPOOL), "divisor", v_divisor, "divisor", divisor_phrase, "divisor", PROPERTY_CONVENTIONS, has_no_border },
    { BIT(CONV), "groups", v_groups, "groups", NULL, "groups", 0, NULL },
    { WEIGHTED, "bias", v_bias, "bias", bias_phrase, "bias", 0, NULL },
    { WEIGHTED, "batch norm", v_norm, "batch norm", norm_phrase, "batch norm", 0, NULL },
    { NORMED, "gamma", v_gamma, "gamma", gamma_phrase, "gamma", 0, NULL },
    { NORMED, "eps", v_bn_eps, "eps", NULL, "eps", PROPERTY_CONVENTIONS, NULL },
    { NORMED, "momentum", v_momentum, "momentum", NULL, "momentum", PROPERTY_CONVENTIONS | PROPERTY_TRAINING, NULL },
    { BIT(L2NORM), "eps", v_eps, "eps", NULL, "eps", 0, NULL },
    { WEIGHTED, "activation", v_activation, "activation", activation_phrase, "activation", 0, NULL },
    { WEIGHTED, "init", v_init, "initialiser", init_phrase, "init", PROPERTY_TRAINING, NULL },
    { WEIGHTED, "bias init", v_bias_init, NULL, NULL, NULL, PROPERTY_TRAINING, NULL },
    { BIT(LRN), "alpha", v_alpha, "alpha", NULL, "alpha", 0, NULL },
    { BIT(LRN), "beta", v_beta, "beta", NULL, "beta", 0, NULL },
    { BIT(LRN), "k", v_k, "k", NULL, "k", 0, NULL },
    { BIT(NORMALIZE), "mean", v_mean, NULL, NULL, NULL, 0, NULL },
    { BIT(NORMALIZE), "std", v_std, NULL, NULL, NULL, 0, NULL },
    { BIT(ADD), "scale", v_scale, NULL, NULL, NULL, 0, NULL },
};
const int n_layer_properties = sizeof layer_properties / sizeof *layer_properties;

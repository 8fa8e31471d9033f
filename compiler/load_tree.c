/* Values of packed weights: a tree of load operators is evaluated per element in double; factors that belong to a row once a row. */
#include "load_tree.h"
#include <string.h>

/* ---- The form of a tree ---- */

void tree_collect(Arena *a, Tree *t, Tensor *x, const char **text)
{
    if (x->kind == TENSOR_WEIGHT) {
        CHECK(t->n_leaves < MAX_LEAVES);
        t->leaf[t->n_leaves++] = x;
        *text = arena_printf(a, "%s w", *text);
        return;
    }
    const Node *n = x->def;
    *text = arena_printf(a, "%s %s", *text, op_name(n->op));
    if (n->op == OP_BN_SCALE)
        *text = arena_printf(a, "%s%d eps %.17g", *text, n->n_in, n->eps);
    else if (n->op == OP_BN_SHIFT || n->op == OP_NORM_BIAS)
        *text = arena_printf(a, "%s%d", *text, n->n_in);
    if (n->op == OP_FLIP) {
        t->flip = n;
        *text = arena_printf(a, "%s%s %dx%d %dx%d/%dx%d %d,%d", *text, n->groups > 1 ? " groups" : "", n->kernel_h, n->kernel_w, n->window.kh, n->window.kw, n->window.sh, n->window.sw,
                             n->window.top, n->window.left);
    }
    if (n->op == OP_DEPTH_WEIGHT) {
        t->spread = n;
        *text = arena_printf(a, "%s %s %dx%d %d,%d", *text, shape_text(a, &n->in[0]->shape), n->window.sh, n->window.sw, n->window.top, n->window.left);
    }
    if (n->mean)
        for (int i = 0; i < 3; i++)
            *text = arena_printf(a, "%s %.17g/%.17g", *text, n->mean[i], n->std[i]);
    for (int i = 0; i < n->n_in; i++)
        tree_collect(a, t, n->in[i], text);
}

static const char *leaf_name(const Tensor *w)
{
    switch (w->role) {
    case ROLE_WEIGHT: return "w";
    case ROLE_BIAS: return "bias";
    case ROLE_GAMMA: return "gamma";
    case ROLE_BETA: return "beta";
    case ROLE_MEAN: return "mean";
    case ROLE_VAR: return "var";
    }
    return "w";
}

/* ---- Values ---- */

static Expr *read_leaf(Tree *t, const Tensor *x, int *next, Expr *index)
{
    CHECK(t->leaf[*next] == x);
    Var *v = t->leaf_var[(*next)++];
    return loop_convert(t->l, TY_F64, loop_load(t->l, TY_F32, v, index));
}

/* One of three doubles by input channel: the compiler sees constants. */
static Expr *pick_channel(Lower *l, const double *v, Expr *ci)
{
    return loop_select(l, loop_bin(l, EX_EQ, ci, loop_int(l, 0)), loop_f64(l, v[0]),
                       loop_select(l, loop_bin(l, EX_EQ, ci, loop_int(l, 1)), loop_f64(l, v[1]),
                                   loop_f64(l, v[2])));
}

/* Element (co, ci, tap) of a weight that keeps its logical order. */
static Expr *weight_index(Tree *t, Var *co, Var *ci, Expr *tap)
{
    Lower *l = t->l;
    const int *d = t->spread ? t->spread->in[0]->shape.dim : NULL;
    Expr *channels = d ? loop_int(l, d[1]) : loop_var(l, t->depth_total), *taps = d ? loop_int(l, d[2] * d[3]) : loop_var(l, t->taps);
    Expr *row = loop_add(l, loop_mul(l, loop_var(l, co), channels), loop_var(l, ci));
    return loop_add(l, loop_mul(l, row, taps), tap);
}

/* bias - sum over the row of w * mean / std: the shift of a normalize folded into the convolution. */
static Expr *norm_bias_value(Tree *t, const Node *n, int *next, Var *co)
{
    Lower *l = t->l;
    int w_leaf = (*next)++;
    Expr *start = n->n_in > 1 ? tree_vector(t, n->in[1], next, co) : loop_f64(l, 0);
    Var *sum = loop_mut(l, "sum", start);
    Var *ci = loop_for_begin(l, "ci", loop_int(l, 0), loop_var(l, t->depth_total), 1);
    double shift[3];
    for (int i = 0; i < 3; i++)
        shift[i] = n->mean[i] / n->std[i];
    Var *tap = loop_for_begin(l, "k", loop_int(l, 0), loop_var(l, t->taps), 1);
    Expr *w = loop_convert(l, TY_F64, loop_load(l, TY_F32, t->leaf_var[w_leaf], weight_index(t, co, ci, loop_var(l, tap))));
    loop_set(l, sum, loop_sub(l, loop_var(l, sum), loop_mul(l, w, pick_channel(l, shift, loop_var(l, ci)))));
    loop_for_end(l);
    loop_for_end(l);
    return loop_var(l, sum);
}

/* Value of a vector (one double a row) at row co. */
Expr *tree_vector(Tree *t, const Tensor *x, int *next, Var *co)
{
    Lower *l = t->l;
    if (x->kind == TENSOR_WEIGHT)
        return read_leaf(t, x, next, loop_var(l, co));
    const Node *n = x->def;
    switch (n->op) {
    case OP_BN_SCALE: {
        Expr *gamma = n->n_in > 1 ? tree_vector(t, n->in[0], next, co) : loop_f64(l, 1);
        Expr *var = tree_vector(t, n->in[n->n_in - 1], next, co);
        return loop_div(l, gamma, loop_sqrt(l, loop_add(l, var, loop_f64(l, n->eps))));
    }
    case OP_BN_SHIFT: { /* beta + (bias - mean) * s */
        Var *s = loop_let(l, "scale", tree_vector(t, n->in[0], next, co));
        Expr *beta = tree_vector(t, n->in[1], next, co);
        Expr *mean = tree_vector(t, n->in[2], next, co);
        Expr *bias = n->n_in > 3 ? tree_vector(t, n->in[3], next, co) : NULL;
        if (!bias)
            return loop_sub(l, beta, loop_mul(l, mean, loop_var(l, s)));
        return loop_add(l, beta, loop_mul(l, loop_sub(l, bias, mean), loop_var(l, s)));
    }
    case OP_NORM_BIAS: return norm_bias_value(t, n, next, co);
    default: ICE("the load phase cannot compute a vector by %s", op_name(n->op));
    }
}

/* Row values of a weight's tree, computed ahead of its inner loops. */
void tree_row_values(Tree *t, const Tensor *x, int *next, Var *co)
{
    if (x->kind == TENSOR_WEIGHT) {
        (*next)++;
        return;
    }
    const Node *n = x->def;
    tree_row_values(t, n->in[0], next, co);
    if (n->op == OP_FLIP || n->op == OP_DEPTH_WEIGHT)
        return;
    if (n->op == OP_SCALE_ROWS) {
        CHECK(t->n_rows < MAX_ROWS);
        t->row_of[t->n_rows] = x;
        t->row_var[t->n_rows++] = loop_let(t->l, "s", tree_vector(t, n->in[1], next, co));
    } else if (n->op != OP_NORM_WEIGHT) {
        ICE("the load phase cannot compute a weight by %s", op_name(n->op));
    }
}

/* Row co, channel ci of flipped weights: row ci, channel co of w, in the group of co; the taps of the phase from the last to the first. */
static Expr *flipped_value(Tree *t, const Node *n, int *next, Var *co, Var *ci, Expr *tap)
{
    Lower *l = t->l;
    const Window *w = &n->window;
    Expr *row = loop_var(l, ci), *channel = loop_var(l, co), *rows = loop_var(l, t->rows_total);
    if (n->groups > 1) {
        row = loop_add(l, loop_mul(l, loop_div(l, channel, rows), loop_var(l, t->depth_total)), row);
        channel = loop_bin(l, EX_MOD, channel, rows);
    }
    row = loop_add(l, loop_mul(l, row, rows), channel);
    Expr *kw = loop_int(l, w->kw), *jy = loop_div(l, tap, kw), *jx = loop_bin(l, EX_MOD, tap, kw);
    Expr *ky = loop_sub(l, loop_int(l, w->top + w->sh * (w->kh - 1)), loop_mul(l, jy, loop_int(l, w->sh)));
    Expr *kx = loop_sub(l, loop_int(l, w->left + w->sw * (w->kw - 1)), loop_mul(l, jx, loop_int(l, w->sw)));
    Expr *at = loop_add(l, loop_mul(l, ky, loop_int(l, n->kernel_w)), kx);
    return read_leaf(t, n->in[0], next, loop_add(l, loop_mul(l, row, loop_int(l, n->kernel_h * n->kernel_w)), at));
}

/* Which channel input channel ci is one pixel of, and the first tap that this pixel of squares sees. */
void tree_spread(Tree *t, Var *ci)
{
    Lower *l = t->l;
    if (!t->spread)
        return;
    const Window *w = &t->spread->window;
    Expr *channels = loop_int(l, t->spread->in[0]->shape.dim[1]), *across = loop_int(l, w->sw), *pixel = loop_div(l, loop_var(l, ci), channels);
    t->channel = loop_let(l, "c", loop_bin(l, EX_MOD, loop_var(l, ci), channels));
    t->ky = loop_let(l, "ky", loop_sub(l, loop_div(l, pixel, across), loop_int(l, w->top)));
    t->kx = loop_let(l, "kx", loop_sub(l, loop_bin(l, EX_MOD, pixel, across), loop_int(l, w->left)));
}

/* 0 <= first + step < size, where step is one of [0, taps) times `stride` and first begins `before` the first: null where that always holds. */
static Expr *within(Lower *l, Var *first, Expr *tap, int taps, int stride, int before, int size)
{
    bool known = tap->kind == EX_INT;
    int64_t from = known ? tap->ival : 0, to = known ? tap->ival : taps - 1;
    Expr *k = loop_add(l, loop_var(l, first), loop_mul(l, tap, loop_int(l, stride)));
    Expr *low = from * stride < before ? loop_bin(l, EX_LE, loop_int(l, 0), k) : NULL;
    Expr *high = (to + 1) * stride - 1 - before >= size ? loop_bin(l, EX_LT, k, loop_int(l, size)) : NULL;
    return low && high ? loop_bin(l, EX_AND, low, high) : low ? low : high;
}

/* Tap (a, b) of squares is w's tap (ky + a * sh, kx + b * sw), or zero. */
static Expr *spread_value(Tree *t, const Node *n, int *next, Var *co, Expr *tap)
{
    Lower *l = t->l;
    const Window *w = &n->window;
    const int *d = n->in[0]->shape.dim, *r = n->out[0]->shape.dim;
    Expr *across = loop_int(l, r[3]), *a = loop_div(l, tap, across), *b = loop_bin(l, EX_MOD, tap, across), *wide = loop_int(l, d[3]);
    Expr *first = loop_add(l, loop_mul(l, loop_var(l, t->ky), wide), loop_var(l, t->kx));
    Expr *rest = loop_add(l, loop_mul(l, loop_mul(l, a, loop_int(l, w->sh)), wide), loop_mul(l, b, loop_int(l, w->sw)));
    Expr *v = tree_weight(t, n->in[0], next, co, t->channel, loop_add(l, first, rest));
    Expr *y = within(l, t->ky, a, r[2], w->sh, w->top, d[2]), *x = within(l, t->kx, b, r[3], w->sw, w->left, d[3]);
    Expr *inside = y && x ? loop_bin(l, EX_AND, y, x) : y ? y : x;
    return inside ? loop_select(l, inside, v, loop_f64(l, 0)) : v;
}

Expr *tree_weight(Tree *t, const Tensor *x, int *next, Var *co, Var *ci, Expr *tap)
{
    Lower *l = t->l;
    if (x->kind == TENSOR_WEIGHT)
        return read_leaf(t, x, next, weight_index(t, co, ci, tap));
    const Node *n = x->def;
    if (n->op == OP_FLIP)
        return flipped_value(t, n, next, co, ci, tap);
    if (n->op == OP_DEPTH_WEIGHT)
        return spread_value(t, n, next, co, tap);
    Expr *w = tree_weight(t, n->in[0], next, co, ci, tap);
    if (n->op == OP_NORM_WEIGHT)
        return loop_div(l, w, pick_channel(l, n->std, loop_var(l, ci)));
    for (int i = 0; i < t->n_rows; i++)
        if (t->row_of[i] == x)
            return loop_mul(l, w, loop_var(l, t->row_var[i]));
    ICE("a row value is missing");
}

/* ---- For packing functions ---- */

void tree_params(Tree *t)
{
    for (int i = 0; i < t->n_leaves; i++)
        t->leaf_var[i] = loop_param(t->l, VAR_PARAM_IN, leaf_name(t->leaf[i]), 0);
    if (t->flip)
        t->rows_total = loop_param(t->l, VAR_PARAM_INT, "rows", 0);
}

const char *tree_comment(Arena *a, const char *text)
{
    const char *squares = strstr(text, "depth_weight") ? " and spread over\nthe pixels of squares (each sees every other tap)" : "";
    if (strstr(text, "bn_s"))
        return arena_printf(a, "with the batch norm%s folded in%s", strstr(text, "norm_") ? " and the input's scaling" : "", squares);
    if (strstr(text, "flip"))
        return strstr(text, "groups") ? "rows and channels of each group exchanged,\ntaps from the last to the first"
                                      : "rows and channels exchanged, taps from the last to the first";
    return arena_printf(a, "%s%s", strstr(text, "norm_") ? "with the input's scaling folded in" : "as they are", squares);
}

/* The load phase: every packed weight as loops over logical weights.
 *
 * A packing function evaluates the tree of a weight (load_tree.h) per element in double and rounds once.  One function
 * serves all weights whose trees have one form: sizes are parameters.
 *
 *   rows x depth (input channels x taps) -> groups of `width` rows, [group][depth][width]             */
#include "load_tree.h"
#include "cook_toom.h"
#include <string.h>

/* ---- Packing functions ---- */

/* Called for every layer: by itself gcc puts it into the page hundreds of times. */
static Func *packing_func(LoadLower *c, const char *key, const char *name, const char *comment)
{
    Func *f = unit_func(c->unit, key, name, comment, TY_F32);
    f->packs = true;
    return f;
}

/* The place of element (p, channel, tap) in packed weights: [p / width][channel block][tap][channel][width]. */
static Expr *packed_index(Lower *l, Expr *p, Expr *channel, Var *tap, Tree *t, Var *depth, int block, int width)
{
    Expr *b = loop_int(l, block), *w = loop_int(l, width);
    Expr *d = loop_mul(l, loop_div(l, channel, b), loop_var(l, t->taps));
    d = loop_mul(l, loop_add(l, d, loop_var(l, tap)), b);
    if (block > 1)
        d = loop_add(l, d, loop_bin(l, EX_MOD, channel, b));
    if (width == 1)
        return loop_add(l, loop_mul(l, p, loop_var(l, depth)), d);
    Expr *group = loop_mul(l, loop_div(l, p, w), loop_var(l, depth));
    return loop_add(l, loop_mul(l, loop_add(l, group, d), w), loop_bin(l, EX_MOD, p, w));
}

static void conv_body(Tree *t, Tensor *x, Var **v, int block, int width)
{
    Lower *l = t->l;
    enum { CO0, CO1, CI0, N, FIRST, AT, DEPTH, OUT };
    Var *co = loop_for_begin(l, "co", loop_var(l, v[CO0]), loop_var(l, v[CO1]), 1);
    int next = 0;
    tree_row_values(t, x, &next, co);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, v[N]), 1);
    Var *ci = loop_let(l, "ci", loop_add(l, loop_var(l, v[CI0]), loop_var(l, i)));
    tree_spread(t, ci);
    Var *tap = loop_for_begin(l, "k", loop_int(l, 0), loop_var(l, t->taps), 1);
    Expr *p = loop_add(l, loop_var(l, v[FIRST]), loop_var(l, co));
    Expr *channel = loop_add(l, loop_var(l, v[AT]), loop_var(l, i));
    next = 0;
    loop_store(l, v[OUT], packed_index(l, p, channel, tap, t, v[DEPTH], block, width),
               loop_convert(l, TY_F32, tree_weight(t, x, &next, co, ci, loop_var(l, tap))));
    for (int k = 0; k < 3; k++)
        loop_for_end(l);
}

static Func *pack_conv_func(LoadLower *c, Tensor *x, int block, int width)
{
    Arena *a = c->unit->arena;
    Tree t = { 0 };
    const char *text = "";
    tree_collect(a, &t, x, &text);
    const char *key = arena_printf(a, "pack conv%s block %d width %d", text, block, width);
    Func *f = unit_find_func(c->unit, key);
    if (f)
        return f;
    const char *comment = arena_printf(a,
        "Packs convolution weights, %s: rows [co0, co1) of w[co][ci][k], input\n"
        "channels [ci0, ci0 + n), to out as rows from `first + co0` and channels from `at` on.\n"
        "out is %s.",
        tree_comment(a, text), block * width == 1 ? "[row][channel][k]" :
        block == 1 ? arena_printf(a, "[row / %d][channel][k][row %% %d]", width, width) :
        arena_printf(a, "[row / %d][channel / %d][k][channel %% %d][row %% %d]", width, block, block, width));
    f = packing_func(c, key, arena_printf(a, "pack_conv_x%d", width), comment);
    Lower *l = t.l = lower_new(c->unit, f);
    tree_params(&t);
    t.depth_total = t.spread ? NULL : loop_param(l, VAR_PARAM_INT, "ci_total", 0);
    t.taps = loop_param(l, VAR_PARAM_INT, "taps", 0);
    static const char *const names[] = { "co0", "co1", "ci0", "n", "first", "at", "depth" };
    Var *v[8];
    for (int i = 0; i < 7; i++)
        v[i] = loop_param(l, VAR_PARAM_INT, names[i], 0);
    v[7] = loop_param(l, VAR_PARAM_OUT, "out", 0);
    conv_body(&t, x, v, block, width);
    return f;
}

/* ---- Weights of fast convolutions: u = Gh g Gw^T of every kernel g, in double, rounded once ---- */

/* One row of G on taps: the sum of its terms. */
static Expr *g_row(Lower *l, const CookToom *f, int i, Var *const *in)
{
    Expr *sum = NULL;
    for (int k = 0; k < f->r; k++) {
        Fraction g = f->g[i][k];
        if (g.num == 0)
            continue;
        Expr *term = loop_var(l, in[k]);
        if (g.num != g.den)
            term = loop_mul(l, loop_f64(l, fraction_value(g)), term);
        sum = sum ? loop_add(l, sum, term) : term;
    }
    return sum;
}

/* Row i is the row before it once more: the same weight. */
static bool is_again(const CookToom *f, int i) { return i && f->weight[i] == f->weight[i - 1]; }

typedef struct Kernels { /* what is made of one kernel at a time */
    Tree *t;
    Tensor *x;
    const CookToom *h, *w;
    Var *co, *ci, *out, *at, *slab; /* product k goes to out[at + k * slab] */
} Kernels;

static Expr *kernel_tap(const Kernels *k, Expr *tap)
{
    int next = 0;
    return tree_weight(k->t, k->x, &next, k->co, k->ci, tap);
}

/* Elements from + i * step of an array. */
static void read_taps(Lower *l, const char *name, Var *array, int n, Expr *from, int step, Var **in)
{
    for (int i = 0; i < n; i++)
        in[i] = loop_let(l, arena_printf(l->unit->arena, "%s%d", name, i), loop_load(l, TY_F64, array, loop_add(l, from, loop_int(l, i * step))));
}

/* Every different row of G on the taps: to products from `first` on. */
static void store_products(const Kernels *k, const CookToom *f, Var *const *in, Expr *first)
{
    Lower *l = k->t->l;
    for (int i = 0; i < f->alpha; i++) {
        if (is_again(f, i))
            continue;
        Expr *to = loop_mul(l, loop_add(l, first, loop_int(l, f->weight[i])), loop_var(l, k->slab));
        loop_store(l, k->out, loop_add(l, loop_var(l, k->at), to), loop_convert(l, TY_F32, g_row(l, f, i, in)));
    }
}

/* Along one axis: no arrays. */
static void transform_taps(const Kernels *k, const CookToom *f)
{
    Lower *l = k->t->l;
    Var *in[COOK_TOOM_MOST] = { NULL };
    for (int i = 0; i < f->r; i++)
        in[i] = loop_let(l, arena_printf(l->unit->arena, "g%d", i), kernel_tap(k, loop_int(l, i)));
    store_products(k, f, in, loop_int(l, 0));
}

/* Columns of g to columns of t = Gh g, rows of that to products. */
static void transform_kernel(const Kernels *k)
{
    Lower *l = k->t->l;
    int rows = k->h->weights, width = k->w->r;
    Var *g = loop_array(l, TY_F64, "g", k->h->r * width), *t = loop_array(l, TY_F64, "t", rows * width), *in[COOK_TOOM_MOST] = { NULL };
    Var *tap = loop_for_begin(l, "k", loop_int(l, 0), loop_int(l, k->h->r * width), 1);
    loop_store(l, g, loop_var(l, tap), kernel_tap(k, loop_var(l, tap)));
    loop_for_end(l);
    Var *j = loop_for_begin(l, "j", loop_int(l, 0), loop_int(l, width), 1);
    read_taps(l, "g", g, k->h->r, loop_var(l, j), width, in);
    for (int i = 0; i < k->h->alpha; i++)
        if (!is_again(k->h, i))
            loop_store(l, t, loop_add(l, loop_var(l, j), loop_int(l, k->h->weight[i] * width)), g_row(l, k->h, i, in));
    loop_for_end(l);
    Var *r = loop_for_begin(l, "r", loop_int(l, 0), loop_int(l, rows), 1);
    read_taps(l, "t", t, width, loop_mul(l, loop_int(l, width), loop_var(l, r)), 1, in);
    store_products(k, k->w, in, loop_mul(l, loop_int(l, k->w->weights), loop_var(l, r)));
    loop_for_end(l);
}

static void fast_body(Tree *t, Tensor *x, Var **v, const CookToom *h, const CookToom *w)
{
    Lower *l = t->l;
    enum { CO0, CO1, CI0, N, FIRST, AT, DEPTH, WIDTH, OUT };
    Kernels k = { .t = t, .x = x, .h = h, .w = w, .out = v[OUT] };
    k.co = loop_for_begin(l, "co", loop_var(l, v[CO0]), loop_var(l, v[CO1]), 1);
    int next = 0;
    tree_row_values(t, x, &next, k.co);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, v[N]), 1);
    k.ci = loop_let(l, "ci", loop_add(l, loop_var(l, v[CI0]), loop_var(l, i)));
    tree_spread(t, k.ci);
    Var *p = loop_let(l, "p", loop_add(l, loop_var(l, v[FIRST]), loop_var(l, k.co)));
    Expr *wide = loop_var(l, v[WIDTH]), *slab = loop_mul(l, loop_var(l, v[DEPTH]), wide);
    Expr *group = loop_mul(l, loop_div(l, loop_var(l, p), wide), loop_mul(l, loop_int(l, h->weights * w->weights), slab));
    Expr *channel = loop_mul(l, loop_add(l, loop_var(l, v[AT]), loop_var(l, i)), wide);
    k.at = loop_let(l, "o", loop_add(l, loop_add(l, group, channel), loop_bin(l, EX_MOD, loop_var(l, p), wide)));
    k.slab = loop_let(l, "slab", slab);
    if (cook_toom_two_axes(h, w))
        transform_kernel(&k);
    else
        transform_taps(&k, h->alpha > 1 ? h : w);
    loop_for_end(l);
    loop_for_end(l);
}

static Func *pack_fast_func(LoadLower *c, const Packed *k, Tensor *x)
{
    Arena *a = c->unit->arena;
    Tree t = { 0 };
    const char *text = "";
    tree_collect(a, &t, x, &text);
    const Window *win = &k->node->window;
    const char *form = arena_printf(a, "%dx%d_%dx%d%s", k->mh, k->mw, k->kh, k->kw,
                                    window_steps_by_1(win) ? "" : arena_printf(a, "_s%dx%d", win->sh, win->sw));
    const char *key = arena_printf(a, "pack fast%s %s", text, form);
    Func *f = unit_find_func(c->unit, key);
    if (f)
        return f;
    CookToom h, w;
    cook_toom(&h, k->mh, k->kh, win->sh);
    cook_toom(&w, k->mw, k->kw, win->sw);
    const char *comment = arena_printf(a,
        "Packs weights of F(%d x %d, %d x %d), %s: Gh g Gw^T%s\n"
        "of the kernels of rows [co0, co1) and input channels [ci0, ci0 + n).\n"
        "out is [row / width][product][channel][row %% width].",
        k->mh, k->mw, k->kh, k->kw, tree_comment(a, text), cook_toom_two_axes(&h, &w) ? " (t = Gh g)" : "");
    f = packing_func(c, key, arena_printf(a, "pack_%s", form), comment);
    Lower *l = t.l = lower_new(c->unit, f);
    tree_params(&t);
    t.depth_total = t.spread ? NULL : loop_param(l, VAR_PARAM_INT, "ci_total", 0);
    t.taps = loop_dim(l, "TAPS", k->kh * k->kw);
    static const char *const names[] = { "co0", "co1", "ci0", "n", "first", "at", "depth", "width" };
    Var *v[9];
    for (int i = 0; i < 8; i++)
        v[i] = loop_param(l, VAR_PARAM_INT, names[i], 0);
    v[8] = loop_param(l, VAR_PARAM_OUT, "out", 0);
    fast_body(&t, x, v, &h, &w);
    return f;
}

static Func *pack_vector_func(LoadLower *c, Tensor *x)
{
    Arena *a = c->unit->arena;
    Tree t = { 0 };
    const char *text = "";
    tree_collect(a, &t, x, &text);
    const char *key = arena_printf(a, "pack vector%s", text);
    Func *f = unit_find_func(c->unit, key);
    if (f)
        return f;
    const char *comment = arena_printf(a, "Packs one value a channel, %s: channels [c0, c0 + n).", tree_comment(a, text));
    f = packing_func(c, key, "pack_vector", comment);
    Lower *l = t.l = lower_new(c->unit, f);
    tree_params(&t);
    bool sums = strstr(text, "norm_bias") != NULL;
    t.depth_total = sums ? loop_param(l, VAR_PARAM_INT, "ci_total", 0) : NULL;
    t.taps = sums ? loop_param(l, VAR_PARAM_INT, "taps", 0) : NULL;
    Var *c0 = loop_param(l, VAR_PARAM_INT, "c0", 0), *n = loop_param(l, VAR_PARAM_INT, "n", 0);
    Var *out = loop_param(l, VAR_PARAM_OUT, "out", 0);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, n), 1);
    Var *co = loop_let(l, "co", loop_add(l, loop_var(l, c0), loop_var(l, i)));
    int next = 0;
    Expr *v = tree_vector(&t, x, &next, co);
    loop_store(l, out, loop_var(l, i), loop_convert(l, TY_F32, v));
    loop_for_end(l);
    return f;
}

/* Scale or shift of a batch norm that stands alone: channels [c0, c0 + n) of its place. */
static Func *pack_batchnorm_func(LoadLower *c, const Node *bn, bool shift)
{
    Arena *a = c->unit->arena;
    bool has_gamma = bn->n_in == 5;
    const char *key = arena_printf(a, "pack batchnorm %d %d %.17g", shift, has_gamma, bn->eps);
    Func *f = unit_find_func(c->unit, key);
    if (f)
        return f;
    f = packing_func(c, key, shift ? "pack_shift" : "pack_scale",
                  shift ? "Packs beta - mean * gamma / sqrt(var + eps) of a batch norm, channels [c0, c0 + n)."
                        : "Packs gamma / sqrt(var + eps) of a batch norm, channels [c0, c0 + n).");
    Lower *l = lower_new(c->unit, f);
    Var *gamma = has_gamma ? loop_param(l, VAR_PARAM_IN, "gamma", 0) : NULL;
    Var *beta = shift ? loop_param(l, VAR_PARAM_IN, "beta", 0) : NULL;
    Var *mean = shift ? loop_param(l, VAR_PARAM_IN, "mean", 0) : NULL;
    Var *var = loop_param(l, VAR_PARAM_IN, "var", 0);
    Var *c0 = loop_param(l, VAR_PARAM_INT, "c0", 0), *n = loop_param(l, VAR_PARAM_INT, "n", 0);
    Var *out = loop_param(l, VAR_PARAM_OUT, "out", 0);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, n), 1);
    Expr *at = loop_add(l, loop_var(l, c0), loop_var(l, i));
    Expr *g = gamma ? loop_convert(l, TY_F64, loop_load(l, TY_F32, gamma, at)) : loop_f64(l, 1);
    Expr *v = loop_convert(l, TY_F64, loop_load(l, TY_F32, var, at));
    Expr *s = loop_div(l, g, loop_sqrt(l, loop_add(l, v, loop_f64(l, bn->eps))));
    if (shift)
        s = loop_sub(l, loop_convert(l, TY_F64, loop_load(l, TY_F32, beta, at)),
                     loop_mul(l, loop_convert(l, TY_F64, loop_load(l, TY_F32, mean, at)), s));
    loop_store(l, out, loop_var(l, i), loop_convert(l, TY_F32, s));
    loop_for_end(l);
    return f;
}

/* ---- Calls of the load page ---- */

static Expr *raw_weight(LoadLower *c, const Tensor *t)
{
    return loop_address(c->page, c->raw, loop_int(c->page, lower_weight_index(c, t)));
}

static int add_leaves(LoadLower *c, Tensor *x, Expr **args)
{
    Tree t = { 0 };
    const char *text = "";
    tree_collect(c->unit->arena, &t, x, &text);
    for (int i = 0; i < t.n_leaves; i++)
        args[i] = raw_weight(c, t.leaf[i]);
    if (t.flip)
        args[t.n_leaves++] = loop_int(c->page, x->shape.dim[0] / t.flip->groups);
    return t.n_leaves;
}

enum { PART_AT = 4, PART_INTS };
typedef struct Part { /* of a weight: input channels [ci0, ci0 + n) of rows [co0, co1), packed from channel `at` on */
    int ints[PART_INTS]; /* co0, co1, ci0, n, at */
} Part;
typedef LIST(Part) Parts;

/* Rows [co0, co1) of one group, of one tile: what they see of each piece of the input. */
static void parts_of_group(Arena *a, const Packed *k, int seen, int co0, int co1, Parts *out)
{
    int cig = k->node->in[1]->shape.dim[1], from = co0 / (k->node->out[0]->shape.dim[0] / k->node->groups) * cig, to = from + cig;
    for (int s = 0; s < k->n_in_segments; s++) {
        const Segment *in = &k->in_segments[s];
        int c0 = in->logical > from ? in->logical : from, c1 = in->logical + in->n < to ? in->logical + in->n : to;
        if (c0 < c1)
            LIST_PUSH(a, out, ((Part){ { co0, co1, c0 - from, c1 - c0, in->physical + c0 - in->logical - seen * k->in_block } }));
    }
}

/* Rows [co0, co1) of a weight whose row 0 is physical row `row`: by pieces of the input and, where groups see other channels, by groups. */
static Parts parts_of_rows(Arena *a, const Packed *k, int row, int co0, int co1, int base, int width)
{
    Parts out = { 0 };
    for (int s = 0; s < k->n_in_segments && !k->seen; s++) {
        const Segment *in = &k->in_segments[s];
        LIST_PUSH(a, &out, ((Part){ { co0, co1, in->logical, in->n, in->physical } }));
    }
    if (!k->seen)
        return out;
    int cog = k->node->out[0]->shape.dim[0] / k->node->groups;
    for (int end; co0 < co1; co0 = end) {
        int group = (co0 / cog + 1) * cog, tile = base + ((row + co0 - base) / width + 1) * width - row;
        end = group < tile ? group : tile;
        end = end < co1 ? end : co1;
        parts_of_group(a, k, k->seen[(row + co0) / 16], co0, end, &out);
    }
    return out;
}

/* Packs one part; row 0 of x is row `first` from `base` on, the first row of the groups of `width`. */
static void call_part(LoadLower *c, const Packed *k, Tensor *x, Expr *const *part, int first, int base, int width)
{
    Lower *l = c->page;
    bool fast = k->form == PACK_COOK_TOOM;
    int taps = k->kh * k->kw, depth = fast ? k->in_channels : k->in_channels * taps;
    int64_t row_floats = (int64_t)depth * (fast ? k->floats / k->out_channels / k->in_channels : 1); /* out_channels is whole blocks, so the quotient is */
    Func *f = fast ? pack_fast_func(c, k, x) : pack_conv_func(c, x, k->in_block, width);
    Expr *args[MAX_LEAVES + 12];
    int n = add_leaves(c, x, args);
    if (!tensor_is_spread(x)) /* otherwise the function knows it */
        args[n++] = loop_int(l, shape_elems(&x->shape) / x->shape.dim[0] / taps);
    if (!fast)
        args[n++] = loop_int(l, taps);
    for (int i = 0; i < PART_INTS; i++) {
        if (i == PART_AT)
            args[n++] = loop_int(l, first);
        args[n++] = part[i];
    }
    args[n++] = loop_int(l, depth);
    if (fast)
        args[n++] = loop_int(l, width);
    args[n++] = loop_address(l, c->packed, loop_int(l, k->offset + base * row_floats));
    loop_call(l, f, args, n);
}

static Var *parts_table(Lower *l, const Parts *parts)
{
    int *all = ARENA_ARRAY(l->unit->arena, PART_INTS * parts->n, int);
    for (int i = 0; i < parts->n; i++)
        memcpy(all + PART_INTS * i, parts->at[i].ints, sizeof parts->at[i].ints);
    return loop_table(l, "parts", "Rows [co0, co1), input channels [ci0, ci0 + n), packed from channel `at` on.", all, parts->n, PART_INTS);
}

/* Rows [co0, co1) of x; row 0 of x is physical row `row`.  A few calls are written out; more are a table, and a loop over it. */
static void call_conv(LoadLower *c, const Packed *k, Tensor *x, int row, int co0, int co1, int base, int width)
{
    enum { MOST_CALLS = 4 };
    Lower *l = c->page;
    if (co0 >= co1)
        return; /* no function either: nothing would call it */
    Parts parts = parts_of_rows(c->unit->arena, k, row, co0, co1, base, width);
    Expr *ints[PART_INTS];
    for (int p = 0; p < parts.n && parts.n <= MOST_CALLS; p++) {
        for (int i = 0; i < PART_INTS; i++)
            ints[i] = loop_int(l, parts.at[p].ints[i]);
        call_part(c, k, x, ints, row - base, base, width);
    }
    if (parts.n <= MOST_CALLS)
        return;
    Var *table = parts_table(l, &parts), *at = loop_for_begin(l, "i", loop_int(l, 0), loop_int(l, parts.n), 1);
    Var *r = loop_let(l, "r", loop_address(l, table, loop_mul(l, loop_var(l, at), loop_int(l, PART_INTS))));
    for (int i = 0; i < PART_INTS; i++)
        ints[i] = loop_load(l, TY_INT, r, loop_int(l, i));
    call_part(c, k, x, ints, row - base, base, width);
    loop_for_end(l);
}

/* The last group of tiles may be narrower than the others: rows are cut where it begins.
 * Rows [co0, co1) of x lie at physical rows row + co. */
static void pack_rows(LoadLower *c, const Packed *k, Tensor *x, int row, int co0, int co1)
{
    int width = k->group * c->target->block;
    int full = k->out_channels / width * width;
    int cut = full - row < co0 ? co0 : full - row < co1 ? full - row : co1;
    call_conv(c, k, x, row, co0, cut, 0, width);
    call_conv(c, k, x, row, cut, co1, full, k->out_channels - full);
}

/* The convolution's weights that the tree of a vector sums over, or null. */
static const Tensor *summed_weight(const Tensor *x)
{
    const Node *n = x->def;
    const Tensor *found = n && n->op == OP_NORM_BIAS ? n->in[0] : NULL;
    for (int i = 0; n && i < n->n_in && !found; i++)
        found = summed_weight(n->in[i]);
    return found;
}

static void pack_values(LoadLower *c, const Packed *k, Tensor *x, int row, int co0, int co1)
{
    Lower *l = c->page;
    Expr *args[MAX_LEAVES + 4];
    int n = add_leaves(c, x, args);
    Func *f = pack_vector_func(c, x);
    const Tensor *w = summed_weight(x);
    if (w) {
        args[n++] = loop_int(l, w->shape.dim[1]);
        args[n++] = loop_int(l, (int64_t)w->shape.dim[2] * w->shape.dim[3]);
    }
    args[n++] = loop_int(l, co0);
    args[n++] = loop_int(l, co1 - co0);
    args[n++] = loop_address(l, c->packed, loop_int(l, k->offset + row + co0));
    loop_call(l, f, args, n);
}

/* Parts of a merged weight one by one; zeros stay what the buffer is. */
static void pack_parts(LoadLower *c, const Packed *k, Tensor *x, int logical)
{
    if (x->def && x->def->op == OP_CONCAT) {
        for (int i = 0; i < x->def->n_in; logical += x->def->in[i++]->shape.dim[0])
            pack_parts(c, k, x->def->in[i], logical);
        return;
    }
    if (x->def && x->def->op == OP_ZEROS)
        return;
    for (int i = 0; i < k->n_out_segments; i++) {
        const Segment *s = &k->out_segments[i];
        int co0 = s->logical > logical ? s->logical - logical : 0;
        int co1 = s->logical + s->n - logical < x->shape.dim[0] ? s->logical + s->n - logical : x->shape.dim[0];
        if (co0 >= co1)
            continue;
        int row = s->physical - s->logical + logical; /* where row 0 of x would lie */
        if (k->form == PACK_CONV || k->form == PACK_COOK_TOOM)
            pack_rows(c, k, x, row, co0, co1);
        else
            pack_values(c, k, x, row, co0, co1);
    }
}

static void pack_batchnorm(LoadLower *c, const Packed *k)
{
    Lower *l = c->page;
    const Node *bn = k->node;
    bool shift = k->form == PACK_BN_SHIFT;
    int gamma = bn->n_in == 5;
    if (shift && bn->in[1 + gamma]->def)
        return; /* zeros, of a gradient: what the packed weights are */
    for (int s = 0; s < k->n_out_segments; s++) {
        const Segment *seg = &k->out_segments[s];
        Expr *args[8];
        int n = 0;
        if (gamma)
            args[n++] = raw_weight(c, bn->in[1]);
        if (shift)
            args[n++] = raw_weight(c, bn->in[1 + gamma]);
        if (shift)
            args[n++] = raw_weight(c, bn->in[2 + gamma]);
        args[n++] = raw_weight(c, bn->in[3 + gamma]);
        args[n++] = loop_int(l, seg->logical);
        args[n++] = loop_int(l, seg->n);
        args[n++] = loop_address(l, c->packed, loop_int(l, k->offset + seg->physical));
        loop_call(l, pack_batchnorm_func(c, bn, shift), args, n);
    }
}

void lower_load_packed(LoadLower *c, const Packed *k)
{
    if (k->form == PACK_BN_SCALE || k->form == PACK_BN_SHIFT)
        pack_batchnorm(c, k);
    else if (k->tensor)
        pack_parts(c, k, k->tensor, 0);
}

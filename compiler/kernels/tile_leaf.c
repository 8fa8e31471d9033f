/* Register tiles: pixels x blocks of 16 outputs, for AVX-512 and AVX2 from one generator.
 *
 * A leaf keeps pixels * blocks * 16 / lanes accumulators in registers and walks the depth (input blocks,
 * ky, kx, channels of the block) once: per step it loads one row of weights and broadcasts one input value
 * a pixel.  Leaves depend on the tile's size and the pixel pitch only, so all layers share them.
 *
 * Rounding errors of a long sum grow with its length: gemm_tile.c cuts a deep one into pieces.  The leaf of the first
 * is the usual one, that of the others ("more") adds its sum to what y holds. */
#include "kernels.h"

enum { MOST_ACC = 32 };

static const char *leaf_name(Arena *a, const Tile *t)
{
    const char *s = t->depthwise ? arena_printf(a, "depthwise_%d", t->pixels)
                                 : arena_printf(a, t->product ? "product_%dx%d" : "tile_%dx%d", t->pixels, t->blocks);
    if (t->depth < 16)
        s = arena_printf(a, "%s_of_%d", s, t->depth);
    if (t->lanes_in == 1)
        s = arena_printf(a, "%s_image", s);
    if (t->pitch != t->lanes_in)
        s = arena_printf(a, "%s_s%d", s, t->pitch / t->lanes_in);
    if (t->more)
        s = arena_printf(a, "%s_more", s);
    return t->residual ? arena_printf(a, "%s_add", s) : s;
}

/* An image's planes and a depthwise convolution have few weights; a single pixel waits for nothing but its own. */
bool tile_fetches(const Tile *t) { return t->product || (t->lanes_in == 16 && t->pixels > 1 && !t->depthwise); }

typedef struct LeafVars {
    Var *x, *blocks, *kh, *kw, *plane, *row, *w, *b, *next, *lines, *y[4], *floor[4], *r[4], *scale;
} LeafVars;

static const char *numbered(Lower *l, const char *s, int i) { return arena_printf(l->unit->arena, "%s%d", s, i); }

static LeafVars leaf_params(Lower *l, const Tile *t)
{
    LeafVars v = { 0 };
    v.x = loop_param(l, VAR_PARAM_IN, "x", 0);
    v.blocks = t->depthwise ? NULL : loop_param(l, VAR_PARAM_INT, "blocks", 0);
    v.kh = t->product ? NULL : loop_param(l, VAR_PARAM_INT, "kh", 0);
    v.kw = t->product ? NULL : loop_param(l, VAR_PARAM_INT, "kw", 0);
    v.plane = t->depthwise ? NULL : loop_param(l, VAR_PARAM_INT, "plane", 0);
    v.row = t->product ? NULL : loop_param(l, VAR_PARAM_INT, "row", 0);
    v.w = loop_param(l, VAR_PARAM_IN, "w", 0);
    v.next = tile_fetches(t) ? loop_param(l, VAR_PARAM_IN, "next", 0) : NULL;
    v.lines = v.next ? loop_param(l, VAR_PARAM_INT, "lines", 0) : NULL;
    v.b = t->product || t->more ? NULL : loop_param(l, VAR_PARAM_IN, "b", 0);
    for (int i = 0; i < t->blocks; i++) {
        v.y[i] = loop_param(l, VAR_PARAM_OUT, numbered(l, "y", i), 0);
        v.floor[i] = t->product ? NULL : loop_param(l, VAR_PARAM_F32, numbered(l, "floor", i), 0);
        if (t->residual)
            v.r[i] = loop_param(l, VAR_PARAM_IN, numbered(l, "r", i), 0);
    }
    if (t->residual)
        v.scale = loop_param(l, VAR_PARAM_F32, "scale", 0);
    return v;
}

/* Weights that come next: `lines` cache lines for each block of channels, so that they arrive while this tile computes. */
static void prefetch_next(Lower *l, const LeafVars *v, Var *cb)
{
    Var *j = loop_for_begin(l, "j", loop_int(l, 0), loop_var(l, v->lines), 1);
    Expr *line = loop_add(l, loop_mul(l, loop_var(l, cb), loop_var(l, v->lines)), loop_var(l, j));
    loop_prefetch(l, v->next, loop_mul(l, line, loop_int(l, 16)));
    loop_for_end(l);
}

typedef struct LeafStep {
    Lower *l;
    const Tile *t;
    Var *w, *x; /* pointers to the step's weights and to its row of inputs */
    Expr *at;   /* of the first pixel in x */
} LeafStep;

/* Vector k of weights, or pixel k's input in all lanes. */
static Expr *step_value(const LeafStep *s, bool weights, int k)
{
    Lower *l = s->l;
    Type type = s->t->vector;
    return weights ? loop_load(l, type, s->w, loop_int(l, k * type_lanes(type)))
                   : loop_splat(l, type, loop_load(l, TY_F32, s->x, loop_add(l, s->at, loop_int(l, k * s->t->pitch))));
}

static Expr *named_value(const LeafStep *s, bool weights, int k)
{
    return loop_var(s->l, loop_let(s->l, numbered(s->l, weights ? "w" : "x", k), step_value(s, weights, k)));
}

/* pixels * vectors multiply-adds: of weights and inputs those that are fewer are kept, the others come one at a time. */
static void leaf_step(const LeafStep *s, Var **acc, int vectors)
{
    Lower *l = s->l;
    bool keep_w = vectors <= s->t->pixels;
    int keep = keep_w ? vectors : s->t->pixels, walk = keep_w ? s->t->pixels : vectors;
    Expr *kept[8];
    for (int k = 0; k < keep; k++)
        kept[k] = named_value(s, keep_w, k);
    for (int i = 0; i < walk; i++) {
        Expr *one = keep > 1 ? named_value(s, !keep_w, i) : step_value(s, !keep_w, i);
        for (int k = 0; k < keep; k++) {
            Var *a = acc[keep_w ? i * vectors + k : k * vectors + i];
            loop_set(l, a, loop_fma(l, keep_w ? kept[k] : one, keep_w ? one : kept[k], loop_var(l, a)));
        }
    }
    loop_advance(l, s->w, loop_int(l, vectors * type_lanes(s->t->vector)));
}

/* pixels * vectors multiply-adds of one tap: each lane has its own weight and input. */
static void depthwise_step(const LeafStep *s, Var **acc, int vectors)
{
    Lower *l = s->l;
    int lanes = type_lanes(s->t->vector);
    Expr *w[8];
    for (int j = 0; j < vectors; j++)
        w[j] = named_value(s, true, j);
    for (int i = 0; i < s->t->pixels * vectors; i++) {
        Expr *at = loop_add(l, s->at, loop_int(l, i / vectors * s->t->pitch + i % vectors * lanes));
        loop_set(l, acc[i], loop_fma(l, loop_load(l, s->t->vector, s->x, at), w[i % vectors], loop_var(l, acc[i])));
    }
    loop_advance(l, s->w, loop_int(l, vectors * lanes));
}

/* The next tap reads most of what this one did: compilers would spill to keep it. */
static void read_again(Lower *l, Var *xr)
{
    Expr *args[] = { loop_address(l, xr, loop_int(l, 0)) };
    loop_call_rt(l, "RT_READ_AGAIN", args, 1);
}

static void depthwise_loops(Lower *l, const Tile *t, const LeafVars *v, Var **acc, int vectors)
{
    Var *wp = loop_pointer(l, "wp", loop_address(l, v->w, loop_int(l, 0)), false);
    Var *ky = loop_for_begin(l, "ky", loop_int(l, 0), loop_var(l, v->kh), 1);
    Var *xr = loop_let(l, "xr", loop_address(l, v->x, loop_mul(l, loop_var(l, ky), loop_var(l, v->row))));
    Var *kx = loop_for_begin(l, "kx", loop_int(l, 0), loop_var(l, v->kw), 1);
    read_again(l, xr);
    depthwise_step(&(LeafStep){ l, t, wp, xr, loop_mul(l, loop_var(l, kx), loop_int(l, 16)) }, acc, vectors);
    loop_for_end(l);
    loop_for_end(l);
}

/* The taps of a row of planes. */
static void image_row(Lower *l, const Tile *t, const LeafVars *v, Var *wp, Var *xr, Var **acc, int vectors)
{
    Var *kx = loop_for_begin(l, "kx", loop_int(l, 0), loop_var(l, v->kw), 1);
    read_again(l, xr);
    leaf_step(&(LeafStep){ l, t, wp, xr, loop_var(l, kx) }, acc, vectors);
    loop_for_end(l);
}

/* A block of channels, `depth` of its 16, where it pays by four steps written out: what counts a loop takes issue slots, which two
 * threads on one core compete for. */
static void block_steps(Lower *l, const Tile *t, Var *wp, Var *xr, Expr *at, Var **acc, int vectors)
{
    Var *c = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, t->depth), 1);
    loop_unroll(l);
    leaf_step(&(LeafStep){ l, t, wp, xr, loop_add(l, at, loop_var(l, c)) }, acc, vectors);
    loop_for_end(l);
    if (t->depth < 16)
        loop_advance(l, wp, loop_int(l, (16 - t->depth) * 16 * t->blocks));
}

/* The loops over the depth. */
static void leaf_loops(Lower *l, const Tile *t, const LeafVars *v, Var **acc, int vectors)
{
    Var *wp = loop_pointer(l, "wp", loop_address(l, v->w, loop_int(l, 0)), false);
    Var *cb = loop_for_begin(l, "cb", loop_int(l, 0), loop_var(l, v->blocks), 1);
    if (v->next)
        prefetch_next(l, v, cb);
    Expr *at = loop_mul(l, loop_var(l, cb), loop_var(l, v->plane));
    if (t->product) {
        block_steps(l, t, wp, loop_let(l, "xr", loop_address(l, v->x, at)), loop_int(l, 0), acc, vectors);
        loop_for_end(l);
        return;
    }
    Var *ky = loop_for_begin(l, "ky", loop_int(l, 0), loop_var(l, v->kh), 1);
    Var *xr = loop_let(l, "xr", loop_address(l, v->x, loop_add(l, at, loop_mul(l, loop_var(l, ky), loop_var(l, v->row)))));
    if (t->lanes_in == 1) {
        image_row(l, t, v, wp, xr, acc, vectors);
    } else {
        Var *kx = loop_for_begin(l, "kx", loop_int(l, 0), loop_var(l, v->kw), 1);
        block_steps(l, t, wp, xr, loop_mul(l, loop_var(l, kx), loop_int(l, 16)), acc, vectors);
        loop_for_end(l);
    }
    loop_for_end(l);
    loop_for_end(l);
}

/* y = acc, max(floor, acc), or max(floor, r + scale * acc); acc + y for acc of all pieces but the first. */
static void leaf_stores(Lower *l, const Tile *t, const LeafVars *v, Var **acc, int vectors)
{
    int lanes = type_lanes(t->vector);
    for (int i = 0; i < t->pixels; i++)
        for (int j = 0; j < vectors; j++) {
            int block = j * lanes / 16;
            Expr *at = loop_int(l, 16 * i + j * lanes % 16);
            Expr *z = loop_var(l, acc[i * vectors + j]);
            if (t->more)
                z = loop_add(l, loop_load(l, t->vector, v->y[block], at), z);
            if (t->residual)
                z = loop_fma(l, loop_splat(l, t->vector, loop_var(l, v->scale)), z, loop_load(l, t->vector, v->r[block], at));
            if (!t->product)
                z = loop_max(l, z, loop_splat(l, t->vector, loop_var(l, v->floor[block])));
            loop_store(l, v->y[block], at, z);
        }
}

static void declare_sums(Lower *l, const Tile *t, const Var *bias, int vectors, Var **acc)
{
    for (int i = 0; i < t->pixels; i++)
        for (int j = 0; j < vectors; j++) {
            Expr *start = bias ? loop_load(l, t->vector, (Var *)bias, loop_int(l, j * type_lanes(t->vector)))
                               : loop_splat(l, t->vector, loop_f32(l, 0));
            acc[i * vectors + j] = loop_mut(l, arena_printf(l->unit->arena, "a%d_%d", i, j), start);
        }
}

static const char *leaf_comment(Arena *a, const Tile *t)
{
    const char *sum = arena_printf(a, "%s%s + sum of w * x%s", t->residual ? "r + scale * (" : "", t->more ? "y" : "b", t->residual ? ")" : ""), *s;
    int outputs = 16 * t->blocks;
    if (t->product)
        s = arena_printf(a, "%d tiles x %d outputs of one product: y = sum of w * x over %s.", t->pixels, outputs,
                         t->depth < 16 ? arena_printf(a, "the %d channels of x, whose blocks have 16", t->depth) : "the channels of x");
    else if (t->depthwise)
        s = arena_printf(a, "%d pixels x %d channels: y = max(floor, %s), each channel by itself.  w: %d weights for each tap.", t->pixels, outputs, sum, outputs);
    else
        s = arena_printf(a, "%d pixels x %d outputs: y = max(floor, %s).  x: %s, w: one row of\n%d outputs for each input channel and tap, in this order.",
                         t->pixels, outputs, sum, t->lanes_in == 16 ? "blocks of 16 channels" : "planes", outputs);
    return tile_fetches(t) ? arena_printf(a, "%s\nMeanwhile `lines` cache lines a block of channels are fetched from next on.", s) : s;
}

Func *tile_leaf(Unit *u, const Tile *t)
{
    const char *name = leaf_name(u->arena, t);
    const char *key = arena_printf(u->arena, "leaf %s", name);
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    const char *comment = leaf_comment(u->arena, t);
    f = unit_func(u, key, name, comment, t->vector);
    Lower *l = lower_new(u, f);
    LeafVars v = leaf_params(l, t);
    int vectors = t->blocks * 16 / type_lanes(t->vector);
    Var *acc[MOST_ACC];
    CHECK(t->pixels * vectors <= MOST_ACC && vectors <= 8);
    declare_sums(l, t, v.b, vectors, acc);
    if (t->depthwise)
        depthwise_loops(l, t, &v, acc, vectors);
    else
        leaf_loops(l, t, &v, acc, vectors);
    leaf_stores(l, t, &v, acc, vectors);
    return f;
}

/* Gradients of a convolution's weights and bias, summed over the images of a batch in their order.
 *
 *   dw[co][ci][ky][kx] = sum over images, oy, ox of dy[co][oy][ox] * x[ci][oy*SH + ky - top][ox*SW + kx - left]
 *
 * A unit is a block of outputs times a block of inputs with all taps: it has its own sums, so nothing is combined.  The leaf
 * keeps `depth` x 16 sums in registers and walks the pixels: it loads dy's vectors once a pixel and broadcasts `depth`
 * neighbours of x: channels of a block, or columns of an image plane (there the taps of a row are neighbours). */
#include "train.h"

typedef struct Geometry { /* of a step */
    int block, x_block;  /* 16 or 1 */
    int depth;           /* neighbours in x: x_block, or KW */
    int taps;            /* leaves a unit runs for each of its sums: KH * KW, or KH */
    int rows, columns, x_rows_apart, x_pixel, dy_row;
    Expr *images; /* of the call */
    Var *image;   /* floats from one to the next */
} Geometry;

static Geometry geometry(const Step *s)
{
    const Window *w = &s->node->window;
    const Buffer *x = s->in[0]->buffer, *dy = s->in[1]->buffer;
    Geometry g = { .block = dy->block, .x_block = x->block };
    bool plane = x->block == 1;
    g.depth = plane ? w->kw : x->block;
    g.taps = plane ? w->kh : w->kh * w->kw;
    g.rows = dy->h;
    g.columns = dy->w;
    g.x_rows_apart = (int)(w->sh * x->row);
    g.x_pixel = w->sw * x->block;
    g.dy_row = (int)dy->row;
    return g;
}

/* ---- The leaf ---- */

typedef struct LeafVars {
    Var *x, *dy, *images, *image, *rows, *columns, *x_row, *x_pixel, *dy_row, *sums;
} LeafVars;

static LeafVars leaf_params(Lower *l)
{
    LeafVars v;
    v.x = loop_param(l, VAR_PARAM_IN, "x", 0);
    v.dy = loop_param(l, VAR_PARAM_IN, "dy", 0);
    v.images = loop_param(l, VAR_PARAM_INT, "images", 0);
    v.image = loop_param(l, VAR_PARAM_INT, "image", 0);
    v.rows = loop_param(l, VAR_PARAM_INT, "rows", 0);
    v.columns = loop_param(l, VAR_PARAM_INT, "columns", 0);
    v.x_row = loop_param(l, VAR_PARAM_INT, "x_row", 0);
    v.x_pixel = loop_param(l, VAR_PARAM_INT, "x_pixel", 0);
    v.dy_row = loop_param(l, VAR_PARAM_INT, "dy_row", 0);
    v.sums = loop_param(l, VAR_PARAM_OUT, "sums", 0);
    return v;
}

static const char *numbered(Lower *l, const char *s, int i, int j) { return arena_printf(l->unit->arena, j < 0 ? "%s%d" : "%s%d_%d", s, i, j); }

static void leaf_pixel(Lower *l, const LeafVars *v, Type type, int depth, int vectors, Var *xp, Var *dp, Var **acc)
{
    Var *d[2];
    for (int j = 0; j < vectors; j++)
        d[j] = loop_let(l, numbered(l, "d", j, -1), loop_load(l, type, dp, loop_int(l, j * type_lanes(type))));
    for (int i = 0; i < depth; i++) {
        Expr *x = loop_splat(l, type, loop_load(l, TY_F32, xp, loop_int(l, i)));
        if (vectors > 1)
            x = loop_var(l, loop_let(l, numbered(l, "x", i, -1), x));
        for (int j = 0; j < vectors; j++) {
            Var *a = acc[i * vectors + j];
            loop_set(l, a, loop_fma(l, loop_var(l, d[j]), x, loop_var(l, a)));
        }
    }
    loop_advance(l, xp, loop_var(l, v->x_pixel));
    loop_advance(l, dp, loop_int(l, vectors * type_lanes(type)));
}

static Func *leaf(Unit *u, Type type, int depth, int vectors)
{
    enum { MOST = 40 };
    const char *name = arena_printf(u->arena, "weight_grad_x%d", depth);
    const char *key = arena_printf(u->arena, "leaf %s", name);
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    int width = vectors * type_lanes(type);
    f = unit_func(u, key, name, arena_printf(u->arena, "sums[i][o] += sum over images, rows and columns of x[i] * dy[o], for %d neighbours i in x and %d outputs o.", depth, width), type);
    Lower *l = lower_new(u, f);
    LeafVars v = leaf_params(l);
    Var *acc[MOST];
    CHECK(depth * vectors <= MOST);
    for (int i = 0; i < depth * vectors; i++)
        acc[i] = loop_mut(l, numbered(l, "a", i / vectors, i % vectors), loop_splat(l, type, loop_f32(l, 0)));
    Var *xi = loop_pointer(l, "xi", loop_address(l, v.x, loop_int(l, 0)), false), *di = loop_pointer(l, "di", loop_address(l, v.dy, loop_int(l, 0)), false);
    loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, v.images), 1);
    Var *oy = loop_for_begin(l, "oy", loop_int(l, 0), loop_var(l, v.rows), 1);
    Var *xp = loop_pointer(l, "xp", loop_address(l, xi, loop_mul(l, loop_var(l, oy), loop_var(l, v.x_row))), false);
    Var *dp = loop_pointer(l, "dp", loop_address(l, di, loop_mul(l, loop_var(l, oy), loop_var(l, v.dy_row))), false);
    loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, v.columns), 1);
    leaf_pixel(l, &v, type, depth, vectors, xp, dp, acc);
    loop_for_end(l);
    loop_for_end(l);
    loop_advance(l, xi, loop_var(l, v.image));
    loop_advance(l, di, loop_var(l, v.image));
    loop_for_end(l);
    for (int i = 0; i < depth * vectors; i++) {
        Expr *at = loop_int(l, (int64_t)i * type_lanes(type));
        loop_store(l, v.sums, at, loop_add(l, loop_load(l, type, v.sums, at), loop_var(l, acc[i])));
    }
    return f;
}

/* ---- A unit ---- */

/* A unit's leaves: of at most as many neighbours as the registers hold, of nearly equal size. */
static int leaf_depths(const Geometry *g, int lanes, int *depth)
{
    int most = lanes == 16 ? 16 : lanes == 8 ? 6 : 8, pieces = (g->depth + most - 1) / most;
    for (int i = 0, from = 0; i < pieces; from += depth[i++])
        depth[i] = (g->depth - from + pieces - i - 1) / (pieces - i);
    return pieces;
}

enum { MOST_LEAVES = 64 };

/* They are defined before the functions that call them. */
static void make_leaves(LowerContext *c, const Geometry *g)
{
    Type type = c->plan->target->vector;
    int depth[MOST_LEAVES], n = leaf_depths(g, type_lanes(type), depth);
    CHECK(n <= MOST_LEAVES);
    for (int i = 0; i < n; i++)
        leaf(c->page->unit, type, depth[i], g->block / type_lanes(type));
}

static void run_leaves(TrainKernel *t, const Geometry *g, Expr *x_at, Expr *dy_at, Var *sums, Expr *sums_at)
{
    Lower *l = t->l;
    int depth[MOST_LEAVES], pieces = leaf_depths(g, t->lanes, depth);
    for (int i = 0, from = 0; i < pieces; from += depth[i++]) {
        Func *f = leaf(l->unit, t->type, depth[i], t->vectors);
        Expr *args[] = {
            loop_address(l, t->in[0], loop_add(l, x_at, loop_int(l, from))), loop_address(l, t->in[1], dy_at),
            g->images, loop_var(l, g->image), loop_var(l, loop_dim(l, "OH", g->rows)), loop_var(l, loop_dim(l, "OW", g->columns)), loop_int(l, g->x_rows_apart),
            loop_int(l, g->x_pixel), loop_int(l, g->dy_row), loop_address(l, sums, loop_add(l, sums_at, loop_int(l, from * g->block))),
        };
        loop_call(l, f, args, 10);
    }
}

/* Logical channel `lane` of block `b` of a place: -1 in a gap. */
static Expr *logical_channel(Lower *l, const Place *p, const char *name, Expr *b, Expr *lane)
{
    int block = p->buffer->block, span = place_span(p), n = 0;
    int *at = ARENA_ARRAY(l->unit->arena, span, int);
    bool identity = true;
    for (int i = 0; i < span; i++)
        at[i] = -1;
    for (int i = 0; i < p->n_segments; i++)
        for (int k = 0; k < p->segments[i].n; k++, n++)
            at[p->segments[i].physical - p->segments[0].physical + k] = n;
    for (int i = 0; i < span; i++)
        identity &= at[i] == i || (at[i] < 0 && i >= n);
    Expr *index = loop_add(l, loop_mul(l, b, loop_int(l, block)), lane);
    if (identity)
        return loop_var(l, loop_let(l, name, index));
    Var *table = unit_table(l->unit, arena_printf(l->unit->arena, "logical_%d", span), at, span);
    return loop_var(l, loop_let(l, name, loop_load(l, TY_INT, table, index)));
}

static int logical_count(const Place *p)
{
    int n = 0;
    for (int i = 0; i < p->n_segments; i++)
        n += p->segments[i].n;
    return n;
}

static void if_channel(Lower *l, const Place *p, Expr *c)
{
    Expr *below = loop_bin(l, EX_LT, c, loop_int(l, logical_count(p)));
    loop_if_begin(l, p->n_segments > 1 ? loop_bin(l, EX_AND, loop_bin(l, EX_LE, loop_int(l, 0), c), below) : below);
}

/* The sums of a unit to dw[co][ci][tap]. */
static void scatter(TrainKernel *t, const Geometry *g, Expr *ob, Expr *ib, Var *sums, Expr *base, Var *dw)
{
    Lower *l = t->l;
    const Window *w = &t->s->node->window;
    const Place *x = t->s->in[0], *dy = t->s->in[1];
    int all = w->kh * w->kw;
    Expr *i = loop_var(l, train_for(t, "i", g->x_block)), *ci = logical_channel(l, x, "ci", ib, i);
    if_channel(l, x, ci);
    Expr *o = loop_var(l, train_for(t, "o", g->block)), *co = logical_channel(l, dy, "co", ob, o);
    if_channel(l, dy, co);
    Expr *tap = loop_var(l, train_for(t, "k", all));
    Expr *to = loop_add(l, loop_mul(l, co, loop_int(l, logical_count(x))), ci);
    to = loop_add(l, loop_mul(l, to, loop_int(l, all)), tap);
    Expr *from = loop_add(l, loop_mul(l, loop_add(l, loop_mul(l, tap, loop_int(l, g->x_block)), i), loop_int(l, g->block)), o);
    loop_store(l, dw, to, loop_load(l, TY_F32, sums, loop_add(l, base, from)));
    for (int k = 0; k < 2; k++) {
        loop_for_end(l);
        loop_if_end(l);
    }
    loop_for_end(l);
}

static void clear_sums(TrainKernel *t, int floats, Var *sums, Expr *base)
{
    Lower *l = t->l;
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_int(l, floats), t->lanes);
    loop_store(l, sums, loop_add(l, base, loop_var(l, i)), loop_splat(l, t->type, loop_f32(l, 0)));
    loop_for_end(l);
}

static void unit_body(TrainKernel *t, const Geometry *g, Var *sums, Var *dw, const BatchPart *batch)
{
    Lower *l = t->l;
    const Window *w = &t->s->node->window;
    const Buffer *x = t->s->in[0]->buffer;
    int blocks_in = place_span(t->s->in[0]) / g->x_block, floats = w->kh * w->kw * g->x_block * g->block;
    Expr *u = loop_var(l, t->k.u), *in = loop_int(l, blocks_in);
    Expr *ob = loop_var(l, loop_let(l, g->block > 1 ? "ob" : "o0", loop_div(l, u, in)));
    Expr *ib = loop_var(l, loop_let(l, g->x_block > 1 ? "ib" : "i0", loop_bin(l, EX_MOD, u, in)));
    Expr *base = loop_var(l, loop_let(l, "base", loop_mul(l, u, loop_int(l, floats))));
    train_if_first(t, batch);
    clear_sums(t, floats, sums, base);
    loop_if_end(l);
    Expr *tap = loop_var(l, train_for(t, "k", g->taps));
    bool plane = g->x_block == 1;
    Expr *ky = plane ? tap : loop_div(l, tap, loop_int(l, w->kw)), *kx = plane ? loop_int(l, 0) : loop_bin(l, EX_MOD, tap, loop_int(l, w->kw));
    Expr *x_at = loop_add(l, loop_mul(l, ib, loop_int(l, x->plane)), loop_mul(l, ky, loop_int(l, x->row)));
    x_at = loop_add(l, x_at, loop_mul(l, kx, loop_int(l, x->block)));
    Expr *dy_at = loop_mul(l, ob, loop_int(l, t->s->in[1]->buffer->plane));
    run_leaves(t, g, x_at, dy_at, sums, loop_add(l, base, loop_mul(l, tap, loop_int(l, g->depth * g->block))));
    loop_for_end(l);
    train_if_last(t, batch);
    scatter(t, g, ob, ib, sums, base, dw);
    loop_if_end(l);
}

/* The images of this call, which never sees more than the plan says. */
static Expr *images_of_call(TrainKernel *t, const BatchPart *b)
{
    Lower *l = t->l;
    return b->count ? loop_var(l, loop_let(l, "images", loop_min(l, loop_var(l, b->count), loop_int(l, t->s->images)))) : loop_int(l, 1);
}

static Var *sums_param(TrainKernel *t)
{
    LowerContext *c = t->c;
    t->args[t->n_args++] = loop_address(c->page, c->shared, loop_int(c->page, t->s->sums->offset));
    return t->l ? loop_param(t->l, VAR_PARAM_OUT, "sums", 0) : NULL;
}

void kernel_lower_weight_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Window *w = &s->node->window;
    Arena *a = c->page->unit->arena;
    Geometry g = geometry(s);
    const char *key = arena_printf(a, "%dx%d/%dx%d %d,%d", w->kh, w->kw, w->sh, w->sw, w->top, w->left);
    make_leaves(c, &g);
    bool fresh = train_begin(&t, c, s, arena_printf(a, "weight_grad%dx%d", w->kh, w->kw), "x dy", key,
        "dw += sum over the pixels of some images of dy times x; sums begin with the first image and go to dw with the last.");
    t.args[0] = place_address_of_images(c, s->in[0], -w->top, -w->left, s->images);
    t.args[1] = place_address_of_images(c, s->in[1], 0, 0, s->images);
    Var *sums = sums_param(&t), *dw = train_gradient(&t, "dw", s->node->out[0]);
    BatchPart batch = train_batch_part(&t);
    g.image = train_int(&t, "image", loop_int(c->page, c->plan->arena_bytes / 4));
    if (fresh) {
        g.images = images_of_call(&t, &batch);
        train_units(&t);
        unit_body(&t, &g, sums, dw, &batch);
    }
    train_call(&t);
}

/* ---- Bias ---- */

void kernel_lower_bias_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool fresh = train_begin(&t, c, s, "bias_grad", "dy", "", "db = sum of dy over pixels and images; sums hold it until the last image.");
    Var *sums = sums_param(&t), *db = train_gradient(&t, "db", s->node->out[0]);
    BatchPart batch = train_batch_part(&t);
    if (fresh) {
        Lower *l = t.l;
        const Buffer *b = s->in[0]->buffer;
        train_units(&t);
        Expr *block = loop_var(l, t.k.u);
        train_if_first(&t, &batch);
        clear_sums(&t, b->block, sums, loop_mul(l, block, loop_int(l, b->block)));
        loop_if_end(l);
        for (int v = 0; v < t.vectors; v++) {
            Var *sum = loop_mut(l, numbered(l, "sum", v, -1), loop_splat(l, t.type, loop_f32(l, 0)));
            Expr *y = loop_var(l, train_for(&t, "oy", b->h)), *x = loop_var(l, train_for(&t, "ox", b->w));
            Expr *dy = loop_load(l, t.type, t.in[0], train_at(&t, s->in[0], "X", block, y, x, v));
            loop_set(l, sum, loop_add(l, loop_var(l, sum), dy));
            loop_for_end(l);
            loop_for_end(l);
            Expr *at = train_channel(&t, block, v);
            loop_store(l, sums, at, loop_add(l, loop_load(l, t.type, sums, at), loop_var(l, sum)));
        }
        train_if_last(&t, &batch);
        Expr *o = loop_var(l, train_for(&t, "o", b->block)), *co = logical_channel(l, s->in[0], "co", block, o);
        if_channel(l, s->in[0], co);
        loop_store(l, db, co, loop_load(l, TY_F32, sums, loop_add(l, loop_mul(l, block, loop_int(l, b->block)), o)));
        loop_if_end(l);
        loop_for_end(l);
        loop_if_end(l);
    }
    train_call(&t);
}

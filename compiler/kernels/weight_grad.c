/* Gradients of a convolution's weights and bias, summed over the images of a batch in their order.
 *
 *   dw[co][ci][ky][kx] = sum over images, oy, ox of dy[co][oy][ox] * x[ci][oy*SH + ky - top][ox*SW + kx - left]
 *
 * A unit is a block of outputs times a block of inputs with all taps: it has its own sums, so nothing is combined.  The leaf
 * keeps `depth` x 16 sums in registers and walks the pixels: it loads dy's vectors once a pixel and broadcasts `depth`
 * neighbours of x: channels of a block, or columns of an image plane (there the taps of a row are neighbours).
 *
 * Of a grouped convolution a block of outputs meets the blocks of inputs that its groups lie in (groups.c), and sums across groups are
 * dropped at the end.  Depthwise it meets its own: neighbours are the taps of a row, and lanes meet as they are. */
#include "weight_grad.h"

/* ---- The leaf ---- */

typedef struct Leaf {
    Type type;
    int depth, vectors; /* sums: neighbours times vectors of outputs */
    bool lanes;
} Leaf;

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

static void leaf_pixel(Lower *l, const LeafVars *v, const Leaf *f, Var *xp, Var *dp, Var **acc)
{
    Type type = f->type;
    int vectors = f->vectors, lanes = type_lanes(type);
    Var *d[2];
    for (int j = 0; j < vectors; j++)
        d[j] = loop_let(l, numbered(l, "d", j, -1), loop_load(l, type, dp, loop_int(l, j * lanes)));
    for (int i = 0; i < f->depth; i++) {
        Expr *x = f->lanes ? NULL : loop_splat(l, type, loop_load(l, TY_F32, xp, loop_int(l, i)));
        if (x && vectors > 1)
            x = loop_var(l, loop_let(l, numbered(l, "x", i, -1), x));
        for (int j = 0; j < vectors; j++) {
            Var *a = acc[i * vectors + j];
            Expr *xj = x ? x : loop_load(l, type, xp, loop_int(l, (vectors * i + j) * lanes));
            loop_set(l, a, loop_fma(l, loop_var(l, d[j]), xj, loop_var(l, a)));
        }
    }
    loop_advance(l, xp, loop_var(l, v->x_pixel));
    loop_advance(l, dp, loop_int(l, vectors * lanes));
}

static Func *leaf(Unit *u, const Leaf *form)
{
    enum { MOST = 40 };
    Type type = form->type;
    int depth = form->depth, vectors = form->vectors, width = vectors * type_lanes(type);
    const char *name = arena_printf(u->arena, form->lanes ? "weight_grad_lanes_x%d" : "weight_grad_x%d", depth);
    const char *key = arena_printf(u->arena, "leaf %s", name);
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    f = unit_func(u, key, name, arena_printf(u->arena, "sums[i][o] += sum over images, rows and columns of x[i]%s * dy[o], for %d neighbours i in x and %d outputs o.",
                                             form->lanes ? "[o]" : "", depth, width), type);
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
    leaf_pixel(l, &v, form, xp, dp, acc);
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

/* Leaves of at most as many neighbours as the registers hold, of nearly equal size. */
static int leaf_depths(int neighbours, int lanes, int *depth)
{
    int most = lanes == 16 ? 16 : lanes == 8 ? 6 : 8, pieces = (neighbours + most - 1) / most;
    for (int i = 0, from = 0; i < pieces; from += depth[i++])
        depth[i] = (neighbours - from + pieces - i - 1) / (pieces - i);
    return pieces;
}

enum { MOST_LEAVES = 64 };

void outer_sum_leaves(LowerContext *c, const OuterSum *o)
{
    Type type = c->plan->target->vector;
    int depth[MOST_LEAVES], n = leaf_depths(o->depth, type_lanes(type), depth);
    CHECK(n <= MOST_LEAVES);
    for (int i = 0; i < n; i++)
        leaf(c->page->unit, &(Leaf){ type, depth[i], c->plan->target->block / type_lanes(type), o->lanes });
}

void outer_sum(TrainKernel *t, const OuterSum *o, Var *x, Expr *x_at, Var *dy, Expr *dy_at, Var *sums, Expr *sums_at)
{
    Lower *l = t->l;
    int depth[MOST_LEAVES], pieces = leaf_depths(o->depth, t->lanes, depth), block = t->vectors * t->lanes, pitch = o->lanes ? block : 1;
    for (int i = 0, from = 0; i < pieces; from += depth[i++]) {
        Expr *args[] = {
            loop_address(l, x, loop_add(l, x_at, loop_int(l, from * pitch))), loop_address(l, dy, dy_at), o->images, o->image, o->rows, o->columns,
            loop_int(l, o->x_row), loop_int(l, o->x_pixel), loop_int(l, o->dy_row), loop_address(l, sums, loop_add(l, sums_at, loop_int(l, from * block))),
        };
        loop_call(l, leaf(l->unit, &(Leaf){ t->type, depth[i], t->vectors, o->lanes }), args, (int)(sizeof args / sizeof *args));
    }
}

/* ---- A unit: its sums ---- */

Expr *weight_grad_images(TrainKernel *t, const BatchPart *b)
{
    Lower *l = t->l;
    return b->count ? loop_var(l, loop_let(l, "images", loop_min(l, loop_var(l, b->count), loop_int(l, t->s->images)))) : loop_int(l, 1);
}

void weight_grad_clear(TrainKernel *t, int floats, Var *sums, Expr *base)
{
    Lower *l = t->l;
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_int(l, floats), t->lanes);
    loop_store(l, sums, loop_add(l, base, loop_var(l, i)), loop_splat(l, t->type, loop_f32(l, 0)));
    loop_for_end(l);
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

static void if_channel(Lower *l, const Place *p, Expr *c)
{
    Expr *below = loop_bin(l, EX_LT, c, loop_int(l, place_count(p)));
    loop_if_begin(l, p->n_segments > 1 ? loop_bin(l, EX_AND, loop_bin(l, EX_LE, loop_int(l, 0), c), below) : below);
}

void weight_grad_scatter(TrainKernel *t, Expr *ob, Expr *ib, Var *sums, Expr *base, Var *dw)
{
    Lower *l = t->l;
    const Place *x = t->s->in[0], *dy = t->s->in[1];
    GradInputs in = weight_grad_inputs(l->unit->arena, t->s);
    int all = t->s->node->window.kh * t->s->node->window.kw, block = dy->buffer->block, groups = t->s->node->groups;
    Expr *cig = loop_int(l, place_count(x) / groups), *cog = loop_int(l, place_count(dy) / groups);
    Expr *i = loop_int(l, 0), *ci = i;
    if (!in.lanes) {
        i = loop_var(l, train_for(t, "i", in.channels));
        ci = logical_channel(l, x, "ci", ib, i);
        if_channel(l, x, ci);
    }
    Expr *o = loop_var(l, train_for(t, "o", block)), *co = logical_channel(l, dy, "co", ob, o);
    if_channel(l, dy, co);
    bool mixed = in.seen && x->buffer->block * block > 1; /* with blocks of one channel nothing else is met */
    if (mixed)
        loop_if_begin(l, loop_bin(l, EX_EQ, loop_div(l, ci, cig), loop_div(l, co, cog)));
    if (in.seen)
        ci = loop_bin(l, EX_MOD, ci, cig);
    Expr *tap = loop_var(l, train_for(t, "k", all));
    Expr *to = loop_add(l, loop_mul(l, loop_add(l, loop_mul(l, co, cig), ci), loop_int(l, all)), tap);
    Expr *from = loop_add(l, loop_mul(l, loop_add(l, loop_mul(l, tap, loop_int(l, in.channels)), i), loop_int(l, block)), o);
    loop_store(l, dw, to, loop_load(l, TY_F32, sums, loop_add(l, base, from)));
    loop_for_end(l);
    if (mixed)
        loop_if_end(l);
    for (int k = in.lanes; k < 2; k++) {
        loop_if_end(l);
        loop_for_end(l);
    }
}

/* ---- The direct way ---- */

static OuterSum pixels_of(const Step *s, const GradInputs *in)
{
    const Window *w = &s->node->window;
    const Buffer *x = s->in[0]->buffer, *dy = s->in[1]->buffer;
    return (OuterSum){ .depth = in->channels == 1 ? w->kw : x->block, .lanes = in->lanes, .x_row = (int)(w->sh * x->row), .x_pixel = w->sw * x->block,
                       .dy_row = (int)dy->row };
}

static Expr *input_block(TrainKernel *t, const GradInputs *in, Expr *ob)
{
    Lower *l = t->l;
    if (in->lanes)
        return ob;
    Expr *ib = loop_bin(l, EX_MOD, loop_var(l, t->k.u), loop_int(l, in->blocks));
    if (in->seen)
        ib = loop_add(l, conv_first_seen(l, t->s, in->seen, ob), ib);
    return loop_var(l, loop_let(l, t->s->in[0]->buffer->block > 1 ? "ib" : "i0", ib));
}

static void unit_body(TrainKernel *t, const OuterSum *o, const GradInputs *in, Var *sums, Var *dw, const BatchPart *batch)
{
    Lower *l = t->l;
    const Window *w = &t->s->node->window;
    const Buffer *x = t->s->in[0]->buffer, *dy = t->s->in[1]->buffer;
    int floats = w->kh * w->kw * in->channels * dy->block;
    bool rows = in->channels == 1; /* the taps of a row are neighbours */
    Expr *u = loop_var(l, t->k.u);
    Expr *ob = loop_var(l, loop_let(l, dy->block > 1 ? "ob" : "o0", loop_div(l, u, loop_int(l, in->blocks))));
    Expr *ib = input_block(t, in, ob);
    Expr *base = loop_var(l, loop_let(l, "base", loop_mul(l, u, loop_int(l, floats))));
    train_if_first(t, batch);
    weight_grad_clear(t, floats, sums, base);
    loop_if_end(l);
    Expr *tap = loop_var(l, train_for(t, "k", rows ? w->kh : w->kh * w->kw));
    Expr *ky = rows ? tap : loop_div(l, tap, loop_int(l, w->kw)), *kx = rows ? loop_int(l, 0) : loop_bin(l, EX_MOD, tap, loop_int(l, w->kw));
    Expr *x_at = loop_add(l, loop_mul(l, ib, loop_int(l, x->plane)), loop_mul(l, ky, loop_int(l, x->row)));
    x_at = loop_add(l, x_at, loop_mul(l, kx, loop_int(l, x->block)));
    outer_sum(t, o, t->in[0], x_at, t->in[1], loop_mul(l, ob, loop_int(l, dy->plane)), sums,
              loop_add(l, base, loop_mul(l, tap, loop_int(l, o->depth * dy->block))));
    loop_for_end(l);
    train_if_last(t, batch);
    weight_grad_scatter(t, ob, ib, sums, base, dw);
    loop_if_end(l);
}

static void lower_direct(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Window *w = &s->node->window;
    Arena *a = c->page->unit->arena;
    GradInputs in = weight_grad_inputs(a, s);
    OuterSum o = pixels_of(s, &in);
    int groups = s->node->groups;
    const char *key = arena_printf(a, "%dx%d/%dx%d %d,%d", w->kh, w->kw, w->sh, w->sw, w->top, w->left);
    const char *name = arena_printf(a, groups > 1 ? "weight_grad%dx%d_groups%d" : "weight_grad%dx%d", w->kh, w->kw, groups);
    outer_sum_leaves(c, &o);
    bool fresh = train_begin(&t, c, s, name, "x dy", key,
        "dw += sum over the pixels of some images of dy times x; sums begin with the first image and go to dw with the last.");
    train_see_images(&t, 0, -w->top, -w->left);
    train_see_images(&t, 1, 0, 0);
    Var *sums = train_sums(&t), *dw = train_gradient(&t, "dw", s->node->out[0]);
    BatchPart batch = train_batch_part(&t);
    Var *image = train_int(&t, "image", loop_int(c->page, c->plan->arena_bytes / 4));
    if (fresh) {
        o.images = weight_grad_images(&t, &batch);
        o.image = loop_var(t.l, image);
        train_units(&t);
        o.rows = loop_var(t.l, loop_dim(t.l, "OH", s->in[1]->buffer->h));
        o.columns = loop_var(t.l, loop_dim(t.l, "OW", s->in[1]->buffer->w));
        unit_body(&t, &o, &in, sums, dw, &batch);
    }
    train_call(&t);
}

void kernel_lower_weight_grad(LowerContext *c, Step *s)
{
    if (s->fast.mh)
        lower_weight_grad_fast(c, s);
    else
        lower_direct(c, s);
}

/* ---- Bias ---- */

void kernel_lower_bias_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool fresh = train_begin(&t, c, s, "bias_grad", "dy", "", "db = sum of dy over pixels and images; sums hold it until the last image.");
    Var *sums = train_sums(&t), *db = train_gradient(&t, "db", s->node->out[0]);
    BatchPart batch = train_batch_part(&t);
    if (fresh) {
        Lower *l = t.l;
        const Buffer *b = s->in[0]->buffer;
        train_units(&t);
        Expr *block = loop_var(l, t.k.u);
        train_if_first(&t, &batch);
        weight_grad_clear(&t, b->block, sums, loop_mul(l, block, loop_int(l, b->block)));
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

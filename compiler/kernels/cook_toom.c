/* Fast convolutions F(mh x mw, kh x kw) by Cook-Toom (cook_toom.h): for a block of tiles
 *
 *   v[k] = input transform of every tile, all input channels      k: one of alpha_h * alpha_w products
 *   m[k] = v[k] * u[k]                                             32 output channels at a time
 *   y    = output transform of m, bias, ReLU
 *
 * Units of work are (block of tiles, group of 32 outputs), blocks outermost: a part that begins in the middle
 * of a block transforms its input again, and streams only its own groups' weights.  v and m are scratch of
 * the part and are meant to stay in its L2. */
#include "kernels.h"
#include "cook_toom_leaf.h"

static FastForm form_of(const Step *s)
{
    FastForm f;
    cook_toom(&f.h, s->fast.mh, s->weights->kh, s->node->window.sh);
    cook_toom(&f.w, s->fast.mw, s->weights->kw, s->node->window.sw);
    return f;
}

int64_t odd_lines(int64_t floats) { return floats / 16 % 2 ? floats : floats + 16; }

int64_t cook_toom_scratch(const FastConv *f, int points, int in_blocks, int group)
{
    int n = (f->rows * f->columns + f->blocks - 1) / f->blocks;
    int64_t v = odd_lines((int64_t)in_blocks * n * 16), m = (int64_t)group * n * 16;
    return points * v + (points - 1) * odd_lines(m) + m;
}

/* ---- m = v * u for every product: calls of tiles of nearly equal size ---- */

typedef struct Products {
    Lower *l;
    Type type;
    Var *v, *v_slab, *w, *weight, *blocks, *points, *m, *m_slab;
    int n, nr, tiles; /* in all: tiles of the transform, blocks of outputs, register tiles of a product */
    int depth;        /* channels of an input block that count */
} Products;

/* Offset of the weights of product k. */
static Expr *weights_at(Products *p, Expr *k)
{
    Lower *l = p->l;
    Expr *weight = p->weight ? loop_load(l, TY_INT, p->weight, k) : k;
    return loop_mul(l, weight, loop_mul(l, loop_var(l, p->blocks), loop_int(l, 16 * 16 * p->nr)));
}

/* While register tile t computes, its share of the next product's weights is fetched: `lines` cache lines a block. */
static Expr *next_weights(Products *p, Var *k, Expr *t, int lines)
{
    Lower *l = p->l;
    Expr *next = loop_add(l, loop_var(l, k), loop_int(l, 1));
    if (p->weight) /* the table ends with the last product */
        next = loop_min(l, next, loop_sub(l, loop_var(l, p->points), loop_int(l, 1)));
    Expr *share = loop_mul(l, loop_var(l, p->blocks), loop_int(l, 16 * lines));
    return loop_address(l, p->w, loop_add(l, weights_at(p, next), loop_mul(l, t, share)));
}

/* Register tiles [first, first + count) of `size` tiles from tile `from` on. */
static void product_run(Products *p, Var *k, int first, int count, int from, int size)
{
    if (count == 0)
        return;
    Lower *l = p->l;
    int lines = div_up(16 * p->nr, p->tiles);
    Var *t = loop_for_begin(l, "t", loop_int(l, 0), loop_int(l, count), 1);
    Expr *at = loop_mul(l, loop_add(l, loop_mul(l, loop_var(l, t), loop_int(l, size)), loop_int(l, from)), loop_int(l, 16));
    Tile tile = { size, p->nr, 16, 16, false, false, true, p->type, false, p->depth };
    Expr *args[10];
    int c = 0;
    args[c++] = loop_address(l, p->v, loop_add(l, loop_mul(l, loop_var(l, k), loop_var(l, p->v_slab)), at));
    args[c++] = loop_var(l, p->blocks);
    args[c++] = loop_int(l, p->n * 16);
    args[c++] = loop_address(l, p->w, weights_at(p, loop_var(l, k)));
    args[c++] = next_weights(p, k, loop_add(l, loop_var(l, t), loop_int(l, first)), lines);
    args[c++] = loop_int(l, lines);
    Expr *m = loop_add(l, loop_mul(l, loop_var(l, k), loop_var(l, p->m_slab)), at);
    for (int i = 0; i < p->nr; i++)
        args[c++] = loop_address(l, p->m, loop_add(l, m, loop_int(l, i * p->n * 16)));
    loop_call(l, tile_leaf(l->unit, &tile), args, c);
    loop_for_end(l);
}

/* products(v, v_slab, w, [weight,] blocks, points, m, m_slab) for n tiles and nr blocks of 16 outputs. */
static Func *products(Unit *u, Type type, int n, int nr, int depth, bool shared)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, shared ? "shared_products_%dx%d" : "products_%dx%d", n, nr);
    if (depth < 16)
        name = arena_printf(a, "%s_of_%d", name, depth);
    Func *f = unit_find_func(u, name);
    if (f)
        return f;
    f = unit_func_later(u, name, name, arena_printf(a, "m[k] = v[k] * w[%s] for `points` products: %d tiles, %d outputs.", shared ? "weight[k]" : "k", n, 16 * nr), type);
    f->name = arena_printf(a, "%s", name);
    int tiles = div_up(n, tile_most(type, nr)), small = n / tiles, more = n % tiles;
    Lower *l = lower_new(u, f);
    Products p = { .l = l, .type = type, .n = n, .nr = nr, .tiles = tiles, .depth = depth };
    p.v = loop_param(l, VAR_PARAM_IN, "v", 0);
    p.v_slab = loop_param(l, VAR_PARAM_INT, "v_slab", 0);
    p.w = loop_param(l, VAR_PARAM_IN, "w", 0);
    p.weight = shared ? loop_param(l, VAR_PARAM_INTS, "weight", 0) : NULL;
    p.blocks = loop_param(l, VAR_PARAM_INT, "blocks", 0);
    p.points = loop_param(l, VAR_PARAM_INT, "points", 0);
    p.m = loop_param(l, VAR_PARAM_OUT, "m", 0);
    p.m_slab = loop_param(l, VAR_PARAM_INT, "m_slab", 0);
    Var *k = loop_for_begin(l, "k", loop_int(l, 0), loop_var(l, p.points), 1);
    product_run(&p, k, 0, more, 0, small + 1);
    product_run(&p, k, more, tiles - more, more * (small + 1), small);
    loop_for_end(l);
    unit_append(u, f);
    return f;
}

/* ---- The function of a shape ---- */

typedef struct ShapeFn {
    const Step *s;
    Kernel k;
    Type type;
    FastForm form;
    Var *x, *w, *b, *y, *v, *m;
    int points, weights, in_blocks, out_blocks;
    int nr, full, tail;   /* output blocks of a group; so many such groups, and what is left for the last one */
    int small, more;      /* tiles of a block; so many blocks, the first ones, have one more */
    Var *weight;          /* table of the weight of each product; null where each has its own */
    Var *tiles, *group;   /* of a unit: the block of tiles, the group of outputs */
    Var *have;            /* the block of tiles whose input v holds */
    Expr *first, *n;      /* its tiles: [first, first + n) */
    Expr *block;          /* its first block of outputs */
} ShapeFn;

static Expr *slab(ShapeFn *f, const char *name, int blocks) { return kernel_dim(&f->k, name, odd_lines((int64_t)blocks * (f->small + (f->more > 0)) * 16)); }

/* v becomes the input of the unit's tiles, if it is not yet. */
static void see_input(ShapeFn *f)
{
    Lower *l = f->k.l;
    const Buffer *x = f->s->in[0]->buffer;
    loop_if_begin(l, loop_bin(l, EX_LT, loop_var(l, f->have), loop_var(l, f->tiles)));
    InputTiles t = {
        loop_address(l, f->x, loop_int(l, 0)), kernel_dim(&f->k, "CB", f->in_blocks), kernel_dim(&f->k, "X_PLANE", x->plane), kernel_dim(&f->k, "X_ROW", x->row), f->first, f->n,
        kernel_dim(&f->k, "COLUMNS", f->s->fast.columns), loop_address(l, f->v, loop_int(l, 0)), slab(f, "V_SLAB", f->in_blocks) };
    cook_toom_call_input(l, f->type, &f->form, &t);
    loop_set(l, f->have, loop_var(l, f->tiles));
    loop_if_end(l);
}

/* Of n tiles and nr blocks of outputs. */
static void call_products(ShapeFn *f, int n, int nr)
{
    Lower *l = f->k.l;
    Expr *args[10];
    int count = 0;
    args[count++] = loop_address(l, f->v, loop_int(l, 0));
    args[count++] = slab(f, "V_SLAB", f->in_blocks);
    args[count++] = loop_address(l, f->w, loop_mul(l, f->block, kernel_dim(&f->k, "W_BLOCK", (int64_t)f->weights * f->in_blocks * 16 * 16)));
    if (f->weight)
        args[count++] = loop_address(l, f->weight, loop_int(l, 0));
    args[count++] = kernel_dim(&f->k, "CB", f->in_blocks);
    args[count++] = kernel_dim(&f->k, "POINTS", f->points);
    args[count++] = loop_address(l, f->m, loop_int(l, 0));
    args[count++] = slab(f, "M_SLAB", f->nr);
    loop_call(l, products(l->unit, f->type, n, nr, conv_depth(f->s), f->weight != NULL), args, count);
}

/* Whichever size the block of tiles has. */
static void products_of_tiles(ShapeFn *f, int nr)
{
    Lower *l = f->k.l;
    if (f->more) {
        loop_if_begin(l, loop_bin(l, EX_LT, loop_var(l, f->tiles), loop_int(l, f->more)));
        call_products(f, f->small + 1, nr);
        loop_else(l);
    }
    call_products(f, f->small, nr);
    if (f->more)
        loop_if_end(l);
}

static Expr *is_full(ShapeFn *f) { return loop_bin(f->k.l, EX_LT, loop_var(f->k.l, f->group), loop_int(f->k.l, f->full)); }

static void products_of_unit(ShapeFn *f)
{
    Lower *l = f->k.l;
    if (f->full && f->tail)
        loop_if_begin(l, is_full(f));
    if (f->full)
        products_of_tiles(f, f->nr);
    if (f->full && f->tail)
        loop_else(l);
    if (f->tail)
        products_of_tiles(f, f->tail);
    if (f->full && f->tail)
        loop_if_end(l);
}

static void outputs_of_unit(ShapeFn *f)
{
    Lower *l = f->k.l;
    const Buffer *y = f->s->out[0]->buffer;
    Expr *blocks = f->full && f->tail ? loop_select(l, is_full(f), loop_int(l, f->nr), loop_int(l, f->tail)) : loop_int(l, f->full ? f->nr : f->tail);
    blocks = loop_var(l, loop_let(l, "blocks", blocks));
    Expr *j = loop_var(l, loop_for_begin(l, "j", loop_int(l, 0), blocks, 1)), *block = loop_add(l, f->block, j);
    Expr *args[11] = {
        loop_address(l, f->m, loop_mul(l, loop_mul(l, j, f->n), loop_int(l, 16))), slab(f, "M_SLAB", f->nr), f->n,
        loop_address(l, f->b, loop_mul(l, block, loop_int(l, 16))),
        loop_f32(l, f->s->node->epilogue.relu & 1 ? 0 : -1.0 / 0.0),
        loop_address(l, f->y, loop_mul(l, block, kernel_dim(&f->k, "Y_PLANE", y->plane))),
        kernel_dim(&f->k, "Y_ROW", y->row), f->first, kernel_dim(&f->k, "COLUMNS", f->s->fast.columns) };
    int count = 9;
    if (f->form.h.m > 1)
        args[count++] = loop_int(l, y->h);
    if (f->form.w.m > 1)
        args[count++] = loop_int(l, y->w);
    loop_call(l, cook_toom_output(l->unit, f->type, &f->form), args, count);
    loop_for_end(l);
}

/* Which tiles and outputs a unit takes. */
static void unit_begin(ShapeFn *f)
{
    Lower *l = f->k.l;
    Var *groups = loop_dim(l, "GROUPS", f->full + (f->tail > 0));
    f->tiles = loop_let(l, "tiles", loop_div(l, loop_var(l, f->k.u), loop_var(l, groups)));
    f->group = loop_let(l, "group", loop_bin(l, EX_MOD, loop_var(l, f->k.u), loop_var(l, groups)));
    Expr *tiles = loop_var(l, f->tiles), *more = loop_int(l, f->more), *first = loop_mul(l, tiles, loop_int(l, f->small)), *n = loop_int(l, f->small);
    if (f->more) {
        first = loop_add(l, first, loop_min(l, tiles, more));
        n = loop_select(l, loop_bin(l, EX_LT, tiles, more), loop_int(l, f->small + 1), n);
    }
    f->first = loop_var(l, loop_let(l, "first", first));
    f->n = loop_var(l, loop_let(l, "n", n));
    f->block = loop_var(l, loop_let(l, "block", loop_mul(l, loop_var(l, f->group), loop_int(l, f->nr))));
}

static void shape_body(ShapeFn *f)
{
    Lower *l = f->k.l;
    f->have = loop_mut(l, "transformed", loop_int(l, -1));
    kernel_units_begin(&f->k, f->s->units);
    unit_begin(f);
    see_input(f);
    products_of_unit(f);
    outputs_of_unit(f);
    kernel_units_end(&f->k);
}

/* Which weight each product takes, where some share one. */
static Var *weight_table(Unit *u, const FastForm *f)
{
    enum { MOST = COOK_TOOM_MOST * COOK_TOOM_MOST };
    int at[MOST], n = 0;
    if (f->h.weights == f->h.alpha && f->w.weights == f->w.alpha)
        return NULL;
    for (int i = 0; i < f->h.alpha; i++)
        for (int j = 0; j < f->w.alpha; j++)
            at[n++] = f->h.weight[i] * f->w.weights + f->w.weight[j];
    return unit_table(u, arena_printf(u->arena, "weights_%dx%d_%dx%d", f->h.m, f->w.m, f->h.r, f->w.r), at, n);
}

static Func *shape_func(LowerContext *c, const Step *s)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const FastConv *fast = &s->fast;
    const Window *win = &s->node->window;
    const char *key = arena_printf(a, "fast %d %dx%d/%dx%d F%dx%d in %d relu %u %s %s", s->weights->in_channels, s->weights->kh, s->weights->kw, win->sh, win->sw, fast->mh,
                                   fast->mw, fast->blocks, s->node->epilogue.relu, place_key(a, s->in[0]), place_key(a, s->out[0]));
    Func *fn = unit_find_func(u, key);
    if (fn)
        return fn;
    ShapeFn f = { .s = s, .type = c->plan->target->vector, .form = form_of(s), .nr = s->tile_blocks };
    f.points = f.form.h.alpha * f.form.w.alpha;
    f.weights = f.form.h.weights * f.form.w.weights;
    f.weight = weight_table(u, &f.form);
    f.in_blocks = s->weights->in_channels / 16;
    f.out_blocks = place_blocks(s->out[0]);
    f.full = f.out_blocks / f.nr;
    f.tail = f.out_blocks % f.nr;
    f.small = fast->rows * fast->columns / fast->blocks;
    f.more = fast->rows * fast->columns % fast->blocks;
    const int *d = s->node->in[0]->shape.dim;
    const char *name = arena_printf(a, "conv%dx%d%s_%dx%dx%d_to_%d_f%dx%d", s->weights->kh, s->weights->kw,
                                    window_steps_by_1(win) ? "" : arena_printf(a, "s%d", win->sh > win->sw ? win->sh : win->sw), d[0], d[1], d[2],
                                    s->node->out[0]->shape.dim[0], fast->mh, fast->mw);
    const char *comment = arena_printf(a, "x: %d x %d x %d, w: %d x %d taps, y: %d blocks of 16 x %d x %d, by F(%d x %d, %d x %d):\n"
                                       "%d x %d tiles in %d blocks, %d products each where the direct way takes %d.",
                                       d[0], d[1], d[2], s->weights->kh, s->weights->kw, f.out_blocks, s->out[0]->buffer->h, s->out[0]->buffer->w,
                                       fast->mh, fast->mw, s->weights->kh, s->weights->kw, fast->rows, fast->columns, fast->blocks, f.points,
                                       fast->mh * fast->mw * s->weights->kh * s->weights->kw);
    fn = unit_func_later(u, key, name, comment, f.type);
    fn->name = unit_unique_name(u, name);
    f.k.l = lower_new(u, fn);
    f.x = loop_param(f.k.l, VAR_PARAM_IN, "x", 0);
    f.w = loop_param(f.k.l, VAR_PARAM_IN, "w", 0);
    f.b = loop_param(f.k.l, VAR_PARAM_IN, "b", 0);
    f.y = loop_param(f.k.l, VAR_PARAM_OUT, "y", 0);
    f.v = loop_param(f.k.l, VAR_PARAM_OUT, "v", 0);
    f.m = loop_param(f.k.l, VAR_PARAM_OUT, "m", 0);
    shape_body(&f);
    unit_append(u, fn);
    return fn;
}

void kernel_lower_cook_toom(LowerContext *c, Step *s)
{
    const Window *w = &s->node->window;
    FastForm form = form_of(s);
    const FastConv *f = &s->fast;
    int n = (f->rows * f->columns + f->blocks - 1) / f->blocks;
    int64_t v = form.h.alpha * form.w.alpha * odd_lines((int64_t)s->weights->in_channels * n);
    Expr *args[10] = {
        place_address(c, s->in[0], -w->top, -w->left),
        loop_address(c->page, c->weights, loop_int(c->page, s->weights->offset)),
        loop_address(c->page, c->weights, loop_int(c->page, s->bias->offset)),
        place_address(c, s->out[0], 0, 0),
        loop_address(c->page, c->scratch, loop_int(c->page, 0)),
        loop_address(c->page, c->scratch, loop_int(c->page, v)) };
    kernel_call(c, shape_func(c, s), args, 6);
}

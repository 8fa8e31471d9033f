/* Convolutions and fully connected layers by register tiles (tile_leaf.c).
 *
 * A row of pixels is cut into tiles of nearly equal size: no remainder tiles. */
#include "kernels.h"

bool conv_is_flat(const Step *s);
int conv_row_pixels(const Step *s);

typedef struct Shape3 {
    const Step *s;
    const Plan *plan;
    Kernel k;
    Var *x, *w, *b, *y, *r, *table;
    bool flat;
    int blocks, nr, oh, ow, cb;
    int64_t depth; /* floats of a weight row's column */
} ShapeFn;

/* Address of the tile's output in block g*nr + j: in one buffer, or by the table of a merged product. */
static Expr *output_address(ShapeFn *f, Expr *block, int j, Expr *oy, Expr *px)
{
    Lower *l = f->k.l;
    Expr *b = loop_add(l, block, loop_int(l, j));
    if (f->table) {
        Expr *base = loop_load(l, TY_INT, f->table, loop_mul(l, b, loop_int(l, 3)));
        Expr *row = loop_load(l, TY_INT, f->table, loop_add(l, loop_mul(l, b, loop_int(l, 3)), loop_int(l, 1)));
        return loop_address(l, f->y, loop_add(l, loop_add(l, base, loop_mul(l, oy, row)), px));
    }
    const Buffer *y = f->s->out[0]->buffer;
    Expr *at = loop_add(l, loop_mul(l, b, loop_var(l, loop_dim(l, "Y_PLANE", y->plane))),
                        loop_mul(l, oy, loop_var(l, loop_dim(l, "Y_ROW", y->row))));
    return loop_address(l, f->y, loop_add(l, at, px));
}

static Expr *floor_of(ShapeFn *f, Expr *block, int j)
{
    Lower *l = f->k.l;
    if (!f->table)
        return loop_f32(l, f->s->node->epilogue.relu & 1 ? 0 : -1.0 / 0.0);
    Expr *at = loop_add(l, loop_mul(l, loop_add(l, block, loop_int(l, j)), loop_int(l, 3)), loop_int(l, 2));
    return loop_select(l, loop_load(l, TY_INT, f->table, at), loop_f32(l, 0), loop_f32(l, -1.0 / 0.0));
}

/* Blocks of input channels that are summed in one go: a depth of 256, so that long sums err no more than short ones. */
static int piece_blocks(const Step *s)
{
    enum { DEPTH = 256 };
    int block = s->weights->in_block * s->weights->kh * s->weights->kw, all = s->weights->in_channels / s->weights->in_block;
    int n = s->weights->in_block == 1 ? all : DEPTH / block;
    return n < 1 ? 1 : n < all && all * block > DEPTH * 3 / 2 ? n : all;
}

static int row_tiles(const ShapeFn *f) { return (f->ow + f->s->tile_pixels - 1) / f->s->tile_pixels; }

/* While tile `tile` of a group computes, its share of the next group's weights is fetched: some lines for each input block. */
static int fetch_args(ShapeFn *f, Expr *block, Expr *tile, int nr, Expr **args)
{
    Lower *l = f->k.l;
    int tiles = row_tiles(f) * f->oh, all = 16 * nr * f->s->weights->kh * f->s->weights->kw, lines = (all + tiles - 1) / tiles;
    Expr *next = loop_mul(l, loop_add(l, block, loop_int(l, nr)), loop_var(l, loop_dim(l, "W_BLOCK", 16 * f->depth)));
    args[0] = loop_address(l, f->w, loop_add(l, next, loop_mul(l, tile, loop_int(l, 16 * lines * f->cb))));
    args[1] = tiles <= all ? loop_int(l, lines) : loop_bin(l, EX_LT, tile, loop_int(l, all));
    return 2;
}

/* One call of a leaf: `pixels` pixels from px on, `nr` blocks from `block` on. */
static void call_leaf(ShapeFn *f, Expr *block, Expr *oy, Expr *tile, Expr *px, int pixels, int nr)
{
    Lower *l = f->k.l;
    const Buffer *x = f->s->in[0]->buffer;
    const Window *win = &f->s->node->window;
    bool linear = f->s->node->op == OP_LINEAR;
    int sw = linear ? 1 : win->sw, sh = linear ? 1 : win->sh;
    int piece = piece_blocks(f->s);
    Tile t = { pixels, nr, sw * x->block, x->block, f->r != NULL, piece < f->cb, false, f->plan->target->vector };
    Expr *args[32];
    int n = 0;
    Expr *xi = loop_add(l, loop_mul(l, oy, loop_mul(l, loop_int(l, sh), loop_int(l, x->row))),
                        loop_mul(l, px, loop_int(l, sw * x->block)));
    args[n++] = loop_address(l, f->x, xi);
    args[n++] = loop_var(l, loop_dim(l, "CB", f->cb));
    if (t.deep) {
        args[n++] = loop_int(l, (f->cb + piece - 1) / piece);
        args[n++] = loop_int(l, piece);
    }
    args[n++] = loop_var(l, loop_dim(l, "KH", f->s->weights->kh));
    args[n++] = loop_var(l, loop_dim(l, "KW", f->s->weights->kw));
    args[n++] = loop_var(l, loop_dim(l, "X_PLANE", x->plane));
    args[n++] = loop_var(l, loop_dim(l, "X_ROW", x->row));
    args[n++] = loop_address(l, f->w, loop_mul(l, block, loop_var(l, loop_dim(l, "W_BLOCK", 16 * f->depth))));
    if (tile_fetches(&t))
        n += fetch_args(f, block, tile, nr, args + n);
    args[n++] = loop_address(l, f->b, loop_mul(l, block, loop_int(l, 16)));
    Expr *out_px = loop_mul(l, px, loop_int(l, 16));
    for (int j = 0; j < nr; j++) {
        args[n++] = output_address(f, block, j, oy, out_px);
        args[n++] = floor_of(f, block, j);
        if (f->r) {
            const Buffer *r = f->s->residual->buffer;
            Expr *at = loop_add(l, loop_mul(l, loop_add(l, block, loop_int(l, j)), loop_var(l, loop_dim(l, "R_PLANE", r->plane))),
                                loop_mul(l, oy, loop_var(l, loop_dim(l, "R_ROW", r->row))));
            args[n++] = loop_address(l, f->r, loop_add(l, at, out_px));
        }
    }
    if (f->r)
        args[n++] = loop_f32(l, f->s->node->epilogue.scale);
    loop_call(l, tile_leaf(l->unit, &t), args, n);
}

/* Tiles [first, first + tiles) of a row, of `pixels`, from pixel `from` on. */
static void tile_run(ShapeFn *f, Expr *block, Expr *oy, int first, int tiles, int from, int pixels, int nr)
{
    Lower *l = f->k.l;
    if (tiles == 0)
        return;
    Var *t = loop_for_begin(l, "t", loop_int(l, 0), loop_int(l, tiles), 1);
    Expr *tile = loop_add(l, loop_mul(l, oy, loop_int(l, row_tiles(f))), loop_add(l, loop_var(l, t), loop_int(l, first)));
    Expr *px = loop_add(l, loop_mul(l, loop_var(l, t), loop_int(l, pixels)), loop_int(l, from));
    call_leaf(f, block, oy, tile, px, pixels, nr);
    loop_for_end(l);
}

static void tile_row(ShapeFn *f, Expr *block, Expr *oy, int nr)
{
    int n = row_tiles(f), small = f->ow / n, more = f->ow % n;
    tile_run(f, block, oy, 0, more, 0, small + 1, nr);
    tile_run(f, block, oy, more, n - more, more * (small + 1), small, nr);
}

/* A flat image: the unit is one tile. */
static void tile_flat(ShapeFn *f, Expr *block, Expr *tile, int nr)
{
    Lower *l = f->k.l;
    int n = row_tiles(f), small = f->ow / n, more = f->ow % n;
    Expr *zero = loop_int(l, 0);
    if (more) {
        loop_if_begin(l, loop_bin(l, EX_LT, tile, loop_int(l, more)));
        call_leaf(f, block, zero, tile, loop_mul(l, tile, loop_int(l, small + 1)), small + 1, nr);
        loop_else(l);
    }
    Expr *px = loop_add(l, loop_mul(l, tile, loop_int(l, small)), loop_int(l, more));
    call_leaf(f, block, zero, tile, px, small, nr);
    if (more)
        loop_if_end(l);
}

static void group_body(ShapeFn *f, Expr *block, Expr *row, int nr)
{
    if (f->flat)
        tile_flat(f, block, row, nr);
    else
        tile_row(f, block, row, nr);
}

static void shape_body(ShapeFn *f)
{
    Lower *l = f->k.l;
    int rows = f->flat ? row_tiles(f) : f->oh, full = f->blocks / f->nr, tail = f->blocks % f->nr;
    kernel_units_begin(&f->k, rows * (full + (tail > 0)));
    Var *r = loop_dim(l, f->flat ? "TILES" : "OH", rows);
    Var *block = loop_let(l, "block", loop_mul(l, loop_div(l, loop_var(l, f->k.u), loop_var(l, r)), loop_int(l, f->nr)));
    Var *row = loop_let(l, f->flat ? "tile" : "oy", loop_bin(l, EX_MOD, loop_var(l, f->k.u), loop_var(l, r)));
    Expr *oy = rows == 1 ? loop_int(l, 0) : loop_var(l, row);
    if (full && tail)
        loop_if_begin(l, loop_bin(l, EX_LT, loop_var(l, block), loop_int(l, full * f->nr)));
    if (full)
        group_body(f, loop_var(l, block), oy, f->nr);
    if (full && tail)
        loop_else(l);
    if (tail)
        group_body(f, full ? loop_int(l, full * f->nr) : loop_int(l, 0), oy, tail);
    if (full && tail)
        loop_if_end(l);
    kernel_units_end(&f->k);
}

/* Per output block of a merged product: offset in the arena, row pitch, whether a ReLU follows. */
static Var *output_table(LowerContext *c, const Step *s)
{
    if (s->n_out == 1)
        return NULL;
    LIST(int) rows = { 0 };
    Arena *a = c->plan->arena;
    for (int k = 0; k < s->n_out; k++) {
        const Buffer *b = s->out[k]->buffer;
        for (int i = 0; i < place_span(s->out[k]) / 16; i++) {
            int64_t at = b->offset + (s->out[k]->segments[0].physical / 16 + i) * b->plane + b->top * b->row + b->left * 16;
            LIST_PUSH(a, &rows, (int)at);
            LIST_PUSH(a, &rows, (int)b->row);
            LIST_PUSH(a, &rows, (int)(s->node->epilogue.relu >> k & 1));
        }
    }
    return unit_table(c->page->unit, "outputs", rows.at, rows.n);
}

static const char *shape_key(Arena *a, const Step *s, const Var *table)
{
    const Node *n = s->node;
    const Window *w = &n->window;
    const char *key = arena_printf(a, "tiles %d %dx%d/%dx%d tile %dx%d relu %u %s", s->weights->in_channels, s->weights->kh,
                                   s->weights->kw, w->sh, w->sw, s->tile_pixels, s->tile_blocks, n->epilogue.relu, place_key(a, s->in[0]));
    if (s->residual)
        key = arena_printf(a, "%s r %.17g %s", key, n->epilogue.scale, place_key(a, s->residual));
    return table ? arena_printf(a, "%s %s", key, table->name) : arena_printf(a, "%s %s", key, place_key(a, s->out[0]));
}

static const char *shape_name(Arena *a, const Step *s)
{
    const int *d = s->node->in[0]->shape.dim;
    int co = 0;
    for (int k = 0; k < s->n_out; k++)
        co += s->node->out[k]->shape.dim[0];
    const Window *w = &s->node->window;
    const char *kind = s->node->op == OP_LINEAR ? "fc" : arena_printf(a, "conv%dx%d", w->kh, w->kw);
    if (s->node->op == OP_CONV && !window_steps_by_1(w))
        kind = arena_printf(a, "%ss%d", kind, w->sh);
    return arena_printf(a, "%s_%dx%dx%d_to_%d%s", kind, d[0], d[1], d[2], co, s->residual ? "_add" : s->n_out > 1 ? "_merged" : "");
}

static Func *shape_func(LowerContext *c, Step *s)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    Var *table = output_table(c, s);
    const char *key = shape_key(a, s, table);
    Func *found = unit_find_func(u, key);
    if (found)
        return found;
    int blocks = 0;
    for (int k = 0; k < s->n_out; k++)
        blocks += place_span(s->out[k]) / 16;
    ShapeFn f = { .s = s, .plan = c->plan, .flat = conv_is_flat(s), .blocks = blocks, .nr = s->tile_blocks, .table = table };
    f.oh = f.flat ? 1 : s->out[0]->buffer->h;
    f.ow = conv_row_pixels(s);
    f.cb = s->weights->in_channels / s->weights->in_block;
    f.depth = (int64_t)s->weights->in_channels * s->weights->kh * s->weights->kw;
    const int *d = s->node->in[0]->shape.dim;
    const char *comment = arena_printf(a, "x: %d x %d x %d, w: %d x %d taps, y: %d blocks of 16 x %d x %d; tiles of up to %d pixels x %d blocks%s.",
                                       d[0], d[1], d[2], s->weights->kh, s->weights->kw, blocks, s->out[0]->buffer->h,
                                       s->out[0]->buffer->w, s->tile_pixels, s->tile_blocks,
                                       table ? ";\neach block finds its place, row pitch and ReLU in a table" : "");
    /* leaves come first in the file: build the body aside */
    Func *fn = unit_func_later(u, key, arena_printf(a, "%s", shape_name(a, s)), comment, c->plan->target->vector);
    fn->name = unit_unique_name(u, fn->name);
    f.k.l = lower_new(u, fn);
    f.x = loop_param(f.k.l, VAR_PARAM_IN, "x", 0);
    f.w = loop_param(f.k.l, VAR_PARAM_IN, "w", 0);
    f.b = loop_param(f.k.l, VAR_PARAM_IN, "b", 0);
    f.r = s->residual ? loop_param(f.k.l, VAR_PARAM_IN, "r", 0) : NULL;
    f.y = loop_param(f.k.l, VAR_PARAM_OUT, table ? "arena" : "y", 0);
    shape_body(&f);
    unit_append(u, fn);
    return fn;
}

void lower_conv_tiles(LowerContext *c, Step *s)
{
    const Window *w = &s->node->window;
    bool linear = s->node->op == OP_LINEAR;
    Func *f = shape_func(c, s);
    Expr *args[8];
    int n = 0;
    args[n++] = place_address(c, s->in[0], linear ? 0 : -w->top, linear ? 0 : -w->left);
    args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->weights->offset));
    args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->bias->offset));
    if (s->residual)
        args[n++] = place_address(c, s->residual, 0, 0);
    args[n++] = s->n_out > 1 ? loop_address(c->page, c->arena, loop_int(c->page, 0)) : place_address(c, s->out[0], 0, 0);
    kernel_call(c, f, args, n);
}

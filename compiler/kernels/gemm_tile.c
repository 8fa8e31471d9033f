/* Convolutions and fully connected layers by register tiles (tile_leaf.c).
 *
 * A row of pixels is cut into tiles of nearly equal size: no remainder tiles.  A deep sum is cut into pieces: all tiles of
 * a group of outputs add up one piece, whose weights stay in L1, then the next. */
#include "kernels.h"

typedef struct Piece { /* of the input blocks that are summed */
    Expr *first;
    int blocks;
    bool more, last;
} Piece;

typedef struct ShapeFn {
    const Step *s;
    const Plan *plan;
    Kernel k;
    Var *x, *w, *b, *y, *r, *outputs; /* outputs: where those of a merged product lie, or null */
    bool flat;
    int blocks, nr, oh, ow, cb;
    int64_t depth; /* floats of a weight row's column */
    Piece piece;   /* at hand */
} ShapeFn;

/* Address of the tile's output in block g*nr + j: in one buffer, or where a merged product's table says. */
static Expr *output_address(ShapeFn *f, Expr *block, int j, Expr *oy, Expr *px)
{
    Lower *l = f->k.l;
    Expr *b = loop_add(l, block, loop_int(l, j));
    if (f->outputs) {
        Expr *base = loop_load(l, TY_INT, f->outputs, loop_mul(l, b, loop_int(l, 3)));
        Expr *row = loop_load(l, TY_INT, f->outputs, loop_add(l, loop_mul(l, b, loop_int(l, 3)), loop_int(l, 1)));
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
    if (!f->piece.last)
        return loop_f32(l, -1.0 / 0.0);
    if (!f->outputs)
        return loop_f32(l, f->s->node->epilogue.relu & 1 ? 0 : -1.0 / 0.0);
    Expr *at = loop_add(l, loop_mul(l, loop_add(l, block, loop_int(l, j)), loop_int(l, 3)), loop_int(l, 2));
    return loop_select(l, loop_load(l, TY_INT, f->outputs, at), loop_f32(l, 0), loop_f32(l, -1.0 / 0.0));
}

/* Depth of a piece: a long sum errs no more than a short one, and the weights of a group stay in L1: 16 kB, which AVX2's tiles read
 * again for every three pixels, twice that for those of AVX-512 and where a single pixel reads them once. */
static int piece_depth(const ShapeFn *f) { return type_lanes(f->plan->target->vector) == 8 && f->s->tile_pixels > 1 ? 128 : 256; }

static int pieces_of(const ShapeFn *f)
{
    const Packed *w = f->s->weights;
    int block = w->in_block * w->kh * w->kw, all = w->in_channels / w->in_block, depth = piece_depth(f);
    int n = depth / block > 1 ? depth / block : 1;
    return w->in_block == 1 || all * block <= depth * 3 / 2 ? 1 : (all + n - 1) / n;
}

static int leaf_pixels(const ShapeFn *f, int nr) { return conv_leaf_pixels(f->plan->target->vector, f->s, nr); }
static int unit_pixels(const ShapeFn *f) { return conv_unit_pixels(f->plan->target->vector, f->s); }
static int row_tiles(const ShapeFn *f, int nr) { return div_up(f->ow, leaf_pixels(f, nr)); }
static int flat_units(const ShapeFn *f) { return div_up(f->ow, unit_pixels(f)); }
static int unit_tiles(const ShapeFn *f, int nr) { return div_up(unit_pixels(f), leaf_pixels(f, nr)); } /* the most of a flat unit */

/* Floats of weights that a tile takes for each input block. */
static int block_weights(const ShapeFn *f, int nr) { return f->s->weights->in_block * f->s->weights->kh * f->s->weights->kw * 16 * nr; }

/* While tile `tile` of a group computes, its share of what comes behind its weights is fetched: some lines for each input block. */
static int fetch_args(ShapeFn *f, Expr *weights, Expr *tile, int nr, Expr **args)
{
    Lower *l = f->k.l;
    int tiles = f->flat ? flat_units(f) * unit_tiles(f, nr) : row_tiles(f, nr) * f->oh, all = block_weights(f, nr) / 16, lines = div_up(all, tiles);
    Expr *next = loop_add(l, weights, loop_int(l, (int64_t)f->piece.blocks * 16 * all));
    args[0] = loop_address(l, f->w, loop_add(l, next, loop_mul(l, tile, loop_int(l, 16 * lines * f->piece.blocks))));
    args[1] = tiles <= all ? loop_int(l, lines) : loop_bin(l, EX_LT, tile, loop_int(l, all));
    return 2;
}

/* The first input block of the piece at hand, for outputs from `block` on. */
static Expr *first_input(ShapeFn *f, Expr *block)
{
    Lower *l = f->k.l;
    const int *seen = f->s->weights->seen;
    if (conv_is_depthwise(f->s))
        return block;
    return seen ? loop_add(l, conv_first_seen(l, f->s, seen, block), f->piece.first) : f->piece.first;
}

/* One call of a leaf: `pixels` pixels from px on, `nr` blocks from `block` on. */
static void call_leaf(ShapeFn *f, Expr *block, Expr *oy, Expr *tile, Expr *px, int pixels, int nr)
{
    Lower *l = f->k.l;
    const Buffer *x = f->s->in[0]->buffer;
    const Window *win = &f->s->node->window;
    bool linear = f->s->node->op == OP_LINEAR;
    int sw = linear ? 1 : win->sw, sh = linear ? 1 : win->sh;
    bool adds = f->r && f->piece.last;
    Tile t = { pixels, nr, sw * x->block, x->block, adds, f->piece.more, false, f->plan->target->vector, conv_is_depthwise(f->s), conv_depth(f->s) };
    Expr *args[32];
    int n = 0;
    Expr *xi = loop_add(l, loop_mul(l, oy, loop_mul(l, loop_int(l, sh), loop_int(l, x->row))),
                        loop_mul(l, px, loop_int(l, sw * x->block)));
    xi = loop_add(l, xi, loop_mul(l, first_input(f, block), loop_var(l, loop_dim(l, "X_PLANE", x->plane))));
    args[n++] = loop_address(l, f->x, xi);
    if (!t.depthwise)
        args[n++] = f->piece.blocks == f->cb ? loop_var(l, loop_dim(l, "CB", f->cb)) : loop_int(l, f->piece.blocks);
    args[n++] = loop_var(l, loop_dim(l, "KH", f->s->weights->kh));
    args[n++] = loop_var(l, loop_dim(l, "KW", f->s->weights->kw));
    if (!t.depthwise)
        args[n++] = loop_var(l, loop_dim(l, "X_PLANE", x->plane));
    args[n++] = loop_var(l, loop_dim(l, "X_ROW", x->row));
    Expr *weights = loop_add(l, loop_mul(l, block, loop_var(l, loop_dim(l, "W_BLOCK", 16 * f->depth))),
                             loop_mul(l, f->piece.first, loop_int(l, block_weights(f, nr))));
    args[n++] = loop_address(l, f->w, weights);
    if (tile_fetches(&t))
        n += fetch_args(f, weights, tile, nr, args + n);
    if (!t.more)
        args[n++] = loop_address(l, f->b, loop_mul(l, block, loop_int(l, 16)));
    Expr *out_px = loop_mul(l, px, loop_int(l, 16));
    for (int j = 0; j < nr; j++) {
        args[n++] = output_address(f, block, j, oy, out_px);
        args[n++] = floor_of(f, block, j);
        if (adds) {
            const Buffer *r = f->s->residual->buffer;
            Expr *at = loop_add(l, loop_mul(l, loop_add(l, block, loop_int(l, j)), loop_var(l, loop_dim(l, "R_PLANE", r->plane))),
                                loop_mul(l, oy, loop_var(l, loop_dim(l, "R_ROW", r->row))));
            args[n++] = loop_address(l, f->r, loop_add(l, at, out_px));
        }
    }
    if (adds)
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
    Expr *tile = loop_add(l, loop_mul(l, oy, loop_int(l, row_tiles(f, nr))), loop_add(l, loop_var(l, t), loop_int(l, first)));
    Expr *px = loop_add(l, loop_mul(l, loop_var(l, t), loop_int(l, pixels)), loop_int(l, from));
    call_leaf(f, block, oy, tile, px, pixels, nr);
    loop_for_end(l);
}

static void tile_row(ShapeFn *f, Expr *block, Expr *oy, int nr)
{
    int n = row_tiles(f, nr), small = f->ow / n, more = f->ow % n;
    tile_run(f, block, oy, 0, more, 0, small + 1, nr);
    tile_run(f, block, oy, more, n - more, more * (small + 1), small, nr);
}

/* Unit u of a flat image, `pixels` from px on: a tile, or some where a tile of nr blocks holds fewer. */
static void flat_unit(ShapeFn *f, Expr *block, Expr *u, Expr *px, int pixels, int nr)
{
    Lower *l = f->k.l;
    int n = div_up(pixels, leaf_pixels(f, nr));
    for (int i = 0, from = 0; i < n; i++) {
        int size = (pixels - from + n - i - 1) / (n - i);
        Expr *tile = loop_add(l, loop_mul(l, u, loop_int(l, unit_tiles(f, nr))), loop_int(l, i));
        call_leaf(f, block, loop_int(l, 0), tile, loop_add(l, px, loop_int(l, from)), size, nr);
        from += size;
    }
}

static void tile_flat(ShapeFn *f, Expr *block, Expr *u, int nr)
{
    Lower *l = f->k.l;
    int n = flat_units(f), small = f->ow / n, more = f->ow % n;
    if (more) {
        loop_if_begin(l, loop_bin(l, EX_LT, u, loop_int(l, more)));
        flat_unit(f, block, u, loop_mul(l, u, loop_int(l, small + 1)), small + 1, nr);
        loop_else(l);
    }
    flat_unit(f, block, u, loop_add(l, loop_mul(l, u, loop_int(l, small)), loop_int(l, more)), small, nr);
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

/* A group of outputs: nr blocks of 16, fewer in the last. */
typedef void GroupBody(ShapeFn *f, Expr *block, int nr, void *arg);
static void with_group(ShapeFn *f, Expr *group, GroupBody *body, void *arg)
{
    Lower *l = f->k.l;
    int full = f->blocks / f->nr, tail = f->blocks % f->nr;
    Var *block = loop_let(l, "block", loop_mul(l, group, loop_int(l, f->nr)));
    if (full && tail)
        loop_if_begin(l, loop_bin(l, EX_LT, loop_var(l, block), loop_int(l, full * f->nr)));
    if (full)
        body(f, loop_var(l, block), f->nr, arg);
    if (full && tail)
        loop_else(l);
    if (tail)
        body(f, loop_int(l, full * f->nr), tail, arg);
    if (full && tail)
        loop_if_end(l);
}

static void one_row(ShapeFn *f, Expr *block, int nr, void *row) { group_body(f, block, row, nr); }

/* Unit by unit: a group's row, or a tile of a flat image. */
static void shape_units(ShapeFn *f, int rows)
{
    Lower *l = f->k.l;
    kernel_units_begin(&f->k, f->s->units);
    Var *r = loop_dim(l, f->flat ? "TILES" : "OH", rows);
    Var *row = loop_let(l, f->flat ? "tile" : "oy", loop_bin(l, EX_MOD, loop_var(l, f->k.u), loop_var(l, r)));
    f->piece = (Piece){ loop_int(l, 0), f->cb, false, true };
    with_group(f, loop_div(l, loop_var(l, f->k.u), loop_var(l, r)), one_row, rows == 1 ? loop_int(l, 0) : loop_var(l, row));
    kernel_units_end(&f->k);
}

typedef struct Rows {
    Var *from, *to;
} Rows;

static void piece_rows(ShapeFn *f, Expr *block, int nr, const Rows *rows, Piece piece)
{
    Lower *l = f->k.l;
    f->piece = piece;
    Var *row = loop_for_begin(l, f->flat ? "tile" : "oy", loop_var(l, rows->from), loop_var(l, rows->to), 1);
    group_body(f, block, loop_var(l, row), nr);
    loop_for_end(l);
}

/* A group's rows: the first piece of the sums, those between, the last. */
static void group_pieces(ShapeFn *f, Expr *block, int nr, void *arg)
{
    Lower *l = f->k.l;
    int n = pieces_of(f), blocks = (f->cb + n - 1) / n, last = (f->cb - 1) / blocks;
    piece_rows(f, block, nr, arg, (Piece){ loop_int(l, 0), blocks, false, false });
    if (last > 1) {
        Var *k = loop_for_begin(l, "k", loop_int(l, 1), loop_int(l, last), 1);
        piece_rows(f, block, nr, arg, (Piece){ loop_mul(l, loop_var(l, k), loop_int(l, blocks)), blocks, true, false });
        loop_for_end(l);
    }
    piece_rows(f, block, nr, arg, (Piece){ loop_int(l, last * blocks), f->cb - last * blocks, true, true });
}

/* A part's units as rows [from, to) of each group: none where it has no share. */
static void shape_pieces(ShapeFn *f, int rows)
{
    Lower *l = f->k.l;
    kernel_part_begin(&f->k, f->s->units);
    Var *r = loop_dim(l, f->flat ? "TILES" : "OH", rows);
    Var *group = loop_for_begin(l, "group", loop_int(l, 0), loop_int(l, (f->blocks + f->nr - 1) / f->nr), 1);
    Expr *first = loop_mul(l, loop_var(l, group), loop_var(l, r));
    Rows range = { loop_let(l, "from", loop_max(l, loop_sub(l, loop_var(l, f->k.begin), first), loop_int(l, 0))),
                   loop_let(l, "to", loop_min(l, loop_sub(l, loop_var(l, f->k.end), first), loop_var(l, r))) };
    with_group(f, loop_var(l, group), group_pieces, &range);
    loop_for_end(l);
}

static void shape_body(ShapeFn *f)
{
    int rows = f->flat ? flat_units(f) : f->oh;
    if (pieces_of(f) == 1)
        shape_units(f, rows);
    else
        shape_pieces(f, rows);
}

/* Per output block of a merged product: offset in the arena, row pitch, whether a ReLU follows. */
static Var *output_table(LowerContext *c, const Step *s)
{
    LIST(int) rows = { 0 };
    Arena *a = c->plan->arena;
    for (int k = 0; k < s->n_out; k++) {
        const Buffer *b = s->out[k]->buffer;
        for (int i = 0; i < place_blocks(s->out[k]); i++) {
            int64_t at = b->offset + (s->out[k]->segments[0].physical / 16 + i) * b->plane + b->top * b->row + b->left * 16;
            LIST_PUSH(a, &rows, (int)at);
            LIST_PUSH(a, &rows, (int)b->row);
            LIST_PUSH(a, &rows, (int)(s->node->epilogue.relu >> k & 1));
        }
    }
    return unit_table(c->page->unit, "outputs", rows.at, rows.n);
}

static const char *shape_key(Arena *a, const Step *s)
{
    const Node *n = s->node;
    const Window *w = &n->window;
    const char *key = arena_printf(a, "tiles %d/%d %dx%d/%dx%d tile %dx%d %s", s->weights->in_channels, n->groups, s->weights->kh,
                                   s->weights->kw, w->sh, w->sw, s->tile_pixels, s->tile_blocks, place_key(a, s->in[0]));
    if (s->residual)
        key = arena_printf(a, "%s r %.17g %s", key, n->epilogue.scale, place_key(a, s->residual));
    if (s->n_out > 1) /* the rest is in the table that it is given */
        return arena_printf(a, "%s %d outputs", key, conv_out_blocks(s));
    return arena_printf(a, "%s relu %u %s", key, n->epilogue.relu, place_key(a, s->out[0]));
}

static const char *shape_name(Arena *a, const Step *s)
{
    const int *d = s->node->in[0]->shape.dim;
    int co = 0;
    for (int k = 0; k < s->n_out; k++)
        co += s->node->out[k]->shape.dim[0];
    const Window *w = &s->node->window;
    bool depthwise = conv_is_depthwise(s);
    const char *kind = s->node->op == OP_LINEAR ? "fc" : arena_printf(a, "%s%dx%d", depthwise ? "depthwise" : "conv", w->kh, w->kw);
    if (s->node->op == OP_CONV && !window_steps_by_1(w))
        kind = arena_printf(a, "%ss%d", kind, w->sh);
    if (s->node->groups > 1 && !depthwise)
        kind = arena_printf(a, "%s_groups%d", kind, s->node->groups);
    return arena_printf(a, "%s_%dx%dx%d_to_%d%s", kind, d[0], d[1], d[2], co, s->residual ? "_add" : s->n_out > 1 ? "_merged" : "");
}

static Func *shape_func(LowerContext *c, Step *s)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const char *key = shape_key(a, s);
    Func *found = unit_find_func(u, key);
    if (found)
        return found;
    int blocks = conv_out_blocks(s);
    ShapeFn f = { .s = s, .plan = c->plan, .flat = conv_is_flat(s), .blocks = blocks, .nr = s->tile_blocks };
    f.oh = f.flat ? 1 : s->out[0]->buffer->h;
    f.ow = conv_row_pixels(s);
    f.cb = s->weights->in_channels / s->weights->in_block;
    f.depth = (int64_t)s->weights->in_channels * s->weights->kh * s->weights->kw;
    const int *d = s->node->in[0]->shape.dim;
    const char *comment = arena_printf(a, "x: %d x %d x %d, w: %d x %d taps, y: %d blocks of 16 x %d x %d; tiles of up to %d pixels x %d blocks%s.",
                                       d[0], d[1], d[2], s->weights->kh, s->weights->kw, blocks, s->out[0]->buffer->h,
                                       s->out[0]->buffer->w, s->tile_pixels, s->tile_blocks,
                                       s->n_out > 1 ? ";\neach block finds its place, row pitch and ReLU in `outputs`" :
                                       s->weights->seen ? arena_printf(a, ";\neach block reads the %d channels that its groups lie in", s->weights->in_channels) : "");
    /* leaves come first in the file: build the body aside */
    Func *fn = unit_func_later(u, key, arena_printf(a, "%s", shape_name(a, s)), comment, c->plan->target->vector);
    fn->name = unit_unique_name(u, fn->name);
    f.k.l = lower_new(u, fn);
    f.x = loop_param(f.k.l, VAR_PARAM_IN, "x", 0);
    f.w = loop_param(f.k.l, VAR_PARAM_IN, "w", 0);
    f.b = loop_param(f.k.l, VAR_PARAM_IN, "b", 0);
    f.r = s->residual ? loop_param(f.k.l, VAR_PARAM_IN, "r", 0) : NULL;
    f.y = loop_param(f.k.l, VAR_PARAM_OUT, s->n_out > 1 ? "arena" : "y", 0);
    f.outputs = s->n_out > 1 ? loop_param(f.k.l, VAR_PARAM_INTS, "outputs", 0) : NULL;
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
    if (s->n_out > 1) {
        args[n++] = loop_address(c->page, c->arena, loop_int(c->page, 0));
        args[n++] = loop_address(c->page, output_table(c, s), loop_int(c->page, 0));
    } else {
        args[n++] = place_address(c, s->out[0], 0, 0);
    }
    kernel_call(c, f, args, n);
}

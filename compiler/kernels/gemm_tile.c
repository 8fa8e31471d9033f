/* Convolutions and fully connected layers by register tiles (tile_leaf.c).
 *
 * A row of pixels is cut into tiles of nearly equal size: no remainder tiles.  A deep sum is cut into pieces: all tiles of
 * a group of outputs add up one piece, whose weights stay in L1, then the next. */
#include "kernels.h"

typedef struct Piece { /* of the input blocks that are summed */
    Expr *first, *blocks;
    bool more; /* not the first piece */
    Expr *on;  /* do others follow? */
} Piece;

enum { MOST_BLOCKS = 4 };

typedef struct Places { /* of a group of outputs where they have a name, else null */
    Var *w, *y[MOST_BLOCKS], *row[MOST_BLOCKS], *floor[MOST_BLOCKS];
} Places;

typedef struct ShapeFn {
    const Step *s;
    const Plan *plan;
    Kernel k;
    Var *x, *w, *b, *y, *r, *outputs; /* outputs: where those of a merged product lie, or null */
    bool flat;
    int blocks, nr, oh, ow, cb;
    int64_t depth; /* floats of a weight row's column */
    Piece piece;   /* at hand */
    Places at;     /* of the group at hand */
} ShapeFn;

/* ---- Where a group's weights and outputs lie ---- */

static Expr *weights_offset(ShapeFn *f, Expr *block) { return loop_mul(f->k.l, block, kernel_dim(&f->k, "W_BLOCK", 16 * f->depth)); }

static Expr *output_offset(ShapeFn *f, Expr *block) { return loop_mul(f->k.l, block, kernel_dim(&f->k, "Y_PLANE", f->s->out[0]->buffer->plane)); }

/* Entry `k` of a block's row in the table of outputs: offset, row pitch, ReLU. */
static Expr *output_entry(ShapeFn *f, Expr *block, int k)
{
    Lower *l = f->k.l;
    return loop_load(l, TY_INT, f->outputs, loop_add(l, loop_mul(l, block, loop_int(l, 3)), loop_int(l, k)));
}

/* y0, row0, floor0 of a block, then those of the next. */
static void name_outputs(ShapeFn *f, Expr *block, int nr)
{
    Lower *l = f->k.l;
    Arena *a = l->unit->arena;
    for (int j = 0; j < nr; j++) {
        Expr *b = loop_add(l, block, loop_int(l, j)), *at = f->outputs ? output_entry(f, b, 0) : output_offset(f, b);
        f->at.y[j] = loop_let(l, arena_printf(a, "y%d", j), loop_address(l, f->y, at));
        if (!f->outputs)
            continue;
        f->at.row[j] = loop_let(l, arena_printf(a, "row%d", j), output_entry(f, b, 1));
        f->at.floor[j] = loop_let(l, arena_printf(a, "floor%d", j), loop_select(l, output_entry(f, b, 2), loop_f32(l, 0), loop_f32(l, -1.0 / 0.0)));
    }
}

/* Address of the tile's output in block j of the group. */
static Expr *output_address(ShapeFn *f, Expr *block, int j, Expr *oy, Expr *px)
{
    Lower *l = f->k.l;
    Expr *row = f->at.row[j] ? loop_var(l, f->at.row[j]) : kernel_dim(&f->k, "Y_ROW", f->s->out[0]->buffer->row);
    Expr *at = loop_mul(l, oy, row);
    if (!f->at.y[j])
        at = loop_add(l, output_offset(f, loop_add(l, block, loop_int(l, j))), at);
    return loop_address(l, f->at.y[j] ? f->at.y[j] : f->y, loop_add(l, at, px));
}

/* No floor but at the end of a sum: then zero where a ReLU follows. */
static Expr *floor_of(ShapeFn *f, int j)
{
    Lower *l = f->k.l;
    Expr *none = loop_f32(l, -1.0 / 0.0);
    if (!f->outputs && !(f->s->node->epilogue.relu & 1))
        return none;
    return loop_select(l, f->piece.on, none, f->outputs ? loop_var(l, f->at.floor[j]) : loop_f32(l, 0));
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
static int fetch_args(ShapeFn *f, Var *base, Expr *weights, Expr *tile, int nr, Expr **args)
{
    Lower *l = f->k.l;
    int tiles = f->flat ? flat_units(f) * unit_tiles(f, nr) : row_tiles(f, nr) * f->oh, all = block_weights(f, nr) / 16, lines = div_up(all, tiles);
    Expr *next = loop_mul(l, f->piece.blocks, loop_int(l, 16 * all)), *share = loop_mul(l, loop_mul(l, tile, loop_int(l, 16 * lines)), f->piece.blocks);
    args[0] = loop_address(l, base, loop_add(l, loop_add(l, weights, next), share));
    args[1] = tiles <= all ? loop_int(l, lines) : loop_bin(l, EX_LT, tile, loop_int(l, all));
    return 2;
}

static int step_y(const ShapeFn *f) { return f->s->node->op == OP_LINEAR ? 1 : f->s->node->window.sh; }
static int step_x(const ShapeFn *f) { return f->s->node->op == OP_LINEAR ? 1 : f->s->node->window.sw; }

/* The first input block of the piece at hand, for outputs from `block` on. */
static Expr *first_input(ShapeFn *f, Expr *block)
{
    Lower *l = f->k.l;
    const int *seen = f->s->weights->seen;
    if (conv_is_depthwise(f->s))
        return block;
    return seen ? loop_add(l, conv_first_seen(l, f->s, seen, block), f->piece.first) : f->piece.first;
}

/* Where the tile's input begins: in the piece's first block that its outputs read. */
static Expr *input_address(ShapeFn *f, Expr *block, Expr *oy, Expr *px)
{
    Lower *l = f->k.l;
    const Buffer *x = f->s->in[0]->buffer;
    Expr *row = loop_mul(l, oy, loop_int(l, step_y(f) * x->row)), *at = loop_add(l, row, loop_mul(l, px, loop_int(l, step_x(f) * x->block)));
    return loop_address(l, f->x, loop_add(l, at, loop_mul(l, first_input(f, block), kernel_dim(&f->k, "X_PLANE", x->plane))));
}

/* Weights of the piece at hand, and what comes behind them. */
static int weights_args(ShapeFn *f, const Tile *t, Expr *block, Expr *tile, Expr **args)
{
    Lower *l = f->k.l;
    Var *base = f->at.w ? f->at.w : f->w;
    Expr *at = loop_mul(l, f->piece.first, loop_int(l, block_weights(f, t->blocks)));
    if (!f->at.w)
        at = loop_add(l, weights_offset(f, block), at);
    args[0] = loop_address(l, base, at);
    return tile_fetches(t) ? 1 + fetch_args(f, base, at, tile, t->blocks, args + 1) : 1;
}

static Expr *residual_address(ShapeFn *f, Expr *block, Expr *oy, Expr *px)
{
    Lower *l = f->k.l;
    const Buffer *r = f->s->residual->buffer;
    Expr *at = loop_add(l, loop_mul(l, block, kernel_dim(&f->k, "R_PLANE", r->plane)), loop_mul(l, oy, kernel_dim(&f->k, "R_ROW", r->row)));
    return loop_address(l, f->r, loop_add(l, at, px));
}

/* Of each block: where it goes, its floor, the residual. */
static int output_args(ShapeFn *f, const Tile *t, Expr *block, Expr *oy, Expr *px, Expr **args)
{
    Lower *l = f->k.l;
    int n = 0;
    px = loop_mul(l, px, loop_int(l, 16));
    for (int j = 0; j < t->blocks; j++) {
        args[n++] = output_address(f, block, j, oy, px);
        args[n++] = floor_of(f, j);
        if (t->residual)
            args[n++] = residual_address(f, loop_add(l, block, loop_int(l, j)), oy, px);
    }
    if (t->residual)
        args[n++] = loop_f32(l, f->s->node->epilogue.scale);
    return n;
}

/* Is this the piece that a residual is added to?  Its leaves are others. */
static bool adds_residual(const ShapeFn *f)
{
    int64_t on = 0;
    bool known = loop_value(f->piece.on, &on);
    CHECK(known || !f->r);
    return f->r && !on;
}

/* One call of a leaf: `pixels` pixels from px on, `nr` blocks from `block` on. */
static void call_leaf(ShapeFn *f, Expr *block, Expr *oy, Expr *tile, Expr *px, int pixels, int nr)
{
    Lower *l = f->k.l;
    const Buffer *x = f->s->in[0]->buffer;
    Tile t = { pixels, nr, step_x(f) * x->block, x->block, adds_residual(f), f->piece.more, false, f->plan->target->vector, conv_is_depthwise(f->s), conv_depth(f->s) };
    Expr *args[32];
    int n = 0;
    int64_t v;
    args[n++] = input_address(f, block, oy, px);
    if (!t.depthwise)
        args[n++] = loop_value(f->piece.blocks, &v) && v == f->cb ? kernel_dim(&f->k, "CB", f->cb) : f->piece.blocks;
    args[n++] = kernel_dim(&f->k, "KH", f->s->weights->kh);
    args[n++] = kernel_dim(&f->k, "KW", f->s->weights->kw);
    if (!t.depthwise)
        args[n++] = kernel_dim(&f->k, "X_PLANE", x->plane);
    args[n++] = kernel_dim(&f->k, "X_ROW", x->row);
    n += weights_args(f, &t, block, tile, args + n);
    if (!t.more)
        args[n++] = loop_address(l, f->b, loop_mul(l, block, loop_int(l, 16)));
    n += output_args(f, &t, block, oy, px, args + n);
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

typedef struct FlatTile { /* of a unit of a flat image: pixels [from, from + size); size 0: there is none */
    int from, size;
} FlatTile;

/* Tile i of a unit of `pixels`: one, or some where a tile of nr blocks holds fewer. */
static FlatTile flat_tile(const ShapeFn *f, int nr, int pixels, int i)
{
    FlatTile t = { 0, 0 };
    int n = div_up(pixels, leaf_pixels(f, nr));
    if (i >= n)
        return t;
    for (int k = 0; k <= i; k++) {
        t.from += t.size;
        t.size = (pixels - t.from + n - k - 1) / (n - k);
    }
    return t;
}

static void call_flat(ShapeFn *f, Expr *block, Expr *tile, Expr *px, FlatTile t, int nr)
{
    if (t.size)
        call_leaf(f, block, loop_int(f->k.l, 0), tile, loop_add(f->k.l, px, loop_int(f->k.l, t.from)), t.size, nr);
}

/* Unit u of a flat image: its tiles.  The first `more` units have a pixel more; only a tile whose size that changes is called twice. */
static void tile_flat(ShapeFn *f, Expr *block, Expr *u, int nr)
{
    Lower *l = f->k.l;
    int n = flat_units(f), small = f->ow / n, more = f->ow % n;
    Expr *is_large = loop_bin(l, EX_LT, u, loop_int(l, more)), *px = loop_mul(l, u, loop_int(l, small));
    if (more)
        px = loop_var(l, loop_let(l, "px", loop_select(l, is_large, loop_mul(l, u, loop_int(l, small + 1)), loop_add(l, px, loop_int(l, more)))));
    for (int i = 0; i < unit_tiles(f, nr); i++) {
        FlatTile a = flat_tile(f, nr, small + 1, i), b = flat_tile(f, nr, small, i);
        bool differ = more && (a.from != b.from || a.size != b.size);
        Expr *tile = loop_add(l, loop_mul(l, u, loop_int(l, unit_tiles(f, nr))), loop_int(l, i));
        if (differ) {
            loop_if_begin(l, is_large);
            call_flat(f, block, tile, px, a, nr);
            if (b.size)
                loop_else(l);
        }
        call_flat(f, block, tile, px, b, nr);
        if (differ)
            loop_if_end(l);
    }
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

static void one_row(ShapeFn *f, Expr *block, int nr, void *row)
{
    f->at = (Places){ 0 };
    if (f->outputs)
        name_outputs(f, block, nr);
    group_body(f, block, row, nr);
}

/* Unit by unit: a group's row, or a tile of a flat image. */
static void shape_units(ShapeFn *f, int rows)
{
    Lower *l = f->k.l;
    kernel_units_begin(&f->k, f->s->units);
    Var *r = loop_dim(l, f->flat ? "TILES" : "OH", rows);
    Var *row = loop_let(l, f->flat ? "tile" : "oy", loop_bin(l, EX_MOD, loop_var(l, f->k.u), loop_var(l, r)));
    f->piece = (Piece){ loop_int(l, 0), loop_int(l, f->cb), false, loop_int(l, 0) };
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

/* Pieces [from, to) of the sums, not the first, of `blocks` input blocks; the last one may have fewer. */
static void more_pieces(ShapeFn *f, Expr *block, int nr, const Rows *rows, int from, int to, int blocks)
{
    Lower *l = f->k.l;
    int last = (f->cb - 1) / blocks, rest = f->cb - last * blocks;
    if (from >= to)
        return;
    bool one = to == from + 1; /* then it is known which */
    Expr *k = one ? loop_int(l, from) : loop_var(l, loop_for_begin(l, "k", loop_int(l, from), loop_int(l, to), 1)), *n = loop_int(l, blocks);
    Expr *on = to > last ? loop_bin(l, EX_LT, k, loop_int(l, last)) : loop_int(l, 1);
    if (to > last && rest < blocks)
        n = loop_select(l, on, n, loop_int(l, rest));
    if (!one)
        n = loop_var(l, loop_let(l, "blocks", n));
    piece_rows(f, block, nr, rows, (Piece){ loop_mul(l, k, loop_int(l, blocks)), n, true, on });
    if (!one)
        loop_for_end(l);
}

/* A group's rows: the first piece of the sums, then the others.  The last is by itself where a residual is added. */
static void group_pieces(ShapeFn *f, Expr *block, int nr, void *rows)
{
    Lower *l = f->k.l;
    int n = pieces_of(f), blocks = div_up(f->cb, n), end = div_up(f->cb, blocks), cut = f->r ? end - 1 : end;
    f->at = (Places){ .w = loop_let(l, "wg", loop_address(l, f->w, weights_offset(f, block))) };
    name_outputs(f, block, nr);
    piece_rows(f, block, nr, rows, (Piece){ loop_int(l, 0), loop_int(l, blocks), false, loop_int(l, 1) });
    more_pieces(f, block, nr, rows, 1, cut, blocks);
    more_pieces(f, block, nr, rows, cut > 1 ? cut : 1, end, blocks);
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

/* Gradients that go through one image: ReLU, pools, the phases of a strided convolution. */
#include "train.h"
#include "pool.h"
#include "../ops/maxpool_index.h"

int interleave_phase(const Node *n, int r, int c); /* ops/interleave.c */

static Expr *zero(TrainKernel *t) { return loop_splat(t->l, t->type, loop_f32(t->l, 0)); }

void kernel_lower_relu_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    if (train_begin(&t, c, s, "relu_grad", "y dy dx", "", "dx = dy where y, the result of a ReLU, is above 0; else 0.")) {
        Lower *l = t.l;
        Expr *block, *y;
        y = train_rows(&t, &block);
        Expr *x = loop_var(l, train_for(&t, "ox", s->out[0]->buffer->w));
        for (int v = 0; v < t.vectors; v++) {
            Expr *z = loop_load(l, t.type, t.in[0], train_at(&t, s->in[0], "X", block, y, x, v));
            Expr *dy = loop_load(l, t.type, t.in[1], train_at(&t, s->in[1], "DY", block, y, x, v));
            loop_store(l, t.out[0], train_at(&t, s->out[0], "Y", block, y, x, v), loop_where(l, EX_LT, zero(&t), z, dy));
        }
        loop_for_end(l);
    }
    train_call(&t);
}

/* ---- Phases ---- */

/* Rows r, r + sh, ... and columns c, c + sw, ... of a block: from phase k, or 0 where no output saw them. */
static void phase_pixels(TrainKernel *t, Expr *block, int r, int c, int k)
{
    Lower *l = t->l;
    const Window *w = &t->s->node->window;
    const Buffer *b = t->s->out[0]->buffer;
    Expr *i = loop_var(l, train_for(t, "i", (b->h - r + w->sh - 1) / w->sh)), *j = loop_var(l, train_for(t, "j", (b->w - c + w->sw - 1) / w->sw));
    Expr *y = loop_add(l, loop_mul(l, i, loop_int(l, w->sh)), loop_int(l, r)), *x = loop_add(l, loop_mul(l, j, loop_int(l, w->sw)), loop_int(l, c));
    for (int v = 0; v < t->vectors; v++) {
        const char *letter = arena_printf(l->unit->arena, "P%d", k);
        Expr *value = k < 0 ? zero(t) : loop_load(l, t->type, t->in[k], train_at(t, t->s->in[k], letter, block, i, j, v));
        loop_store(l, t->out[0], train_at(t, t->s->out[0], "DX", block, y, x, v), value);
    }
    loop_for_end(l);
    loop_for_end(l);
}

void kernel_lower_interleave(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Window *w = &s->node->window;
    Arena *a = c->page->unit->arena;
    const char *key = arena_printf(a, "%dx%d/%dx%d %d,%d", w->kh, w->kw, w->sh, w->sw, w->top, w->left);
    if (train_begin(&t, c, s, "interleave", "phase dx", key,
                    arena_printf(a, "Row r + %d i, column c + %d j of dx from row i, column j of the convolution of that phase (r, c); 0 where there is none.", w->sh, w->sw))) {
        train_units(&t);
        for (int r = 0; r < w->sh && r < s->out[0]->buffer->h; r++)
            for (int q = 0; q < w->sw && q < s->out[0]->buffer->w; q++)
                phase_pixels(&t, loop_var(t.l, t.k.u), r, q, interleave_phase(s->node, r, q));
    }
    train_call(&t);
}

/* ---- Pools: every output adds to the pixels of its window, block by block ---- */

enum { MOST_VECTORS = 2 }; /* of a block */

typedef struct PoolGrad {
    TrainKernel t;
    Expr *block, *oy, *ox;
    Var *y0, *y1, *x0, *x1; /* the window on the image */
} PoolGrad;

static void clear_block(PoolGrad *p)
{
    TrainKernel *t = &p->t;
    Lower *l = t->l;
    const Buffer *b = t->s->out[0]->buffer;
    Expr *y = loop_var(l, train_for(t, "iy", b->h)), *x = loop_var(l, train_for(t, "ix", b->w));
    for (int v = 0; v < t->vectors; v++)
        loop_store(l, t->out[0], train_at(t, t->s->out[0], "DX", p->block, y, x, v), zero(t));
    loop_for_end(l);
    loop_for_end(l);
}

/* const int from = o * size / n, to = ((o + 1) * size + n - 1) / n. */
static void adapt(Lower *l, const char *axis, Expr *o, int size, int n, Var **from, Var **to)
{
    Arena *a = l->unit->arena;
    Expr *s = loop_int(l, size), *next = loop_mul(l, loop_add(l, o, loop_int(l, 1)), s);
    *from = loop_let(l, arena_printf(a, "%s0", axis), loop_div(l, loop_mul(l, o, s), loop_int(l, n)));
    *to = loop_let(l, arena_printf(a, "%s1", axis), loop_min(l, loop_div(l, loop_add(l, next, loop_int(l, n - 1)), loop_int(l, n)), s));
}

static void clip_rows(PoolGrad *p, const Buffer *x)
{
    const Window *w = &p->t.s->node->window;
    pool_clip(p->t.l, "y", p->oy, w->sh, w->top, w->kh, x->h, &p->y0, &p->y1);
}

static void clip_columns(PoolGrad *p, const Buffer *x)
{
    const Window *w = &p->t.s->node->window;
    pool_clip(p->t.l, "x", p->ox, w->sw, w->left, w->kw, x->w, &p->x0, &p->x1);
}

/* The loop over the rows of a block of dy; leaves its body open. */
static void each_row(PoolGrad *p, int dy)
{
    TrainKernel *t = &p->t;
    train_units(t);
    p->block = loop_var(t->l, t->k.u);
    clear_block(p);
    p->oy = loop_var(t->l, train_for(t, "oy", t->s->in[dy]->buffer->h));
}

/* The loops over the pixels of a block of dy; leaves their bodies open. */
static void each_output(PoolGrad *p, int dy)
{
    TrainKernel *t = &p->t;
    Lower *l = t->l;
    const Node *n = t->s->node;
    const Buffer *x = t->s->out[0]->buffer, *y = t->s->in[dy]->buffer;
    bool adaptive = n->op == OP_ADAPTIVEAVGPOOL_GRAD || n->op == OP_GLOBALAVGPOOL_GRAD;
    each_row(p, dy);
    if (adaptive)
        adapt(l, "y", p->oy, x->h, y->h, &p->y0, &p->y1);
    else
        clip_rows(p, x);
    p->ox = loop_var(l, train_for(t, "ox", y->w));
    if (adaptive)
        adapt(l, "x", p->ox, x->w, y->w, &p->x0, &p->x1);
    else
        clip_columns(p, x);
}

static Expr *begin_window(PoolGrad *p, Expr **ix)
{
    Lower *l = p->t.l;
    Var *y = loop_for_begin(l, "iy", loop_var(l, p->y0), loop_var(l, p->y1), 1);
    Var *x = loop_for_begin(l, "ix", loop_var(l, p->x0), loop_var(l, p->x1), 1);
    *ix = loop_var(l, x);
    return loop_var(l, y);
}

static void end_window(PoolGrad *p)
{
    loop_for_end(p->t.l);
    loop_for_end(p->t.l);
}

static void add_to(PoolGrad *p, Expr *iy, Expr *ix, int v, Expr *value)
{
    Lower *l = p->t.l;
    Expr *at = train_at(&p->t, p->t.s->out[0], "DX", p->block, iy, ix, v);
    loop_store(l, p->t.out[0], at, loop_add(l, loop_load(l, p->t.type, p->t.out[0], at), value));
}

static Var *read_dy(PoolGrad *p, int k, int v)
{
    Lower *l = p->t.l;
    Expr *at = train_at(&p->t, p->t.s->in[k], "DY", p->block, p->oy, p->ox, v);
    return loop_mut(l, arena_printf(l->unit->arena, "rest%d", v), loop_load(l, p->t.type, p->t.in[k], at));
}

static Expr *read_x(PoolGrad *p, Expr *iy, Expr *ix, int v)
{
    return loop_load(p->t.l, p->t.type, p->t.in[0], train_at(&p->t, p->t.s->in[0], "X", p->block, iy, ix, v));
}

/* The first pixel that equals the maximum takes what is left of dy; then nothing is left. */
static void give_to_first(PoolGrad *p, int v)
{
    Lower *l = p->t.l;
    Arena *a = l->unit->arena;
    Expr *ix, *iy;
    Var *most = loop_mut(l, arena_printf(a, "most%d", v), read_x(p, loop_var(l, p->y0), loop_var(l, p->x0), v));
    iy = begin_window(p, &ix);
    Var *x = loop_let(l, arena_printf(a, "v%d", v), read_x(p, iy, ix, v));
    loop_set(l, most, loop_max(l, loop_var(l, x), loop_var(l, most)));
    end_window(p);
    Var *rest = read_dy(p, 1, v);
    iy = begin_window(p, &ix);
    Var *take = loop_let(l, arena_printf(a, "take%d", v), loop_where(l, EX_LE, loop_var(l, most), read_x(p, iy, ix, v), loop_var(l, rest)));
    add_to(p, iy, ix, v, loop_var(l, take));
    loop_set(l, rest, loop_sub(l, loop_var(l, rest), loop_var(l, take)));
    end_window(p);
}

static const char *window_key(Arena *a, const Node *n)
{
    const Window *w = &n->window;
    return arena_printf(a, "%dx%d/%dx%d %d,%d,%d,%d %d", w->kh, w->kw, w->sh, w->sw, w->top, w->bottom, w->left, w->right, n->count_pad);
}

/* A max pool's function; the comment says what comes of each window. */
static bool maxpool_begin(PoolGrad *p, LowerContext *c, Step *s, const char *name, const char *operands, const char *before, const char *behind)
{
    Arena *a = c->page->unit->arena;
    const Window *w = &s->node->window;
    const char *comment = arena_printf(a, "%s each %d x %d window, step %d x %d%s", before, w->kh, w->kw, w->sh, w->sw, behind);
    return train_begin(&p->t, c, s, name, operands, window_key(a, s->node), comment);
}

void kernel_lower_maxpool_grad(LowerContext *c, Step *s)
{
    PoolGrad p = { 0 };
    if (maxpool_begin(&p, c, s, "maxpool_grad", "x dy dx", "The first maximum of x in", ", gets that window's dy; dx is the sum of these.")) {
        each_output(&p, 1);
        for (int v = 0; v < p.t.vectors; v++)
            give_to_first(&p, v);
        loop_for_end(p.t.l);
        loop_for_end(p.t.l);
    }
    train_call(&p.t);
}

/* ---- Where the maxima are (ops/maxpool_index.h) ---- */

/* The loop over the outputs of a number of the index, the first first; leaves its body open.  *place: the value of a digit. */
static void each_digit(PoolGrad *p, Expr *number, int outputs, Var **place)
{
    Lower *l = p->t.l;
    const Window *w = &p->t.s->node->window;
    Expr *from = loop_mul(l, number, loop_int(l, pool_index_digits(w)));
    Expr *to = loop_min(l, loop_add(l, from, loop_int(l, pool_index_digits(w))), loop_int(l, outputs));
    *place = loop_mut(l, "place", loop_f32(l, pool_index_first_place(w)));
    p->ox = loop_var(l, loop_for_begin(l, "ox", from, to, 1));
}

static void end_digit(PoolGrad *p, Var *place)
{
    Lower *l = p->t.l;
    loop_set(l, place, loop_div(l, loop_var(l, place), loop_f32(l, pool_index_base(&p->t.s->node->window))));
    loop_for_end(l);
}

/* How many taps are left in the whole window from pixel (iy, ix) on. */
static Expr *taps_left(PoolGrad *p, Expr *iy, Expr *ix)
{
    Lower *l = p->t.l;
    const Window *w = &p->t.s->node->window;
    Expr *ky = loop_add(l, loop_sub(l, iy, loop_mul(l, p->oy, loop_int(l, w->sh))), loop_int(l, w->top));
    Expr *kx = loop_add(l, loop_sub(l, ix, loop_mul(l, p->ox, loop_int(l, w->sw))), loop_int(l, w->left));
    Expr *taps = loop_sub(l, loop_int(l, w->kh * w->kw), loop_add(l, loop_mul(l, ky, loop_int(l, w->kw)), kx));
    return loop_convert(l, TY_F32, taps);
}

/* The digit of the first maximum: a later pixel must be greater. */
static Expr *find_first(PoolGrad *p, int v)
{
    Lower *l = p->t.l;
    Arena *a = l->unit->arena;
    Type type = p->t.type;
    Expr *ix, *iy, *y0 = loop_var(l, p->y0), *x0 = loop_var(l, p->x0);
    Var *most = loop_mut(l, arena_printf(a, "most%d", v), read_x(p, y0, x0, v));
    Var *digit = loop_mut(l, arena_printf(a, "digit%d", v), loop_splat(l, type, taps_left(p, y0, x0)));
    iy = begin_window(p, &ix);
    Var *left = loop_let(l, "left", taps_left(p, iy, ix));
    Var *x = loop_let(l, arena_printf(a, "v%d", v), read_x(p, iy, ix, v));
    Expr *change = loop_sub(l, loop_splat(l, type, loop_var(l, left)), loop_var(l, digit));
    loop_set(l, digit, loop_add(l, loop_var(l, digit), loop_where(l, EX_LT, loop_var(l, most), loop_var(l, x), change)));
    loop_set(l, most, loop_max(l, loop_var(l, x), loop_var(l, most)));
    end_window(p);
    return loop_var(l, digit);
}

static Expr *splat(PoolGrad *p, Expr *scalar) { return loop_splat(p->t.l, p->t.type, scalar); }

static void index_row(PoolGrad *p)
{
    TrainKernel *t = &p->t;
    Lower *l = t->l;
    const Place *out = t->s->out[0];
    Var *sum[MOST_VECTORS], *place;
    p->oy = train_rows(t, &p->block);
    clip_rows(p, t->s->in[0]->buffer);
    Expr *i = loop_var(l, train_for(t, "i", out->buffer->w));
    for (int v = 0; v < t->vectors; v++)
        sum[v] = loop_mut(l, arena_printf(l->unit->arena, "index%d", v), zero(t));
    each_digit(p, i, pool_index_outputs(t->s->node), &place);
    clip_columns(p, t->s->in[0]->buffer);
    for (int v = 0; v < t->vectors; v++)
        loop_set(l, sum[v], loop_add(l, loop_var(l, sum[v]), loop_mul(l, find_first(p, v), splat(p, loop_var(l, place)))));
    end_digit(p, place);
    for (int v = 0; v < t->vectors; v++)
        loop_store(l, t->out[0], train_at(t, out, "INDEX", p->block, p->oy, i, v), loop_var(l, sum[v]));
    loop_for_end(l);
}

void kernel_lower_maxpool_index(LowerContext *c, Step *s)
{
    PoolGrad p = { 0 };
    const Window *w = &s->node->window;
    const char *is = arena_printf(c->page->unit->arena, ", is: digits to the base %d, %d windows of a row to a number;\n"
                                  "a digit counts the taps from the maximum on.", pool_index_base(w), pool_index_digits(w));
    if (maxpool_begin(&p, c, s, "maxpool_index", "x index", "Where the first maximum of x in", is))
        index_row(&p);
    train_call(&p.t);
}

/* The pixel that the digit says gets dy: the first whose digit is not above what is left of the number, which then loses it. */
static void give_to_digit(PoolGrad *p, Var *rest, Var *place, int v)
{
    Lower *l = p->t.l;
    Arena *a = l->unit->arena;
    Expr *ix, *dy = loop_var(l, read_dy(p, 1, v)), *iy = begin_window(p, &ix);
    Expr *value = loop_mul(l, taps_left(p, iy, ix), loop_var(l, place));
    Expr *digit = loop_var(l, loop_let(l, arena_printf(a, "digit%d", v), splat(p, value)));
    add_to(p, iy, ix, v, loop_where(l, EX_LE, digit, loop_var(l, rest), dy));
    loop_set(l, rest, loop_sub(l, loop_var(l, rest), loop_where(l, EX_LE, digit, loop_var(l, rest), digit)));
    end_window(p);
}

static void spread_row(PoolGrad *p)
{
    TrainKernel *t = &p->t;
    Lower *l = t->l;
    const Buffer *x = t->s->out[0]->buffer;
    Var *rest[MOST_VECTORS], *place;
    each_row(p, 1);
    clip_rows(p, x);
    Expr *i = loop_var(l, train_for(t, "i", t->s->in[0]->buffer->w));
    for (int v = 0; v < t->vectors; v++)
        rest[v] = loop_mut(l, arena_printf(l->unit->arena, "index%d", v),
                           loop_load(l, t->type, t->in[0], train_at(t, t->s->in[0], "INDEX", p->block, p->oy, i, v)));
    each_digit(p, i, t->s->in[1]->buffer->w, &place);
    clip_columns(p, x);
    for (int v = 0; v < t->vectors; v++)
        give_to_digit(p, rest[v], place, v);
    end_digit(p, place);
    loop_for_end(l);
    loop_for_end(l);
}

void kernel_lower_maxpool_index_grad(LowerContext *c, Step *s)
{
    PoolGrad p = { 0 };
    if (maxpool_begin(&p, c, s, "maxpool_index_grad", "index dy dx", "The pixel of", ", that index says gets that window's dy; dx is the sum of these."))
        spread_row(&p);
    train_call(&p.t);
}

/* ---- Averages ---- */

/* What a window's sum was divided by. */
static Expr *divisor(PoolGrad *p)
{
    Lower *l = p->t.l;
    const Node *n = p->t.s->node;
    const Window *w = &n->window;
    const Buffer *x = p->t.s->out[0]->buffer;
    Expr *rows = loop_sub(l, loop_var(l, p->y1), loop_var(l, p->y0)), *columns = loop_sub(l, loop_var(l, p->x1), loop_var(l, p->x0));
    if (n->op == OP_AVGPOOL_GRAD && n->count_pad) { /* the window on the padded image */
        Expr *top = loop_mul(l, p->oy, loop_int(l, w->sh)), *left = loop_mul(l, p->ox, loop_int(l, w->sw));
        rows = loop_min(l, loop_int(l, w->kh), loop_sub(l, loop_int(l, x->h + w->top + w->bottom), top));
        columns = loop_min(l, loop_int(l, w->kw), loop_sub(l, loop_int(l, x->w + w->left + w->right), left));
    }
    return loop_convert(l, TY_F32, loop_mul(l, rows, columns));
}

static void lower_average_grad(LowerContext *c, Step *s, const char *name, const char *comment)
{
    PoolGrad p = { 0 };
    if (train_begin(&p.t, c, s, name, "dy dx", window_key(c->page->unit->arena, s->node), comment)) {
        Lower *l = p.t.l;
        each_output(&p, 0);
        Var *count = loop_let(l, "count", divisor(&p));
        for (int v = 0; v < p.t.vectors; v++) {
            Expr *ix, *iy, *share = loop_div(l, loop_var(l, read_dy(&p, 0, v)), loop_splat(l, p.t.type, loop_var(l, count)));
            Var *part = loop_let(l, arena_printf(l->unit->arena, "part%d", v), share);
            iy = begin_window(&p, &ix);
            add_to(&p, iy, ix, v, loop_var(l, part));
            end_window(&p);
        }
        loop_for_end(l);
        loop_for_end(l);
    }
    train_call(&p.t);
}

void kernel_lower_avgpool_grad(LowerContext *c, Step *s)
{
    lower_average_grad(c, s, "avgpool_grad", "Every pixel of a window gets its share of that window's dy; dx is the sum of these.");
}

void kernel_lower_globalavgpool_grad(LowerContext *c, Step *s)
{
    lower_average_grad(c, s, "globalavgpool_grad", "dx = dy / (H W), for every pixel of a channel.");
}

void kernel_lower_adaptiveavgpool_grad(LowerContext *c, Step *s)
{
    lower_average_grad(c, s, "adaptivepool_grad", "Every pixel of an area gets its share of that area's dy; dx is the sum of these.");
}

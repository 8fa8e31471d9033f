/* Max and average pools over a window clipped to the image: no border is read. */
#include "pool.h"

static Type place_type(const Plan *plan, const Place *p) { return p->buffer->block > 1 ? plan->target->vector : TY_F32; }

Expr *pool_row_offset(Lower *l, const Buffer *b, const char *plane, const char *row, Expr *block, Expr *y)
{
    return loop_add(l, loop_mul(l, block, loop_var(l, loop_dim(l, plane, b->plane))),
                    loop_mul(l, y, loop_var(l, loop_dim(l, row, b->row))));
}

void pool_clip(Lower *l, const char *axis, Expr *o, int stride, int pad, int k, int size, Var **from, Var **to)
{
    Arena *a = l->unit->arena;
    Expr *start = loop_sub(l, loop_mul(l, o, loop_int(l, stride)), loop_int(l, pad));
    *from = loop_let(l, arena_printf(a, "%s0", axis), pad ? loop_max(l, start, loop_int(l, 0)) : start);
    Expr *end = loop_add(l, start, loop_int(l, k));
    *to = loop_let(l, arena_printf(a, "%s1", axis), loop_min(l, end, loop_int(l, size)));
}

static Expr *input_value(Pool *p, Expr *block, Expr *iy, Expr *ix, int v)
{
    Lower *l = p->k.l;
    const Buffer *x = p->s->in[0]->buffer;
    Expr *at = pool_row_offset(l, x, "X_PLANE", "X_ROW", block, iy);
    at = loop_add(l, at, loop_mul(l, ix, loop_int(l, x->block)));
    return loop_load(l, p->type, p->x, loop_add(l, at, loop_int(l, v * p->lanes)));
}

/* How many pixels a padded average divides by, as torch and Caffe count: the window clipped to the
 * padded image, or the real pixels alone. */
static Expr *divisor(Pool *p, Expr *oy, Expr *ox, Var *y0, Var *y1, Var *x0, Var *x1)
{
    Lower *l = p->k.l;
    const Node *n = p->s->node;
    const Window *w = &n->window;
    const Buffer *x = p->s->in[0]->buffer;
    Expr *rows, *columns;
    if (!n->count_pad) {
        rows = loop_sub(l, loop_var(l, y1), loop_var(l, y0));
        columns = loop_sub(l, loop_var(l, x1), loop_var(l, x0));
    } else {
        Expr *top = loop_mul(l, oy, loop_int(l, w->sh)), *left = loop_mul(l, ox, loop_int(l, w->sw));
        const Buffer *y = p->s->out[0]->buffer;
        bool clipped_y = (y->h - 1) * w->sh + w->kh > x->h + w->top + w->bottom;
        bool clipped_x = (y->w - 1) * w->sw + w->kw > x->w + w->left + w->right;
        rows = !clipped_y ? loop_int(l, w->kh)
                          : loop_min(l, loop_int(l, w->kh), loop_sub(l, loop_int(l, x->h + w->top + w->bottom), top));
        columns = !clipped_x ? loop_int(l, w->kw)
                             : loop_min(l, loop_int(l, w->kw), loop_sub(l, loop_int(l, x->w + w->left + w->right), left));
    }
    return loop_convert(l, TY_F32, loop_mul(l, rows, columns));
}

Expr *pool_epilogue(Lower *l, const Epilogue *e, Expr *value, Expr *b, Expr *r)
{
    if (b)
        value = loop_add(l, value, b);
    if (r && e->scale != 1)
        value = loop_mul(l, value, loop_splat(l, value->type, loop_f32(l, e->scale)));
    if (r)
        value = loop_add(l, r, value);
    if (!(e->relu & 1))
        return value;
    if (type_lanes(value->type) == 1)
        value = loop_var(l, loop_let(l, "z", value));
    return loop_max(l, value, loop_splat(l, value->type, loop_f32(l, 0)));
}

/* The epilogue and the store. */
static void finish(Pool *p, Expr *block, Expr *at, Expr *r_at, Expr *value, int v)
{
    Lower *l = p->k.l;
    Expr *own = loop_int(l, v * p->lanes), *b = NULL, *r = NULL;
    if (p->b)
        b = loop_load(l, p->type, p->b, loop_add(l, loop_mul(l, block, loop_int(l, p->s->out[0]->buffer->block)), own));
    if (p->r)
        r = loop_load(l, p->type, p->r, loop_add(l, r_at, own));
    loop_store(l, p->y, loop_add(l, at, own), pool_epilogue(l, &p->s->node->epilogue, value, b, r));
}

/* One output pixel, vector v of the block: reduces [y0, y1) x [x0, x1). */
static Expr *reduce(Pool *p, bool max, Expr *block, Var *y0, Var *y1, Var *x0, Var *x1, int v)
{
    Lower *l = p->k.l;
    Expr *start = max ? input_value(p, block, loop_var(l, y0), loop_var(l, x0), v) : loop_splat(l, p->type, loop_f32(l, 0));
    Var *acc = loop_mut(l, arena_printf(l->unit->arena, max ? "m%d" : "s%d", v), start);
    Var *iy = loop_for_begin(l, "iy", loop_var(l, y0), loop_var(l, y1), 1);
    Var *ix = loop_for_begin(l, "ix", loop_var(l, x0), loop_var(l, x1), 1);
    Expr *x = input_value(p, block, loop_var(l, iy), loop_var(l, ix), v);
    if (max && p->lanes == 1)
        x = loop_var(l, loop_let(l, "v", x));
    loop_set(l, acc, max ? loop_max(l, x, loop_var(l, acc)) : loop_add(l, loop_var(l, acc), x));
    loop_for_end(l);
    loop_for_end(l);
    return loop_var(l, acc);
}

static void pool_row(Pool *p, bool max, Expr *block, Expr *oy, Var *y0, Var *y1)
{
    Lower *l = p->k.l;
    const Node *n = p->s->node;
    const Window *w = &n->window;
    const Buffer *x = p->s->in[0]->buffer, *y = p->s->out[0]->buffer;
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "OW", y->w)), 1);
    Var *x0, *x1;
    pool_clip(l, "x", loop_var(l, ox), w->sw, w->left, w->kw, x->w, &x0, &x1);
    Expr *count = max ? NULL : divisor(p, oy, loop_var(l, ox), y0, y1, x0, x1);
    if (count)
        count = loop_var(l, loop_let(l, "count", count));
    Expr *px = loop_mul(l, loop_var(l, ox), loop_int(l, y->block));
    Expr *at = loop_add(l, pool_row_offset(l, y, "Y_PLANE", "Y_ROW", block, oy), px);
    Expr *r_at = p->r ? loop_add(l, pool_row_offset(l, p->s->residual->buffer, "R_PLANE", "R_ROW", block, oy), px) : NULL;
    for (int v = 0; v < p->vectors; v++) {
        Expr *z = reduce(p, max, block, y0, y1, x0, x1, v);
        if (count)
            z = loop_div(l, z, loop_splat(l, p->type, count));
        finish(p, block, at, r_at, z, v);
    }
    loop_for_end(l);
}

static void pool_body(Pool *p, bool max)
{
    Lower *l = p->k.l;
    const Window *w = &p->s->node->window;
    const Buffer *y = p->s->out[0]->buffer;
    kernel_units_begin(&p->k, p->s->units);
    Expr *oh = loop_var(l, loop_dim(l, "OH", y->h)), *u = loop_var(l, p->k.u);
    Var *block = loop_let(l, y->block > 1 ? "block" : "c", loop_div(l, u, oh));
    Var *oy = loop_let(l, "oy", loop_bin(l, EX_MOD, u, oh));
    Var *y0, *y1;
    pool_clip(l, "y", loop_var(l, oy), w->sh, w->top, w->kh, p->s->in[0]->buffer->h, &y0, &y1);
    pool_row(p, max, loop_var(l, block), loop_var(l, oy), y0, y1);
    kernel_units_end(&p->k);
}

static const char *pool_key(Arena *a, const Step *s, const char *kind)
{
    const Node *n = s->node;
    const Window *w = &n->window;
    const char *key = arena_printf(a, "%s %dx%d/%dx%d %d,%d,%d,%d %d bias %d relu %u %s %s", kind, w->kh, w->kw, w->sh, w->sw, w->top,
                                   w->bottom, w->left, w->right, n->count_pad, s->bias != NULL, n->epilogue.relu,
                                   place_key(a, s->in[0]), place_key(a, s->out[0]));
    return s->residual ? arena_printf(a, "%s r %.17g %s", key, n->epilogue.scale, place_key(a, s->residual)) : key;
}

static bool has_pads(const Window *w) { return w->top || w->bottom || w->left || w->right; }

static const char *pool_comment(Arena *a, const Step *s, bool max)
{
    const Node *n = s->node;
    const int *x = n->in[0]->shape.dim, *y = n->out[0]->shape.dim;
    const char *rule = max ? "maximum" : !has_pads(&n->window) ? "average" : n->count_pad ? "average (the border counts)" : "average (real pixels count)";
    const Window *w = &n->window;
    const char *pad = has_pads(w) ? arena_printf(a, ", pad %d,%d,%d,%d", w->top, w->bottom, w->left, w->right) : "";
    return arena_printf(a, "y = %s of each %d x %d window, step %d x %d%s%s%s.\nx: %d x %d x %d, y: %d x %d x %d.", rule, w->kh, w->kw,
                        w->sh, w->sw, pad, s->bias ? ", plus b" : "", n->epilogue.relu ? ", then relu" : "", x[0], x[1], x[2], y[0], y[1], y[2]);
}

static Func *pool_func(LowerContext *c, const Step *s, bool max)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const Node *n = s->node;
    const char *kind = max ? "maxpool" : "avgpool";
    const char *key = pool_key(a, s, kind);
    Func *found = unit_find_func(u, key);
    if (found)
        return found;
    const int *d = n->in[0]->shape.dim;
    const char *stride = window_steps_by_1(&n->window) ? "" : arena_printf(a, "s%d", n->window.sh);
    const char *name = arena_printf(a, "%s%dx%d%s_%dx%dx%d", kind, n->window.kh, n->window.kw, stride, d[0], d[1], d[2]);
    Type type = place_type(c->plan, s->out[0]);
    Func *f = unit_func_later(u, key, unit_unique_name(u, name), pool_comment(a, s, max), type); /* behind its leaves */
    Pool p = { .s = s, .k = { .l = lower_new(u, f) }, .type = type, .lanes = type_lanes(type) };
    p.vectors = s->out[0]->buffer->block / p.lanes;
    p.x = loop_param(p.k.l, VAR_PARAM_IN, "x", 0);
    p.b = s->bias ? loop_param(p.k.l, VAR_PARAM_IN, "b", 0) : NULL;
    p.r = s->residual ? loop_param(p.k.l, VAR_PARAM_IN, "r", 0) : NULL;
    p.y = loop_param(p.k.l, VAR_PARAM_OUT, "y", 0);
    if (pool_goes_by_rows(s))
        pool_rows_body(&p, max);
    else
        pool_body(&p, max);
    unit_append(u, f);
    return f;
}

static void lower_pool(LowerContext *c, Step *s, bool max)
{
    Func *f = pool_func(c, s, max);
    Expr *args[8];
    int k = 0;
    args[k++] = place_address(c, s->in[0], 0, 0);
    if (s->bias)
        args[k++] = loop_address(c->page, c->weights, loop_int(c->page, s->bias->offset));
    if (s->residual)
        args[k++] = place_address(c, s->residual, 0, 0);
    args[k++] = place_address(c, s->out[0], 0, 0);
    kernel_call(c, f, args, k);
}

/* ---- Windows that cover the image: global and adaptive ---- */

/* Rows [floor(oy * H / OH), ceil((oy + 1) * H / OH)), columns likewise: torch's adaptive windows. */
static void adaptive_body(Pool *p)
{
    Lower *l = p->k.l;
    const Buffer *x = p->s->in[0]->buffer, *y = p->s->out[0]->buffer;
    kernel_units_begin(&p->k, (y->channels >= 0 ? place_span(p->s->out[0]) / y->block : 0) * y->h);
    Expr *oh = loop_var(l, loop_dim(l, "OH", y->h)), *u = loop_var(l, p->k.u);
    Var *block = loop_let(l, y->block > 1 ? "block" : "c", loop_div(l, u, oh));
    Var *oy = loop_let(l, "oy", loop_bin(l, EX_MOD, u, oh));
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "OW", y->w)), 1);
    Var *lim[4];
    const Expr *o[2] = { loop_var(l, oy), loop_var(l, ox) };
    int size[2] = { x->h, x->w }, outs[2] = { y->h, y->w };
    static const char *const names[] = { "y0", "y1", "x0", "x1" };
    for (int i = 0; i < 2; i++) {
        Expr *k = loop_int(l, size[i]), *m = loop_int(l, outs[i]), *at = (Expr *)o[i];
        lim[2 * i] = loop_let(l, names[2 * i], loop_div(l, loop_mul(l, at, k), m));
        Expr *up = loop_add(l, loop_mul(l, loop_add(l, at, loop_int(l, 1)), k), loop_int(l, outs[i] - 1));
        lim[2 * i + 1] = loop_let(l, names[2 * i + 1], loop_min(l, loop_div(l, up, m), k));
    }
    Expr *rows = loop_sub(l, loop_var(l, lim[1]), loop_var(l, lim[0]));
    Expr *columns = loop_sub(l, loop_var(l, lim[3]), loop_var(l, lim[2]));
    Var *count = loop_let(l, "count", loop_convert(l, TY_F32, loop_mul(l, rows, columns)));
    Expr *at = loop_add(l, pool_row_offset(l, y, "Y_PLANE", "Y_ROW", loop_var(l, block), loop_var(l, oy)),
                        loop_mul(l, loop_var(l, ox), loop_int(l, y->block)));
    for (int v = 0; v < p->vectors; v++) {
        Expr *z = reduce(p, false, loop_var(l, block), lim[0], lim[1], lim[2], lim[3], v);
        loop_store(l, p->y, loop_add(l, at, loop_int(l, v * p->lanes)), loop_div(l, z, loop_splat(l, p->type, loop_var(l, count))));
    }
    loop_for_end(l);
    kernel_units_end(&p->k);
}

enum { SUMS = 4, MOST_VECTORS = 2 }; /* additions that may be under way at once */

/* Adds pixels [0, n) from `at` on to the sums, every fourth to the same. */
static void add_pixels(Pool *p, Var *sum[MOST_VECTORS][SUMS], Expr *at, int n)
{
    Lower *l = p->k.l;
    int whole = n / SUMS * SUMS;
    Var *ix = loop_for_begin(l, "ix", loop_int(l, 0), loop_int(l, whole), SUMS);
    Expr *group = loop_add(l, at, loop_mul(l, loop_var(l, ix), loop_int(l, 16)));
    for (int i = 0; i < n - whole + SUMS; i++) {
        if (i == SUMS)
            loop_for_end(l);
        Expr *pixel = i < SUMS ? loop_add(l, group, loop_int(l, 16 * i)) : loop_add(l, at, loop_int(l, 16 * (whole + i - SUMS)));
        for (int v = 0; v < p->vectors; v++) {
            Var *s = sum[v][i % SUMS];
            loop_set(l, s, loop_add(l, loop_var(l, s), loop_load(l, p->type, p->x, loop_add(l, pixel, loop_int(l, v * p->lanes)))));
        }
    }
    if (n == whole)
        loop_for_end(l);
}

/* The whole image is one window: a unit is a block. */
static void mean_body(Pool *p)
{
    Lower *l = p->k.l;
    const Buffer *x = p->s->in[0]->buffer, *y = p->s->out[0]->buffer;
    kernel_units_begin(&p->k, place_span(p->s->out[0]) / y->block);
    p->k.u->name = "block";
    Expr *block = loop_var(l, p->k.u);
    Var *sum[MOST_VECTORS][SUMS];
    for (int i = 0; i < SUMS * p->vectors; i++)
        sum[i / SUMS][i % SUMS] = loop_mut(l, arena_printf(l->unit->arena, "%c%d", "st"[i / SUMS], i % SUMS), loop_splat(l, p->type, loop_f32(l, 0)));
    bool flat = !x->bordered; /* rows follow each other */
    Var *iy = loop_for_begin(l, "iy", loop_int(l, 0), loop_int(l, flat ? 1 : x->h), 1);
    add_pixels(p, sum, pool_row_offset(l, x, "X_PLANE", "X_ROW", block, loop_var(l, iy)), flat ? x->h * x->w : x->w);
    loop_for_end(l);
    for (int v = 0; v < p->vectors; v++) {
        Expr *s[SUMS];
        for (int i = 0; i < SUMS; i++)
            s[i] = loop_var(l, sum[v][i]);
        Expr *all = loop_add(l, loop_add(l, s[0], s[1]), loop_add(l, s[2], s[3]));
        Expr *at = pool_row_offset(l, y, "Y_PLANE", "Y_ROW", block, loop_int(l, 0));
        loop_store(l, p->y, loop_add(l, at, loop_int(l, v * p->lanes)), loop_div(l, all, loop_splat(l, p->type, loop_f32(l, x->h * x->w))));
    }
    kernel_units_end(&p->k);
}

static void lower_adaptive(LowerContext *c, Step *s, const char *kind)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const char *key = arena_printf(a, "adaptive %s %s", place_key(a, s->in[0]), place_key(a, s->out[0]));
    Func *f = unit_find_func(u, key);
    if (!f) {
        const int *x = s->node->in[0]->shape.dim, *y = s->node->out[0]->shape.dim;
        Type type = place_type(c->plan, s->out[0]);
        f = unit_func(u, key, arena_printf(a, "%s_%dx%dx%d", kind, x[0], x[1], x[2]),
                      arena_printf(a, "y = average of x: %d x %d x %d over windows that divide it into %d x %d.", x[0], x[1], x[2], y[1], y[2]),
                      type);
        Pool p = { .s = s, .k = { .l = lower_new(u, f) }, .type = type, .lanes = type_lanes(type) };
        p.vectors = s->out[0]->buffer->block / p.lanes;
        p.x = loop_param(p.k.l, VAR_PARAM_IN, "x", 0);
        p.y = loop_param(p.k.l, VAR_PARAM_OUT, "y", 0);
        if (p.lanes > 1 && y[1] == 1 && y[2] == 1)
            mean_body(&p);
        else
            adaptive_body(&p);
    }
    Expr *args[4] = { place_address(c, s->in[0], 0, 0), place_address(c, s->out[0], 0, 0) };
    kernel_call(c, f, args, 2);
}

void kernel_lower_globalavgpool(LowerContext *c, Step *s) { lower_adaptive(c, s, "globalavgpool"); }
void kernel_lower_adaptiveavgpool(LowerContext *c, Step *s) { lower_adaptive(c, s, "adaptivepool"); }
void kernel_lower_maxpool(LowerContext *c, Step *s) { lower_pool(c, s, true); }

/* An average of blocks whose one window is the image. */
static bool is_mean(const Step *s)
{
    const Window *w = &s->node->window;
    const Buffer *x = s->in[0]->buffer;
    bool plain = !s->bias && !s->residual && !s->node->epilogue.relu && !has_pads(w);
    return plain && x->block > 1 && w->kh == x->h && w->kw == x->w;
}

void kernel_lower_avgpool(LowerContext *c, Step *s)
{
    if (is_mean(s))
        lower_adaptive(c, s, "globalavgpool");
    else
        lower_pool(c, s, false);
}

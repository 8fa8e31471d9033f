/* Element by element: y = f(x...), over blocks where the channel maps are equal, else channel by channel. */
#include "kernels.h"

enum { MOST_IN = 32 };

typedef struct Pointwise {
    const Step *s;
    Lower *l;
    Type type;
    Var *x[MOST_IN], *scale, *shift;
} Pointwise;

static Expr *splat(Pointwise *p, double v) { return loop_splat(p->l, p->type, loop_f32(p->l, v)); }

/* f of the inputs at one element; `channel` is its index in packed vectors. */
static Expr *value(Pointwise *p, Expr **x, Expr *channel)
{
    Lower *l = p->l;
    const Step *s = p->s;
    Expr *v = x[0];
    switch ((int)s->kernel) {
    case KERNEL_COPY: return v;
    case KERNEL_RELU:
        v = loop_var(l, loop_let(l, "v", v));
        return loop_max(l, v, splat(p, 0));
    case KERNEL_BATCHNORM:
        v = loop_mul(l, v, loop_load(l, p->type, p->scale, channel));
        return loop_add(l, v, loop_load(l, p->type, p->shift, channel));
    case KERNEL_ADD:
        for (int i = 0; i < s->n_in; i++) {
            double k = s->node->scale ? s->node->scale[i] : 1;
            Expr *t = k == 1 ? x[i] : loop_mul(l, splat(p, k), x[i]);
            v = i ? loop_add(l, v, t) : t;
        }
        return v;
    case KERNEL_MUL:
        for (int i = 1; i < s->n_in; i++)
            v = loop_mul(l, v, x[i]);
        return v;
    case KERNEL_MAX:
        for (int i = 1; i < s->n_in; i++) {
            Var *a = loop_let(l, arena_printf(l->unit->arena, "a%d", i), v);
            Var *b = loop_let(l, arena_printf(l->unit->arena, "b%d", i), x[i]);
            v = loop_max(l, loop_var(l, a), loop_var(l, b));
        }
        return v;
    default: ICE("%s is not pointwise", kernel_name(s->kernel));
    }
}

static bool equal_maps(const Step *s)
{
    bool equal = true;
    for (int i = 0; i < s->n_in; i++)
        equal &= place_same_map(s->in[i], s->out[0]);
    return equal;
}

static Expr *row_of(Lower *l, const char *letter, int i, const Buffer *b, Expr *oy)
{
    const char *name = arena_printf(l->unit->arena, i < 0 ? "%s_ROW" : "%s%d_ROW", letter, i);
    return loop_mul(l, oy, loop_var(l, loop_dim(l, name, b->row)));
}

static Expr *plane_of(Lower *l, const char *letter, int i, const Buffer *b, Expr *block)
{
    const char *name = arena_printf(l->unit->arena, i < 0 ? "%s_PLANE" : "%s%d_PLANE", letter, i);
    return loop_mul(l, block, loop_var(l, loop_dim(l, name, b->plane)));
}

/* Unit u = block * H + oy: one row of one block. */
static void by_blocks(Pointwise *p, Var *y, Var *u)
{
    Lower *l = p->l;
    const Step *s = p->s;
    const Buffer *yb = s->out[0]->buffer;
    Expr *h = loop_var(l, loop_dim(l, "H", yb->h));
    Expr *block = loop_var(l, loop_let(l, yb->block > 1 ? "block" : "c", loop_div(l, loop_var(l, u), h)));
    Expr *oy = loop_var(l, loop_let(l, "oy", loop_bin(l, EX_MOD, loop_var(l, u), h)));
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "W", yb->w)), 1);
    int lanes = type_lanes(p->type);
    for (int v = 0; v < yb->block / lanes; v++) {
        Expr *px = loop_add(l, loop_mul(l, loop_var(l, ox), loop_int(l, yb->block)), loop_int(l, v * lanes));
        Expr *in[MOST_IN];
        for (int i = 0; i < s->n_in; i++) {
            const Buffer *b = s->in[i]->buffer;
            Expr *at = loop_add(l, plane_of(l, "X", i, b, block), row_of(l, "X", i, b, oy));
            in[i] = loop_load(l, p->type, p->x[i], loop_add(l, at, px));
        }
        Expr *channel = loop_add(l, loop_mul(l, block, loop_int(l, yb->block)), loop_int(l, v * lanes));
        Expr *at = loop_add(l, plane_of(l, "Y", -1, yb, block), row_of(l, "Y", -1, yb, oy));
        loop_store(l, y, loop_add(l, at, px), value(p, in, channel));
    }
    loop_for_end(l);
}

/* Unit u = row: every logical channel through its tables. */
static void by_channels(Pointwise *p, Var *y, Var *u)
{
    Lower *l = p->l;
    const Step *s = p->s;
    const Buffer *yb = s->out[0]->buffer;
    int channels = place_count(s->out[0]);
    Var *c = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, channels), 1);
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "W", yb->w)), 1);
    Expr *in[MOST_IN];
    for (int i = 0; i < s->n_in; i++) {
        const Buffer *b = s->in[i]->buffer;
        Expr *at = loop_add(l, channel_offset(l, s->in[i], loop_var(l, c)), row_of(l, "X", i, b, loop_var(l, u)));
        at = loop_add(l, at, loop_mul(l, loop_var(l, ox), loop_int(l, b->block)));
        in[i] = loop_load(l, TY_F32, p->x[i], at);
    }
    Expr *row = row_of(l, "Y", -1, yb, loop_var(l, u));
    Expr *at = loop_add(l, channel_offset(l, s->out[0], loop_var(l, c)), row);
    at = loop_add(l, at, loop_mul(l, loop_var(l, ox), loop_int(l, yb->block)));
    loop_store(l, y, at, value(p, in, loop_var(l, c)));
    loop_for_end(l);
    loop_for_end(l);
    zero_gaps(l, y, s->out[0], row);
}

static const char *pointwise_comment(Arena *a, const Step *s)
{
    const Shape d = shape_chw(place_count(s->out[0]), s->out[0]->buffer->h, s->out[0]->buffer->w);
    static const char *const equation[] = {
        [KERNEL_COPY] = "y = x", [KERNEL_RELU] = "y = max(x, 0)", [KERNEL_BATCHNORM] = "y = x * scale[c] + shift[c]",
        [KERNEL_ADD] = "y = sum of the scaled inputs", [KERNEL_MUL] = "y = product of the inputs", [KERNEL_MAX] = "y = maximum of the inputs",
    };
    return arena_printf(a, "%s, all %s.", equation[s->kernel], shape_text(a, &d));
}

static Func *pointwise_func(LowerContext *c, Step *s)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    bool blocks = equal_maps(s);
    CHECK(s->n_in <= MOST_IN);
    const char *key = arena_printf(a, "pointwise %d %s", s->kernel, place_key(a, s->out[0]));
    for (int i = 0; i < s->n_in; i++)
        key = arena_printf(a, "%s %.17g %s", key, s->kernel == KERNEL_ADD && s->node->scale ? s->node->scale[i] : 1, place_key(a, s->in[i]));
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    const int d[] = { place_count(s->out[0]), s->out[0]->buffer->h, s->out[0]->buffer->w };
    Type type = blocks && s->out[0]->buffer->block > 1 ? c->plan->target->vector : TY_F32;
    f = unit_func(u, key, arena_printf(a, "%s_%dx%dx%d", kernel_name(s->kernel), d[0], d[1], d[2]), pointwise_comment(a, s), type);
    Pointwise p = { .s = s, .l = lower_new(u, f), .type = type };
    for (int i = 0; i < s->n_in; i++)
        p.x[i] = loop_param(p.l, VAR_PARAM_IN, s->n_in == 1 ? "x" : arena_printf(a, "x%d", i), 0);
    if (s->kernel == KERNEL_BATCHNORM) {
        p.scale = loop_param(p.l, VAR_PARAM_IN, "scale", 0);
        p.shift = loop_param(p.l, VAR_PARAM_IN, "shift", 0);
    }
    Var *y = loop_param(p.l, VAR_PARAM_OUT, "y", 0);
    Kernel k = { .l = p.l };
    const Buffer *yb = s->out[0]->buffer;
    kernel_units_begin(&k, blocks ? place_span(s->out[0]) / yb->block * yb->h : yb->h);
    if (blocks)
        by_blocks(&p, y, k.u);
    else
        by_channels(&p, y, k.u);
    kernel_units_end(&k);
    return f;
}

static void lower_pointwise(LowerContext *c, Step *s)
{
    Func *f = pointwise_func(c, s);
    Expr *args[MOST_IN + 6];
    int n = 0;
    for (int i = 0; i < s->n_in; i++)
        args[n++] = place_address(c, s->in[i], 0, 0);
    if (s->kernel == KERNEL_BATCHNORM) {
        args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->weights->offset));
        args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->bias->offset));
    }
    args[n++] = place_address(c, s->out[0], 0, 0);
    kernel_call(c, f, args, n);
}

void kernel_lower_batchnorm(LowerContext *c, Step *s) { lower_pointwise(c, s); }
void kernel_lower_relu(LowerContext *c, Step *s) { lower_pointwise(c, s); }
void kernel_lower_add(LowerContext *c, Step *s) { lower_pointwise(c, s); }
void kernel_lower_mul(LowerContext *c, Step *s) { lower_pointwise(c, s); }
void kernel_lower_max(LowerContext *c, Step *s) { lower_pointwise(c, s); }
void kernel_lower_copy(LowerContext *c, Step *s) { lower_pointwise(c, s); }

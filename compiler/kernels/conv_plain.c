/* Convolution for `plain`: loops that read like the equation, over an input with physical zero borders.
 *
 *   y[co][oy][ox] = b[co] + sum over ci, ky, kx of w[co][ci][ky][kx] * x[ci][oy*SH + ky][ox*SW + kx]
 *
 * where ci counts from the first channel of co's group.
 *
 * One row of y is built at a time: the innermost loop runs along the row, multiplies, then adds.
 * A fully connected layer is a convolution whose kernel is as large as its input. */
#include "kernels.h"

typedef struct Conv {
    int ci, co, groups, kh, kw, sh, sw, oh, ow; /* ci: of a group */
    int64_t xrow, xplane, yrow, yplane, rrow, rplane;
    bool bias, residual, relu;
    double scale;
} Conv;

static Conv describe(const Step *s, int k)
{
    const Node *n = s->node;
    const Buffer *x = s->in[0]->buffer, *y = s->out[k]->buffer;
    bool linear = n->op == OP_LINEAR, flat = conv_is_flat(s);
    Conv c = { .ci = s->weights->in_channels, .co = s->out[k]->segments[0].n, .kh = s->weights->kh, .kw = s->weights->kw };
    c.groups = n->groups > 1 ? n->groups : 1;
    c.sh = linear ? 1 : n->window.sh;
    c.sw = linear ? 1 : n->window.sw;
    c.oh = flat ? 1 : y->h;
    c.ow = flat ? y->h * y->w : y->w;
    c.xrow = x->row;
    c.xplane = x->plane;
    c.yrow = y->row;
    c.yplane = y->plane;
    c.bias = s->bias != NULL;
    c.relu = n->epilogue.relu >> k & 1;
    c.residual = s->residual != NULL;
    c.scale = n->epilogue.scale;
    if (c.residual) {
        c.rrow = s->residual->buffer->row;
        c.rplane = s->residual->buffer->plane;
    }
    return c;
}

static const char *conv_name(Arena *a, const Conv *c, const Step *s)
{
    const int *d = s->node->in[0]->shape.dim;
    const char *kind = s->node->op == OP_LINEAR ? "fc" : arena_printf(a, "conv%dx%d", c->kh, c->kw);
    const char *stride = c->sh == 1 && c->sw == 1 ? "" : c->sh == c->sw ? arena_printf(a, "s%d", c->sh)
                                                                  : arena_printf(a, "s%dx%d", c->sh, c->sw);
    const char *groups = c->groups > 1 ? arena_printf(a, "_groups%d", c->groups) : "";
    return arena_printf(a, "%s%s%s_%dx%dx%d_to_%d%s%s", kind, stride, groups, d[0], d[1], d[2], c->co,
                        c->relu ? "_relu" : "", c->residual ? "_add" : "");
}

static const char *conv_comment(Arena *a, const Conv *c, const Step *s)
{
    const int *d = s->node->in[0]->shape.dim;
    const Buffer *y = s->out[0]->buffer;
    const char *sum = arena_printf(a, "w * x%s", c->bias ? " + b" : "");
    if (c->residual)
        sum = c->scale == 1 ? arena_printf(a, "r + %s", sum) : arena_printf(a, "r + %g (%s)", c->scale, sum);
    if (c->relu)
        sum = arena_printf(a, "relu(%s)", sum);
    bool bordered = c->xrow > d[2] || c->xplane > (int64_t)d[1] * d[2];
    return arena_printf(a, "y = %s.\nx: %d x %d x %d%s, w: %d x %d x %d x %d%s, y: %d x %d x %d.", sum,
                        d[0], d[1], d[2], bordered ? " with its zero border" : "", c->co, c->ci, c->kh, c->kw, c->residual ? ", r as y" : "", c->co, y->h, y->w);
}

static Expr *weight_index(Lower *l, const Conv *c, Var *co, Var *ci, Var *ky, Var *kx)
{
    Expr *wi = loop_add(l, loop_mul(l, loop_var(l, co), loop_var(l, loop_dim(l, "CI", c->ci))), loop_var(l, ci));
    wi = loop_add(l, loop_mul(l, wi, loop_var(l, loop_dim(l, "KH", c->kh))), loop_var(l, ky));
    return loop_add(l, loop_mul(l, wi, loop_var(l, loop_dim(l, "KW", c->kw))), loop_var(l, kx));
}

static Expr *input_index(Lower *l, const Conv *c, Var *co, Var *ci, Expr *iy, Expr *ix)
{
    Expr *channel = loop_var(l, ci);
    if (c->groups > 1)
        channel = loop_add(l, loop_mul(l, loop_div(l, loop_var(l, co), loop_int(l, c->co / c->groups)), loop_var(l, loop_dim(l, "CI", c->ci))), channel);
    Expr *xi = loop_add(l, loop_mul(l, channel, loop_var(l, loop_dim(l, "X_PLANE", c->xplane))),
                        loop_mul(l, iy, loop_var(l, loop_dim(l, "X_ROW", c->xrow))));
    return loop_add(l, xi, ix);
}

/* row[ox] += w * x over every ci, ky, kx. */
static void sum_row(Lower *l, const Conv *c, Var *x, Var *w, Var *row, Var *co, Var *oy)
{
    Var *ci = loop_for_begin(l, "ci", loop_int(l, 0), loop_var(l, loop_dim(l, "CI", c->ci)), 1);
    Var *ky = loop_for_begin(l, "ky", loop_int(l, 0), loop_var(l, loop_dim(l, "KH", c->kh)), 1);
    Var *kx = loop_for_begin(l, "kx", loop_int(l, 0), loop_var(l, loop_dim(l, "KW", c->kw)), 1);
    Var *wv = loop_let(l, "wv", loop_load(l, TY_F32, w, weight_index(l, c, co, ci, ky, kx)));
    Expr *iy = loop_add(l, loop_mul(l, loop_var(l, oy), loop_int(l, c->sh)), loop_var(l, ky));
    Var *xr = loop_let(l, "xr", loop_address(l, x, input_index(l, c, co, ci, iy, loop_var(l, kx))));
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "OW", c->ow)), 1);
    Expr *at = loop_var(l, ox);
    Expr *xv = loop_load(l, TY_F32, xr, loop_mul(l, at, loop_int(l, c->sw)));
    loop_store(l, row, at, loop_add(l, loop_load(l, TY_F32, row, at), loop_mul(l, loop_var(l, wv), xv)));
    for (int i = 0; i < 4; i++)
        loop_for_end(l);
}

static void finish_row(Lower *l, const Conv *c, Var *r, Var *row, Var *co, Var *oy)
{
    if (!c->relu && !c->residual)
        return;
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "OW", c->ow)), 1);
    Expr *at = loop_var(l, ox), *v = loop_load(l, TY_F32, row, at);
    if (c->residual) {
        Expr *ri = loop_add(l, loop_mul(l, loop_var(l, co), loop_var(l, loop_dim(l, "R_PLANE", c->rplane))),
                            loop_mul(l, loop_var(l, oy), loop_var(l, loop_dim(l, "R_ROW", c->rrow))));
        if (c->scale != 1)
            v = loop_mul(l, loop_f32(l, c->scale), v);
        v = loop_add(l, loop_load(l, TY_F32, r, loop_add(l, ri, at)), v);
    }
    if (c->relu) {
        Var *z = v->kind == EX_LOAD ? NULL : loop_let(l, "z", v);
        v = loop_max(l, z ? loop_var(l, z) : v, loop_f32(l, 0));
    }
    loop_store(l, row, at, v);
    loop_for_end(l);
}

/* One number an output channel: a sum and no row. */
static void sum_pixel(Lower *l, const Conv *c, Var *x, Var *w, Var *b, Var *r, Var *y, Var *co)
{
    Var *sum = loop_mut(l, "sum", b ? loop_load(l, TY_F32, b, loop_var(l, co)) : loop_f32(l, 0));
    Var *ci = loop_for_begin(l, "ci", loop_int(l, 0), loop_var(l, loop_dim(l, "CI", c->ci)), 1);
    Var *ky = loop_for_begin(l, "ky", loop_int(l, 0), loop_var(l, loop_dim(l, "KH", c->kh)), 1);
    Var *kx = loop_for_begin(l, "kx", loop_int(l, 0), loop_var(l, loop_dim(l, "KW", c->kw)), 1);
    Expr *wv = loop_load(l, TY_F32, w, weight_index(l, c, co, ci, ky, kx));
    Expr *xv = loop_load(l, TY_F32, x, input_index(l, c, co, ci, loop_var(l, ky), loop_var(l, kx)));
    loop_set(l, sum, loop_add(l, loop_var(l, sum), loop_mul(l, wv, xv)));
    for (int i = 0; i < 3; i++)
        loop_for_end(l);
    Expr *v = loop_var(l, sum);
    if (c->residual) {
        Expr *rv = loop_load(l, TY_F32, r, loop_mul(l, loop_var(l, co), loop_var(l, loop_dim(l, "R_PLANE", c->rplane))));
        v = loop_add(l, rv, c->scale == 1 ? v : loop_mul(l, loop_f32(l, c->scale), v));
    }
    if (c->relu) {
        Var *z = c->residual ? loop_let(l, "z", v) : sum;
        v = loop_max(l, loop_var(l, z), loop_f32(l, 0));
    }
    loop_store(l, y, loop_mul(l, loop_var(l, co), loop_var(l, loop_dim(l, "Y_PLANE", c->yplane))), v);
}

static Func *conv_func(Unit *u, const Conv *c, const Step *s)
{
    Arena *a = u->arena;
    const char *key = arena_printf(a, "conv %d %d/%d %dx%d/%dx%d %dx%d %lld %lld %lld %lld %lld %lld %d %d %d %.17g", c->ci, c->co, c->groups,
                                   c->kh, c->kw, c->sh, c->sw, c->oh, c->ow, (long long)c->xrow, (long long)c->xplane,
                                   (long long)c->yrow, (long long)c->yplane, (long long)c->rrow, (long long)c->rplane,
                                   c->bias, c->residual, c->relu, c->residual ? c->scale : 1);
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    f = unit_func(u, key, conv_name(a, c, s), conv_comment(a, c, s), TY_F32);
    Kernel k = { .l = lower_new(u, f) };
    Lower *l = k.l;
    Var *x = loop_param(l, VAR_PARAM_IN, "x", 0), *w = loop_param(l, VAR_PARAM_IN, "w", 0);
    Var *b = c->bias ? loop_param(l, VAR_PARAM_IN, "b", 0) : NULL;
    Var *r = c->residual ? loop_param(l, VAR_PARAM_IN, "r", 0) : NULL;
    Var *y = loop_param(l, VAR_PARAM_OUT, "y", 0);
    kernel_units_begin(&k, c->co);
    k.u->name = "co";
    if (c->oh == 1 && c->ow == 1) {
        sum_pixel(l, c, x, w, b, r, y, k.u);
        kernel_units_end(&k);
        return f;
    }
    Var *oy = loop_for_begin(l, "oy", loop_int(l, 0), loop_var(l, loop_dim(l, "OH", c->oh)), 1);
    Expr *yi = loop_add(l, loop_mul(l, loop_var(l, k.u), loop_var(l, loop_dim(l, "Y_PLANE", c->yplane))),
                        loop_mul(l, loop_var(l, oy), loop_var(l, loop_dim(l, "Y_ROW", c->yrow))));
    Var *row = loop_let(l, "row", loop_address(l, y, yi));
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_var(l, loop_dim(l, "OW", c->ow)), 1);
    loop_store(l, row, loop_var(l, ox), b ? loop_load(l, TY_F32, b, loop_var(l, k.u)) : loop_f32(l, 0));
    loop_for_end(l);
    sum_row(l, c, x, w, row, k.u, oy);
    finish_row(l, c, r, row, k.u, oy);
    loop_for_end(l);
    kernel_units_end(&k);
    return f;
}

void lower_conv_plain(LowerContext *c, Step *s)
{
    const Window *w = &s->node->window;
    bool linear = s->node->op == OP_LINEAR;
    int row = 0, depth = s->weights->in_channels * s->weights->kh * s->weights->kw;
    for (int k = 0; k < s->n_out; k++) {
        Conv conv = describe(s, k);
        Expr *args[8];
        int n = 0;
        args[n++] = place_address(c, s->in[0], linear ? 0 : -w->top, linear ? 0 : -w->left);
        args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->weights->offset + (int64_t)row * depth));
        if (conv.bias)
            args[n++] = loop_address(c->page, c->weights, loop_int(c->page, s->bias->offset + row));
        if (conv.residual)
            args[n++] = place_address(c, s->residual, 0, 0);
        args[n++] = place_address(c, s->out[k], 0, 0);
        kernel_call(c, conv_func(c->page->unit, &conv, s), args, n);
        row += conv.co;
    }
}

void kernel_lower_conv(LowerContext *c, Step *s)
{
    if (c->plan->target->block > 1)
        lower_conv_tiles(c, s);
    else
        lower_conv_plain(c, s);
}

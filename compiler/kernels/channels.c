/* Kernels that walk the logical channels of a pixel: LRN, L2 norm, softmax, normalize, input and output.
 * Scalar: they are a small share of any network. */
#include "kernels.h"

typedef struct Walk { /* one row of pixels, all channels */
    Kernel k;
    const Place *in, *out;
    Var *x, *y;
    int channels;
} Walk;

static Expr *element(Lower *l, const Place *p, Expr *c, const char *row, Expr *y, Expr *x)
{
    return loop_add(l, channel_offset(l, p, c), pixel_index(l, p->buffer, row, y, x));
}

static Expr *read_x(Walk *w, Expr *c, Var *ox)
{
    Lower *l = w->k.l;
    return loop_load(l, TY_F32, w->x, element(l, w->in, c, "X_ROW", loop_var(l, w->k.u), loop_var(l, ox)));
}

static void write_y(Walk *w, Expr *c, Var *ox, Expr *v)
{
    Lower *l = w->k.l;
    loop_store(l, w->y, element(l, w->out, c, "Y_ROW", loop_var(l, w->k.u), loop_var(l, ox)), v);
}

static Func *walk_begin(LowerContext *c, Step *s, Walk *w, const char *key, const char *name, const char *comment)
{
    Unit *u = c->page->unit;
    w->in = s->in[0];
    w->out = s->out[0];
    const int *d = s->node->in[0]->shape.dim;
    w->channels = d[0];
    Func *f = unit_func(u, key, arena_printf(u->arena, "%s_%dx%dx%d", name, d[0], d[1], d[2]), comment, TY_F32);
    w->k.l = lower_new(u, f);
    w->x = loop_param(w->k.l, VAR_PARAM_IN, "x", 0);
    w->y = loop_param(w->k.l, VAR_PARAM_OUT, "y", 0);
    kernel_units_begin(&w->k, s->out[0]->buffer->h);
    w->k.u->name = "oy";
    return f;
}

static void walk_end(Walk *w)
{
    Lower *l = w->k.l;
    Var *row = loop_dim(l, "Y_ROW", w->out->buffer->row);
    zero_gaps(l, w->y, w->out, loop_mul(l, loop_var(l, w->k.u), loop_var(l, row)));
    kernel_units_end(&w->k);
}

static void walk_call(LowerContext *c, Step *s, Func *f)
{
    Expr *args[4] = { place_address(c, s->in[0], 0, 0), place_address(c, s->out[0], 0, 0) };
    kernel_call(c, f, args, 2);
}

static Var *each_pixel(Walk *w) { return loop_for_begin(w->k.l, "ox", loop_int(w->k.l, 0), loop_int(w->k.l, w->out->buffer->w), 1); }
static Var *each_channel(Walk *w) { return loop_for_begin(w->k.l, "c", loop_int(w->k.l, 0), loop_int(w->k.l, w->channels), 1); }

/* ---- LRN: y = x / (k + alpha/n * sum of squares)^beta (Krizhevsky et al. 2012, section 3.3) ---- */

static Expr *lrn_power(Lower *l, Expr *sum, double beta)
{
    Var *s = loop_let(l, "s", sum);
    if (beta != 0.75)
        return loop_convert(l, TY_F32, loop_call_pure(l, "rt_pow", TY_F64, loop_convert(l, TY_F64, loop_var(l, s)), loop_f64(l, beta)));
    Var *root = loop_let(l, "root", loop_sqrt(l, loop_var(l, s)));
    return loop_mul(l, loop_var(l, root), loop_sqrt(l, loop_var(l, root))); /* s^0.5 * s^0.25 */
}

void kernel_lower_lrn(LowerContext *c, Step *s)
{
    if (lrn_goes_by_lanes(c->plan, s)) {
        lower_lrn_lanes(c, s);
        return;
    }
    Arena *a = c->plan->arena;
    const Node *n = s->node;
    const char *key = arena_printf(a, "lrn %d %.17g %.17g %.17g %s %s", n->lrn_size, n->lrn_alpha, n->lrn_beta, n->lrn_k, place_key(a, s->in[0]),
                                   place_key(a, s->out[0]));
    Func *f = unit_find_func(c->page->unit, key);
    if (!f) {
        Walk w = { 0 };
        f = walk_begin(c, s, &w, key, "lrn", arena_printf(a, "y[c] = x[c] / (%g + %g / %d * sum of x[j]^2 for |j - c| <= %d)^%g.", n->lrn_k, n->lrn_alpha,
                                                          n->lrn_size, n->lrn_size / 2, n->lrn_beta));
        Lower *l = w.k.l;
        Var *ox = each_pixel(&w), *ch = each_channel(&w);
        Expr *half = loop_int(l, n->lrn_size / 2), *at = loop_var(l, ch);
        Var *from = loop_let(l, "from", loop_max(l, loop_sub(l, at, half), loop_int(l, 0)));
        Var *to = loop_let(l, "to", loop_min(l, loop_add(l, at, loop_int(l, n->lrn_size / 2 + 1)), loop_int(l, w.channels)));
        Var *sum = loop_mut(l, "sum", loop_f32(l, 0));
        Var *j = loop_for_begin(l, "j", loop_var(l, from), loop_var(l, to), 1);
        Var *v = loop_let(l, "v", read_x(&w, loop_var(l, j), ox));
        loop_set(l, sum, loop_add(l, loop_var(l, sum), loop_mul(l, loop_var(l, v), loop_var(l, v))));
        loop_for_end(l);
        Expr *scaled = loop_add(l, loop_f32(l, n->lrn_k), loop_mul(l, loop_f32(l, n->lrn_alpha / n->lrn_size), loop_var(l, sum)));
        Expr *power = lrn_power(l, scaled, n->lrn_beta);
        write_y(&w, at, ox, loop_div(l, read_x(&w, at, ox), power));
        loop_for_end(l);
        loop_for_end(l);
        walk_end(&w);
    }
    walk_call(c, s, f);
}

/* ---- L2 norm over channels: y = x / max(||x||, eps) ---- */

void kernel_lower_l2norm(LowerContext *c, Step *s)
{
    Arena *a = c->plan->arena;
    const char *key = arena_printf(a, "l2norm %.17g %s %s", s->node->eps, place_key(a, s->in[0]), place_key(a, s->out[0]));
    Func *f = unit_find_func(c->page->unit, key);
    if (!f) {
        Walk w = { 0 };
        f = walk_begin(c, s, &w, key, "l2norm", arena_printf(a, "y = x / max(sqrt(sum of x^2 over channels), %g).", s->node->eps));
        Lower *l = w.k.l;
        Var *ox = each_pixel(&w);
        Var *sum = loop_mut(l, "sum", loop_f64(l, 0));
        Var *ch = each_channel(&w);
        Var *v = loop_let(l, "v", loop_convert(l, TY_F64, read_x(&w, loop_var(l, ch), ox)));
        loop_set(l, sum, loop_add(l, loop_var(l, sum), loop_mul(l, loop_var(l, v), loop_var(l, v))));
        loop_for_end(l);
        Var *norm = loop_let(l, "norm", loop_sqrt(l, loop_var(l, sum)));
        Var *by = loop_let(l, "by", loop_max(l, loop_var(l, norm), loop_f64(l, s->node->eps)));
        ch = each_channel(&w);
        Expr *x = loop_convert(l, TY_F64, read_x(&w, loop_var(l, ch), ox));
        write_y(&w, loop_var(l, ch), ox, loop_convert(l, TY_F32, loop_div(l, x, loop_var(l, by))));
        loop_for_end(l);
        loop_for_end(l);
        walk_end(&w);
    }
    walk_call(c, s, f);
}

/* ---- Softmax over channels ---- */

/* The second half of the vector targets: y = float(exp) / sum, so that exp is computed once; 1 bit less of each y. */
static void divide_kept(Walk *w, Var *ox, Var *sum)
{
    Lower *l = w->k.l;
    Var *ch = each_channel(w);
    Expr *at = element(l, w->out, loop_var(l, ch), "Y_ROW", loop_var(l, w->k.u), loop_var(l, ox));
    Expr *e = loop_convert(l, TY_F64, loop_load(l, TY_F32, w->y, at));
    write_y(w, loop_var(l, ch), ox, loop_convert(l, TY_F32, loop_div(l, e, loop_var(l, sum))));
    loop_for_end(l);
}

/* exp(x[c] - most) in double. */
static Expr *exp_of(Walk *w, Expr *c, Var *ox, Var *most)
{
    Lower *l = w->k.l;
    Expr *d = loop_convert(l, TY_F64, loop_sub(l, read_x(w, c, ox), loop_var(l, most)));
    return loop_call_pure(l, "rt_exp", TY_F64, d, NULL);
}

void kernel_lower_softmax(LowerContext *c, Step *s)
{
    Arena *a = c->plan->arena;
    const char *key = arena_printf(a, "softmax %s %s", place_key(a, s->in[0]), place_key(a, s->out[0]));
    Func *f = unit_find_func(c->page->unit, key);
    if (!f) {
        Walk w = { 0 };
        f = walk_begin(c, s, &w, key, "softmax", "y[c] = exp(x[c] - max) / sum of exp(x[j] - max).");
        Lower *l = w.k.l;
        Var *ox = each_pixel(&w);
        Var *most = loop_mut(l, "most", read_x(&w, loop_int(l, 0), ox));
        Var *ch = each_channel(&w);
        Var *v = loop_let(l, "v", read_x(&w, loop_var(l, ch), ox));
        loop_set(l, most, loop_max(l, loop_var(l, v), loop_var(l, most)));
        loop_for_end(l);
        Var *sum = loop_mut(l, "sum", loop_f64(l, 0));
        ch = each_channel(&w);
        bool keep = c->plan->target->block > 1; /* plain reads as the equation does */
        Expr *e = exp_of(&w, loop_var(l, ch), ox, most);
        if (keep)
            e = loop_var(l, loop_let(l, "e", e));
        loop_set(l, sum, loop_add(l, loop_var(l, sum), e));
        if (keep)
            write_y(&w, loop_var(l, ch), ox, loop_convert(l, TY_F32, e));
        loop_for_end(l);
        if (keep) {
            divide_kept(&w, ox, sum);
        } else {
            ch = each_channel(&w);
            e = exp_of(&w, loop_var(l, ch), ox, most);
            write_y(&w, loop_var(l, ch), ox, loop_convert(l, TY_F32, loop_div(l, e, loop_var(l, sum))));
            loop_for_end(l);
        }
        loop_for_end(l);
        walk_end(&w);
    }
    walk_call(c, s, f);
}

/* ---- Normalize: y = (x - mean[c]) / std[c] ---- */

void kernel_lower_normalize(LowerContext *c, Step *s)
{
    Arena *a = c->plan->arena;
    const Node *n = s->node;
    int channels = n->in[0]->shape.dim[0];
    const char *key = arena_printf(a, "normalize %s %s", place_key(a, s->in[0]), place_key(a, s->out[0]));
    for (int i = 0; i < channels; i++)
        key = arena_printf(a, "%s %.17g %.17g", key, n->mean[i], n->std[i]);
    Func *f = unit_find_func(c->page->unit, key);
    if (!f) {
        Walk w = { 0 };
        f = walk_begin(c, s, &w, key, "normalize", "y[c] = (x[c] - mean[c]) / std[c].");
        Lower *l = w.k.l;
        Var *ox = each_pixel(&w);
        for (int i = 0; i < channels; i++) {
            Expr *x = read_x(&w, loop_int(l, i), ox);
            if (n->mean[i] != 0)
                x = loop_sub(l, x, loop_f32(l, n->mean[i]));
            write_y(&w, loop_int(l, i), ox, n->std[i] == 1 ? x : loop_div(l, x, loop_f32(l, n->std[i])));
        }
        loop_for_end(l);
        walk_end(&w);
    }
    walk_call(c, s, f);
}

/* ---- Between the caller's C x H x W and the network's buffers ---- */

/* One row of one channel; vectors of a plane's pixels, then the last ones again where they do not divide it. */
static void transfer_pixels(Lower *l, const Place *p, const int *d, bool in, Type type, Var *x, Var *y, Var *ch, Var *oy)
{
    int lanes = type_lanes(type), whole = d[2] / lanes * lanes;
    for (int rest = 0; rest <= (whole < d[2]); rest++) {
        Expr *from = loop_int(l, rest ? d[2] - lanes : 0), *to = loop_int(l, rest ? d[2] - lanes + 1 : whole);
        Var *ox = loop_for_begin(l, "ox", from, to, lanes);
        Expr *flat = loop_add(l, loop_mul(l, loop_var(l, ch), loop_int(l, d[1])), loop_var(l, oy));
        flat = loop_add(l, loop_mul(l, flat, loop_int(l, d[2])), loop_var(l, ox));
        Expr *at = element(l, p, loop_var(l, ch), "ROW", loop_var(l, oy), loop_var(l, ox));
        loop_store(l, y, in ? at : flat, loop_load(l, type, x, in ? flat : at));
        loop_for_end(l);
    }
}

static Func *transfer_func(LowerContext *c, const Place *p, const int *d, bool in)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const char *key = arena_printf(a, "%s %s", in ? "input" : "output", place_key(a, p));
    Func *f = unit_find_func(u, key);
    if (f)
        return f;
    Type type = c->plan->target->vector;
    if (p->buffer->block > 1 || d[2] < type_lanes(type))
        type = TY_F32;
    f = unit_func(u, key, in ? "copy_input" : "copy_output",
                  arena_printf(a, in ? "The caller's %d x %d x %d to the input buffer, inside its border."
                                     : "The output, %d x %d x %d, to the caller's array.", d[0], d[1], d[2]), type);
    Kernel k = { .l = lower_new(u, f) };
    Lower *l = k.l;
    Var *x = loop_param(l, VAR_PARAM_IN, "x", 0), *y = loop_param(l, VAR_PARAM_OUT, "y", 0);
    kernel_units_begin(&k, p->buffer->h);
    k.u->name = "oy";
    Var *ch = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, d[0]), 1);
    transfer_pixels(l, p, d, in, type, x, y, ch, k.u);
    loop_for_end(l);
    if (in)
        zero_gaps(l, y, p, loop_mul(l, loop_var(l, k.u), loop_var(l, loop_dim(l, "ROW", p->buffer->row))));
    kernel_units_end(&k);
    return f;
}

/* A row of squares: row py and column px of each, channel c, is a channel of its own; zero where a square leaves the image. */
static void square_pixels(Lower *l, const Step *s, Var *x, Var *y, Var *oy)
{
    const int *d = s->node->in[0]->shape.dim;
    const Window *w = &s->node->window;
    Var *py = loop_for_begin(l, "py", loop_int(l, 0), loop_int(l, w->sh), 1);
    Var *c = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, d[0]), 1);
    Var *ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_int(l, s->out[0]->buffer->w), 1);
    Var *px = loop_for_begin(l, "px", loop_int(l, 0), loop_int(l, w->sw), 1);
    Expr *iy = loop_add(l, loop_mul(l, loop_var(l, oy), loop_int(l, w->sh)), loop_var(l, py));
    Expr *ix = loop_add(l, loop_mul(l, loop_var(l, ox), loop_int(l, w->sw)), loop_var(l, px));
    Expr *row = loop_add(l, loop_mul(l, loop_var(l, c), loop_int(l, d[1])), iy);
    Expr *v = loop_load(l, TY_F32, x, loop_add(l, loop_mul(l, row, loop_int(l, d[2])), ix));
    if (d[1] % w->sh)
        v = loop_select(l, loop_bin(l, EX_LT, iy, loop_int(l, d[1])), v, loop_f32(l, 0));
    if (d[2] % w->sw)
        v = loop_select(l, loop_bin(l, EX_LT, ix, loop_int(l, d[2])), v, loop_f32(l, 0));
    Expr *pixel = loop_add(l, loop_mul(l, loop_var(l, py), loop_int(l, w->sw)), loop_var(l, px));
    Expr *ch = loop_add(l, loop_mul(l, pixel, loop_int(l, d[0])), loop_var(l, c));
    loop_store(l, y, element(l, s->out[0], ch, "ROW", loop_var(l, oy), loop_var(l, ox)), v);
    for (int i = 0; i < 4; i++)
        loop_for_end(l);
}

static Func *squares_func(LowerContext *c, const Step *s)
{
    Unit *u = c->page->unit;
    const int *d = s->node->in[0]->shape.dim;
    const Window *w = &s->node->window;
    Func *f = unit_func(u, "input of squares", "copy_input",
                        arena_printf(u->arena, "The caller's %d x %d x %d to the input buffer, inside its border: the pixels of one place of every\n"
                                     "%d x %d square are channels of their own.", d[0], d[1], d[2], w->sh, w->sw), TY_F32);
    Kernel k = { .l = lower_new(u, f) };
    Lower *l = k.l;
    Var *x = loop_param(l, VAR_PARAM_IN, "x", 0), *y = loop_param(l, VAR_PARAM_OUT, "y", 0);
    kernel_units_begin(&k, s->units);
    k.u->name = "oy";
    square_pixels(l, s, x, y, k.u);
    zero_gaps(l, y, s->out[0], loop_mul(l, loop_var(l, k.u), loop_var(l, loop_dim(l, "ROW", s->out[0]->buffer->row))));
    kernel_units_end(&k);
    return f;
}

void kernel_lower_input(LowerContext *c, Step *s)
{
    Func *f = s->node ? squares_func(c, s) : transfer_func(c, s->out[0], c->plan->graph->input->shape.dim, true);
    Expr *args[4] = { loop_address(c->page, c->input, loop_int(c->page, 0)), place_address(c, s->out[0], 0, 0) };
    kernel_call(c, f, args, 2);
}

void kernel_lower_output(LowerContext *c, Step *s)
{
    Func *f = transfer_func(c, s->in[0], c->plan->graph->output->shape.dim, false);
    Expr *args[4] = { place_address(c, s->in[0], 0, 0), loop_address(c->page, c->output, loop_int(c->page, 0)) };
    kernel_call(c, f, args, 2);
}

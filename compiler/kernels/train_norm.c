/* Batch norm in training: bn_train.c in ops/ has the equations.  Parts are of one image; sums over images go in their order. */
#include "train.h"

typedef struct Channel { /* vector v of a block's channels: what is the same for all its pixels */
    Var *mean, *inv, *beta, *gamma, *sum, *dot;
} Channel;

static Var *read_channel(TrainKernel *t, Var *from, const char *name, Expr *block, int v)
{
    Lower *l = t->l;
    return loop_let(l, arena_printf(l->unit->arena, "%s%d", name, v), loop_load(l, t->type, from, train_channel(t, block, v)));
}

/* gamma * inv is not used where y must be the equation's: both products are rounded, as in apply. */
static Channel channel(TrainKernel *t, Expr *block, int v)
{
    Channel c = { .mean = read_channel(t, t->in[1], "mean", block, v), .inv = read_channel(t, t->in[2], "inv", block, v) };
    c.beta = t->beta ? read_channel(t, t->beta, "b", block, v) : NULL;
    c.gamma = t->gamma ? read_channel(t, t->gamma, "g", block, v) : NULL;
    if (t->s->kernel == KERNEL_BN_GRAD) {
        c.sum = read_channel(t, t->in[4], "sum", block, v);
        c.dot = read_channel(t, t->in[5], "dot", block, v);
    }
    return c;
}

static const char *name_v(TrainKernel *t, const char *s, int v) { return arena_printf(t->l->unit->arena, "%s%d", s, v); }

/* xh = (x - mean) * inv */
static Var *normalised(TrainKernel *t, const Channel *c, Expr *block, Expr *y, Var *x, int v)
{
    Lower *l = t->l;
    Expr *at = train_at(t, t->s->in[0], "X", block, y, loop_var(l, x), v);
    Expr *d = loop_sub(l, loop_load(l, t->type, t->in[0], at), loop_var(l, c->mean));
    return loop_let(l, name_v(t, "xh", v), loop_mul(l, d, loop_var(l, c->inv)));
}

/* gamma * xh + beta */
static Expr *scaled(TrainKernel *t, const Channel *c, Var *xh)
{
    Lower *l = t->l;
    if (!c->gamma)
        return loop_add(l, loop_var(l, xh), loop_var(l, c->beta));
    return loop_fma(l, loop_var(l, c->gamma), loop_var(l, xh), loop_var(l, c->beta));
}

static Expr *zero(TrainKernel *t) { return loop_splat(t->l, t->type, loop_f32(t->l, 0)); }

/* ---- Statistics of an image ---- */

/* Sum over the pixels of a block of f(x): rows one by one, so that rounding grows with their length only. */
typedef Expr *PixelValue(TrainKernel *t, Expr *x, const Var *mean, Expr *sum);

static Expr *plain_sum(TrainKernel *t, Expr *x, const Var *mean, Expr *sum)
{
    (void)mean;
    return loop_add(t->l, sum, x);
}

static Expr *square_sum(TrainKernel *t, Expr *x, const Var *mean, Expr *sum)
{
    Var *d = loop_let(t->l, arena_printf(t->l->unit->arena, "d_%s", mean->name), loop_sub(t->l, x, loop_var(t->l, (Var *)mean)));
    return loop_fma(t->l, loop_var(t->l, d), loop_var(t->l, d), sum);
}

static Var *sum_pixels(TrainKernel *t, const char *name, Expr *block, int v, PixelValue *f, const Var *mean)
{
    Lower *l = t->l;
    const Buffer *b = t->s->in[0]->buffer;
    Var *sum = loop_mut(l, name_v(t, name, v), zero(t));
    Var *y = train_for(t, "iy", b->h), *row = loop_mut(l, arena_printf(l->unit->arena, "%s_row%d", name, v), zero(t)), *x = train_for(t, "ix", b->w);
    Expr *value = loop_load(l, t->type, t->in[0], train_at(t, t->s->in[0], "X", block, loop_var(l, y), loop_var(l, x), v));
    loop_set(l, row, f(t, value, mean, loop_var(l, row)));
    loop_for_end(l);
    loop_set(l, sum, loop_add(l, loop_var(l, sum), loop_var(l, row)));
    loop_for_end(l);
    return sum;
}

void kernel_lower_bn_parts(LowerContext *c, Step *s)
{
    TrainKernel t;
    if (train_begin(&t, c, s, "bn_parts", "x mean m2", "", "Of one image: mean of each channel, m2 = sum of (x - mean)^2.")) {
        Lower *l = t.l;
        const Buffer *b = s->in[0]->buffer;
        train_units(&t);
        Expr *block = loop_var(l, t.k.u);
        for (int v = 0; v < t.vectors; v++) {
            Var *sum = sum_pixels(&t, "total", block, v, plain_sum, NULL);
            Expr *share = loop_splat(l, t.type, loop_f32(l, 1.0 / (b->h * b->w)));
            Var *mean = loop_let(l, name_v(&t, "mean", v), loop_mul(l, loop_var(l, sum), share));
            Var *m2 = sum_pixels(&t, "squares", block, v, square_sum, mean);
            loop_store(l, t.out[0], train_channel(&t, block, v), loop_var(l, mean));
            loop_store(l, t.out[1], train_channel(&t, block, v), loop_var(l, m2));
        }
    }
    train_call(&t);
}

/* ---- Of the batch ---- */

static Expr *as_double(TrainKernel *t, Expr *e) { return loop_convert(t->l, TY_F64, e); }
static Expr *as_float(TrainKernel *t, Expr *e) { return loop_convert(t->l, TY_F32, e); }
static Expr *read_one(TrainKernel *t, Var *from, Expr *at) { return loop_load(t->l, TY_F32, from, at); }

/* y[at] = first ? v : y[at] + v */
static void gather(TrainKernel *t, Var *index, Var *y, Expr *at, Expr *v)
{
    Lower *l = t->l;
    Expr *is_first = loop_bin(l, EX_EQ, loop_var(l, index), loop_int(l, 0));
    Var *before = loop_let(l, arena_printf(l->unit->arena, "%s_before", y->name), loop_select(l, is_first, loop_f32(l, 0), read_one(t, y, at)));
    loop_store(l, y, at, loop_add(l, loop_var(l, before), v));
}

/* Channels that only fill a block: zero, whatever lay there before. */
static void clear_gaps(TrainKernel *t)
{
    Lower *l = t->l;
    if (!place_gaps(t->s->out[0]))
        return;
    loop_if_begin(l, loop_bin(l, EX_EQ, loop_var(l, t->k.u), loop_int(l, 0)));
    for (int k = 0; k < 2; k++)
        zero_gaps(l, t->out[k], t->s->out[k], loop_int(l, 0));
    loop_if_end(l);
}

/* mean, inv and the running statistics from sums of k = part mean - shift and of squares about the shift. */
static void finish_stats(TrainKernel *t, Expr *at, Var *c, Var *rm, Var *rv, Var *shift, Var *n)
{
    Lower *l = t->l;
    const Node *node = t->s->node;
    const Shape *x = &node->in[2]->shape;
    Expr *images = as_double(t, loop_var(l, n));
    Var *m = loop_let(l, "m", loop_mul(l, images, loop_f64(l, (double)x->dim[1] * x->dim[2])));
    Var *d = loop_let(l, "d", loop_div(l, as_double(t, read_one(t, t->out[0], at)), images));
    Expr *square = loop_sub(l, loop_div(l, as_double(t, read_one(t, t->out[1], at)), loop_var(l, m)), loop_mul(l, loop_var(l, d), loop_var(l, d)));
    Var *raw = loop_let(l, "raw", square);
    Var *var = loop_let(l, "var", loop_max(l, loop_var(l, raw), loop_f64(l, 0)));
    Var *mean = loop_let(l, "mu", loop_add(l, as_double(t, loop_var(l, shift)), loop_var(l, d)));
    loop_store(l, t->out[0], at, as_float(t, loop_var(l, mean)));
    loop_store(l, t->out[1], at, as_float(t, loop_div(l, loop_f64(l, 1), loop_sqrt(l, loop_add(l, loop_var(l, var), loop_f64(l, node->eps))))));
    double k = node->momentum;
    Expr *keep = loop_f64(l, 1 - k), *part = loop_f64(l, k);
    loop_store(l, rm, loop_var(l, c), as_float(t, loop_add(l, loop_mul(l, keep, as_double(t, loop_var(l, shift))), loop_mul(l, part, loop_var(l, mean)))));
    Expr *rest = loop_sub(l, loop_var(l, m), loop_f64(l, 1));
    Var *degrees = loop_let(l, "degrees", rest);
    Expr *unbiased = loop_div(l, loop_mul(l, loop_var(l, var), loop_var(l, m)), loop_max(l, loop_var(l, degrees), loop_f64(l, 1)));
    Expr *old = as_double(t, read_one(t, rv, loop_var(l, c)));
    loop_store(l, rv, loop_var(l, c), as_float(t, loop_add(l, loop_mul(l, keep, old), loop_mul(l, part, unbiased))));
}

void kernel_lower_bn_stats(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Shape *d = &s->node->in[2]->shape;
    Arena *a = c->page->unit->arena;
    bool fresh = train_begin(&t, c, s, "bn_stats", "part_mean part_m2 mean inv", arena_printf(a, "%dx%d %.17g %.17g", d->dim[1], d->dim[2], s->node->eps, s->node->momentum),
        "Of the batch, image by image: mean, inv = 1 / sqrt(var + eps); with the last image both, and the running statistics.\n"
        "Until then they hold sums about the running mean, so that no digits are lost.");
    Var *rm = train_row(&t, "running_mean", s->node->in[3]), *rv = train_row(&t, "running_var", s->node->in[4]);
    BatchPart batch = train_batch_part(&t);
    if (fresh) {
        Lower *l = t.l;
        train_units(&t);
        Var *ch = t.k.u;
        Expr *at = loop_var(l, loop_let(l, "at", channel_offset(l, s->in[0], loop_var(l, ch))));
        Var *shift = loop_let(l, "shift", read_one(&t, rm, loop_var(l, ch)));
        Var *k = loop_let(l, "k", loop_sub(l, read_one(&t, t.in[0], at), loop_var(l, shift)));
        gather(&t, batch.index, t.out[0], at, loop_var(l, k));
        Expr *about = loop_mul(l, loop_f32(l, (double)d->dim[1] * d->dim[2]), loop_mul(l, loop_var(l, k), loop_var(l, k)));
        gather(&t, batch.index, t.out[1], at, loop_add(l, read_one(&t, t.in[1], at), about));
        train_if_last(&t, &batch);
        finish_stats(&t, at, ch, rm, rv, shift, batch.n);
        loop_if_end(l);
        clear_gaps(&t);
    }
    train_call(&t);
}

void kernel_lower_bn_grad_stats(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Node *node = s->node;
    const Shape *d = &node->in[2]->shape;
    const Tensor *dbeta = node->out[2], *dgamma = node->n_out > 3 ? node->out[3] : NULL;
    bool wants_beta = dbeta->primal, wants_gamma = dgamma && dgamma->primal;
    Arena *a = c->page->unit->arena;
    bool fresh = train_begin(&t, c, s, "bn_grad_stats", "part_sum part_dot sum dot", arena_printf(a, "%dx%d %d%d", d->dim[1], d->dim[2], wants_beta, wants_gamma),
        "Of the batch, image by image: sum of dz, dot = sum of dz xh; with the last image they are the gradients,\n"
        "and then divided by the number of pixels.");
    Var *db = wants_beta ? train_gradient(&t, "dbeta", dbeta) : NULL, *dg = wants_gamma ? train_gradient(&t, "dgamma", dgamma) : NULL;
    BatchPart batch = train_batch_part(&t);
    if (fresh) {
        Lower *l = t.l;
        train_units(&t);
        Expr *at = loop_var(l, loop_let(l, "at", channel_offset(l, s->in[0], loop_var(l, t.k.u))));
        for (int k = 0; k < 2; k++)
            gather(&t, batch.index, t.out[k], at, read_one(&t, t.in[k], at));
        train_if_last(&t, &batch);
        Expr *m = loop_mul(l, loop_convert(l, TY_F32, loop_var(l, batch.n)), loop_f32(l, (double)d->dim[1] * d->dim[2]));
        m = loop_var(l, loop_let(l, "m", m));
        Var *to[] = { db, dg };
        for (int k = 0; k < 2; k++) {
            if (to[k])
                loop_store(l, to[k], loop_var(l, t.k.u), read_one(&t, t.out[k], at));
            loop_store(l, t.out[k], at, loop_div(l, read_one(&t, t.out[k], at), m));
        }
        loop_if_end(l);
        clear_gaps(&t);
    }
    train_call(&t);
}

/* ---- Pixels ---- */

/* The loops over rows and their pixels, and what is the same for all pixels of a block; returns the column. */
static Var *begin_pixels(TrainKernel *t, Channel *ch, Expr **block, Expr **y)
{
    *y = train_rows(t, block);
    for (int v = 0; v < t->vectors; v++)
        ch[v] = channel(t, *block, v);
    return train_for(t, "ix", t->s->in[0]->buffer->w);
}

void kernel_lower_bn_apply(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool relu = s->node->epilogue.relu;
    if (train_begin(&t, c, s, "bn_apply", "x mean inv y", relu ? "relu" : "", relu ? "y = relu(gamma (x - mean) inv + beta)."
                                                                  : "y = gamma (x - mean) inv + beta.")) {
        Lower *l = t.l;
        Expr *block, *y;
        Channel ch[4];
        Var *x = begin_pixels(&t, ch, &block, &y);
        for (int v = 0; v < t.vectors; v++) {
            Expr *z = scaled(&t, &ch[v], normalised(&t, &ch[v], block, y, x, v));
            if (relu)
                z = loop_max(l, loop_var(l, loop_let(l, name_v(&t, "z", v), z)), zero(&t));
            loop_store(l, t.out[0], train_at(&t, s->out[0], "Y", block, y, loop_var(l, x), v), z);
        }
        loop_for_end(l);
    }
    train_call(&t);
}

/* dy where gamma xh + beta > 0, or dy. */
static Var *passed(TrainKernel *t, const Channel *c, Var *xh, Expr *block, Expr *y, Var *x, int v)
{
    Lower *l = t->l;
    Expr *dy = loop_load(l, t->type, t->in[3], train_at(t, t->s->in[3], "DY", block, y, loop_var(l, x), v));
    if (t->s->node->epilogue.relu)
        dy = loop_where(l, EX_LT, zero(t), scaled(t, c, xh), dy);
    return loop_let(l, name_v(t, "dz", v), dy);
}

void kernel_lower_bn_grad_parts(LowerContext *c, Step *s)
{
    TrainKernel t;
    if (train_begin(&t, c, s, "bn_grad_parts", "x mean inv dy part_sum part_dot", s->node->epilogue.relu ? "relu" : "",
                    "Of one image: sum of dz and of dz xh, xh = (x - mean) inv, dz = dy where the output passed its ReLU.")) {
        Lower *l = t.l;
        const Buffer *b = s->in[0]->buffer;
        Channel ch[4];
        Var *sum[4][2], *row[4][2];
        train_units(&t);
        Expr *block = loop_var(l, t.k.u);
        for (int v = 0; v < t.vectors; v++) {
            ch[v] = channel(&t, block, v);
            for (int k = 0; k < 2; k++)
                sum[v][k] = loop_mut(l, name_v(&t, k ? "dot" : "sum", v), zero(&t));
        }
        Expr *y = loop_var(l, train_for(&t, "oy", b->h));
        for (int v = 0; v < t.vectors; v++)
            for (int k = 0; k < 2; k++)
                row[v][k] = loop_mut(l, name_v(&t, k ? "row_dot" : "row_sum", v), zero(&t));
        Var *x = train_for(&t, "ix", b->w);
        for (int v = 0; v < t.vectors; v++) {
            Var *xh = normalised(&t, &ch[v], block, y, x, v), *dz = passed(&t, &ch[v], xh, block, y, x, v);
            loop_set(l, row[v][0], loop_add(l, loop_var(l, row[v][0]), loop_var(l, dz)));
            loop_set(l, row[v][1], loop_fma(l, loop_var(l, dz), loop_var(l, xh), loop_var(l, row[v][1])));
        }
        loop_for_end(l);
        for (int v = 0; v < t.vectors; v++)
            for (int k = 0; k < 2; k++)
                loop_set(l, sum[v][k], loop_add(l, loop_var(l, sum[v][k]), loop_var(l, row[v][k])));
        loop_for_end(l);
        for (int v = 0; v < t.vectors; v++)
            for (int k = 0; k < 2; k++)
                loop_store(l, t.out[k], train_channel(&t, block, v), loop_var(l, sum[v][k]));
    }
    train_call(&t);
}

void kernel_lower_bn_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    if (train_begin(&t, c, s, "bn_grad", "x mean inv dy sum dot dx", s->node->epilogue.relu ? "relu" : "",
                    "dx = gamma inv (dz - sum - xh dot), xh = (x - mean) inv, dz = dy where the output passed its ReLU; sum and dot are\n"
                    "the means of dz and dz xh over the batch.")) {
        Lower *l = t.l;
        Expr *block, *y;
        Channel ch[4];
        Var *x = begin_pixels(&t, ch, &block, &y);
        for (int v = 0; v < t.vectors; v++) {
            Var *xh = normalised(&t, &ch[v], block, y, x, v), *dz = passed(&t, &ch[v], xh, block, y, x, v);
            Expr *d = loop_sub(l, loop_sub(l, loop_var(l, dz), loop_var(l, ch[v].sum)), loop_mul(l, loop_var(l, xh), loop_var(l, ch[v].dot)));
            d = loop_mul(l, loop_var(l, ch[v].inv), d);
            if (ch[v].gamma)
                d = loop_mul(l, loop_var(l, ch[v].gamma), d);
            loop_store(l, t.out[0], train_at(&t, s->out[0], "Y", block, y, loop_var(l, x), v), d);
        }
        loop_for_end(l);
    }
    train_call(&t);
}

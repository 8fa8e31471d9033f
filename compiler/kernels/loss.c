/* What training computes channel by channel: the loss and its gradient, dropout, the gradients of LRN, of the L2 norm and of
 * softmax. Scalar. */
#include "train.h"

/* Element (c, y, x) of a place: letters name its dimensions. */
static Expr *element(TrainKernel *t, const Place *p, const char *letter, Expr *c, Expr *y, Expr *x)
{
    Lower *l = t->l;
    Expr *row = loop_mul(l, y, loop_var(l, loop_dim(l, arena_printf(l->unit->arena, "%s_ROW", letter), p->buffer->row)));
    return loop_add(l, channel_offset(l, p, c), loop_add(l, row, loop_mul(l, x, loop_int(l, p->buffer->block))));
}

static Expr *read_at(TrainKernel *t, int k, const char *letter, Expr *c, Expr *y, Expr *x)
{
    return loop_load(t->l, TY_F32, t->in[k], element(t, t->s->in[k], letter, c, y, x));
}

static int channels(const TrainKernel *t) { return t->s->node->in[0]->shape.dim[0]; }

/* ---- Cross-entropy ---- */

static Expr *logit(TrainKernel *t, Expr *c) { return read_at(t, 0, "X", c, loop_int(t->l, 0), loop_int(t->l, 0)); }

static Var *greatest_logit(TrainKernel *t)
{
    Lower *l = t->l;
    Var *most = loop_mut(l, "most", logit(t, loop_int(l, 0)));
    Var *c = train_for(t, "c", channels(t)), *v = loop_let(l, "v", logit(t, loop_var(l, c)));
    loop_set(l, most, loop_max(l, loop_var(l, v), loop_var(l, most)));
    loop_for_end(l);
    return most;
}

/* exp(x[c] - most) in double. */
static Expr *exp_of(TrainKernel *t, Expr *c, Var *most)
{
    Lower *l = t->l;
    Expr *d = loop_convert(l, TY_F64, loop_sub(l, logit(t, c), loop_var(l, most)));
    return loop_call_pure(l, "rt_exp", TY_F64, d, NULL);
}

static Var *sum_of_exp(TrainKernel *t, Var *most)
{
    Lower *l = t->l;
    Var *sum = loop_mut(l, "sum", loop_f64(l, 0)), *c = train_for(t, "c", channels(t));
    loop_set(l, sum, loop_add(l, loop_var(l, sum), exp_of(t, loop_var(l, c), most)));
    loop_for_end(l);
    return sum;
}

/* What the label says of class c: (1 - smooth) for it, and smooth / K for all. */
static Expr *target_of(TrainKernel *t, Var *label, Expr *c)
{
    Lower *l = t->l;
    double share = t->s->node->smooth / channels(t);
    Expr *is = loop_bin(l, EX_EQ, c, loop_load(l, TY_INT, label, loop_int(l, 0)));
    return loop_select(l, is, loop_f64(l, 1 - t->s->node->smooth + share), loop_f64(l, share));
}

static Var *label_param(TrainKernel *t)
{
    t->args[t->n_args++] = loop_address(t->c->page, t->c->labels, loop_int(t->c->page, 0));
    return t->l ? loop_param(t->l, VAR_PARAM_INTS, "label", 0) : NULL;
}

void kernel_lower_crossentropy(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool fresh = train_begin(&t, c, s, "crossentropy", "x", arena_printf(c->page->unit->arena, "%.17g", s->node->smooth),
        "loss = -sum of q[c] log softmax(x)[c], q the label's distribution over classes.");
    Var *label = label_param(&t);
    t.args[t.n_args++] = loop_address(c->page, c->losses, loop_int(c->page, s->node->slice_begin));
    if (fresh) {
        Lower *l = t.l;
        Var *loss = loop_param(l, VAR_PARAM_OUT, "loss", 1);
        train_units(&t);
        Var *most = greatest_logit(&t), *sum = sum_of_exp(&t, most);
        Expr *log = loop_call_pure(l, "rt_log", TY_F64, loop_var(l, sum), NULL);
        Var *total = loop_mut(l, "total", loop_add(l, loop_convert(l, TY_F64, loop_var(l, most)), log));
        Var *ch = train_for(&t, "c", channels(&t));
        Expr *x = loop_convert(l, TY_F64, logit(&t, loop_var(l, ch)));
        loop_set(l, total, loop_sub(l, loop_var(l, total), loop_mul(l, target_of(&t, label, loop_var(l, ch)), x)));
        loop_for_end(l);
        loop_store(l, loss, loop_int(l, 0), loop_convert(l, TY_F32, loop_var(l, total)));
    }
    train_call(&t);
}

void kernel_lower_crossentropy_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool fresh = train_begin(&t, c, s, "crossentropy_grad", "x dx", arena_printf(c->page->unit->arena, "%.17g %.17g", s->node->smooth, s->node->weight),
        arena_printf(c->page->unit->arena, "dx = %g / n (softmax(x) - q), q the label's distribution over classes.", s->node->weight));
    Var *label = label_param(&t), *n = train_int(&t, "n", loop_var(c->page, c->images));
    if (fresh) {
        Lower *l = t.l;
        Expr *zero = loop_int(l, 0);
        train_units(&t);
        Var *most = greatest_logit(&t), *sum = sum_of_exp(&t, most);
        Var *share = loop_let(l, "share", loop_div(l, loop_f64(l, s->node->weight), loop_convert(l, TY_F64, loop_var(l, n))));
        Var *ch = train_for(&t, "c", channels(&t));
        Expr *p = loop_div(l, exp_of(&t, loop_var(l, ch), most), loop_var(l, sum));
        Expr *d = loop_mul(l, loop_var(l, share), loop_sub(l, p, target_of(&t, label, loop_var(l, ch))));
        loop_store(l, t.out[0], element(&t, s->out[0], "Y", loop_var(l, ch), zero, zero), loop_convert(l, TY_F32, d));
        loop_for_end(l);
        zero_gaps(l, t.out[0], s->out[0], zero);
    }
    train_call(&t);
}

/* ---- Dropout ---- */

void kernel_lower_dropout(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Node *n = s->node;
    Arena *a = c->page->unit->arena;
    bool fresh = train_begin(&t, c, s, "dropout", "x y", arena_printf(a, "%.17g", n->rate),
        arena_printf(a, "y = x / (1 - %g), or 0 for a share of %g that Philox draws: the same elements forward and backward.", n->rate, n->rate));
    Var *key = train_int(&t, "key", loop_int(c->page, n->key));
    t.args[t.n_args++] = loop_var(c->page, c->ctx);
    if (fresh) {
        Lower *l = t.l;
        const Buffer *b = s->out[0]->buffer;
        Var *ctx = loop_param(l, VAR_PARAM_TRAIN_CTX, "c", 0);
        train_units(&t);
        t.k.u->name = "oy";
        Expr *y = loop_var(l, t.k.u), *ch = loop_var(l, train_for(&t, "ch", channels(&t))), *x = loop_var(l, train_for(&t, "ox", b->w));
        Expr *e = loop_add(l, loop_mul(l, loop_add(l, loop_mul(l, ch, loop_int(l, b->h)), y), loop_int(l, b->w)), x);
        Expr *draw = loop_call_pure(l, "rt_draw", TY_F64, loop_var(l, ctx), loop_var(l, key));
        draw->c = e;
        Expr *factor = loop_select(l, loop_bin(l, EX_LT, draw, loop_f64(l, n->rate)), loop_f32(l, 0), loop_f32(l, 1 / (1 - n->rate)));
        loop_store(l, t.out[0], element(&t, s->out[0], "Y", ch, y, x), loop_mul(l, read_at(&t, 0, "X", ch, y, x), factor));
        loop_for_end(l);
        loop_for_end(l);
        zero_gaps(l, t.out[0], s->out[0], loop_mul(l, y, loop_var(l, loop_dim(l, "Y_ROW", b->row))));
    }
    train_call(&t);
}

/* ---- LRN ---- */

/* Sum over the channels j around c, |j - c| <= size / 2, of what `term` says. */
typedef Expr *LrnTerm(TrainKernel *t, Expr *j, Expr *y, Expr *x, Var *scratch);

static Expr *square_term(TrainKernel *t, Expr *j, Expr *y, Expr *x, Var *scratch)
{
    (void)scratch;
    Var *v = loop_let(t->l, "v", read_at(t, 0, "X", j, y, x));
    return loop_mul(t->l, loop_var(t->l, v), loop_var(t->l, v));
}

static Expr *kept_term(TrainKernel *t, Expr *j, Expr *y, Expr *x, Var *scratch)
{
    (void)y, (void)x;
    return loop_load(t->l, TY_F32, scratch, j);
}

static Var *window_sum(TrainKernel *t, const char *name, Expr *c, Expr *y, Expr *x, LrnTerm *term, Var *scratch)
{
    Lower *l = t->l;
    int half = t->s->node->lrn_size / 2;
    Arena *a = l->unit->arena;
    Var *from = loop_let(l, arena_printf(a, "%s_from", name), loop_max(l, loop_sub(l, c, loop_int(l, half)), loop_int(l, 0)));
    Var *to = loop_let(l, arena_printf(a, "%s_to", name), loop_min(l, loop_add(l, c, loop_int(l, half + 1)), loop_int(l, channels(t))));
    Var *sum = loop_mut(l, name, loop_f32(l, 0));
    Var *j = loop_for_begin(l, "j", loop_var(l, from), loop_var(l, to), 1);
    loop_set(l, sum, loop_add(l, loop_var(l, sum), term(t, loop_var(l, j), y, x, scratch)));
    loop_for_end(l);
    return sum;
}

/* d = k + alpha / size * sum of squares, and d^beta. */
static Var *bracket(TrainKernel *t, Expr *c, Expr *y, Expr *x, Var **power)
{
    Lower *l = t->l;
    const Node *n = t->s->node;
    Var *sum = window_sum(t, "squares", c, y, x, square_term, NULL);
    Var *d = loop_let(l, "d", loop_add(l, loop_f32(l, n->lrn_k), loop_mul(l, loop_f32(l, n->lrn_alpha / n->lrn_size), loop_var(l, sum))));
    Expr *p;
    if (n->lrn_beta == 0.75) {
        Var *root = loop_let(l, "root", loop_sqrt(l, loop_var(l, d)));
        p = loop_mul(l, loop_var(l, root), loop_sqrt(l, loop_var(l, root)));
    } else {
        p = loop_convert(l, TY_F32, loop_call_pure(l, "rt_pow", TY_F64, loop_convert(l, TY_F64, loop_var(l, d)), loop_f64(l, n->lrn_beta)));
    }
    *power = loop_let(l, "power", p);
    return d;
}

static void lrn_pixel(TrainKernel *t, Expr *y, Expr *x, Var *scratch)
{
    Lower *l = t->l;
    const Node *n = t->s->node;
    Var *power, *d;
    Expr *c = loop_var(l, train_for(t, "c", channels(t)));
    d = bracket(t, c, y, x, &power);
    Expr *part = loop_div(l, loop_mul(l, read_at(t, 1, "DY", c, y, x), read_at(t, 0, "X", c, y, x)), loop_mul(l, loop_var(l, d), loop_var(l, power)));
    loop_store(l, scratch, c, part);
    loop_for_end(l);
    c = loop_var(l, train_for(t, "c", channels(t)));
    bracket(t, c, y, x, &power);
    Var *sum = window_sum(t, "near", c, y, x, kept_term, scratch);
    Expr *minus = loop_mul(l, loop_f32(l, 2 * n->lrn_alpha * n->lrn_beta / n->lrn_size), loop_mul(l, read_at(t, 0, "X", c, y, x), loop_var(l, sum)));
    Expr *dx = loop_sub(l, loop_div(l, read_at(t, 1, "DY", c, y, x), loop_var(l, power)), minus);
    loop_store(l, t->out[0], element(t, t->s->out[0], "Y", c, y, x), dx);
    loop_for_end(l);
}

typedef void PixelGradient(TrainKernel *t, Expr *y, Expr *x, Var *scratch);

/* Row by row, pixel by pixel; gap channels of the result are zero. */
static void by_pixel(TrainKernel *t, PixelGradient *pixel, Var *scratch)
{
    Lower *l = t->l;
    const Place *out = t->s->out[0];
    train_units(t);
    t->k.u->name = "oy";
    Expr *y = loop_var(l, t->k.u), *x = loop_var(l, train_for(t, "ox", out->buffer->w));
    pixel(t, y, x, scratch);
    loop_for_end(l);
    zero_gaps(l, t->out[0], out, loop_mul(l, y, loop_var(l, loop_dim(l, "Y_ROW", out->buffer->row))));
}

void kernel_lower_lrn_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Node *n = s->node;
    bool fresh = train_begin(&t, c, s, "lrn_grad", "x dy dx", arena_printf(c->page->unit->arena, "%d %.17g %.17g %.17g", n->lrn_size, n->lrn_alpha, n->lrn_beta, n->lrn_k),
        "dx = dy / d^beta - 2 alpha beta / n x * sum over neighbours of dy x / d^(beta + 1), d = k + alpha / n * sum of x^2;\nscratch holds the terms of one pixel.");
    Var *scratch = train_scratch(&t, "scratch", 0);
    if (fresh)
        by_pixel(&t, lrn_pixel, scratch);
    train_call(&t);
}

/* ---- L2 norm ---- */

static Expr *wide(TrainKernel *t, int k, const char *letter, Expr *c, Expr *y, Expr *x)
{
    return loop_convert(t->l, TY_F64, read_at(t, k, letter, c, y, x));
}

/* The pixel's sum over channels of X times input k, in double. */
static Var *sum_over_channels(TrainKernel *t, const char *name, int k, const char *letter, Expr *y, Expr *x)
{
    Lower *l = t->l;
    Var *sum = loop_mut(l, name, loop_f64(l, 0));
    Expr *c = loop_var(l, train_for(t, "c", channels(t)));
    loop_set(l, sum, loop_add(l, loop_var(l, sum), loop_mul(l, wide(t, 0, "X", c, y, x), wide(t, k, letter, c, y, x))));
    loop_for_end(l);
    return sum;
}

static void l2norm_pixel(TrainKernel *t, Expr *y, Expr *x, Var *scratch)
{
    (void)scratch;
    Lower *l = t->l;
    Expr *eps = loop_f64(l, t->s->node->eps);
    Var *squares = sum_over_channels(t, "squares", 0, "X", y, x), *dot = sum_over_channels(t, "dot", 1, "DY", y, x);
    Var *norm = loop_let(l, "norm", loop_sqrt(l, loop_var(l, squares)));
    Var *by = loop_let(l, "by", loop_max(l, loop_var(l, norm), eps));
    Expr *share = loop_div(l, loop_var(l, dot), loop_mul(l, loop_var(l, by), loop_var(l, by)));
    Var *along = loop_let(l, "along", loop_select(l, loop_bin(l, EX_LT, eps, loop_var(l, norm)), share, loop_f64(l, 0)));
    Expr *c = loop_var(l, train_for(t, "c", channels(t)));
    Expr *across = loop_sub(l, wide(t, 1, "DY", c, y, x), loop_mul(l, wide(t, 0, "X", c, y, x), loop_var(l, along)));
    loop_store(l, t->out[0], element(t, t->s->out[0], "Y", c, y, x), loop_convert(l, TY_F32, loop_div(l, across, loop_var(l, by))));
    loop_for_end(l);
}

void kernel_lower_l2norm_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    bool fresh = train_begin(&t, c, s, "l2norm_grad", "x dy dx", arena_printf(c->page->unit->arena, "%.17g", s->node->eps),
        arena_printf(c->page->unit->arena, "dx = (dy - x (x . dy) / |x|^2) / |x|, over the channels of a pixel; dy / %g where |x| does not exceed it.", s->node->eps));
    if (fresh)
        by_pixel(&t, l2norm_pixel, NULL);
    train_call(&t);
}

/* ---- Softmax ---- */

static void softmax_pixel(TrainKernel *t, Expr *y, Expr *x, Var *scratch)
{
    (void)scratch;
    Lower *l = t->l;
    Var *sum = sum_over_channels(t, "sum", 1, "DY", y, x);
    Expr *c = loop_var(l, train_for(t, "c", channels(t)));
    Expr *dx = loop_mul(l, wide(t, 0, "X", c, y, x), loop_sub(l, wide(t, 1, "DY", c, y, x), loop_var(l, sum)));
    loop_store(l, t->out[0], element(t, t->s->out[0], "Y", c, y, x), loop_convert(l, TY_F32, dx));
    loop_for_end(l);
}

void kernel_lower_softmax_grad(LowerContext *c, Step *s)
{
    TrainKernel t;
    if (train_begin(&t, c, s, "softmax_grad", "x dy dx", "", "dx = x (dy - sum over the pixel's channels of x dy), x what softmax gave."))
        by_pixel(&t, softmax_pixel, NULL);
    train_call(&t);
}

/* Weight gradients by Cook-Toom (cook_toom.h), the transpose of the forward form: y = A^T [ (G w) * (B^T x) ] A gives
 *
 *   dw = G^T [ sum over tiles of (A dy) * (B^T x) ] G          along both axes (Lavin and Gray, arXiv 1509.09308, section 4)
 *
 * so that each of alpha_h * alpha_w sums is one of outer products, as in the direct way, but over tiles instead of pixels and
 * instead of one for each tap.
 *
 *   e = spread of dy, all outputs     of a block of tiles; every part makes its own
 *   v = input transform of x          of 16 inputs, when their first unit comes
 *   sums[k] += e[k] * v[k]            a unit: 16 inputs times 16 outputs, outputs innermost
 *
 * Blocks are whole rows of tiles of one image, or all tiles of some images.  The border of dy is zero, so that tiles may
 * reach beyond it. */
#include "cook_toom_leaf.h"
#include "weight_grad.h"

typedef struct FastGrad {
    TrainKernel t;
    FastForm form;
    FastGradSize size;
    OuterSum sum;
    BatchPart batch;
    Var *e, *v, *sums, *dw, *image;
    Expr *images;           /* of the call */
    int out_blocks;
    Expr *first, *n;        /* tiles of the block in an image */
    Var *chunk;             /* the block; null where there is one */
    Var *transformed;       /* the block of inputs that v holds */
} FastGrad;

static FastForm form_of(const Step *s)
{
    const Window *w = &s->node->window;
    FastForm f;
    cook_toom(&f.h, s->fast.mh, w->kh, 1);
    cook_toom(&f.w, s->fast.mw, w->kw, 1);
    return f;
}

FastGradSize weight_grad_fast_size(const Step *s)
{
    const FastConv *f = &s->fast;
    FastGradSize z = { .points = fast_points(f, &s->node->window) };
    z.tiles = (f->rows + f->blocks - 1) / f->blocks * f->columns;
    z.slab = odd_lines((int64_t)s->images * z.tiles * 16);
    z.block = z.points * z.slab;
    z.scratch = z.block * (1 + place_blocks(s->in[1]));
    return z;
}

static FastGrad begin(LowerContext *c, Step *s, bool *fresh)
{
    FastGrad g = { .form = form_of(s), .size = weight_grad_fast_size(s), .out_blocks = place_blocks(s->in[1]) };
    const Window *w = &s->node->window;
    const FastConv *f = &s->fast;
    Arena *a = c->page->unit->arena;
    const char *key = arena_printf(a, "F%dx%d %d,%d in %d of %d", f->mh, f->mw, w->top, w->left, f->blocks, s->images);
    const char *comment = arena_printf(a, "dw += sum over the pixels of some images of dy times x, by F(%d x %d, %d x %d): %d x %d tiles an image, %d products\n"
        "each where the direct way takes %d; sums begin with the first image and go to dw with the last.",
        f->mh, f->mw, w->kh, w->kw, f->rows, f->columns, g.size.points, f->mh * f->mw * w->kh * w->kw);
    g.sum = (OuterSum){ .depth = 16, .x_pixel = 16 };
    outer_sum_leaves(c, &g.sum);
    cook_toom_spread(c->page->unit, c->plan->target->vector, &g.form);
    cook_toom_input(c->page->unit, c->plan->target->vector, &g.form);
    cook_toom_taps(c->page->unit, c->plan->target->vector, &g.form);
    *fresh = train_begin(&g.t, c, s, arena_printf(a, "weight_grad%dx%d_f%dx%d", w->kh, w->kw, f->mh, f->mw), "x dy", key, comment);
    train_see_images(&g.t, 0, -w->top, -w->left);
    train_see_images(&g.t, 1, 0, 0);
    g.sums = train_sums(&g.t);
    g.dw = train_gradient(&g.t, "dw", s->node->out[0]);
    g.v = train_scratch(&g.t, "v", 0);
    g.e = train_scratch(&g.t, "e", g.size.block);
    g.batch = train_batch_part(&g.t);
    g.image = train_int(&g.t, "image", loop_int(c->page, c->plan->arena_bytes / 4));
    return g;
}

/* Begins a loop over the images of the call; a pointer to x or dy of the image, and the offset of its tiles in a slab. */
static Var *images_begin(FastGrad *g, const char *name, Var *pixels, Expr *at, Expr **tiles)
{
    Lower *l = g->t.l;
    Var *p = loop_pointer(l, name, loop_address(l, pixels, at), false);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), g->images, 1);
    *tiles = loop_mul(l, loop_var(l, i), loop_mul(l, g->n, loop_int(l, 16)));
    return p;
}

static void images_end(FastGrad *g, Var *p)
{
    loop_advance(g->t.l, p, loop_var(g->t.l, g->image));
    loop_for_end(g->t.l);
}

static void spread_outputs(FastGrad *g)
{
    Lower *l = g->t.l;
    const Buffer *dy = g->t.s->in[1]->buffer;
    Expr *ob = loop_var(l, train_for(&g->t, "ob", g->out_blocks)), *tiles;
    Var *p = images_begin(g, "di", g->t.in[1], loop_mul(l, ob, loop_var(l, loop_dim(l, "DY_PLANE", dy->plane))), &tiles);
    Expr *to = loop_add(l, loop_mul(l, ob, loop_var(l, loop_dim(l, "BLOCK", g->size.block))), tiles);
    Expr *args[] = { loop_address(l, p, loop_int(l, 0)), loop_var(l, loop_dim(l, "DY_ROW", dy->row)), g->first, g->n,
                     loop_var(l, loop_dim(l, "COLUMNS", g->t.s->fast.columns)), loop_address(l, g->e, to), loop_var(l, loop_dim(l, "SLAB", g->size.slab)) };
    loop_call(l, cook_toom_spread(l->unit, g->t.type, &g->form), args, (int)(sizeof args / sizeof *args));
    images_end(g, p);
    loop_for_end(l);
}

static void transform_inputs(FastGrad *g, Var *ib)
{
    Lower *l = g->t.l;
    const Buffer *x = g->t.s->in[0]->buffer;
    loop_if_begin(l, loop_bin(l, EX_LT, loop_var(l, g->transformed), loop_var(l, ib)));
    Expr *tiles, *plane = loop_var(l, loop_dim(l, "X_PLANE", x->plane));
    Var *p = images_begin(g, "xi", g->t.in[0], loop_mul(l, loop_var(l, ib), plane), &tiles);
    InputTiles t = { loop_address(l, p, loop_int(l, 0)), loop_int(l, 1), plane, loop_var(l, loop_dim(l, "X_ROW", x->row)), g->first, g->n,
                     loop_var(l, loop_dim(l, "COLUMNS", g->t.s->fast.columns)), loop_address(l, g->v, tiles), loop_var(l, loop_dim(l, "SLAB", g->size.slab)) };
    cook_toom_call_input(l, g->t.type, &g->form, &t);
    images_end(g, p);
    loop_set(l, g->transformed, loop_var(l, ib));
    loop_if_end(l);
}

/* Begins what is done with the first, or the last, block of the batch only. */
static void if_first(FastGrad *g)
{
    train_if_first(&g->t, &g->batch);
    if (g->chunk)
        loop_if_begin(g->t.l, loop_bin(g->t.l, EX_EQ, loop_var(g->t.l, g->chunk), loop_int(g->t.l, 0)));
}

static void if_last(FastGrad *g)
{
    train_if_last(&g->t, &g->batch);
    if (g->chunk)
        loop_if_begin(g->t.l, loop_bin(g->t.l, EX_EQ, loop_var(g->t.l, g->chunk), loop_int(g->t.l, g->t.s->fast.blocks - 1)));
}

static void end_if(FastGrad *g)
{
    if (g->chunk)
        loop_if_end(g->t.l);
    loop_if_end(g->t.l);
}

static void unit_body(FastGrad *g, Expr *u)
{
    enum { PAIR = 16 * 16 };
    Lower *l = g->t.l;
    Var *ib = loop_let(l, "ib", loop_div(l, u, loop_int(l, g->out_blocks)));
    Expr *ob = loop_var(l, loop_let(l, "ob", loop_bin(l, EX_MOD, u, loop_int(l, g->out_blocks))));
    Expr *base = loop_var(l, loop_let(l, "base", loop_mul(l, u, loop_int(l, g->size.points * PAIR))));
    transform_inputs(g, ib);
    if_first(g);
    weight_grad_clear(&g->t, g->size.points * PAIR, g->sums, base);
    end_if(g);
    Expr *k = loop_var(l, train_for(&g->t, "k", g->size.points)), *slab = loop_mul(l, k, loop_var(l, loop_dim(l, "SLAB", g->size.slab)));
    Expr *e_at = loop_add(l, loop_mul(l, ob, loop_var(l, loop_dim(l, "BLOCK", g->size.block))), slab);
    outer_sum(&g->t, &g->sum, g->v, slab, g->e, e_at, g->sums, loop_add(l, base, loop_mul(l, k, loop_int(l, PAIR))));
    loop_for_end(l);
    if_last(g);
    Expr *sums = loop_address(l, g->sums, base);
    loop_call(l, cook_toom_taps(l->unit, g->t.type, &g->form), &sums, 1);
    weight_grad_scatter(&g->t, ob, loop_var(l, ib), g->sums, base, g->dw);
    end_if(g);
}

/* The rows of tiles of a block: equal ones, the last perhaps shorter. */
static void chunk_begin(FastGrad *g)
{
    Lower *l = g->t.l;
    const FastConv *f = &g->t.s->fast;
    g->first = loop_int(l, 0);
    g->n = loop_var(l, loop_dim(l, "TILES", g->size.tiles));
    if (f->blocks == 1)
        return;
    g->chunk = train_for(&g->t, "chunk", f->blocks);
    g->first = loop_var(l, loop_let(l, "first", loop_mul(l, loop_var(l, g->chunk), g->n)));
    g->n = loop_var(l, loop_let(l, "n_tiles", loop_min(l, g->n, loop_sub(l, loop_int(l, f->rows * f->columns), g->first))));
}

void lower_weight_grad_fast(LowerContext *c, Step *s)
{
    bool fresh;
    FastGrad g = begin(c, s, &fresh);
    if (fresh) {
        Lower *l = g.t.l;
        g.images = weight_grad_images(&g.t, &g.batch);
        kernel_part_begin(&g.t.k, s->units);
        chunk_begin(&g);
        spread_outputs(&g);
        g.sum.images = loop_int(l, 1);
        g.sum.image = g.sum.rows = loop_int(l, 1);
        g.sum.columns = loop_mul(l, g.images, g.n);
        g.transformed = loop_mut(l, "transformed", loop_int(l, -1));
        Var *u = loop_for_begin(l, "u", loop_var(l, g.t.k.begin), loop_var(l, g.t.k.end), 1);
        unit_body(&g, loop_var(l, u));
        loop_for_end(l);
        if (g.chunk)
            loop_for_end(l);
    }
    kernel_call(c, g.t.f, g.t.args, g.t.n_args);
}

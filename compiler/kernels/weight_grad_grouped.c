/* Gradient of a grouped convolution's weights, summed over the images of a batch in their order.
 *
 *   dw[co][ci][ky][kx] = sum over images, oy, ox of dy[co][oy][ox] * x[co / CO * CI + ci][oy*SH + ky - top][ox*SW + kx - left]
 *
 * CO outputs and CI inputs are a group's.  A unit is an output channel: dw itself holds its sums from call to call, so nothing
 * is combined.  Scalar: layers of groups are a small share of any network of this family. */
#include "weight_grad.h"

enum { MOST_SUMS = 8 }; /* at once: additions of one sum wait for each other, those of several taps do not */

typedef struct Sum {
    Expr *x_at, *dy_at;   /* where sums begin in x and in dy: the pixels of the first tap */
    Expr *images, *image; /* of a call; floats from one image to the next */
} Sum;

static const char *numbered(Lower *l, const char *s, int i) { return arena_printf(l->unit->arena, "%s%d", s, i); }

/* sum[i] = x times dy over all pixels of the images, for n neighbouring taps of a row, the first of them kx. */
static void sums_of_taps(TrainKernel *t, const Sum *s, int kx, int n, Var **sum)
{
    Lower *l = t->l;
    const Window *w = &t->s->node->window;
    const Buffer *x = t->s->in[0]->buffer, *dy = t->s->in[1]->buffer;
    for (int i = 0; i < n; i++)
        sum[i] = loop_mut(l, numbered(l, "sum", kx + i), loop_f32(l, 0));
    Var *xi = loop_pointer(l, numbered(l, "x", kx), loop_address(l, t->in[0], s->x_at), false);
    Var *di = loop_pointer(l, numbered(l, "dy", kx), loop_address(l, t->in[1], s->dy_at), false);
    loop_for_begin(l, "i", loop_int(l, 0), s->images, 1);
    Expr *oy = loop_var(l, train_for(t, "oy", dy->h)), *ox = loop_var(l, train_for(t, "ox", dy->w));
    Expr *at = pixel_index(l, x, "X_ROW", loop_mul(l, oy, loop_int(l, w->sh)), loop_mul(l, ox, loop_int(l, w->sw)));
    Var *d = loop_let(l, numbered(l, "d", kx), loop_load(l, TY_F32, di, pixel_index(l, dy, "DY_ROW", oy, ox)));
    for (int i = 0; i < n; i++) {
        Expr *xv = loop_load(l, TY_F32, xi, loop_add(l, at, loop_int(l, i * x->block)));
        loop_set(l, sum[i], loop_add(l, loop_var(l, sum[i]), loop_mul(l, loop_var(l, d), xv)));
    }
    loop_for_end(l);
    loop_for_end(l);
    loop_advance(l, xi, s->image);
    loop_advance(l, di, s->image);
    loop_for_end(l);
}

static void clear_weights(TrainKernel *t, Expr *from, int n, Var *dw)
{
    Lower *l = t->l;
    Var *i = train_for(t, "i", n);
    loop_store(l, dw, loop_add(l, from, loop_var(l, i)), loop_f32(l, 0));
    loop_for_end(l);
}

static void unit_body(TrainKernel *t, Sum *s, Var *dw, const BatchPart *batch)
{
    Lower *l = t->l;
    const Node *n = t->s->node;
    const Buffer *x = t->s->in[0]->buffer;
    int cig = n->in[0]->shape.dim[0] / n->groups, cog = n->in[1]->shape.dim[0] / n->groups, taps = n->window.kh * n->window.kw;
    Expr *co = loop_var(l, t->k.u);
    Expr *row = loop_var(l, loop_let(l, "row", loop_mul(l, co, loop_int(l, cig * taps))));
    train_if_first(t, batch);
    clear_weights(t, row, cig * taps, dw);
    loop_if_end(l);
    Expr *ci = loop_var(l, train_for(t, "ci", cig)), *ky = loop_var(l, train_for(t, "ky", n->window.kh));
    Expr *channel = loop_add(l, loop_mul(l, loop_div(l, co, loop_int(l, cog)), loop_int(l, cig)), ci);
    Expr *first = loop_add(l, loop_mul(l, ci, loop_int(l, taps)), loop_mul(l, ky, loop_int(l, n->window.kw)));
    s->dy_at = channel_offset(l, t->s->in[1], co);
    for (int kx = 0, count; kx < n->window.kw; kx += count) {
        Var *sum[MOST_SUMS];
        count = n->window.kw - kx < MOST_SUMS ? n->window.kw - kx : MOST_SUMS;
        s->x_at = loop_add(l, channel_offset(l, t->s->in[0], channel), pixel_index(l, x, "X_ROW", ky, loop_int(l, kx)));
        sums_of_taps(t, s, kx, count, sum);
        for (int i = 0; i < count; i++) {
            Expr *at = loop_add(l, row, loop_add(l, first, loop_int(l, kx + i)));
            loop_store(l, dw, at, loop_add(l, loop_load(l, TY_F32, dw, at), loop_var(l, sum[i])));
        }
    }
    for (int k = 0; k < 2; k++)
        loop_for_end(l);
}

void kernel_lower_weight_grad_grouped(LowerContext *c, Step *s)
{
    TrainKernel t;
    const Node *n = s->node;
    const Window *w = &n->window;
    Arena *a = c->page->unit->arena;
    const char *key = arena_printf(a, "%dx%d/%dx%d %d,%d groups %d", w->kh, w->kw, w->sh, w->sw, w->top, w->left, n->groups);
    bool fresh = train_begin(&t, c, s, arena_printf(a, "weight_grad%dx%d_groups%d", w->kh, w->kw, n->groups), "x dy", key,
        "dw of a grouped convolution: += sum over the pixels of some images of dy times x of the same group, from 0 at the first image.");
    train_see_images(&t, 0, -w->top, -w->left);
    train_see_images(&t, 1, 0, 0);
    Var *dw = train_gradient(&t, "dw", n->out[0]);
    BatchPart batch = train_batch_part(&t);
    Var *image = train_int(&t, "image", loop_int(c->page, c->plan->arena_bytes / 4));
    if (fresh) {
        Sum sum = { .images = weight_grad_images(&t, &batch), .image = loop_var(t.l, image) };
        train_units(&t);
        t.k.u->name = "co";
        unit_body(&t, &sum, dw, &batch);
    }
    train_call(&t);
}

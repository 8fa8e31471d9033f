/* LRN for the vector targets.  The channels of a pixel are a row of vectors, from block to block, so the
 * neighbours of a vector's lanes are lanes of itself and of the vectors before and behind it:
 *     sum = lanes(before, own, -2) + lanes(before, own, -1) + own + lanes(own, behind, 1) + lanes(own, behind, 2)
 * of squares.  Blocks run outside of pixels: each pixel's vectors lie a plane apart, and as many streams as there
 * are blocks were slower than squaring the neighbours again.  Sums are taken in the order of channels, as in the
 * scalar kernel (channels.c), which does what is left: other powers, channels with gaps between them. */
#include "kernels.h"

enum { MOST_VECTORS = 2 };

typedef struct Lrn {
    const Step *s;
    Lower *l;
    Type type;
    int lanes, vectors;  /* vectors per block */
    Var *x, *y, *oy, *ox;
} Lrn;

bool lrn_goes_by_lanes(const Plan *p, const Step *s)
{
    const Node *n = s->node;
    const Place *x = s->in[0];
    bool whole = x->n_segments == 1 && x->buffer->block == 16 && place_same_map(x, s->out[0]);
    bool gaps_stay_zero = place_gaps(x) == 0 || n->lrn_k > 0; /* 0 / k^beta */
    return whole && gaps_stay_zero && n->lrn_beta == 0.75 && n->lrn_size / 2 < type_lanes(p->target->vector);
}

static Expr *splat(Lrn *p, double v) { return loop_splat(p->l, p->type, loop_f32(p->l, v)); }

/* Index of the pixel's vector v of a block. */
static Expr *at(Lrn *p, bool out, Expr *block, int v)
{
    Lower *l = p->l;
    const Buffer *b = (out ? p->s->out[0] : p->s->in[0])->buffer;
    Expr *plane = loop_mul(l, block, loop_var(l, loop_dim(l, out ? "Y_PLANE" : "X_PLANE", b->plane)));
    Expr *row = loop_mul(l, loop_var(l, p->oy), loop_var(l, loop_dim(l, out ? "Y_ROW" : "X_ROW", b->row)));
    Expr *pixel = loop_add(l, loop_add(l, plane, row), loop_mul(l, loop_var(l, p->ox), loop_int(l, 16)));
    return loop_add(l, pixel, loop_int(l, v * p->lanes));
}

/* Sum of the squares of the channels around each lane of `own`; before and behind may be null: no channels there. */
static Expr *window_sum(Lrn *p, Var *before, Var *own, Var *behind)
{
    Lower *l = p->l;
    int half = p->s->node->lrn_size / 2;
    Expr *sum = NULL, *zero = splat(p, 0);
    for (int d = -half; d <= half; d++) {
        Expr *first = d < 0 ? before ? loop_var(l, before) : zero : loop_var(l, own);
        Expr *second = d < 0 ? loop_var(l, own) : behind ? loop_var(l, behind) : zero;
        Expr *q = loop_lanes(l, first, second, d < 0 ? p->lanes + d : d);
        sum = sum ? loop_add(l, sum, q) : q;
    }
    return sum;
}

/* y of vector v of the block: x / s^0.75, s = k + alpha / n * sum. */
static void write(Lrn *p, Expr *block, int v, Var *x, Var *before, Var *own, Var *behind)
{
    Lower *l = p->l;
    const Node *n = p->s->node;
    Expr *sum = loop_var(l, loop_let(l, "sum", window_sum(p, before, own, behind)));
    Expr *s = loop_add(l, splat(p, n->lrn_k), loop_mul(l, splat(p, n->lrn_alpha / n->lrn_size), sum));
    Expr *root = loop_var(l, loop_let(l, "root", loop_sqrt(l, s)));
    Expr *power = loop_mul(l, root, loop_sqrt(l, root)); /* s^0.5 * s^0.25 */
    loop_store(l, p->y, at(p, true, block, v), loop_div(l, loop_var(l, x), power));
}

static Var *square_of(Lrn *p, const char *name, Var *x) { return loop_let(p->l, name, loop_mul(p->l, loop_var(p->l, x), loop_var(p->l, x))); }

/* The row of one block; first, last: no channels before it, behind it. */
static void block_row(Lrn *p, Expr *block, bool first, bool last)
{
    Lower *l = p->l;
    Var *x[MOST_VECTORS], *own[MOST_VECTORS], *before = NULL, *behind = NULL, *neighbour;
    p->ox = loop_for_begin(l, "ox", loop_int(l, 0), loop_int(l, p->s->out[0]->buffer->w), 1);
    for (int v = 0; v < p->vectors; v++) {
        x[v] = loop_let(l, v ? "upper" : "own", loop_load(l, p->type, p->x, at(p, false, block, v)));
        own[v] = square_of(p, v ? "upper_square" : "square", x[v]);
    }
    if (!first) {
        neighbour = loop_let(l, "previous", loop_load(l, p->type, p->x, at(p, false, loop_sub(l, block, loop_int(l, 1)), p->vectors - 1)));
        before = square_of(p, "before", neighbour);
    }
    if (!last) {
        neighbour = loop_let(l, "next", loop_load(l, p->type, p->x, at(p, false, loop_add(l, block, loop_int(l, 1)), 0)));
        behind = square_of(p, "behind", neighbour);
    }
    for (int v = 0; v < p->vectors; v++)
        write(p, block, v, x[v], v ? own[v - 1] : before, own[v], v + 1 < p->vectors ? own[v + 1] : behind);
    loop_for_end(l);
}

static void row_body(Lrn *p)
{
    Lower *l = p->l;
    int blocks = place_blocks(p->s->in[0]);
    block_row(p, loop_int(l, 0), true, blocks == 1);
    Var *b = loop_for_begin(l, "block", loop_int(l, 1), loop_int(l, blocks - 1), 1);
    if (blocks > 2)
        block_row(p, loop_var(l, b), false, false);
    loop_for_end(l);
    if (blocks > 1)
        block_row(p, loop_int(l, blocks - 1), false, true);
}

static Func *lrn_func(LowerContext *c, const Step *s, const char *key)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    const Node *n = s->node;
    const int *d = n->in[0]->shape.dim;
        const char *comment = arena_printf(a, "y[c] = x[c] / (%g + %g / %d * sum of x[j]^2 for |j - c| <= %d)^%g, 16 channels a block.", n->lrn_k, n->lrn_alpha,
                                       n->lrn_size, n->lrn_size / 2, n->lrn_beta);
    Type type = c->plan->target->vector;
    Func *f = unit_func(u, key, arena_printf(a, "lrn_%dx%dx%d", d[0], d[1], d[2]), comment, type);
    Lrn p = { .s = s, .l = lower_new(u, f), .type = type, .lanes = type_lanes(type), .vectors = 16 / type_lanes(type) };
    p.x = loop_param(p.l, VAR_PARAM_IN, "x", 0);
    p.y = loop_param(p.l, VAR_PARAM_OUT, "y", 0);
    Kernel k = { .l = p.l };
    kernel_units_begin(&k, s->out[0]->buffer->h);
    k.u->name = "oy";
    p.oy = k.u;
    row_body(&p);
    kernel_units_end(&k);
    return f;
}

void lower_lrn_lanes(LowerContext *c, Step *s)
{
    Arena *a = c->plan->arena;
    const Node *n = s->node;
    const char *key = arena_printf(a, "lrn lanes %d %.17g %.17g %s %s", n->lrn_size, n->lrn_alpha, n->lrn_k, place_key(a, s->in[0]), place_key(a, s->out[0]));
    Func *f = unit_find_func(c->page->unit, key);
    if (!f)
        f = lrn_func(c, s, key);
    Expr *args[4] = { place_address(c, s->in[0], 0, 0), place_address(c, s->out[0], 0, 0) };
    kernel_call(c, f, args, 2);
}

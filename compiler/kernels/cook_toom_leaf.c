/* The transforms of a fast convolution F(mh x mw, kh x kw): vector code from exact matrices, a loop over lines for each axis.
 *
 *   v = Bh d Bw^T     input tile d: alpha_h x alpha_w pixels of 16 channels
 *   y = Ah m Aw^T     output tile y: mh x mw pixels of 16 channels
 *   e = Ah^T dy Aw    a tile of the gradient of y
 *   dw = Gh^T s Gw    s: sum of e * v over tiles
 *
 * An axis without taps is the identity and has no loop.  Between the axes stands an array, which AVX-512 keeps in registers (the
 * loops are written out) and for which AVX2 has too few.  Rows of p and -p are computed as even + odd and even - odd half. */
#include "cook_toom_leaf.h"

typedef struct Transform {
    Lower *l;
    Type type;
} Transform;

typedef struct Term {
    Fraction c;
    Var *v;
} Term;

static bool is_int(Fraction f, int v) { return f.num == v && f.den == 1; }

static Expr *times(Transform *t, Fraction c, Expr *x)
{
    if (is_int(c, 1))
        return x;
    return loop_mul(t->l, loop_splat(t->l, t->type, loop_f32(t->l, fraction_value(c))), x);
}

/* sum + c * v */
static Expr *plus(Transform *t, Expr *sum, const Term *term)
{
    Expr *v = loop_var(t->l, term->v);
    if (is_int(term->c, 1))
        return loop_add(t->l, sum, v);
    if (is_int(term->c, -1))
        return loop_sub(t->l, sum, v);
    return loop_fma(t->l, loop_splat(t->l, t->type, loop_f32(t->l, fraction_value(term->c))), v, sum);
}

/* Begins with the last term that needs no factor. */
static Expr *sum_of(Transform *t, const Term *terms, int n)
{
    int start = n - 1;
    while (start > 0 && !is_int(terms[start].c, 1))
        start--;
    Expr *sum = times(t, terms[start].c, loop_var(t->l, terms[start].v));
    for (int i = n - 1; i >= 0; i--)
        if (i != start)
            sum = plus(t, sum, &terms[i]);
    return sum;
}

static Var *named(Transform *t, const char *name, int i, Expr *e)
{
    return loop_let(t->l, arena_printf(t->l->unit->arena, "%s%d", name, i), e);
}

/* A sum that has a name, unless it is one term as it is. */
static Var *named_sum(Transform *t, const char *name, int i, const Term *terms, int n)
{
    return n == 1 && is_int(terms[0].c, 1) ? terms[0].v : named(t, name, i, sum_of(t, terms, n));
}

static int row_terms(const Fraction *c, int alpha, Var *const *in, Term *out)
{
    int n = 0;
    for (int k = 0; k < alpha; k++)
        if (c[k].num)
            out[n++] = (Term){ c[k], in[k] };
    return n;
}

/* The terms in which a row and its mate are equal (even) or opposite (odd). */
static int half_terms(const CookToom *f, int i, bool even, Var *const *in, Term *out)
{
    const Fraction *c = f->b[i], *mate = f->b[f->mate[i]];
    int n = 0;
    for (int k = 0; k < f->alpha; k++)
        if (c[k].num && (c[k].num == mate[k].num) == even)
            out[n++] = (Term){ c[k], in[k] };
    return n;
}

/* Rows i and j = mate of i: the even half plus and minus p times the odd half. */
static void apply_pair(Transform *t, const CookToom *f, int i, Var *const *in, Expr **out)
{
    Term terms[COOK_TOOM_MOST];
    int n = half_terms(f, i, true, in, terms);
    Term even = { { 1, 1 }, named_sum(t, "even", i, terms, n) };
    n = half_terms(f, i, false, in, terms);
    Fraction p = terms[n - 1].c; /* of the highest power: the point itself */
    for (int k = 0; k < n; k++)
        terms[k].c = fraction_over(terms[k].c, p);
    Term odd = { p, named_sum(t, "odd", i, terms, n) };
    out[i] = plus(t, loop_var(t->l, even.v), &odd);
    odd.c.num = -odd.c.num;
    out[f->mate[i]] = plus(t, loop_var(t->l, even.v), &odd);
}

static void apply_b(Transform *t, const CookToom *f, Var *const *in, Expr **out)
{
    Term terms[COOK_TOOM_MOST];
    for (int i = 0; i < f->alpha; i++) {
        if (f->mirror[i] && f->mate[i] > i)
            apply_pair(t, f, i, in, out);
        else if (!f->mirror[i])
            out[i] = sum_of(t, terms, row_terms(f->b[i], f->alpha, in, terms));
    }
}

/* y_k = sum of p^k m: of a pair p, -p the sum where k is even, the difference where it is odd. */
static void apply_a(Transform *t, const CookToom *f, Var *const *in, Expr **out)
{
    Var *sum[COOK_TOOM_MOST], *difference[COOK_TOOM_MOST];
    for (int i = 0; i < f->alpha; i++)
        if (f->mate[i] > i) {
            Expr *p = loop_var(t->l, in[i]), *q = loop_var(t->l, in[f->mate[i]]);
            sum[i] = named(t, "sum", i, loop_add(t->l, p, q));
            difference[i] = f->m > 1 ? named(t, "diff", i, loop_sub(t->l, p, q)) : NULL;
        }
    for (int k = 0; k < f->m; k++) {
        Term terms[COOK_TOOM_MOST];
        int n = 0;
        for (int i = 0; i < f->alpha; i++) {
            if (f->a[k][i].num == 0 || (f->mate[i] >= 0 && f->mate[i] < i))
                continue;
            terms[n++] = (Term){ f->a[k][i], f->mate[i] < 0 ? in[i] : f->a[k][f->mate[i]].num == f->a[k][i].num ? sum[i] : difference[i] };
        }
        out[k] = sum_of(t, terms, n);
    }
}

static bool is_strided(const FastForm *f) { return f->h.stride > 1 || f->w.stride > 1; }

static const char *form_name(Arena *a, const FastForm *f)
{
    const char *name = arena_printf(a, "%dx%d_%dx%d", f->h.m, f->w.m, f->h.r, f->w.r);
    if (!is_strided(f))
        return name;
    return f->h.stride == f->w.stride ? arena_printf(a, "%s_s%d", name, f->h.stride) : arena_printf(a, "%s_s%dx%d", name, f->h.stride, f->w.stride);
}

/* Input transforms of forms with the same points are one: B does not depend on how alpha is shared by m and r.  With a stride it does. */
static const char *points_name(Arena *a, const FastForm *f)
{
    return is_strided(f) ? form_name(a, f) : arena_printf(a, "%dx%d", f->h.alpha, f->w.alpha);
}

/* The pixel at the corner of a tile: row ty * h, column tx * w. */
static Expr *corner(Lower *l, int h, int w, Var *ty, Var *tx, Var *row)
{
    return loop_add(l, loop_mul(l, loop_mul(l, loop_var(l, ty), loop_int(l, h)), loop_var(l, row)),
                    loop_mul(l, loop_var(l, tx), loop_int(l, w * 16)));
}

typedef struct TileLoop {
    Var *i, *ty, *tx, *lane;
} TileLoop;

/* for each tile of the block: its row and column; lanes of the 16 channels by the width of a vector. */
static TileLoop tiles_begin(Lower *l, Type type, Var *first, Var *n, Var *columns)
{
    TileLoop t = { .i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, n), 1) };
    Expr *tile = loop_add(l, loop_var(l, first), loop_var(l, t.i));
    t.ty = loop_let(l, "ty", loop_div(l, tile, loop_var(l, columns)));
    t.tx = loop_let(l, "tx", loop_bin(l, EX_MOD, tile, loop_var(l, columns)));
    t.lane = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, 16), type_lanes(type));
    return t;
}

static void tiles_end(Lower *l)
{
    loop_for_end(l);
    loop_for_end(l);
}

/* e_i = sum of p^k dy_k: of a pair p, -p the even half plus and minus the odd one. */
static void apply_spread(Transform *t, const CookToom *f, Var *const *in, Expr **out)
{
    for (int i = 0; i < f->alpha; i++) {
        Term half[2][COOK_TOOM_MOST];
        int n[2] = { 0, 0 }, mate = f->mate[i];
        if (mate >= 0 && mate < i)
            continue;
        for (int k = 0; k < f->m; k++)
            if (f->a[k][i].num) {
                int odd = mate >= 0 && f->a[k][i].num != f->a[k][mate].num;
                half[odd][n[odd]++] = (Term){ f->a[k][i], in[k] };
            }
        if (mate < 0) {
            out[i] = sum_of(t, half[0], n[0]);
            continue;
        }
        Var *e = named_sum(t, "even", i, half[0], n[0]), *o = named_sum(t, "odd", i, half[1], n[1]);
        out[i] = loop_add(t->l, loop_var(t->l, e), loop_var(t->l, o));
        out[mate] = loop_sub(t->l, loop_var(t->l, e), loop_var(t->l, o));
    }
}

/* dw_k = sum of G_ik s_i. */
static void apply_taps(Transform *t, const CookToom *f, Var *const *in, Expr **out)
{
    for (int k = 0; k < f->r; k++) {
        Term terms[COOK_TOOM_MOST];
        int n = 0;
        for (int i = 0; i < f->alpha; i++)
            if (f->g[i][k].num)
                terms[n++] = (Term){ f->g[i][k], in[i] };
        out[k] = sum_of(t, terms, n);
    }
}

/* One axis of a transform: in[i] to out[k]. */
typedef void Apply(Transform *t, const CookToom *f, Var *const *in, Expr **out);

typedef struct Stride {
    int n;
    Expr *unit;
} Stride;

typedef struct Side { /* where element k of line i lies: array[k * along + i * across] */
    Var *array;
    Stride along, across;
} Side;

typedef struct Axis { /* n elements of each of so many lines become n_out */
    Apply *apply;
    const CookToom *f;
    const char *name, *line; /* of an element and of the loop's variable */
    int n, n_out, lines;
    Side from, to;
} Axis;

typedef struct Pass { /* a transform of both axes: h x w elements become out_h x out_w */
    Apply *apply;
    const char *name; /* of an element */
    int h, w, out_h, out_w;
} Pass;

static bool two_axes(const FastForm *f) { return cook_toom_two_axes(&f->h, &f->w); }

static Expr *element(Lower *l, const Side *s, int k, Expr *line)
{
    Expr *along = loop_int(l, k * s->along.n), *across = loop_mul(l, loop_int(l, s->across.n), line);
    if (s->along.unit == s->across.unit) /* where loops are written out this is a number times the unit */
        return loop_mul(l, loop_add(l, across, along), s->along.unit);
    return loop_add(l, loop_mul(l, across, s->across.unit), loop_mul(l, along, s->along.unit));
}

/* Rows of `width` elements; an element is a unit from the next. */
static Side rows_of(Var *array, Expr *unit, int width) { return (Side){ array, { 1, unit }, { width, unit } }; }

/* Pixels of 16 channels from p on, by columns; row is null where there is one row. */
static Side pixels_of(Lower *l, Var *p, Var *row) { return (Side){ p, { 1, row ? loop_var(l, row) : loop_int(l, 0) }, { 16, loop_int(l, 1) } }; }

static Side turned(Side s) { return (Side){ s.array, s.across, s.along }; }

static void transform_line(Transform *t, const Axis *x, Expr *line, Expr **out)
{
    Var *in[COOK_TOOM_MOST] = { NULL };
    for (int k = 0; k < x->n; k++)
        in[k] = named(t, x->name, k, loop_load(t->l, t->type, x->from.array, element(t->l, &x->from, k, line)));
    x->apply(t, x->f, in, out);
}

/* A loop over lines, which are alike. */
static Expr *lines_begin(Transform *t, const Axis *x)
{
    return loop_var(t->l, loop_for_begin(t->l, x->line, loop_int(t->l, 0), loop_int(t->l, x->lines), 1));
}

static void one_axis(Transform *t, const Axis *x)
{
    Expr *out[COOK_TOOM_MOST], *line = lines_begin(t, x);
    transform_line(t, x, line, out);
    for (int k = 0; k < x->n_out; k++)
        loop_store(t->l, x->to.array, element(t->l, &x->to, k, line), out[k]);
    loop_for_end(t->l);
}

/* What h makes of columns stands in array t, whose rows w takes. */
static void join_axes(Transform *t, Axis *h, Axis *w)
{
    w->from = rows_of(loop_array(t->l, t->type, "t", (int64_t)h->n_out * h->lines), loop_int(t->l, 1), h->lines);
    w->name = "t";
    h->to = turned(w->from);
}

/* Columns of `from` to columns of array t, rows of that to rows of `to`.  An axis without taps is left out, and t. */
static void both_axes(Lower *l, Type type, const FastForm *f, const Pass *pass, Side from, Side to)
{
    Transform t = { l, type };
    Axis h = { pass->apply, &f->h, pass->name, "j", pass->h, pass->out_h, pass->w, from, turned(to) };
    Axis w = { pass->apply, &f->w, pass->name, "r", pass->w, pass->out_w, pass->out_h, turned(from), to };
    if (two_axes(f))
        join_axes(&t, &h, &w);
    if (f->h.alpha > 1)
        one_axis(&t, &h);
    if (f->w.alpha > 1)
        one_axis(&t, &w);
}

/* What the transform depends on: "for the points 0, 1, -1 and infinity". */
static const char *points_comment(Arena *a, const FastForm *f)
{
    if (is_strided(f))
        return arena_printf(a, "of F(%d x %d, %d x %d) by steps of %d x %d", f->h.m, f->w.m, f->h.r, f->w.r, f->h.stride, f->w.stride);
    if (!two_axes(f) || f->h.alpha == f->w.alpha)
        return arena_printf(a, "for the points %s", cook_toom_points_text(a, f->h.alpha > 1 ? f->h.alpha : f->w.alpha));
    return arena_printf(a, "for the points %s down,\n%s across", cook_toom_points_text(a, f->h.alpha), cook_toom_points_text(a, f->w.alpha));
}

Func *cook_toom_input(Unit *u, Type type, const FastForm *f)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, "input_%s", points_name(a, f));
    const char *key = arena_printf(a, "fast %s", name);
    Func *fn = unit_find_func(u, key);
    if (fn)
        return fn;
    fn = unit_func(u, key, name,
        arena_printf(a, "Input transform %s:\n"
                        "v[k][block][tile] = (Bh d Bw^T)[k] of the tile's %d x %d pixels, for tiles [first, first + n) and\n"
                        "every block of 16 channels; tiles are `down` and `right` apart%s.",
                     points_comment(a, f), f->h.alpha, f->w.alpha, two_axes(f) ? "; t = Bh d" : ""), type);
    Lower *l = lower_new(u, fn);
    Var *x = loop_param(l, VAR_PARAM_IN, "x", 0);
    Var *blocks = loop_param(l, VAR_PARAM_INT, "blocks", 0), *plane = loop_param(l, VAR_PARAM_INT, "plane", 0);
    Var *row = f->h.alpha > 1 ? loop_param(l, VAR_PARAM_INT, "row", 0) : NULL, *down = loop_param(l, VAR_PARAM_INT, "down", 0);
    Var *right = loop_param(l, VAR_PARAM_INT, "right", 0), *first = loop_param(l, VAR_PARAM_INT, "first", 0);
    Var *n = loop_param(l, VAR_PARAM_INT, "n", 0), *columns = loop_param(l, VAR_PARAM_INT, "columns", 0);
    Var *v = loop_param(l, VAR_PARAM_OUT, "v", 0), *slab = loop_param(l, VAR_PARAM_INT, "slab", 0);
    Var *cb = loop_for_begin(l, "cb", loop_int(l, 0), loop_var(l, blocks), 1);
    TileLoop t = tiles_begin(l, type, first, n, columns);
    Expr *tile = loop_add(l, loop_mul(l, loop_var(l, t.ty), loop_var(l, down)), loop_mul(l, loop_var(l, t.tx), loop_var(l, right)));
    Expr *at = loop_add(l, loop_mul(l, loop_var(l, cb), loop_var(l, plane)), tile);
    Var *p = loop_let(l, "p", loop_address(l, x, loop_add(l, at, loop_var(l, t.lane))));
    Expr *to = loop_add(l, loop_mul(l, loop_var(l, cb), loop_var(l, n)), loop_var(l, t.i));
    Var *q = loop_pointer(l, "q", loop_address(l, v, loop_add(l, loop_mul(l, to, loop_int(l, 16)), loop_var(l, t.lane))), true);
    Pass pass = { apply_b, "d", f->h.alpha, f->w.alpha, f->h.alpha, f->w.alpha };
    both_axes(l, type, f, &pass, pixels_of(l, p, row), rows_of(q, loop_var(l, slab), f->w.alpha));
    tiles_end(l);
    loop_for_end(l);
    return fn;
}

void cook_toom_call_input(Lower *l, Type type, const FastForm *f, const InputTiles *t)
{
    Expr *down = loop_mul(l, loop_int(l, f->h.m * f->h.stride), t->row), *right = loop_int(l, f->w.m * f->w.stride * 16);
    Expr *args[11] = { t->x, t->blocks, t->plane }, *const rest[] = { down, right, t->first, t->n, t->columns, t->v, t->slab };
    int n = 3;
    if (f->h.alpha > 1)
        args[n++] = t->row;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        args[n++] = rest[i];
    loop_call(l, cook_toom_input(l->unit, type, f), args, n);
}

typedef struct OutputVars {
    Var *m, *slab, *n, *b, *floor, *y, *row, *first, *columns, *h, *w;
} OutputVars;

typedef struct OutputTile { /* its corner, and how many rows and columns lie in the image: null where a tile is one pixel */
    Var *p, *bias, *rows, *in_row;
} OutputTile;

/* Pixels from tile t on to the edge; null where a tile is one pixel. */
static Var *left_over(Lower *l, const char *name, Var *size, Var *t, int m)
{
    return m == 1 ? NULL : loop_let(l, name, loop_sub(l, loop_var(l, size), loop_mul(l, loop_var(l, t), loop_int(l, m))));
}

static OutputTile output_tile(Lower *l, Type type, const FastForm *f, const OutputVars *v, const TileLoop *loop)
{
    OutputTile o = { .bias = loop_let(l, "bias", loop_load(l, type, v->b, loop_var(l, loop->lane))) };
    Expr *at = loop_add(l, corner(l, f->h.m, f->w.m, loop->ty, loop->tx, v->row), loop_var(l, loop->lane));
    o.p = loop_pointer(l, "p", loop_address(l, v->y, at), true);
    o.rows = left_over(l, "rows", v->h, loop->ty, f->h.m);
    o.in_row = left_over(l, "in_row", v->w, loop->tx, f->w.m);
    return o;
}

static void add_bias(Transform *t, const OutputTile *o, Expr **y, int n)
{
    for (int k = 0; k < n; k++)
        y[k] = loop_var(t->l, named(t, "y", k, loop_add(t->l, y[k], loop_var(t->l, o->bias))));
}

/* Pixels y[0] to y[n - 1], `step` apart, as far as they lie inside: `count` of them. */
static void store_pixels(Transform *t, const OutputTile *o, const OutputVars *v, Expr *from, Expr *step, Expr **y, int n, Var *count)
{
    Lower *l = t->l;
    for (int k = 0; k < n; k++) {
        if (k > 0)
            loop_if_begin(l, loop_bin(l, EX_LT, loop_int(l, k), loop_var(l, count)));
        Expr *at = loop_add(l, from, loop_mul(l, loop_int(l, k), step));
        loop_store(l, o->p, at, loop_max(l, y[k], loop_splat(l, t->type, loop_var(l, v->floor))));
        if (k > 0)
            loop_if_end(l);
    }
}

static void output_rows(Transform *t, const FastForm *f, const Axis *w, const OutputTile *o, const OutputVars *v)
{
    Lower *l = t->l;
    Expr *out[COOK_TOOM_MOST], *r = lines_begin(t, w);
    transform_line(t, w, r, out);
    add_bias(t, o, out, f->w.m);
    if (o->rows)
        loop_if_begin(l, loop_bin(l, EX_LT, r, loop_var(l, o->rows)));
    store_pixels(t, o, v, loop_mul(l, r, loop_var(l, v->row)), loop_int(l, 16), out, f->w.m, o->in_row);
    if (o->rows)
        loop_if_end(l);
    loop_for_end(l);
}

static void output_body(Lower *l, Type type, const FastForm *f, const OutputVars *v, const TileLoop *loop)
{
    Transform t = { l, type };
    Var *q = loop_let(l, "q", loop_address(l, v->m, loop_add(l, loop_mul(l, loop_var(l, loop->i), loop_int(l, 16)), loop_var(l, loop->lane))));
    Side rows = rows_of(q, loop_var(l, v->slab), f->w.alpha);
    Axis h = { apply_a, &f->h, "m", "j", f->h.alpha, f->h.m, f->w.alpha, turned(rows), { 0 } };
    Axis w = { apply_a, &f->w, "m", "r", f->w.alpha, f->w.m, f->h.m, rows, { 0 } };
    if (two_axes(f)) {
        join_axes(&t, &h, &w);
        one_axis(&t, &h);
    }
    OutputTile o = output_tile(l, type, f, v, loop);
    if (f->w.alpha > 1) {
        output_rows(&t, f, &w, &o, v);
        return;
    }
    Expr *out[COOK_TOOM_MOST];
    transform_line(&t, &h, loop_int(l, 0), out);
    add_bias(&t, &o, out, f->h.m);
    store_pixels(&t, &o, v, loop_int(l, 0), loop_var(l, v->row), out, f->h.m, o.rows);
}

Func *cook_toom_output(Unit *u, Type type, const FastForm *f)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, "output_%s", form_name(a, f));
    const char *key = arena_printf(a, "fast %s", name);
    Func *fn = unit_find_func(u, key);
    if (fn)
        return fn;
    fn = unit_func(u, key, name,
        arena_printf(a, "Output transform of F(%d x %d, %d x %d): y = max(floor, b + Ah m Aw^T), %d x %d pixels a tile, for\n"
                        "tiles [first, first + n) of one block of 16 outputs%s; what lies outside h x w is not stored.",
                     f->h.m, f->w.m, f->h.r, f->w.r, f->h.m, f->w.m, two_axes(f) ? ", t = Ah m" : ""), type);
    Lower *l = lower_new(u, fn);
    OutputVars v;
    v.m = loop_param(l, VAR_PARAM_IN, "m", 0);
    v.slab = loop_param(l, VAR_PARAM_INT, "slab", 0);
    v.n = loop_param(l, VAR_PARAM_INT, "n", 0);
    v.b = loop_param(l, VAR_PARAM_IN, "b", 0);
    v.floor = loop_param(l, VAR_PARAM_F32, "floor", 0);
    v.y = loop_param(l, VAR_PARAM_OUT, "y", 0);
    v.row = loop_param(l, VAR_PARAM_INT, "row", 0);
    v.first = loop_param(l, VAR_PARAM_INT, "first", 0);
    v.columns = loop_param(l, VAR_PARAM_INT, "columns", 0);
    v.h = f->h.m > 1 ? loop_param(l, VAR_PARAM_INT, "h", 0) : NULL; /* an axis of single pixels has no edge tiles */
    v.w = f->w.m > 1 ? loop_param(l, VAR_PARAM_INT, "w", 0) : NULL;
    TileLoop t = tiles_begin(l, type, v.first, v.n, v.columns);
    output_body(l, type, f, &v, &t);
    tiles_end(l);
    return fn;
}

Func *cook_toom_spread(Unit *u, Type type, const FastForm *f)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, "spread_%s", form_name(a, f));
    const char *key = arena_printf(a, "fast %s", name);
    Func *fn = unit_find_func(u, key);
    if (fn)
        return fn;
    fn = unit_func(u, key, name,
        arena_printf(a, "Gradients of F(%d x %d, %d x %d)'s outputs at its points: e[k][tile] = (Ah^T dy Aw)[k] of the tile's %d x %d pixels, for\n"
                        "tiles [first, first + n) of one block of 16 outputs.",
                     f->h.m, f->w.m, f->h.r, f->w.r, f->h.m, f->w.m), type);
    Lower *l = lower_new(u, fn);
    Var *dy = loop_param(l, VAR_PARAM_IN, "dy", 0), *row = loop_param(l, VAR_PARAM_INT, "row", 0);
    Var *first = loop_param(l, VAR_PARAM_INT, "first", 0), *n = loop_param(l, VAR_PARAM_INT, "n", 0);
    Var *columns = loop_param(l, VAR_PARAM_INT, "columns", 0);
    Var *e = loop_param(l, VAR_PARAM_OUT, "e", 0), *slab = loop_param(l, VAR_PARAM_INT, "slab", 0);
    TileLoop t = tiles_begin(l, type, first, n, columns);
    Var *p = loop_let(l, "p", loop_address(l, dy, loop_add(l, corner(l, f->h.m, f->w.m, t.ty, t.tx, row), loop_var(l, t.lane))));
    Var *q = loop_pointer(l, "q", loop_address(l, e, loop_add(l, loop_mul(l, loop_var(l, t.i), loop_int(l, 16)), loop_var(l, t.lane))), true);
    Pass pass = { apply_spread, "d", f->h.m, f->w.m, f->h.alpha, f->w.alpha };
    both_axes(l, type, f, &pass, pixels_of(l, p, row), rows_of(q, loop_var(l, slab), f->w.alpha));
    tiles_end(l);
    return fn;
}

Func *cook_toom_taps(Unit *u, Type type, const FastForm *f)
{
    enum { PAIR = 16 * 16 };
    Arena *a = u->arena;
    const char *name = arena_printf(a, "taps_%s", form_name(a, f));
    const char *key = arena_printf(a, "fast %s", name);
    Func *fn = unit_find_func(u, key);
    if (fn)
        return fn;
    fn = unit_func(u, key, name,
        arena_printf(a, "In place: %d sums of F(%d x %d, %d x %d) to gradients of its %d taps, dw = Gh^T s Gw, for 16 inputs times 16 outputs.",
                     f->h.alpha * f->w.alpha, f->h.m, f->w.m, f->h.r, f->w.r, f->h.r * f->w.r), type);
    Lower *l = lower_new(u, fn);
    Var *sums = loop_param(l, VAR_PARAM_OUT, "sums", 0);
    Var *c = loop_for_begin(l, "c", loop_int(l, 0), loop_int(l, PAIR), type_lanes(type));
    Var *p = loop_pointer(l, "p", loop_address(l, sums, loop_var(l, c)), true);
    Pass pass = { apply_taps, "s", f->h.alpha, f->w.alpha, f->h.r, f->w.r };
    Expr *pair = loop_int(l, PAIR); /* one unit for both axes */
    both_axes(l, type, f, &pass, turned(rows_of(p, pair, f->w.alpha)), rows_of(p, pair, f->w.r));
    loop_for_end(l);
    return fn;
}

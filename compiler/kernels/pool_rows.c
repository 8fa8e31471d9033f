/* Pools of small windows for the vector targets: a leaf makes one row of outputs of one block.  It reduces each
 * column of the window once and keeps the columns that the next window shares:
 *     c2 = max(x2[ox + 1], x1[ox + 1], x0[ox + 1])     y[ox] = max(c2, c1, c0)     c0 = c1, c1 = c2
 * Windows that hang over the left or right edge are straight-line code before and after the loop, of the columns
 * that are there.  Rows above and below the image: a maximum takes the nearest row of its window again, an average
 * calls the leaf of fewer rows.  Leaves know no sizes, so all shapes with the same edges share them. */
#include "pool.h"

enum { MOST_ROWS = 5, MOST_COLUMNS = 5, MOST_OUTPUTS = 2 * MOST_COLUMNS, MOST_VECTORS = 2 };

typedef struct Leaf {
    const Step *s;
    const Window *w;
    Lower *l;
    bool max;
    Type type;
    int lanes, vectors, rows;   /* rows of the window that are in the image */
    int width, outs;            /* pixels of a row of x, of y */
    int first, last;            /* outputs [first, last) see kw columns and are the loop's */
    int keep;                   /* columns that the next window shares */
    Var *x[MOST_ROWS], *b[MOST_VECTORS], *r, *y, *n, *counted;
    Var *by[MOST_COLUMNS + 1];  /* 1 / pixels of a window so many columns wide */
    Var *kept[MOST_VECTORS][MOST_COLUMNS];
} Leaf;

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }
static int round_up(int a, int b) { return (a + b - 1) / b; }

bool pool_goes_by_rows(const Step *s)
{
    const Window *w = &s->node->window;
    bool small = w->kh <= MOST_ROWS && w->kw <= MOST_COLUMNS, overlaps = w->top < w->kh && w->bottom < w->kh && w->left < w->kw && w->right < w->kw;
    return s->in[0]->buffer->block == 16 && s->out[0]->buffer->block == 16 && small && overlaps;
}

static const char *named(Leaf *f, char letter, int i) { return arena_printf(f->l->unit->arena, "%c%d", letter, i); }

/* ---- One output ---- */

/* Columns are counted from the left edge of x, or after the loop from the first window behind it. */
typedef struct Origin {
    Expr *at;                                    /* floats from a row's start to column 0 */
    Var *column[MOST_VECTORS][3 * MOST_COLUMNS]; /* those at hand */
} Origin;

/* Column j of x over the rows of the window. */
static Expr *reduce_column(Leaf *f, Expr *at, int v)
{
    Lower *l = f->l;
    Expr *sum = NULL;
    for (int k = 0; k < f->rows; k++) {
        Expr *x = loop_load(l, f->type, f->x[k], loop_add(l, at, loop_int(l, v * f->lanes)));
        sum = !sum ? x : f->max ? loop_max(l, x, sum) : loop_add(l, sum, x);
    }
    return sum;
}

/* The columns one after the other, then the epilogue and the store to pixel `at` of y. */
static void finish(Leaf *f, Var **columns, int n, int counted, Expr *at, int v)
{
    Lower *l = f->l;
    Expr *z = NULL;
    for (int j = 0; j < n; j++) {
        Expr *c = loop_var(l, columns[j]);
        z = !z ? c : f->max ? loop_max(l, c, z) : loop_add(l, z, c);
    }
    if (!f->max)
        z = loop_mul(l, z, loop_var(l, f->by[counted]));
    at = loop_add(l, at, loop_int(l, v * f->lanes));
    Expr *b = f->b[v] ? loop_var(l, f->b[v]) : NULL, *r = f->r ? loop_load(l, f->type, f->r, at) : NULL;
    loop_store(l, f->y, at, pool_epilogue(l, &f->s->node->epilogue, z, b, r));
}

/* Columns that an average of output ox counts. */
static int counted_columns(const Leaf *f, int ox)
{
    const Window *w = f->w;
    int from = ox * w->sw - w->left;
    if (f->s->node->count_pad)
        return least(w->kw, f->width + w->right - from);
    return least(from + w->kw, f->width) - most(from, 0);
}

/* Output ox at the edge: of columns [from, to) of o. */
static void edge_output(Leaf *f, Origin *o, int ox, int from, int to, Expr *at)
{
    Lower *l = f->l;
    for (int v = 0; v < f->vectors; v++) {
        for (int j = from; j < to; j++) {
            CHECK(j < 3 * MOST_COLUMNS);
            if (!o->column[v][j])
                o->column[v][j] = loop_let(l, named(f, "ef"[v], j), reduce_column(f, loop_add(l, o->at, loop_int(l, j * 16)), v));
        }
        finish(f, o->column[v] + from, to - from, counted_columns(f, ox), at, v);
    }
}

/* ---- The row ---- */

static void left_edge(Leaf *f)
{
    Lower *l = f->l;
    const Window *w = f->w;
    int start = f->first * w->sw - w->left; /* first column of the loop's first window */
    Origin o = { .at = loop_int(l, 0) };
    bool loop = f->first < f->last;
    int end = loop ? f->first : f->outs;
    if (end)
        loop_comment(l, loop ? "the left edge" : "no window lies inside");
    for (int v = 0; v < f->vectors && loop; v++)
        for (int j = 0; j < f->keep; j++) {
            Expr *c = reduce_column(f, loop_int(l, (start + j) * 16), v);
            f->kept[v][j] = o.column[v][start + j] = loop_mut(l, named(f, "cd"[v], j), c);
        }
    for (int ox = 0; ox < end; ox++) {
        int from = ox * w->sw - w->left;
        edge_output(f, &o, ox, most(from, 0), least(from + w->kw, f->width), loop_int(l, ox * 16));
    }
}

static void row_loop(Leaf *f)
{
    Lower *l = f->l;
    const Window *w = f->w;
    Var *ox = loop_for_begin(l, "ox", loop_int(l, f->first), loop_var(l, f->n), 1);
    for (int v = 0; v < f->vectors; v++) {
        Var *column[MOST_COLUMNS];
        for (int j = 0; j < w->kw; j++) {
            Expr *at = loop_add(l, loop_mul(l, loop_var(l, ox), loop_int(l, 16 * w->sw)), loop_int(l, 16 * (j - w->left)));
            column[j] = j < f->keep ? f->kept[v][j] : loop_let(l, named(f, "cd"[v], j), reduce_column(f, at, v));
        }
        finish(f, column, w->kw, w->kw, loop_mul(l, loop_var(l, ox), loop_int(l, 16)), v);
        for (int j = 0; j < f->keep; j++)
            loop_set(l, f->kept[v][j], loop_var(l, column[j + w->sw]));
    }
    loop_for_end(l);
}

static void right_edge(Leaf *f)
{
    Lower *l = f->l;
    const Window *w = f->w;
    Expr *n = loop_var(l, f->n);
    Origin o = { .at = loop_sub(l, loop_mul(l, n, loop_int(l, 16 * w->sw)), loop_int(l, 16 * w->left)) };
    for (int v = 0; v < f->vectors; v++)
        for (int j = 0; j < f->keep; j++)
            o.column[v][j] = f->kept[v][j];
    if (f->last < f->outs)
        loop_comment(l, "the right edge");
    for (int ox = f->last; ox < f->outs; ox++) {
        int from = (ox - f->last) * w->sw, there = f->width + w->left - f->last * w->sw;
        edge_output(f, &o, ox, from, least(from + w->kw, there), loop_add(l, loop_mul(l, n, loop_int(l, 16)), loop_int(l, (ox - f->last) * 16)));
    }
}

/* ---- The leaf ---- */

static void leaf_params(Leaf *f)
{
    Lower *l = f->l;
    for (int k = 0; k < f->rows; k++)
        f->x[k] = loop_param(l, VAR_PARAM_IN, named(f, 'x', k), 0);
    Var *b = f->s->bias ? loop_param(l, VAR_PARAM_IN, "b", 0) : NULL;
    f->r = f->s->residual ? loop_param(l, VAR_PARAM_IN, "r", 0) : NULL;
    f->y = loop_param(l, VAR_PARAM_OUT, "y", 0);
    if (f->first < f->last)
        f->n = loop_param(l, VAR_PARAM_INT, "n", 0);
    if (!f->max)
        f->counted = loop_param(l, VAR_PARAM_INT, "rows", 0);
    for (int v = 0; v < f->vectors && b; v++)
        f->b[v] = loop_let(l, named(f, 'b', v), loop_load(l, f->type, b, loop_int(l, v * f->lanes)));
}

static void reciprocals(Leaf *f)
{
    Lower *l = f->l;
    bool used[MOST_COLUMNS + 1] = { 0 };
    for (int ox = 0; ox < f->outs; ox++)
        used[counted_columns(f, ox)] = true;
    for (int k = 1; k <= MOST_COLUMNS; k++) {
        if (!used[k])
            continue;
        Expr *pixels = loop_convert(l, TY_F32, loop_mul(l, loop_var(l, f->counted), loop_int(l, k)));
        f->by[k] = loop_let(l, named(f, 'k', k), loop_splat(l, f->type, loop_div(l, loop_f32(l, 1), pixels)));
    }
}

/* What the code of a leaf depends on: of the sizes, only how windows hang over the edges. */
static const char *leaf_key(const Leaf *f)
{
    const Window *w = f->w;
    const Node *n = f->s->node;
    Arena *a = f->l->unit->arena;
    bool loop = f->first < f->last;
    const char *key = arena_printf(a, "pool row %d %dx%d/%d %d,%d %d bias %d relu %u", f->max, f->rows, w->kw, w->sw, w->left, w->right, n->count_pad,
                                   f->s->bias != NULL, n->epilogue.relu);
    key = loop ? arena_printf(a, "%s edge %d %d", key, f->outs - f->last, f->width - f->last * w->sw)
               : arena_printf(a, "%s all %d %d", key, f->outs, f->width);
    return f->s->residual ? arena_printf(a, "%s r %.17g", key, n->epilogue.scale) : key;
}

static const char *leaf_comment(const Leaf *f)
{
    Arena *a = f->l->unit->arena;
    const Node *n = f->s->node;
    const char *more = arena_printf(a, "%s%s%s", f->s->bias ? ", plus b" : "", f->s->residual ? ", scaled, plus r" : "", n->epilogue.relu ? ", then relu" : "");
    const char *rule = f->max ? "maximum" : "average";
    const char *text = arena_printf(a, "A row of y: %s of each %d x %d window%s%s%s.  x0, ...: the window's rows.", rule, f->rows, f->w->kw,
                                    f->w->sw > 1 ? arena_printf(a, ", step %d", f->w->sw) : "", more[0] ? more : "", "");
    if (f->first < f->last)
        text = arena_printf(a, "%s\nn: where the outputs%s end whose windows lie inside.", text, f->first ? " behind the left edge" : "");
    return f->max ? text : arena_printf(a, "%s\nrows: how many an average counts; k3: 1 / pixels of a window 3 columns wide.", text);
}

static Func *leaf_func(Leaf *f)
{
    Unit *u = f->l->unit;
    const char *key = leaf_key(f);
    Func *found = unit_find_func(u, key);
    if (found)
        return found;
    const char *step = f->w->sw > 1 ? arena_printf(u->arena, "s%d", f->w->sw) : "";
    const char *name = arena_printf(u->arena, "%s%dx%d%s_row", f->max ? "maxpool" : "avgpool", f->rows, f->w->kw, step);
    Func *fn = unit_func(u, key, name, leaf_comment(f), f->type);
    f->l = lower_new(u, fn);
    leaf_params(f);
    if (!f->max)
        reciprocals(f);
    left_edge(f);
    if (f->first < f->last) {
        row_loop(f);
        right_edge(f);
    }
    return fn;
}

static Leaf new_leaf(const Pool *p, bool max, int rows)
{
    const Window *w = &p->s->node->window;
    Leaf f = { .s = p->s, .w = w, .l = p->k.l, .max = max, .type = p->type, .lanes = p->lanes, .vectors = p->vectors, .rows = rows };
    f.width = p->s->in[0]->buffer->w;
    f.outs = p->s->out[0]->buffer->w;
    f.keep = most(w->kw - w->sw, 0);
    f.first = least(round_up(w->left, w->sw), f.outs);
    int room = f.width + w->left - w->kw;
    f.last = most(least(room < 0 ? 0 : room / w->sw + 1, f.outs), f.first);
    return f;
}

/* ---- The function of a shape ---- */

/* Calls the leaf; row[k] of x are its rows, `counted` what an average counts. */
static void call_leaf(Pool *p, Leaf *f, Var *xb, Expr **row, Expr *block, Expr *oy, Expr *counted)
{
    Lower *l = p->k.l;
    Func *leaf = leaf_func(f);
    const Buffer *xbuf = p->s->in[0]->buffer, *y = p->s->out[0]->buffer;
    Expr *args[MOST_ROWS + 5];
    int n = 0;
    for (int k = 0; k < f->rows; k++)
        args[n++] = loop_address(l, xb, loop_mul(l, row[k], loop_var(l, loop_dim(l, "X_ROW", xbuf->row))));
    if (p->b)
        args[n++] = loop_address(l, p->b, loop_mul(l, block, loop_int(l, 16)));
    if (p->r)
        args[n++] = loop_address(l, p->r, pool_row_offset(l, p->s->residual->buffer, "R_PLANE", "R_ROW", block, oy));
    args[n++] = loop_address(l, p->y, pool_row_offset(l, y, "Y_PLANE", "Y_ROW", block, oy));
    if (f->first < f->last)
        args[n++] = loop_int(l, f->last);
    if (!f->max)
        args[n++] = counted;
    loop_call(l, leaf, args, n);
}

static void max_rows(Pool *p, Var *xb, Expr *block, Expr *oy)
{
    Lower *l = p->k.l;
    const Window *w = &p->s->node->window;
    int h = p->s->in[0]->buffer->h, oh = p->s->out[0]->buffer->h;
    Expr *row[MOST_ROWS];
    for (int k = 0; k < w->kh; k++) {
        Expr *y = loop_add(l, loop_mul(l, oy, loop_int(l, w->sh)), loop_int(l, k - w->top));
        if (k < w->top)
            y = loop_max(l, y, loop_int(l, 0));
        if ((oh - 1) * w->sh - w->top + k >= h)
            y = loop_min(l, y, loop_int(l, h - 1));
        row[k] = loop_var(l, loop_let(l, arena_printf(l->unit->arena, "y%d", k), y));
    }
    Leaf f = new_leaf(p, true, w->kh);
    call_leaf(p, &f, xb, row, block, oy, NULL);
}

/* Rows of x that output row oy sees: [from, to). */
typedef struct Span {
    int from, to;
    bool clipped; /* at the top */
} Span;

static Span span_of(const Pool *p, int oy)
{
    const Window *w = &p->s->node->window;
    int from = oy * w->sh - w->top;
    return (Span){ most(from, 0), least(from + w->kh, p->s->in[0]->buffer->h), from < 0 };
}

static Expr *counted_rows(Pool *p, Expr *oy, int rows)
{
    Lower *l = p->k.l;
    const Window *w = &p->s->node->window;
    int padded = p->s->in[0]->buffer->h + w->top + w->bottom;
    if (!p->s->node->count_pad)
        return loop_int(l, rows);
    if ((p->s->out[0]->buffer->h - 1) * w->sh + w->kh <= padded)
        return loop_int(l, w->kh);
    return loop_min(l, loop_int(l, w->kh), loop_sub(l, loop_int(l, padded), loop_mul(l, oy, loop_int(l, w->sh))));
}

/* One leaf for each run of output rows that see equally many rows of x. */
static void average_rows(Pool *p, Var *xb, Expr *block, Expr *oy)
{
    Lower *l = p->k.l;
    const Window *w = &p->s->node->window;
    int oh = p->s->out[0]->buffer->h, open = 0;
    for (int at = 0, end; at < oh; at = end) {
        Span s = span_of(p, at), t = s;
        for (end = at + 1; end < oh; end++) {
            t = span_of(p, end);
            if (t.to - t.from != s.to - s.from || t.clipped != s.clipped)
                break;
        }
        if (end < oh) {
            loop_if_begin(l, loop_bin(l, EX_LT, oy, loop_int(l, end)));
            open++;
        }
        Expr *row[MOST_ROWS];
        for (int k = 0; k < s.to - s.from; k++)
            row[k] = s.clipped ? loop_int(l, k) : loop_add(l, loop_mul(l, oy, loop_int(l, w->sh)), loop_int(l, k - w->top));
        Leaf f = new_leaf(p, false, s.to - s.from);
        call_leaf(p, &f, xb, row, block, oy, counted_rows(p, oy, f.rows));
        if (end < oh)
            loop_else(l);
    }
    while (open-- > 0)
        loop_if_end(l);
}

void pool_rows_body(Pool *p, bool max)
{
    Lower *l = p->k.l;
    kernel_units_begin(&p->k, p->s->units);
    Expr *oh = loop_var(l, loop_dim(l, "OH", p->s->out[0]->buffer->h)), *u = loop_var(l, p->k.u);
    Expr *block = loop_var(l, loop_let(l, "block", loop_div(l, u, oh)));
    Expr *oy = loop_var(l, loop_let(l, "oy", loop_bin(l, EX_MOD, u, oh)));
    Expr *plane = loop_var(l, loop_dim(l, "X_PLANE", p->s->in[0]->buffer->plane));
    Var *xb = loop_let(l, "xb", loop_address(l, p->x, loop_mul(l, block, plane)));
    if (max)
        max_rows(p, xb, block, oy);
    else
        average_rows(p, xb, block, oy);
    kernel_units_end(&p->k);
}

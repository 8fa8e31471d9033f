#include "kernels.h"

/* The physical channel that the block of the first channel begins with: the first itself, but for a slice that a step of its own
 * copies to where it begins on a block. */
static int base_of(const Place *p) { return p->segments[0].physical / p->buffer->block * p->buffer->block; }

int place_span(const Place *p)
{
    const Segment *last = &p->segments[p->n_segments - 1];
    int b = p->buffer->block, n = last->physical + last->n - base_of(p);
    return (n + b - 1) / b * b;
}

int place_blocks(const Place *p) { return place_span(p) / p->buffer->block; }

bool place_same_map(const Place *a, const Place *b)
{
    if (a->n_segments != b->n_segments || a->buffer->block != b->buffer->block)
        return false;
    for (int i = 0; i < a->n_segments; i++) {
        const Segment *x = &a->segments[i], *y = &b->segments[i];
        if (x->n != y->n || x->physical - base_of(a) != y->physical - base_of(b))
            return false;
    }
    return true;
}

static int64_t first_channel(const Place *p)
{
    const Buffer *b = p->buffer;
    return b->offset + base_of(p) / b->block * b->plane;
}

Expr *place_address(LowerContext *c, const Place *p, int y, int x)
{
    const Buffer *b = p->buffer;
    int64_t at = first_channel(p) + (b->top + y) * b->row + (int64_t)(b->left + x) * b->block;
    return loop_address(c->page, b->kind == BUFFER_SHARED ? c->shared : c->arena, loop_int(c->page, at));
}

Expr *place_address_of_images(LowerContext *c, const Place *p, int y, int x, int images)
{
    Expr *at = place_address(c, p, y, x)->a;
    return loop_address(c->page, loop_context(c->page, c->ctx, "image.arena", false, images * c->plan->arena_bytes / 4), at);
}

static int channel_at(const Place *p, int physical)
{
    const Buffer *b = p->buffer;
    int rel = physical - base_of(p);
    return (int)(rel / b->block * b->plane + rel % b->block);
}

int place_count(const Place *p)
{
    const Segment *last = &p->segments[p->n_segments - 1];
    return last->logical + last->n - p->segments[0].logical;
}

enum { LONGEST_TABLE = 4096 }; /* of channels that could be computed */

Var *place_channels(Unit *u, const Place *p)
{
    bool aligned = p->segments[0].physical == base_of(p);
    if (p->n_segments == 1 && aligned && (p->buffer->block == 1 || p->segments[0].n > LONGEST_TABLE))
        return NULL;
    int n = place_count(p);
    int *at = ARENA_ARRAY(u->arena, n, int);
    bool identity = true;
    for (int i = 0, c = 0; i < p->n_segments; i++)
        for (int k = 0; k < p->segments[i].n; k++, c++) {
            at[c] = channel_at(p, p->segments[i].physical + k);
            identity &= at[c] == c;
        }
    if (identity)
        return NULL;
    return unit_table(u, arena_printf(u->arena, "channels_%d", n), at, n);
}

Expr *channel_offset(Lower *l, const Place *p, Expr *ch)
{
    Var *table = place_channels(l->unit, p);
    if (table)
        return loop_load(l, TY_INT, table, ch);
    Expr *block = loop_int(l, p->buffer->block), *plane = loop_int(l, p->buffer->plane);
    if (p->buffer->block == 1)
        return loop_mul(l, ch, plane);
    if (p->n_segments > 1 || p->segments[0].n <= LONGEST_TABLE || p->buffer->plane == p->buffer->block)
        return ch;
    return loop_add(l, loop_mul(l, loop_div(l, ch, block), plane), loop_bin(l, EX_MOD, ch, block));
}

int place_gaps(const Place *p) { return place_span(p) - place_count(p); }

void zero_gaps(Lower *l, Var *y, const Place *p, Expr *row)
{
    int n = place_gaps(p), k = 0;
    if (n == 0)
        return;
    int *at = ARENA_ARRAY(l->unit->arena, n, int);
    int base = p->segments[0].physical, c = base;
    for (int i = 0; i <= p->n_segments; i++) {
        int next = i < p->n_segments ? p->segments[i].physical : base + place_span(p);
        for (; c < next; c++)
            at[k++] = channel_at(p, c);
        if (i < p->n_segments)
            c += p->segments[i].n;
    }
    Var *table = unit_table(l->unit, arena_printf(l->unit->arena, "gaps_%d", n), at, n);
    loop_comment(l, "channels that only fill a block stay zero");
    Var *g = loop_for_begin(l, "g", loop_int(l, 0), loop_int(l, n), 1);
    Var *x = loop_for_begin(l, "ox", loop_int(l, 0), loop_int(l, p->buffer->w), 1);
    Expr *index = loop_add(l, loop_load(l, TY_INT, table, loop_var(l, g)), row);
    index = loop_add(l, index, loop_mul(l, loop_var(l, x), loop_int(l, p->buffer->block)));
    loop_store(l, y, index, loop_f32(l, 0));
    loop_for_end(l);
    loop_for_end(l);
}

const char *place_key(Arena *a, const Place *p)
{
    const Buffer *b = p->buffer;
    const char *s = arena_printf(a, "[%d %dx%d %lld %lld", b->block, b->h, b->w, (long long)b->row, (long long)b->plane);
    for (int i = 0; i < p->n_segments; i++)
        s = arena_printf(a, "%s %d+%d", s, p->segments[i].physical - base_of(p), p->segments[i].n);
    return arena_printf(a, "%s]", s);
}

void kernel_part_begin(Kernel *k, int units)
{
    Lower *l = k->l;
    k->part = loop_param(l, VAR_PARAM_INT, "part", 0);
    k->parts = loop_param(l, VAR_PARAM_INT, "parts", 0);
    Expr *n = loop_int(l, units), *part = loop_var(l, k->part), *parts = loop_var(l, k->parts);
    k->begin = loop_let(l, "begin", loop_rt_begin(l, n, part, parts));
    k->end = loop_let(l, "end", loop_rt_begin(l, n, loop_add(l, part, loop_int(l, 1)), parts));
}

void kernel_units_begin(Kernel *k, int units)
{
    kernel_part_begin(k, units);
    k->u = loop_for_begin(k->l, "u", loop_var(k->l, k->begin), loop_var(k->l, k->end), 1);
}

void kernel_units_end(Kernel *k) { loop_for_end(k->l); }

Expr *kernel_dim(const Kernel *k, const char *name, int64_t value) { return loop_var(k->l, loop_dim(k->l, name, value)); }

void kernel_call(LowerContext *c, Func *f, Expr **args, int n)
{
    args[n++] = loop_var(c->page, c->part);
    args[n++] = loop_var(c->page, c->parts);
    loop_call(c->page, f, args, n);
}

Expr *pixel_index(Lower *l, const Buffer *b, const char *row_name, Expr *y, Expr *x)
{
    Var *row = loop_dim(l, row_name, b->row);
    return loop_add(l, loop_mul(l, y, loop_var(l, row)), loop_mul(l, x, loop_int(l, b->block)));
}

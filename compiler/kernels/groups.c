/* Grouped convolutions by register tiles, and the gradients of their weights.
 *
 * A tile's outputs read the blocks of input channels that their groups lie in, and weights are zero where an output is not of
 * a channel's group: of 4 channels a group a quarter of the products count, of 16 or more about all.  All tiles read equally
 * many blocks, so that one leaf serves them.  (Zero times an infinite input is NaN: it shows in outputs that do not read it.)
 * Depthwise, where output k reads channel k, lanes meet as they are. */
#include "kernels.h"

bool groups_are_lanes(int groups, const Place *x, const Place *y)
{
    return groups > 1 && groups == place_count(x) && groups == place_count(y) && x->buffer->block == 16 && place_same_map(x, y);
}

bool conv_is_depthwise(const Step *s) { return s->node->op == OP_CONV && groups_are_lanes(s->node->groups, s->in[0], s->out[0]); }

/* The physical channel of logical channel c, counted from the place's first block. */
static int physical_channel(const Place *p, int c)
{
    const Segment *s = p->segments;
    while (c >= s->logical + s->n)
        s++;
    return s->physical + c - s->logical - p->segments[0].physical;
}

/* The first and the last input block that outputs of blocks [from, to) read. */
static void range_seen(int groups, const Place *x, const Place *y, int from, int to, int *first, int *last)
{
    int cig = place_count(x) / groups, cog = place_count(y) / groups, base = y->segments[0].physical, block = y->buffer->block;
    *first = place_blocks(x);
    *last = 0;
    for (int i = 0; i < y->n_segments; i++) {
        const Segment *g = &y->segments[i];
        int begin = g->physical - base > block * from ? g->physical - base : block * from;
        int end = g->physical - base + g->n < block * to ? g->physical - base + g->n : block * to;
        if (begin >= end)
            continue;
        int shift = g->logical - g->physical + base, low = (begin + shift) / cog * cig, high = ((end - 1 + shift) / cog + 1) * cig - 1;
        low = physical_channel(x, low) / x->buffer->block;
        high = physical_channel(x, high) / x->buffer->block;
        *first = low < *first ? low : *first;
        *last = high > *last ? high : *last;
    }
}

const int *groups_seen(Arena *a, int groups, const Place *x, const Place *y, int nr, int *n)
{
    int blocks = place_blocks(y), first, last, *seen = ARENA_ARRAY(a, blocks, int);
    *n = 1;
    for (int b = 0; b < blocks; b += nr) {
        range_seen(groups, x, y, b, b + nr, &first, &last);
        *n = last - first + 1 > *n ? last - first + 1 : *n;
        for (int k = b; k < b + nr && k < blocks; k++)
            seen[k] = first;
    }
    for (int b = 0; b < blocks; b++)
        if (seen[b] > place_blocks(x) - *n)
            seen[b] = place_blocks(x) - *n;
    return seen;
}

Expr *groups_first_seen(Lower *l, int groups, const Place *x, const Place *y, const int *seen, Expr *block)
{
    const int n = place_blocks(y), ratio[][2] = { { 0, 1 }, { 1, 1 }, { place_count(x) / groups, place_count(y) / groups } };
    for (int i = 0; i < 3; i++) {
        bool fits = true;
        for (int b = 0; b < n; b++)
            fits &= seen[b] == b / ratio[i][1] * ratio[i][0];
        if (fits)
            return loop_mul(l, loop_div(l, block, loop_int(l, ratio[i][1])), loop_int(l, ratio[i][0]));
    }
    return loop_load(l, TY_INT, unit_table(l->unit, "seen", seen, n), block);
}

int conv_group_blocks(Arena *a, const Step *s, int most)
{
    int one, more;
    if (most == 1 || conv_is_depthwise(s))
        return 1;
    groups_seen(a, s->node->groups, s->in[0], s->out[0], 1, &one);
    groups_seen(a, s->node->groups, s->in[0], s->out[0], most, &more);
    return more > one ? 1 : most;
}

GradInputs weight_grad_inputs(Arena *a, const Step *s)
{
    const Place *x = s->in[0], *dy = s->in[1];
    GradInputs in = { .blocks = place_blocks(x), .channels = x->buffer->block, .lanes = groups_are_lanes(s->node->groups, x, dy) };
    if (in.lanes)
        in.blocks = in.channels = 1;
    else if (s->node->groups > 1)
        in.seen = groups_seen(a, s->node->groups, x, dy, 1, &in.blocks);
    return in;
}

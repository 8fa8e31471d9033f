/* Grouped convolutions by register tiles, and the gradients of their weights.
 *
 * A tile's outputs read the blocks of input channels that their groups lie in, and weights are zero where an output is not of
 * a channel's group: of 4 channels a group a quarter of the products count, of 16 or more about all.  All tiles read equally
 * many blocks, so that one leaf serves them.  (Zero times an infinite input is NaN: it shows in outputs that do not read it.)
 * Depthwise, where output k reads channel k, lanes meet as they are. */
#include "kernels.h"

/* What the outputs of a convolution are, or their gradient. */
static const Place *outputs_of(const Step *s) { return s->kernel == KERNEL_WEIGHT_GRAD ? s->in[1] : s->out[0]; }

bool conv_is_depthwise(const Step *s)
{
    int groups = s->node->groups;
    const Place *x = s->in[0], *y = outputs_of(s);
    return groups > 1 && groups == place_count(x) && groups == place_count(y) && x->buffer->block == 16 && place_same_map(x, y);
}

/* The physical channel of logical channel c, counted from the place's first block. */
static int physical_channel(const Place *p, int c)
{
    const Segment *s = p->segments;
    while (c >= s->logical + s->n)
        s++;
    return s->physical + c - s->logical - p->segments[0].physical;
}

/* The first and the last input block that outputs of blocks [from, to) read. */
static void range_seen(const Step *s, int from, int to, int *first, int *last)
{
    const Place *x = s->in[0], *y = outputs_of(s);
    int groups = s->node->groups, cig = place_count(x) / groups, cog = place_count(y) / groups;
    int base = y->segments[0].physical, block = y->buffer->block;
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

const int *conv_seen(Arena *a, const Step *s, int nr, int *n)
{
    int most = place_blocks(s->in[0]), blocks = place_blocks(outputs_of(s)), first, last, *seen = ARENA_ARRAY(a, blocks, int);
    *n = 1;
    for (int b = 0; b < blocks; b += nr) {
        range_seen(s, b, b + nr, &first, &last);
        *n = last - first + 1 > *n ? last - first + 1 : *n;
        for (int k = b; k < b + nr && k < blocks; k++)
            seen[k] = first;
    }
    for (int b = 0; b < blocks; b++)
        if (seen[b] > most - *n)
            seen[b] = most - *n;
    return seen;
}

Expr *conv_first_seen(Lower *l, const Step *s, const int *seen, Expr *block)
{
    const Place *x = s->in[0], *y = outputs_of(s);
    const int groups = s->node->groups, n = place_blocks(y), ratio[][2] = { { 0, 1 }, { 1, 1 }, { place_count(x) / groups, place_count(y) / groups } };
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
    conv_seen(a, s, 1, &one);
    conv_seen(a, s, most, &more);
    return more > one ? 1 : most;
}

GradInputs weight_grad_inputs(Arena *a, const Step *s)
{
    if (conv_is_depthwise(s))
        return (GradInputs){ .blocks = 1, .channels = 1, .lanes = true };
    const Place *x = s->in[0];
    GradInputs in = { .blocks = place_blocks(x), .channels = x->buffer->block };
    if (s->node->groups > 1)
        in.seen = conv_seen(a, s, 1, &in.blocks);
    return in;
}

/* Grouped convolutions by register tiles.
 *
 * A tile's outputs read the blocks of input channels that their groups lie in, and weights are zero where an output is not of
 * a channel's group: of 4 channels a group a quarter of the products count, of 16 or more about all.  All tiles read equally
 * many blocks, so that one leaf serves them.  (Zero times an infinite input is NaN: it shows in outputs that do not read it.)
 * Depthwise, where output k reads channel k, lanes meet as they are. */
#include "kernels.h"

bool conv_is_depthwise(const Step *s)
{
    return node_is_depthwise(s->node) && s->in[0]->buffer->block == 16 && place_same_map(s->in[0], s->out[0]);
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
    const Node *n = s->node;
    const Place *x = s->in[0], *y = s->out[0];
    int cig = n->in[1]->shape.dim[1], cog = n->out[0]->shape.dim[0] / n->groups, base = y->segments[0].physical;
    *first = place_blocks(x);
    *last = 0;
    for (int i = 0; i < y->n_segments; i++) {
        const Segment *g = &y->segments[i];
        int begin = g->physical - base > 16 * from ? g->physical - base : 16 * from;
        int end = g->physical - base + g->n < 16 * to ? g->physical - base + g->n : 16 * to;
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
    int blocks = place_blocks(s->out[0]), first, last, *seen = ARENA_ARRAY(a, blocks, int);
    *n = 1;
    for (int b = 0; b < blocks; b += nr) {
        range_seen(s, b, b + nr, &first, &last);
        *n = last - first + 1 > *n ? last - first + 1 : *n;
        for (int k = b; k < b + nr && k < blocks; k++)
            seen[k] = first;
    }
    for (int b = 0; b < blocks; b++)
        if (seen[b] > place_blocks(s->in[0]) - *n)
            seen[b] = place_blocks(s->in[0]) - *n;
    return seen;
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

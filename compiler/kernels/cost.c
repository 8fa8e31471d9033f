/* What a convolution costs, in cycles of one of two processors: the model behind kernel_choose and explain.
 *
 * Cycles count 16-lane multiply-adds, one a cycle.  Constants were measured on an AMD EPYC of the Zen 4 kind
 * (bench/results.md says which); they rank algorithms, so another machine's need not be exact. */
#include "kernels.h"

enum { PARTS = 2 }; /* threads that the choice is made for */

static const struct Machine {
    double direct, product;      /* share of the peak that register tiles reach */
    double input, output;        /* cycles of transforms for each product of 16 channels of a tile */
    double call, store;          /* a register tile: cycles to call it, to store one vector */
    double memory;               /* bytes a cycle from memory, all processors together */
    double cold;                 /* share of that time which is not hidden behind the arithmetic */
    double near_bytes;           /* of L2 that scratch may take; beyond it products slow down */
} machine = { .direct = 0.965, .product = 0.98, .input = 8, .output = 5, .call = 15, .store = 2, .memory = 10.3, .cold = 0.65,
              .near_bytes = 700e3 };

static double up(double n, double to) { return (double)(int64_t)((n + to - 1) / to); }

static double weights_cycles(double floats) { return machine.cold * 4 * floats / machine.memory; }

double cost_direct(const Plan *p, const Step *s)
{
    (void)p;
    const Node *n = s->node;
    double c = place_span(s->in[0]), k = 0, taps = (double)n->window.kh * n->window.kw;
    for (int i = 0; i < s->n_out; i++)
        k += place_span(s->out[i]);
    double pixels = (double)s->out[0]->buffer->h * s->out[0]->buffer->w;
    return c * k / 16 * taps * pixels / machine.direct / PARTS + weights_cycles(c * k * taps);
}

/* n tiles and 32 outputs of every product. */
static double products_cycles(double points, double n, double c, double nr)
{
    double tiles = up(n, 14);
    return points * (n * c * nr / machine.product + tiles * machine.call + machine.store * n * nr);
}

double cost_fast(const Plan *p, const Step *s, const FastConv *f)
{
    (void)p;
    const Window *w = &s->node->window;
    double c = place_span(s->in[0]), blocks = place_span(s->out[0]) / 16, nr = blocks < 2 ? blocks : 2;
    double points = (double)(f->mh + w->kh - 1) * (f->mw + w->kw - 1), n = up((double)f->rows * f->columns, f->blocks);
    double groups = up(blocks, nr), units = up(f->blocks * groups, PARTS), inputs = up(units, groups);
    double work = units * (products_cycles(points, n, c, nr) + machine.output * points * n * nr) + inputs * machine.input * points * n * c / 16;
    double scratch = 4 * points * n * (c + 16 * nr);
    if (scratch > machine.near_bytes)
        work *= 1 + 0.1 * (scratch / machine.near_bytes - 1);
    double weights = points * c * 16 * blocks, again = (up(f->blocks, PARTS) - 1) * 4 * weights / 27 * 0.3;
    return work + weights_cycles(weights) + again;
}

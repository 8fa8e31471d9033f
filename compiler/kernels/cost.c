/* What a step costs, in cycles: the model behind kernel_choose, explain and tune.
 *
 * Cycles count 16-lane multiply-adds, one a cycle.  Constants were measured on an AMD EPYC of the Zen 4 kind
 * (bench/leaves.txt); they rank algorithms, so another machine's need not be exact, and `inceptc tune` does
 * not need them. */
#include "kernels.h"
#include "../cook_toom.h"
#include <math.h>

static const struct Machine {
    double direct, product;      /* share of the peak that register tiles reach */
    double input, output;        /* cycles of transforms for each product of 16 channels of a tile */
    double call, store;          /* a register tile: cycles to call it, to store one vector */
    double memory;               /* bytes a cycle from memory, all processors together */
    double cold;                 /* share of that time which is not hidden behind the arithmetic */
    double near_bytes;           /* of L2 that scratch may take; beyond it products slow down */
    double again;                /* bytes a cycle of weights that a block of tiles reads once more, from L3, by each thread */
    double sums;                 /* bytes a cycle of a gradient's sums from L3, as far as they show */
    double far_bytes;            /* weights of a layer that L3 does not keep from block to block */
    double pool, walk, pointwise;/* a vector of outputs: pools a tap, channel walks, element-wise */
    double scalar;               /* an element that is computed by itself: softmax */
    double ghz;
} machine = { .direct = 0.965, .product = 0.98, .input = 8, .output = 5, .call = 15, .store = 2, .memory = 10.3, .cold = 0.55,
              .near_bytes = 700e3, .again = 20, .sums = 90, .far_bytes = 6e6, .pool = 1, .walk = 12, .pointwise = 4, .scalar = 60, .ghz = 3.68 };

/* How much longer arithmetic and memory take than on the modelled machine. */
static double work_scale = 1, memory_scale = 1;
static bool of_this_machine;

void cost_scale(double multiply_adds, double bytes)
{
    work_scale = machine.ghz * 1e9 / multiply_adds;
    memory_scale = machine.memory * machine.ghz * 1e9 / bytes;
    of_this_machine = true;
}

const char *cost_machine(void) { return of_this_machine ? "this processor" : "the modelled processor"; }
double cost_milliseconds(double cycles) { return work_scale * cycles / machine.ghz / 1e6; }
static double memory_milliseconds(double cycles) { return memory_scale * cycles / machine.ghz / 1e6; }

static double up(double n, double to) { return (double)(int64_t)((n + to - 1) / to); }
static double weights_cycles(double floats) { return machine.cold * 4 * floats / machine.memory; }
static double pixels_of(const Place *p) { return (double)p->buffer->h * p->buffer->w; }

static double out_channels(const Step *s)
{
    double k = 0;
    for (int i = 0; i < s->n_out; i++)
        k += place_span(s->out[i]);
    return k;
}

/* ---- Convolutions ---- */

static Cost direct(const Step *s)
{
    const Node *n = s->node;
    bool linear = n->op == OP_LINEAR;
    double taps = linear ? pixels_of(s->in[0]) : (double)n->window.kh * n->window.kw;
    double c = n->groups > 1 && s->weights ? s->weights->in_channels : place_span(s->in[0]), k = out_channels(s);
    double pixels = linear ? 1 : pixels_of(s->out[0]);
    Cost cost = { c * conv_depth(s) / 16 * k / 16 * taps * pixels / machine.direct, weights_cycles(c * k * taps) };
    if (pixels == 1) /* nothing to hide the weights behind */
        cost.memory = fmax(4 * c * k * taps / machine.memory - cost.work / COST_THREADS, 0);
    return cost;
}

typedef struct FastCost {
    double unit, input; /* a group of outputs of a block of tiles; the block's input transform */
    double groups, weights;
} FastCost;

/* n tiles of a block; each product is a register tile call for up to 14 of them. */
static FastCost fast_parts(const Step *s, const FastConv *f)
{
    const Window *w = &s->node->window;
    double c = place_span(s->in[0]), blocks = place_blocks(s->out[0]), nr = fast_group_blocks(s);
    double points = fast_points(f, w), n = up((double)f->rows * f->columns, f->blocks);
    double gemm = points * (n * c * conv_depth(s) / 16 * nr / machine.product + up(n, 14) * machine.call + machine.store * n * nr);
    double scratch = 4 * points * n * (c + 16 * nr), far = scratch > machine.near_bytes ? 1 + 0.1 * (scratch / machine.near_bytes - 1) : 1;
    return (FastCost){ far * (gemm + machine.output * points * n * nr), far * machine.input * points * n * c / 16, up(blocks, nr),
                       (double)cook_toom_weights(f->mh, w->kh, w->sh) * cook_toom_weights(f->mw, w->kw, w->sw) * c * 16 * blocks };
}

/* Each block of tiles but the first reads the weights again: of two blocks on two threads each reads all, of one half. */
static double again_cycles(double weights, double blocks)
{
    return (blocks - 1) / COST_THREADS * (4 * weights > machine.far_bytes ? weights_cycles(weights) : 4 * weights / machine.again);
}

double cost_direct(const Step *s)
{
    Cost c = direct(s);
    return c.work / COST_THREADS + c.memory;
}

double cost_fast(const Step *s, const FastConv *f)
{
    FastCost c = fast_parts(s, f);
    double units = up(f->blocks * c.groups, COST_THREADS), inputs = up(units, c.groups);
    return units * c.unit + inputs * c.input + weights_cycles(c.weights) + again_cycles(c.weights, f->blocks);
}

static Cost fast(const Step *s)
{
    FastCost c = fast_parts(s, &s->fast);
    return (Cost){ s->fast.blocks * (c.groups * c.unit + c.input), weights_cycles(c.weights) + again_cycles(c.weights, s->fast.blocks) };
}

/* Sums of weights are read and written once for the images of a call. */
double cost_weight_grad(const Step *s, const FastConv *f)
{
    const Window *w = &s->node->window;
    double c = place_span(s->in[0]), k = place_span(s->in[1]), calls, tiles, points, transforms = 0;
    if (f) {
        tiles = (double)f->rows * f->columns;
        points = fast_points(f, w);
        transforms = points * tiles / 16 * (machine.input * c + COST_THREADS * machine.output * k);
    } else {
        tiles = pixels_of(s->in[1]);
        points = (double)w->kh * w->kw;
    }
    calls = (f ? f->blocks : 1.0) / weight_grad_call_images(s, f);
    double sums = points * c * k, leaves = sums / 256 * 3 * machine.call;
    double update = 2 * 4 * sums / (4 * sums > machine.far_bytes ? machine.memory : machine.sums);
    return (sums / 16 * tiles / machine.direct + transforms) / COST_THREADS + calls * (leaves / COST_THREADS + update);
}

/* ---- The rest ---- */

static Cost by_vector(const Step *s, double cycles) { return (Cost){ pixels_of(s->out[0]) * out_channels(s) / 16 * cycles, 0 }; }

Cost cost_step(const Plan *p, const Step *s)
{
    const Window *w = s->node ? &s->node->window : NULL;
    double plain = p->target->block == 1 ? 8 : 1; /* compilers vectorise plain C by half at best */
    Cost c = { 0, 0 };
    switch (s->kernel) {
    case KERNEL_CONV: c = conv_is_depthwise(s) ? by_vector(s, machine.pointwise + (double)w->kh * w->kw) : direct(s); break;
    case KERNEL_COOK_TOOM: c = fast(s); break;
    case KERNEL_MAXPOOL: case KERNEL_AVGPOOL: c = by_vector(s, 4 + machine.pool * w->kh * w->kw); break;
    case KERNEL_GLOBALAVGPOOL: case KERNEL_ADAPTIVEAVGPOOL:
        c.work = pixels_of(s->in[0]) * place_span(s->in[0]) / 16 * machine.pool;
        break;
    case KERNEL_LRN: case KERNEL_L2NORM: case KERNEL_NORMALIZE: c = by_vector(s, machine.walk); break;
    case KERNEL_BATCHNORM: case KERNEL_RELU: case KERNEL_ADD: case KERNEL_MUL: case KERNEL_MAX: case KERNEL_COPY:
    case KERNEL_INPUT: c = by_vector(s, machine.pointwise); break;
    case KERNEL_SOFTMAX: c = by_vector(s, 16 * machine.scalar); break;
    case KERNEL_OUTPUT: c.work = pixels_of(s->in[0]) * place_span(s->in[0]) / 4; break;
    case KERNEL_WEIGHT_GRAD: case KERNEL_BIAS_GRAD: case KERNEL_INTERLEAVE: case KERNEL_BN_PARTS: case KERNEL_BN_STATS:
    case KERNEL_BN_APPLY: case KERNEL_BN_GRAD_PARTS: case KERNEL_BN_GRAD_STATS: case KERNEL_BN_GRAD: case KERNEL_RELU_GRAD: case KERNEL_MAXPOOL_GRAD:
    case KERNEL_MAXPOOL_INDEX: case KERNEL_MAXPOOL_INDEX_GRAD:
    case KERNEL_AVGPOOL_GRAD: case KERNEL_GLOBALAVGPOOL_GRAD: case KERNEL_ADAPTIVEAVGPOOL_GRAD: case KERNEL_LRN_GRAD: case KERNEL_L2NORM_GRAD: case KERNEL_SOFTMAX_GRAD: case KERNEL_DROPOUT:
    case KERNEL_CROSSENTROPY: case KERNEL_CROSSENTROPY_GRAD: break; /* nothing is chosen by their cost */
    }
    c.work *= plain;
    return c;
}

double cost_step_milliseconds(const Plan *p, const Step *s)
{
    Cost c = cost_step(p, s);
    double most = ceil((double)s->units / COST_THREADS);
    return cost_milliseconds(c.work * most / s->units) + memory_milliseconds(c.memory);
}

double cost_plan_milliseconds(const Plan *p)
{
    double sum = 0;
    for (int i = 0; i < p->steps.n; i++)
        sum += cost_step_milliseconds(p, p->steps.at[i]);
    return sum;
}

static double weights_of(const Step *s) { return (s->weights ? (double)s->weights->floats : 0) + (s->bias ? (double)s->bias->floats : 0); }

static double activations_of(const Step *s)
{
    double floats = 0;
    for (int i = 0; i < s->n_in; i++)
        floats += pixels_of(s->in[i]) * place_span(s->in[i]);
    for (int i = 0; i < s->n_out; i++)
        floats += pixels_of(s->out[i]) * place_span(s->out[i]);
    return floats + (s->residual ? pixels_of(s->residual) * place_span(s->residual) : 0);
}

int64_t cost_bytes(const Step *s) { return (int64_t)(4 * (activations_of(s) + weights_of(s))); }

/* Before it an image's activations stay in cache and weights come from memory, after it the other way round. */
int cost_group_from(const Plan *p)
{
    const double waits = 3; /* a step waits for activations, weights are fetched ahead */
    double moved = 0, least = 0;
    int from = 0;
    for (int i = 0; i < p->steps.n; i++) {
        moved += weights_of(p->steps.at[i]) - waits * activations_of(p->steps.at[i]);
        if (moved < least) {
            least = moved;
            from = i + 1;
        }
    }
    return from;
}

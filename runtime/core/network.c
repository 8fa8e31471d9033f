/* network.c - sizes and memory of a compiled network, its head and its forward pass.
 *
 * Packed weights are a head of 64 bytes, then the plan's floats.  The head says for which network
 * and target they were packed, and forward goes by it. */
#include "network.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

const RtPlan *rt_plan(const RtNetwork *net, RtTarget target)
{
    for (int i = 0; i < net->n_plans; i++)
        if (net->plans[i].target == target)
            return &net->plans[i];
    return NULL;
}

RtTarget rt_best_target(const RtNetwork *net)
{
    for (int i = net->n_plans - 1; i > 0; i--)
        if (rt_target_runs_here(net->plans[i].target))
            return net->plans[i].target;
    return net->plans[0].target;
}

static size_t round_up(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

size_t network_activation_bytes(const RtPlan *plan) { return round_up(plan->arena_floats * sizeof(float)); }
size_t network_scratch_bytes(const RtPlan *plan) { return round_up(plan->scratch_floats * sizeof(float)); }

size_t rt_arena_bytes(const RtNetwork *net, RtTarget target, int threads)
{
    const RtPlan *plan = rt_plan(net, target);
    return plan ? network_activation_bytes(plan) + (size_t)threads * network_scratch_bytes(plan) : 0;
}

size_t rt_weights_bytes(const RtNetwork *net, RtTarget target)
{
    const RtPlan *plan = rt_plan(net, target);
    return plan ? round_up(sizeof(RtHead) + plan->weights_floats * sizeof(float)) : 0;
}

void *rt_arena_new(const RtNetwork *net, RtTarget target, int threads)
{
    return rt_plan(net, target) ? memory_new(rt_arena_bytes(net, target, threads)) : NULL;
}

void *rt_weights_new(const RtNetwork *net, RtTarget target)
{
    return rt_plan(net, target) ? memory_new(rt_weights_bytes(net, target)) : NULL;
}

size_t network_weight_count(const RtWeight *w)
{
    size_t n = 1;
    for (int i = 0; i < w->rank; i++)
        n *= (size_t)w->dim[i];
    return n;
}

void network_structure_text(const RtNetwork *net, char out[20])
{
    snprintf(out, 20, "%016" PRIx64, net->structure);
}

/* ---- Forward ---- */

float *network_scratch(const RtPlan *plan, void *arena, int part)
{
    return (float *)((char *)arena + network_activation_bytes(plan) + (size_t)part * network_scratch_bytes(plan));
}

typedef struct Run {
    const RtPlan *plan;
    RtContext context;
} Run;

static void step(void *arg, int i, int part, int parts)
{
    const Run *run = arg;
    RtContext c = run->context;
    c.scratch = network_scratch(run->plan, c.arena, part);
    run->plan->step(&c, i, part, parts);
}

/* Weights packed for another network, or never packed, are the host's bug: going on would read
 * wild. */
const RtPlan *network_plan(const RtNetwork *net, const void *weights)
{
    const RtHead *head = weights;
    const RtPlan *plan = head->magic == HEAD_MAGIC && head->structure == net->structure
                             ? rt_plan(net, (RtTarget)head->target)
                             : NULL;
    if (!plan || plan->layout != head->layout)
        abort();
    return plan;
}

void rt_forward_tapped(const RtNetwork *net, const void *weights, const float *x, void *arena,
                       RtPool *pool, float *y, void (*tap)(void *arg, int step), void *arg)
{
    const float *packed = (const float *)((const RtHead *)weights + 1);
    Run run = { network_plan(net, weights), { .weights = packed, .x = x, .y = y, .arena = arena } };
    rt_pool_run_tapped(pool, run.plan->n_steps, step, &run, tap, arg);
}

void rt_forward(const RtNetwork *net, const void *weights, const float *x, int n, void *arena,
                RtPool *pool, float *y)
{
    size_t image = (size_t)net->c * (size_t)net->h * (size_t)net->w;
    for (int i = 0; i < n; i++)
        rt_forward_tapped(net, weights, x + (size_t)i * image, arena, pool,
                          y + (size_t)i * (size_t)net->outputs, NULL, NULL);
}

/* One logical channel from its lane of its block. */
static void read_channel(const RtTap *tap, const float *arena, int physical, float *out)
{
    const float *plane =
        arena + tap->offset + physical / tap->block * tap->plane + physical % tap->block;
    for (int y = 0; y < tap->h; y++)
        for (int x = 0; x < tap->w; x++)
            *out++ = plane[y * tap->row + (int64_t)x * tap->block];
}

void rt_read_tap(const RtTap *tap, const void *arena, float *out)
{
    int64_t pixels = (int64_t)tap->h * tap->w;
    for (int s = 0; s < tap->n_segments; s++) {
        const int *segment = tap->segments + 3 * s; /* logical, physical, n */
        for (int k = 0; k < segment[2]; k++)
            read_channel(tap, arena, segment[1] + k, out + (segment[0] + k) * pixels);
    }
}

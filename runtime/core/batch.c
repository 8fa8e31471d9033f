/* batch.c - many images for throughput: whole images to threads, no barriers inside.
 *
 * A thread computes its images in groups.  The first steps of a network are large in activations: they are done image by image, in
 * cache.  From the plan's step group_from on weights are larger: each step is done for all images of the group, so that its
 * weights come from memory once a group. */
#include "network.h"

enum { GROUP = 4 }; /* images: more save little and cost an arena each */

typedef struct Batch {
    const RtNetwork *net;
    const RtPlan *plan;
    const void *weights;
    const float *x;
    char *arena;
    float *y;
    int n, threads;
} Batch;

/* Arena 0 has the scratch of all threads behind it, the others follow. */
static float *arena_of(const Batch *b, int thread, int i)
{
    size_t k = (size_t)thread * GROUP + (size_t)i, bytes = network_activation_bytes(b->plan);
    char *others = b->arena + bytes + (size_t)b->threads * network_scratch_bytes(b->plan);
    return (float *)(k ? others + (k - 1) * bytes : b->arena);
}

size_t rt_batch_arena_bytes(const RtNetwork *net, RtTarget target, int threads)
{
    const RtPlan *plan = rt_plan(net, target);
    return plan ? rt_arena_bytes(net, target, threads) + ((size_t)threads * GROUP - 1) * network_activation_bytes(plan) : 0;
}

void *rt_batch_arena_new(const RtNetwork *net, RtTarget target, int threads)
{
    return rt_plan(net, target) ? memory_new(rt_batch_arena_bytes(net, target, threads)) : NULL;
}

/* Step s of image `image`, which is the i-th of its group. */
static void one_step(const Batch *b, int thread, int image, int i, int s)
{
    const RtNetwork *net = b->net;
    size_t floats = (size_t)net->c * (size_t)net->h * (size_t)net->w;
    RtContext c = { .weights = (const float *)((const RtHead *)b->weights + 1),
                    .x = b->x + (size_t)image * floats,
                    .y = b->y + (size_t)image * (size_t)net->outputs,
                    .arena = arena_of(b, thread, i),
                    .scratch = network_scratch(b->plan, b->arena, thread) };
    b->plan->step(&c, s, 0, 1);
}

/* Images [first, first + n). */
static void group(const Batch *b, int thread, int first, int n)
{
    for (int i = 0; i < n; i++)
        for (int s = 0; s < b->plan->group_from; s++)
            one_step(b, thread, first + i, i, s);
    for (int s = b->plan->group_from; s < b->plan->n_steps; s++)
        for (int i = 0; i < n; i++)
            one_step(b, thread, first + i, i, s);
}

/* A thread's share of the images. */
static void share(void *arg, int only_step, int thread, int threads)
{
    (void)only_step;
    const Batch *b = arg;
    int first = rt_begin(b->n, thread, threads), end = rt_begin(b->n, thread + 1, threads);
    for (int n; first < end; first += n) {
        n = end - first < GROUP ? end - first : GROUP;
        group(b, thread, first, n);
    }
}

void rt_forward_batch(const RtNetwork *net, const void *weights, const float *x, int n, void *arena, RtPool *pool, float *y)
{
    int threads = rt_pool_threads(pool), whole = n / threads * threads;
    Batch b = { net, network_plan(net, weights), weights, x, arena, y, whole, threads };
    if (whole)
        rt_pool_run(pool, 1, share, &b);
    size_t image = (size_t)net->c * (size_t)net->h * (size_t)net->w;
    rt_forward(net, weights, x + (size_t)whole * image, n - whole, arena, pool, y + (size_t)whole * (size_t)net->outputs);
}

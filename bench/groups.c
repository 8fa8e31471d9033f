/* groups.c: what groups of images are worth to rt_forward_batch: the network's plan against the same one that goes image by image, by
 * turns, a batch each.  The ratio of neighbours says what a noisy machine lets one know. */
#include "rt.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const RtNetwork NETWORK;
enum { BATCH = 8, ROUNDS = 41 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const RtNetwork *by_image, const void *weights, const float *x, float *y, int threads)
{
    const RtNetwork *nets[] = { by_image, &NETWORK };
    RtPool *pool = rt_pool_new(threads);
    void *arena = rt_batch_arena_new(&NETWORK, rt_best_target(&NETWORK), threads);
    double times[2], least[2] = { 1e9, 1e9 }, ratios[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        for (int k = 0; k < 2; k++) {
            double begin = seconds();
            rt_forward_batch(nets[k], weights, x, BATCH, arena, pool, y);
            times[k] = seconds() - begin;
            least[k] = times[k] < least[k] ? times[k] : least[k];
        }
        ratios[r] = times[0] / times[1];
    }
    qsort(ratios, ROUNDS, sizeof *ratios, ascending);
    printf("%-20s %d thread%s  image by image %8.2f ms, in groups %8.2f ms (smallest); ratio: median %.3f, quartiles %.3f %.3f\n", NETWORK.name, threads,
           threads > 1 ? "s" : " ", 1e3 * least[0], 1e3 * least[1], ratios[ROUNDS / 2], ratios[ROUNDS / 4], ratios[3 * ROUNDS / 4]);
    rt_free(arena);
    rt_pool_free(pool);
}

int main(void)
{
    RtTarget target = rt_best_target(&NETWORK);
    RtPlan plan = *rt_plan(&NETWORK, target);
    RtNetwork by_image = NETWORK;
    plan.group_from = plan.n_steps;
    by_image.plans = &plan;
    by_image.n_plans = 1;
    size_t floats = BATCH * (size_t)NETWORK.c * (size_t)NETWORK.h * (size_t)NETWORK.w;
    float *x = malloc(floats * sizeof *x), *y = malloc(BATCH * (size_t)NETWORK.outputs * sizeof *y);
    void *weights = rt_weights_new(&NETWORK, target);
    if (!x || !y || !weights || rt_load_initial(&NETWORK, target, 1, NULL, weights, NULL))
        return 1;
    for (size_t i = 0; i < floats; i++)
        x[i] = (float)(i * 7 % 13) / 13;
    for (int threads = 1; threads <= 2; threads++)
        measure(&by_image, weights, x, y, threads);
    return 0;
}

/* barrier.c [THREADS]: microseconds of a step of nothing: the barrier of rt_pool_run.  The mean holds what other processes cost. */
#include "../runtime/rt.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 300, STEPS = 1000 };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void nothing(void *arg, int step, int part, int parts) { (void)arg, (void)step, (void)part, (void)parts; }

static double steps_us(RtPool *pool, int steps)
{
    double begin = now_us();
    rt_pool_run(pool, steps, nothing, NULL);
    return now_us() - begin;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 2;
    RtPool *pool = rt_pool_new(threads);
    double best = 1e9, sum = 0, job = 1e9;
    if (!pool)
        return 1;
    for (int i = 0; i < RUNS; i++) {
        double each = steps_us(pool, STEPS) / STEPS, one = steps_us(pool, 1);
        sum += each;
        best = each < best ? each : best;
        job = one < job ? one : job;
    }
    printf("%d threads: a barrier takes %.3f us (mean %.3f), a job of one step %.3f us\n", threads, best, sum / RUNS, job);
    rt_pool_free(pool);
    return 0;
}

/* train_step NET.so NAME BATCH THREADS SECONDS: how long a step of training takes: packing, forward, backward, SGD with momentum; random
 * pictures.  Prints the best and the median in milliseconds, images a second, and memory. */
#include "../runtime/train/optimizer.h"
#include "../runtime/train/step.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    enum { MOST = 1000 };
    double times[MOST];
    void *so = argc == 6 ? dlopen(argv[1], RTLD_NOW) : NULL;
    const RtNetwork *net = so ? dlsym(so, argv[2]) : NULL;
    int batch = argc == 6 ? atoi(argv[3]) : 0, n = 0;
    Training t;
    RtError err;
    if (!net || training_open(&t, net, rt_best_target(net), batch, rt_pool_new(atoi(argv[4])), &err)) {
        fprintf(stderr, "%s\n", so ? net ? err.message : "no such network" : dlerror());
        return 1;
    }
    for (int i = 0; i < t.train->n_weights; i++)
        rt_init_weight(&t.train->weights[i], 1, t.raw[i]);
    RtRecipe recipe = { .optimizer = RT_SGD, .lr = 1e-4, .momentum = 0.9, .decay = 1e-4, .batch = batch, .epochs = 1 };
    Optimizer o;
    if (optimizer_new(&o, &recipe, t.train->weights, t.train->n_weights, t.raw, t.grads, &err))
        return 1;
    size_t floats = (size_t)(batch * net->c * net->h) * (size_t)net->w;
    float *x = malloc(floats * sizeof *x);
    int *labels = calloc((size_t)batch, sizeof *labels);
    uint64_t *samples = calloc((size_t)batch, sizeof *samples);
    for (size_t i = 0; i < floats; i++)
        x[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    double end = now() + atof(argv[5]);
    while (n < MOST && (n < 3 || now() < end)) {
        double begin = now();
        training_pack(&t);
        training_step(&t, &(TrainingBatch){ x, labels, samples, batch, 1, 0 });
        optimizer_step(&o, 1e-4, t.pool);
        times[n++] = now() - begin;
    }
    qsort(times, (size_t)n, sizeof *times, by_time);
    printf("%s batch %d threads %s %s: best %.1f ms, median %.1f ms, %.1f images/s, %.0f MiB\n", net->name, batch, argv[4], rt_target_name(t.plan->target),
           1e3 * times[0], 1e3 * times[n / 2], batch / times[n / 2], (double)training_bytes(net, t.plan->target, batch, atoi(argv[4])) / (1 << 20));
    return 0;
}

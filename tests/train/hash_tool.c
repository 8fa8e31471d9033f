/* hash_tool NET.so NAME BATCH THREADS STEPS TARGET: steps of SGD from initial weights on random pictures.  Prints the bytes that training
 * takes, a hash of all weights and statistics, and one of all losses of the last step. */
#include "../../runtime/core/network.h"
#include "../../runtime/train/step.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED = 7 };

static uint64_t hash(uint64_t h, const float *v, size_t n)
{
    const unsigned char *p = (const unsigned char *)v;
    for (size_t i = 0; i < n * sizeof *v; i++)
        h = (h ^ p[i]) * 1099511628211u; /* FNV-1a */
    return h;
}

static void update(Training *t)
{
    for (int i = 0; i < t->train->n_weights; i++)
        for (size_t k = 0; t->grads[i] && k < network_weight_count(&t->train->weights[i]); k++)
            t->raw[i][k] -= 0.05f * t->grads[i][k];
}

int main(int argc, char **argv)
{
    void *so = argc == 7 ? dlopen(argv[1], RTLD_NOW) : NULL;
    const RtNetwork *net = so ? dlsym(so, argv[2]) : NULL;
    int n = argc == 7 ? atoi(argv[3]) : 0;
    Training t;
    RtError err;
    if (!net || training_open(&t, net, (RtTarget)atoi(argv[6]), n, rt_pool_new(atoi(argv[4])), &err)) {
        fprintf(stderr, "%s\n", so ? net ? err.message : "no such network" : dlerror());
        return 2;
    }
    size_t floats = (size_t)n * (size_t)net->c * (size_t)net->h * (size_t)net->w;
    float *x = malloc(floats * sizeof *x);
    int *labels = calloc((size_t)n, sizeof *labels);
    uint64_t *samples = calloc((size_t)n, sizeof *samples), h = 14695981039346656037u;
    for (int i = 0; i < t.train->n_weights; i++)
        rt_init_weight(&t.train->weights[i], SEED, t.raw[i]);
    for (int step = 0; step < atoi(argv[5]); step++) {
        for (size_t i = 0; i < floats; i++)
            x[i] = (float)((i + (size_t)step * 977) * 2654435761u % 1000) / 500 - 1;
        for (int i = 0; i < n; i++) {
            samples[i] = (uint64_t)(i + step * n);
            labels[i] = (i + step) % t.train->terms[0].classes;
        }
        training_pack(&t);
        training_step(&t, &(TrainingBatch){ x, labels, samples, n, SEED, (uint32_t)step });
        update(&t);
    }
    for (int i = 0; i < t.train->n_weights; i++)
        h = hash(h, t.raw[i], network_weight_count(&t.train->weights[i]));
    printf("%zu %016llx %016llx\n", training_bytes(net, t.plan->target, n, atoi(argv[4])), (unsigned long long)h,
           (unsigned long long)hash(14695981039346656037u, t.losses, (size_t)(n * t.train->n_terms)));
    return 0;
}

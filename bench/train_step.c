/* train_step NET.so NAME BATCH THREADS sgd|adam: steps of training, in turns (turns.h); a run is a step: packing, forward, backward and
 * optimiser (SGD with momentum, or Adam) on random pictures.  Its answers say planned_bytes too, what the program prints of it. */
#include "../runtime/train/optimizer.h"
#include "../runtime/train/step.h"
#include "turns.h"
#include <dlfcn.h>

typedef struct Bench {
    Training t;
    Optimizer o;
    TrainingBatch batch;
    double rate;
} Bench;

static void one_step(void *arg)
{
    Bench *b = arg;
    training_pack(&b->t);
    training_step(&b->t, &b->batch);
    optimizer_step(&b->o, b->rate, b->t.pool);
}

static RtRecipe recipe_of(const char *optimizer, int batch)
{
    if (strcmp(optimizer, "adam") == 0)
        return (RtRecipe){ .optimizer = RT_ADAM, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .batch = batch, .epochs = 1 };
    return (RtRecipe){ .optimizer = RT_SGD, .lr = 1e-4, .momentum = 0.9, .batch = batch, .epochs = 1 };
}

/* Random pictures of class 0; returns the bytes of their pixels. */
static size_t make_batch(Bench *b, int n)
{
    const RtNetwork *net = b->t.net;
    size_t floats = (size_t)n * (size_t)net->c * (size_t)net->h * (size_t)net->w;
    float *x = malloc(floats * sizeof *x);
    for (size_t i = 0; i < floats; i++)
        x[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    b->batch = (TrainingBatch){ x, calloc((size_t)n, sizeof(int)), calloc((size_t)n, sizeof(uint64_t)), n, 1, 0 };
    return floats * sizeof *x;
}

int main(int argc, char **argv)
{
    void *so = argc == 6 ? dlopen(argv[1], RTLD_NOW) : NULL;
    const RtNetwork *net = so ? dlsym(so, argv[2]) : NULL;
    int batch = argc == 6 ? atoi(argv[3]) : 0;
    static Bench b;
    RtError err;
    if (!net || training_open(&b.t, net, rt_best_target(net), batch, rt_pool_new(atoi(argv[4])), &err)) {
        fprintf(stderr, "train_step: %s\n", so ? net ? err.message : "no such network" : argc == 6 ? dlerror() : "NET.so NAME BATCH THREADS sgd|adam");
        return 1;
    }
    for (int i = 0; i < b.t.train->n_weights; i++)
        rt_init_weight(&b.t.train->weights[i], 1, b.t.raw[i]);
    RtRecipe recipe = recipe_of(argv[5], batch);
    b.rate = recipe.lr;
    if (optimizer_new(&b.o, &recipe, b.t.train->weights, b.t.train->n_weights, b.t.raw, b.t.grads, &err)) {
        fprintf(stderr, "train_step: %s\n", err.message);
        return 1;
    }
    size_t planned = training_bytes(net, b.t.plan->target, batch, b.t.threads) + optimizer_bytes(&b.o) + make_batch(&b, batch);
    char more[128];
    snprintf(more, sizeof more, "\"target\": \"%s\", \"planned_bytes\": %zu, ", rt_target_name(b.t.plan->target), planned);
    one_step(&b);
    turns_serve(one_step, &b, more);
    return 0;
}

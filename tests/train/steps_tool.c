/* steps_tool NET.so NAME BATCH THREADS STEPS RATE WEIGHTS PICTURES LABELS FOLDER: steps of training by generated code with the optimiser of
 * its recipe, at a rate of RATE (0: the recipe's), from the safetensors file WEIGHTS.  PICTURES holds float32 images and LABELS one int32
 * for each, as many as there are: batches follow each other and begin again at the end, with the next epoch.  Dropout draws by seed 1,
 * epoch and the picture's place.  Prints each step's losses, the mean of every term without its weight; FOLDER/last.safetensors then
 * holds the weights. */
#include "../../runtime/train/checkpoint.h"
#include "../../runtime/train/schedule.h"
#include "../../runtime/train/start.h"
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0 || ftell(f) <= 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(f);
    rewind(f);
    void *data = malloc(*size);
    if (!data || fread(data, 1, *size, f) != *size) {
        perror(path);
        exit(2);
    }
    fclose(f);
    return data;
}

static void must(RtStatus status, const RtError *err)
{
    if (!status)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(2);
}

enum { SEED = 1 };

typedef struct Run {
    Training t;
    Optimizer o;
    const float *pictures;
    const int *labels;
    int n_pictures, batch;
    double rate;
} Run;

static void print_losses(const Run *r, int step)
{
    int terms = r->t.train->n_terms;
    printf("%d", step);
    for (int k = 0; k < terms; k++) {
        double sum = 0;
        for (int i = 0; i < r->batch; i++)
            sum += r->t.losses[i * terms + k];
        printf(" %.9g", sum / r->batch);
    }
    printf("\n");
    fflush(stdout);
}

static void run_steps(Run *r, int steps)
{
    size_t image = (size_t)r->t.net->c * (size_t)r->t.net->h * (size_t)r->t.net->w;
    uint64_t *samples = calloc((size_t)r->batch, sizeof *samples);
    for (int step = 0; step < steps; step++) {
        int from = step * r->batch % r->n_pictures;
        training_pack(&r->t);
        for (int i = 0; i < r->batch; i++)
            samples[i] = (uint64_t)(from + i);
        training_step(&r->t, &(TrainingBatch){ r->pictures + (size_t)from * image, r->labels + from, samples, r->batch, SEED,
                                               (uint32_t)(step * r->batch / r->n_pictures) });
        print_losses(r, step);
        optimizer_step(&r->o, r->rate, r->t.pool);
    }
    free(samples);
}

int main(int argc, char **argv)
{
    if (argc != 11)
        return 2;
    void *so = dlopen(argv[1], RTLD_NOW);
    const RtNetwork *net = so ? dlsym(so, argv[2]) : NULL;
    if (!net || !net->train) {
        fprintf(stderr, "cannot load %s\n", so ? argv[2] : dlerror());
        return 2;
    }
    RtError err;
    int loaded;
    size_t size, labels;
    Run r = { .batch = atoi(argv[3]), .rate = atof(argv[6]) };
    must(training_open(&r.t, net, rt_best_target(net), r.batch, rt_pool_new(atoi(argv[4])), &err), &err);
    must(training_start(&r.t, SEED, argv[7], &loaded, &err), &err);
    must(optimizer_new(&r.o, &net->train->recipe, net->train->weights, net->train->n_weights, r.t.raw, r.t.grads, &err), &err);
    r.pictures = read_file(argv[8], &size);
    r.labels = read_file(argv[9], &labels);
    r.n_pictures = (int)(labels / sizeof(int));
    if (size != (size_t)r.n_pictures * (size_t)net->c * (size_t)net->h * (size_t)net->w * sizeof(float) || r.n_pictures % r.batch) {
        fprintf(stderr, "%s and %s hold other numbers of pictures, or no whole batches\n", argv[8], argv[9]);
        return 2;
    }
    if (r.rate == 0)
        r.rate = net->train->recipe.lr;
    run_steps(&r, atoi(argv[5]));
    Checkpoint c = checkpoint_of(net, net->train->weights, net->train->n_weights, r.t.raw, &r.o);
    must(checkpoint_save(argv[10], &c, &(CheckpointState){ .best = NAN }, &err), &err);
    return 0;
}

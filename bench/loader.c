/* loader DIR centre|random: the loader with one worker over a folder of classes, in turns (turns.h); a run is a batch.
 *   centre   the middle 299 x 299 pixels, ImageNet's mean and deviation
 *   random   a random resized crop of 299 x 299, flipped or not, the same normalisation
 * Nothing is done with the batches, so that one core works at a time. */
#include "../runtime/train/loader.h"
#include "turns.h"

enum { SIDE = 299, BATCH = 32 };
#define IMAGENET { .kind = RT_VIEW_NORMALIZE, .mean = { 0.485, 0.456, 0.406 }, .std = { 0.229, 0.224, 0.225 } }
static const RtView centre[] = { { .kind = RT_VIEW_CENTERCROP, .h = SIDE, .w = SIDE }, IMAGENET };
static const RtView drawn[] = { { .kind = RT_VIEW_RANDOM_RESIZED_CROP, .h = SIDE, .w = SIDE }, { .kind = RT_VIEW_FLIP }, IMAGENET };

typedef struct Bench {
    RtLoader *loader;
    uint32_t epoch;
} Bench;

static void fail(const RtError *err)
{
    fprintf(stderr, "loader: %s\n", err->message);
    exit(1);
}

/* Takes a whole batch, of the next epoch where one has ended. */
static void one_batch(void *arg)
{
    Bench *b = arg;
    RtError err;
    const RtBatch *batch = NULL;
    while (!batch || batch->n < BATCH) {
        if (rt_loader_next(b->loader, &batch, &err))
            fail(&err);
        if (!batch && rt_loader_begin(b->loader, ++b->epoch, 0, &err))
            fail(&err);
    }
}

int main(int argc, char **argv)
{
    RtError err;
    RtDataset data;
    Bench b = { 0 };
    if (argc != 3) {
        fputs("usage: loader DIR centre|random\n", stderr);
        return 2;
    }
    int random = strcmp(argv[2], "random") == 0;
    RtSource source = { RT_SOURCE_FOLDER, argv[1], NULL };
    if (rt_dataset_open(&source, &data, &err))
        fail(&err);
    RtLoaderOptions o = { .data = &data, .view = random ? drawn : centre, .n_view = random ? 3 : 2, .c = 3, .h = SIDE, .w = SIDE,
                          .batch = BATCH, .workers = 1, .seed = 1, .shuffle = 1, .training = 1, .strict = 1 };
    if (rt_loader_open(&o, &b.loader, &err) || rt_loader_begin(b.loader, 0, 0, &err))
        fail(&err);
    char more[32];
    snprintf(more, sizeof more, "\"images\": %d, ", BATCH);
    turns_serve(one_batch, &b, more);
    rt_loader_close(b.loader);
    rt_dataset_close(&data);
    return 0;
}

/* step.h - one step of training: forward, loss, backward; then the weights are packed anew.
 *
 * Work over one image goes by images: every thread takes whole ones, step after step, while their activations are in cache;
 * the n % threads that remain are done by all threads together.  Sums over the batch go by outputs: every thread adds all
 * images, in their order, for its own.  So no bit depends on the number of threads. */
#ifndef INCEPTRT_STEP_H
#define INCEPTRT_STEP_H
#include "cache.h"

typedef struct TrainingItem TrainingItem;
typedef struct Training {
    const RtNetwork *net;
    const RtTrain *train;
    const RtTrainPlan *plan;
    RtPool *pool;
    int threads, batch;      /* images that there is room for */
    float **raw, **grads;    /* by row of train->weights, row-major; grads[i] null where it does not train */
    float *packed, *shared, *scratch, *arena, *losses, *memory;
    Cache *cache;            /* borrowed; null: none. Of pictures that it has, x is not read */
    bool packed_once;        /* frozen weights are packed */
    TrainingItem *items;     /* what a run of `items_n` images does */
    int n_items, items_n;
} Training;

/* Memory for steps of up to `batch` images with the threads of pool (may be null): weights zeroed.  RT_ERROR_USAGE: compiled
 * without --train or for another target.  Ended by training_close. */
RtStatus training_open(Training *t, const RtNetwork *net, RtTarget target, int batch, RtPool *pool, RtError *err);
void training_close(Training *t);
enum { TRAINING_THREADS_COUNTED = 16 }; /* the recipe's memory has room for their scratch */
/* Bytes that training_open takes: weights and gradients among them. */
size_t training_bytes(const RtNetwork *net, RtTarget target, int batch, int threads);

/* Packs raw: after every change of weights, before the next step.  What is frozen is packed by the first call only. */
void training_pack(Training *t);

typedef struct TrainingBatch { /* borrowed */
    const float *x;          /* n x c x h x w */
    const int *labels;       /* 0 .. classes - 1 */
    const uint64_t *samples; /* numbers of the pictures: dropout draws by them */
    int n;                   /* 1 .. batch */
    uint64_t seed;
    uint32_t epoch;
} TrainingBatch;
/* Fills grads with the gradients of the mean over the batch of sum over terms of weight * cross-entropy; running statistics of
 * batch norms move.  losses[i * terms + k]: term k of image i, without its weight. */
void training_step(Training *t, const TrainingBatch *b);
/* Logits of loss term k for image i of the last step: out[classes]. */
void training_logits(const Training *t, int term, int image, float *out);
/* The row of a weight by name; -1: there is none. */
int training_row(const RtTrain *train, const char *name);
#endif

/* loader.h - batches of a data set, prepared by threads while the caller trains on those before. */
#ifndef INCEPTRT_LOADER_H
#define INCEPTRT_LOADER_H
#include "dataset.h"

typedef struct RtLoaderOptions {
    const RtDataset *data; /* borrowed until rt_loader_close, as is view */
    const RtView *view;
    int n_view, c, h, w;   /* of the network */
    int batch;             /* pictures */
    int workers;           /* threads; 0: the caller's own reads when it asks */
    uint64_t seed;
    int shuffle;           /* 0: in the order of the data set */
    int training;          /* 1: random steps of the view are drawn (rt_view_train) */
    const uint8_t *skip;   /* by picture, or null: those with 1 are not read (a cache has them); their x says nothing */
    int strict;            /* 1: a picture that cannot be read is an error */
} RtLoaderOptions;

typedef struct RtBatch { /* the loader's memory, valid until its next call */
    const float *x;          /* n x c x h x w */
    const int *labels;       /* n */
    const uint64_t *samples; /* n: the number of each picture in the data set */
    int n;                   /* at most options.batch, at least 1 */
    size_t position, end;    /* in the epoch's order: of the first, and behind the last (left out ones count): resume from end */
} RtBatch;

typedef struct RtBadSample {
    uint64_t sample;
    char *name, *reason; /* reason is a sentence that names the file */
} RtBadSample;

typedef struct RtLoader RtLoader;

/* Takes the options (copied) and starts the threads, which wait for rt_loader_begin.  RT_ERROR_USAGE: a size below 1; RT_ERROR_FILE:
 * no memory or no threads.  On success rt_loader_close releases it, at any time: it waits for pictures in work only. */
RtStatus rt_loader_open(const RtLoaderOptions *options, RtLoader **out, RtError *err);
void rt_loader_close(RtLoader *l); /* null: nothing */

/* Begins an epoch at picture `first` of its order; what was left of the epoch before is dropped.  The order is a permutation by Philox
 * keyed by seed and epoch.  Content and order of batches depend neither on the number of workers nor on earlier epochs; from the
 * `end` of a batch they are the batches that followed it.  RT_ERROR_USAGE when first is beyond the data set. */
RtStatus rt_loader_begin(RtLoader *l, uint32_t epoch, size_t first, RtError *err);
/* The next batch, or a null one when the epoch is over.  A picture that cannot be read or prepared is left out and put on the list of bad
 * ones; a batch of only such ones is passed over; when all of an epoch's are, RT_ERROR_INPUT.  strict: the error
 * of the first one. */
RtStatus rt_loader_next(RtLoader *l, const RtBatch **batch, RtError *err);

/* Bytes of the batches that it fills; a picture in work comes on top for each worker. */
size_t rt_loader_bytes(const RtLoader *l);
/* Batches of a whole epoch. */
size_t rt_loader_batches(const RtLoader *l);
/* Pictures left out so far, each once, in the order in which they were met.  Borrowed until the next call of rt_loader_next. */
const RtBadSample *rt_loader_bad(const RtLoader *l, size_t *n);
/* The share of the time since rt_loader_begin that rt_loader_next took: 0 to 1. */
double rt_loader_wait_share(const RtLoader *l);
#endif

/* What the kernels of training share: functions over the blocks of a step's places. */
#ifndef INCEPTC_KERNELS_TRAIN_H
#define INCEPTC_KERNELS_TRAIN_H
#include "kernels.h"

KernelLower kernel_lower_weight_grad, kernel_lower_bias_grad, kernel_lower_interleave;
KernelLower kernel_lower_bn_parts, kernel_lower_bn_stats, kernel_lower_bn_apply;
KernelLower kernel_lower_bn_grad_parts, kernel_lower_bn_grad_stats, kernel_lower_bn_grad;
KernelLower kernel_lower_relu_grad, kernel_lower_maxpool_grad, kernel_lower_maxpool_index, kernel_lower_maxpool_index_grad, kernel_lower_avgpool_grad, kernel_lower_globalavgpool_grad,
    kernel_lower_adaptiveavgpool_grad, kernel_lower_lrn_grad, kernel_lower_l2norm_grad, kernel_lower_softmax_grad;
KernelLower kernel_lower_dropout, kernel_lower_crossentropy, kernel_lower_crossentropy_grad;

enum { TRAIN_MOST_IN = 70 };

typedef struct TrainKernel {
    LowerContext *c;
    Step *s;
    Func *f;
    Kernel k;      /* of a fresh function: its body is to be written */
    Lower *l;
    Type type;     /* of a block's vectors */
    int lanes, vectors;
    Var *in[TRAIN_MOST_IN], *out[2], *beta, *gamma;
    Expr *args[TRAIN_MOST_IN + 16]; /* of the call on the page */
    int n_args;
} TrainKernel;

/* Finds or begins the function of a step: parameters are its inputs and outputs by their names (words, inputs first), beta and gamma between them where it has them.  True: it is fresh.  `key` says what else makes it
 * distinct.  Needs equal channel maps of all places. */
bool train_begin(TrainKernel *t, LowerContext *c, Step *s, const char *name, const char *names, const char *key, const char *comment);
/* Further parameters, with what the page passes: to be called in the same order for every step. */
Var *train_int(TrainKernel *t, const char *name, Expr *value);
Var *train_gradient(TrainKernel *t, const char *name, const Tensor *gradient); /* of a weight; null when nothing wants it */
Var *train_row(TrainKernel *t, const char *name, const Tensor *weight);        /* the weight itself, to be changed */
void train_units(TrainKernel *t); /* begins the loop over units, for a fresh function */
void train_call(TrainKernel *t);  /* ends it, and calls */

/* Element offset of pixel (y, x), vector v of a block in place i: letters name the dimensions of the place. */
Expr *train_at(TrainKernel *t, const Place *p, const char *letter, Expr *block, Expr *y, Expr *x, int v);
/* The same of a vector of channels: block * 16 + v * lanes. */
Expr *train_channel(TrainKernel *t, Expr *block, int v);
/* Begins the loop over units u = block * H + y, rows of the result's blocks; the row's y. */
Expr *train_rows(TrainKernel *t, Expr **block);
Var *train_for(TrainKernel *t, const char *name, int n); /* for name in 0..n-1 */
/* Of a call over the batch: the parameters that say which of its images it sees. */
typedef struct BatchPart {
    Var *index, *count, *n; /* images [index, index + count) of n; count is null where a call sees one */
} BatchPart;
BatchPart train_batch_part(TrainKernel *t);
/* Input i is passed from pixel (y, x) on, for all images of the call. */
void train_see_images(TrainKernel *t, int i, int y, int x);
Var *train_sums(TrainKernel *t); /* the parameter `sums`: what the step keeps from call to call */
Var *train_scratch(TrainKernel *t, const char *name, int64_t at); /* a parameter: scratch of the part, from float `at` on */
void train_if_first(TrainKernel *t, const BatchPart *b); /* begins what is done with the first images only */
void train_if_last(TrainKernel *t, const BatchPart *b);
#endif

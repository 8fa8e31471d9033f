/* optimizer.h - one step of an optimiser over all weights of a network.
 *
 * Sources: the equations of optimizer_rules.h; clipping is torch.nn.utils.clip_grad_norm_ (g *= min(1, clip / (norm + 1e-6))); the
 * moving average is tf.train.ExponentialMovingAverage with num_updates: its decay is min(ema, (1 + t) / (10 + t)), t the steps
 * done, so that short trainings do not keep what they began with. */
#ifndef RUNTIME_TRAIN_OPTIMIZER_H
#define RUNTIME_TRAIN_OPTIMIZER_H
#include "../rt.h"

enum { OPTIMIZER_STATES_MAX = 3 };
typedef struct OptimizerState { /* a float array by weight: what a checkpoint keeps */
    const char *prefix;   /* of its tensors: "optimizer.exp_avg.", "optimizer.exp_avg_sq.", "optimizer.momentum_buffer.",
                             "optimizer.square_avg.", "ema." */
    float *const *values; /* by index of the weights table; null where a weight has none */
} OptimizerState;

typedef struct Optimizer {
    int64_t step; /* steps done; a resumed training sets it */
    double norm;  /* 2-norm of all gradients of the last step, before clipping; 0 when the recipe does not clip.  Not finite when a
                     gradient was not: then the weights are lost */
    int n_states;
    OptimizerState states[OPTIMIZER_STATES_MAX];
    float *const *averages; /* the moving average of weights, among states too; null when the recipe has none */
    struct OptimizerWork *work; /* optimizer.c's own */
} Optimizer;

/* For n weights whose values stand at raw[i] and whose gradients at grads[i] (row-major float32; borrowed until optimizer_free; a
 * null gradient: the weight stays).  recipe is copied.  Weight decay is for tensors of rank 2 and more: biases, gamma and beta have
 * none.  The moving average begins as the weights are now and covers all of them, statistics too.  RT_ERROR_USAGE: a number of
 * the recipe makes no sense; RT_ERROR_FILE: out of memory.  On success the caller ends it with optimizer_free. */
RtStatus optimizer_new(Optimizer *o, const RtRecipe *recipe, const RtWeight *weights, int n, float *const *raw,
                       float *const *grads, RtError *err);
void optimizer_free(Optimizer *o); /* zeroed ones too */
size_t optimizer_bytes(const Optimizer *o); /* of its states */

/* One step with the rate of schedule_rate: reads weights, gradients and states once, on all threads of pool (may be null).  The
 * gradients stay as they are.  The bits of the result do not depend on the number of threads. */
void optimizer_step(Optimizer *o, double rate, RtPool *pool);

/* The moving average begins anew at the weights as they are: after weights were loaded without one. */
void optimizer_restart_averages(Optimizer *o);
#endif

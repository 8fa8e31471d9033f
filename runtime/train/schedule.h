/* schedule.h - the learning rate of a step. */
#ifndef RUNTIME_TRAIN_SCHEDULE_H
#define RUNTIME_TRAIN_SCHEDULE_H
#include "../rt.h"

/* The rate of step `step` (from 0 on, over all epochs) when an epoch has steps_per_epoch >= 1 of them.  With
 *     e = step / steps_per_epoch                      epochs done, a fraction
 *     W = warmup, E = epochs, b = lr, f = lr_power, d = lr_end
 *     e' = e - W,  t = e' / (E - W), held within 0 .. 1
 * the rate is
 *     e < W        b (e + 1 / steps_per_epoch) / W, at most b   the first step is not zero, the last one is b
 *     constant     b
 *     step         b f^floor(e' / lr_every)           torch's StepLR
 *     exponential  the same: torch's ExponentialLR is its case lr_every = 1; the papers' "0.94 every two epochs"
 *     poly         d + (b - d) (1 - t)^f              Caffe's "poly", torch's PolynomialLR
 *     cosine       d + (b - d) (1 + cos(pi t)) / 2    torch's CosineAnnealingLR
 * The schedule begins where the warm-up ends (torch's SequentialLR, torchvision's references).  The same bits on every machine. */
double schedule_rate(const RtRecipe *recipe, int64_t step, int64_t steps_per_epoch);
#endif

#include "schedule.h"
#include <math.h>

/* (1 + cos(pi t)) / 2 = cos(pi t / 2)^2 for t in 0 .. 1, by the series of the cosine: 15 terms leave 1e-25. */
static double half_wave(double t)
{
    double x = 1.57079632679489661923 * t, term = 1, sum = 1;
    for (int k = 1; k < 15; k++) {
        term *= -x * x / ((2 * k - 1) * (2 * k));
        sum += term;
    }
    return t < 1 ? sum * sum : 0;
}

static double power(double base, double exponent) { return base > 0 ? rt_pow(base, exponent) : exponent == 0; }

static double after_warmup(const RtRecipe *r, double epoch)
{
    double length = r->epochs - r->warmup, t = length > 0 ? fmin(epoch / length, 1) : 1;
    switch (r->schedule) {
    case RT_LR_CONSTANT: break;
    case RT_LR_STEP:
    case RT_LR_EXPONENTIAL: return r->lr * power(r->lr_power, floor(epoch / r->lr_every));
    case RT_LR_POLY: return r->lr_end + (r->lr - r->lr_end) * power(1 - t, r->lr_power);
    case RT_LR_COSINE: return r->lr_end + (r->lr - r->lr_end) * half_wave(t);
    }
    return r->lr;
}

double schedule_rate(const RtRecipe *r, int64_t step, int64_t steps_per_epoch)
{
    double epoch = (double)step / (double)steps_per_epoch;
    if (epoch < r->warmup)
        return r->lr * fmin((double)(step + 1) / (r->warmup * (double)steps_per_epoch), 1);
    return after_warmup(r, epoch - r->warmup);
}

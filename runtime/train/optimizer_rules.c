/* optimizer_rules.c - loops without branches, which the compiler turns into vectors: the Makefile says -O3 -fno-math-errno for
 * this file (a square root that may set errno is a call).  Elements are independent, so vectors change no bit. */
#include "optimizer_rules.h"
#include <math.h>

#define RULE(name) \
    void name(const RuleNumbers *r, size_t n, float *restrict w, const float *restrict g, float *restrict a, float *restrict b)
#define UNUSED(x) ((void)(x))

/* g" of element i. */
#define GRADIENT(i) (s.scale * g[i] + s.decay * w[i])

RULE(rule_sgd)
{
    const RuleNumbers s = *r;
    UNUSED(a);
    UNUSED(b);
    for (size_t i = 0; i < n; i++)
        w[i] -= s.rate * GRADIENT(i);
}

RULE(rule_sgd_momentum)
{
    const RuleNumbers s = *r;
    UNUSED(b);
    for (size_t i = 0; i < n; i++) {
        a[i] = s.momentum * a[i] + GRADIENT(i);
        w[i] -= s.rate * a[i];
    }
}

RULE(rule_sgd_nesterov)
{
    const RuleNumbers s = *r;
    UNUSED(b);
    for (size_t i = 0; i < n; i++) {
        float d = GRADIENT(i);
        a[i] = s.momentum * a[i] + d;
        w[i] -= s.rate * (d + s.momentum * a[i]);
    }
}

RULE(rule_adam)
{
    const RuleNumbers s = *r;
    for (size_t i = 0; i < n; i++) {
        float d = GRADIENT(i);
        a[i] = s.keep1 * a[i] + s.add1 * d;
        b[i] = s.keep2 * b[i] + s.add2 * d * d;
        w[i] -= s.rate * a[i] / (sqrtf(b[i]) * s.root + s.eps);
    }
}

RULE(rule_adamw)
{
    const RuleNumbers s = *r;
    for (size_t i = 0; i < n; i++) {
        float d = s.scale * g[i];
        a[i] = s.keep1 * a[i] + s.add1 * d;
        b[i] = s.keep2 * b[i] + s.add2 * d * d;
        w[i] = s.shrink * w[i] - s.rate * a[i] / (sqrtf(b[i]) * s.root + s.eps);
    }
}

RULE(rule_rmsprop)
{
    const RuleNumbers s = *r;
    UNUSED(a);
    for (size_t i = 0; i < n; i++) {
        float d = GRADIENT(i);
        b[i] = s.keep2 * b[i] + s.add2 * d * d;
        w[i] -= s.rate * d / (sqrtf(b[i]) + s.eps);
    }
}

RULE(rule_rmsprop_momentum)
{
    const RuleNumbers s = *r;
    for (size_t i = 0; i < n; i++) {
        float d = GRADIENT(i);
        b[i] = s.keep2 * b[i] + s.add2 * d * d;
        a[i] = s.momentum * a[i] + d / (sqrtf(b[i]) + s.eps);
        w[i] -= s.rate * a[i];
    }
}

RULE(rule_rmsprop_tf)
{
    const RuleNumbers s = *r;
    for (size_t i = 0; i < n; i++) {
        float d = GRADIENT(i);
        b[i] = s.keep2 * b[i] + s.add2 * d * d;
        a[i] = s.momentum * a[i] + s.rate * d / sqrtf(b[i] + s.eps);
        w[i] -= a[i];
    }
}

void rule_average(float add, size_t n, const float *restrict w, float *restrict e)
{
    for (size_t i = 0; i < n; i++)
        e[i] += add * (w[i] - e[i]);
}

/* Eight sums side by side, then pairwise. */
double rule_squares(size_t n, const float *g)
{
    enum { LANES = 8 };
    double sum[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += (double)g[i + (size_t)k] * g[i + (size_t)k];
    for (; i < n; i++)
        sum[i % LANES] += (double)g[i] * g[i];
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

#include "compare.h"
#include <math.h>
#include <string.h>

int64_t sample_position(const Sample *s, int64_t i)
{
    int64_t all = s->elems * s->images;
    return all == s->n ? i : (int64_t)((__int128)i * all / s->n);
}

/* Its place among all floats in their order: neighbours differ by 1. */
static int64_t float_order(double v)
{
    float f = (float)v;
    int32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits < 0 ? (int64_t)INT32_MIN - bits : bits;
}

static int64_t float_steps(double a, double b)
{
    int64_t d = float_order(a) - float_order(b);
    return d < 0 ? -d : d;
}

/* The numbers [from, to) are those of one image.  Standard deviation; where they are nearly constant, a thousandth of the
 * largest stands in. */
static double scale_of(const double *v, int64_t from, int64_t to)
{
    double sum = 0, squares = 0, largest = 0;
    for (int64_t i = from; i < to; i++) {
        sum += v[i];
        largest = fmax(largest, fabs(v[i]));
    }
    double mean = sum / (double)(to - from);
    for (int64_t i = from; i < to; i++)
        squares += (v[i] - mean) * (v[i] - mean);
    return fmax(sqrt(squares / (double)(to - from)), 1e-3 * largest);
}

/* The largest difference of the numbers [from, to); updates c when it is the largest so far. */
static double difference(const Sample *s, const double *ours, int64_t from, int64_t to, Comparison *c)
{
    double most = 0;
    for (int64_t i = from; i < to; i++) {
        int64_t at = sample_position(s, i);
        double d = fabs(ours[at] - s->value[i]);
        if (!isfinite(d))
            d = INFINITY;
        most = fmax(most, d);
        if (d > c->max_abs || i == 0) {
            c->max_abs = d;
            c->position = at;
            c->ulp = isfinite(d) ? float_steps(ours[at], s->value[i]) : INT64_MAX;
        }
    }
    return most;
}

Comparison compare_values(const Sample *s, const double *ours)
{
    Comparison c = { 0 };
    for (int64_t from = 0, to; from < s->n; from = to) {
        int64_t image = sample_position(s, from) / s->elems;
        for (to = from; to < s->n && sample_position(s, to) / s->elems == image; to++)
            continue;
        double d = difference(s, ours, from, to, &c);
        c.relative = fmax(c.relative, d == 0 || isinf(d) ? d : d / scale_of(s->value, from, to));
    }
    return c;
}

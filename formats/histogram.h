/* histogram.h - how values are spread over TensorFlow's buckets: limits from 1e-12 to 1e20 and their negatives, each 1.1
 * times the one before [tensorflow, histogram.cc]. */
#ifndef FORMATS_HISTOGRAM_H
#define FORMATS_HISTOGRAM_H
#include <stddef.h>

enum { HISTOGRAM_MOST = 128 };
typedef struct Histogram {
    double min, max, sum, sum_squares; /* 0 when n is 0 */
    double n;                          /* finite values: the others are left out */
    int n_buckets;
    double limit[HISTOGRAM_MOST], count[HISTOGRAM_MOST]; /* of values below limit and not below the limit before it */
} Histogram;

/* The finite ones of the n values at x.  The first and the last bucket hold something, no two empty ones are neighbours,
 * and neighbours are joined while there are more than HISTOGRAM_MOST.  All limits are finite. */
void histogram_of(const float *x, size_t n, Histogram *out);
#endif

/* How far two arrays are apart. */
#ifndef INCEPTC_COMPARE_H
#define INCEPTC_COMPARE_H
#include <stdbool.h>
#include <stdint.h>

/* `n` numbers at the flat positions floor(i * elems * images / n) of images of `elems` elements: all of them when n says so. */
typedef struct Sample {
    int64_t n, elems;
    int images;
    const double *value;
} Sample;

typedef struct Comparison {
    double max_abs;   /* largest |ours - reference| */
    double relative;  /* largest over images of max |d| over the reference's deviation in that image */
    int64_t ulp;      /* float32 steps between the two where max_abs is */
    int64_t position; /* flat, where max_abs is */
} Comparison;

/* Infinite when something is not finite. */
Comparison compare_values(const Sample *reference, const double *ours);
int64_t sample_position(const Sample *s, int64_t i);
#endif

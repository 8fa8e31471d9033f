/* rank.h - which outputs are the largest: of equal ones the lower index first, NaN last. */
#ifndef INCEPTRT_RANK_H
#define INCEPTRT_RANK_H
#include <stdbool.h>

/* Does a, of index ia, come before b, of index ib? */
bool rank_before(float a, int ia, float b, int ib);
/* Indices of the k largest of the n values at y, largest first. */
void top_indices(const float *y, int n, int k, int *out);
#endif

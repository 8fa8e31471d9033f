/* rank.c - insertion: k is small. */
#include "rank.h"
#include <string.h>

bool rank_before(float a, int ia, float b, int ib)
{
    if (a != a || b != b)
        return a == a || (b != b && ia < ib);
    return a > b || (a == b && ia < ib);
}

void top_indices(const float *y, int n, int k, int *out)
{
    int held = 0;
    for (int i = 0; i < n; i++) {
        int at = held;
        while (at > 0 && rank_before(y[i], i, y[out[at - 1]], out[at - 1]))
            at--;
        if (at >= k)
            continue;
        held += held < k;
        memmove(out + at + 1, out + at, (size_t)(held - 1 - at) * sizeof *out);
        out[at] = i;
    }
}

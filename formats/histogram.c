/* histogram.c - counts over all limits, then leaves out and joins. */
#include "histogram.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { MOST_SIDE = 780, MOST = 2 * MOST_SIDE + 1 };
typedef struct Buckets {
    int n;
    double limit[MOST], count[MOST];
} Buckets;

static void begin(Buckets *b)
{
    double side[MOST_SIDE];
    int n = 0;
    for (double v = 1e-12; v < 1e20; v *= 1.1)
        side[n++] = v;
    side[n++] = DBL_MAX;
    b->n = 0;
    for (int i = n - 1; i >= 0; i--)
        b->limit[b->n++] = -side[i];
    b->limit[b->n++] = 0;
    for (int i = 0; i < n; i++)
        b->limit[b->n++] = side[i];
    for (int i = 0; i < b->n; i++)
        b->count[i] = 0;
}

/* The bucket of v: the first whose limit is above it. */
static int find(const Buckets *b, double v)
{
    int low = 0, high = b->n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (b->limit[middle] > v)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void add(Buckets *b, Histogram *h, double v)
{
    b->count[find(b, v)]++;
    h->min = h->n == 0 || v < h->min ? v : h->min;
    h->max = h->n == 0 || v > h->max ? v : h->max;
    h->sum += v;
    h->sum_squares += v * v;
    h->n++;
}

/* Leaves out empty buckets at both ends, and of several in a row all but the last. */
static void drop_empty(Buckets *b)
{
    int n = 0, last = b->n - 1;
    while (last >= 0 && b->count[last] == 0)
        last--;
    for (int i = 0; i <= last; i++) {
        bool empty = b->count[i] == 0, next_empty = i < last && b->count[i + 1] == 0;
        if (empty && (next_empty || n == 0))
            continue;
        b->limit[n] = b->limit[i];
        b->count[n++] = b->count[i];
    }
    b->n = n;
}

static void join_pairs(Buckets *b)
{
    int n = 0;
    for (int i = 0; i < b->n; i += 2, n++) {
        int second = i + 1 < b->n ? i + 1 : i;
        b->limit[n] = b->limit[second];
        b->count[n] = b->count[i] + (second > i ? b->count[second] : 0);
    }
    b->n = n;
}

void histogram_of(const float *x, size_t n, Histogram *out)
{
    Buckets b;
    *out = (Histogram){ 0 };
    begin(&b);
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            add(&b, out, (double)x[i]);
    drop_empty(&b);
    while (b.n > HISTOGRAM_MOST)
        join_pairs(&b);
    out->n_buckets = b.n;
    for (int i = 0; i < b.n; i++) {
        out->limit[i] = b.limit[i] == DBL_MAX ? nextafter(out->max, DBL_MAX) : b.limit[i];
        out->count[i] = b.count[i];
    }
}

/* products.h: seconds and multiply-adds of what RT_TIMED wraps.  bench/leaves.py puts it into a generated program, around the calls of its products. */
#include <time.h>

extern double products_seconds, products_macs;

static double products_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define PRODUCTS_TIMED(macs, call)                              \
    do {                                                        \
        double begin = products_now();                          \
        call;                                                   \
        products_seconds += products_now() - begin;             \
        products_macs += (double)(macs);                        \
    } while (0)

/* products.h: seconds and multiply-adds of what PRODUCTS_TIMED wraps.  bench/leaves.py puts it into a generated program, around the calls of its products. */
#include "turns.h"

extern double products_seconds, products_macs;

#define PRODUCTS_TIMED(macs, call)                              \
    do {                                                        \
        double begin = turns_now();                             \
        call;                                                   \
        products_seconds += turns_now() - begin;                \
        products_macs += (double)(macs);                        \
    } while (0)

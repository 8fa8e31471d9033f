/* philox.c - Philox 4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  A block of output is a function of
 * counter and key alone, so any element of a stream can be had without those before it. */
#include "../rt.h"

enum { ROUNDS = 10 };
static const uint32_t multiplier[2] = { 0xD2511F53u, 0xCD9E8D57u };
static const uint32_t weyl[2] = { 0x9E3779B9u,
                                  0xBB67AE85u }; /* golden ratio and sqrt(3) - 1, as fractions */

void rt_philox(const RtPhilox *in, uint32_t out[4])
{
    uint32_t c0 = in->counter[0], c1 = in->counter[1], c2 = in->counter[2], c3 = in->counter[3];
    uint32_t k0 = in->key[0], k1 = in->key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)multiplier[0] * c0, p1 = (uint64_t)multiplier[1] * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += weyl[0];
        k1 += weyl[1];
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* peak.c - the multiply-add peak of one processor: GFLOP/s of 16- and 8-lane vectors, best of 20. */
#include <immintrin.h>
#include <stdio.h>
#include <time.h>

enum { STEPS = 2000000, RUNS = 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* 12 accumulators, more than latency times pipes; asm, so that the compiler can neither fold nor spill them. */
#define FMA(r, i) "vfmadd231ps %%" r "mm0, %%" r "mm0, %%" r "mm" #i "\n\t"
#define TWELVE(r) FMA(r, 1) FMA(r, 2) FMA(r, 3) FMA(r, 4) FMA(r, 5) FMA(r, 6) FMA(r, 7) FMA(r, 8) FMA(r, 9) FMA(r, 10) FMA(r, 11) FMA(r, 12)
#define CLOBBER "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define PEAK(name, target_, r, lanes)                                                                   \
    __attribute__((target(target_))) static double name(void)                                          \
    {                                                                                                   \
        double best = 1e9;                                                                              \
        for (int run = 0; run < RUNS; run++) {                                                          \
            double begin = now();                                                                       \
            __asm__ volatile("vzeroall" ::: CLOBBER);                                                   \
            for (int i = 0; i < STEPS; i++)                                                             \
                __asm__ volatile(TWELVE(r) ::: CLOBBER);                                                \
            double t = now() - begin;                                                                   \
            best = t < best ? t : best;                                                                 \
        }                                                                                               \
        return 2e-9 * 12 * lanes * STEPS / best;                                                        \
    }
PEAK(peak16, "avx512f", "z", 16)
PEAK(peak8, "avx2,fma", "y", 8)

int main(void)
{
    __builtin_cpu_init();
    double zmm = __builtin_cpu_supports("avx512f") ? peak16() : 0, ymm = __builtin_cpu_supports("fma") ? peak8() : 0;
    printf("%.1f %.1f\n", zmm, ymm);
    return 0;
}

/* The AVX-512 instructions that generated C uses, each by two of AVX2's: the same roundings, so the same bits.  Tests put this folder in
 * front of the compiler's own, and AVX-512 code runs on machines that have none (cc.sh, tests/kernels/test_kernels.c). */
#ifndef TESTS_AVX512_IMMINTRIN_H
#define TESTS_AVX512_IMMINTRIN_H
#include_next <immintrin.h>

typedef struct Wide { /* 16 floats */
    __m256 lo, hi;
} Wide;
#define WIDE static inline __attribute__((always_inline, target("avx2,fma"))) Wide

WIDE wide_loadu(const float *p) { return (Wide){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) }; }
WIDE wide_set1(float x) { return (Wide){ _mm256_set1_ps(x), _mm256_set1_ps(x) }; }
WIDE wide_sqrt(Wide a) { return (Wide){ _mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi) }; }
WIDE wide_add(Wide a, Wide b) { return (Wide){ _mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi) }; }
WIDE wide_sub(Wide a, Wide b) { return (Wide){ _mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi) }; }
WIDE wide_mul(Wide a, Wide b) { return (Wide){ _mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi) }; }
WIDE wide_div(Wide a, Wide b) { return (Wide){ _mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi) }; }
WIDE wide_min(Wide a, Wide b) { return (Wide){ _mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi) }; }
WIDE wide_max(Wide a, Wide b) { return (Wide){ _mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi) }; }
WIDE wide_and(Wide a, Wide b) { return (Wide){ _mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi) }; }
WIDE wide_fmadd(Wide a, Wide b, Wide c) { return (Wide){ _mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi) }; }

static inline __attribute__((always_inline, target("avx2,fma"))) void wide_storeu(float *p, Wide a)
{
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}

/* Lanes k, k + 1, ... of a followed by b. */
WIDE wide_alignr(Wide b, Wide a, int k)
{
    float both[32];
    wide_storeu(both, a);
    wide_storeu(both + 16, b);
    return wide_loadu(both + k);
}

#undef _mm512_alignr_epi32 /* macros where an immediate must be one */
#undef _mm512_cmp_ps_mask
#define __m512 Wide
#define _mm512_loadu_ps wide_loadu
#define _mm512_storeu_ps wide_storeu
#define _mm512_set1_ps wide_set1
#define _mm512_sqrt_ps wide_sqrt
#define _mm512_add_ps wide_add
#define _mm512_sub_ps wide_sub
#define _mm512_mul_ps wide_mul
#define _mm512_div_ps wide_div
#define _mm512_min_ps wide_min
#define _mm512_max_ps wide_max
#define _mm512_fmadd_ps wide_fmadd
#define _mm512_castps_si512(a) (a)
#define _mm512_castsi512_ps(a) (a)
#define _mm512_alignr_epi32 wide_alignr
#define _mm512_cmp_ps_mask(a, b, order) ((Wide){ _mm256_cmp_ps((a).lo, (b).lo, order), _mm256_cmp_ps((a).hi, (b).hi, order) })
#define _mm512_maskz_mov_ps wide_and
#define target(isa) target("avx2,fma") /* of the functions that follow */
#endif

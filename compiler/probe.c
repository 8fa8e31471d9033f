#include "probe.h"
#include "../runtime/rt.h"
#include <immintrin.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLICES = 256, CHAINS = 10, LOOPS = 200000 / 8, READS = 8, FLOATS = 8 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* As many independent multiply-adds as hide their latency; the sum keeps them alive. */
#define MULTIPLY_ADDS(V, set1, fma, first) \
    V a[CHAINS], x = set1(0.5f); \
    for (int k = 0; k < CHAINS; k++) \
        a[k] = x; \
    for (int i = 0; i < LOOPS; i++) { \
        _Pragma("GCC unroll 16") for (int k = 0; k < CHAINS; k++) a[k] = fma(a[k], x, x); \
        __asm__ volatile("" : "+x"(x)); /* each round is computed */ \
    } \
    for (int k = 1; k < CHAINS; k++) \
        a[0] = fma(a[0], x, a[k]); \
    return first(a[0]);

__attribute__((target("avx2,fma"))) static float multiply_adds_v3(void) { MULTIPLY_ADDS(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_cvtss_f32) }
__attribute__((target("avx512f"))) static float multiply_adds_v4(void) { MULTIPLY_ADDS(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_cvtss_f32) }

typedef struct Part {
    pthread_barrier_t *together;
    const Target *target;
    const float *memory;
    double rate, bytes; /* 16-lane multiply-adds a second, bytes a second */
    float sum;
} Part;

static float read_memory(const float *p)
{
    __m128 sum[8];
    for (int k = 0; k < 8; k++)
        sum[k] = _mm_setzero_ps();
    for (int i = 0; i < FLOATS; i += 32)
        _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) sum[k] = _mm_add_ps(sum[k], _mm_load_ps(p + i + 4 * k));
    for (int k = 1; k < 8; k++)
        sum[0] = _mm_add_ps(sum[0], sum[k]);
    return _mm_cvtss_f32(sum[0]);
}

static void *measure(void *arg)
{
    Part *p = arg;
    double share = p->target->vector == TY_V16 ? 1 : 0.5, begin;
    pthread_barrier_wait(p->together);
    begin = now();
    for (int i = 0; i < SLICES; i++)
        p->sum += p->target->vector == TY_V16 ? multiply_adds_v4() : multiply_adds_v3();
    p->rate = SLICES * share * CHAINS * LOOPS / (now() - begin);
    pthread_barrier_wait(p->together);
    begin = now();
    for (int i = 0; i < READS; i++)
        p->sum += read_memory(p->memory);
    p->bytes = READS * 4.0 * FLOATS / (now() - begin);
    return NULL;
}

bool probe_machine(const Target *t)
{
    Part parts[COST_THREADS];
    pthread_t threads[COST_THREADS];
    pthread_barrier_t together;
    float *memory[COST_THREADS];
    if (t->vector == TY_F32 || !rt_target_runs_here((RtTarget)(t - targets)))
        return false;
    pthread_barrier_init(&together, NULL, COST_THREADS);
    for (int i = 0; i < COST_THREADS; i++) {
        memory[i] = aligned_alloc(64, FLOATS * sizeof(float));
        CHECK(memory[i]);
        memset(memory[i], 0, FLOATS * sizeof(float));
        parts[i] = (Part){ .together = &together, .target = t, .memory = memory[i] };
    }
    for (int i = 0; i < COST_THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, measure, &parts[i]) == 0);
    double rate = 0, bytes = 0;
    for (int i = 0; i < COST_THREADS; i++) {
        pthread_join(threads[i], NULL);
        rate += parts[i].rate / COST_THREADS;
        bytes += parts[i].bytes;
        free(memory[i]);
    }
    pthread_barrier_destroy(&together);
    cost_scale(rate, bytes);
    return true;
}

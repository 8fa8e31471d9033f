/* test_runtime.c - the runtime's core against independent judges: Random123's known answers, libm
 * in long double, statistics, and a network small enough to compute by hand. */
#include "../../formats/safetensors.h"
#include "../../runtime/core/network.h"
#include "../../runtime/rt.h"
#include "tiny_network.h"
#include "../suite.h"
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Philox ---- */

/* Random123 1.14, tests/kat_vectors, rows "philox4x32 10": counter, key, answer. */
static const uint32_t known[][10] = {
    { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
    { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
      0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
    { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
      0x94fdcceb, 0x5001e420, 0x24126ea1 },
};

static void philox_gives_the_known_answers(void)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint32_t *k = known[i];
        RtPhilox in = { { k[0], k[1], k[2], k[3] }, { k[4], k[5] } };
        uint32_t out[4];
        rt_philox(&in, out);
        CU_ASSERT_EQUAL(memcmp(out, k + 6, sizeof out), 0);
    }
}

/* ---- exp and log ---- */

static double ulps(double got, long double want)
{
    double d = fabs((double)want);
    return (double)(fabsl((long double)got - want) / (nextafter(d, INFINITY) - d));
}

static double worst_exp(double from, double to, int n)
{
    double worst = 0;
    for (int i = 0; i <= n; i++) {
        double x = from + (to - from) * i / n;
        worst = fmax(worst, ulps(rt_exp(x), expl(x)));
    }
    return worst;
}

static void exp_is_within_two_ulps(void)
{
    CU_ASSERT(worst_exp(-708, 709.7, 200000) < 2);
    CU_ASSERT(worst_exp(-1.5, 1.5, 200000) < 2);
    CU_ASSERT(worst_exp(-1e-9, 1e-9, 1000) < 2);
    CU_ASSERT(worst_exp(-745, -708, 50000) < 2); /* subnormal results */
    CU_ASSERT_EQUAL(rt_exp(0), 1);
    CU_ASSERT_EQUAL(rt_exp(710), INFINITY);
    CU_ASSERT_EQUAL(rt_exp(INFINITY), INFINITY);
    CU_ASSERT_EQUAL(rt_exp(-746), 0);
    CU_ASSERT_EQUAL(rt_exp(-INFINITY), 0);
    CU_ASSERT(isnan(rt_exp(NAN)));
}

static void log_is_within_two_ulps(void)
{
    double worst = 0;
    for (int i = 1; i <= 200000; i++) {
        double near_one = 1 + (i - 100000.5) * 1e-8,
               wide = ldexp(1 + i / 200001.0, i % 2100 - 1060);
        worst = fmax(worst, ulps(rt_log(near_one), logl(near_one)));
        worst = fmax(worst, ulps(rt_log(wide), logl(wide)));
    }
    CU_ASSERT(worst < 2);
    CU_ASSERT_EQUAL(rt_log(1), 0);
    CU_ASSERT_EQUAL(rt_log(0), -INFINITY);
    CU_ASSERT_EQUAL(rt_log(INFINITY), INFINITY);
    CU_ASSERT(isnan(rt_log(-1)));
    CU_ASSERT(isnan(rt_log(NAN)));
}

static void pow_is_good_where_normalisation_needs_it(void)
{
    double worst = 0;
    for (int i = 1; i <= 100000; i++) {
        double x = i * 0.01;
        worst = fmax(worst, fabs(rt_pow(x, -0.75) / (double)powl(x, -0.75L) - 1));
    }
    CU_ASSERT(worst < 2e-15);
}

/* ---- The pool ---- */

enum { STEPS = 200, PARTS_MAX = 8 };
typedef struct Walk {
    atomic_int done[STEPS];
    cpu_set_t allowed; /* processors of the thread that asks; of all, in the end */
    int parts, taps, sum; /* sum: plain, so that the race detector sees whether barriers order it */
    atomic_int errors;
} Walk;

static void walk_step(void *arg, int step, int part, int parts)
{
    Walk *w = arg;
    if (parts != w->parts || part < 0 || part >= parts)
        atomic_fetch_add(&w->errors, 1);
    if (step > 0 && atomic_load(&w->done[step - 1]) != parts)
        atomic_fetch_add(&w->errors, 1); /* somebody is still in the step before */
    cpu_set_t allowed;
    if (step % 64 == 0 && (sched_getaffinity(0, sizeof allowed, &allowed) || !CPU_EQUAL(&allowed, &w->allowed)))
        atomic_fetch_add(&w->errors, 1); /* a worker that was placed stays bound */
    if (part == step % parts)
        w->sum += step;
    atomic_fetch_add(&w->done[step], 1);
}

static void walk_tap(void *arg, int step)
{
    Walk *w = arg;
    if (atomic_load(&w->done[step]) != w->parts ||
        (step + 1 < STEPS && atomic_load(&w->done[step + 1]) != 0))
        atomic_fetch_add(&w->errors, 1);
    w->taps++;
}

static void pool_walks_steps_in_order(void)
{
    for (int threads = 1; threads <= PARTS_MAX; threads++) {
        RtPool *pool = rt_pool_new(threads);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
        CU_ASSERT_EQUAL(rt_pool_threads(pool), threads);
        for (int round = 0; round < 6; round++) {
            Walk *w = calloc(1, sizeof *w);
            w->parts = threads;
            CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof w->allowed, &w->allowed), 0);
            if (round % 2)
                rt_pool_run_tapped(pool, STEPS, walk_step, w, walk_tap, w);
            else
                rt_pool_run(pool, STEPS, walk_step, w);
            CU_ASSERT_EQUAL(w->errors, 0);
            CU_ASSERT_EQUAL(w->sum, STEPS * (STEPS - 1) / 2);
            CU_ASSERT_EQUAL(w->taps, round % 2 ? STEPS : 0);
            CU_ASSERT_EQUAL(w->done[STEPS - 1], threads);
            free(w);
            if (round == 3)
                usleep(2000); /* long enough for workers to park */
        }
        rt_pool_free(pool);
    }
}

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Workers that wait for the next job spin and yield for a fraction of a millisecond, then sleep. */
static void pool_sleeps_between_jobs(void)
{
    RtPool *pool = rt_pool_new(2);
    Walk *w = calloc(1, sizeof *w);
    w->parts = 2;
    CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof w->allowed, &w->allowed), 0);
    rt_pool_run(pool, STEPS, walk_step, w);
    double begin = processor_seconds();
    usleep(200000);
    CU_ASSERT(processor_seconds() - begin < 0.1);
    rt_pool_free(pool);
    free(w);
}

static void pool_null_is_one_thread(void)
{
    Walk *w = calloc(1, sizeof *w);
    w->parts = 1;
    CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof w->allowed, &w->allowed), 0);
    rt_pool_run_tapped(NULL, STEPS, walk_step, w, walk_tap, w);
    CU_ASSERT_EQUAL(w->errors, 0);
    CU_ASSERT_EQUAL(w->taps, STEPS);
    CU_ASSERT_EQUAL(rt_pool_threads(NULL), 1);
    CU_ASSERT_PTR_NULL(rt_pool_new(0));
    rt_pool_free(NULL);
    free(w);
}

/* ---- Initial values ---- */

enum { N = 100000 };
static RtWeight big(RtInit init, double a, double b)
{
    return (RtWeight){ "conv1.weight", 2, { N / 100, 100 }, init, a, b, 147, 64, 1 };
}

typedef struct Moments {
    double mean, std, min, max;
} Moments;
static Moments moments(const RtWeight *w, uint64_t seed)
{
    float *v = calloc(N, sizeof *v);
    rt_init_weight(w, seed, v);
    Moments m = { 0, 0, INFINITY, -INFINITY };
    for (int i = 0; i < N; i++) {
        double x = (double)v[i];
        m.mean += x / N;
        m.std += x * x / N;
        m.min = fmin(m.min, x);
        m.max = fmax(m.max, x);
    }
    m.std = sqrt(m.std - m.mean * m.mean);
    free(v);
    return m;
}

/* Mean within 5 standard errors of 0, deviation within 1 %, and no value outside +-bound. */
static void expect(RtInit init, double a, double b, double std, double bound)
{
    RtWeight w = big(init, a, b);
    Moments m = moments(&w, 42);
    CU_ASSERT(fabs(m.mean) < 5 * std / sqrt(N));
    CU_ASSERT(fabs(m.std / std - 1) < 0.01);
    CU_ASSERT(m.min >= -bound && m.max <= bound);
}

static void init_has_the_named_distributions(void)
{
    double xavier = sqrt(3.0 / 147), glorot = sqrt(6.0 / 211), torch = 1 / sqrt(147.0),
           slack = 1 + 1e-7;
    expect(RT_INIT_XAVIER, 0, 0, xavier / sqrt(3), xavier * slack);
    expect(RT_INIT_GLOROT, 0, 0, glorot / sqrt(3), glorot * slack);
    expect(RT_INIT_TORCH, 0, 0, torch / sqrt(3), torch * slack);
    expect(RT_INIT_HE, 0, 0, sqrt(2.0 / 147), INFINITY);
    expect(RT_INIT_NORMAL, 0.02, 0, 0.02, INFINITY);
    expect(RT_INIT_TRUNC_NORMAL, 0.1, 0.2, 0.1 * 0.879626,
           0.2 * slack); /* sd of N(0,1) cut at 2: 0.879626 */
    RtWeight w = big(RT_INIT_CONSTANT, 0.2, 0);
    Moments m = moments(&w, 1);
    CU_ASSERT_EQUAL(m.min, (double)0.2f);
    CU_ASSERT_EQUAL(m.max, (double)0.2f);
}

/* Kolmogorov's distance of N values from the normal distribution function, by libm's erfc. */
static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void init_normal_follows_the_normal_distribution(void)
{
    RtWeight w = big(RT_INIT_NORMAL, 1, 0);
    float *v = calloc(N, sizeof *v);
    double distance = 0;
    rt_init_weight(&w, 9, v);
    qsort(v, N, sizeof *v, by_value);
    for (int i = 0; i < N; i++)
        distance = fmax(distance, fabs(0.5 * erfc(-(double)v[i] / sqrt(2)) - (i + 0.5) / N));
    CU_ASSERT(distance < 1.63 / sqrt(N)); /* 1 % level */
    free(v);
}

static uint64_t hash_bytes(const void *p, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)p)[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void init_has_the_same_bits_as_ever(void)
{
    static const struct {
        RtInit init;
        double a, b;
        uint64_t hash;
    } rows[] = {
        { RT_INIT_XAVIER, 0, 0, UINT64_C(0x2890c1fa7eebb406) },
        { RT_INIT_NORMAL, 0.01, 0, UINT64_C(0x4d5db5a7913ebfcf) },
        { RT_INIT_TRUNC_NORMAL, 0.1, 0.2, UINT64_C(0x7884a9f962176c16) },
    };
    float *v = calloc(N, sizeof *v);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        RtWeight w = big(rows[i].init, rows[i].a, rows[i].b);
        rt_init_weight(&w, 12345, v);
        uint64_t hash = hash_bytes(v, N * sizeof *v);
        if (hash != rows[i].hash)
            fprintf(stderr, "row %zu: 0x%016llx\n", i, (unsigned long long)hash);
        CU_ASSERT_EQUAL(hash, rows[i].hash);
    }
    free(v);
}

static void init_streams_differ_by_seed_and_name(void)
{
    RtWeight a = big(RT_INIT_NORMAL, 1, 0), b = a;
    b.name = "conv2.weight";
    float *u = calloc(N, sizeof *u), *v = calloc(N, sizeof *v);
    double by_name = 0, by_seed = 0;
    rt_init_weight(&a, 1, u);
    rt_init_weight(&b, 1, v);
    for (int i = 0; i < N; i++)
        by_name += (double)u[i] * (double)v[i] / N;
    rt_init_weight(&a, 2, v);
    for (int i = 0; i < N; i++)
        by_seed += (double)u[i] * (double)v[i] / N;
    CU_ASSERT(fabs(by_name) < 5 / sqrt(N));
    CU_ASSERT(fabs(by_seed) < 5 / sqrt(N));
    free(u);
    free(v);
}

/* ---- Memory ---- */

static size_t not_zero(const unsigned char *p, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += p[i] != 0;
    return count;
}

/* Both kinds of block, twice, so that the second may get what the first one left. */
static void memory_is_zeroed_and_aligned(void)
{
    static const size_t sizes[] = { 0, 1, 64, 100000, (2 << 20) - 1, 2 << 20, (6 << 20) + 1 };
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        size_t n = sizes[i / 2];
        unsigned char *p = memory_new(n);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_EQUAL((uintptr_t)p % (n < 2 << 20 ? 64 : 2 << 20), 0);
        CU_ASSERT_EQUAL(not_zero(p, n), 0);
        memset(p, 0xFF, n);
        rt_free(p);
    }
    CU_ASSERT_PTR_NULL(memory_new(SIZE_MAX));
    rt_free(NULL);
}

/* ---- Loading and running ---- */

static char directory[] = "/tmp/inceptc-runtime-XXXXXX";

static const char *file(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static float w_of(int o, int i) { return (float)(o * 18 + i) * 0.125f - 4; }
static float small_of(int o, int i) { return (float)((o + i) % 8); } /* exact in every float type */

/* y of the tiny network for x, by hand, in double. */
static double by_hand(int o, const float *x, float (*w)(int, int))
{
    double sum = 0.5;
    for (int i = 0; i < 18; i++)
        sum += (double)w(o, i) * (double)x[i];
    return sum;
}

/* A half float that is normal and needs no rounding. */
static uint16_t half_bits(float f)
{
    int exponent;
    float m = frexpf(fabsf(f), &exponent); /* in [1/2, 1) */
    return f == 0 ? 0
                  : (uint16_t)((f < 0) << 15 | (exponent + 14) << 10 | ((int)(m * 2048) & 1023));
}

static float half_value(int bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    float f = exponent == 31 ? fraction ? NAN : INFINITY
              : exponent     ? ldexpf((float)(1024 + fraction), exponent - 25)
                             : ldexpf((float)fraction, -24);
    return bits >> 15 ? -f : f;
}

static void store(SafetensorsDtype t, double v, uint8_t *p)
{
    float f = (float)v;
    uint32_t u;
    memcpy(&u, &f, 4);
    uint16_t h = half_bits(f);
    if (t == SAFETENSORS_F64)
        memcpy(p, &v, 8);
    else if (t == SAFETENSORS_F32)
        memcpy(p, &f, 4);
    else if (t == SAFETENSORS_F16)
        memcpy(p, &h, 2);
    else
        memcpy(p, (uint16_t[]){ (uint16_t)(u >> 16) }, 2);
}

static void write_tiny(const char *path, SafetensorsDtype t, float (*w)(int, int))
{
    uint8_t weight[72 * 8], bias[4 * 8];
    size_t size = (size_t)safetensors_dtype_bits(t) / 8;
    for (int i = 0; i < 72; i++)
        store(t, (double)w(i / 18, i % 18), weight + (size_t)i * size);
    for (int i = 0; i < 4; i++)
        store(t, 0.5, bias + (size_t)i * size);
    SafetensorsItem items[] = {
        { "aux.unused", SAFETENSORS_BOOL, 1, (uint64_t[]){ 3 }, "\0\1\0" },
        { "fc.weight", t, 2, (uint64_t[]){ 4, 18 }, weight },
        { "fc.bias", t, 1, (uint64_t[]){ 4 }, bias },
    };
    CU_ASSERT_EQUAL(safetensors_write(path, items, 3, NULL, 0, NULL), RT_OK);
}

static void run_tiny(RtTarget target, const char *path, float (*w)(int, int))
{
    RtError err = { 0, "" };
    float x[18], y[4];
    void *weights = rt_weights_new(&tiny_network, target),
         *arena = rt_arena_new(&tiny_network, target, 1);
    for (int i = 0; i < 18; i++)
        x[i] = (float)(i % 5) - 2;
    CU_ASSERT_EQUAL((uintptr_t)weights % 64, 0);
    CU_ASSERT_EQUAL((uintptr_t)arena % 64, 0);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, target, path, NULL, weights, &err), RT_OK);
    rt_forward(&tiny_network, weights, x, 1, arena, NULL, y);
    for (int o = 0; o < 4; o++)
        CU_ASSERT_DOUBLE_EQUAL(y[o], by_hand(o, x, w), 1e-4);
    float tap[4];
    rt_read_tap(&rt_plan(&tiny_network, target)->taps[0], arena, tap);
    CU_ASSERT_EQUAL(memcmp(tap, y, sizeof y), 0);
    rt_free(weights);
    rt_free(arena);
}

static void load_converts_every_float_type(void)
{
    static const SafetensorsDtype types[] = { SAFETENSORS_F32, SAFETENSORS_F64, SAFETENSORS_F16,
                                              SAFETENSORS_BF16 };
    for (int i = 0; i < 4; i++) {
        write_tiny(file("small.st"), types[i], small_of);
        run_tiny(RT_TARGET_PLAIN, file("small.st"), small_of);
        run_tiny(RT_TARGET_V3, file("small.st"), small_of);
    }
    write_tiny(file("w.st"), SAFETENSORS_F32, w_of);
    run_tiny(RT_TARGET_PLAIN, file("w.st"), w_of);
    run_tiny(RT_TARGET_V3, file("w.st"), w_of);
}

/* All 65536 half floats and, through bf16, all upper halves, against ldexp. */
static void half_floats_convert_exactly(void)
{
    static uint16_t bits[65536];
    static float got[65536];
    for (int i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    SafetensorsTensor t = { .name = "all", .dtype = SAFETENSORS_F16, .count = 65536, .data = bits };
    SafetensorsFile f = { .path = "memory" };
    CU_ASSERT_EQUAL(safetensors_to_f32(&f, &t, got, NULL), RT_OK);
    int wrong = 0;
    for (int i = 0; i < 65536; i++) {
        float want = half_value(i);
        wrong += isnan(want) ? !isnan(got[i]) : memcmp(&want, &got[i], 4) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    t.dtype = SAFETENSORS_BF16;
    CU_ASSERT_EQUAL(safetensors_to_f32(&f, &t, got, NULL), RT_OK);
    for (int i = 0; i < 65536; i++) {
        uint32_t u;
        memcpy(&u, &got[i], 4);
        wrong += u != (uint32_t)i << 16;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void expect_refused(const SafetensorsItem *items, int n, RtStatus status, const char *part)
{
    RtError err = { 0, "" };
    void *weights = rt_weights_new(&tiny_network, RT_TARGET_PLAIN);
    CU_ASSERT_EQUAL(safetensors_write(file("bad.st"), items, n, NULL, 0, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("bad.st"), NULL, weights, &err), status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, part));
    if (!strstr(err.message, part))
        fprintf(stderr, "'%s' lacks '%s'\n", err.message, part);
    rt_free(weights);
}

static void load_names_what_is_wrong(void)
{
    static const uint8_t zeros[8 * 72];
    SafetensorsItem weight = { "fc.weight", SAFETENSORS_F32, 2, (uint64_t[]){ 4, 18 }, zeros };
    SafetensorsItem bias = { "fc.bias", SAFETENSORS_F32, 1, (uint64_t[]){ 4 }, zeros };
    SafetensorsItem turned = weight, ints = bias;
    turned.shape = (uint64_t[]){ 18, 4 };
    ints.dtype = SAFETENSORS_I64;
    expect_refused((SafetensorsItem[]){ weight }, 1, RT_ERROR_INPUT,
                   "1 of 2 weights of network 'tiny' are missing: fc.bias");
    expect_refused(NULL, 0, RT_ERROR_INPUT, "no name matches");
    expect_refused((SafetensorsItem[]){ turned, bias }, 2, RT_ERROR_INPUT,
                   "tensor 'fc.weight' is [18, 4], but network 'tiny' needs [4, 18]");
    expect_refused((SafetensorsItem[]){ weight, ints }, 2, RT_ERROR_INPUT,
                   "tensor 'fc.bias' is I64");
    RtError err;
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("none.st"), NULL, NULL, &err),
                    RT_ERROR_FILE);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_V4, file("none.st"), NULL, NULL, &err),
                    RT_ERROR_USAGE);
}

/* NaN and infinity are values: they reach the output, and only the outputs that depend on them. */
static void load_lets_non_finite_values_through(void)
{
    float w[72] = { 0 }, b[4] = { 0 }, x[18], y[4];
    w[0] = NAN;
    b[1] = INFINITY;
    SafetensorsItem items[] = { { "fc.weight", SAFETENSORS_F32, 2, (uint64_t[]){ 4, 18 }, w },
                                { "fc.bias", SAFETENSORS_F32, 1, (uint64_t[]){ 4 }, b } };
    CU_ASSERT_EQUAL(safetensors_write(file("nan.st"), items, 2, NULL, 0, NULL), RT_OK);
    void *weights = rt_weights_new(&tiny_network, RT_TARGET_PLAIN),
         *arena = rt_arena_new(&tiny_network, RT_TARGET_PLAIN, 1);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("nan.st"), NULL, weights, NULL), RT_OK);
    for (int i = 0; i < 18; i++)
        x[i] = 1;
    rt_forward(&tiny_network, weights, x, 1, arena, NULL, y);
    CU_ASSERT(isnan(y[0]) && isinf(y[1]) && y[2] == 0 && y[3] == 0);
    rt_free(weights);
    rt_free(arena);
}

static void forward_bits_ignore_threads_and_batch(void)
{
    float x[5 * 18], one[5 * 4], many[5 * 4];
    void *weights = rt_weights_new(&tiny_network, RT_TARGET_V3),
         *arena = rt_arena_new(&tiny_network, RT_TARGET_V3, 8);
    CU_ASSERT_EQUAL(rt_load_initial(&tiny_network, RT_TARGET_V3, 5, NULL, weights, NULL), RT_OK);
    for (int i = 0; i < 5 * 18; i++)
        x[i] = sinf((float)i);
    for (int k = 4; k >= 0; k--)
        rt_forward(&tiny_network, weights, x + k * 18, 1, arena, NULL, one + k * 4);
    for (int threads = 1; threads <= PARTS_MAX; threads++) {
        RtPool *pool = rt_pool_new(threads);
        memset(many, 0, sizeof many);
        rt_forward(&tiny_network, weights, x, 5, arena, pool, many);
        CU_ASSERT_EQUAL(memcmp(one, many, sizeof one), 0);
        void *batch = rt_batch_arena_new(&tiny_network, RT_TARGET_V3, threads);
        for (int n = 5; n >= 0; n--) {
            memset(many, 0, sizeof many);
            rt_forward_batch(&tiny_network, weights, x, n, batch, pool, many);
            CU_ASSERT_EQUAL(memcmp(one, many, (size_t)n * 4 * sizeof *one), 0);
            CU_ASSERT(n == 5 || many[n * 4] == 0);
            rt_forward(&tiny_network, weights, x, 1, batch, pool, many); /* between batches */
        }
        rt_free(batch);
        rt_pool_free(pool);
    }
    rt_free(weights);
    rt_free(arena);
}

/* What init writes is what rt_load_initial packs. */
static void init_file_equals_initial_weights(void)
{
    size_t bytes = rt_weights_bytes(&tiny_network, RT_TARGET_V3);
    void *a = rt_weights_new(&tiny_network, RT_TARGET_V3),
         *b = rt_weights_new(&tiny_network, RT_TARGET_V3);
    CU_ASSERT_EQUAL(rt_init_file(&tiny_network, 77, file("init.st"), NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_V3, file("init.st"), NULL, a, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_load_initial(&tiny_network, RT_TARGET_V3, 77, NULL, b, NULL), RT_OK);
    CU_ASSERT_EQUAL(memcmp(a, b, bytes), 0);
    CU_ASSERT_EQUAL(rt_load_initial(&tiny_network, RT_TARGET_V3, 78, NULL, b, NULL), RT_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, bytes), 0);
    rt_free(a);
    rt_free(b);
}

/* ---- Packed weights as a file ---- */

/* The file must be refused by both readers, with all of `parts` in the message, and *weights stays as it was. */
static int refused(const RtNetwork *net, RtTarget target, const char *part, const char *part2)
{
    RtError err = { 0, "" }, again = { 0, "" };
    const void *mapped = NULL;
    void *weights = rt_weights_new(&tiny_network, RT_TARGET_PLAIN);
    int good = rt_map_packed(net, target, file("tiny.packed"), NULL, &mapped, &err) == RT_ERROR_INPUT && !mapped &&
               strstr(err.message, part) && strstr(err.message, part2);
    if (rt_is_packed(file("tiny.packed")))
        good = good && rt_load(net, target, file("tiny.packed"), NULL, weights, &again) == RT_ERROR_INPUT &&
               strcmp(err.message, again.message) == 0;
    if (!good)
        fprintf(stderr, "'%s', '%s' should say '%s' and '%s'\n", err.message, again.message, part, part2);
    rt_free(weights);
    return good;
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(file("tiny.packed"), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, f), n);
    CU_ASSERT_EQUAL(fclose(f), 0);
}

static void packed_file_equals_memory(void)
{
    enum { SIZE = 384 };
    float x[18] = { 1, 2, 3 }, y[4], z[4];
    RtError err = { 0, "" };
    const void *mapped = NULL;
    unsigned char bytes[SIZE + 1];
    for (int t = RT_TARGET_PLAIN; t <= RT_TARGET_V3; t++) {
        void *weights = rt_weights_new(&tiny_network, (RtTarget)t), *copy = rt_weights_new(&tiny_network, (RtTarget)t),
             *arena = rt_arena_new(&tiny_network, (RtTarget)t, 1);
        CU_ASSERT_EQUAL(rt_load_initial(&tiny_network, (RtTarget)t, 3, NULL, weights, NULL), RT_OK);
        CU_ASSERT_EQUAL(rt_save_packed(&tiny_network, weights, file("tiny.packed"), &err), RT_OK);
        CU_ASSERT_EQUAL(rt_is_packed(file("tiny.packed")), 1);
        CU_ASSERT_EQUAL(rt_load(&tiny_network, (RtTarget)t, file("tiny.packed"), NULL, copy, &err), RT_OK);
        CU_ASSERT_EQUAL(memcmp((char *)weights + 64, (char *)copy + 64, SIZE - 64), 0);
        CU_ASSERT_EQUAL_FATAL(rt_map_packed(&tiny_network, (RtTarget)t, file("tiny.packed"), NULL, &mapped, &err), RT_OK);
        CU_ASSERT_EQUAL((uintptr_t)mapped % 64, 0);
        rt_forward(&tiny_network, weights, x, 1, arena, NULL, y);
        rt_forward(&tiny_network, mapped, x, 1, arena, NULL, z);
        CU_ASSERT_EQUAL(memcmp(y, z, sizeof y), 0);
        memcpy(bytes, mapped, SIZE);
        rt_unmap_packed(&tiny_network, mapped);
        CU_ASSERT_EQUAL(rt_load_bytes(&tiny_network, (RtTarget)t, "inside", bytes, SIZE, NULL, copy, &err), RT_OK);
        CU_ASSERT_EQUAL(rt_save_packed(&tiny_network, copy, file("tiny.packed"), &err), RT_OK);
        rt_free(weights);
        rt_free(copy);
        rt_free(arena);
    }
    CU_ASSERT_EQUAL(rt_is_packed(file("none.st")), 0);
    CU_ASSERT_EQUAL(rt_is_packed(directory), 0);
    CU_ASSERT_EQUAL(rt_map_packed(&tiny_network, RT_TARGET_V3, file("none.st"), NULL, &mapped, &err), RT_ERROR_FILE);
    CU_ASSERT_EQUAL(rt_map_packed(&tiny_network, RT_TARGET_V4, file("tiny.packed"), NULL, &mapped, &err), RT_ERROR_USAGE);
}

/* The v3 file of the test before: for another network, target, layout, version. */
static void packed_file_says_what_does_not_fit(void)
{
    RtNetwork other = tiny_network;
    RtPlan plans[2] = { tiny_network.plans[0], tiny_network.plans[1] };
    CU_ASSERT(refused(&tiny_network, RT_TARGET_PLAIN, "byte 12: packed for target x86-64-v3", "runs target plain\n'pack"));
    other.structure = 0x4321;
    CU_ASSERT(refused(&other, RT_TARGET_V3, "byte 16: packed for another network (structure 0000000000001234", "0000000000004321"));
    other.structure = tiny_network.structure;
    plans[1].layout = 0x99;
    other.plans = plans;
    CU_ASSERT(refused(&other, RT_TARGET_V3, "byte 24: packed in layout 0000000000000078", "compiled for layout 0000000000000099"));
    char head[64] = "INPRTW01\1";
    write_bytes(head, sizeof head);
    CU_ASSERT(refused(&tiny_network, RT_TARGET_V3, "byte 8: packed weights of version", "reads version 2"));
}

static void packed_file_with_any_bit_turned_or_cut_anywhere_is_refused(void)
{
    enum { SIZE = 384 };
    unsigned char bytes[SIZE + 1] = { 0 };
    void *weights = rt_weights_new(&tiny_network, RT_TARGET_V3);
    CU_ASSERT_EQUAL(rt_load_initial(&tiny_network, RT_TARGET_V3, 3, NULL, weights, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_save_packed(&tiny_network, weights, file("tiny.packed"), NULL), RT_OK);
    rt_free(weights);
    FILE *f = fopen(file("tiny.packed"), "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fread(bytes, 1, SIZE + 1, f), SIZE);
    fclose(f);
    int wrong = 0;
    for (int i = 0; i < 8 * SIZE; i++) {
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        write_bytes(bytes, SIZE);
        char at[24];
        snprintf(at, sizeof at, "byte %d: ", i < 512 ? i / 64 * 8 : 40); /* the field of the head, or its checksum */
        wrong += !refused(&tiny_network, RT_TARGET_V3, i >= 64 && i < 96 ? "byte 8: " : i >= 96 && i < 128 ? "byte 12: "
                          : i >= 384 ? "byte 40: " : at, "");
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    for (size_t n = 0; n < SIZE; n++) {
        char at[24];
        snprintf(at, sizeof at, "byte %zu: ", n < 4 ? 0 : n);
        write_bytes(bytes, n);
        wrong += !refused(&tiny_network, RT_TARGET_V3, at, n < 4 ? "not a file of packed weights" : "damaged: ends");
    }
    write_bytes(bytes, SIZE + 1);
    wrong += !refused(&tiny_network, RT_TARGET_V3, "byte 384: ", "goes on after 384 bytes");
    CU_ASSERT_EQUAL(wrong, 0);
}

static void targets_are_ordered_and_named(void)
{
    CU_ASSERT(rt_target_runs_here(RT_TARGET_PLAIN));
    CU_ASSERT(!rt_target_runs_here(RT_TARGET_V4) || rt_target_runs_here(RT_TARGET_V3));
    CU_ASSERT_STRING_EQUAL(rt_target_name(RT_TARGET_V3), "x86-64-v3");
    CU_ASSERT_PTR_NULL(rt_plan(&tiny_network, RT_TARGET_V4));
    CU_ASSERT_EQUAL(rt_best_target(&tiny_network),
                    rt_target_runs_here(RT_TARGET_V3) ? RT_TARGET_V3 : RT_TARGET_PLAIN);
    CU_ASSERT_EQUAL(rt_weights_bytes(&tiny_network, RT_TARGET_PLAIN),
                    384); /* 64 + 76 * 4, rounded up to 64 */
}

static const Test tests[] = {
    TEST(philox_gives_the_known_answers),
    TEST(exp_is_within_two_ulps),
    TEST(log_is_within_two_ulps),
    TEST(pow_is_good_where_normalisation_needs_it),
    TEST(pool_walks_steps_in_order),
    TEST(pool_sleeps_between_jobs),
    TEST(pool_null_is_one_thread),
    TEST(init_has_the_named_distributions),
    TEST(init_normal_follows_the_normal_distribution),
    TEST(init_has_the_same_bits_as_ever),
    TEST(init_streams_differ_by_seed_and_name),
    TEST(memory_is_zeroed_and_aligned),
    TEST(load_converts_every_float_type),
    TEST(half_floats_convert_exactly),
    TEST(load_names_what_is_wrong),
    TEST(load_lets_non_finite_values_through),
    TEST(forward_bits_ignore_threads_and_batch),
    TEST(init_file_equals_initial_weights),
    TEST(packed_file_equals_memory),
    TEST(packed_file_says_what_does_not_fit),
    TEST(packed_file_with_any_bit_turned_or_cut_anywhere_is_refused),
    TEST(targets_are_ordered_and_named),
};

int main(void)
{
    if (!mkdtemp(directory))
        return 1;
    int failed = run_tests("runtime", tests, sizeof tests / sizeof *tests);
    static const char *const made[] = { "small.st", "w.st", "bad.st", "nan.st", "init.st", "tiny.packed" };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(file(made[i]));
    rmdir(directory);
    return failed;
}

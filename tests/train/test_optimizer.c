/* test_optimizer.c - optimisers against torch.optim (make_optimizers.py), bits against threads, schedules by hand. */
#include "../../runtime/rt.h"
#include "../../runtime/train/optimizer.h"
#include "../../runtime/train/schedule.h"
#include "expect.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "optimizer_values.h"

/* ---- The same weights as the script's ---- */

static const RtWeight small[] = {
    { "w", 2, { 3, 4 }, RT_INIT_CONSTANT, 0, 0, 4, 3, 1 },
    { "b", 1, { 5 }, RT_INIT_CONSTANT, 0, 0, 4, 3, 1 },
    { "frozen", 2, { 2, 2 }, RT_INIT_CONSTANT, 0, 0, 2, 2, 1 },
};
enum { N_SMALL = 3, W = 12, B = 5, FROZEN = 4, ALL = W + B + FROZEN };
static const int counts[] = { W, B, FROZEN };

static void fill(float *out, int n, int step, int seed)
{
    for (int i = 0; i < n; i++)
        out[i] = (float)((i * 7 + step * 5 + seed * 3) % 17 - 8) / 16;
}

static double worst(const double *want, float *const *got)
{
    double most = 0;
    for (int i = 0, at = 0; i < N_SMALL; i++)
        for (int j = 0; j < counts[i]; j++, at++)
            most = fmax(most, fabs(got[i][j] - want[at]));
    return most;
}

static void check_judged(int row)
{
    float w[W], b[B], frozen[FROZEN], dw[W], db[B];
    float *raw[] = { w, b, frozen }, *grads[] = { dw, db, NULL };
    RtError err;
    Optimizer o;
    for (int i = 0; i < N_SMALL; i++)
        fill(raw[i], counts[i], 0, i);
    CU_ASSERT_EQUAL_FATAL(optimizer_new(&o, &judged[row].recipe, small, N_SMALL, raw, grads, &err), RT_OK);
    for (int t = 1; t <= 5; t++) {
        fill(dw, W, t, 5);
        fill(db, B, t, 6);
        optimizer_step(&o, rates[t - 1], NULL);
    }
    double error = fmax(worst(judged[row].weights, raw), o.averages ? worst(judged[row].averages, o.averages) : 0);
    CU_ASSERT(error < 1e-6);
    if (!(error < 1e-6))
        printf("\n%s: off by %g\n", judged[row].name, error);
    CU_ASSERT_EQUAL(o.step, 5);
    CU_ASSERT_EQUAL(o.averages != NULL, judged[row].recipe.ema > 0);
    optimizer_free(&o);
}

static void optimizers_do_as_torch(void)
{
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
        check_judged((int)i);
}

static void norm_is_that_of_all_gradients(void)
{
    float w[W] = { 0 }, b[B] = { 0 }, dw[W] = { 3 }, db[B] = { 0, 4 };
    float *raw[] = { w, b }, *grads[] = { dw, db };
    RtRecipe recipe = { .optimizer = RT_SGD, .clip = 1 };
    Optimizer o;
    CU_ASSERT_EQUAL_FATAL(optimizer_new(&o, &recipe, small, 2, raw, grads, NULL), RT_OK);
    optimizer_step(&o, 1, NULL);
    CU_ASSERT_DOUBLE_EQUAL(o.norm, 5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(w[0], -0.6, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(b[1], -0.8, 1e-6);
    CU_ASSERT_EQUAL(dw[0], 3);
    optimizer_free(&o);
}

static void recipes_without_sense_are_refused(void)
{
    static const struct { RtRecipe recipe; const char *part; } bad[] = {
        { { .optimizer = RT_SGD, .nesterov = 1 }, "momentum above 0" },
        { { .optimizer = RT_ADAM, .beta1 = 1 }, "beta1 is 1; it must be from 0 to below 1" },
        { { .optimizer = RT_SGD, .clip = -1 }, "clip is -1" },
        { { .optimizer = RT_SGD, .ema = NAN }, "ema is nan" },
        { { .optimizer = RT_SGD, .lr = -0.5 }, "lr is -0.5" },
        { { .optimizer = RT_SGD, .lr = 1, .warmup = NAN }, "warmup is nan" },
        { { .optimizer = RT_SGD, .lr = 1, .schedule = RT_LR_STEP }, "every of lr is 0 epochs" },
        { { .optimizer = RT_RMSPROP, .eps = INFINITY }, "eps is inf" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float *none[] = { NULL };
        RtError err;
        Optimizer o;
        CU_ASSERT_EQUAL(optimizer_new(&o, &bad[i].recipe, small, 0, none, none, &err), RT_ERROR_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, bad[i].part));
        optimizer_free(&o);
    }
}

/* ---- Threads ---- */

enum { LARGE = 3 };
static const RtWeight large[LARGE] = {
    { "conv", 4, { 37, 11, 3, 5 }, RT_INIT_TORCH, 0, 0, 165, 37, 1 },
    { "bias", 1, { 37 }, RT_INIT_NORMAL, 1, 0, 165, 37, 1 },
    { "fc", 2, { 151, 83 }, RT_INIT_TORCH, 0, 0, 83, 151, 1 },
};
static const int large_counts[LARGE] = { 37 * 11 * 3 * 5, 37, 151 * 83 };
enum { LARGE_ALL = 37 * 11 * 3 * 5 + 37 + 151 * 83 };

/* Weights, then averages, after three steps on so many threads. */
static void train_large(const RtRecipe *recipe, int threads, float *out)
{
    float *raw[LARGE], *grads[LARGE], *next = out;
    RtPool *pool = rt_pool_new(threads);
    Optimizer o;
    for (int i = 0; i < LARGE; i++, next += large_counts[i - 1]) {
        raw[i] = next;
        rt_init_weight(&large[i], 7, raw[i]);
        grads[i] = malloc((size_t)large_counts[i] * sizeof(float));
    }
    CU_ASSERT_EQUAL_FATAL(optimizer_new(&o, recipe, large, LARGE, raw, grads, NULL), RT_OK);
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < LARGE; i++)
            rt_init_weight(&large[i], (uint64_t)(100 + t), grads[i]);
        optimizer_step(&o, 0.01, pool);
    }
    for (int i = 0; i < LARGE; i++, next += large_counts[i - 1]) {
        memcpy(next, o.averages[i], (size_t)large_counts[i] * sizeof(float));
        free(grads[i]);
    }
    optimizer_free(&o);
    rt_pool_free(pool);
}

static void bits_do_not_depend_on_threads(void)
{
    static float one[2 * LARGE_ALL], many[2 * LARGE_ALL];
    for (RtOptimizer k = RT_SGD; k <= RT_RMSPROP; k++) {
        RtRecipe recipe = { .optimizer = k, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-3, .decay = 1e-2, .clip = 0.1, .ema = 0.99 };
        train_large(&recipe, 1, one);
        for (int threads = 2; threads <= 4; threads++) {
            train_large(&recipe, threads, many);
            CU_ASSERT_EQUAL(memcmp(one, many, sizeof one), 0);
        }
    }
}

/* ---- Schedules ---- */

static void is(const RtRecipe *r, int64_t step, double want) { CU_ASSERT_DOUBLE_EQUAL(schedule_rate(r, step, 10), want, 1e-12); }

static void schedules_follow_their_equations(void)
{
    RtRecipe r = { .lr = 0.4, .epochs = 8, .schedule = RT_LR_CONSTANT };
    is(&r, 0, 0.4);
    is(&r, 79, 0.4);
    r.schedule = RT_LR_STEP, r.lr_power = 0.1, r.lr_every = 3;
    is(&r, 29, 0.4);
    is(&r, 30, 0.04);
    is(&r, 60, 0.004);
    r.schedule = RT_LR_EXPONENTIAL, r.lr_power = 0.94, r.lr_every = 2;
    is(&r, 19, 0.4);
    is(&r, 20, 0.4 * 0.94);
    is(&r, 79, 0.4 * 0.94 * 0.94 * 0.94);
    r.schedule = RT_LR_POLY, r.lr_power = 0.5, r.lr_end = 0;
    is(&r, 0, 0.4);
    is(&r, 60, 0.2);
    is(&r, 80, 0);
    is(&r, 900, 0);
    r.lr_power = 2, r.lr_end = 0.1;
    is(&r, 40, 0.1 + 0.3 * 0.25);
    r.schedule = RT_LR_COSINE, r.lr_end = 0.2;
    is(&r, 0, 0.4);
    is(&r, 20, 0.3 + 0.1 * sqrt(0.5));
    is(&r, 40, 0.3);
    is(&r, 60, 0.3 - 0.1 * sqrt(0.5));
    is(&r, 80, 0.2);
}

static void warmup_grows_to_the_rate_and_shifts_the_schedule(void)
{
    RtRecipe r = { .lr = 0.4, .epochs = 8, .warmup = 2, .schedule = RT_LR_POLY, .lr_power = 1 };
    is(&r, 0, 0.02);
    is(&r, 9, 0.2);
    is(&r, 19, 0.4);
    is(&r, 20, 0.4);
    is(&r, 50, 0.2);
    r.warmup = 0.5;
    is(&r, 0, 0.08);
    is(&r, 4, 0.4);
    r.warmup = 8;
    is(&r, 79, 0.4);
    is(&r, 80, 0);
}

static const Test tests[] = {
    TEST(optimizers_do_as_torch),
    TEST(norm_is_that_of_all_gradients),
    TEST(recipes_without_sense_are_refused),
    TEST(bits_do_not_depend_on_threads),
    TEST(schedules_follow_their_equations),
    TEST(warmup_grows_to_the_rate_and_shifts_the_schedule),
};

int main(void) { return run_tests("optimizer", tests, sizeof tests / sizeof *tests); }

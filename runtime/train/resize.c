#include "resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 32 - 8 - 2, HALF = 1 << (BITS - 1), BLOCK = 64 };

typedef struct Weights { /* of each output position: first input, count, coefficients */
    int *from, *count, *k;
    int most;
} Weights;

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double keys(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static void position(Weights *t, int o, double scale, int in, int bicubic, double *k)
{
    double wide = scale < 1 ? 1 : scale, support = (bicubic ? 2 : 1) * wide, center = (o + 0.5) * scale, sum = 0;
    int from = (int)(center - support + 0.5), to = (int)(center + support + 0.5);
    from = from < 0 ? 0 : from;
    to = to > in ? in : to;
    for (int i = 0; i < to - from; i++) {
        double x = (i + from - center + 0.5) * (1 / wide);
        sum += k[i] = bicubic ? keys(x) : triangle(x);
    }
    for (int i = 0; i < to - from; i++) {
        double v = (sum != 0 ? k[i] / sum : k[i]) * (1 << BITS);
        t->k[(size_t)o * (size_t)t->most + (size_t)i] = (int)(v < 0 ? v - 0.5 : v + 0.5);
    }
    t->from[o] = from;
    t->count[o] = to - from;
}

static int make_weights(Weights *t, int in, int out, int bicubic)
{
    double scale = (double)in / out, wide = scale < 1 ? 1 : scale;
    t->most = (int)ceil((bicubic ? 2 : 1) * wide) * 2 + 1;
    t->from = calloc((size_t)out, sizeof *t->from);
    t->count = calloc((size_t)out, sizeof *t->count);
    t->k = calloc((size_t)out, (size_t)t->most * sizeof *t->k);
    double *k = calloc((size_t)t->most, sizeof *k);
    int ok = t->from && t->count && t->k && k;
    for (int o = 0; ok && o < out; o++)
        position(t, o, scale, in, bicubic, k);
    free(k);
    return ok;
}

static void free_weights(Weights *t)
{
    free(t->from);
    free(t->count);
    free(t->k);
}

/* ---- Sums ---- */

/* Integers, so vectors change no bit: what is compiled for AVX2 gives what the plain one gives. */
#define ALWAYS static inline __attribute__((always_inline))

ALWAYS uint8_t clip8(int v)
{
    v >>= BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* A row of w pixels from one row of the input. */
ALWAYS void sum_x(const Weights *t, const uint8_t *in, int w, uint8_t *out)
{
    for (int x = 0; x < w; x++, out += 3) {
        const int *k = t->k + (size_t)x * (size_t)t->most;
        const uint8_t *p = in + 3 * (size_t)t->from[x];
        int r = HALF, g = HALF, b = HALF;
        for (int i = 0; i < t->count[x]; i++, p += 3) {
            r += p[0] * k[i];
            g += p[1] * k[i];
            b += p[2] * k[i];
        }
        out[0] = clip8(r);
        out[1] = clip8(g);
        out[2] = clip8(b);
    }
}

/* n bytes of row y from rows of `pitch` bytes. */
ALWAYS void sum_y(const Weights *t, int y, const uint8_t *in, size_t pitch, size_t n, uint8_t *out)
{
    const int *k = t->k + (size_t)y * (size_t)t->most;
    int sum[BLOCK];
    for (size_t x = 0; x < n; x++)
        sum[x] = HALF;
    for (int i = 0; i < t->count[y]; i++)
        for (size_t x = 0; x < n; x++)
            sum[x] += in[(size_t)(t->from[y] + i) * pitch + x] * k[i];
    for (size_t x = 0; x < n; x++)
        out[x] = clip8(sum[x]);
}

ALWAYS void row_y(const Weights *t, int y, const uint8_t *in, size_t row, uint8_t *out)
{
    size_t x = 0;
    for (; x + BLOCK <= row; x += BLOCK)
        sum_y(t, y, in + x, row, BLOCK, out + x);
    sum_y(t, y, in + x, row, row - x, out + x);
}

typedef void RowX(const Weights *t, const uint8_t *in, int w, uint8_t *out);
typedef void RowY(const Weights *t, int y, const uint8_t *in, size_t row, uint8_t *out);
static void plain_x(const Weights *t, const uint8_t *in, int w, uint8_t *out) { sum_x(t, in, w, out); }
static void plain_y(const Weights *t, int y, const uint8_t *in, size_t row, uint8_t *out) { row_y(t, y, in, row, out); }
#if defined(__x86_64__)
#define AVX2 static __attribute__((target("avx2")))
AVX2 void avx2_x(const Weights *t, const uint8_t *in, int w, uint8_t *out) { sum_x(t, in, w, out); }
AVX2 void avx2_y(const Weights *t, int y, const uint8_t *in, size_t row, uint8_t *out) { row_y(t, y, in, row, out); }
static RowX *row_x_function(void) { return rt_target_runs_here(RT_TARGET_V3) ? avx2_x : plain_x; }
static RowY *row_y_function(void) { return rt_target_runs_here(RT_TARGET_V3) ? avx2_y : plain_y; }
#else
static RowX *row_x_function(void) { return plain_x; }
static RowY *row_y_function(void) { return plain_y; }
#endif

/* ---- Pictures ---- */

static RtStatus new_image(RtImage *out, int w, int h, RtError *err)
{
    *out = (RtImage){ w, h, malloc((size_t)w * (size_t)h * 3) };
    return out->rgb ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for %d x %d pixels", w, h);
}

static RtStatus along_x(const RtImage *in, int w, int bicubic, RtImage *out, RtError *err)
{
    Weights t = { 0 };
    RowX *row = row_x_function();
    RtStatus s = new_image(out, w, in->h, err);
    if (s == RT_OK && !make_weights(&t, in->w, w, bicubic))
        s = rt_error(err, RT_ERROR_FILE, "out of memory for a resize");
    for (size_t y = 0; s == RT_OK && y < (size_t)in->h; y++)
        row(&t, in->rgb + y * (size_t)in->w * 3, w, out->rgb + y * (size_t)w * 3);
    free_weights(&t);
    return s;
}

static RtStatus along_y(const RtImage *in, int h, int bicubic, RtImage *out, RtError *err)
{
    Weights t = { 0 };
    RowY *row = row_y_function();
    size_t bytes = (size_t)in->w * 3;
    RtStatus s = new_image(out, in->w, h, err);
    if (s == RT_OK && !make_weights(&t, in->h, h, bicubic))
        s = rt_error(err, RT_ERROR_FILE, "out of memory for a resize");
    for (int y = 0; s == RT_OK && y < h; y++)
        row(&t, y, in->rgb, bytes, out->rgb + (size_t)y * bytes);
    free_weights(&t);
    return s;
}

RtStatus rt_resize(const RtImage *in, int w, int h, int bicubic, RtImage *out, RtError *err)
{
    RtImage wide = { 0 };
    *out = (RtImage){ 0 };
    RtStatus s = w == in->w ? RT_OK : along_x(in, w, bicubic, &wide, err);
    const RtImage *rows = w == in->w ? in : &wide;
    if (s == RT_OK && h != in->h) {
        s = along_y(rows, h, bicubic, out, err);
    } else if (s == RT_OK) {
        s = new_image(out, w, h, err);
        if (s == RT_OK)
            memcpy(out->rgb, rows->rgb, (size_t)w * (size_t)h * 3);
    }
    rt_image_free(&wide);
    if (s != RT_OK)
        rt_image_free(out);
    return s;
}

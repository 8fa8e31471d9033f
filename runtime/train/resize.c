#include "resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 32 - 8 - 2 };

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

static uint8_t clip8(int v)
{
    v >>= BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Along x: pitch is 3 bytes; along y: a row. */
static uint8_t sample(const Weights *t, int o, const uint8_t *p, size_t pitch)
{
    int sum = 1 << (BITS - 1);
    const int *k = t->k + (size_t)o * (size_t)t->most;
    for (int i = 0; i < t->count[o]; i++)
        sum += p[(size_t)(t->from[o] + i) * pitch] * k[i];
    return clip8(sum);
}

static RtStatus new_image(RtImage *out, int w, int h, RtError *err)
{
    *out = (RtImage){ w, h, malloc((size_t)w * (size_t)h * 3) };
    return out->rgb ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for %d x %d pixels", w, h);
}

static RtStatus along_x(const RtImage *in, int w, int bicubic, RtImage *out, RtError *err)
{
    Weights t = { 0 };
    RtStatus s = new_image(out, w, in->h, err);
    if (s == RT_OK && !make_weights(&t, in->w, w, bicubic))
        s = rt_error(err, RT_ERROR_FILE, "out of memory for a resize");
    for (int y = 0; s == RT_OK && y < in->h; y++)
        for (int x = 0; x < w; x++)
            for (size_t c = 0; c < 3; c++)
                out->rgb[((size_t)y * (size_t)w + (size_t)x) * 3 + c] = sample(&t, x, in->rgb + (size_t)y * (size_t)in->w * 3 + c, 3);
    free_weights(&t);
    return s;
}

static RtStatus along_y(const RtImage *in, int h, int bicubic, RtImage *out, RtError *err)
{
    Weights t = { 0 };
    size_t row = (size_t)in->w * 3;
    RtStatus s = new_image(out, in->w, h, err);
    if (s == RT_OK && !make_weights(&t, in->h, h, bicubic))
        s = rt_error(err, RT_ERROR_FILE, "out of memory for a resize");
    for (int y = 0; s == RT_OK && y < h; y++)
        for (size_t x = 0; x < row; x++)
            out->rgb[(size_t)y * row + x] = sample(&t, y, in->rgb + x, row);
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

/* conv_blas.c - convolutions the usual way, im2col and OpenBLAS's sgemm: judge of the kernels and yardstick of their speed.
 *
 *   conv_blas time LAYER...                         seconds of all layers, one image, best of three rounds
 *   conv_blas check LAYER W.safetensors X.npy Y.npy one layer ("c.weight" and "c.bias") on an input
 *
 * LAYER is CI,H,W,CO,KH,KW,SH,SW,TOP,BOTTOM,LEFT,RIGHT. */
#include "../formats/npy.h"
#include "../formats/safetensors.h"
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Layer {
    int ci, h, w, co, kh, kw, sh, sw, top, bottom, left, right;
} Layer;

static int out_h(const Layer *l) { return (l->h + l->top + l->bottom - l->kh) / l->sh + 1; }
static int out_w(const Layer *l) { return (l->w + l->left + l->right - l->kw) / l->sw + 1; }
static size_t depth(const Layer *l) { return (size_t)l->ci * (size_t)l->kh * (size_t)l->kw; }

static Layer parse(const char *text)
{
    Layer l;
    if (sscanf(text, "%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d", &l.ci, &l.h, &l.w, &l.co, &l.kh, &l.kw, &l.sh, &l.sw, &l.top, &l.bottom,
               &l.left, &l.right) != 12) {
        fprintf(stderr, "conv_blas: a layer is 12 numbers, not '%s'\n", text);
        exit(2);
    }
    return l;
}

/* col[ci, ky, kx][oy, ox] = x[ci][oy * sh + ky - top][ox * sw + kx - left], 0 outside. */
static void im2col(const Layer *l, const float *x, float *col)
{
    int oh = out_h(l), ow = out_w(l);
    for (int ci = 0; ci < l->ci; ci++)
        for (int ky = 0; ky < l->kh; ky++)
            for (int kx = 0; kx < l->kw; kx++)
                for (int oy = 0; oy < oh; oy++)
                    for (int ox = 0; ox < ow; ox++) {
                        int iy = oy * l->sh + ky - l->top, ix = ox * l->sw + kx - l->left;
                        int inside = iy >= 0 && iy < l->h && ix >= 0 && ix < l->w;
                        *col++ = inside ? x[((size_t)ci * (size_t)l->h + (size_t)iy) * (size_t)l->w + (size_t)ix] : 0;
                    }
}

/* y = w * im2col(x); a 1x1 without stride needs no im2col. */
static void conv(const Layer *l, const float *x, const float *w, float *col, float *y)
{
    int pixels = out_h(l) * out_w(l), k = (int)depth(l);
    if (l->kh * l->kw * l->sh * l->sw > 1)
        im2col(l, x, col);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, l->co, pixels, k, 1, w, k, l->kh * l->kw * l->sh * l->sw > 1 ? col : x, pixels, 0, y, pixels);
}

static float *floats(size_t n)
{
    float *p = malloc(n * sizeof *p + 64);
    if (!p)
        exit(3);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(i % 251) / 251 - 0.5f;
    return p;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds(const Layer *l)
{
    size_t pixels = (size_t)out_h(l) * (size_t)out_w(l);
    float *x = floats((size_t)l->ci * (size_t)l->h * (size_t)l->w), *w = floats((size_t)l->co * depth(l));
    float *col = floats(depth(l) * pixels), *y = floats((size_t)l->co * pixels);
    double best = 1e9;
    for (int i = 0; i < 4; i++) {
        double start = now();
        conv(l, x, w, col, y);
        if (i && now() - start < best)
            best = now() - start;
    }
    free(x);
    free(w);
    free(col);
    free(y);
    return best;
}

static int check(const Layer *l, char **argv)
{
    SafetensorsFile f;
    NpyArray in;
    RtError err;
    if (safetensors_open(&f, argv[0], &err) || npy_read(argv[1], &in, &err)) {
        fprintf(stderr, "conv_blas: %s\n", err.message);
        return 3;
    }
    size_t shape[] = { (size_t)l->co, (size_t)out_h(l), (size_t)out_w(l) }, pixels = shape[1] * shape[2];
    float *w = floats((size_t)l->co * depth(l)), *b = floats((size_t)l->co), *col = floats(depth(l) * pixels), *y = floats(shape[0] * pixels);
    if (safetensors_to_f32(&f, safetensors_find(&f, "c.weight"), w, &err) || safetensors_to_f32(&f, safetensors_find(&f, "c.bias"), b, &err))
        return 3;
    conv(l, (const float *)in.data, w, col, y);
    for (size_t i = 0; i < shape[0] * pixels; i++)
        y[i] += b[i / pixels];
    return npy_write(argv[2], NPY_F32, 3, shape, y, &err) ? 3 : 0;
}

int main(int argc, char **argv)
{
    openblas_set_num_threads(1);
    if (argc == 6 && strcmp(argv[1], "check") == 0) {
        Layer l = parse(argv[2]);
        return check(&l, argv + 3);
    }
    double sum = 0;
    for (int i = 2; i < argc; i++) {
        Layer l = parse(argv[i]);
        sum += seconds(&l);
    }
    fprintf(stderr, "%s\n", openblas_get_corename());
    printf("%.6f\n", sum);
    return argc < 3 ? 2 : 0;
}

#include "view.h"
#include "resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pixels { /* the picture so far, and how its numbers become floats */
    RtImage image;
    int own, bgr, raw_255, normalised;
    double mean[3], std[3];
} Pixels;

static void take(Pixels *p, RtImage next)
{
    if (p->own)
        rt_image_free(&p->image);
    p->image = next;
    p->own = 1;
}

/* torchvision's Resize(size): the short side becomes size, the other int(size * long / short). */
static RtStatus resize_short(Pixels *p, int size, int bicubic, RtError *err)
{
    int w = p->image.w, h = p->image.h, small = w < h ? w : h;
    if (small == size)
        return RT_OK;
    int64_t other = (int64_t)size * (w < h ? h : w) / small;
    if (other > 1 << 20)
        return rt_error(err, RT_ERROR_INPUT, "a picture of %d x %d pixels is too narrow to resize", w, h);
    RtImage out;
    RtStatus s = w < h ? rt_resize(&p->image, size, (int)other, bicubic, &out, err) : rt_resize(&p->image, (int)other, size, bicubic, &out, err);
    if (s == RT_OK)
        take(p, out);
    return s;
}

static RtStatus resize_exact(Pixels *p, int w, int h, int bicubic, RtError *err)
{
    RtImage out;
    RtStatus s = rt_resize(&p->image, w, h, bicubic, &out, err);
    if (s == RT_OK)
        take(p, out);
    return s;
}

/* Where torchvision's center_crop begins: it pads a smaller picture with black by (c - n) / 2 in front, then crops
 * from Python's round((n - c) / 2), which rounds halves to even. */
static int crop_from(int n, int c)
{
    if (c > n)
        return -((c - n) / 2);
    return (int)nearbyint((n - c) / 2.0);
}

static RtStatus centre_crop(Pixels *p, int w, int h, RtError *err)
{
    RtImage out = { w, h, calloc((size_t)w * (size_t)h, 3) };
    if (!out.rgb)
        return rt_error(err, RT_ERROR_FILE, "out of memory for %d x %d pixels", w, h);
    int x0 = crop_from(p->image.w, w), y0 = crop_from(p->image.h, h);
    for (int y = 0; y < h; y++) {
        int iy = y0 + y;
        if (iy < 0 || iy >= p->image.h)
            continue;
        int from = x0 < 0 ? -x0 : 0, to = p->image.w - x0 < w ? p->image.w - x0 : w;
        if (to > from)
            memcpy(out.rgb + ((size_t)y * (size_t)w + (size_t)from) * 3,
                   p->image.rgb + ((size_t)iy * (size_t)p->image.w + (size_t)(x0 + from)) * 3, (size_t)(to - from) * 3);
    }
    take(p, out);
    return RT_OK;
}

static void set_normalise(Pixels *p, const RtView *v)
{
    p->normalised = 1;
    p->raw_255 = v->raw_255;
    memcpy(p->mean, v->mean, sizeof p->mean);
    memcpy(p->std, v->std, sizeof p->std);
}

static RtStatus step(Pixels *p, const RtView *v, RtError *err)
{
    switch (v->kind) {
    case RT_VIEW_RESIZE: return resize_short(p, v->h, v->bicubic, err);
    case RT_VIEW_RESIZE_EXACT: return resize_exact(p, v->w, v->h, v->bicubic, err);
    case RT_VIEW_CROP: case RT_VIEW_CENTERCROP: case RT_VIEW_RANDOM_CROP: return centre_crop(p, v->w, v->h, err);
    case RT_VIEW_FLIP: return RT_OK;
    case RT_VIEW_NORMALIZE: set_normalise(p, v); return RT_OK;
    case RT_VIEW_BGR: p->bgr = 1; return RT_OK;
    }
    return RT_OK;
}

/* v / 255, then (v - mean) / std, all in float: torchvision's ToTensor and Normalize. */
static void store(const Pixels *p, int c, int h, int w, float *out)
{
    for (int k = 0; k < c; k++) {
        float mean = p->normalised ? (float)p->mean[k] : 0, std = p->normalised ? (float)p->std[k] : 1;
        int from = p->bgr ? 2 - k : k;
        for (int i = 0; i < h * w; i++) {
            float v = p->image.rgb[(size_t)i * 3 + (size_t)from];
            if (!p->raw_255)
                v /= 255.0f;
            out[(size_t)k * (size_t)h * (size_t)w + (size_t)i] = p->normalised ? (v - mean) / std : v;
        }
    }
}

RtStatus rt_view_apply(const RtView *view, int n, const RtImage *in, int c, int h, int w, float *out_chw, RtError *err)
{
    Pixels p = { .image = *in };
    RtStatus s = RT_OK;
    if (c != 3)
        return rt_error(err, RT_ERROR_INPUT, "a picture has 3 channels, the network's input has %d", c);
    for (int i = 0; i < n && s == RT_OK; i++)
        s = step(&p, &view[i], err);
    if (n == 0) {
        s = resize_short(&p, w > h ? w : h, 0, err);
        s = s == RT_OK ? centre_crop(&p, w, h, err) : s;
    }
    if (s == RT_OK && (p.image.w != w || p.image.h != h))
        s = rt_error(err, RT_ERROR_INPUT, "the view makes %d x %d pixels, the network's input has %d x %d", p.image.w, p.image.h, w, h);
    if (s == RT_OK)
        store(&p, c, h, w, out_chw);
    if (p.own)
        rt_image_free(&p.image);
    return s;
}

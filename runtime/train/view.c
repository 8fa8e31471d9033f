#include "view.h"
#include "augment.h"
#include <string.h>

typedef struct Run {
    const RtView *view;
    int n;
    const AugmentKey *key; /* null: prediction */
    Pixels p;
    int bgr, raw_255, normalised; /* how bytes become floats */
    double mean[3], std[3];
} Run;

static RtStatus centre_crop(Pixels *p, int w, int h, RtError *err)
{
    return pixels_crop(p, pixels_centre(p->image.w, w), pixels_centre(p->image.h, h), w, h, err);
}

/* torchvision's references: a network that trains on crops of 224 is validated at a short side of 256. */
static RtStatus validation_crop(Pixels *p, const RtView *v, RtError *err)
{
    int size = v->w > v->h ? v->w : v->h;
    RtStatus s = pixels_resize_short(p, (size * 256 + 112) / 224, v->bicubic, err);
    return s == RT_OK ? centre_crop(p, v->w, v->h, err) : s;
}

static RtStatus pad(Pixels *p, int by, RtError *err) { return pixels_crop(p, -by, -by, p->image.w + 2 * by, p->image.h + 2 * by, err); }

static int before_random_crop(const Run *r, int i)
{
    while (++i < r->n)
        if (r->view[i].kind == RT_VIEW_RANDOM_CROP)
            return 1;
    return 0;
}

static void set_normalise(Run *r, const RtView *v)
{
    r->normalised = 1;
    r->raw_255 = v->raw_255;
    memcpy(r->mean, v->mean, sizeof r->mean);
    memcpy(r->std, v->std, sizeof r->std);
}

static RtStatus random_step(Run *r, int i, RtError *err)
{
    AugmentDraw d = augment_draw(&r->view[i], i, r->p.image.w, r->p.image.h, r->key);
    return augment_apply(&r->p, &r->view[i], &d, err);
}

static RtStatus step(Run *r, int i, RtError *err)
{
    const RtView *v = &r->view[i];
    Pixels *p = &r->p;
    switch (v->kind) {
    case RT_VIEW_RESIZE: return pixels_resize_short(p, v->h, v->bicubic, err);
    case RT_VIEW_RESIZE_EXACT: return pixels_resize(p, v->w, v->h, v->bicubic, err);
    case RT_VIEW_CROP: case RT_VIEW_CENTERCROP: return centre_crop(p, v->w, v->h, err);
    case RT_VIEW_RANDOM_CROP: return r->key ? random_step(r, i, err) : centre_crop(p, v->w, v->h, err);
    case RT_VIEW_RANDOM_RESIZED_CROP: return r->key ? random_step(r, i, err) : validation_crop(p, v, err);
    case RT_VIEW_FLIP: case RT_VIEW_COLOR_JITTER: return r->key ? random_step(r, i, err) : RT_OK;
    case RT_VIEW_PAD: return r->key || !before_random_crop(r, i) ? pad(p, v->h, err) : RT_OK;
    case RT_VIEW_NORMALIZE: set_normalise(r, v); return RT_OK;
    case RT_VIEW_BGR: r->bgr = 1; return RT_OK;
    }
    return RT_OK;
}

/* What each byte becomes in channel k: v / 255, then (v - mean) / std, all in float, as torchvision's ToTensor and Normalize. */
static void floats_of(const Run *r, int k, float of[256])
{
    float mean = r->normalised ? (float)r->mean[k] : 0, std = r->normalised ? (float)r->std[k] : 1;
    for (int i = 0; i < 256; i++) {
        float v = (float)i;
        if (!r->raw_255)
            v /= 255.0f;
        of[i] = r->normalised ? (v - mean) / std : v;
    }
}

static void store(const Run *r, int c, int h, int w, float *out)
{
    size_t n = (size_t)h * (size_t)w;
    float of[256];
    for (int k = 0; k < c; k++) {
        const uint8_t *from = r->p.image.rgb + (r->bgr ? 2 - k : k);
        floats_of(r, k, of);
        for (size_t i = 0; i < n; i++)
            out[(size_t)k * n + i] = of[from[3 * i]];
    }
}

static RtStatus steps(Run *r, int h, int w, RtError *err)
{
    RtStatus s = RT_OK;
    for (int i = 0; i < r->n && s == RT_OK; i++)
        s = step(r, i, err);
    if (r->n == 0) {
        s = pixels_resize_short(&r->p, w > h ? w : h, 0, err);
        s = s == RT_OK ? centre_crop(&r->p, w, h, err) : s;
    }
    if (s == RT_OK && (r->p.image.w != w || r->p.image.h != h))
        s = rt_error(err, RT_ERROR_INPUT, "the view makes %d x %d pixels, the network's input has %d x %d", r->p.image.w, r->p.image.h, w, h);
    return s;
}

static RtStatus run(Run *r, int c, int h, int w, float *out, RtError *err)
{
    if (c != 1 && c != 3)
        return rt_error(err, RT_ERROR_INPUT, "a picture has 1 or 3 channels, the network's input has %d", c);
    RtStatus s = c == 1 ? pixels_grey(&r->p, err) : RT_OK;
    if (s == RT_OK)
        s = steps(r, h, w, err);
    if (s == RT_OK)
        store(r, c, h, w, out);
    pixels_free(&r->p);
    return s;
}

RtStatus rt_view_apply(const RtView *view, int n, const RtImage *in, int c, int h, int w, float *out_chw, RtError *err)
{
    Run r = { .view = view, .n = n, .p = { .image = *in } };
    return run(&r, c, h, w, out_chw, err);
}

RtStatus rt_view_train(const RtView *view, int n, const RtImage *in, int c, int h, int w, uint64_t seed, uint32_t epoch, uint64_t sample,
                       float *out_chw, RtError *err)
{
    AugmentKey key = { .seed = seed, .sample = sample, .epoch = epoch };
    Run r = { .view = view, .n = n, .key = &key, .p = { .image = *in } };
    return run(&r, c, h, w, out_chw, err);
}

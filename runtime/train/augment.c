/* Random steps as torchvision.transforms has them: RandomCrop, RandomHorizontalFlip, RandomResizedCrop, ColorJitter without hue. */
#include "augment.h"
#include <math.h>

enum { ATTEMPTS = 10 };
static const uint32_t stream = 0x76696577; /* "view": these draws are no others' of the same seed */

typedef struct Draws {
    RtPhilox at;
    uint32_t word[4];
    int next;
} Draws;

static Draws begin(int step, const AugmentKey *k)
{
    return (Draws){ .at = { .counter = { (uint32_t)k->sample, (uint32_t)(k->sample >> 32), k->epoch, (uint32_t)step << 16 },
                            .key = { (uint32_t)k->seed, (uint32_t)(k->seed >> 32) ^ stream } }, .next = 4 };
}

static uint32_t draw(Draws *d)
{
    if (d->next == 4) {
        rt_philox(&d->at, d->word);
        d->at.counter[3]++;
        d->next = 0;
    }
    return d->word[d->next++];
}

static double uniform(Draws *d, double low, double high) { return low + (high - low) * (draw(d) * 0x1p-32); }
static int below(Draws *d, int n) { return (int)((uint64_t)draw(d) * (uint64_t)n >> 32); }

/* RandomCrop; along a side that is too short it is the centre crop, with black around. */
static void draw_crop(Draws *s, const RtView *v, int w, int h, AugmentDraw *d)
{
    d->w = v->w;
    d->h = v->h;
    d->y = h > v->h ? below(s, h - v->h + 1) : pixels_centre(h, v->h);
    d->x = w > v->w ? below(s, w - v->w + 1) : pixels_centre(w, v->w);
}

/* RandomResizedCrop(scale=(0.08, 1), ratio=(3/4, 4/3)). */
static void draw_resized_crop(Draws *s, int w, int h, AugmentDraw *d)
{
    const double least = 3.0 / 4, most = 4.0 / 3;
    for (int i = 0; i < ATTEMPTS; i++) {
        double area = (double)w * h * uniform(s, 0.08, 1), ratio = rt_exp(uniform(s, rt_log(least), rt_log(most)));
        d->w = (int)nearbyint(sqrt(area * ratio));
        d->h = (int)nearbyint(sqrt(area / ratio));
        if (d->w > 0 && d->w <= w && d->h > 0 && d->h <= h) {
            d->y = below(s, h - d->h + 1);
            d->x = below(s, w - d->w + 1);
            return;
        }
    }
    double ratio = (double)w / h;
    d->w = ratio > most ? (int)nearbyint(h * most) : w;
    d->h = ratio < least ? (int)nearbyint(w / least) : h;
    d->y = (h - d->h) / 2;
    d->x = (w - d->w) / 2;
}

static void draw_jitter(Draws *s, const RtView *v, AugmentDraw *d)
{
    for (int i = 0; i < 3; i++) {
        double low = v->mean[i] < 1 ? 1 - v->mean[i] : 0;
        d->factor[i] = uniform(s, low, 1 + v->mean[i]);
        d->order[i] = i;
    }
    for (int i = 2; i > 0; i--) {
        int k = below(s, i + 1), keep = d->order[i];
        d->order[i] = d->order[k];
        d->order[k] = keep;
    }
}

AugmentDraw augment_draw(const RtView *v, int step, int w, int h, const AugmentKey *key)
{
    Draws s = begin(step, key);
    AugmentDraw d = { 0 };
    switch (v->kind) {
    case RT_VIEW_RANDOM_CROP: draw_crop(&s, v, w, h, &d); break;
    case RT_VIEW_FLIP: d.flip = draw(&s) >> 31; break;
    case RT_VIEW_RANDOM_RESIZED_CROP: draw_resized_crop(&s, w, h, &d); break;
    case RT_VIEW_COLOR_JITTER: draw_jitter(&s, v, &d); break;
    case RT_VIEW_RESIZE: case RT_VIEW_RESIZE_EXACT: case RT_VIEW_CROP: case RT_VIEW_CENTERCROP:
    case RT_VIEW_NORMALIZE: case RT_VIEW_BGR: case RT_VIEW_PAD: break;
    }
    return d;
}

static RtStatus jitter(Pixels *p, const RtView *v, const AugmentDraw *d, RtError *err)
{
    RtStatus s = RT_OK;
    for (int i = 0; i < 3 && s == RT_OK; i++)
        if (v->mean[d->order[i]] > 0)
            s = pixels_enhance(p, (PixelsColor)d->order[i], d->factor[d->order[i]], err);
    return s;
}

RtStatus augment_apply(Pixels *p, const RtView *v, const AugmentDraw *d, RtError *err)
{
    RtStatus s = RT_OK;
    switch (v->kind) {
    case RT_VIEW_RANDOM_CROP: return pixels_crop(p, d->x, d->y, d->w, d->h, err);
    case RT_VIEW_FLIP: return d->flip ? pixels_flip(p, err) : RT_OK;
    case RT_VIEW_RANDOM_RESIZED_CROP:
        s = pixels_crop(p, d->x, d->y, d->w, d->h, err);
        return s == RT_OK ? pixels_resize(p, v->w, v->h, v->bicubic, err) : s;
    case RT_VIEW_COLOR_JITTER: return jitter(p, v, d, err);
    case RT_VIEW_RESIZE: case RT_VIEW_RESIZE_EXACT: case RT_VIEW_CROP: case RT_VIEW_CENTERCROP:
    case RT_VIEW_NORMALIZE: case RT_VIEW_BGR: case RT_VIEW_PAD: break;
    }
    return s;
}

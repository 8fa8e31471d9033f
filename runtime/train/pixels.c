#include "pixels.h"
#include "image_codecs.h"
#include "resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void take(Pixels *p, RtImage next)
{
    pixels_free(p);
    p->image = next;
    p->own = 1;
}

void pixels_free(Pixels *p)
{
    if (p->own)
        rt_image_free(&p->image);
}

static RtStatus new_image(RtImage *out, int w, int h, RtError *err) /* black */
{
    if (w < 1 || h < 1 || (int64_t)w * h > IMAGE_MOST_PIXELS)
        return rt_error(err, RT_ERROR_INPUT, "the view makes a picture of %d x %d pixels; at most %d are possible", w, h, IMAGE_MOST_PIXELS);
    *out = (RtImage){ w, h, calloc((size_t)w * (size_t)h, 3) };
    return out->rgb ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for %d x %d pixels", w, h);
}

RtStatus pixels_own(Pixels *p, RtError *err)
{
    RtImage copy;
    if (p->own)
        return RT_OK;
    RtStatus s = new_image(&copy, p->image.w, p->image.h, err);
    if (s != RT_OK)
        return s;
    memcpy(copy.rgb, p->image.rgb, (size_t)copy.w * (size_t)copy.h * 3);
    take(p, copy);
    return RT_OK;
}

RtStatus pixels_crop(Pixels *p, int x0, int y0, int w, int h, RtError *err)
{
    RtImage out, *in = &p->image;
    RtStatus s = new_image(&out, w, h, err);
    if (s != RT_OK)
        return s;
    int from = x0 < 0 ? -x0 : 0, to = in->w - x0 < w ? in->w - x0 : w;
    for (int y = 0; y < h && from < to; y++)
        if (y0 + y >= 0 && y0 + y < in->h)
            memcpy(out.rgb + ((size_t)y * (size_t)w + (size_t)from) * 3,
                   in->rgb + ((size_t)(y0 + y) * (size_t)in->w + (size_t)(x0 + from)) * 3, (size_t)(to - from) * 3);
    take(p, out);
    return RT_OK;
}

RtStatus pixels_resize(Pixels *p, int w, int h, int bicubic, RtError *err)
{
    RtImage out;
    RtStatus s = rt_resize(&p->image, w, h, bicubic, &out, err);
    if (s == RT_OK)
        take(p, out);
    return s;
}

RtStatus pixels_resize_short(Pixels *p, int size, int bicubic, RtError *err)
{
    int w = p->image.w, h = p->image.h, small = w < h ? w : h;
    if (small == size)
        return RT_OK;
    int64_t other = (int64_t)size * (w < h ? h : w) / small;
    if (other > 1 << 20)
        return rt_error(err, RT_ERROR_INPUT, "a picture of %d x %d pixels is too narrow to resize", w, h);
    return w < h ? pixels_resize(p, size, (int)other, bicubic, err) : pixels_resize(p, (int)other, size, bicubic, err);
}

RtStatus pixels_flip(Pixels *p, RtError *err)
{
    RtStatus s = pixels_own(p, err);
    size_t w = (size_t)p->image.w;
    for (size_t y = 0; s == RT_OK && y < (size_t)p->image.h; y++) {
        uint8_t *row = p->image.rgb + y * w * 3;
        for (size_t x = 0; x < w / 2; x++) {
            uint8_t keep[3], *a = row + 3 * x, *b = row + 3 * (w - 1 - x);
            memcpy(keep, a, 3);
            memcpy(a, b, 3);
            memcpy(b, keep, 3);
        }
    }
    return s;
}

/* It pads a smaller picture with black by (c - n) / 2 in front, then crops from Python's round((n - c) / 2), which
 * rounds halves to even. */
int pixels_centre(int n, int c)
{
    if (c > n)
        return -((c - n) / 2);
    return (int)nearbyint((n - c) / 2.0);
}

#include "pixels.h"

/* PIL's convert("L"): ITU-R 601 luma in 16-bit fixed point; a grey pixel stays as it is. */
static uint8_t luma(const uint8_t *rgb) { return (uint8_t)((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16); }

static size_t count(const RtImage *image) { return (size_t)image->w * (size_t)image->h; }

RtStatus pixels_grey(Pixels *p, RtError *err)
{
    RtStatus s = pixels_own(p, err);
    for (size_t i = 0; s == RT_OK && i < count(&p->image); i++) {
        uint8_t *v = p->image.rgb + 3 * i;
        v[0] = v[1] = v[2] = luma(v);
    }
    return s;
}

/* PIL's Image.blend, in float: from a plain value to the pixel's by factor, cut to 0..255. */
static uint8_t blend(uint8_t plain, uint8_t pixel, float factor)
{
    float v = (float)plain + factor * (float)(pixel - plain);
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

static uint8_t mean_luma(const RtImage *image)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count(image); i++)
        sum += luma(image->rgb + 3 * i);
    return (uint8_t)((double)sum / (double)count(image) + 0.5);
}

RtStatus pixels_enhance(Pixels *p, PixelsColor what, double factor, RtError *err)
{
    RtStatus s = pixels_own(p, err);
    if (s != RT_OK)
        return s;
    uint8_t plain = what == PIXELS_CONTRAST ? mean_luma(&p->image) : 0;
    for (size_t i = 0; i < count(&p->image); i++) {
        uint8_t *v = p->image.rgb + 3 * i;
        plain = what == PIXELS_SATURATION ? luma(v) : plain;
        for (int c = 0; c < 3; c++)
            v[c] = blend(plain, v[c], (float)factor);
    }
    return RT_OK;
}

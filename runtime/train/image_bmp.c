/* BMP without compression: 24 and 32 bits, and 8 bits with a palette. */
#include "image_codecs.h"
#include <stdlib.h>

static uint32_t u32(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }
static uint32_t u16(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

typedef struct Bmp {
    const uint8_t *bytes, *palette;
    uint64_t pixels, pitch;
    uint32_t colors, bits;
    int upside_down;
} Bmp;

static void store(const Bmp *b, RtImage *out)
{
    for (int y = 0; y < out->h; y++) {
        const uint8_t *row = b->bytes + b->pixels + b->pitch * (uint64_t)(b->upside_down ? out->h - 1 - y : y);
        uint8_t *to = out->rgb + (size_t)y * (size_t)out->w * 3;
        for (int x = 0; x < out->w; x++) {
            static const uint8_t black[3];
            const uint8_t *p = row + (size_t)x * (b->bits / 8);
            if (b->bits == 8)
                p = *p < b->colors ? b->palette + 4 * *p : black;
            for (int c = 0; c < 3; c++)
                to[3 * x + c] = p[2 - c];
        }
    }
}

RtStatus image_read_bmp(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    if (n < 54 || u32(bytes + 14) < 40 || u32(bytes + 14) > n - 14)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 14: a BMP header of 40 bytes or more was expected", name);
    int64_t w = (int32_t)u32(bytes + 18), h = (int32_t)u32(bytes + 22);
    Bmp b = { .bytes = bytes, .pixels = u32(bytes + 10), .bits = u16(bytes + 28), .upside_down = h > 0, .palette = bytes + 14 + u32(bytes + 14) };
    if (u32(bytes + 30) != 0 || (b.bits != 8 && b.bits != 24 && b.bits != 32))
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 28: %u bits with compression %u; 8, 24 or 32 without were expected", name,
                        b.bits, u32(bytes + 30));
    if (w < 1 || h == 0)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 18: %lld x %lld pixels", name, (long long)w, (long long)h);
    RtStatus s = image_allocate(out, name, (uint64_t)w, (uint64_t)(h < 0 ? -h : h), err);
    if (s != RT_OK)
        return s;
    b.pitch = ((uint64_t)w * b.bits + 31) / 32 * 4;
    b.colors = u32(bytes + 46) ? u32(bytes + 46) : 256;
    uint64_t room = n - (uint64_t)(b.palette - bytes);
    if (b.bits == 8 && b.colors > 256)
        b.colors = 256;
    if (b.bits == 8 && room < 4 * (uint64_t)b.colors)
        return rt_error(err, RT_ERROR_INPUT, "%s: the palette of %u colours leaves the file", name, b.colors);
    if (b.pixels > n || n - b.pixels < b.pitch * (uint64_t)out->h)
        return rt_error(err, RT_ERROR_INPUT, "%s: the pixels begin at byte %llu and leave the file of %zu bytes", name,
                        (unsigned long long)b.pixels, n);
    store(&b, out);
    return RT_OK;
}

/* PNG by libpng, converted as PIL's convert("RGB") does: alpha dropped, palettes and greys expanded, 16 bits cut to
 * their high byte - but 16-bit grey clipped at 255, which is what PIL does with it. */
#include "image_codecs.h"
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct Source {
    const uint8_t *bytes;
    size_t n, at;
    char message[256];
} Source;

static void read_bytes(png_structp p, png_bytep out, size_t n)
{
    Source *s = png_get_io_ptr(p);
    if (n > s->n - s->at)
        png_error(p, "the file ends early");
    memcpy(out, s->bytes + s->at, n);
    s->at += n;
}

static void fail(png_structp p, png_const_charp message)
{
    Source *s = png_get_error_ptr(p);
    snprintf(s->message, sizeof s->message, "%s", message);
    png_longjmp(p, 1);
}

static void ignore(png_structp p, png_const_charp message)
{
    (void)p;
    (void)message;
}

static void set_transforms(png_structp p, png_infop info, bool grey16)
{
    int type = png_get_color_type(p, info);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(p);
    if (!(type & PNG_COLOR_MASK_COLOR) && png_get_bit_depth(p, info) < 8)
        png_set_expand_gray_1_2_4_to_8(p);
    if (png_get_bit_depth(p, info) == 16 && !grey16)
        png_set_strip_16(p);
    if (type & PNG_COLOR_MASK_ALPHA || png_get_valid(p, info, PNG_INFO_tRNS)) /* a palette's becomes an alpha channel */
        png_set_strip_alpha(p);
    png_set_interlace_handling(p);
    png_read_update_info(p, info);
}

/* Rows of grey (1 or 2 bytes a pixel) or RGB to RGB. */
static void store_row(const uint8_t *row, uint8_t *out, int w, int channels, bool grey16)
{
    for (int x = 0; x < w; x++)
        for (int c = 0; c < 3; c++) {
            int v = channels == 3 ? row[3 * x + c] : grey16 ? row[2 * x] << 8 | row[2 * x + 1] : row[x];
            out[3 * x + c] = (uint8_t)(v > 255 ? 255 : v);
        }
}

static RtStatus decode(png_structp p, png_infop info, const char *name, RtImage *out, uint8_t **all, png_bytep **rows, RtError *err)
{
    png_read_info(p, info);
    RtStatus s = image_allocate(out, name, png_get_image_width(p, info), png_get_image_height(p, info), err);
    if (s != RT_OK)
        return s;
    bool grey16 = png_get_bit_depth(p, info) == 16 && png_get_color_type(p, info) == PNG_COLOR_TYPE_GRAY;
    set_transforms(p, info, grey16);
    size_t pitch = png_get_rowbytes(p, info);
    *all = malloc(pitch * (size_t)out->h);
    *rows = calloc((size_t)out->h, sizeof **rows);
    if (!*all || !*rows)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory", name);
    for (int y = 0; y < out->h; y++)
        (*rows)[y] = *all + (size_t)y * pitch;
    png_read_image(p, *rows);
    png_read_end(p, NULL);
    for (int y = 0; y < out->h; y++)
        store_row((*rows)[y], out->rgb + (size_t)y * (size_t)out->w * 3, out->w, png_get_channels(p, info), grey16);
    return RT_OK;
}

RtStatus image_read_png(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    Source source = { .bytes = bytes, .n = n };
    struct { uint8_t *all; png_bytep *rows; } *room = calloc(1, sizeof *room);
    png_structp p = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore);
    png_infop info = p ? png_create_info_struct(p) : NULL;
    RtStatus s;
    if (!info || !room) {
        s = rt_error(err, RT_ERROR_FILE, "%s: out of memory", name);
    } else if (setjmp(png_jmpbuf(p))) {
        s = rt_error(err, RT_ERROR_INPUT, "%s: damaged PNG at byte %zu: %s", name, source.at, source.message);
    } else {
        png_set_read_fn(p, &source, read_bytes);
        s = decode(p, info, name, out, &room->all, &room->rows, err);
    }
    png_destroy_read_struct(&p, &info, NULL);
    if (room) {
        free(room->all);
        free(room->rows);
    }
    free(room);
    return s;
}

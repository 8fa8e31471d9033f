/* PNG by libpng into memory that grows: RGB, 8 bits. */
#include "image_codecs.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sink {
    uint8_t *bytes;
    size_t n, room;
} Sink;

static void put_bytes(png_structp p, png_bytep bytes, size_t n)
{
    Sink *s = png_get_io_ptr(p);
    if (s->n + n > s->room) {
        size_t room = 2 * (s->n + n);
        uint8_t *more = realloc(s->bytes, room);
        if (!more)
            png_error(p, "out of memory");
        s->bytes = more;
        s->room = room;
    }
    memcpy(s->bytes + s->n, bytes, n);
    s->n += n;
}

static void put_nothing(png_structp p) { (void)p; }

static void fail(png_structp p, png_const_charp message)
{
    (void)message;
    png_longjmp(p, 1);
}

static void encode(png_structp p, png_infop info, const RtImage *image)
{
    png_set_IHDR(p, info, (png_uint_32)image->w, (png_uint_32)image->h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p, info);
    for (int y = 0; y < image->h; y++)
        png_write_row(p, image->rgb + (size_t)y * (size_t)image->w * 3);
    png_write_end(p, NULL);
}

RtStatus image_write_png(const RtImage *image, uint8_t **bytes, size_t *n, RtError *err)
{
    Sink sink = { 0 };
    png_structp p = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, fail, NULL);
    png_infop info = p ? png_create_info_struct(p) : NULL;
    RtStatus s = RT_OK;
    if (!info || setjmp(png_jmpbuf(p))) { /* sizes were right when the pixels were allocated: only memory can fail */
        s = rt_error(err, RT_ERROR_FILE, "out of memory for a PNG of %d x %d pixels", image->w, image->h);
    } else {
        png_set_write_fn(p, &sink, put_bytes, put_nothing);
        encode(p, info, image);
    }
    png_destroy_write_struct(&p, &info);
    if (s)
        free(sink.bytes);
    *bytes = s ? NULL : sink.bytes;
    *n = s ? 0 : sink.n;
    return s;
}

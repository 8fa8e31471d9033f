/* In the place of image_libraries.c: no JPEG, no PNG, no gzip, and nothing of libjpeg, libpng and zlib in the program. */
#include "image_codecs.h"

static RtStatus refuse(const char *name, const char *kind, RtError *err)
{
    return rt_error(err, RT_ERROR_INPUT,
                    "%s: a %s picture, but this program was compiled with --no-images: it reads PPM, PGM, BMP and .npy; convert "
                    "the picture to one of these, or compile the network without --no-images",
                    name, kind);
}

static RtStatus refuse_jpeg(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    (void)bytes, (void)n, (void)out;
    return refuse(name, "JPEG", err);
}

static RtStatus refuse_png(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    (void)bytes, (void)n, (void)out;
    return refuse(name, "PNG", err);
}

static RtStatus refuse_write(const RtImage *image, uint8_t **bytes, size_t *n, RtError *err)
{
    (void)image, (void)bytes, (void)n;
    return rt_error(err, RT_ERROR_INPUT, "no PNG can be written: this program was compiled with --no-images");
}

static RtStatus refuse_gzip(const char *name, const uint8_t *bytes, size_t n, uint8_t *out, size_t room, size_t *got, RtError *err)
{
    (void)bytes, (void)n, (void)out, (void)room, (void)got;
    return rt_error(err, RT_ERROR_INPUT, "%s: a gzip file, but this program was compiled with --no-images: unpack it with gunzip first", name);
}

const ImageLibraries image_libraries = { "BMP, PPM or PGM", refuse_jpeg, refuse_png, refuse_write, refuse_gzip };

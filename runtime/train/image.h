/* image.h - pictures from files: JPEG, PNG, BMP, PPM and PGM, told apart by content. */
#ifndef INCEPTRT_IMAGE_H
#define INCEPTRT_IMAGE_H
#include "../rt.h"
#include <stddef.h>
#include <stdint.h>

typedef struct RtImage {
    int w, h;
    uint8_t *rgb; /* h rows of w pixels, 3 bytes each; malloc, rt_image_free releases it */
} RtImage;

/* Pixels as PIL's Image.open(path).convert("RGB") gives them.  RT_ERROR_FILE: the system refused; RT_ERROR_INPUT:
 * no such picture, damaged, or larger than 100 megapixels. */
RtStatus rt_image_read(const char *path, RtImage *out, RtError *err);
/* As rt_image_read, over borrowed bytes; name only stands in messages. */
RtStatus rt_image_decode(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
void rt_image_free(RtImage *image);
/* The picture as a PNG file: *size_bytes at *png, malloc.  RT_ERROR_INPUT in a program compiled with --no-images. */
RtStatus rt_image_encode_png(const RtImage *image, uint8_t **png, size_t *size_bytes, RtError *err);
#endif

/* The decoders behind rt_image_decode. Each fills out->rgb or says what is wrong; name stands in messages. */
#ifndef INCEPTRT_IMAGE_CODECS_H
#define INCEPTRT_IMAGE_CODECS_H
#include "image.h"

enum { IMAGE_MOST_PIXELS = 100 * 1000 * 1000 };

/* Allocates w x h pixels after checking both sides and their product. */
RtStatus image_allocate(RtImage *out, const char *name, uint64_t w, uint64_t h, RtError *err);
RtStatus image_read_jpeg(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
RtStatus image_read_png(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
RtStatus image_read_pnm(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
RtStatus image_read_bmp(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
#endif

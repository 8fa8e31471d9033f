/* The decoders behind rt_image_decode, and the encoder. Each decoder fills out->rgb or says what is wrong; name stands in messages. */
#ifndef INCEPTRT_IMAGE_CODECS_H
#define INCEPTRT_IMAGE_CODECS_H
#include "image.h"

enum { IMAGE_MOST_PIXELS = 100 * 1000 * 1000 };

/* Allocates w x h pixels after checking both sides and their product. */
RtStatus image_allocate(RtImage *out, const char *name, uint64_t w, uint64_t h, RtError *err);
typedef RtStatus ImageReader(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err);
typedef RtStatus ImageWriter(const RtImage *image, uint8_t **bytes, size_t *n, RtError *err);
ImageWriter image_write_png;
ImageReader image_read_jpeg, image_read_png, image_read_pnm, image_read_bmp;

/* Unpacks gzip members up to `room` bytes of out; *got says how many there are, room + 1 when there are more.  Checksums are looked at
 * where a member ends.  RT_ERROR_INPUT: damaged or cut short, with the byte. */
typedef RtStatus GzipReader(const char *name, const uint8_t *bytes, size_t n, uint8_t *out, size_t room, size_t *got, RtError *err);
GzipReader gunzip;

/* What needs a library.  image_libraries.c defines them; the driver's --no-images links image_no_libraries.c
 * before the archive, so that image_libraries.c and all that it names stay out of the program. */
typedef struct ImageLibraries {
    const char *kinds; /* all that the program reads, for messages */
    ImageReader *jpeg, *png;
    ImageWriter *write_png;
    GzipReader *gunzip;
} ImageLibraries;
extern const ImageLibraries image_libraries;
#endif

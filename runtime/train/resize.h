/* resize.h - Pillow's antialiased resampling of 8-bit pictures, bit for bit. */
#ifndef INCEPTRT_RESIZE_H
#define INCEPTRT_RESIZE_H
#include "image.h"

/* `in` at w x h pixels.  A separable filter (bilinear: triangle of radius 1; bicubic: Keys, a = -0.5), widened by the
 * scale when shrinking; coefficients in 22-bit fixed point; rows first, then columns, each rounded to 8 bits.
 * The caller frees out. */
RtStatus rt_resize(const RtImage *in, int w, int h, int bicubic, RtImage *out, RtError *err);
#endif

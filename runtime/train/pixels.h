/* pixels.h - what the steps of a view do to a picture: geometry and colour, as PIL does them. */
#ifndef INCEPTRT_PIXELS_H
#define INCEPTRT_PIXELS_H
#include "image.h"

typedef struct Pixels { /* the picture so far */
    RtImage image;
    int own; /* 0: borrowed from the caller, not written to; 1: pixels_free releases it */
} Pixels;

/* Each replaces the picture by a new one or edits its own.  RT_ERROR_FILE: out of memory; RT_ERROR_INPUT: too large, too narrow. */
void pixels_free(Pixels *p);
/* w x h pixels whose corner is pixel (x, y), which may lie outside: there it is black. */
RtStatus pixels_crop(Pixels *p, int x, int y, int w, int h, RtError *err);
RtStatus pixels_resize(Pixels *p, int w, int h, int bicubic, RtError *err);
/* torchvision's Resize(size): the short side becomes size, the other int(size * long / short). */
RtStatus pixels_resize_short(Pixels *p, int size, int bicubic, RtError *err);
RtStatus pixels_flip(Pixels *p, RtError *err); /* left and right change places */
RtStatus pixels_grey(Pixels *p, RtError *err); /* each pixel becomes PIL's L of itself, three times */

/* Along one side of n pixels, where torchvision's centre crop of c pixels begins; negative when c > n. */
int pixels_centre(int n, int c);

/* PIL's ImageEnhance by a factor: 1 changes nothing, 0 gives black, the mean grey, the picture in grey. */
typedef enum PixelsColor { PIXELS_BRIGHTNESS, PIXELS_CONTRAST, PIXELS_SATURATION } PixelsColor;
RtStatus pixels_enhance(Pixels *p, PixelsColor what, double factor, RtError *err);

/* Gives p a picture of its own to write to; pixels_color.c needs it. */
RtStatus pixels_own(Pixels *p, RtError *err);
#endif

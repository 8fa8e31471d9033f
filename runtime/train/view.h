/* view.h - what prepares a picture for a network: resize, crop, normalise, as torchvision does on PIL images. */
#ifndef INCEPTRT_VIEW_H
#define INCEPTRT_VIEW_H
#include "image.h"

/* Evaluates the n steps of a view for prediction (random crops become centre crops, flips nothing) and writes
 * c x h x w floats.  Without steps: short side to the network's size, centre crop, v / 255.  Pixels are those of
 * PIL and torchvision bit for bit.  RT_ERROR_INPUT when the result has another size than the network's input. */
RtStatus rt_view_apply(const RtView *view, int n, const RtImage *in, int c, int h, int w, float *out_chw, RtError *err);
#endif

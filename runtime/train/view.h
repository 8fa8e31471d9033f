/* view.h - what prepares a picture for a network: resize, crop, normalise, as torchvision does on PIL images. */
#ifndef INCEPTRT_VIEW_H
#define INCEPTRT_VIEW_H
#include "image.h"

/* Evaluates the n steps of a view for prediction and writes c x h x w floats: random crops become centre crops, a random
 * resized crop the short side at 256/224 of its size and a centre crop, a pad before a random crop, flips and jitter nothing.
 * Without steps: short side to the network's size, centre crop, v / 255.  A network of 1 channel gets the picture in
 * PIL's grey (convert("L") before the first step), one of 3 red, green and blue.  Pixels are those of PIL and
 * torchvision bit for bit.  RT_ERROR_INPUT when the result has another size than the network's input. */
RtStatus rt_view_apply(const RtView *view, int n, const RtImage *in, int c, int h, int w, float *out_chw, RtError *err);
/* As rt_view_apply for training: random steps are as drawn for picture number `sample` of its data set in this epoch (augment.h),
 * by these numbers and nothing else. */
RtStatus rt_view_train(const RtView *view, int n, const RtImage *in, int c, int h, int w, uint64_t seed, uint32_t epoch, uint64_t sample,
                       float *out_chw, RtError *err);
#endif

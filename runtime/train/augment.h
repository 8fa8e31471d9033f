/* augment.h - what the random steps of a view draw. */
#ifndef INCEPTRT_AUGMENT_H
#define INCEPTRT_AUGMENT_H
#include "pixels.h"

typedef struct AugmentKey { /* all that a draw depends on, beside the number of the step */
    uint64_t seed, sample;
    uint32_t epoch;
} AugmentKey;

typedef struct AugmentDraw {
    int x, y, w, h;   /* random crop, random resized crop: the part that is taken */
    int flip;
    int order[3];     /* jitter: which of PixelsColor comes first, second, third */
    double factor[3]; /* jitter, by PixelsColor */
} AugmentDraw;

/* Draws for step number `step` of a view, of a picture of w x h pixels.  By Philox keyed by the seed at counter (sample, epoch, step): the
 * same on every machine, whoever asks and in whatever order.  Steps that are not random draw nothing. */
AugmentDraw augment_draw(const RtView *v, int step, int w, int h, const AugmentKey *key);
/* One random step with what was drawn. */
RtStatus augment_apply(Pixels *p, const RtView *v, const AugmentDraw *d, RtError *err);
#endif

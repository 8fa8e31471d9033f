/* cache.h - what the frozen beginning of a network makes of each picture, kept from epoch to epoch.
 *
 * Good only where a picture always looks the same (no random step in the view) and where nothing before the cut trains, is drawn
 * or goes by the batch: the compiler says where that ends (RtTrainPlan.n_frozen, cuts). */
#ifndef INCEPTRT_CACHE_H
#define INCEPTRT_CACHE_H
#include "../rt.h"
#include <stdbool.h>

typedef struct Cache {
    const RtTrainPlan *plan;
    size_t floats, n_samples; /* of a picture; pictures of the data set */
    float *values;
    uint8_t *have;            /* by picture: 1: values has it */
} Cache;

/* Why this plan and view cannot be cached: a sentence, or null when they can. */
const char *cache_refuses(const RtTrainPlan *plan, const RtView *view, int n_view);
/* Bytes for n_samples pictures. */
size_t cache_bytes(const RtTrainPlan *plan, size_t n_samples);
/* RT_ERROR_FILE: out of memory.  On success ended by cache_close. */
RtStatus cache_open(Cache *c, const RtTrainPlan *plan, size_t n_samples, RtError *err);
void cache_close(Cache *c); /* zeroed ones too */

/* Between an image's arena and the cache; threads may work on different pictures at once. */
void cache_put(Cache *c, uint64_t sample, const float *arena);
void cache_get(const Cache *c, uint64_t sample, float *arena);
static inline bool cache_has(const Cache *c, uint64_t sample) { return c && c->have[sample]; }
#endif

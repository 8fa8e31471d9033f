#include "cache.h"
#include <stdlib.h>
#include <string.h>

static size_t floats_of(const RtTrainPlan *plan)
{
    size_t floats = 0;
    for (int i = 0; i < plan->n_cuts; i++)
        floats += plan->cuts[i][1];
    return floats;
}

static bool draws(RtViewKind k)
{
    return k == RT_VIEW_RANDOM_CROP || k == RT_VIEW_FLIP || k == RT_VIEW_RANDOM_RESIZED_CROP || k == RT_VIEW_COLOR_JITTER;
}

const char *cache_refuses(const RtTrainPlan *plan, const RtView *view, int n_view)
{
    int64_t macs = 0;
    for (int i = 0; i < plan->n_frozen; i++)
        macs += plan->steps[i].step.macs;
    for (int i = 0; i < n_view; i++)
        if (draws(view[i].kind))
            return "the view has a random step, so a picture is another one in each epoch";
    if (macs == 0)
        return "no layer at the beginning of the network is frozen, or its batch norms go by the batch (bn=batch)";
    return NULL;
}

size_t cache_bytes(const RtTrainPlan *plan, size_t n_samples) { return n_samples * (floats_of(plan) * sizeof(float) + 1); }

RtStatus cache_open(Cache *c, const RtTrainPlan *plan, size_t n_samples, RtError *err)
{
    *c = (Cache){ .plan = plan, .floats = floats_of(plan), .n_samples = n_samples };
    c->values = malloc(n_samples * c->floats * sizeof(float) + 1);
    c->have = calloc(n_samples + 1, 1);
    if (c->values && c->have)
        return RT_OK;
    cache_close(c);
    return rt_error(err, RT_ERROR_FILE, "out of memory: the cache of %zu pictures needs %.1f MiB", n_samples,
                    (double)cache_bytes(plan, n_samples) / (1 << 20));
}

void cache_close(Cache *c)
{
    free(c->values);
    free(c->have);
    *c = (Cache){ 0 };
}

void cache_put(Cache *c, uint64_t sample, const float *arena)
{
    float *to = c->values + sample * c->floats;
    for (int i = 0; i < c->plan->n_cuts; to += c->plan->cuts[i++][1])
        memcpy(to, arena + c->plan->cuts[i][0], c->plan->cuts[i][1] * sizeof(float));
    c->have[sample] = 1;
}

void cache_get(const Cache *c, uint64_t sample, float *arena)
{
    const float *from = c->values + sample * c->floats;
    for (int i = 0; i < c->plan->n_cuts; from += c->plan->cuts[i++][1])
        memcpy(arena + c->plan->cuts[i][0], from, c->plan->cuts[i][1] * sizeof(float));
}

/* packing.c - weights from raw to packed, by all threads. */
#include "../../formats/map_file.h"
#include "network.h"
#include <stdatomic.h>
#include <stdlib.h>

/* Parts of the work: many, so that threads end together; of a file the pages of so many parts stay in memory at most. */
enum { PARTS = 64, PARTS_KEPT = 8 };

typedef struct Packing {
    const RtPlan *plan;
    const float *const *raw;
    float *packed;
    const Mapping *file;
    atomic_int left;
} Packing;

/* Whoever is free takes the next part, the last of the network first: its weights are the largest.  A part's floats do not
 * depend on who packs it. */
static void pack_parts(void *arg, int step, int part, int parts)
{
    (void)step, (void)part, (void)parts;
    Packing *p = arg;
    for (int k; (k = atomic_fetch_sub(&p->left, 1) - 1) >= 0;) {
        p->plan->load(p->raw, p->packed, k, PARTS);
        if (p->file && k % PARTS_KEPT == 0)
            map_forget(p->file->bytes, p->file->size);
    }
}

void network_pack(const RtNetwork *net, RtTarget target, const float *const *raw, const Mapping *file, RtPool *pool, void *weights)
{
    const RtPlan *plan = rt_plan(net, target);
    if (!plan)
        abort(); /* the host asked for a target that the file does not have */
    RtHead *head = weights;
    *head = (RtHead){ .magic = HEAD_MAGIC,
                      .version = HEAD_VERSION,
                      .target = (uint32_t)target,
                      .structure = net->structure,
                      .layout = plan->layout,
                      .bytes = rt_weights_bytes(net, target) };
    Packing p = { plan, raw, (float *)(head + 1), file, PARTS };
    rt_pool_run(pool, 1, pack_parts, &p);
}

void rt_pack(const RtNetwork *net, RtTarget target, const float *const *raw, RtPool *pool, void *weights)
{
    network_pack(net, target, raw, NULL, pool, weights);
}

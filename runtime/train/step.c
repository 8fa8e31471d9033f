#include "step.h"
#include "../core/network.h"
#include <stdlib.h>
#include <string.h>

/* ---- Memory ---- */

typedef struct Sizes { /* in floats, multiples of 16 */
    size_t weights, grads, packed, shared, scratch, arena, losses;
} Sizes;

static size_t up(size_t floats) { return (floats + 15) / 16 * 16; }

static Sizes sizes_of(const RtTrain *train, const RtTrainPlan *plan, int batch, int threads)
{
    Sizes s = { .packed = up(plan->weights_floats), .shared = up(plan->shared_floats), .scratch = up(plan->scratch_floats) * (size_t)threads,
                .arena = up(plan->arena_floats) * (size_t)batch, .losses = up((size_t)batch * (size_t)train->n_terms) };
    for (int i = 0; i < train->n_weights; i++) {
        size_t n = up(network_weight_count(&train->weights[i]));
        s.weights += n;
        s.grads += train->weights[i].trains ? n : 0;
    }
    return s;
}

static size_t total_of(const Sizes *s) { return s->weights + s->grads + s->packed + s->shared + s->scratch + s->arena + s->losses; }

static const RtTrainPlan *plan_of(const RtTrain *train, RtTarget target)
{
    for (int i = 0; train && i < train->n_plans; i++)
        if (train->plans[i].target == target)
            return &train->plans[i];
    return NULL;
}

size_t training_bytes(const RtNetwork *net, RtTarget target, int batch, int threads)
{
    const RtTrainPlan *plan = plan_of(net->train, target);
    if (!plan)
        return 0;
    Sizes s = sizes_of(net->train, plan, batch, threads);
    return sizeof(float) * total_of(&s);
}

static void share_memory(Training *t, const Sizes *s)
{
    float *at = t->memory;
    for (int i = 0; i < t->train->n_weights; i++) {
        size_t n = up(network_weight_count(&t->train->weights[i]));
        t->raw[i] = at;
        at += n;
    }
    for (int i = 0; i < t->train->n_weights; i++) {
        size_t n = up(network_weight_count(&t->train->weights[i]));
        t->grads[i] = t->train->weights[i].trains ? at : NULL;
        at += t->grads[i] ? n : 0;
    }
    t->packed = at;
    t->shared = t->packed + s->packed;
    t->scratch = t->shared + s->shared;
    t->losses = t->scratch + s->scratch;
    t->arena = t->losses + s->losses;
}

RtStatus training_open(Training *t, const RtNetwork *net, RtTarget target, int batch, RtPool *pool, RtError *err)
{
    *t = (Training){ .net = net, .train = net->train, .plan = plan_of(net->train, target), .pool = pool, .threads = rt_pool_threads(pool), .batch = batch };
    if (!t->train)
        return rt_error(err, RT_ERROR_USAGE, "this program was compiled without --train");
    if (!t->plan)
        return rt_error(err, RT_ERROR_USAGE, "this program cannot train for %s: it was compiled for another target", rt_target_name(target));
    Sizes s = sizes_of(t->train, t->plan, batch, t->threads);
    t->raw = calloc((size_t)t->train->n_weights, sizeof *t->raw);
    t->grads = calloc((size_t)t->train->n_weights, sizeof *t->grads);
    t->memory = memory_new(sizeof(float) * total_of(&s));
    if (t->raw && t->grads && t->memory) {
        share_memory(t, &s);
        return RT_OK;
    }
    training_close(t);
    return rt_error(err, RT_ERROR_FILE, "out of memory: a batch of %d images needs %.1f MiB; a smaller --batch needs less", batch,
                    (double)(sizeof(float) * total_of(&s)) / (1 << 20));
}

void training_close(Training *t)
{
    free(t->raw);
    free(t->grads);
    free(t->items);
    rt_free(t->memory);
    *t = (Training){ 0 };
}

int training_row(const RtTrain *train, const char *name)
{
    for (int i = 0; i < train->n_weights; i++)
        if (strcmp(train->weights[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- Packing ---- */

static void pack_part(void *arg, int step, int part, int parts)
{
    (void)step;
    const Training *t = arg;
    t->plan->load((const float *const *)t->raw, t->packed, t->packed_once ? t->plan->n_packed_once : 0, part, parts);
}

void training_pack(Training *t)
{
    rt_pool_run(t->pool, 1, pack_part, t);
    t->packed_once = true;
}

/* ---- A step ---- */

/* What all threads do before they meet again. */
typedef enum ItemKind {
    FROZEN,    /* the frozen steps of a thread's own images, or what the cache has of them */
    BY_IMAGES, /* steps [first, end) of a thread's own images */
    TOGETHER,  /* step `first` of image `image` by all threads */
    BATCH      /* step `first` of all images, outputs shared out */
} ItemKind;
struct TrainingItem {
    ItemKind kind;
    int first, end, image;
};

static void add_item(Training *t, ItemKind kind, int first, int end, int image)
{
    t->items[t->n_items++] = (TrainingItem){ kind, first, end, image };
}

/* The image steps [first, end). */
static void add_images(Training *t, int first, int end, int n)
{
    int whole = n / t->threads * t->threads;
    if (whole)
        add_item(t, BY_IMAGES, first, end, 0);
    for (int s = first; s < end; s++)
        for (int i = whole; i < n; i++)
            add_item(t, TOGETHER, s, s + 1, i);
}

static void make_items(Training *t, int n)
{
    int steps = t->plan->n_steps, most = 1 + steps * (1 + n % t->threads);
    if (t->items_n == n)
        return;
    free(t->items);
    t->items = calloc((size_t)most, sizeof *t->items);
    if (!t->items)
        abort(); /* a few kilobytes, after gigabytes were given */
    t->n_items = 0;
    t->items_n = n;
    int begin = t->cache ? t->plan->n_frozen : 0;
    if (begin)
        add_item(t, FROZEN, 0, begin, 0);
    for (int s = begin, end; s < steps; s = end) {
        end = s + 1;
        if (t->plan->steps[s].images) {
            add_item(t, BATCH, s, end, 0);
            continue;
        }
        while (end < steps && !t->plan->steps[end].images)
            end++;
        add_images(t, s, end, n);
    }
}

typedef struct StepRun {
    Training *t;
    const TrainingBatch *b;
} StepRun;

/* `count` images from `image` on. */
static void one_step(const StepRun *r, int step, int image, int count, int part, int parts, int thread)
{
    const Training *t = r->t;
    const RtNetwork *net = t->net;
    RtTrainContext c = {
        .image = { .weights = t->packed, .x = r->b->x + (size_t)image * (size_t)net->c * (size_t)net->h * (size_t)net->w,
                   .arena = t->arena + (size_t)image * up(t->plan->arena_floats), .scratch = t->scratch + (size_t)thread * up(t->plan->scratch_floats) },
        .shared = t->shared, .raw = t->raw, .grads = t->grads, .labels = r->b->labels + image,
        .losses = t->losses + (size_t)image * (size_t)t->train->n_terms, .samples = r->b->samples + image, .seed = r->b->seed, .epoch = r->b->epoch,
        .index = image, .n = r->b->n, .count = count,
    };
    t->plan->step(&c, step, part, parts);
}

static void frozen_image(const StepRun *r, int steps, int image, int thread)
{
    Cache *cache = r->t->cache;
    uint64_t sample = r->b->samples[image];
    float *arena = r->t->arena + (size_t)image * up(r->t->plan->arena_floats);
    if (cache_has(cache, sample)) {
        cache_get(cache, sample, arena);
        return;
    }
    for (int s = 0; s < steps; s++)
        one_step(r, s, image, 1, 0, 1, thread);
    cache_put(cache, sample, arena);
}

static void over_batch(const StepRun *r, int step, int part, int parts)
{
    int n = r->b->n, images = r->t->plan->steps[step].images;
    for (int i = 0; i < n; i += images)
        one_step(r, step, i, i + images <= n ? images : n - i, part, parts, part);
}

static void run_item(void *arg, int k, int part, int parts)
{
    const StepRun *r = arg;
    const TrainingItem *item = &r->t->items[k];
    int whole = r->b->n / parts * parts;
    switch (item->kind) {
    case FROZEN:
        for (int i = rt_begin(r->b->n, part, parts); i < rt_begin(r->b->n, part + 1, parts); i++)
            frozen_image(r, item->end, i, part);
        break;
    case BY_IMAGES:
        for (int i = rt_begin(whole, part, parts); i < rt_begin(whole, part + 1, parts); i++)
            for (int s = item->first; s < item->end; s++)
                one_step(r, s, i, 1, 0, 1, part);
        break;
    case TOGETHER: one_step(r, item->first, item->image, 1, part, parts, part); break;
    case BATCH: over_batch(r, item->first, part, parts); break;
    }
}

void training_step(Training *t, const TrainingBatch *b)
{
    StepRun r = { t, b };
    make_items(t, b->n);
    rt_pool_run(t->pool, t->n_items, run_item, &r);
}

void training_logits(const Training *t, int term, int image, float *out)
{
    for (int i = 0; i < t->plan->n_taps; i++)
        if (strcmp(t->plan->taps[i].name, t->train->terms[term].name) == 0)
            rt_read_tap(&t->plan->taps[i], t->arena + (size_t)image * up(t->plan->arena_floats), out);
}

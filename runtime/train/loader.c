/* Positions of the epoch's order are handed to the workers one by one; each picture goes to its place in a ring of batches, whoever
 * reads it.  A batch is ready when all of its pictures have been tried; the caller takes batches in order, closes the gaps that bad
 * pictures left, and gives a batch back with its next call. */
#include "loader.h"
#include "view.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint32_t stream = 0x73687566; /* "shuf": the order's draws are no others' of the same seed */

typedef struct Slot { /* a batch of the ring */
    float *x;
    int *labels;
    uint64_t *samples;
    RtStatus *status;  /* of each picture */
    char **why;        /* of a bad one; null when memory ran out */
    size_t position;
    int size, done;    /* pictures that belong to it; that were tried */
} Slot;

struct RtLoader {
    RtLoaderOptions o;
    size_t image;      /* floats of a picture */
    uint64_t *order;
    uint32_t epoch;
    Slot *slots;
    int n_slots, n_threads;
    pthread_t *threads;
    pthread_mutex_t lock; /* what follows up to `closing`, and the counts of slots */
    pthread_cond_t work, ready;
    size_t first, cursor;    /* positions: of the epoch's begin; the next to hand out */
    size_t released;         /* batches that the caller gave back */
    int active;              /* pictures in work */
    int closing;
    size_t taken;            /* batches that the caller got or passed over */
    size_t n_good;           /* pictures of this epoch that the caller got */
    int held;                /* the caller has the batch before `taken` */
    RtBatch batch;
    RtBadSample *bad;
    uint8_t *known;          /* of each sample: is in bad */
    size_t n_bad, room_bad;
    double begun, waited;    /* seconds */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t batches_from(const RtLoader *l, size_t first)
{
    size_t b = (size_t)l->o.batch;
    return (l->o.data->n_samples - first + b - 1) / b;
}

static Slot *slot_of(const RtLoader *l, size_t batch) { return &l->slots[batch % (size_t)l->n_slots]; }

/* ---- One picture ---- */

static RtStatus prepare(const RtLoader *l, uint64_t sample, const RtImage *image, float *x, RtError *err)
{
    const RtLoaderOptions *o = &l->o;
    RtError why;
    RtStatus s = o->training ? rt_view_train(o->view, o->n_view, image, o->c, o->h, o->w, o->seed, l->epoch, sample, x, &why)
                             : rt_view_apply(o->view, o->n_view, image, o->c, o->h, o->w, x, &why);
    if (s == RT_OK)
        return RT_OK;
    char name[512];
    rt_dataset_name(o->data, (size_t)sample, name, sizeof name);
    return rt_error(err, s, "%s: %.480s", name, why.message);
}

/* Tries the picture at `position` of the order. */
static void load(const RtLoader *l, Slot *slot, size_t position)
{
    size_t i = position - slot->position;
    uint64_t sample = l->order[position];
    RtImage image = { 0 };
    RtError err;
    int skip = l->o.skip && l->o.skip[sample];
    RtStatus s = skip ? RT_OK : rt_dataset_read(l->o.data, (size_t)sample, &image, &err);
    if (s == RT_OK && !skip)
        s = prepare(l, sample, &image, slot->x + i * l->image, &err);
    rt_image_free(&image);
    slot->samples[i] = sample;
    slot->labels[i] = l->o.data->labels[sample];
    slot->status[i] = s;
    slot->why[i] = s == RT_OK ? NULL : strdup(err.message);
}

/* ---- Workers ---- */

static void clear_reasons(Slot *s)
{
    for (int i = 0; i < s->size; i++) {
        free(s->why[i]);
        s->why[i] = NULL;
    }
}

/* Makes a slot ready for batch number `batch`. Under the lock, or without threads. */
static void set_slot(RtLoader *l, size_t batch)
{
    Slot *s = slot_of(l, batch);
    clear_reasons(s);
    s->position = l->first + batch * (size_t)l->o.batch;
    s->done = 0;
    s->size = 0;
    if (s->position < l->o.data->n_samples) {
        size_t left = l->o.data->n_samples - s->position;
        s->size = left < (size_t)l->o.batch ? (int)left : l->o.batch;
    }
}

/* The batch of the next position, when there is one and its slot is free. */
static int next_work(const RtLoader *l, size_t *batch)
{
    *batch = (l->cursor - l->first) / (size_t)l->o.batch;
    return l->cursor < l->o.data->n_samples && *batch < l->released + (size_t)l->n_slots;
}

static void *work(void *arg)
{
    RtLoader *l = arg;
    size_t batch;
    pthread_mutex_lock(&l->lock);
    while (!l->closing) {
        if (!next_work(l, &batch)) {
            pthread_cond_wait(&l->work, &l->lock);
            continue;
        }
        size_t position = l->cursor++;
        l->active++;
        pthread_mutex_unlock(&l->lock);
        load(l, slot_of(l, batch), position);
        pthread_mutex_lock(&l->lock);
        l->active--;
        slot_of(l, batch)->done++;
        pthread_cond_signal(&l->ready); /* only the caller waits there */
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* A worker allocates and frees some pictures' worth of memory for each one.  glibc would give it back to the system each time, and page
 * faults took half of a worker's time; now it keeps it. */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    enum { KEPT_BYTES = 32 << 20 };
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

/* Signals stay the caller's: the workers block them all. */
static RtStatus start_threads(RtLoader *l, RtError *err)
{
    sigset_t all, before;
    keep_freed_memory();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (l->n_threads < l->o.workers && pthread_create(&l->threads[l->n_threads], NULL, work, l) == 0)
        l->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (l->n_threads < l->o.workers)
        return rt_error(err, RT_ERROR_FILE, "the system gives no more than %d of %d threads that read pictures", l->n_threads, l->o.workers);
    return RT_OK;
}

/* ---- Opening and closing ---- */

static int allocate_slot(Slot *s, size_t batch, size_t floats)
{
    s->x = malloc(floats * sizeof *s->x);
    s->labels = calloc(batch, sizeof *s->labels);
    s->samples = calloc(batch, sizeof *s->samples);
    s->status = calloc(batch, sizeof *s->status);
    s->why = calloc(batch, sizeof *s->why);
    return s->x && s->labels && s->samples && s->status && s->why;
}

static void free_slot(Slot *s)
{
    if (s->why)
        clear_reasons(s);
    free(s->x);
    free(s->labels);
    free(s->samples);
    free(s->status);
    free(s->why);
}

/* One batch is at the caller; workers fill at least two others. */
static RtStatus allocate(RtLoader *l, RtError *err)
{
    const RtLoaderOptions *o = &l->o;
    size_t floats, bytes = 0, n = o->data->n_samples;
    l->image = (size_t)o->c * (size_t)o->h * (size_t)o->w;
    int ok = !__builtin_mul_overflow(l->image, (size_t)o->batch, &floats) && !__builtin_mul_overflow(floats, sizeof(float), &bytes);
    l->n_slots = o->workers ? 3 + o->workers / o->batch : 1;
    l->slots = calloc((size_t)l->n_slots, sizeof *l->slots);
    l->threads = calloc((size_t)o->workers + 1, sizeof *l->threads);
    l->order = calloc(n + 1, sizeof *l->order);
    l->known = calloc(n + 1, 1);
    ok = ok && l->slots && l->threads && l->order && l->known;
    for (int i = 0; ok && i < l->n_slots; i++)
        ok = allocate_slot(&l->slots[i], (size_t)o->batch, floats);
    if (ok)
        return RT_OK;
    return rt_error(err, RT_ERROR_FILE, "out of memory for %d batches of %d pictures of %d x %d x %d (%zu bytes each)", l->n_slots, o->batch,
                    o->c, o->h, o->w, bytes);
}

static RtStatus check_options(const RtLoaderOptions *o, RtError *err)
{
    enum { MOST_SIDE = 1 << 16, MOST_WORKERS = 1024 };
    if (o->c < 1 || o->h < 1 || o->w < 1 || o->c > MOST_SIDE || o->h > MOST_SIDE || o->w > MOST_SIDE)
        return rt_error(err, RT_ERROR_USAGE, "pictures of %d x %d x %d cannot be prepared; each size is from 1 to %d", o->c, o->h, o->w, MOST_SIDE);
    if (o->batch < 1)
        return rt_error(err, RT_ERROR_USAGE, "a batch of %d pictures; 1 or more are needed", o->batch);
    if (o->workers < 0 || o->workers > MOST_WORKERS)
        return rt_error(err, RT_ERROR_USAGE, "%d threads that read pictures; from 0 to %d are possible", o->workers, MOST_WORKERS);
    return RT_OK;
}

RtStatus rt_loader_open(const RtLoaderOptions *options, RtLoader **out, RtError *err)
{
    *out = NULL;
    RtStatus s = check_options(options, err);
    if (s != RT_OK)
        return s;
    RtLoader *l = calloc(1, sizeof *l);
    if (!l)
        return rt_error(err, RT_ERROR_FILE, "out of memory");
    l->o = *options;
    l->first = l->cursor = l->o.data->n_samples; /* nothing to hand out before rt_loader_begin */
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->ready, NULL);
    s = allocate(l, err);
    if (s == RT_OK)
        s = start_threads(l, err);
    if (s == RT_OK)
        *out = l;
    else
        rt_loader_close(l);
    return s;
}

static void join_threads(RtLoader *l)
{
    pthread_mutex_lock(&l->lock);
    l->closing = 1;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->n_threads; i++)
        pthread_join(l->threads[i], NULL);
}

void rt_loader_close(RtLoader *l)
{
    if (!l)
        return;
    join_threads(l);
    for (int i = 0; l->slots && i < l->n_slots; i++)
        free_slot(&l->slots[i]);
    for (size_t i = 0; i < l->n_bad; i++) {
        free(l->bad[i].name);
        free(l->bad[i].reason);
    }
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->work);
    pthread_cond_destroy(&l->ready);
    free(l->bad);
    free(l->known);
    free(l->order);
    free(l->slots);
    free(l->threads);
    free(l);
}

/* ---- An epoch ---- */

/* Fisher and Yates; element i draws from counter (i, epoch). */
static void set_order(RtLoader *l, uint32_t epoch)
{
    RtPhilox at = { .key = { (uint32_t)l->o.seed, (uint32_t)(l->o.seed >> 32) ^ stream }, .counter = { 0, 0, epoch, 0 } };
    for (size_t i = 0; i < l->o.data->n_samples; i++)
        l->order[i] = i;
    for (size_t i = l->o.data->n_samples; l->o.shuffle && i-- > 1;) {
        uint32_t word[4];
        at.counter[0] = (uint32_t)i;
        at.counter[1] = (uint32_t)((uint64_t)i >> 32);
        rt_philox(&at, word);
        uint64_t draw = (uint64_t)word[1] << 32 | word[0];
        size_t k = (size_t)((unsigned __int128)draw * (i + 1) >> 64);
        uint64_t keep = l->order[i];
        l->order[i] = l->order[k];
        l->order[k] = keep;
    }
    l->epoch = epoch;
}

/* Hands nothing out any more and waits for pictures in work. Under the lock. */
static void quiet(RtLoader *l)
{
    l->cursor = l->o.data->n_samples;
    while (l->active)
        pthread_cond_wait(&l->ready, &l->lock);
}

RtStatus rt_loader_begin(RtLoader *l, uint32_t epoch, size_t first, RtError *err)
{
    if (first > l->o.data->n_samples)
        return rt_error(err, RT_ERROR_USAGE, "the epoch cannot begin at picture %zu: the data set has %zu", first, l->o.data->n_samples);
    pthread_mutex_lock(&l->lock);
    quiet(l);
    set_order(l, epoch);
    l->first = l->cursor = first;
    l->released = l->taken = l->n_good = 0;
    l->held = 0;
    for (int i = 0; i < l->n_slots; i++)
        set_slot(l, (size_t)i);
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    l->begun = now();
    l->waited = 0;
    return RT_OK;
}

/* ---- Batches ---- */

/* The caller is done with the batch it holds: its slot serves a later one. */
static void give_back(RtLoader *l)
{
    if (!l->held)
        return;
    pthread_mutex_lock(&l->lock);
    set_slot(l, l->released + (size_t)l->n_slots);
    l->released++;
    l->held = 0;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
}

static Slot *wait_for(RtLoader *l, size_t batch)
{
    Slot *s = slot_of(l, batch);
    for (; l->o.workers == 0 && s->done < s->size; s->done++)
        load(l, s, s->position + (size_t)s->done);
    pthread_mutex_lock(&l->lock);
    while (s->done < s->size)
        pthread_cond_wait(&l->ready, &l->lock);
    pthread_mutex_unlock(&l->lock);
    return s;
}

static RtStatus note_bad(RtLoader *l, const Slot *s, int i, RtError *err)
{
    static const char forgotten[] = "out of memory for the reason";
    const char *why = s->why[i] ? s->why[i] : forgotten;
    if (l->o.strict)
        return rt_error(err, s->status[i], "%s", why);
    if (l->known[s->samples[i]])
        return RT_OK;
    if (l->n_bad == l->room_bad) {
        size_t room = l->room_bad ? 2 * l->room_bad : 16;
        RtBadSample *more = reallocarray(l->bad, room, sizeof *more);
        if (!more)
            return rt_error(err, RT_ERROR_FILE, "out of memory for the list of bad pictures; the last is %s", why);
        l->bad = more;
        l->room_bad = room;
    }
    char name[1024];
    rt_dataset_name(l->o.data, (size_t)s->samples[i], name, sizeof name);
    RtBadSample bad = { s->samples[i], strdup(name), strdup(why) };
    l->bad[l->n_bad++] = bad;
    l->known[s->samples[i]] = 1;
    return bad.name && bad.reason ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for the list of bad pictures");
}

/* Moves good pictures over bad ones. */
static RtStatus close_gaps(RtLoader *l, Slot *s, RtError *err)
{
    int n = 0;
    for (int i = 0; i < s->size; i++) {
        if (s->status[i] != RT_OK) {
            RtStatus status = note_bad(l, s, i, err);
            if (status != RT_OK)
                return status;
            continue;
        }
        if (n < i)
            memcpy(s->x + (size_t)n * l->image, s->x + (size_t)i * l->image, l->image * sizeof *s->x);
        s->labels[n] = s->labels[i];
        s->samples[n++] = s->samples[i];
    }
    l->batch = (RtBatch){ s->x, s->labels, s->samples, n, s->position, s->position + (size_t)s->size };
    l->n_good += (size_t)n;
    return RT_OK;
}

static RtStatus end_of_epoch(const RtLoader *l, RtError *err)
{
    if (l->n_good || l->first || l->o.data->n_samples == 0)
        return RT_OK;
    return rt_error(err, RT_ERROR_INPUT, "none of the %zu pictures can be used; the first: %s", l->o.data->n_samples, l->bad[0].reason);
}

static RtStatus next(RtLoader *l, const RtBatch **batch, RtError *err)
{
    *batch = NULL;
    give_back(l);
    while (l->taken < batches_from(l, l->first)) {
        Slot *s = wait_for(l, l->taken++);
        l->held = 1;
        RtStatus status = close_gaps(l, s, err);
        if (status != RT_OK)
            return status;
        if (l->batch.n) {
            *batch = &l->batch;
            return RT_OK;
        }
        give_back(l);
    }
    return end_of_epoch(l, err);
}

RtStatus rt_loader_next(RtLoader *l, const RtBatch **batch, RtError *err)
{
    double begin = now();
    RtStatus s = next(l, batch, err);
    l->waited += now() - begin;
    return s;
}

size_t rt_loader_bytes(const RtLoader *l) { return (size_t)l->n_slots * (size_t)l->o.batch * l->image * sizeof(float); }

size_t rt_loader_batches(const RtLoader *l) { return batches_from(l, 0); }

const RtBadSample *rt_loader_bad(const RtLoader *l, size_t *n)
{
    *n = l->n_bad;
    return l->bad;
}

double rt_loader_wait_share(const RtLoader *l)
{
    double total = now() - l->begun;
    return total > 0 && l->begun > 0 ? l->waited / total : 0;
}

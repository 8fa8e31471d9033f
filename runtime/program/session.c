/* session.c - weights, arena and threads for a run. */
#include "program.h"
#include <inttypes.h>
#include <sched.h>
#include <string.h>

int session_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

int session_threads(const Program *p)
{
    return p->options.threads ? (int)p->options.threads : session_processors();
}

size_t session_image_floats(const RtNetwork *net)
{
    return (size_t)net->c * (size_t)net->h * (size_t)net->w;
}

RtStatus session_target(const Program *p, RtTarget *out)
{
    *out = p->options.target.given ? p->options.target.value : rt_best_target(p->net);
    if (!rt_plan(p->net, *out))
        return program_error(p, RT_ERROR_USAGE, "'%s' was compiled without target %s", p->net->name,
                             rt_target_name(*out));
    return RT_OK;
}

static RtStatus load(Session *s, const Program *p, const uint64_t *fallback)
{
    RtError err;
    const Options *o = &p->options;
    RtStatus status;
    void *weights = rt_weights_new(s->net, s->target);
    s->weights = weights;
    if (!weights)
        return program_error(p, RT_ERROR_FILE, "out of memory: %zu bytes of weights are needed",
                             rt_weights_bytes(s->net, s->target));
    if (o->weights)
        status = rt_load(s->net, s->target, o->weights, s->pool, weights, &err);
    else if (!o->seed.given && p->embedded)
        status = rt_load_bytes(s->net, s->target, "the weights in this program", p->embedded,
                               p->embedded_bytes, s->pool, weights, &err);
    else if (o->seed.given || fallback)
        status = rt_load_initial(s->net, s->target, o->seed.given ? o->seed.value : *fallback,
                                 s->pool, weights, &err);
    else
        return program_error(p, RT_ERROR_USAGE,
                             "no weights: give --weights FILE, or --seed N to try the network with "
                             "initialised weights");
    if (status)
        return program_fail(p, &err);
    if (o->seed.given && !o->json)
        program_note(p, "these weights are initialised from seed %" PRIu64 " and know nothing",
                     o->seed.value);
    return RT_OK;
}

static RtStatus map(Session *s, const Program *p)
{
    RtError err;
    s->mapped = true;
    return rt_map_packed(s->net, s->target, p->options.weights, s->pool, &s->weights, &err)
               ? program_fail(p, &err)
               : RT_OK;
}

typedef enum Use { USE_NORMAL, USE_BRIEF, USE_BATCH, USE_WEIGHTS } Use;

/* Threads first, for they read and pack weights together; then weights, which are what can be wrong. */
static RtStatus open_all(Session *s, const Program *p, RtTarget target, int threads,
                         const uint64_t *fallback, Use use)
{
    const Options *o = &p->options;
    *s = (Session){
        .net = p->net, .plan = rt_plan(p->net, target), .target = target, .threads = threads
    };
    if (o->weights && o->seed.given)
        return program_error(p, RT_ERROR_USAGE, "--weights and --seed exclude each other");
    bool mapped = use == USE_BRIEF && o->weights && rt_is_packed(o->weights);
    s->pool = threads > 1 ? rt_pool_new(threads) : NULL;
    if (threads > 1 && !s->pool)
        return program_error(p, RT_ERROR_FILE, "cannot start %d threads", threads);
    RtStatus status = mapped ? map(s, p) : load(s, p, fallback);
    if (status || use == USE_WEIGHTS)
        return status;
    bool batch = use == USE_BATCH;
    s->arena = batch ? rt_batch_arena_new(p->net, target, threads) : rt_arena_new(p->net, target, threads);
    if (!s->arena)
        return program_error(p, RT_ERROR_FILE,
                             "out of memory: %zu bytes of weights and %zu of activations are needed",
                             rt_weights_bytes(p->net, target),
                             batch ? rt_batch_arena_bytes(p->net, target, threads)
                                   : rt_arena_bytes(p->net, target, threads));
    return RT_OK;
}

static RtStatus open_to_run(Session *s, const Program *p, RtTarget target, int threads,
                            const uint64_t *fallback, Use use)
{
    *s = (Session){ 0 };
    if (!rt_target_runs_here(target))
        return program_error(p, RT_ERROR_USAGE, "this processor does not run target %s",
                             rt_target_name(target));
    RtStatus status = open_all(s, p, target, threads, fallback, use);
    if (status)
        session_close(s);
    return status;
}

RtStatus session_open(Session *s, const Program *p, RtTarget target, int threads,
                      const uint64_t *fallback)
{
    return open_to_run(s, p, target, threads, fallback, USE_NORMAL);
}

RtStatus session_open_batch(Session *s, const Program *p, RtTarget target, int threads,
                            const uint64_t *fallback)
{
    return open_to_run(s, p, target, threads, fallback, USE_BATCH);
}

RtStatus session_open_briefly(Session *s, const Program *p, RtTarget target, int threads)
{
    return open_to_run(s, p, target, threads, NULL, USE_BRIEF);
}

RtStatus session_open_weights(Session *s, const Program *p, RtTarget target)
{
    RtStatus status = open_all(s, p, target, session_threads(p), NULL, USE_WEIGHTS);
    if (status)
        session_close(s);
    return status;
}

void session_close(Session *s)
{
    rt_pool_free(s->pool);
    rt_free(s->arena);
    if (s->mapped)
        rt_unmap_packed(s->net, s->weights);
    else
        rt_free((void *)s->weights);
    *s = (Session){ 0 };
}

const RtTap *session_tap(const RtPlan *plan, const char *name)
{
    for (int i = 0; name && i < plan->n_taps; i++)
        if (strcmp(plan->taps[i].name, name) == 0)
            return &plan->taps[i];
    return NULL;
}

typedef struct Wanted {
    const RtTap *tap;
    const void *arena;
    float *out;
} Wanted;

static void copy_when_made(void *arg, int step)
{
    const Wanted *w = arg;
    if (step == w->tap->first)
        rt_read_tap(w->tap, w->arena, w->out);
}

void session_forward(const Session *s, const float *x, float *y, float *logits)
{
    Wanted wanted = { session_tap(s->plan, s->net->logits), s->arena, logits };
    if (logits && wanted.tap) {
        rt_forward_tapped(s->net, s->weights, x, s->arena, s->pool, y, copy_when_made, &wanted);
        return;
    }
    rt_forward(s->net, s->weights, x, 1, s->arena, s->pool, y);
    if (logits)
        memcpy(logits, y, (size_t)s->net->outputs * sizeof *y);
}

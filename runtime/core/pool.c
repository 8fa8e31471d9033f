/* pool.c - threads that walk the steps of a network together.
 *
 * Work is cut statically: thread t of T does part t of every step, the caller is thread 0, and all
 * meet at a barrier after each step.  A waiting thread spins for a few microseconds, because steps
 * are short and threads finish close together, then yields its processor turn by turn, because one
 * that sleeps takes long to wake, then parks, so that a machine with fewer processors than threads
 * loses nothing to waiting. */
#include "../rt.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { SPINS = 300, YIELD_NS = 200000, SLICE_NS = 300000, PARKS = 2000, LINE = 64 };

/* A barrier that can be used again: whoever arrives last starts the next generation.  All that meeting touches is one cache line
 * of its own: two threads pass it to and fro once a step; a line each for arriving and waiting takes twice as long. */
typedef struct Barrier {
    _Alignas(LINE) atomic_uint generation;
    atomic_int arrived, parked, members;
    int spins;
    _Alignas(LINE) pthread_mutex_t mutex;
    pthread_cond_t moved;
} Barrier;

typedef struct Job {
    int n_steps;
    void (*fn)(void *arg, int step, int part, int parts);
    void *arg;
    void (*tap)(void *tap_arg, int step);
    void *tap_arg;
} Job;

typedef struct Worker {
    RtPool *pool;
    pthread_t thread; /* part 0 is the caller */
    int part;
    int parks; /* its next waits that do not yield */
} Worker;

struct RtPool {
    int threads;
    int home;          /* the processor of the thread that made it, or -1 */
    cpu_set_t allowed; /* processors; none when they could not be had */
    int quit; /* written before the barrier that workers wait at, as is job */
    Job job;
    Barrier barrier;
    Worker *workers; /* by part */
};

static void pause_a_little(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int moved(const Barrier *b, unsigned seen)
{
    return atomic_load_explicit(&b->generation, memory_order_acquire) != seen;
}

/* Until the generation is no longer `seen`; false after SPINS turns. */
static int spin(const Barrier *b, unsigned seen)
{
    for (int i = 0; i < b->spins; i++) {
        if (moved(b, seen))
            return 1;
        pause_a_little();
    }
    return 0;
}

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1000000000LL * t.tv_sec + t.tv_nsec;
}

/* Until the generation is no longer `seen`; false after YIELD_NS.  A yield is back at once where nobody else wants the processor.
 * Somebody who does has it for milliseconds, and a thread that is woken would have got it back sooner: after a yield of SLICE_NS
 * and more this thread does not yield in its next PARKS waits. */
static int yield(const Barrier *b, unsigned seen, int *parks)
{
    if (!b->spins || (*parks && (*parks)--))
        return 0;
    long long begin = now_ns(), before = begin, now = begin;
    for (; now - begin < YIELD_NS && !moved(b, seen); before = now) {
        sched_yield();
        now = now_ns();
        if (now - before > SLICE_NS)
            *parks = PARKS;
    }
    return moved(b, seen);
}

/* Sleeps until the generation is no longer `seen`.  `parked` is raised before the generation is
 * looked at again, and the last to arrive moves the generation before it looks at `parked`: one of
 * them sees. */
static void park(Barrier *b, unsigned seen)
{
    pthread_mutex_lock(&b->mutex);
    atomic_fetch_add(&b->parked, 1);
    while (atomic_load(&b->generation) == seen)
        pthread_cond_wait(&b->moved, &b->mutex);
    atomic_fetch_sub(&b->parked, 1);
    pthread_mutex_unlock(&b->mutex);
}

static void meet(Worker *w)
{
    Barrier *b = &w->pool->barrier;
    unsigned seen = atomic_load(&b->generation);
    if (atomic_fetch_add(&b->arrived, 1) + 1 == atomic_load(&b->members)) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed); /* seen with the generation */
        atomic_fetch_add(&b->generation, 1);
        if (atomic_load(&b->parked)) {
            pthread_mutex_lock(&b->mutex);
            pthread_cond_broadcast(&b->moved);
            pthread_mutex_unlock(&b->mutex);
        }
        return;
    }
    if (!spin(b, seen) && !yield(b, seen, &w->parks))
        park(b, seen);
}

/* One thread's way through a job. The job is copied by the caller of walk: its owner may change it
 * as soon as the last barrier is passed. */
static void walk(Worker *w, Job job)
{
    for (int step = 0; step < job.n_steps; step++) {
        job.fn(job.arg, step, w->part, w->pool->threads);
        meet(w);
        if (!job.tap)
            continue;
        if (w->part == 0)
            job.tap(job.tap_arg, step);
        meet(w);
    }
}

/* The part-th of the allowed processors behind `home`. */
static int processor_of(const cpu_set_t *allowed, int home, int part)
{
    int cpu = home;
    for (int left = part; left; left -= CPU_ISSET(cpu, allowed) != 0)
        cpu = (cpu + 1) % CPU_SETSIZE;
    return cpu;
}

/* A scheduler may begin or wake a thread on its maker's processor and leave it there for milliseconds, of which one picture has
 * twenty.  So each worker comes to its first job on a processor of its own; from there it may be moved as any other. */
static void place(const Worker *w)
{
    const RtPool *pool = w->pool;
    cpu_set_t own;
    if (pool->home < 0 || w->part >= CPU_COUNT(&pool->allowed))
        return;
    CPU_ZERO(&own);
    CPU_SET(processor_of(&pool->allowed, pool->home, w->part), &own);
    (void)pthread_setaffinity_np(w->thread, sizeof own, &own);
}

static void *work(void *arg)
{
    Worker *w = arg;
    meet(w);
    (void)sched_setaffinity(0, sizeof w->pool->allowed, &w->pool->allowed); /* placed by now: free again; fails with an empty set */
    while (!w->pool->quit) {
        walk(w, w->pool->job);
        meet(w);
    }
    return NULL;
}

/* Starts workers with all signals blocked, so that handlers run on the host's threads. Returns how
 * many threads there are, with the caller. */
static int start(RtPool *pool, int threads)
{
    sigset_t all, before;
    int n = 1;
    pool->workers[0] = (Worker){ .pool = pool };
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; n < threads; n++) {
        pool->workers[n] = (Worker){ .pool = pool, .part = n };
        if (pthread_create(&pool->workers[n].thread, NULL, work, &pool->workers[n]))
            break;
        place(&pool->workers[n]);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

static void release(RtPool *pool)
{
    pthread_mutex_destroy(&pool->barrier.mutex);
    pthread_cond_destroy(&pool->barrier.moved);
    free(pool->workers);
    free(pool);
}

RtPool *rt_pool_new(int threads)
{
    if (threads < 1)
        return NULL;
    RtPool *pool = aligned_alloc(LINE, sizeof *pool); /* whose size is a multiple of LINE */
    Worker *workers = pool ? calloc((size_t)threads, sizeof *workers) : NULL;
    if (!workers) {
        free(pool);
        return NULL;
    }
    *pool = (RtPool){ .workers = workers, .threads = threads, .home = sched_getcpu() };
    if (sched_getaffinity(0, sizeof pool->allowed, &pool->allowed))
        CPU_ZERO(&pool->allowed);
    pool->barrier.spins = threads > CPU_COUNT(&pool->allowed) ? 0 : SPINS;
    atomic_init(&pool->barrier.members, threads);
    pthread_mutex_init(&pool->barrier.mutex, NULL);
    pthread_cond_init(&pool->barrier.moved, NULL);
    int started = start(pool, threads);
    if (started == threads)
        return pool;
    /* Those that wait already wait for `threads`; as the last to arrive we meet the smaller number.
     */
    pool->threads = started;
    atomic_store(&pool->barrier.members, started);
    rt_pool_free(pool);
    return NULL;
}

void rt_pool_free(RtPool *pool)
{
    if (!pool)
        return;
    pool->quit = 1;
    meet(&pool->workers[0]);
    for (int i = 1; i < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    release(pool);
}

int rt_pool_threads(const RtPool *pool) { return pool ? pool->threads : 1; }

/* Without a pool, or with one thread, there is nobody to meet. */
static void walk_alone(const Job *job)
{
    for (int step = 0; step < job->n_steps; step++) {
        job->fn(job->arg, step, 0, 1);
        if (job->tap)
            job->tap(job->tap_arg, step);
    }
}

void rt_pool_run_tapped(RtPool *pool, int n_steps,
                        void (*fn)(void *arg, int step, int part, int parts), void *arg,
                        void (*tap)(void *tap_arg, int step), void *tap_arg)
{
    Job job = { n_steps, fn, arg, tap, tap_arg };
    if (rt_pool_threads(pool) == 1) {
        walk_alone(&job);
        return;
    }
    pool->job = job;
    meet(&pool->workers[0]);
    walk(&pool->workers[0], job);
}

void rt_pool_run(RtPool *pool, int n_steps, void (*fn)(void *arg, int step, int part, int parts),
                 void *arg)
{
    rt_pool_run_tapped(pool, n_steps, fn, arg, NULL, NULL);
}

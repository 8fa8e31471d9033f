/* selftest.c - does this program compute the same thing in all its ways?  Every target against the
 * first that runs here (plain, when it is there), at every tensor that both keep; and, bit for bit,
 * one thread against more and an image alone against the same image in a batch. */
#include "../../formats/json.h"
#include "program.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 3, THREADS_MAX = 7 };
static const int thread_counts[] = { 2, 3, 4, THREADS_MAX };
/* Of the single worst number of all inner tensors: rounding adds up over 150 convolutions; a wrong kernel is off by 0.1. */
static const double INNER = 10; /* times the tolerance of the logits */

/* What the first target computed for image 0: taps by its own table, and the logits. */
typedef struct Judge {
    const RtPlan *plan;
    float **taps;
    float *logits;
} Judge;

typedef struct Row { /* of the table */
    RtTarget target;
    RtNumerics numerics;
    bool ran, same_threads, same_batch, finite;
    double logits, worst; /* largest difference over deviation */
    const char *worst_name;
} Row;

typedef struct Test {
    const Program *p;
    float *x; /* IMAGES of them */
    float *y, *z, *scratch, *logits;
    Judge judge;
    Session *session;
    Row *row;
} Test;

static size_t tap_floats(const RtTap *t) { return (size_t)t->c * (size_t)t->h * (size_t)t->w; }

/* max |a - b| over the standard deviation of a; over its largest magnitude where a is nearly
 * constant. */
static double relative_difference(const float *a, const float *b, size_t n)
{
    double sum = 0, squares = 0, largest = 0, difference = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)a[i], d = fabs(v - (double)b[i]);
        if (!isfinite(d))
            return INFINITY;
        sum += v;
        squares += v * v;
        largest = fmax(largest, fabs(v));
        difference = fmax(difference, d);
    }
    double mean = sum / (double)n, deviation = sqrt(fmax(0, squares / (double)n - mean * mean));
    double scale = fmax(deviation, 1e-3 * largest);
    return difference == 0 ? 0 : difference / scale;
}

static void keep_tap(void *arg, int step)
{
    Test *t = arg;
    for (int i = 0; i < t->judge.plan->n_taps; i++) {
        const RtTap *tap = &t->judge.plan->taps[i];
        if (tap->first == step)
            rt_read_tap(tap, t->session->arena, t->judge.taps[i]);
    }
}

static void compare_tap(void *arg, int step)
{
    Test *t = arg;
    for (int i = 0; i < t->session->plan->n_taps; i++) {
        const RtTap *tap = &t->session->plan->taps[i],
                    *other = session_tap(t->judge.plan, tap->name);
        if (tap->first != step || !other || tap_floats(tap) != tap_floats(other))
            continue;
        rt_read_tap(tap, t->session->arena, t->scratch);
        double d = relative_difference(t->judge.taps[other - t->judge.plan->taps], t->scratch,
                                       tap_floats(tap));
        if (d > t->row->worst) {
            t->row->worst = d;
            t->row->worst_name = tap->name;
        }
    }
}

/* --target: that one alone, against itself. */
static bool is_wanted(const Program *p, RtTarget target)
{
    return !p->options.target.given || p->options.target.value == target;
}

static bool allocate(Test *t)
{
    const RtNetwork *net = t->p->net; /* some plan runs here: the caller has looked */
    size_t largest = 1, image = session_image_floats(net), outputs = (size_t)net->outputs;
    for (int i = net->n_plans - 1; i >= 0; i--)
        if (is_wanted(t->p, net->plans[i].target) && rt_target_runs_here(net->plans[i].target))
            t->judge.plan = &net->plans[i];
    t->judge.taps = calloc((size_t)t->judge.plan->n_taps + 1, sizeof *t->judge.taps);
    if (!t->judge.taps)
        return false;
    for (int i = 0; i < t->judge.plan->n_taps; i++) {
        size_t n = tap_floats(&t->judge.plan->taps[i]);
        largest = n > largest ? n : largest;
        if (!(t->judge.taps[i] = calloc(n, sizeof(float))))
            return false;
    }
    t->x = calloc(IMAGES * image, sizeof *t->x);
    t->y = calloc(IMAGES * outputs, sizeof *t->y);
    t->z = calloc(IMAGES * outputs, sizeof *t->z);
    t->judge.logits = calloc(outputs, sizeof(float));
    t->logits = calloc(outputs, sizeof(float));
    t->scratch = calloc(largest, sizeof(float));
    if (!t->x || !t->y || !t->z || !t->judge.logits || !t->logits || !t->scratch)
        return false;
    input_random(t->x, IMAGES * image, 11);
    return true;
}

static void release(Test *t)
{
    for (int i = 0; t->judge.taps && i < t->judge.plan->n_taps; i++)
        free(t->judge.taps[i]);
    free(t->judge.taps);
    free(t->judge.logits);
    free(t->logits);
    free(t->scratch);
    free(t->y);
    free(t->z);
    free(t->x);
}

static double largest_of(const float *v, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)v[i]));
    return most;
}

/* Logits of initialised weights may be so small or so large that softmax makes all images equal, and nothing could be said of batches:
 * brings those of image 0 to about 1, by powers of two. */
static void scale_images(Test *t)
{
    enum { TIMES = 4 }; /* normalisations between make the logits grow less, or more, than the input */
    const Session *s = t->session;
    for (int k = 0; k < TIMES; k++) {
        session_forward(s, t->x, t->y, t->judge.logits);
        double most = largest_of(t->judge.logits, (size_t)s->net->outputs);
        if (!(most > 0) || !isfinite(most) || (most > 0.25 && most < 4))
            return;
        double by = exp2(fmax(-60, fmin(60, -round(log2(most)))));
        for (size_t i = 0; i < IMAGES * session_image_floats(s->net); i++)
            t->x[i] = (float)(t->x[i] * by);
    }
}

/* Image 0 alone, with taps: kept when this is the judge, compared when not. */
static void check_values(Test *t)
{
    const Session *s = t->session;
    bool judge = s->plan == t->judge.plan;
    if (judge)
        scale_images(t);
    rt_forward_tapped(s->net, s->weights, t->x, s->arena, s->pool, t->y,
                      judge ? keep_tap : compare_tap, t);
    session_forward(s, t->x, t->y, judge ? t->judge.logits : t->logits);
    t->row->finite = true;
    for (int i = 0; i < s->net->outputs; i++)
        t->row->finite &= isfinite(t->y[i]) != 0;
    if (!judge)
        t->row->logits = relative_difference(t->judge.logits, t->logits, (size_t)s->net->outputs);
}

/* Each image alone in y, all of them as a batch in z, backwards in place: the same bits. */
static void check_batch(Test *t)
{
    const Session *s = t->session;
    size_t image = session_image_floats(s->net), outputs = (size_t)s->net->outputs;
    for (size_t i = 0; i < IMAGES; i++) {
        size_t k = IMAGES - 1 - i;
        rt_forward(s->net, s->weights, t->x + k * image, 1, s->arena, s->pool, t->y + k * outputs);
    }
    rt_forward(s->net, s->weights, t->x, IMAGES, s->arena, s->pool, t->z);
    t->row->same_batch = memcmp(t->y, t->z, IMAGES * outputs * sizeof(float)) == 0;
}

static RtStatus check_threads(Test *t)
{
    Session *s = t->session;
    size_t outputs = (size_t)s->net->outputs;
    void *arena = rt_arena_new(s->net, t->row->target, THREADS_MAX); /* s->arena is for one */
    if (!arena)
        return program_error(t->p, RT_ERROR_FILE, "no memory for %d threads", THREADS_MAX);
    RtStatus status = RT_OK;
    t->row->same_threads = true;
    for (size_t i = 0; i < sizeof thread_counts / sizeof *thread_counts; i++) {
        int threads = thread_counts[i];
        RtPool *pool = rt_pool_new(threads);
        if (!pool) {
            status = program_error(t->p, RT_ERROR_FILE, "cannot start %d threads", threads);
            break;
        }
        rt_forward(s->net, s->weights, t->x, IMAGES, arena, pool, t->z);
        rt_pool_free(pool);
        t->row->same_threads &= memcmp(t->y, t->z, IMAGES * outputs * sizeof(float)) == 0;
    }
    rt_free(arena);
    return status;
}

/* One thread with a group of all images; two threads with an image each, and the third by both: the same bits. */
static RtStatus check_throughput(Test *t, int threads)
{
    Session *s = t->session;
    RtPool *pool = rt_pool_new(threads);
    void *arena = rt_batch_arena_new(s->net, t->row->target, threads);
    RtStatus status = pool && arena ? RT_OK
                                    : program_error(t->p, RT_ERROR_FILE, "no memory for a batch on %d threads", threads);
    if (!status) {
        rt_forward_batch(s->net, s->weights, t->x, IMAGES, arena, pool, t->z);
        t->row->same_batch &= memcmp(t->y, t->z, IMAGES * (size_t)s->net->outputs * sizeof(float)) == 0;
    }
    rt_free(arena);
    rt_pool_free(pool);
    return status;
}

static RtStatus check_target(Test *t, Row *row)
{
    static const uint64_t seed = 1;
    Session s;
    row->ran = rt_target_runs_here(row->target);
    if (!row->ran)
        return RT_OK;
    RtStatus status = session_open(&s, t->p, row->target, 1, &seed);
    if (status)
        return status;
    t->session = &s;
    t->row = row;
    check_values(t);
    check_batch(t);
    status = check_threads(t);
    for (int threads = 1; !status && threads <= 2; threads++)
        status = check_throughput(t, threads);
    session_close(&s);
    return status;
}

/* What the level of the target allows the logits; tensors inside, ten times that. */
static double tolerance(const Row *r) { return rt_numerics_error(r->numerics); }

static bool passed(const Row *r)
{
    return !r->ran || (r->finite && r->same_threads && r->same_batch && r->logits <= tolerance(r) &&
                       r->worst <= INNER * tolerance(r));
}

static void print_text(const Row *rows, int n, RtTarget judge)
{
    printf("%-11s %-8s %8s %14s %14s  %-28s %-13s %-8s %s\n", "target", "numerics", "allowed", "logits",
           "worst tensor", "(which)", "1..7 threads", "batches", "verdict");
    for (int i = 0; i < n; i++) {
        const Row *r = &rows[i];
        if (!r->ran) {
            printf("%-11s this processor does not run it\n", rt_target_name(r->target));
            continue;
        }
        printf("%-11s %-8s %8g %14.3g %14.3g  %-28s %-13s %-8s %s\n", rt_target_name(r->target),
               rt_numerics_name(r->numerics), tolerance(r), r->logits, r->worst,
               r->target == judge ? "the others' judge"
               : r->worst_name    ? r->worst_name
                                  : "-",
               r->same_threads ? "same bits" : "DIFFER", r->same_batch ? "same" : "DIFFER",
               passed(r)   ? "ok"
               : r->finite ? "FAILED"
                           : "FAILED: not finite");
    }
    printf("differences are max |difference| / deviation from %s; inside, %g times what is allowed for logits\n",
           rt_target_name(judge), INNER);
}

static void print_json(const Row *rows, int n)
{
    printf("{\"targets\": [");
    for (int i = 0; i < n; i++) {
        const Row *r = &rows[i];
        printf("%s\n  {\"target\": \"%s\", \"numerics\": \"%s\", \"tolerance\": %g, \"inner_tolerance\": %g, \"ran\": %s, \"logits\": ",
               i ? "," : "", rt_target_name(r->target), rt_numerics_name(r->numerics), tolerance(r),
               INNER * tolerance(r), r->ran ? "true" : "false");
        json_write_number(stdout, r->logits, 6);
        printf(", \"worst\": ");
        json_write_number(stdout, r->worst, 6);
        printf(", \"same_bits_threads\": %s, \"same_bits_batches\": %s, \"ok\": %s}",
               r->same_threads ? "true" : "false", r->same_batch ? "true" : "false",
               passed(r) ? "true" : "false");
    }
    printf("\n]}\n");
}

RtStatus command_selftest(const Program *p)
{
    Test t = { .p = p };
    RtTarget target;
    RtStatus status = session_target(p, &target);
    if (status)
        return status;
    if (!rt_target_runs_here(target))
        return program_error(p, RT_ERROR_USAGE, "this processor does not run target %s", rt_target_name(target));
    int n = 0;
    bool good = true;
    Row *rows = calloc((size_t)p->net->n_plans, sizeof *rows);
    status = rows && allocate(&t)
                          ? RT_OK
                          : program_error(p, RT_ERROR_FILE, "out of memory for the self-test");
    for (int i = 0; i < p->net->n_plans && !status; i++) {
        if (!is_wanted(p, p->net->plans[i].target))
            continue;
        rows[n].target = p->net->plans[i].target;
        rows[n].numerics = p->net->plans[i].numerics;
        status = check_target(&t, &rows[n]);
        good &= passed(&rows[n++]);
    }
    if (!status) {
        if (p->options.json)
            print_json(rows, n);
        else
            print_text(rows, n, t.judge.plan->target);
        status = good ? RT_OK : program_error(p, RT_ERROR_INPUT, "the self-test failed");
    }
    if (t.judge.plan)
        release(&t);
    free(rows);
    return status;
}

/* bench.c - how fast, measured for a few seconds: the median says what to expect, the minimum what
 * the machine can do when nothing disturbs it. */
#include "../../formats/json.h"
#include "../../formats/npy.h"
#include "program.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_MAX = 100000, RUNS_MIN = 5, LAYER_RUNS_MAX = 200, LAYER_RUNS_MIN = 3 };

typedef struct Bench {
    const Program *p;
    Session session;
    int batch, runs, layer_runs;
    bool throughput;
    float *x, *y;
    double *seconds; /* per run */
    double *layers;  /* [step][run] */
    double load[3];
    char processor[128];
} Bench;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts and returns the middle. */
static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* "model name" of /proc/cpuinfo, or "unknown processor". */
static void read_processor(char *out, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "re");
    snprintf(out, size, "unknown processor");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        colon[strcspn(colon, "\n")] = 0;
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (f)
        fclose(f);
}

static void forward(Bench *b)
{
    const Session *s = &b->session;
    if (b->throughput)
        rt_forward_batch(s->net, s->weights, b->x, b->batch, s->arena, s->pool, b->y);
    else
        rt_forward(s->net, s->weights, b->x, b->batch, s->arena, s->pool, b->y);
}

static void measure(Bench *b)
{
    for (int i = 0; i < 2; i++) /* caches and pages */
        forward(b);
    double begin = clock_seconds(), last = begin;
    while (b->runs < RUNS_MAX && (b->runs < RUNS_MIN || last - begin < b->p->options.seconds)) {
        forward(b);
        double now = clock_seconds();
        b->seconds[b->runs++] = now - last;
        last = now;
    }
}

typedef struct Layers {
    Bench *bench;
    double last;
} Layers;

static void note_step(void *arg, int step)
{
    Layers *l = arg;
    double now = clock_seconds();
    l->bench->layers[(size_t)step * LAYER_RUNS_MAX + (size_t)l->bench->layer_runs] = now - l->last;
    l->last = clock_seconds();
}

static void measure_layers(Bench *b)
{
    const Session *s = &b->session;
    double begin = clock_seconds();
    while (b->layer_runs < LAYER_RUNS_MAX &&
           (b->layer_runs < LAYER_RUNS_MIN || clock_seconds() - begin < b->p->options.seconds)) {
        Layers l = { b, clock_seconds() };
        rt_forward_tapped(s->net, s->weights, b->x, s->arena, s->pool, b->y, note_step, &l);
        b->layer_runs++;
    }
}

/* ---- Printing ---- */

static double gflops(const RtNetwork *net, double seconds, int images)
{
    return seconds > 0 ? 2e-9 * (double)net->macs * images / seconds : 0;
}

static void print_text(const Bench *b, double middle)
{
    const Session *s = &b->session;
    printf("%s, %s, numerics %s, batch %d%s, %d thread%s\n", s->net->name, rt_target_name(s->target),
           rt_numerics_name(rt_plan(s->net, s->target)->numerics), b->batch,
           b->throughput ? " for throughput" : "", s->threads, s->threads == 1 ? "" : "s");
    printf("%s, %d processors, load %.2f%s\n", b->processor, session_processors(), b->load[0],
           b->load[0] > 0.5 * session_processors() ? " (the machine is busy: expect noise)" : "");
    printf("median %.3f ms   min %.3f ms   of %d runs\n", 1e3 * middle, 1e3 * b->seconds[0],
           b->runs);
    printf("%.1f images/s   %.1f GFLOP/s\n", b->batch / middle, gflops(s->net, middle, b->batch));
}

/* Seconds of a step by the compiler's model: the thread with most units decides. */
static double expected(const RtStep *s, int threads)
{
    int most = (s->units + threads - 1) / threads;
    return 1e-6 * (s->work_us * most / s->units + s->memory_us);
}

/* The layers' seconds as an array, for inceptc tune. */
static RtStatus write_layers(const Bench *b, const double *times)
{
    RtError err;
    size_t n = (size_t)b->session.plan->n_steps;
    if (npy_write(b->p->options.output, NPY_F64, 1, &n, times, &err))
        return program_error(b->p, err.status, "%s", err.message);
    return RT_OK;
}

static void print_layers(const Bench *b, const double *times)
{
    const RtPlan *plan = b->session.plan;
    double sum = 0;
    for (int i = 0; i < plan->n_steps; i++)
        sum += times[i];
    double whole = 0;
    printf("\n%4s  %-32s %-20s %-14s %6s %9s %9s %9s %6s %9s\n", "step", "layer", "kernel",
           "output", "units", "MMACs", "ms", "expected", "%", "GFLOP/s");
    for (int i = 0; i < plan->n_steps; i++) {
        const RtStep *t = &plan->steps[i];
        double e = expected(t, b->session.threads);
        whole += e;
        printf("%4d  %-32s %-20s %-14s %6d %9.3f %9.4f %9.4f %6.2f %9.2f\n", i, t->layer, t->kernel,
               t->shape, t->units, 1e-6 * (double)t->macs, 1e3 * times[i], 1e3 * e,
               100 * times[i] / sum, times[i] > 0 ? 2e-9 * (double)t->macs / times[i] : 0);
    }
    printf("      sum %.3f ms, expected %.3f ms, over %d runs of one image\n", 1e3 * sum, 1e3 * whole,
           b->layer_runs);
}

static void print_json_layers(const Bench *b, const double *times)
{
    const RtPlan *plan = b->session.plan;
    printf(",\n  \"layers\": [");
    for (int i = 0; i < plan->n_steps; i++) {
        const RtStep *t = &plan->steps[i];
        printf("%s\n    {\"layer\": ", i ? "," : "");
        json_write_string(stdout, t->layer);
        printf(", \"kernel\": ");
        json_write_string(stdout, t->kernel);
        printf(", \"output\": \"%s\", \"units\": %d, \"macs\": %" PRId64
               ", \"seconds\": %.9f, \"expected_seconds\": %.9f}",
               t->shape, t->units, t->macs, times[i], expected(t, b->session.threads));
    }
    printf("\n  ]");
}

/* Each run, the fastest first: what a reader pools over several processes. */
static void print_json_runs(const Bench *b)
{
    printf(",\n  \"run_seconds\": [");
    for (int i = 0; i < b->runs; i++)
        printf("%s%.9f", i ? ", " : "", b->seconds[i]);
    printf("]");
}

static const char *mode_name(const Bench *b) { return b->throughput ? "throughput" : "latency"; }

static void print_json(const Bench *b, double middle, const double *times)
{
    const Session *s = &b->session;
    printf("{\n  \"network\": \"%s\", \"target\": \"%s\", \"numerics\": \"%s\", \"batch\": %d, \"mode\": \"%s\", \"threads\": %d,\n  "
           "\"processor\": ",
           s->net->name, rt_target_name(s->target),
           rt_numerics_name(rt_plan(s->net, s->target)->numerics), b->batch, mode_name(b), s->threads);
    json_write_string(stdout, b->processor);
    printf(", \"processors\": %d, \"load\": %.2f,\n  \"runs\": %d, \"median_seconds\": %.9f, "
           "\"min_seconds\": %.9f,\n"
           "  \"images_per_second\": %.3f, \"gflops\": %.3f",
           session_processors(), b->load[0], b->runs, middle, b->seconds[0], b->batch / middle,
           gflops(s->net, middle, b->batch));
    print_json_runs(b);
    if (times)
        print_json_layers(b, times);
    printf("\n}\n");
}

/* ---- The command ---- */

static RtStatus prepare(Bench *b)
{
    static const uint64_t fallback = 1; /* speed does not depend on what the weights know */
    const Program *p = b->p;
    if (p->options.output && !p->options.layers)
        return program_error(p, RT_ERROR_USAGE, "-o holds the seconds of the steps: say --layers too");
    RtTarget target;
    RtStatus status = session_target(p, &target);
    if (status)
        return status;
    int threads = session_threads(p);
    Mode mode = p->options.mode;
    b->batch = (int)p->options.batch;
    b->throughput = mode == MODE_THROUGHPUT || (mode == MODE_BY_BATCH && threads > 1 && b->batch >= threads);
    status = (b->throughput ? session_open_batch : session_open)(&b->session, p, target, threads, &fallback);
    if (status)
        return status;
    size_t image = session_image_floats(p->net);
    b->x = calloc((size_t)b->batch * image, sizeof *b->x);
    b->y = calloc((size_t)b->batch * (size_t)p->net->outputs, sizeof *b->y);
    b->seconds = calloc(RUNS_MAX, sizeof *b->seconds);
    b->layers = p->options.layers
                    ? calloc((size_t)b->session.plan->n_steps * LAYER_RUNS_MAX, sizeof *b->layers)
                    : NULL;
    if (!b->x || !b->y || !b->seconds || (p->options.layers && !b->layers))
        return program_error(p, RT_ERROR_FILE, "out of memory for %d images", b->batch);
    input_random(b->x, (size_t)b->batch * image, 7);
    return RT_OK;
}

/* The median of each step, moved to the front of b->layers. */
static const double *layer_medians(Bench *b)
{
    for (int i = 0; i < b->session.plan->n_steps; i++)
        b->layers[i] = median(b->layers + (size_t)i * LAYER_RUNS_MAX, b->layer_runs);
    return b->layers;
}

static RtStatus run(Bench *b)
{
    if (getloadavg(b->load, 3) < 1)
        b->load[0] = -1;
    read_processor(b->processor, sizeof b->processor);
    measure(b);
    const double *times = NULL;
    if (b->layers) {
        measure_layers(b);
        times = layer_medians(b);
    }
    if (b->p->options.output)
        return write_layers(b, times);
    double middle = median(b->seconds, b->runs);
    if (b->p->options.json) {
        print_json(b, middle, times);
        return RT_OK;
    }
    print_text(b, middle);
    if (times)
        print_layers(b, times);
    return RT_OK;
}

RtStatus command_bench(const Program *p)
{
    Bench b = { .p = p };
    RtStatus status = prepare(&b);
    if (!status)
        status = run(&b);
    free(b.layers);
    free(b.seconds);
    free(b.y);
    free(b.x);
    session_close(&b.session);
    return status;
}

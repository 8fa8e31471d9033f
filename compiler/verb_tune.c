/* inceptc tune: measures the candidates that the model ranks first and writes what was fastest as a record.
 *
 * Program k computes every convolution by its k-th candidate, the last one directly; `bench --layers` of the whole program times
 * each step with cold weights and real neighbours.  The programs take many short turns, and the best of the rounds
 * counts, so that a disturbance of some decides nothing; what is hardly faster than the model's choice is not preferred to it. */
#include "driver.h"
#include "../formats/npy.h"
#include "../formats/replace.h"
#include "folder.h"
#include "kernels/kernels.h"
#include "tuning.h"
#include <stdlib.h>
#include <string.h>

enum { RANKS = 5, ROUNDS = 12 };
#define WORTH 0.97 /* of the time that the model's choice takes */

typedef struct Tried {
    const char *key;
    double seconds[RANKS]; /* of all its steps together */
    const Step *step[RANKS];
    int steps;
} Tried;

typedef struct Tune {
    const Options *o;
    Arena *a;
    Plan *plan[RANKS];
    double *seconds[RANKS]; /* by step: the best round */
    LIST(Tried) shapes;
    Replace record; /* none where it goes to standard output */
    RtError err;
} Tune;

static PlanOptions options_of_rank(const Tune *t, int rank)
{
    PlanOptions p = t->o->plan;
    p.tuning = NULL;
    if (rank == RANKS - 1)
        p.numerics = NUMERICS_EXACT;
    else
        p.rank = rank;
    return p;
}

static Plan *plan_of_rank(Tune *t, const Target *target, int rank)
{
    bool file_error = false;
    Graph *g = net_load(t->a, t->o->inputs.at[0], &t->o->net, &file_error);
    if (!g)
        return NULL;
    PassOptions passes = driver_passes(t->o);
    passes_run_inference(g, &passes);
    Plan *plan = plan_new(t->a, g, target, options_of_rank(t, rank));
    return diag_error_count() > 0 ? NULL : plan;
}

static int build(Tune *t, const Target *target, int rank, const char *path)
{
    Options own = *t->o;
    own.plan = options_of_rank(t, rank);
    t->plan[rank] = plan_of_rank(t, target, rank);
    if (!t->plan[rank])
        return EXIT_INPUT;
    t->seconds[rank] = ARENA_ARRAY(t->a, t->plan[rank]->steps.n, double);
    for (int i = 0; i < t->plan[rank]->steps.n; i++)
        t->seconds[rank][i] = 1e300;
    return driver_build(&own, t->a, target->name, path);
}

/* One turn of a program: the smaller of its times and the earlier ones stay. */
static int measure(Tune *t, int rank, char *program, char *times)
{
    char *threads = arena_printf(t->a, "%d", t->o->threads);
    char *argv[] = { program, "bench", "--seed", "1", "--layers", "--json", "--seconds", "0.3", "-o", times, t->o->threads ? "--threads" : NULL, threads, NULL };
    int code = driver_run(t->o, argv), n = t->plan[rank]->steps.n;
    NpyArray at;
    if (code) {
        if (code != DRIVER_NOT_RUN)
            diag_error((Loc){ 0 }, "the program to be timed ended with %d", code);
        return EXIT_FILE;
    }
    if (npy_read(times, &at, &t->err))
        return driver_fail(&t->err);
    CHECK(at.type == NPY_F64 && at.count == (size_t)n);
    for (int i = 0; i < n; i++) {
        double v = ((const double *)at.data)[i];
        if (v < t->seconds[rank][i])
            t->seconds[rank][i] = v;
    }
    npy_free(&at);
    return EXIT_OK;
}

static Tried *shape_of(Tune *t, const char *key)
{
    for (int i = 0; i < t->shapes.n; i++)
        if (strcmp(t->shapes.at[i].key, key) == 0)
            return &t->shapes.at[i];
    LIST_PUSH(t->a, &t->shapes, ((Tried){ .key = key }));
    return &t->shapes.at[t->shapes.n - 1];
}

static void collect_shapes(Tune *t)
{
    for (int i = 0; i < t->plan[0]->steps.n; i++) {
        const Step *s = t->plan[0]->steps.at[i];
        if ((s->kernel != KERNEL_CONV && s->kernel != KERNEL_COOK_TOOM) || kernel_why_direct(t->plan[0], s))
            continue;
        Tried *shape = shape_of(t, kernel_shape_key(t->a, s));
        shape->steps++;
        for (int k = 0; k < RANKS; k++) {
            shape->seconds[k] += t->seconds[k][i];
            shape->step[k] = t->plan[k]->steps.at[i];
        }
    }
}

static int fastest(const Tried *s)
{
    int best = 0;
    for (int k = 1; k < RANKS; k++)
        if (s->seconds[k] < s->seconds[best])
            best = k;
    return s->seconds[best] < WORTH * s->seconds[0] ? best : 0;
}

static void print_record(const Tune *t, const char *machine, FILE *f)
{
    fprintf(f, "inceptc-tuning 1\n# %s, measured on %s\n", t->plan[0]->graph->name, machine);
    for (int i = 0; i < t->shapes.n; i++) {
        const Tried *s = &t->shapes.at[i];
        int k = fastest(s);
        const FastConv *form = &s->step[k]->fast;
        bool fast = s->step[k]->kernel == KERNEL_COOK_TOOM;
        TuningRow row = { t->plan[0]->target->name, s->key, t->o->plan.numerics, fast ? form->mh : 0, form->mw, form->blocks };
        tuning_print_row(&row, f);
        fprintf(f, "    # %.4f ms; the model's choice %.4f\n", 1e3 * s->seconds[k] / s->steps, 1e3 * s->seconds[0] / s->steps);
    }
}

/* "AMD EPYC", as the system calls the processor. */
static const char *processor(Arena *a)
{
    char line[256];
    const char *name = "an unknown processor";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon && colon[1]) {
            name = arena_strndup(a, colon + 2, strcspn(colon + 2, "\n"));
            break;
        }
    }
    if (f)
        fclose(f);
    return name;
}

static int write_record(Tune *t)
{
    const char *threads = t->o->threads ? arena_printf(t->a, "%d threads", t->o->threads) : "all threads";
    const char *machine = arena_printf(t->a, "%s, %s, numerics %s", processor(t->a), threads, numerics_names[t->o->plan.numerics]);
    print_record(t, machine, t->record.file ? t->record.file : stdout);
    return t->record.file && replace_commit(&t->record, &t->err) ? driver_fail(&t->err) : EXIT_OK;
}

/* Before the measurements, which take their time: is there a place for them? */
static int begin_record(Tune *t)
{
    Output kind = options_output(t->o);
    bool file = kind != OUTPUT_NONE && kind != OUTPUT_STDOUT;
    return file && replace_begin(&t->record, t->o->output, &t->err) ? driver_fail(&t->err) : EXIT_OK;
}

static void print_sum(const Tune *t)
{
    double model = 0, tuned = 0;
    for (int i = 0; i < t->shapes.n; i++) {
        model += t->shapes.at[i].seconds[0];
        tuned += t->shapes.at[i].seconds[fastest(&t->shapes.at[i])];
    }
    fprintf(stderr, "%d shapes: %.3f ms by the model's choice, %.3f ms tuned (%.1f %%)\n", t->shapes.n, 1e3 * model, 1e3 * tuned,
            model > 0 ? 100 * tuned / model : 100);
}

static int tune(Tune *t, Folder *f, const Target *target)
{
    char *programs[RANKS], *times = folder_file(f, t->a, "seconds.npy");
    int begun = begin_record(t);
    if (begun)
        return begun;
    for (int k = 0; k < RANKS; k++) {
        programs[k] = folder_file(f, t->a, arena_printf(t->a, "net%d", k));
        int code = build(t, target, k, programs[k]);
        if (code)
            return code;
    }
    for (int i = 0; i < ROUNDS * RANKS; i++) {
        int code = measure(t, i % RANKS, programs[i % RANKS], times);
        if (code)
            return code;
    }
    collect_shapes(t);
    print_sum(t);
    return write_record(t);
}

int verb_tune(const Options *o, Arena *a)
{
    Tune *t = ARENA_NEW(a, Tune);
    Folder *f = ARENA_NEW(a, Folder);
    t->o = o;
    t->a = a;
    if (folder_open(f, a, "tune", &t->err))
        return driver_fail(&t->err);
    const Target *target = driver_best_target();
    if (o->target && target_find(o->target))
        target = target_find(o->target);
    int code = tune(t, f, target);
    replace_abort(&t->record); /* where it is not in place */
    folder_remove(f);
    return code;
}

/* eval.c - accuracy over a folder that holds one folder per class, as torchvision's ImageFolder
 * reads it: classes are numbered in the byte order of their folders' names, pictures are found at
 * any depth. */
#include "../../formats/json.h"
#include "../train/rank.h"
#include "program.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Sample {
    char *path;
    int class;
} Sample;
typedef struct Skipped {
    char *path, *why;
} Skipped;
typedef struct Eval {
    const Program *p;
    Session session;
    Sample *samples;
    Skipped *skipped;
    char **labels;
    size_t n_samples, room, n_skipped;
    int n_classes;
    float *x, *y;
    long seen, top1, top5;
} Eval;

enum { DEPTH_MAX = 16, SHOWN = 20 };

static RtStatus out_of_memory(const Eval *e)
{
    return program_error(e->p, RT_ERROR_FILE, "out of memory for the list of pictures");
}

static RtStatus add_sample(Eval *e, char *path, int class)
{
    if (e->n_samples == e->room) {
        size_t room = e->room ? 2 * e->room : 1024;
        Sample *more = reallocarray(e->samples, room, sizeof *more);
        if (!more) {
            free(path);
            return out_of_memory(e);
        }
        e->samples = more;
        e->room = room;
    }
    e->samples[e->n_samples++] = (Sample){ path, class };
    return RT_OK;
}

static int is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}
static int no_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static RtStatus visit(Eval *e, const char *dir, int class, int depth);

static RtStatus visit_entry(Eval *e, const char *dir, const char *name, int class, int depth)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return out_of_memory(e);
    if (!is_directory(path) && input_is_picture(name))
        return add_sample(e, path, class);
    RtStatus status =
        is_directory(path) && depth < DEPTH_MAX ? visit(e, path, class, depth + 1) : RT_OK;
    free(path);
    return status;
}

static RtStatus visit(Eval *e, const char *dir, int class, int depth)
{
    struct dirent **entries;
    int n = scandir(dir, &entries, no_dots, by_bytes);
    if (n < 0)
        return program_error(e->p, RT_ERROR_FILE, "%s: cannot read: %s", dir, strerror(errno));
    RtStatus status = RT_OK;
    for (int i = 0; i < n; i++) {
        if (!status)
            status = visit_entry(e, dir, entries[i]->d_name, class, depth);
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* With labels a folder's name says its class; without, its place among the folders. */
static int class_of(const Eval *e, const char *folder)
{
    for (int i = 0; e->labels && i < e->p->net->outputs; i++)
        if (strcmp(e->labels[i], folder) == 0)
            return i;
    return e->labels ? -1 : e->n_classes;
}

static RtStatus visit_class(Eval *e, const char *dir, const char *folder)
{
    char *path;
    if (asprintf(&path, "%s/%s", dir, folder) < 0)
        return out_of_memory(e);
    RtStatus status = RT_OK;
    if (is_directory(path)) {
        int class = class_of(e, folder);
        size_t before = e->n_samples;
        if (class < 0)
            status = program_error(e->p, RT_ERROR_INPUT, "%s: no line of %s is '%s'", path,
                                   e->p->options.labels, folder);
        else if (class >= e->p->net->outputs)
            status = program_error(e->p, RT_ERROR_INPUT,
                                   "%s: more class folders than the network's %d outputs", dir,
                                   e->p->net->outputs);
        else
            status = visit(e, path, class, 1);
        if (!status && e->n_samples == before)
            program_note(e->p, "%s: no pictures", path);
        e->n_classes++;
    }
    free(path);
    return status;
}

static RtStatus list_samples(Eval *e)
{
    const char *dir = e->p->options.operands[0];
    struct dirent **entries;
    int n = scandir(dir, &entries, no_dots, by_bytes);
    if (n < 0)
        return program_error(e->p, RT_ERROR_FILE, "%s: cannot read: %s", dir, strerror(errno));
    RtStatus status = RT_OK;
    for (int i = 0; i < n; i++) {
        if (!status)
            status = visit_class(e, dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (!status && e->n_samples == 0)
        status =
            program_error(e->p, RT_ERROR_INPUT,
                          "%s: no pictures in class folders; expected DIR/CLASS/PICTURE.jpg", dir);
    return status;
}

/* ---- Running ---- */

static void count(Eval *e, int class)
{
    int order[5], k = e->p->net->outputs < 5 ? e->p->net->outputs : 5;
    top_indices(e->y, e->p->net->outputs, k, order);
    e->seen++;
    e->top1 += order[0] == class;
    for (int i = 0; i < k; i++)
        e->top5 += order[i] == class;
}

static RtStatus evaluate(Eval *e)
{
    const Options *o = &e->p->options;
    size_t n = o->limit && (size_t)o->limit < e->n_samples ? (size_t)o->limit : e->n_samples;
    e->skipped = calloc(n, sizeof *e->skipped);
    if (!e->skipped)
        return out_of_memory(e);
    for (size_t i = 0; i < n; i++) {
        RtError err;
        if (input_read(e->p->net, e->samples[i].path, e->x, &err)) {
            e->skipped[e->n_skipped++] = (Skipped){ e->samples[i].path, strdup(err.message) };
            continue;
        }
        session_forward(&e->session, e->x, e->y, NULL);
        count(e, e->samples[i].class);
    }
    return RT_OK;
}

static double percent(long n, long of) { return of ? 100.0 * (double)n / (double)of : 0; }

static void print_text(const Eval *e, double seconds)
{
    printf("%ld images in %d classes\n", e->seen, e->n_classes);
    printf("top-1  %6.2f %%  (%ld)\ntop-5  %6.2f %%  (%ld)\n", percent(e->top1, e->seen), e->top1,
           percent(e->top5, e->seen), e->top5);
    printf("%.1f images/s with reading, %d threads, %s\n",
           seconds > 0 ? (double)e->seen / seconds : 0, e->session.threads,
           rt_target_name(e->session.target));
    if (e->n_skipped)
        printf("%zu skipped:\n", e->n_skipped);
    for (size_t i = 0; i < e->n_skipped && i < SHOWN; i++)
        printf("  %s\n", e->skipped[i].why ? e->skipped[i].why : e->skipped[i].path);
    if (e->n_skipped > SHOWN)
        printf("  ... and %zu more (all of them with --json)\n", e->n_skipped - SHOWN);
}

static void print_json(const Eval *e, double seconds)
{
    printf("{\"images\": %ld, \"classes\": %d, \"top1\": %ld, \"top5\": %ld, \"top1_percent\": "
           "%.4f, \"top5_percent\": %.4f,\n"
           " \"seconds\": %.3f, \"threads\": %d, \"target\": \"%s\",\n \"skipped\": [",
           e->seen, e->n_classes, e->top1, e->top5, percent(e->top1, e->seen),
           percent(e->top5, e->seen), seconds, e->session.threads,
           rt_target_name(e->session.target));
    for (size_t i = 0; i < e->n_skipped; i++) {
        printf("%s\n  {\"file\": ", i ? "," : "");
        json_write_string(stdout, e->skipped[i].path);
        printf(", \"why\": ");
        json_write_string(stdout, e->skipped[i].why ? e->skipped[i].why : "out of memory");
        putchar('}');
    }
    printf("]}\n");
}

static RtStatus prepare(Eval *e)
{
    const Program *p = e->p;
    RtError err;
    RtTarget target;
    if (p->options.labels && labels_read(p->options.labels, p->net->outputs, &e->labels, &err))
        return program_fail(p, &err);
    RtStatus status = list_samples(e);
    if (!status)
        status = session_target(p, &target);
    if (!status)
        status = session_open(&e->session, p, target, session_threads(p), NULL);
    e->x = calloc(session_image_floats(p->net), sizeof *e->x);
    e->y = calloc((size_t)p->net->outputs, sizeof *e->y);
    return status ? status : e->x && e->y ? RT_OK : out_of_memory(e);
}

RtStatus command_eval(const Program *p)
{
    Eval e = { .p = p };
    RtStatus status = prepare(&e);
    double begin = clock_seconds();
    if (!status)
        status = evaluate(&e);
    if (!status)
        (p->options.json ? print_json : print_text)(&e, clock_seconds() - begin);
    if (!status && e.seen == 0)
        status = program_error(p, RT_ERROR_INPUT, "no picture could be read");
    session_close(&e.session);
    for (size_t i = 0; i < e.n_skipped; i++)
        free(e.skipped[i].why);
    for (size_t i = 0; i < e.n_samples; i++)
        free(e.samples[i].path);
    labels_free(e.labels, p->net->outputs);
    free(e.skipped);
    free(e.samples);
    free(e.x);
    free(e.y);
    return status;
}

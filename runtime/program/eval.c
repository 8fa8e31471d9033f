/* eval.c - accuracy over a folder that holds one folder per class, as torchvision's ImageFolder
 * reads it (train/dataset_sources.h); .npy files count as pictures. */
#include "../../formats/json.h"
#include "../train/dataset_sources.h"
#include "../train/rank.h"
#include "program.h"
#include <stdlib.h>
#include <string.h>

typedef struct Skipped {
    char *path, *why;
} Skipped;
typedef struct Eval {
    const Program *p;
    Session session;
    RtDataset data;
    int *class_of; /* the network's class, by folder */
    Skipped *skipped;
    char **labels;
    size_t n_skipped;
    float *x, *y;
    long seen, top1, top5;
} Eval;

enum { SHOWN = 20 };

static RtStatus out_of_memory(const Eval *e)
{
    return program_error(e->p, RT_ERROR_FILE, "out of memory for the list of pictures");
}

/* With labels a folder's name says its class; without, its place among the folders. */
static int class_of(const Eval *e, int folder)
{
    for (int i = 0; e->labels && i < e->p->net->outputs; i++)
        if (strcmp(e->labels[i], e->data.classes[folder]) == 0)
            return i;
    return e->labels ? -1 : folder;
}

static RtStatus match_class(Eval *e, int folder)
{
    const char *dir = e->p->options.operands[0], *name = e->data.classes[folder];
    int class = e->class_of[folder] = class_of(e, folder);
    if (class < 0)
        return program_error(e->p, RT_ERROR_INPUT, "%s/%s: no line of %s is '%s'", dir, name, e->p->options.labels, name);
    if (class >= e->p->net->outputs)
        return program_error(e->p, RT_ERROR_INPUT, "%s: more class folders than the network's %d outputs", dir, e->p->net->outputs);
    return RT_OK;
}

static RtStatus list_samples(Eval *e)
{
    const char *dir = e->p->options.operands[0];
    RtError err;
    if (dataset_list_folder(dir, input_is_picture, &e->data, &err))
        return program_fail(e->p, &err);
    RtStatus status = RT_OK;
    e->class_of = calloc((size_t)e->data.n_classes + 1, sizeof *e->class_of);
    if (!e->class_of)
        return out_of_memory(e);
    for (int i = 0; i < e->data.n_classes && !status; i++)
        status = match_class(e, i);
    for (int i = dataset_empty_class(&e->data, 0); i < e->data.n_classes; i = dataset_empty_class(&e->data, i + 1))
        program_note(e->p, "%s/%s: no pictures", dir, e->data.classes[i]);
    if (!status && e->data.n_samples == 0)
        status = program_error(e->p, RT_ERROR_INPUT, "%s: no pictures in class folders; expected DIR/CLASS/PICTURE.jpg", dir);
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
    size_t n = o->limit && (size_t)o->limit < e->data.n_samples ? (size_t)o->limit : e->data.n_samples;
    e->skipped = calloc(n, sizeof *e->skipped);
    if (!e->skipped)
        return out_of_memory(e);
    for (size_t i = 0; i < n; i++) {
        RtError err;
        if (input_read(e->p->net, e->data.paths[i], e->x, &err)) {
            e->skipped[e->n_skipped++] = (Skipped){ e->data.paths[i], strdup(err.message) };
            continue;
        }
        session_forward(&e->session, e->x, e->y, NULL);
        count(e, e->class_of[e->data.labels[i]]);
    }
    return RT_OK;
}

static double percent(long n, long of) { return of ? 100.0 * (double)n / (double)of : 0; }

static void print_text(const Eval *e, double seconds)
{
    printf("%ld images in %d classes\n", e->seen, e->data.n_classes);
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
           e->seen, e->data.n_classes, e->top1, e->top5, percent(e->top1, e->seen),
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
    labels_free(e.labels, p->net->outputs);
    free(e.skipped);
    free(e.class_of);
    rt_dataset_close(&e.data);
    free(e.x);
    free(e.y);
    return status;
}

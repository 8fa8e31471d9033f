/* predict.c - pictures in, likely classes out. */
#include "../../formats/json.h"
#include "../../formats/npy.h"
#include "../train/rank.h"
#include "program.h"
#include <inttypes.h>
#include <stdlib.h>

enum { IMAGES_TO_COPY_FOR = 16 }; /* big pages pay for copying packed weights */

typedef struct Predict {
    const Program *p;
    Session session;
    int top;
    float *x;
    float *outputs, *logits; /* a row per image when they are to be written, else one row */
    int *order;
    char **labels;
} Predict;

static void print_text(const Predict *c, const char *path, const float *y)
{
    printf("%s\n", path);
    for (int i = 0; i < c->top; i++) {
        int k = c->order[i];
        printf("  %9.5f  %5d%s%s\n", (double)y[k], k, c->labels ? "  " : "",
               c->labels ? c->labels[k] : "");
    }
}

static void print_json(const Predict *c, const char *path, const float *y, bool first)
{
    const char *key = c->p->net->softmax ? "probability" : "score";
    printf("%s\n    {\"file\": ", first ? "" : ",");
    json_write_string(stdout, path);
    printf(", \"top\": [");
    for (int i = 0; i < c->top; i++) {
        int k = c->order[i];
        printf("%s{\"class\": %d, ", i ? ", " : "", k);
        if (c->labels) {
            printf("\"name\": ");
            json_write_string(stdout, c->labels[k]);
            printf(", ");
        }
        printf("\"%s\": ", key);
        json_write_number(stdout, (double)y[k], 9);
        putchar('}');
    }
    printf("]}");
}

static void print_json_head(const Predict *c)
{
    const Options *o = &c->p->options;
    printf("{\n  \"network\": ");
    json_write_string(stdout, c->p->net->name);
    printf(",\n  \"weights\": ");
    if (o->weights)
        json_write_string(stdout, o->weights);
    else
        printf("{\"seed\": %" PRIu64 ", \"meaning\": \"initialised, knows nothing\"}",
               o->seed.value);
    printf(",\n  \"target\": \"%s\",\n  \"images\": [", rt_target_name(c->session.target));
}

/* With arrays to write every image must succeed; without, one bad file does not stop the others. */
static RtStatus predict_all(Predict *c)
{
    const Program *p = c->p;
    const Options *o = &p->options;
    size_t outputs = (size_t)p->net->outputs;
    RtStatus worst = RT_OK;
    int done = 0;
    if (o->json)
        print_json_head(c);
    for (int i = 0; i < o->n_operands && !ferror(stdout); i++) {
        RtError err;
        float *y = c->outputs + (o->output ? (size_t)i * outputs : 0);
        float *logits = c->logits ? c->logits + (size_t)i * outputs : NULL;
        if (input_read(p->net, o->operands[i], c->x, &err)) {
            worst = program_fail(p, &err);
            if (o->output || o->logits)
                break;
            continue;
        }
        session_forward(&c->session, c->x, y, logits);
        top_indices(y, p->net->outputs, c->top, c->order);
        if (o->json)
            print_json(c, o->operands[i], y, done == 0);
        else
            print_text(c, o->operands[i], y);
        done++;
    }
    if (o->json)
        printf("%s]\n}\n", done ? "\n  " : "");
    return worst;
}

static RtStatus write_rows(const Predict *c, const char *path, const float *rows)
{
    RtError err;
    size_t shape[] = { (size_t)c->p->options.n_operands, (size_t)c->p->net->outputs };
    if (path && npy_write(path, NPY_F32, 2, shape, rows, &err))
        return program_fail(c->p, &err);
    return RT_OK;
}

static RtStatus prepare(Predict *c)
{
    const Program *p = c->p;
    const Options *o = &p->options;
    RtError err;
    RtTarget target;
    size_t outputs = (size_t)p->net->outputs, rows = (size_t)o->n_operands;
    if (o->labels && labels_read(o->labels, p->net->outputs, &c->labels, &err))
        return program_fail(p, &err);
    RtStatus status = session_target(p, &target);
    if (!status)
        status = o->n_operands < IMAGES_TO_COPY_FOR
                     ? session_open_briefly(&c->session, p, target, session_threads(p))
                     : session_open(&c->session, p, target, session_threads(p), NULL);
    if (status)
        return status;
    if (o->logits && p->net->softmax && !session_tap(c->session.plan, p->net->logits))
        return program_error(p, RT_ERROR_USAGE,
                             "--logits: '%s' was compiled without a name for its logits",
                             p->net->name);
    c->top = o->top < p->net->outputs ? (int)o->top : p->net->outputs;
    c->x = calloc(session_image_floats(p->net), sizeof *c->x);
    c->outputs = calloc(outputs * (o->output ? rows : 1), sizeof *c->outputs);
    c->logits = o->logits ? calloc(outputs * rows, sizeof *c->logits) : NULL;
    c->order = calloc((size_t)c->top, sizeof *c->order);
    if (!c->x || !c->outputs || !c->order || (o->logits && !c->logits))
        return program_error(p, RT_ERROR_FILE, "out of memory for %zu images", rows);
    return RT_OK;
}

RtStatus command_predict(const Program *p)
{
    Predict c = { .p = p };
    RtStatus status = prepare(&c);
    if (!status)
        status = predict_all(&c);
    if (!status)
        status = write_rows(&c, p->options.output, c.outputs);
    if (!status)
        status = write_rows(&c, p->options.logits, c.logits);
    labels_free(c.labels, p->net->outputs);
    free(c.order);
    free(c.logits);
    free(c.outputs);
    free(c.x);
    session_close(&c.session);
    return status;
}

/* trace.c - every tensor that the program keeps, of one or more inputs, to one safetensors file:
 * what `inceptc certify --compiled` compares, and a reference for `certify --against`. */
#include "../../formats/safetensors.h"
#include "program.h"
#include <stdlib.h>

typedef struct Trace {
    Session session;
    int image;      /* of the inputs, in hand */
    float **values; /* by tap: n_operands x C x H x W */
} Trace;

static size_t tap_floats(const RtTap *t) { return (size_t)t->c * (size_t)t->h * (size_t)t->w; }

static void keep_taps(void *arg, int step)
{
    const Trace *t = arg;
    for (int i = 0; i < t->session.plan->n_taps; i++) {
        const RtTap *tap = &t->session.plan->taps[i];
        if (tap->first == step)
            rt_read_tap(tap, t->session.arena,
                        t->values[i] + (size_t)t->image * tap_floats(tap));
    }
}

static bool allocate(Trace *t, const Program *p, float **x, float **y)
{
    const RtPlan *plan = t->session.plan;
    *x = calloc(session_image_floats(p->net), sizeof **x);
    *y = calloc((size_t)p->net->outputs, sizeof **y);
    t->values = calloc((size_t)plan->n_taps + 1, sizeof *t->values);
    bool good = *x && *y && t->values;
    for (int i = 0; i < plan->n_taps && good; i++) {
        size_t n = (size_t)p->options.n_operands * tap_floats(&plan->taps[i]);
        good = (t->values[i] = calloc(n, sizeof(float))) != NULL;
    }
    return good;
}

static RtStatus run(Trace *t, const Program *p, float *x, float *y)
{
    RtError err;
    const Session *s = &t->session;
    for (t->image = 0; t->image < p->options.n_operands; t->image++) {
        if (input_read(p->net, p->options.operands[t->image], x, &err))
            return program_fail(p, &err);
        rt_forward_tapped(p->net, s->weights, x, s->arena, s->pool, y, keep_taps, t);
    }
    return RT_OK;
}

static RtStatus write(const Trace *t, const Program *p)
{
    RtError err;
    int n = t->session.plan->n_taps;
    SafetensorsItem *items = calloc((size_t)n + 1, sizeof *items);
    uint64_t(*shape)[4] = calloc((size_t)n + 1, sizeof *shape);
    RtStatus status = items && shape ? RT_OK : program_error(p, RT_ERROR_FILE, "out of memory");
    for (int i = 0; i < n && !status; i++) {
        const RtTap *tap = &t->session.plan->taps[i];
        const uint64_t dims[4] = { (uint64_t)p->options.n_operands, (uint64_t)tap->c,
                                   (uint64_t)tap->h, (uint64_t)tap->w };
        for (int k = 0; k < 4; k++)
            shape[i][k] = dims[k];
        items[i] = (SafetensorsItem){ tap->name, SAFETENSORS_F32, 4, shape[i], t->values[i] };
    }
    if (!status && safetensors_write(p->options.output, items, n, NULL, 0, &err))
        status = program_fail(p, &err);
    free(shape);
    free(items);
    return status;
}

RtStatus command_trace(const Program *p)
{
    Trace t = { .image = 0 };
    RtTarget target;
    float *x = NULL, *y = NULL;
    if (!p->options.output)
        return program_error(p, RT_ERROR_USAGE, "'trace' needs -o FILE");
    RtStatus status = session_target(p, &target);
    if (!status)
        status = session_open(&t.session, p, target, session_threads(p), NULL);
    if (status)
        return status;
    int n = t.session.plan->n_taps;
    if (!allocate(&t, p, &x, &y))
        status = program_error(p, RT_ERROR_FILE, "out of memory for %d tensors", n);
    if (!status)
        status = run(&t, p, x, y);
    if (!status)
        status = write(&t, p);
    for (int i = 0; i < n && t.values; i++)
        free(t.values[i]);
    free(t.values);
    free(y);
    free(x);
    session_close(&t.session);
    return status;
}

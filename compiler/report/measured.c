#include "measured.h"
#include "../../formats/json.h"
#include "../../formats/map_file.h"
#include <string.h>

typedef struct Measured {
    Arena *arena;
    const char *path;
    const Layers *l;
    double *ms;         /* by place of the layer */
    int n;              /* steps so far */
    const char *target; /* what the file says; null: nothing */
    const char *wrong;  /* a sentence; null: none */
    JsonReader r;
} Measured;

static bool refuse(Measured *m, const char *why)
{
    m->wrong = m->wrong ? m->wrong : why;
    return false;
}

/* One of "layers". */
static bool take_step(Measured *m)
{
    JsonReader *r = &m->r;
    const char *name = NULL, *key;
    double seconds = -1;
    if (!json_take(r, '{'))
        return false;
    do {
        if (!json_take_string(r, &key) || !json_take(r, ':'))
            return false;
        bool good = strcmp(key, "layer") == 0 ? json_take_string(r, &name) : strcmp(key, "seconds") == 0 ? json_take_number(r, &seconds) : json_skip_value(r);
        if (!good)
            return false;
    } while (json_next_is(r, ','));
    if (!json_take(r, '}'))
        return false;
    const Plan *p = m->l->plan;
    if (!name || !(seconds >= 0))
        return refuse(m, "a step has no \"layer\" or no \"seconds\"");
    if (m->n >= p->steps.n || strcmp(p->steps.at[m->n]->name, name) != 0)
        return refuse(m, arena_printf(m->arena, "step %d is '%s' there and '%s' here", m->n, name, m->n < p->steps.n ? p->steps.at[m->n]->name : "none"));
    layers_share_step(m->l, m->n++, 1e3 * seconds, m->ms);
    return true;
}

static bool take_steps(Measured *m)
{
    if (!json_take(&m->r, '['))
        return false;
    do
        if (!take_step(m))
            return false;
    while (json_next_is(&m->r, ','));
    return json_take(&m->r, ']');
}

static bool take_all(Measured *m)
{
    const char *key;
    if (!json_take(&m->r, '{'))
        return false;
    do {
        if (!json_take_string(&m->r, &key) || !json_take(&m->r, ':'))
            return false;
        bool good = strcmp(key, "target") == 0 ? json_take_string(&m->r, &m->target) : strcmp(key, "layers") == 0 ? take_steps(m) : json_skip_value(&m->r);
        if (!good)
            return false;
    } while (json_next_is(&m->r, ','));
    if (!json_take(&m->r, '}'))
        return false;
    if (!m->n)
        return refuse(m, "it has no \"layers\": say bench --layers --json");
    return m->n == m->l->plan->steps.n || refuse(m, arena_printf(m->arena, "it has %d steps, the plan has %d", m->n, m->l->plan->steps.n));
}

static void report(const Measured *m)
{
    const Plan *p = m->l->plan;
    if (!m->wrong) {
        diag_error((Loc){ 0 }, "%s, byte %zu: %s", m->path, m->r.error_at, m->r.error);
        return;
    }
    diag_error((Loc){ 0 }, "%s: %s", m->path, m->wrong);
    diag_note((Loc){ 0 }, "this page is of target %s, numerics %s%s%s: measure a program of the same netdef and options", p->target->name, numerics_names[plan_numerics(p)],
              m->target ? ", the file of " : "", m->target ? m->target : "");
}

double *measured_read(Arena *a, const char *path, const Layers *l, int *code)
{
    RtError err = { 0 };
    const void *bytes;
    size_t size;
    if (map_file(path, &bytes, &size, &err) != RT_OK) {
        diag_error((Loc){ 0 }, "%s", err.message);
        *code = (int)err.status;
        return NULL;
    }
    Measured m = { .arena = a, .path = path, .l = l, .ms = ARENA_ARRAY(a, l->list.n + 1, double) };
    m.r = (JsonReader){ .text = bytes, .size = size, .strings = arena_alloc(a, size + 1) };
    bool good = take_all(&m);
    if (!good)
        report(&m);
    unmap_file(bytes, size);
    *code = good ? EXIT_OK : EXIT_INPUT;
    return good ? m.ms : NULL;
}

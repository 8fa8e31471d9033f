#include "checkpoint_meta.h"
#include "../../formats/json.h"
#include "../core/network.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing ---- */

/* The class names as a JSON list; to be freed.  Null when out of memory. */
static char *list_text(const char *const *names, int n)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    fputc('[', f);
    for (int i = 0; i < n; i++) {
        if (i)
            fputc(',', f);
        json_write_string(f, names[i]);
    }
    fputc(']', f);
    int bad = ferror(f);
    if (!fclose(f) && !bad)
        return text;
    free(text);
    return NULL;
}

static void add(CheckpointMeta *m, const char *key, const char *value) { m->rows[m->n++] = (SafetensorsMeta){ key, value }; }

static void add_number(CheckpointMeta *m, const char *key, int64_t v)
{
    snprintf(m->numbers[m->n], CHECKPOINT_NUMBER, "%" PRId64, v);
    add(m, key, m->numbers[m->n]);
}

RtStatus checkpoint_meta_make(CheckpointMeta *m, const RtNetwork *net, const CheckpointState *s, RtError *err)
{
    *m = (CheckpointMeta){ .classes = list_text(s->classes, s->classes ? s->n_classes : 0) };
    if (!m->classes)
        return rt_error(err, RT_ERROR_FILE, "out of memory for the names of %d classes", s->n_classes);
    add(m, "format", "pt");
    add(m, "network", net->name);
    network_structure_text(net, m->numbers[m->n]);
    add(m, "structure", m->numbers[m->n]);
    add_number(m, "epoch", s->epoch);
    add_number(m, "position", s->position);
    add_number(m, "step", s->step);
    snprintf(m->numbers[m->n], CHECKPOINT_NUMBER, "%" PRIu64, s->seed);
    add(m, "seed", m->numbers[m->n]);
    snprintf(m->numbers[m->n], CHECKPOINT_NUMBER, "%.17g", s->best);
    add(m, "best", m->numbers[m->n]);
    add_number(m, "best_epoch", s->best_epoch);
    add(m, "arguments", s->arguments ? s->arguments : "");
    add(m, "classes", m->classes);
    return RT_OK;
}

void checkpoint_meta_release(CheckpointMeta *m)
{
    free(m->classes);
    m->classes = NULL;
}

/* ---- Reading ---- */

static RtStatus bad_value(const SafetensorsFile *f, const char *key, const char *value, const char *wanted, RtError *err)
{
    return rt_error(err, RT_ERROR_INPUT, "%s: no checkpoint of a training: its metadata have %s%.60s%s for \"%s\"; expected %s", f->path,
                    value ? "'" : "", value ? value : "nothing", value ? "'" : "", key, wanted);
}

static RtStatus read_u64(const SafetensorsFile *f, const char *key, uint64_t most, uint64_t *out, RtError *err)
{
    const char *value = safetensors_meta(f, key);
    char *end = NULL;
    errno = 0;
    *out = value ? strtoull(value, &end, 10) : 0;
    if (!value || *value < '0' || *value > '9' || *end || errno || *out > most)
        return bad_value(f, key, value, "a whole number", err);
    return RT_OK;
}

static RtStatus read_count(const SafetensorsFile *f, const char *key, int64_t *out, RtError *err)
{
    uint64_t v;
    RtStatus status = read_u64(f, key, INT64_MAX, &v, err);
    *out = (int64_t)v;
    return status;
}

static RtStatus read_best(const SafetensorsFile *f, double *out, RtError *err)
{
    const char *value = safetensors_meta(f, "best");
    char *end = NULL;
    *out = value ? strtod(value, &end) : 0;
    return !value || end == value || *end ? bad_value(f, "best", value, "a number", err) : RT_OK;
}

/* Names into `names`, which has room for as many as the text has quotes; their bytes into j->strings. */
static bool take_names(JsonReader *j, const char **names, int *n)
{
    if (!json_take(j, '['))
        return false;
    if (json_next_is(j, ']'))
        return true;
    do
        if (!json_take_string(j, &names[(*n)++]))
            return false;
    while (json_next_is(j, ','));
    return json_take(j, ']');
}

/* One piece of memory: pointers, then the names, then the arguments. */
static RtStatus read_texts(const SafetensorsFile *f, CheckpointState *s, RtError *err)
{
    const char *list = safetensors_meta(f, "classes"), *arguments = safetensors_meta(f, "arguments");
    if (!list || !arguments)
        return bad_value(f, list ? "arguments" : "classes", NULL, "a text", err);
    size_t size = strlen(list), pointers = (size / 2 + 1) * sizeof(char *);
    char *memory = s->memory = malloc(pointers + size + 1 + strlen(arguments) + 1);
    if (!memory)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for its metadata", f->path);
    const char **names = (const char **)(void *)memory;
    JsonReader j = { .text = (const uint8_t *)list, .size = size, .strings = memory + pointers };
    if (!take_names(&j, names, &s->n_classes) || j.at != size) {
        checkpoint_release(s);
        return bad_value(f, "classes", list, "a list of texts", err);
    }
    s->classes = names;
    s->arguments = strcpy(memory + pointers + size + 1, arguments);
    return RT_OK;
}

RtStatus checkpoint_meta_read(const SafetensorsFile *f, CheckpointState *s, RtError *err)
{
    *s = (CheckpointState){ 0 };
    const struct { const char *key; int64_t *out; } counts[] = {
        { "epoch", &s->epoch }, { "position", &s->position }, { "step", &s->step }, { "best_epoch", &s->best_epoch },
    };
    RtStatus status = read_u64(f, "seed", UINT64_MAX, &s->seed, err);
    for (size_t i = 0; i < sizeof counts / sizeof *counts && !status; i++)
        status = read_count(f, counts[i].key, counts[i].out, err);
    if (!status)
        status = read_best(f, &s->best, err);
    return status ? status : read_texts(f, s, err);
}

void checkpoint_release(CheckpointState *s)
{
    free(s->memory);
    *s = (CheckpointState){ 0 };
}

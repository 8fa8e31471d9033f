/* load.c - weights from a file: every name and shape is checked before anything is packed. */
#include "../../formats/map_file.h"
#include "../../formats/safetensors.h"
#include "network.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 5 };

/* The tensors of a network in a file, and their values as float32. */
typedef struct Source {
    const RtNetwork *net;
    SafetensorsFile file;
    const SafetensorsTensor **tensor; /* by row of the weights table; null: missing */
    const float **raw;
    float **converted; /* owned; null where the file's bytes are used in place */
    RtError *err;
} Source;

static int shape_differs(const RtWeight *w, const SafetensorsTensor *t)
{
    int differs = w->rank != t->rank;
    for (int i = 0; i < w->rank && !differs; i++)
        differs = t->shape[i] != (uint64_t)w->dim[i];
    return differs;
}

static RtStatus report_missing(Source *s, int missing)
{
    const RtNetwork *net = s->net;
    char names[600];
    size_t used = 0;
    int shown = 0;
    names[0] = 0;
    for (int i = 0; i < net->n_weights && shown < NAMES_SHOWN; i++)
        if (!s->tensor[i])
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.100s",
                                     shown++ ? ", " : "", net->weights[i].name);
    int matched = net->n_weights - missing;
    return rt_error(
        s->err, RT_ERROR_INPUT, "%s: %d of %d weights of network '%s' are missing: %s%s%s",
        s->file.path, missing, net->n_weights, net->name, names, missing > shown ? ", ..." : "",
        matched * 2 >= net->n_weights ? ""
        : matched
            ? "\nfew names match: this looks like the weights of another network"
            : "\nno name matches: these are the weights of another network, or under other names");
}

static RtStatus report_shape(Source *s, const RtWeight *w, const SafetensorsTensor *t)
{
    uint64_t dims[4];
    char want[128], have[128];
    for (int i = 0; i < w->rank; i++)
        dims[i] = (uint64_t)w->dim[i];
    return rt_error(s->err, RT_ERROR_INPUT,
                    "%s: byte %zu: tensor '%s' is %s, but network '%s' needs %s", s->file.path,
                    t->at, w->name, safetensors_shape_text(t->rank, t->shape, have, sizeof have),
                    s->net->name, safetensors_shape_text(w->rank, dims, want, sizeof want));
}

static RtStatus match(Source *s)
{
    int missing = 0;
    for (int i = 0; i < s->net->n_weights; i++) {
        s->tensor[i] = safetensors_find(&s->file, s->net->weights[i].name);
        missing += !s->tensor[i];
    }
    if (missing)
        return report_missing(s, missing);
    for (int i = 0; i < s->net->n_weights; i++)
        if (shape_differs(&s->net->weights[i], s->tensor[i]))
            return report_shape(s, &s->net->weights[i], s->tensor[i]);
    return RT_OK;
}

/* A file that says for which layers it was made must have been made for these. */
static RtStatus check_structure(Source *s)
{
    char ours[20];
    const char *theirs = safetensors_meta(&s->file, "structure"),
               *made_for = safetensors_meta(&s->file, "network");
    network_structure_text(s->net, ours);
    if (!theirs || strcmp(theirs, ours) == 0)
        return RT_OK;
    return rt_error(s->err, RT_ERROR_INPUT,
                    "%s: made for other layers than those of '%s' (for network '%.60s'), though names "
                    "and shapes are the same\n'inceptc weights diff %s %s.net' lists the differences; "
                    "'inceptc weights import' makes them this network's",
                    s->file.path, s->net->name, made_for ? made_for : "?", s->file.path, s->net->name);
}

static RtStatus out_of_memory(Source *s)
{
    return rt_error(s->err, RT_ERROR_FILE, "%s: out of memory for %d tensors", s->file.path,
                    s->net->n_weights);
}

/* Float32 that lies on a multiple of 4 is used where it is. */
static RtStatus convert(Source *s)
{
    for (int i = 0; i < s->net->n_weights; i++) {
        const SafetensorsTensor *t = s->tensor[i];
        if (t->dtype == SAFETENSORS_F32 && (uintptr_t)t->data % sizeof(float) == 0) {
            s->raw[i] = t->data;
            continue;
        }
        s->converted[i] = malloc(t->count ? t->count * sizeof(float) : 1);
        if (!s->converted[i])
            return out_of_memory(s);
        RtStatus status = safetensors_to_f32(&s->file, t, s->converted[i], s->err);
        if (status)
            return status;
        s->raw[i] = s->converted[i];
    }
    return RT_OK;
}

static void release(Source *s)
{
    for (int i = 0; s->converted && i < s->net->n_weights; i++)
        free(s->converted[i]);
    free(s->converted);
    free(s->raw);
    free(s->tensor);
    safetensors_close(&s->file);
}

static RtStatus check_target(const RtNetwork *net, RtTarget target, RtError *err)
{
    if (rt_plan(net, target))
        return RT_OK;
    return rt_error(err, RT_ERROR_USAGE, "network '%s' was compiled without target %s", net->name,
                    rt_target_name(target));
}

/* Of an open file, which it closes. */
static RtStatus load(Source *s, RtTarget target, RtPool *pool, void *weights)
{
    size_t n = (size_t)s->net->n_weights + 1;
    s->tensor = calloc(n, sizeof *s->tensor);
    s->raw = calloc(n, sizeof *s->raw);
    s->converted = calloc(n, sizeof *s->converted);
    RtStatus status = s->tensor && s->raw && s->converted ? match(s) : out_of_memory(s);
    if (!status)
        status = check_structure(s);
    if (!status)
        status = convert(s);
    if (!status)
        network_pack(s->net, target, s->raw, s->file.mapped ? &(Mapping){ s->file.bytes, s->file.size } : NULL, pool, weights);
    release(s);
    return status;
}

static RtStatus copy_packed(const RtNetwork *net, RtTarget target, const char *name, const void *bytes, size_t size,
                            RtPool *pool, void *weights, RtError *err)
{
    RtStatus status = packed_check(net, target, name, bytes, size, pool, err);
    if (!status)
        memcpy(weights, bytes, size);
    return status;
}

RtStatus rt_load(const RtNetwork *net, RtTarget target, const char *path, RtPool *pool, void *weights,
                 RtError *err)
{
    Source s = { .net = net, .err = err };
    RtStatus status = check_target(net, target, err);
    if (!status && rt_is_packed(path)) {
        const void *bytes;
        size_t size;
        if ((status = map_file(path, &bytes, &size, err)))
            return status;
        status = copy_packed(net, target, path, bytes, size, pool, weights, err);
        unmap_file(bytes, size);
        return status;
    }
    if (!status)
        status = safetensors_open(&s.file, path, err);
    return status ? status : load(&s, target, pool, weights);
}

RtStatus rt_load_bytes(const RtNetwork *net, RtTarget target, const char *name, const void *bytes,
                       size_t size, RtPool *pool, void *weights, RtError *err)
{
    Source s = { .net = net, .err = err };
    RtStatus status = check_target(net, target, err);
    if (!status && packed_is(bytes, size))
        return copy_packed(net, target, name, bytes, size, pool, weights, err);
    if (!status)
        status = safetensors_parse(&s.file, name, bytes, size, err);
    return status ? status : load(&s, target, pool, weights);
}

/* ---- Initialised weights ---- */

static void free_values(const RtNetwork *net, float **values)
{
    for (int i = 0; values && i < net->n_weights; i++)
        free(values[i]);
    free(values);
}

/* An array of n_weights arrays; null when out of memory. */
static float **make_values(const RtNetwork *net, uint64_t seed)
{
    float **values = calloc((size_t)net->n_weights + 1, sizeof *values);
    for (int i = 0; values && i < net->n_weights; i++) {
        values[i] = malloc((network_weight_count(&net->weights[i]) + 1) * sizeof(float));
        if (!values[i]) {
            free_values(net, values);
            return NULL;
        }
        rt_init_weight(&net->weights[i], seed, values[i]);
    }
    return values;
}

RtStatus rt_load_initial(const RtNetwork *net, RtTarget target, uint64_t seed, RtPool *pool, void *weights,
                         RtError *err)
{
    RtStatus status = check_target(net, target, err);
    if (status)
        return status;
    float **values = make_values(net, seed);
    if (!values)
        return rt_error(err, RT_ERROR_FILE, "out of memory for the weights of network '%s'",
                        net->name);
    rt_pack(net, target, (const float *const *)values, pool, weights);
    free_values(net, values);
    return RT_OK;
}

RtStatus rt_init_file(const RtNetwork *net, uint64_t seed, const char *path, RtError *err)
{
    size_t n = (size_t)net->n_weights + 1;
    float **values = make_values(net, seed);
    SafetensorsItem *items = calloc(n, sizeof *items);
    uint64_t(*shapes)[4] = calloc(n, sizeof *shapes);
    char text[24], structure[20];
    snprintf(text, sizeof text, "%" PRIu64, seed);
    network_structure_text(net, structure);
    const SafetensorsMeta meta[] = { { "format", "pt" },
                                     { "network", net->name },
                                     { "seed", text },
                                     { "structure", structure } };
    RtStatus status;
    if (values && items && shapes) {
        for (int i = 0; i < net->n_weights; i++) {
            const RtWeight *w = &net->weights[i];
            for (int k = 0; k < w->rank; k++)
                shapes[i][k] = (uint64_t)w->dim[k];
            items[i] = (SafetensorsItem){ w->name, SAFETENSORS_F32, w->rank, shapes[i], values[i] };
        }
        status = safetensors_write(path, items, net->n_weights, meta, 4, err);
    } else {
        status = rt_error(err, RT_ERROR_FILE, "out of memory for the weights of network '%s'",
                          net->name);
    }
    free(shapes);
    free(items);
    free_values(net, values);
    return status;
}

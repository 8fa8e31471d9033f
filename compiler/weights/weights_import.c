/* inceptc weights import and init: files of weights to one safetensors file, for a network when --for names it. */
#include "../interp.h"
#include "weights.h"
#include <stdlib.h>
#include <string.h>

/* ---- Writing what a plan says ---- */

static RtStatus values_of(const LoadRow *r, uint64_t seed, void **owned, SafetensorsItem *item, RtError *err)
{
    if (load_in_place(r)) {
        item->data = r->entry->data;
        return RT_OK;
    }
    float *values = malloc(((size_t)shape_elems(&r->weight->shape) + 1) * sizeof *values);
    *owned = values;
    item->data = values;
    if (!values)
        return rt_error(err, RT_ERROR_FILE, "out of memory for '%s'", r->weight->name);
    if (r->entry || r->ones)
        return load_values(r, values, err);
    interp_init_weight(r->weight, seed, values);
    return RT_OK;
}

int weights_write_plan(const Options *o, const LoadPlan *p, const char *path)
{
    Graph *g = p->graph;
    RtError err = { 0 };
    RtStatus s = RT_OK;
    SafetensorsItem *items = ARENA_ARRAY(g->arena, p->n + 1, SafetensorsItem);
    void **owned = ARENA_ARRAY(g->arena, p->n + 1, void *);
    for (int i = 0; i < p->n && s == RT_OK; i++) {
        const Shape *shape = &p->rows[i].weight->shape;
        uint64_t *dim = ARENA_ARRAY(g->arena, 4, uint64_t);
        for (int k = 0; k < shape->rank; k++)
            dim[k] = (uint64_t)shape->dim[k];
        items[i] = (SafetensorsItem){ p->rows[i].weight->name, SAFETENSORS_F32, shape->rank, dim, NULL };
        s = values_of(&p->rows[i], o->seed, &owned[i], &items[i], &err);
    }
    const SafetensorsMeta meta[] = { { "format", "pt" },
                                     { "network", g->name },
                                     { "structure", p->structure },
                                     { "layers", p->layers } };
    if (s == RT_OK)
        s = safetensors_write(path, items, p->n, meta, 4, &err);
    for (int i = 0; i < p->n; i++)
        free(owned[i]);
    return s == RT_OK ? EXIT_OK : driver_fail(&err);
}

/* ---- Without a network: every tensor as it is ---- */

typedef struct Merge {
    Arena *a;
    SafetensorsItem *items;
    void **owned; /* of strided tensors: their values in C order */
    int n;
    LIST(SafetensorsMeta) meta;
} Merge;

/* Of files[k]: the keys that no file before it has. */
static void add_meta(Merge *m, const TensorFile *files, int k)
{
    for (int i = 0; i < files[k].n_meta; i++) {
        bool there = false;
        for (int j = 0; j < k && !there; j++)
            there = tensor_file_meta(&files[j], files[k].meta[i].key) != NULL;
        if (!there)
            LIST_PUSH(m->a, &m->meta, files[k].meta[i]);
    }
}

static RtStatus add_entry(Merge *m, const TensorFile *f, const TensorEntry *e, RtError *err)
{
    int at = m->n++;
    m->items[at] = (SafetensorsItem){ e->name, e->dtype, e->rank, e->shape, e->data };
    if (!e->stride)
        return RT_OK;
    m->items[at].data = m->owned[at] = malloc(e->count * (uint64_t)safetensors_dtype_bits(e->dtype) / 8 + 1);
    if (!m->owned[at])
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for tensor '%s'", f->path, e->name);
    tensor_entry_copy(e, m->owned[at]);
    return RT_OK;
}

static RtStatus write_merged(const Merge *m, const char *path, RtError *err)
{
    const SafetensorsMeta torch = { "format", "pt" };
    return safetensors_write(path, m->items, m->n, m->meta.n ? m->meta.at : &torch, m->meta.n ? m->meta.n : 1, err);
}

static int convert(const Options *o, Arena *a, const TensorFile *files, int n)
{
    int n_items = 0;
    for (int i = 0; i < n; i++)
        n_items += files[i].n_entries;
    Merge m = { .a = a, .items = ARENA_ARRAY(a, n_items + 1, SafetensorsItem), .owned = ARENA_ARRAY(a, n_items + 1, void *) };
    RtError err = { 0 };
    RtStatus s = RT_OK;
    for (int i = 0; i < n; i++) {
        add_meta(&m, files, i);
        for (int k = 0; k < files[i].n_entries && s == RT_OK; k++)
            s = add_entry(&m, &files[i], &files[i].entries[k], &err);
    }
    if (s == RT_OK)
        s = write_merged(&m, o->output, &err);
    for (int i = 0; i < m.n; i++)
        free(m.owned[i]);
    if (s != RT_OK)
        return driver_fail(&err);
    printf("%s: %d tensors\n", o->output, m.n);
    return EXIT_OK;
}

/* ---- For a network ---- */

static int import_for(const Options *o, Arena *a, Graph *g, const TensorFile *files, int n)
{
    LoadOptions lo = { files, n, NULL, o->partial, o->inference };
    int code = weights_map(o, a, &lo.map);
    if (code)
        return code;
    LoadPlan p = load_plan(g, &lo);
    if (o->json)
        load_print_json(&p, stdout);
    else if (!p.problems.n)
        load_print(&p, stdout);
    if (!p.problems.n)
        return weights_write_plan(o, &p, o->output);
    load_print_problems(&p, &lo);
    return EXIT_INPUT;
}

/* The file of `weights "F"`, from the netdef's folder. */
static const char *file_of_net(Arena *a, const Graph *g)
{
    const char *slash = strrchr(g->source, '/');
    if (!g->weights_file || g->weights_file[0] == '/' || !slash)
        return g->weights_file;
    return arena_printf(a, "%.*s%s", (int)(slash + 1 - g->source), g->source, g->weights_file);
}

/* Why it cannot begin; null when it can. */
static const char *import_misuse(const Options *o, const Graph *g, int n)
{
    if (o->names && !g)
        return "--names needs --for NET.net: names and axes are mapped to a network's";
    if (n)
        return NULL;
    return g ? "there is no file, and the netdef names none with 'weights \"FILE\"'" : "there is no file";
}

int weights_import(const Options *o, Arena *a, const char **operands, int n)
{
    int code = EXIT_OK;
    Graph *g = o->for_net ? weights_net(o, a, o->for_net, &code) : NULL;
    if (code)
        return code;
    const char *named = g && !n ? file_of_net(a, g) : NULL;
    if (named)
        operands = &named, n = 1;
    const char *misuse = import_misuse(o, g, n);
    if (misuse) {
        diag_error((Loc){ 0 }, "weights import: %s", misuse);
        return EXIT_USAGE;
    }
    TensorFile *files = weights_open(a, operands, n, &code);
    if (!files)
        return code;
    code = g ? import_for(o, a, g, files, n) : convert(o, a, files, n);
    weights_close(files, n);
    return code;
}

int weights_init(const Options *o, Arena *a, const char **operands, int n)
{
    int code = EXIT_OK;
    (void)n;
    Graph *g = weights_net(o, a, operands[0], &code);
    if (!g)
        return code;
    LoadOptions lo = { NULL, 0, NULL, true, o->inference };
    LoadPlan p = load_plan(g, &lo);
    code = weights_write_plan(o, &p, o->output);
    if (!code)
        printf("%s: %d initialised weights of %s, seed %llu\n", o->output, p.n, g->name, (unsigned long long)o->seed);
    return code;
}

#include "reference.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Opening ---- */

static RtStatus open_file(Reference *r, Arena *a, const char *path, RtError *err)
{
    TensorFile *f = ARENA_NEW(a, TensorFile);
    RtStatus s = tensor_file_open(f, path, err);
    if (s == RT_OK)
        LIST_PUSH(a, &r->files, f);
    return s;
}

static int is_array(const struct dirent *d) { return text_ends_with(d->d_name, ".npy"); }

static RtStatus open_folder(Reference *r, Arena *a, const char *path, RtError *err)
{
    struct dirent **list;
    int n = scandir(path, &list, is_array, alphasort);
    if (n < 0)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read the folder: %s", path, strerror(errno));
    RtStatus s = RT_OK;
    for (int i = 0; i < n; i++) {
        if (s == RT_OK)
            s = open_file(r, a, arena_printf(a, "%s/%s", path, list[i]->d_name), err);
        free(list[i]);
    }
    free(list);
    return s;
}

/* ---- Names ---- */

static const char suffix[] = ".sampled";

static RtStatus unknown_name(const Graph *g, const char *path, const char *name, RtError *err)
{
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < g->tensors.n; i++)
        nearest_try(&near, g->tensors.at[i]->name);
    const char *best = nearest_result(&near);
    if (best)
        return rt_error(err, RT_ERROR_INPUT, "%s: network '%s' has no tensor '%s'; did you mean '%s'?", path, g->name, name, best);
    return rt_error(err, RT_ERROR_INPUT, "%s: network '%s' has no tensor '%s'; 'inceptc NET --dump=graph' lists them", path,
                    g->name, name);
}

static RtStatus add_array(Reference *r, const Graph *g, const TensorFile *f, const TensorEntry *e, RtError *err)
{
    if (strcmp(e->name, "input") == 0) {
        r->input_file = f;
        r->input = e;
        return RT_OK;
    }
    RefArray array = { graph_find(g, e->name), false, f, e };
    const char *name = e->name;
    if (!array.tensor && text_ends_with(name, suffix)) {
        array.sampled = true;
        name = arena_strndup(g->arena, name, strlen(name) - strlen(suffix));
        array.tensor = graph_find(g, name);
    }
    if (!array.tensor)
        return unknown_name(g, f->path, name, err);
    LIST_PUSH(g->arena, &r->arrays, array);
    return RT_OK;
}

RtStatus reference_open(Reference *r, const Graph *g, const char *path, RtError *err)
{
    struct stat st;
    *r = (Reference){ .path = path };
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    RtStatus s = folder ? open_folder(r, g->arena, path, err) : open_file(r, g->arena, path, err);
    for (int i = 0; i < r->files.n && s == RT_OK; i++)
        for (int k = 0; k < r->files.at[i]->n_entries && s == RT_OK; k++)
            s = add_array(r, g, r->files.at[i], &r->files.at[i]->entries[k], err);
    if (s == RT_OK && r->arrays.n == 0)
        s = rt_error(err, RT_ERROR_INPUT, "%s: no array to compare with", path);
    if (s != RT_OK)
        reference_close(r);
    return s;
}

void reference_close(Reference *r)
{
    for (int i = 0; i < r->files.n; i++)
        tensor_file_close(r->files.at[i]);
    *r = (Reference){ 0 };
}

/* ---- Values ---- */

RtStatus reference_values(const TensorFile *f, const TensorEntry *e, double **out, RtError *err)
{
    double *values = malloc((size_t)e->count * sizeof *values + 1);
    float *narrow = malloc((size_t)e->count * sizeof *narrow + 1);
    RtStatus s = values && narrow ? RT_OK : rt_error(err, RT_ERROR_FILE, "%s: out of memory for '%s'", f->path, e->name);
    if (s == RT_OK && e->dtype == SAFETENSORS_F64)
        tensor_entry_copy(e, values);
    else if (s == RT_OK)
        s = tensor_entry_to_f32(f, e, narrow, err);
    for (uint64_t i = 0; s == RT_OK && e->dtype != SAFETENSORS_F64 && i < e->count; i++)
        values[i] = narrow[i];
    free(narrow);
    if (s != RT_OK)
        free(values);
    *out = s == RT_OK ? values : NULL;
    return s;
}

bool reference_fits(const RefArray *r, int n)
{
    const Shape *s = &r->tensor->shape;
    uint64_t dim[5] = { s->batched ? (uint64_t)n : 1 }, elems = dim[0] * (uint64_t)shape_elems(s);
    if (r->sampled)
        return r->entry->rank == 1 && r->entry->count > 0 && r->entry->count <= elems;
    for (int i = 0; i < s->rank; i++)
        dim[i + 1] = (uint64_t)s->dim[i];
    int at = 0;
    for (int i = 0; i < r->entry->rank; i++) {
        while (at <= s->rank && dim[at] == 1)
            at++;
        if (r->entry->shape[i] == 1)
            continue;
        if (at > s->rank || r->entry->shape[i] != dim[at++])
            return false;
    }
    return r->entry->count == elems;
}

/* tensor_file.c - which format it is, and what all formats have in common. */
#include "map_file.h"
#include "tensor_read.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- For the readers ---- */

bool tensor_broken(const TensorFile *f, RtError *err, uint64_t byte, const char *fmt, ...)
{
    char what[768];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    rt_error(err, RT_ERROR_INPUT, "%s: byte %" PRIu64 ": %s", f->path, byte, what);
    return false;
}

bool tensor_no_memory(const TensorFile *f, RtError *err)
{
    rt_error(err, RT_ERROR_FILE, "%s: out of memory for the description of its tensors", f->path);
    return false;
}

char *tensor_text(TensorFile *f, const void *bytes, size_t n)
{
    char *s = room_take(&f->room, n + 1, 1);
    if (s && n)
        memcpy(s, bytes, n);
    return s;
}

/* ---- Formats ---- */

static bool read_safetensors(TensorFile *f, RtError *err)
{
    SafetensorsFile *s = &f->safetensors;
    if (safetensors_parse(s, f->path, f->bytes, f->size, err))
        return false;
    f->entries = room_take(&f->room, (size_t)s->n_tensors + 1, sizeof *f->entries);
    if (!f->entries)
        return tensor_no_memory(f, err);
    for (int i = 0; i < s->n_tensors; i++) {
        const SafetensorsTensor *t = &s->tensors[i];
        f->entries[i] = (TensorEntry){ .name = t->name, .dtype = t->dtype, .rank = t->rank,
                                       .shape = t->shape, .count = t->count, .data = t->data,
                                       .at = t->at };
    }
    f->n_entries = s->n_tensors;
    f->meta = s->meta;
    f->n_meta = s->n_meta;
    return true;
}

static bool begins(const TensorFile *f, size_t at, const char *mark, size_t n)
{
    return f->size >= at + n && memcmp(f->bytes + at, mark, n) == 0;
}

static const struct {
    const char *name;
    bool (*read)(TensorFile *f, RtError *err);
} formats[] = {
    [TENSORS_SAFETENSORS] = { "safetensors", read_safetensors },
    [TENSORS_NPY] = { "NumPy array", tensor_read_npy },
};

const char *tensor_format_name(TensorFormat f) { return formats[f].name; }

static TensorFormat recognise(const TensorFile *f)
{
    return begins(f, 0, "\x93NUMPY", 6) ? TENSORS_NPY : TENSORS_SAFETENSORS;
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const TensorEntry *)a)->name, ((const TensorEntry *)b)->name);
}

/* By name, and every name once. */
static bool sort_entries(TensorFile *f, RtError *err)
{
    if (f->n_entries)
        qsort(f->entries, (size_t)f->n_entries, sizeof *f->entries, compare_entries);
    for (int i = 1; i < f->n_entries; i++)
        if (strcmp(f->entries[i - 1].name, f->entries[i].name) == 0)
            return tensor_broken(f, err, f->entries[i].at, "tensor '%.*s' twice, also at byte %" PRIu64,
                                 SAFETENSORS_NAME_SHOWN, f->entries[i].name, f->entries[i - 1].at);
    return true;
}

RtStatus tensor_file_parse(TensorFile *f, const char *path, const void *bytes, size_t size,
                           RtError *err)
{
    RtError local;
    if (!err)
        err = &local;
    *f = (TensorFile){ .path = path, .bytes = bytes, .size = size };
    f->format = recognise(f);
    if (formats[f->format].read(f, err) && sort_entries(f, err))
        return RT_OK;
    tensor_file_close(f);
    return err->status;
}

RtStatus tensor_file_open(TensorFile *f, const char *path, RtError *err)
{
    const void *bytes;
    size_t size;
    *f = (TensorFile){ .path = path };
    RtStatus status = map_file(path, &bytes, &size, err);
    if (status == RT_OK && (status = tensor_file_parse(f, path, bytes, size, err)) != RT_OK)
        unmap_file(bytes, size);
    else
        f->mapped = status == RT_OK;
    return status;
}

void tensor_file_close(TensorFile *f)
{
    safetensors_close(&f->safetensors);
    room_release(&f->room);
    if (f->mapped)
        unmap_file(f->bytes, f->size);
    *f = (TensorFile){ 0 };
}

static int name_against(const void *name, const void *e)
{
    return strcmp(name, ((const TensorEntry *)e)->name);
}

const TensorEntry *tensor_file_find(const TensorFile *f, const char *name)
{
    size_t n = (size_t)f->n_entries;
    return n ? bsearch(name, f->entries, n, sizeof *f->entries, name_against) : NULL;
}

/* npz.c - NumPy's arrays as tensors: one array alone. */
#include "npy.h"
#include "tensor_read.h"
#include <string.h>

static const SafetensorsDtype dtypes[] = {
#define X(name, descr, bytes) [NPY_##name] = SAFETENSORS_##name,
    NPY_TYPES(X)
#undef X
};

/* Of an array whose first index is the fastest. */
static bool set_fortran_strides(TensorFile *f, TensorEntry *e)
{
    int64_t *stride = room_take(&f->room, (size_t)e->rank, sizeof *stride), step = 1;
    if (!stride)
        return false;
    for (int i = 0; i < e->rank; i++) {
        stride[i] = step;
        step *= (int64_t)e->shape[i];
    }
    e->stride = stride;
    return true;
}

static bool fill(TensorFile *f, TensorEntry *e, const NpyView *v, RtError *err)
{
    uint64_t *shape = room_take(&f->room, (size_t)v->rank + 1, sizeof *shape);
    if (!shape || !e->name)
        return tensor_no_memory(f, err);
    for (int i = 0; i < v->rank; i++)
        shape[i] = v->shape[i];
    e->dtype = dtypes[v->type];
    e->rank = v->rank;
    e->shape = shape;
    e->count = v->count;
    e->data = v->data;
    return !v->fortran || v->rank < 2 || v->count == 0 || set_fortran_strides(f, e) ||
           tensor_no_memory(f, err);
}

/* The base name of the path, without .npy. */
static char *name_of_file(TensorFile *f)
{
    const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;
    size_t n = strlen(base);
    return tensor_text(f, base, n > 4 && strcmp(base + n - 4, ".npy") == 0 ? n - 4 : n);
}

bool tensor_read_npy(TensorFile *f, RtError *err)
{
    NpyView v;
    if (npy_view(f->path, NULL, 0, f->bytes, f->size, &v, err))
        return false;
    f->entries = room_take(&f->room, 1, sizeof *f->entries);
    if (!f->entries)
        return tensor_no_memory(f, err);
    f->n_entries = 1;
    f->entries[0].name = name_of_file(f);
    return fill(f, &f->entries[0], &v, err);
}

/* npz.c - NumPy's arrays as tensors: one alone, or an archive of them. */
#include "broken.h"
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
        return file_no_memory(err, f->path);
    for (int i = 0; i < v->rank; i++)
        shape[i] = v->shape[i];
    e->dtype = dtypes[v->type];
    e->rank = v->rank;
    e->shape = shape;
    e->count = v->count;
    e->data = v->data;
    return !v->fortran || v->rank < 2 || v->count == 0 || set_fortran_strides(f, e) ||
           file_no_memory(err, f->path);
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
        return file_no_memory(err, f->path);
    f->n_entries = 1;
    f->entries[0].name = name_of_file(f);
    return fill(f, &f->entries[0], &v, err);
}

static bool read_entry(TensorFile *f, const ZipEntry *z, TensorEntry *e, RtError *err)
{
    NpyView v;
    size_t n = strlen(z->name);
    if (n < 5 || strcmp(z->name + n - 4, ".npy") != 0)
        return file_broken(err, f->path, z->listed_at,
                           "entry '%.*s' is no array (.npy), and no entry is PyTorch's 'NAME/data.pkl'",
                           SAFETENSORS_NAME_SHOWN, z->name);
    if (npy_view(f->path, z->name, z->data_at, z->data, z->size, &v, err))
        return false;
    e->name = tensor_text(f, z->name, n - 4);
    e->at = z->data_at;
    return fill(f, e, &v, err);
}

bool tensor_read_npz(TensorFile *f, const Zip *z, RtError *err)
{
    f->entries = room_take(&f->room, z->n + 1, sizeof *f->entries);
    if (!f->entries)
        return file_no_memory(err, f->path);
    for (size_t i = 0; i < z->n; i++)
        if (!read_entry(f, &z->entries[i], &f->entries[f->n_entries++], err))
            return false;
    return true;
}

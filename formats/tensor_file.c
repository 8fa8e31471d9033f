/* tensor_file.c - which format it is, and what all formats have in common. */
#include "map_file.h"
#include "torch_read.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- For the readers ---- */

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
        return file_no_memory(err, f->path);
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

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* An archive is PyTorch's when it holds a data.pkl, else NumPy's: then every entry is an array. */
static bool read_zip(TensorFile *f, RtError *err)
{
    Zip z;
    if (zip_read(&z, &f->room, f->path, f->bytes, f->size, err) || zip_check(&z, err))
        return false;
    f->format = TENSORS_NPZ;
    for (size_t i = 0; i < z.n; i++)
        if (ends_with(z.entries[i].name, "/data.pkl"))
            f->format = TENSORS_TORCH_ZIP;
    return f->format == TENSORS_NPZ ? tensor_read_npz(f, &z, err) : tensor_read_torch_zip(f, &z, err);
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
    [TENSORS_TORCH_ZIP] = { "PyTorch zip", read_zip },
    [TENSORS_TORCH_LEGACY] = { "PyTorch legacy", tensor_read_torch_legacy },
    [TENSORS_NPZ] = { "NumPy archive", read_zip },
    [TENSORS_NPY] = { "NumPy array", tensor_read_npy },
};
const char *tensor_format_name(TensorFormat f) { return formats[f].name; }

/* What people try to open, and what they can do instead. */
static const struct {
    size_t at, n;
    const char *mark, *what;
} foreign[] = {
    { 0, 8, "\x89HDF\r\n\x1a\n", "an HDF5 file (Keras .h5): convert it with tools/to_safetensors.py" },
    { 0, 2, "\x1f\x8b", "compressed by gzip: unpack it first" },
    { 0, 12, "version http", "a text that stands for a file kept elsewhere: git lfs pull fetches it" },
    { 0, 4, "GGUF", "a GGUF file: save the weights as safetensors" },
    { 257, 5, "ustar", "a tar archive (PyTorch before 0.1.10?): load and torch.save it again" },
};

/* A safetensors file has '{' in byte 8, and so is what has no mark of its own. */
static bool refuse_foreign(const TensorFile *f, RtError *err)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (begins(f, foreign[i].at, foreign[i].mark, foreign[i].n))
            return file_broken(err, f->path, 0, "no file of tensors that is known: %s",
                               foreign[i].what);
    return true;
}

static TensorFormat recognise(const TensorFile *f)
{
    bool pickle = f->size >= 2 && f->bytes[0] == 0x80 && f->bytes[1] >= 2 && f->bytes[1] <= 5;
    bool header = begins(f, 8, "{", 1);
    return begins(f, 0, "\x93NUMPY", 6)                             ? TENSORS_NPY
           : begins(f, 0, "PK\3\4", 4) || begins(f, 0, "PK\5\6", 4) ? TENSORS_TORCH_ZIP
           : pickle && !header                                      ? TENSORS_TORCH_LEGACY
                                                                    : TENSORS_SAFETENSORS;
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
            return file_broken(err, f->path, f->entries[i].at,
                               "tensor '%.*s' twice, also at byte %" PRIu64, SAFETENSORS_NAME_SHOWN, f->entries[i].name, f->entries[i - 1].at);
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
    if (refuse_foreign(f, err) && formats[f->format].read(f, err) && sort_entries(f, err))
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

const char *tensor_file_meta(const TensorFile *f, const char *key)
{
    return safetensors_find_meta(f->meta, f->n_meta, key);
}

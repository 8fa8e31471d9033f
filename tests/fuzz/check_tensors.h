/* check_tensors.h - what must hold of any file that a reader accepts or refuses. */
#ifndef FUZZ_CHECK_TENSORS_H
#define FUZZ_CHECK_TENSORS_H
#include "../../formats/torch_read.h"
#include <stdlib.h>
#include <string.h>

static void require(int ok)
{
    if (!ok)
        abort();
}

/* Every element lies in the file, and can be read. */
static void check_entry(const TensorFile *f, const TensorEntry *e)
{
    uint64_t bytes = (uint64_t)safetensors_dtype_bits(e->dtype) / 8, count = 1, last = 0;
    const uint8_t *data = e->data;
    for (int i = 0; i < e->rank; i++) {
        count *= e->shape[i];
        last += e->stride ? (e->shape[i] - 1) * (uint64_t)e->stride[i] : 0;
    }
    require(count == e->count && e->at <= f->size && strlen(e->name) < f->size);
    if (count == 0)
        return;
    last = e->stride ? last : count - 1;
    require(data >= f->bytes && last < f->size && data + (last + 1) * bytes <= f->bytes + f->size);
    require(count * bytes <= f->size);
    float *out = malloc(count * 8);
    require(out != NULL);
    tensor_entry_copy(e, out);
    tensor_entry_to_f32(f, e, out, NULL);
    free(out);
}

static void check_refusal(const RtError *err)
{
    require(err->status == RT_ERROR_INPUT && strncmp(err->message, "input: byte ", 12) == 0 &&
            strlen(err->message) < sizeof err->message - 1);
}

static void check_entries(const TensorFile *f)
{
    for (int i = 0; i < f->n_entries; i++)
        check_entry(f, &f->entries[i]);
}

static void check_file(const uint8_t *bytes, size_t size)
{
    TensorFile f;
    RtError err = { RT_OK, "" };
    if (tensor_file_parse(&f, "input", bytes, size, &err)) {
        check_refusal(&err);
        return;
    }
    check_entries(&f);
    for (int i = 0; i < f.n_entries; i++)
        require(tensor_file_find(&f, f.entries[i].name) == &f.entries[i]);
    tensor_file_close(&f);
}

/* An archive whose checksums are not looked at, since no mutation gets them right. */
static void check_archive(const uint8_t *bytes, size_t size,
                          bool (*read)(TensorFile *f, const Zip *z, RtError *err))
{
    TensorFile f = { .path = "input", .bytes = bytes, .size = size };
    RtError err = { RT_OK, "" };
    Zip z;
    if (zip_read(&z, &f.room, "input", bytes, size, &err) || !read(&f, &z, &err))
        check_refusal(&err);
    else
        check_entries(&f);
    tensor_file_close(&f);
}
#endif

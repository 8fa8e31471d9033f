/* safetensors_write.c - the writer: the bytes that the reference's serialize() makes. */
#include "json.h"
#include "replace.h"
#include "safetensors.h"
#include "safetensors_hash.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Widest type first, so that every tensor is aligned to its element; then by name. */
static int compare_items(const void *a, const void *b)
{
    const SafetensorsItem *s = *(SafetensorsItem *const *)a, *t = *(SafetensorsItem *const *)b;
    return s->dtype != t->dtype ? (s->dtype < t->dtype ? 1 : -1) : strcmp(s->name, t->name);
}

static int compare_item_names(const void *a, const void *b)
{
    return strcmp((*(SafetensorsItem *const *)a)->name, (*(SafetensorsItem *const *)b)->name);
}

static uint64_t item_bytes(const SafetensorsItem *it)
{
    uint64_t bits = (uint64_t)safetensors_dtype_bits(it->dtype);
    for (int i = 0; i < it->rank; i++)
        bits *= it->shape[i];
    return bits / 8;
}

static void write_metadata(FILE *h, const SafetensorsMeta *meta, int n)
{
    fputs("\"__metadata__\":{", h);
    for (int i = 0; i < n; i++) {
        if (i)
            fputc(',', h);
        json_write_string(h, meta[i].key);
        fputc(':', h);
        json_write_string(h, meta[i].value);
    }
    fputc('}', h);
}

static void write_entry(FILE *h, const SafetensorsItem *it, uint64_t *at)
{
    json_write_string(h, it->name);
    fprintf(h, ":{\"dtype\":\"%s\",\"shape\":[", safetensors_dtype_name(it->dtype));
    for (int i = 0; i < it->rank; i++)
        fprintf(h, "%s%" PRIu64, i ? "," : "", it->shape[i]);
    uint64_t end = *at + item_bytes(it);
    fprintf(h, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", *at, end);
    *at = end;
}

/* The header, padded with spaces to a multiple of 8; to be freed. Null when out of memory. */
static char *make_header(SafetensorsItem *const *sorted, int n, const SafetensorsMeta *meta,
                         int n_meta, size_t *size)
{
    char *text = NULL;
    FILE *h = open_memstream(&text, size);
    if (!h)
        return NULL;
    uint64_t at = 0;
    fputc('{', h);
    if (n_meta)
        write_metadata(h, meta, n_meta);
    for (int i = 0; i < n; i++) {
        if (i || n_meta)
            fputc(',', h);
        write_entry(h, sorted[i], &at);
    }
    fputc('}', h);
    fflush(h);
    while (*size % 8) {
        fputc(' ', h);
        fflush(h);
    }
    int bad = ferror(h);
    if (fclose(h) || bad) {
        free(text);
        return NULL;
    }
    return text;
}

/* Names are UTF-8 and differ; sorted is left in the order of names. */
static RtStatus check_items(const char *path, SafetensorsItem **sorted, int n, RtError *err)
{
    size_t bad;
    qsort(sorted, (size_t)n, sizeof *sorted, compare_item_names);
    for (int i = 0; i < n; i++) {
        const char *name = sorted[i]->name;
        if (!json_is_utf8((const uint8_t *)name, strlen(name), &bad) ||
            strcmp(name, "__metadata__") == 0)
            return rt_error(err, RT_ERROR_INPUT, "%s: '%s' cannot name a tensor", path, name);
        if (i && strcmp(sorted[i - 1]->name, name) == 0)
            return rt_error(err, RT_ERROR_INPUT, "%s: two tensors named '%s'", path, name);
    }
    return RT_OK;
}

static void write_contents(FILE *f, SafetensorsItem *const *sorted, int n, const char *header,
                           size_t size)
{
    uint8_t length[SAFETENSORS_LENGTH];
    safetensors_length_bytes(size, length);
    fwrite(length, 1, sizeof length, f);
    fwrite(header, 1, size, f);
    for (int i = 0; i < n; i++)
        if (item_bytes(sorted[i]))
            fwrite(sorted[i]->data, 1, item_bytes(sorted[i]), f);
}

/* Puts the file's hash where the header has zeros. */
static void hash_contents(SafetensorsItem *const *sorted, int n, char *header, size_t size)
{
    Sha256 hash;
    char digits[SHA256_DIGITS + 1];
    char *place = (char *)safetensors_hash_place(header, size);
    safetensors_hash_begin(&hash, header, size);
    for (int i = 0; i < n; i++)
        sha256_add(&hash, sorted[i]->data, item_bytes(sorted[i]));
    sha256_end(&hash, digits);
    memcpy(place, digits, SHA256_DIGITS);
}

/* meta and, when hashed, the place of the hash; to be freed.  Null when out of memory. */
static SafetensorsMeta *all_metadata(const SafetensorsMeta *meta, int n, bool hashed)
{
    SafetensorsMeta *all = calloc((size_t)n + 1, sizeof *all);
    if (all && n)
        memcpy(all, meta, (size_t)n * sizeof *all);
    if (all && hashed)
        all[n] = (SafetensorsMeta){ SAFETENSORS_HASH_KEY, SAFETENSORS_NO_HASH };
    return all;
}

static char *make_hashed_header(SafetensorsItem *const *sorted, int n, const SafetensorsMeta *meta,
                                int n_meta, bool hashed, size_t *size)
{
    SafetensorsMeta *all = all_metadata(meta, n_meta, hashed);
    char *header = all ? make_header(sorted, n, all, n_meta + hashed, size) : NULL;
    free(all);
    if (header && hashed)
        hash_contents(sorted, n, header, *size);
    return header;
}

RtStatus safetensors_write_into(Replace *r, const SafetensorsItem *items, int n,
                                const SafetensorsMeta *meta, int n_meta, bool hashed, RtError *err)
{
    const SafetensorsItem **sorted = calloc((size_t)n + 1, sizeof *sorted);
    char *header = NULL;
    size_t size = 0;
    RtStatus status = RT_OK;
    if (sorted) {
        for (int i = 0; i < n; i++)
            sorted[i] = &items[i];
        status = check_items(r->path, (SafetensorsItem **)sorted, n, err);
        qsort(sorted, (size_t)n, sizeof *sorted, compare_items);
        if (!status)
            header = make_hashed_header((SafetensorsItem *const *)sorted, n, meta, n_meta, hashed, &size);
    }
    if (header)
        write_contents(r->file, (SafetensorsItem *const *)sorted, n, header, size);
    else if (!status)
        status = rt_error(err, RT_ERROR_FILE, "%s: out of memory for a header of %d tensors",
                          r->path, n);
    free(header);
    free(sorted);
    if (status)
        replace_abort(r);
    return status;
}

RtStatus safetensors_write(const char *path, const SafetensorsItem *items, int n,
                           const SafetensorsMeta *meta, int n_meta, RtError *err)
{
    Replace r;
    RtStatus status = replace_begin(&r, path, err);
    if (!status)
        status = safetensors_write_into(&r, items, n, meta, n_meta, false, err);
    return status ? status : replace_commit(&r, err);
}

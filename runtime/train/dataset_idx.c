/* Two files of the MNIST family.  Numbers are 32 bits, big endian: the magic number, then one size a dimension; bytes follow. */
#include "../../formats/map_file.h"
#include "dataset_sources.h"
#include "image_codecs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 0x803, LABELS = 0x801, MOST_SAMPLES = 1 << 30, MOST_RATIO = 1032 /* of deflate */ };

typedef struct Idx {
    const char *path;
    uint32_t magic;   /* its last byte is the number of dimensions */
    uint32_t dim[3];  /* pictures: n, h, w; labels: n */
    uint8_t *data;    /* behind the header; owned */
    size_t size;      /* of data */
} Idx;

static size_t header_bytes(const Idx *f) { return 4 + 4 * (f->magic & 0xff); }

static uint32_t big_endian(const uint8_t *b) { return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]; }

static const char *contents(uint32_t magic) { return magic == IMAGES ? "pictures" : "labels"; }

static RtStatus check_magic(const Idx *f, uint32_t magic, RtError *err)
{
    if (magic == f->magic)
        return RT_OK;
    if (magic == IMAGES || magic == LABELS)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 0: 0x%08x begins a file of %s, one of %s (0x%08x) was expected: write idx(\"images\", \"labels\")",
                        f->path, magic, contents(magic), contents(f->magic), f->magic);
    return rt_error(err, RT_ERROR_INPUT, "%s: byte 0: the file begins with 0x%08x; an idx file of %s begins with 0x%08x", f->path, magic,
                    contents(f->magic), f->magic);
}

/* Reads the n bytes at b that there are of the header, and computes the size of the data. */
static RtStatus read_header(Idx *f, const uint8_t *b, size_t n, RtError *err)
{
    if (n >= 4 && check_magic(f, big_endian(b), err) != RT_OK)
        return RT_ERROR_INPUT;
    if (n < header_bytes(f))
        return rt_error(err, RT_ERROR_INPUT, "%s: ends at byte %zu, within the header; an idx file of %s has a header of %zu bytes", f->path, n,
                        contents(f->magic), header_bytes(f));
    f->size = 1;
    for (size_t i = 0; i < header_bytes(f) / 4 - 1; i++) {
        uint32_t most = i ? 1 << 13 : MOST_SAMPLES; /* their product stays within 64 bits */
        f->dim[i] = big_endian(b + 4 + 4 * i);
        if (f->dim[i] < 1 || f->dim[i] > most)
            return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: %u %s; from 1 to %u are read", f->path, 4 + 4 * i, f->dim[i],
                            i == 0 ? contents(f->magic) : i == 1 ? "rows" : "columns", most);
        f->size *= f->dim[i];
    }
    return RT_OK;
}

/* The file, or what is packed in it, must have `total` bytes. */
static RtStatus wrong_size(const Idx *f, size_t found, const char *more, RtError *err)
{
    char shape[64];
    snprintf(shape, sizeof shape, f->magic == IMAGES ? "%u %s of %u x %u" : "%u %s", f->dim[0], contents(f->magic), f->dim[1], f->dim[2]);
    size_t total = header_bytes(f) + f->size;
    return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: the file %s here; its header says %s, %zu bytes in all: copy or download it again", f->path,
                    found < total ? found : total, found < total ? "ends" : more, shape, total);
}

static RtStatus read_plain(Idx *f, const uint8_t *b, size_t n, RtError *err)
{
    RtStatus s = read_header(f, b, n, err);
    if (s != RT_OK)
        return s;
    if (n != header_bytes(f) + f->size)
        return wrong_size(f, n, "goes on", err);
    f->data = malloc(f->size);
    if (!f->data)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for %zu bytes", f->path, f->size);
    memcpy(f->data, b + header_bytes(f), f->size);
    return RT_OK;
}

/* Twice: the header first, which says how much there may be; then all. */
static RtStatus read_gzip(Idx *f, const uint8_t *b, size_t n, RtError *err)
{
    uint8_t header[16];
    size_t room = header_bytes(f), got;
    RtStatus s = image_libraries.gunzip(f->path, b, n, header, room, &got, err);
    if (s == RT_OK)
        s = read_header(f, header, got < room ? got : room, err);
    if (s != RT_OK)
        return s;
    if (f->size / MOST_RATIO > n)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 4: the header says %zu bytes of %s; %zu bytes of gzip cannot hold them", f->path, f->size,
                        contents(f->magic), n);
    uint8_t *all = malloc(room + f->size);
    if (!all)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for %zu bytes", f->path, f->size);
    s = image_libraries.gunzip(f->path, b, n, all, room + f->size, &got, err);
    if (s == RT_OK && got != room + f->size)
        s = wrong_size(f, got, "goes on (unpacked)", err);
    memmove(all, all + room, f->size);
    f->data = all;
    return s;
}

static RtStatus read_idx(Idx *f, RtError *err)
{
    const void *bytes;
    size_t n;
    RtStatus s = map_file(f->path, &bytes, &n, err);
    if (s != RT_OK)
        return s;
    const uint8_t *b = bytes;
    s = n >= 2 && b[0] == 0x1f && b[1] == 0x8b ? read_gzip(f, b, n, err) : read_plain(f, b, n, err);
    unmap_file(bytes, n);
    return s;
}

/* Labels, and classes from 0 to the largest of them. */
static RtStatus take_labels(const Idx *labels, RtDataset *out, RtError *err)
{
    out->labels = malloc(labels->size * sizeof *out->labels);
    for (size_t i = 0; out->labels && i < labels->size; i++) {
        out->labels[i] = labels->data[i];
        out->n_classes = labels->data[i] >= out->n_classes ? labels->data[i] + 1 : out->n_classes;
    }
    out->classes = calloc(256, sizeof *out->classes);
    bool ok = out->labels && out->classes;
    for (int i = 0; ok && i < out->n_classes; i++)
        ok = asprintf(&out->classes[i], "%d", i) >= 0 || (out->classes[i] = NULL);
    if (!ok)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for %zu labels", labels->path, labels->size);
    if (out->n_classes < 2)
        return rt_error(err, RT_ERROR_INPUT, "%s: every label from byte 8 on is 0; two classes or more are needed", labels->path);
    return RT_OK;
}

static RtStatus join_files(Idx *images, const Idx *labels, RtDataset *out, RtError *err)
{
    if (images->dim[0] != labels->dim[0])
        return rt_error(err, RT_ERROR_INPUT, "%s: byte 4: %u labels, but %s has %u pictures (byte 4); both files must be of one data set", labels->path,
                        labels->dim[0], images->path, images->dim[0]);
    *out = (RtDataset){ .kind = RT_SOURCE_IDX, .n_samples = images->dim[0], .images = strdup(images->path),
                        .h = (int)images->dim[1], .w = (int)images->dim[2], .pixels = images->data };
    images->data = NULL;
    RtStatus s = out->images ? take_labels(labels, out, err) : rt_error(err, RT_ERROR_FILE, "%s: out of memory", images->path);
    if (s != RT_OK)
        rt_dataset_close(out);
    return s;
}

RtStatus dataset_open_idx(const char *images, const char *labels, RtDataset *out, RtError *err)
{
    Idx x = { .path = images, .magic = IMAGES }, y = { .path = labels, .magic = LABELS };
    RtStatus s = read_idx(&x, err);
    if (s == RT_OK)
        s = read_idx(&y, err);
    if (s == RT_OK)
        s = join_files(&x, &y, out, err);
    free(x.data);
    free(y.data);
    return s;
}

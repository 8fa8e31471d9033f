/* npy.c - \x93NUMPY, two version bytes, a length, a Python dict literal, the bytes of the array. */
#include "npy.h"
#include "replace.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *descr;
    size_t bytes;
} types[] = {
#define X(name, descr, bytes) { descr, bytes },
    NPY_TYPES(X)
#undef X
};
enum { N_TYPES = sizeof types / sizeof types[0], HEADER_MAX = 65535, PREAMBLE_V1 = 10 };
static const char magic[] = "\x93NUMPY";

size_t npy_type_bytes(NpyType t) { return types[t].bytes; }

typedef struct Parse {
    const char *path, *entry; /* entry: null when the file is the array */
    size_t first;             /* byte of the file at which bytes begin */
    const uint8_t *bytes;
    size_t size, at, end; /* at: next byte of the header; end: one past it */
    bool narrow; /* only what NpyArray promises */
    NpyView *out;
    RtError *err;
} Parse;

__attribute__((format(printf, 3, 4))) static bool broken(Parse *p, size_t byte, const char *fmt,
                                                         ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    rt_error(p->err, RT_ERROR_INPUT, "%s: byte %zu: %s%.100s%s%s", p->path, p->first + byte,
             p->entry ? "entry '" : "", p->entry ? p->entry : "", p->entry ? "': " : "", what);
    return false;
}

static void skip_space(Parse *p)
{
    while (p->at < p->end && p->bytes[p->at] == ' ')
        p->at++;
}

static bool next_is(Parse *p, char c)
{
    skip_space(p);
    if (p->at >= p->end || p->bytes[p->at] != (uint8_t)c)
        return false;
    p->at++;
    return true;
}

static bool take(Parse *p, char c)
{
    return next_is(p, c) || broken(p, p->at, "expected '%c' in the header", c);
}

/* A Python string without escapes, in either quote. */
static bool take_string(Parse *p, char *out, size_t size)
{
    skip_space(p);
    char quote = p->at < p->end ? (char)p->bytes[p->at] : 0;
    size_t n = 0;
    if (quote != '\'' && quote != '"')
        return broken(p, p->at, "expected a string in the header");
    for (p->at++; p->at < p->end && p->bytes[p->at] != (uint8_t)quote; p->at++) {
        if (n + 1 >= size || p->bytes[p->at] == '\\')
            return broken(p, p->at, "a string in the header that is no known key or type");
        out[n++] = (char)p->bytes[p->at];
    }
    out[n] = 0;
    return take(p, quote);
}

static bool take_descr(Parse *p)
{
    char descr[32];
    if (!take_string(p, descr, sizeof descr))
        return false;
    for (int i = 0; i < (p->narrow ? NPY_F16 : N_TYPES); i++)
        if (strcmp(descr, types[i].descr) == 0) {
            p->out->type = (NpyType)i;
            return true;
        }
    return broken(p, p->at, "elements of type '%s'; expected '<f4', '<f8' or '|u1'%s", descr,
                  p->narrow ? "" : ", '<f2', '|b1' or another integer, little-endian");
}

static bool take_order(Parse *p)
{
    skip_space(p);
    if (p->end - p->at >= 5 && memcmp(p->bytes + p->at, "False", 5) == 0) {
        p->at += 5;
        return true;
    }
    if (!p->narrow && p->end - p->at >= 4 && memcmp(p->bytes + p->at, "True", 4) == 0) {
        p->at += 4;
        return p->out->fortran = true;
    }
    return broken(p, p->at, "fortran_order must be False%s: save numpy.ascontiguousarray(a)",
                  p->narrow ? "" : " or True");
}

static bool take_size(Parse *p, size_t *out)
{
    skip_space(p);
    size_t start = p->at, value = 0;
    for (; p->at < p->end && p->bytes[p->at] >= '0' && p->bytes[p->at] <= '9'; p->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, p->bytes[p->at] - '0', &value))
            return broken(p, start, "a dimension that does not fit in 64 bits");
    *out = value;
    return p->at > start || broken(p, start, "expected a dimension");
}

/* (), (3,), (3, 4), (3, 4,): a tuple of one needs its comma. */
static bool take_shape(Parse *p)
{
    NpyView *a = p->out;
    if (!take(p, '('))
        return false;
    while (!next_is(p, ')')) {
        if (a->rank == NPY_RANK_MAX)
            return broken(p, p->at, "more than %d dimensions", NPY_RANK_MAX);
        if (!take_size(p, &a->shape[a->rank++]))
            return false;
        if (!next_is(p, ',')) {
            if (a->rank == 1)
                return broken(p, p->at, "expected ',' in the header: shape must be a tuple");
            return take(p, ')');
        }
    }
    return true;
}

static const struct {
    const char *key;
    bool (*take)(Parse *p);
} fields[] = {
    { "descr", take_descr },
    { "fortran_order", take_order },
    { "shape", take_shape },
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static bool take_field(Parse *p, unsigned *seen)
{
    char key[32];
    skip_space(p);
    size_t at = p->at;
    if (!take_string(p, key, sizeof key))
        return false;
    for (int i = 0; i < N_FIELDS; i++) {
        if (strcmp(key, fields[i].key) != 0)
            continue;
        if (*seen & 1u << i)
            return broken(p, at, "key '%s' twice", key);
        *seen |= 1u << i;
        return take(p, ':') && fields[i].take(p);
    }
    return broken(p, at, "unknown key '%s'; expected descr, fortran_order and shape", key);
}

static bool take_header(Parse *p)
{
    unsigned seen = 0;
    if (!take(p, '{'))
        return false;
    while (!next_is(p, '}')) {
        if (!take_field(p, &seen))
            return false;
        if (!next_is(p, ',')) {
            if (!take(p, '}'))
                return false;
            break;
        }
    }
    if (seen != (1u << N_FIELDS) - 1)
        return broken(p, p->at, "the header needs descr, fortran_order and shape");
    skip_space(p);
    return (p->at + 1 == p->end && p->bytes[p->at] == '\n') ||
           broken(p, p->at, "the header must end in spaces and one line feed");
}

/* Magic, version and the header's length: sets at and end. */
static bool take_preamble(Parse *p)
{
    if (p->size < PREAMBLE_V1 || memcmp(p->bytes, magic, 6) != 0)
        return broken(p, 0, "not a NumPy array file: it must begin with \\x93NUMPY");
    int major = p->bytes[6], minor = p->bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return broken(p, 6, "version %d.%d; expected 1.0, 2.0 or 3.0", major, minor);
    size_t length = (size_t)p->bytes[8] | (size_t)p->bytes[9] << 8;
    p->at = PREAMBLE_V1;
    if (major > 1) {
        if (p->size < 12)
            return broken(p, p->size, "the file ends within its preamble");
        length |= (size_t)p->bytes[10] << 16 | (size_t)p->bytes[11] << 24;
        p->at = 12;
    }
    if (length > HEADER_MAX || length > p->size - p->at)
        return broken(p, 8, "a header of %zu bytes, but only %zu follow (at most %d are read)",
                      length, p->size - p->at, HEADER_MAX);
    p->end = p->at + length;
    return true;
}

static bool take_data(Parse *p)
{
    NpyView *a = p->out;
    size_t bytes, have = p->size - p->end;
    bool overflow = false;
    a->count = 1;
    for (int i = 0; i < a->rank; i++)
        overflow |= __builtin_mul_overflow(a->count, a->shape[i], &a->count);
    overflow |= __builtin_mul_overflow(a->count, types[a->type].bytes, &bytes);
    if (overflow || bytes != have)
        return broken(p, p->end, "the shape takes %s%zu bytes, but the file holds %zu more",
                      overflow ? "over " : "", overflow ? SIZE_MAX : bytes, have);
    a->size = bytes;
    a->data = p->bytes + p->end;
    return true;
}

static RtStatus view(Parse *p)
{
    RtError local;
    *p->out = (NpyView){ 0 };
    if (!p->err)
        p->err = &local;
    return take_preamble(p) && take_header(p) && take_data(p) ? RT_OK : p->err->status;
}

RtStatus npy_view(const char *path, const char *entry, size_t at, const void *bytes, size_t size,
                  NpyView *out, RtError *err)
{
    Parse p = { path, entry, .first = at, .bytes = bytes, .size = size, .out = out, .err = err };
    return view(&p);
}

RtStatus npy_parse(const char *path, const void *bytes, size_t size, NpyArray *out, RtError *err)
{
    NpyView v;
    *out = (NpyArray){ 0 };
    Parse p = { path, .bytes = bytes, .size = size, .narrow = true, .out = &v, .err = err };
    RtStatus status = view(&p);
    if (status)
        return status;
    void *data = malloc(v.size ? v.size : 1);
    if (!data)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for %zu bytes", path, v.size);
    if (v.size)
        memcpy(data, v.data, v.size);
    *out = (NpyArray){ .type = v.type, .rank = v.rank, .count = v.count, .data = data };
    memcpy(out->shape, v.shape, sizeof v.shape);
    return RT_OK;
}

/* The whole of f, to be freed; null with errno set. */
static uint8_t *read_all(FILE *f, size_t *size)
{
    uint8_t *bytes = NULL;
    size_t room = 0;
    *size = 0;
    for (;;) {
        if (*size == room) {
            uint8_t *more = realloc(bytes, room = room ? 2 * room : 65536);
            if (!more)
                break;
            bytes = more;
        }
        size_t got = fread(bytes + *size, 1, room - *size, f);
        *size += got;
        if (got == 0 && !ferror(f))
            return bytes;
        if (got == 0)
            break;
    }
    free(bytes);
    return NULL;
}

RtStatus npy_read(const char *path, NpyArray *out, RtError *err)
{
    *out = (NpyArray){ 0 };
    FILE *f = fopen(path, "rbe");
    size_t size = 0;
    uint8_t *bytes = f ? read_all(f, &size) : NULL;
    int why = errno;
    if (f)
        fclose(f);
    if (!bytes)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(why));
    RtStatus status = npy_parse(path, bytes, size, out, err);
    free(bytes);
    return status;
}

void npy_free(NpyArray *a)
{
    free(a->data);
    *a = (NpyArray){ 0 };
}

/* The dict literal with its line feed, padded so that the array begins at a multiple of 64. */
static size_t make_header(char *out, size_t size, NpyType type, int rank, const size_t *shape)
{
    size_t n = (size_t)snprintf(out, size, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                                types[type].descr);
    for (int i = 0; i < rank; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%zu%s", i ? ", " : "", shape[i],
                              rank == 1 ? "," : "");
    n += (size_t)snprintf(out + n, size - n, "), }");
    while ((PREAMBLE_V1 + n + 1) % 64)
        out[n++] = ' ';
    out[n++] = '\n';
    return n;
}

RtStatus npy_write(const char *path, NpyType type, int rank, const size_t *shape, const void *data,
                   RtError *err)
{
    char header[512];
    size_t n = make_header(header, sizeof header, type, rank, shape), count = 1;
    Replace r;
    RtStatus status = replace_begin(&r, path, err);
    if (status)
        return status;
    for (int i = 0; i < rank; i++)
        count *= shape[i];
    fwrite(magic, 1, 6, r.file);
    fwrite((uint8_t[]){ 1, 0, (uint8_t)n, (uint8_t)(n >> 8) }, 1, 4, r.file);
    fwrite(header, 1, n, r.file);
    if (count)
        fwrite(data, types[type].bytes, count, r.file);
    return replace_commit(&r, err);
}

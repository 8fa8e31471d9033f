/* safetensors.c - the strict reader.  The rules' numbers are those of docs:
 * huggingface/safetensors, README "Format" and safetensors/src/tensor.rs, in the order in which the
 * reference checks them. */
#include "safetensors.h"
#include "json.h"
#include "map_file.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 100000000, TENSORS_MAX = 65536, LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    int bits;
} dtypes[] = {
#define X(name, bits) { #name, bits },
    SAFETENSORS_DTYPES(X)
#undef X
};

const char *safetensors_dtype_name(SafetensorsDtype t) { return dtypes[t].name; }
int safetensors_dtype_bits(SafetensorsDtype t) { return dtypes[t].bits; }

const char *safetensors_shape_text(int rank, const uint64_t *shape, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < rank && used < size; i++) {
        if (size - used < 28) {
            used += (size_t)snprintf(out + used, size - used, "...");
            break;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%" PRIu64, i ? ", " : "", shape[i]);
    }
    if (used < size)
        snprintf(out + used, size - used, "]");
    return out;
}

/* ---- Messages ---- */

typedef struct Parse {
    JsonReader json;
    SafetensorsFile *f;
    RtError *err;
    bool has_meta, in_meta;
    const char *tensor; /* whose entry is being read, or null */
} Parse;

__attribute__((format(printf, 3, 4))) static bool broken(Parse *p, size_t byte, const char *fmt,
                                                         ...)
{
    char what[768];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    rt_error(p->err, RT_ERROR_INPUT, "%s: byte %zu: %s", p->f->path, byte, what);
    return false;
}

enum { NAME_SHOWN = SAFETENSORS_NAME_SHOWN };

/* A complaint of the JSON reader, at its byte of the file, with the rule of the place it was at. */
static bool broken_json(Parse *p)
{
    JsonReader *j = &p->json;
    size_t byte = LENGTH_BYTES + j->error_at;
    if (strstr(j->error, "(rule ") || strstr(j->error, "forbidden)"))
        return broken(p, byte, "header: %s", j->error);
    if (p->tensor)
        return broken(p, byte, "header: tensor '%.*s': %s (rule 7)", NAME_SHOWN, p->tensor,
                      j->error);
    return broken(p, byte, "header: %s%s", j->error,
                  p->in_meta ? ", where '__metadata__' maps strings to strings (rule 6)"
                             : " (rule 5)");
}

/* ---- The header ---- */

static bool take_pair_of_offsets(JsonReader *j, SafetensorsTensor *t)
{
    return json_take(j, '[') && json_take_u64(j, &t->begin) && json_take(j, ',') &&
           json_take_u64(j, &t->end) && json_take(j, ']');
}

static bool take_shape(Parse *p, SafetensorsTensor *t, uint64_t **next)
{
    JsonReader *j = &p->json;
    t->shape = *next;
    if (!json_take(j, '['))
        return false;
    if (json_next_is(j, ']'))
        return true;
    do {
        if (!json_take_u64(j, *next))
            return false;
        ++*next;
        t->rank++;
    } while (json_next_is(j, ','));
    return json_take(j, ']');
}

static bool take_dtype(Parse *p, SafetensorsTensor *t)
{
    json_skip_space(&p->json);
    size_t at = p->json.at;
    const char *name;
    if (!json_take_string(&p->json, &name))
        return false;
    for (int i = 0; i < SAFETENSORS_N_DTYPES; i++)
        if (strcmp(name, dtypes[i].name) == 0) {
            t->dtype = (SafetensorsDtype)i;
            return true;
        }
    return json_error(&p->json, at, "tensor '%.*s' has unknown dtype '%.40s' (rule 7)", NAME_SHOWN,
                      t->name, name);
}

enum { KEY_DTYPE = 1, KEY_SHAPE = 2, KEY_OFFSETS = 4, KEYS_ALL = 7 };

static int key_bit(const char *key)
{
    return strcmp(key, "dtype") == 0          ? KEY_DTYPE
           : strcmp(key, "shape") == 0        ? KEY_SHAPE
           : strcmp(key, "data_offsets") == 0 ? KEY_OFFSETS
                                              : 0;
}

/* One member of a tensor's object. */
static bool take_field(Parse *p, SafetensorsTensor *t, uint64_t **next_shape, int *seen)
{
    JsonReader *j = &p->json;
    json_skip_space(j);
    size_t at = j->at;
    const char *key;
    if (!json_take_string(j, &key))
        return false;
    int bit = key_bit(key);
    if (!bit)
        return json_error(j, at,
                          "tensor '%.*s' has unknown key '%.40s'; expected dtype, shape and "
                          "data_offsets (rule 7)",
                          NAME_SHOWN, t->name, key);
    if (*seen & bit)
        return json_error(j, at, "tensor '%.*s' has key '%s' twice (duplicate keys are forbidden)",
                          NAME_SHOWN, t->name, key);
    *seen |= bit;
    if (!json_take(j, ':'))
        return false;
    return bit == KEY_DTYPE   ? take_dtype(p, t)
           : bit == KEY_SHAPE ? take_shape(p, t, next_shape)
                              : take_pair_of_offsets(j, t);
}

static bool take_tensor(Parse *p, const char *name, size_t at, uint64_t **next_shape)
{
    JsonReader *j = &p->json;
    SafetensorsFile *f = p->f;
    if (f->n_tensors == TENSORS_MAX)
        return json_error(j, at, "more than %d tensors", TENSORS_MAX);
    SafetensorsTensor *t = &f->tensors[f->n_tensors++];
    *t = (SafetensorsTensor){ .name = name, .at = LENGTH_BYTES + at };
    int seen = 0;
    p->tensor = name;
    if (!json_take(j, '{'))
        return false;
    if (!json_next_is(j, '}')) {
        do
            if (!take_field(p, t, next_shape, &seen))
                return false;
        while (json_next_is(j, ','));
        if (!json_take(j, '}'))
            return false;
    }
    p->tensor = NULL;
    if (seen == KEYS_ALL)
        return true;
    return json_error(j, at, "tensor '%.*s' lacks%s%s%s (rule 7)", NAME_SHOWN, name,
                      seen & KEY_DTYPE ? "" : " dtype", seen & KEY_SHAPE ? "" : " shape",
                      seen & KEY_OFFSETS ? "" : " data_offsets");
}

static bool take_metadata(Parse *p, size_t at)
{
    JsonReader *j = &p->json;
    if (p->has_meta)
        return json_error(j, at, "'__metadata__' twice (duplicate keys are forbidden)");
    p->has_meta = p->in_meta = true;
    if (!json_take(j, '{'))
        return false;
    if (!json_next_is(j, '}')) {
        do {
            SafetensorsMeta *m = &p->f->meta[p->f->n_meta++];
            if (!json_take_string(j, &m->key) || !json_take(j, ':') ||
                !json_take_string(j, &m->value))
                return false;
        } while (json_next_is(j, ','));
        if (!json_take(j, '}'))
            return false;
    }
    p->in_meta = false;
    return true;
}

/* The whole header: '{' as its first byte, spaces only after the last '}'. */
static bool take_header(Parse *p)
{
    JsonReader *j = &p->json;
    uint64_t *next_shape = p->f->shapes;
    if (j->size == 0 || j->text[0] != '{')
        return json_error(j, 0, "the first byte of the header must be '{' (rule 5)");
    j->at = 1;
    if (!json_next_is(j, '}')) {
        do {
            json_skip_space(j);
            size_t at = j->at;
            const char *name;
            if (!json_take_string(j, &name) || !json_take(j, ':'))
                return false;
            if (strcmp(name, "__metadata__") == 0 ? !take_metadata(p, at)
                                                  : !take_tensor(p, name, at, &next_shape))
                return false;
        } while (json_next_is(j, ','));
        if (!json_take(j, '}'))
            return false;
    }
    for (; j->at < j->size; j->at++)
        if (j->text[j->at] != ' ')
            return json_error(
                j, j->at, "only spaces may follow the header's object (rule 5), found byte 0x%02x",
                j->text[j->at]);
    return true;
}

/* ---- Duplicates, offsets and sizes ---- */

static int compare_names(const void *a, const void *b)
{
    const SafetensorsTensor *s = a, *t = b;
    int order = strcmp(s->name, t->name);
    return order ? order : (s->at > t->at) - (s->at < t->at);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const SafetensorsMeta *)a)->key, ((const SafetensorsMeta *)b)->key);
}

static bool check_duplicates(Parse *p)
{
    SafetensorsFile *f = p->f;
    qsort(f->tensors, (size_t)f->n_tensors, sizeof *f->tensors, compare_names);
    qsort(f->meta, (size_t)f->n_meta, sizeof *f->meta, compare_keys);
    for (int i = 1; i < f->n_tensors; i++)
        if (strcmp(f->tensors[i - 1].name, f->tensors[i].name) == 0)
            return broken(p, f->tensors[i].at,
                          "tensor '%.*s' twice, first at byte %zu (duplicate keys are forbidden)",
                          NAME_SHOWN, f->tensors[i].name, f->tensors[i - 1].at);
    for (int i = 1; i < f->n_meta; i++)
        if (strcmp(f->meta[i - 1].key, f->meta[i].key) == 0)
            return broken(p, LENGTH_BYTES,
                          "'__metadata__' has key '%.*s' twice (duplicate keys are forbidden)",
                          NAME_SHOWN, f->meta[i].key);
    return true;
}

static int compare_offsets(const void *a, const void *b)
{
    const SafetensorsTensor *s = *(SafetensorsTensor *const *)a,
                            *t = *(SafetensorsTensor *const *)b;
    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->end < t->end ? -1 : s->end > t->end;
}

/* Rules 9 to 11 for one tensor. */
static bool check_size(Parse *p, SafetensorsTensor *t)
{
    char shape[200];
    safetensors_shape_text(t->rank, t->shape, shape, sizeof shape);
    const char *dtype = dtypes[t->dtype].name;
    uint64_t count = 1, bits;
    bool overflow = false;
    for (int i = 0; i < t->rank; i++)
        overflow |= __builtin_mul_overflow(count, t->shape[i], &count);
    overflow |= __builtin_mul_overflow(count, (uint64_t)dtypes[t->dtype].bits, &bits);
    if (overflow)
        return broken(p, t->at, "tensor '%.*s': the size of %s %s does not fit in 64 bits (rule 9)",
                      NAME_SHOWN, t->name, dtype, shape);
    if (bits % 8)
        return broken(p, t->at,
                      "tensor '%.*s': %s %s takes %" PRIu64
                      " bits, which is not a whole number of bytes (rule 10)",
                      NAME_SHOWN, t->name, dtype, shape, bits);
    if (t->end - t->begin != bits / 8)
        return broken(p, t->at,
                      "tensor '%.*s': data_offsets [%" PRIu64 ", %" PRIu64 "] hold %" PRIu64
                      " bytes, but %s %s takes %" PRIu64 " (rule 11)",
                      NAME_SHOWN, t->name, t->begin, t->end, t->end - t->begin, dtype, shape,
                      bits / 8);
    t->count = count;
    return true;
}

/* Rules 8 to 12: tensors lie one behind the other, from the header's end to the end of the file. */
static bool check_offsets(Parse *p, SafetensorsTensor **by_offset, uint64_t data_start)
{
    SafetensorsFile *f = p->f;
    uint64_t at = 0;
    for (int i = 0; i < f->n_tensors; i++)
        by_offset[i] = &f->tensors[i];
    qsort(by_offset, (size_t)f->n_tensors, sizeof *by_offset, compare_offsets);
    for (int i = 0; i < f->n_tensors; i++) {
        SafetensorsTensor *t = by_offset[i];
        if (t->begin != at || t->end < t->begin)
            return broken(p, t->at,
                          "tensor '%.*s': data_offsets [%" PRIu64 ", %" PRIu64
                          "] must begin at %" PRIu64
                          ", where the one before it ends, and not run backwards (rule 8)",
                          NAME_SHOWN, t->name, t->begin, t->end, at);
        if (!check_size(p, t))
            return false;
        at = t->end;
    }
    if (f->size - data_start != at)
        return broken(p, data_start,
                      "the tensors take %" PRIu64 " bytes from here, but the file holds %" PRIu64
                      " more bytes: %s (rule 12)",
                      at, (uint64_t)f->size - data_start,
                      f->size - data_start < at ? "it is cut short"
                                                : "bytes that belong to no tensor");
    for (int i = 0; i < f->n_tensors; i++)
        f->tensors[i].data = f->bytes + data_start + f->tensors[i].begin;
    return true;
}

/* ---- Parsing ---- */

static uint64_t read_u64(const uint8_t *p)
{
    uint64_t u = 0;
    for (int i = 7; i >= 0; i--)
        u = u << 8 | p[i];
    return u;
}

/* Room for all that a header can hold, from a count of its punctuation: every tensor and the
 * metadata open a brace, every number follows a bracket or a comma, every member has a colon. */
static bool allocate(Parse *p)
{
    SafetensorsFile *f = p->f;
    size_t braces = 0, numbers = 0, colons = 0, size = p->json.size;
    for (size_t i = 0; i < size; i++) {
        braces += p->json.text[i] == '{';
        numbers += p->json.text[i] == '[' || p->json.text[i] == ',';
        colons += p->json.text[i] == ':';
    }
    if (braces > TENSORS_MAX + 2)
        braces = TENSORS_MAX + 2;
    f->strings = malloc(size + 1);
    f->tensors = calloc(braces + 1, sizeof *f->tensors);
    f->shapes = calloc(numbers + 1, sizeof *f->shapes);
    f->meta = calloc(colons + 1, sizeof *f->meta);
    p->json.strings = f->strings;
    return f->strings && f->tensors && f->shapes && f->meta;
}

static bool parse_header(Parse *p, uint64_t header)
{
    size_t bad;
    if (!json_is_utf8(p->json.text, p->json.size, &bad))
        return broken(p, LENGTH_BYTES + bad, "the header is not UTF-8: byte 0x%02x (rule 4)",
                      p->json.text[bad]);
    SafetensorsTensor **by_offset = NULL;
    bool ok = allocate(p);
    if (ok && !take_header(p))
        return broken_json(p);
    if (ok)
        by_offset = calloc((size_t)p->f->n_tensors + 1, sizeof(SafetensorsTensor *));
    if (!by_offset) {
        rt_error(p->err, RT_ERROR_FILE, "%s: out of memory for a header of %" PRIu64 " bytes",
                 p->f->path, header);
        return false;
    }
    ok = check_duplicates(p) && check_offsets(p, by_offset, LENGTH_BYTES + header);
    free(by_offset);
    return ok;
}

/* Rules 1 to 3, then the header. */
static bool parse(Parse *p)
{
    SafetensorsFile *f = p->f;
    if (f->size < LENGTH_BYTES)
        return broken(
            p, f->size,
            "the file ends here, but a safetensors file begins with a length of 8 bytes (rule 1)");
    uint64_t header = read_u64(f->bytes);
    if (header > HEADER_MAX)
        return broken(
            p, 0,
            "a header of %" PRIu64
            " bytes, more than the %d allowed: not a safetensors file, or damaged (rule 2)",
            header, HEADER_MAX);
    if (header > f->size - LENGTH_BYTES)
        return broken(p, 0, "a header of %" PRIu64 " bytes, but only %zu bytes follow (rule 3)",
                      header, f->size - LENGTH_BYTES);
    p->json = (JsonReader){ .text = f->bytes + LENGTH_BYTES, .size = (size_t)header };
    return parse_header(p, header);
}

RtStatus safetensors_parse(SafetensorsFile *f, const char *path, const void *bytes, size_t size,
                           RtError *err)
{
    RtError local;
    *f = (SafetensorsFile){ .path = path, .bytes = bytes, .size = size };
    Parse p = { .f = f, .err = err ? err : &local };
    if (parse(&p))
        return RT_OK;
    safetensors_close(f);
    return p.err->status;
}

RtStatus safetensors_open(SafetensorsFile *f, const char *path, RtError *err)
{
    *f = (SafetensorsFile){ .path = path };
    const void *bytes;
    size_t size;
    RtStatus status = map_file(path, &bytes, &size, err);
    if (status == RT_OK && (status = safetensors_parse(f, path, bytes, size, err)) != RT_OK)
        unmap_file(bytes, size);
    else
        f->mapped = status == RT_OK;
    return status;
}

void safetensors_close(SafetensorsFile *f)
{
    free(f->strings);
    free(f->tensors);
    free(f->shapes);
    free(f->meta);
    if (f->mapped)
        unmap_file(f->bytes, f->size);
    *f = (SafetensorsFile){ 0 };
}

/* ---- Asking ---- */

static int name_against(const void *name, const void *t)
{
    return strcmp(name, ((const SafetensorsTensor *)t)->name);
}

const SafetensorsTensor *safetensors_find(const SafetensorsFile *f, const char *name)
{
    return f->n_tensors
               ? bsearch(name, f->tensors, (size_t)f->n_tensors, sizeof *f->tensors, name_against)
               : NULL;
}

static int key_against(const void *key, const void *m)
{
    return strcmp(key, ((const SafetensorsMeta *)m)->key);
}

const char *safetensors_find_meta(const SafetensorsMeta *meta, int n, const char *key)
{
    const SafetensorsMeta *m = n ? bsearch(key, meta, (size_t)n, sizeof *meta, key_against) : NULL;
    return m ? m->value : NULL;
}

const char *safetensors_meta(const SafetensorsFile *f, const char *key)
{
    return safetensors_find_meta(f->meta, f->n_meta, key);
}

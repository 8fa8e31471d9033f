/* wire.c - protobuf's wire format [protobuf.dev, "Encoding"]: a field is varint(number << 3 | type), then a varint (type 0), a
 * length and as many bytes (type 2), or eight (type 1) or four bytes (type 5). */
#include "wire.h"
#include <stdlib.h>
#include <string.h>

enum { TYPE_VARINT = 0, TYPE_DOUBLE = 1, TYPE_LENGTH = 2, TYPE_FLOAT = 5, MOST_VARINT = 10 };

/* Room for n bytes more; false, and w is failed, when there is none. */
static bool reserve(Wire *w, size_t n)
{
    if (w->failed)
        return false;
    if (w->size + n <= w->room)
        return true;
    size_t room = 2 * (w->size + n) + 64;
    uint8_t *bytes = room > n ? realloc(w->bytes, room) : NULL;
    if (!bytes) {
        w->failed = true;
        w->size = 0;
        return false;
    }
    w->bytes = bytes;
    w->room = room;
    return true;
}

void wire_raw(Wire *w, const void *bytes, size_t n)
{
    if (n && reserve(w, n)) {
        memcpy(w->bytes + w->size, bytes, n);
        w->size += n;
    }
}

void wire_raw_le(Wire *w, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        wire_raw(w, &(uint8_t){ (uint8_t)(v >> 8 * i) }, 1);
}

static size_t varint(uint64_t v, uint8_t out[MOST_VARINT])
{
    size_t n = 0;
    for (; v > 127; v >>= 7)
        out[n++] = (uint8_t)(v | 128);
    out[n++] = (uint8_t)v;
    return n;
}

static void put_varint(Wire *w, uint64_t v)
{
    uint8_t bytes[MOST_VARINT];
    wire_raw(w, bytes, varint(v, bytes));
}

static void put_key(Wire *w, int field, int type) { put_varint(w, (uint64_t)field << 3 | (uint64_t)type); }

void wire_int(Wire *w, int field, int64_t v)
{
    put_key(w, field, TYPE_VARINT);
    put_varint(w, (uint64_t)v);
}

void wire_float(Wire *w, int field, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_key(w, field, TYPE_FLOAT);
    wire_raw_le(w, bits, 4);
}

static void raw_double(Wire *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    wire_raw_le(w, bits, 8);
}

void wire_double(Wire *w, int field, double v)
{
    put_key(w, field, TYPE_DOUBLE);
    raw_double(w, v);
}

void wire_doubles(Wire *w, int field, const double *v, size_t n)
{
    wire_open(w, field, 8 * n);
    for (size_t i = 0; i < n; i++)
        raw_double(w, v[i]);
}

void wire_open(Wire *w, int field, uint64_t size)
{
    put_key(w, field, TYPE_LENGTH);
    put_varint(w, size);
}

void wire_bytes(Wire *w, int field, const void *bytes, size_t n)
{
    wire_open(w, field, n);
    wire_raw(w, bytes, n);
}

void wire_text(Wire *w, int field, const char *s) { wire_bytes(w, field, s, strlen(s)); }

void wire_message(Wire *w, int field, const Wire *m)
{
    wire_open(w, field, m->size);
    wire_raw(w, m->bytes, m->size);
    if (m->failed)
        w->failed = true, w->size = 0;
}

uint64_t wire_field_size(int field, uint64_t size)
{
    uint8_t bytes[MOST_VARINT];
    return varint((uint64_t)field << 3, bytes) + varint(size, bytes) + size;
}

void wire_clear(Wire *w) { w->size = 0; }

void wire_free(Wire *w)
{
    free(w->bytes);
    *w = (Wire){ 0 };
}

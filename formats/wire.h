/* wire.h - protobuf's wire format, the writing side: messages grow in memory, are nested by copying and go out in one piece.
 * For small messages; what is large is streamed by its writer, which asks for sizes here.
 *
 * A message that ran out of memory stays empty and says so in `failed`; nothing else can fail. */
#ifndef FORMATS_WIRE_H
#define FORMATS_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Wire { /* start from { 0 } */
    uint8_t *bytes;
    size_t size, room;
    bool failed;
} Wire;

void wire_int(Wire *w, int field, int64_t v); /* int32, int64, enum: a varint, negative ones of ten bytes */
void wire_float(Wire *w, int field, float v);
void wire_double(Wire *w, int field, double v);
void wire_doubles(Wire *w, int field, const double *v, size_t n); /* packed */
void wire_text(Wire *w, int field, const char *s);
void wire_bytes(Wire *w, int field, const void *bytes, size_t n);
/* m, whole, as a field of w; a failed m fails w. */
void wire_message(Wire *w, int field, const Wire *m);
/* The head of a field of `size` bytes that the caller writes behind it. */
void wire_open(Wire *w, int field, uint64_t size);
/* Bytes without a head; a number as its lowest n bytes, the lowest first. */
void wire_raw(Wire *w, const void *bytes, size_t n);
void wire_raw_le(Wire *w, uint64_t v, int n);
/* The bytes of such a field, head included. */
uint64_t wire_field_size(int field, uint64_t size);
/* Empties w for another message and keeps its room. */
void wire_clear(Wire *w);
void wire_free(Wire *w);
#endif

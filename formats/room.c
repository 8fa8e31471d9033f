/* room.c - chunks that double, so that a small file costs little and a large one few calls. */
#include "room.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20 };
typedef struct RoomChunk {
    struct RoomChunk *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
} RoomChunk;

static RoomChunk *add_chunk(Room *r, size_t least)
{
    size_t size = r->chunks ? 2 * r->chunks->size : CHUNK_MIN;
    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    if (size < least)
        size = least;
    RoomChunk *c = size <= PTRDIFF_MAX - sizeof *c ? malloc(sizeof *c + size) : NULL;
    if (!c)
        return NULL;
    c->next = r->chunks;
    c->size = size;
    r->chunks = c;
    r->used = 0;
    return c;
}

void *room_take(Room *r, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX - 16)
        return NULL;
    bytes = (bytes + 15) / 16 * 16;
    RoomChunk *c = r->chunks;
    if (!c || bytes > c->size - r->used)
        c = add_chunk(r, bytes);
    if (!c)
        return NULL;
    void *p = c->bytes + r->used;
    r->used += bytes;
    return memset(p, 0, bytes);
}

void room_release(Room *r)
{
    while (r->chunks) {
        RoomChunk *next = r->chunks->next;
        free(r->chunks);
        r->chunks = next;
    }
    r->used = 0;
}

/* room.h - memory that lives as long as an opened file: taken piece by piece, given back at once. */
#ifndef FORMATS_ROOM_H
#define FORMATS_ROOM_H
#include <stddef.h>

typedef struct Room {
    struct RoomChunk *chunks; /* the newest first */
    size_t used;              /* of the newest */
} Room;

/* n zeroed elements of size bytes, aligned to 16; null when there is no memory or n * size
 * overflows. */
void *room_take(Room *r, size_t n, size_t size);
void room_release(Room *r);
#endif

/* zip.h - strict reader of archives whose entries are stored, as PyTorch and numpy.savez write them.
 *
 *     local header, data [, descriptor] for each entry | central directory | end record
 *
 * Refused: compression, encryption, several disks, an entry twice, entries that overlap, bytes that
 * belong to none, a local header that disagrees with the directory, wrong CRC-32.  Source: PKWARE
 * APPNOTE 6.3.10; sizes of 64 bits as in its 4.5.3. */
#ifndef FORMATS_ZIP_H
#define FORMATS_ZIP_H
#include "room.h"
#include "../runtime/rt.h"
#include <stdbool.h>

typedef struct ZipEntry {
    const char *name;    /* UTF-8, no NUL inside */
    const uint8_t *data; /* borrowed, size bytes */
    uint64_t size;
    uint64_t at, data_at, listed_at; /* bytes of the file: local header, data, directory's line */
    uint32_t crc;
    uint16_t flags;
} ZipEntry;

typedef struct Zip {
    const char *path;
    const uint8_t *bytes;
    size_t size;
    Room *room; /* the caller's: holds entries and names */
    size_t n;
    ZipEntry *entries; /* by name */
    uint64_t directory, directory_end;
} Zip;

/* Reads and checks everything but the contents of entries: see zip_check. */
RtStatus zip_read(Zip *z, Room *room, const char *path, const void *bytes, size_t size,
                  RtError *err);
const ZipEntry *zip_find(const Zip *z, const char *name); /* or null */
/* The CRC-32 of every entry. */
RtStatus zip_check(const Zip *z, RtError *err);
#endif

/* zip.c - from the end record to the directory to every local header. */
#include "zip.h"
#include "broken.h"
#include "bytes.h"
#include "json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22, COMMENT_MAX = 65535, END64_BYTES = 56, LOCATOR_BYTES = 20, LISTED_BYTES = 46,
    LOCAL_BYTES = 30, NAME_SHOWN = 100
};
enum { END = 0x06054b50, END64 = 0x06064b50, LOCATOR = 0x07064b50, LISTED = 0x02014b50,
       LOCAL = 0x04034b50, DESCRIPTOR = 0x08074b50 };
enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, FLAG_STRONG = 0x40, FLAGS_KNOWN = 0x80e };
#define FULL32 UINT64_C(0xffffffff)
#define FULL16 UINT64_C(0xffff)

typedef struct Parse {
    Zip *z;
    RtError *err;
} Parse;

#define BROKEN(p, byte, ...) file_broken((p)->err, (p)->z->path, (byte), __VA_ARGS__)

static uint64_t number(const Zip *z, uint64_t at, size_t n) { return bytes_le(z->bytes + at, n); }

/* ---- The end record ---- */

typedef struct End {
    uint64_t at; /* of the record, or of the 64-bit one */
    uint64_t disk, first_disk, here, total, size, offset;
} End;

/* The last mark of an end record, whose comment must reach to the end of the file. */
static bool find_end(Parse *p, uint64_t *at)
{
    const Zip *z = p->z;
    uint64_t low = z->size > END_BYTES + COMMENT_MAX ? z->size - END_BYTES - COMMENT_MAX : 0;
    if (z->size < END_BYTES)
        return BROKEN(p, z->size, "zip: the file ends here, before its end record");
    for (uint64_t i = z->size - END_BYTES + 1; i-- > low;) {
        if (number(z, i, 4) != END)
            continue;
        uint64_t comment = number(z, i + 20, 2);
        *at = i;
        return i + END_BYTES + comment == z->size ||
               BROKEN(p, i + 20,
                      "zip: the end record has a comment of %" PRIu64 " bytes, but %" PRIu64
                      " follow it",
                      comment, z->size - i - END_BYTES);
    }
    return BROKEN(p, z->size, "zip: no end record within the last %" PRIu64 " bytes: cut short?",
                  z->size - low);
}

/* A field of the 64-bit record counts, and the short one says the same or is all ones. */
static bool widen(Parse *p, uint64_t at, const char *what, uint64_t *value, uint64_t full,
                  uint64_t wide)
{
    if (*value != full && *value != wide)
        return BROKEN(p, at, "zip: the end record's %s is %" PRIu64 ", the 64-bit record's %" PRIu64,
                      what, *value, wide);
    *value = wide;
    return true;
}

/* The 64-bit record that a locator right before the end record points to. */
static bool read_end64(Parse *p, End *e)
{
    const Zip *z = p->z;
    uint64_t locator = e->at - LOCATOR_BYTES, at = number(z, locator + 8, 8);
    if (number(z, locator + 4, 4) != 0 || number(z, locator + 16, 4) > 1)
        return BROKEN(p, locator, "zip: an archive of several disks");
    if (locator < END64_BYTES || at != locator - END64_BYTES || number(z, at, 4) != END64 ||
        number(z, at + 4, 8) != END64_BYTES - 12)
        return BROKEN(p, locator + 8,
                      "zip: the 64-bit end record is said to be at byte %" PRIu64
                      "; expected one of %d bytes right before this locator",
                      at, END64_BYTES);
    if (!widen(p, at + 16, "disk", &e->disk, FULL16, number(z, at + 16, 4)) ||
        !widen(p, at + 20, "first disk", &e->first_disk, FULL16, number(z, at + 20, 4)) ||
        !widen(p, at + 24, "count here", &e->here, FULL16, number(z, at + 24, 8)) ||
        !widen(p, at + 32, "count", &e->total, FULL16, number(z, at + 32, 8)) ||
        !widen(p, at + 40, "directory size", &e->size, FULL32, number(z, at + 40, 8)) ||
        !widen(p, at + 48, "directory offset", &e->offset, FULL32, number(z, at + 48, 8)))
        return false;
    e->at = at;
    return true;
}

static bool read_end(Parse *p, End *e)
{
    const Zip *z = p->z;
    if (!find_end(p, &e->at))
        return false;
    uint64_t at = e->at;
    e->disk = number(z, at + 4, 2);
    e->first_disk = number(z, at + 6, 2);
    e->here = number(z, at + 8, 2);
    e->total = number(z, at + 10, 2);
    e->size = number(z, at + 12, 4);
    e->offset = number(z, at + 16, 4);
    if (at >= LOCATOR_BYTES && number(z, at - LOCATOR_BYTES, 4) == LOCATOR && !read_end64(p, e))
        return false;
    if (e->disk != 0 || e->first_disk != 0 || e->here != e->total)
        return BROKEN(p, at + 4, "zip: an archive of several disks");
    if (e->offset > e->at || e->size != e->at - e->offset)
        return BROKEN(p, at + 12,
                      "zip: a directory of %" PRIu64 " bytes at byte %" PRIu64
                      ", but it must end at byte %" PRIu64 ", where the end record begins",
                      e->size, e->offset, e->at);
    if (e->total > e->size / LISTED_BYTES)
        return BROKEN(p, at + 10, "zip: %" PRIu64 " entries in a directory of %" PRIu64 " bytes",
                      e->total, e->size);
    return true;
}

/* ---- Extra fields ---- */

/* Finds the field of 64-bit sizes in the extra area; a field that runs beyond its area is refused. */
static bool find_extra64(Parse *p, uint64_t at, uint64_t n, uint64_t *field, uint64_t *field_size)
{
    const Zip *z = p->z;
    uint64_t end = at + n;
    *field_size = 0;
    while (at < end) {
        uint64_t size = end - at < 4 ? FULL32 : number(z, at + 2, 2);
        if (end - at < 4 || size > end - at - 4)
            return BROKEN(p, at, "zip: an extra field that runs beyond its area");
        if (number(z, at, 2) == 1) {
            if (*field_size)
                return BROKEN(p, at, "zip: two extra fields of 64-bit sizes");
            *field = at + 4;
            *field_size = size;
        }
        at += 4 + size;
    }
    return true;
}

/* Replaces each value that is all ones by the next 8 bytes of the field. */
static bool widen_from_extra(Parse *p, uint64_t at, uint64_t n, uint64_t *const values[], int count)
{
    uint64_t field = 0, size;
    if (!find_extra64(p, at, n, &field, &size))
        return false;
    for (int i = 0; i < count; i++) {
        if (*values[i] != FULL32)
            continue;
        if (size < 8)
            return BROKEN(p, at, "zip: a size of 64 bits without its extra field");
        *values[i] = number(p->z, field, 8);
        field += 8;
        size -= 8;
    }
    return true;
}

/* ---- The directory ---- */

static bool check_kind(Parse *p, const ZipEntry *e, uint64_t method)
{
    if (e->flags & FLAG_ENCRYPTED || e->flags & FLAG_STRONG)
        return BROKEN(p, e->listed_at + 8, "zip: entry '%.*s' is encrypted", NAME_SHOWN, e->name);
    if (method != 0)
        return BROKEN(p, e->listed_at + 10,
                      "zip: entry '%.*s' is compressed (method %" PRIu64
                      "); only stored entries are read: write the file again with numpy.savez "
                      "instead of savez_compressed, or with torch.save",
                      NAME_SHOWN, e->name, method);
    if (e->flags & ~FLAGS_KNOWN)
        return BROKEN(p, e->listed_at + 8, "zip: entry '%.*s' has unknown flags 0x%04x", NAME_SHOWN,
                      e->name, e->flags);
    return true;
}

static bool take_name(Parse *p, ZipEntry *e, uint64_t at, uint64_t n)
{
    const Zip *z = p->z;
    size_t bad;
    if (n == 0 || memchr(z->bytes + at, 0, n))
        return BROKEN(p, at, "zip: an entry with %s", n ? "a zero byte in its name" : "no name");
    if (!json_is_utf8(z->bytes + at, n, &bad))
        return BROKEN(p, at + bad, "zip: a name that is not UTF-8");
    char *name = room_take(z->room, n + 1, 1);
    if (!name)
        return file_no_memory(p->err, z->path);
    e->name = memcpy(name, z->bytes + at, n);
    return true;
}

/* One line of the directory, from *at on. */
static bool take_listed(Parse *p, ZipEntry *e, uint64_t *at)
{
    const Zip *z = p->z;
    uint64_t left = z->directory_end - *at;
    if (left < LISTED_BYTES || number(z, *at, 4) != LISTED)
        return BROKEN(p, *at, "zip: expected an entry of the directory");
    uint64_t name = number(z, *at + 28, 2), extra = number(z, *at + 30, 2),
             comment = number(z, *at + 32, 2), packed = number(z, *at + 20, 4),
             disk = number(z, *at + 34, 2);
    if (name + extra + comment > left - LISTED_BYTES)
        return BROKEN(p, *at + 28, "zip: an entry that runs beyond the directory");
    *e = (ZipEntry){ .listed_at = *at, .flags = (uint16_t)number(z, *at + 8, 2),
                     .crc = (uint32_t)number(z, *at + 16, 4), .size = number(z, *at + 24, 4),
                     .at = number(z, *at + 42, 4) };
    uint64_t *const wide[] = { &e->size, &packed, &e->at };
    if (!take_name(p, e, *at + LISTED_BYTES, name) || !check_kind(p, e, number(z, *at + 10, 2)) ||
        !widen_from_extra(p, *at + LISTED_BYTES + name, extra, wide, 3))
        return false;
    if (disk != 0)
        return BROKEN(p, *at + 34, "zip: entry '%.*s' is on disk %" PRIu64, NAME_SHOWN, e->name, disk);
    if (packed != e->size)
        return BROKEN(p, *at + 20,
                      "zip: entry '%.*s' is stored, but takes %" PRIu64 " bytes for %" PRIu64,
                      NAME_SHOWN, e->name, packed, e->size);
    *at += LISTED_BYTES + name + extra + comment;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const ZipEntry *)a)->name, ((const ZipEntry *)b)->name);
}

static bool read_directory(Parse *p, const End *end)
{
    Zip *z = p->z;
    uint64_t at = z->directory = end->offset;
    z->directory_end = end->at;
    z->n = end->total;
    z->entries = room_take(z->room, z->n + 1, sizeof *z->entries);
    if (!z->entries)
        return file_no_memory(p->err, z->path);
    for (size_t i = 0; i < z->n; i++)
        if (!take_listed(p, &z->entries[i], &at))
            return false;
    if (at != z->directory_end)
        return BROKEN(p, at, "zip: the directory holds more than its %zu entries", z->n);
    qsort(z->entries, z->n, sizeof *z->entries, compare_names);
    for (size_t i = 1; i < z->n; i++)
        if (strcmp(z->entries[i - 1].name, z->entries[i].name) == 0)
            return BROKEN(p, z->entries[i].listed_at, "zip: entry '%.*s' twice", NAME_SHOWN,
                          z->entries[i].name);
    return true;
}

/* ---- Local headers ---- */

/* What the local header says of crc and sizes: the same, or zeros when a descriptor follows. */
static bool check_local_sizes(Parse *p, const ZipEntry *e, uint64_t name, uint64_t extra)
{
    const Zip *z = p->z;
    uint64_t crc = number(z, e->at + 14, 4), packed = number(z, e->at + 18, 4),
             size = number(z, e->at + 22, 4);
    uint64_t *const wide[] = { &size, &packed };
    if (!widen_from_extra(p, e->at + LOCAL_BYTES + name, extra, wide, 2))
        return false;
    if (e->flags & FLAG_DESCRIPTOR && crc == 0 && packed == 0 && size == 0)
        return true;
    return (crc == e->crc && packed == e->size && size == e->size) ||
           BROKEN(p, e->at + 14,
                  "zip: entry '%.*s': size %" PRIu64 ", CRC %08" PRIx64
                  " in its local header; the directory says %" PRIu64 ", %08" PRIx32,
                  NAME_SHOWN, e->name, size, crc, e->size, e->crc);
}

/* Sets data; the entry lies before byte `next`. */
static bool read_local(Parse *p, ZipEntry *e, uint64_t next)
{
    const Zip *z = p->z;
    uint64_t left = next - e->at, listed = strlen(e->name);
    if (left < LOCAL_BYTES || number(z, e->at, 4) != LOCAL)
        return BROKEN(p, e->at, "zip: expected the local header of entry '%.*s'", NAME_SHOWN, e->name);
    uint64_t flags = number(z, e->at + 6, 2), method = number(z, e->at + 8, 2),
             name = number(z, e->at + 26, 2), extra = number(z, e->at + 28, 2);
    if (flags != e->flags || method != 0)
        return BROKEN(p, e->at + 6,
                      "zip: entry '%.*s': flags 0x%04" PRIx64 ", method %" PRIu64
                      " in its local header; the directory says 0x%04x, 0",
                      NAME_SHOWN, e->name, flags, method, e->flags);
    if (name + extra > left - LOCAL_BYTES || name != listed ||
        memcmp(z->bytes + e->at + LOCAL_BYTES, e->name, name) != 0)
        return BROKEN(p, e->at + 26, "zip: the local header of entry '%.*s' has another name",
                      NAME_SHOWN, e->name);
    e->data_at = e->at + LOCAL_BYTES + name + extra;
    if (e->size > next - e->data_at)
        return BROKEN(p, e->data_at,
                      "zip: entry '%.*s' takes %" PRIu64 " bytes, but %" PRIu64
                      " are left before the next: they overlap",
                      NAME_SHOWN, e->name, e->size, next - e->data_at);
    e->data = z->bytes + e->data_at;
    return check_local_sizes(p, e, name, extra);
}

/* Between data and the next entry: nothing, or a descriptor of 12 to 24 bytes that agrees. */
static bool check_behind(Parse *p, const ZipEntry *e, uint64_t next)
{
    const Zip *z = p->z;
    uint64_t at = e->data_at + e->size, n = next - at;
    if (!(e->flags & FLAG_DESCRIPTOR))
        return n == 0 || BROKEN(p, at, "zip: %" PRIu64 " bytes that belong to no entry", n);
    if (n == 16 || n == 24) {
        if (number(z, at, 4) != DESCRIPTOR)
            return BROKEN(p, at, "zip: expected the descriptor of entry '%.*s'", NAME_SHOWN, e->name);
        at += 4;
        n -= 4;
    }
    size_t wide = n == 20 ? 8 : 4;
    if (n != 12 && n != 20)
        return BROKEN(p, at, "zip: expected the descriptor of entry '%.*s' and nothing else, found %" PRIu64 " bytes",
                      NAME_SHOWN, e->name, n);
    return (number(z, at, 4) == e->crc && number(z, at + 4, wide) == e->size &&
            number(z, at + 4 + wide, wide) == e->size) ||
           BROKEN(p, at, "zip: the descriptor of entry '%.*s' disagrees with the directory",
                  NAME_SHOWN, e->name);
}

static int compare_places(const void *a, const void *b)
{
    const ZipEntry *s = *(ZipEntry *const *)a, *t = *(ZipEntry *const *)b;
    return s->at < t->at ? -1 : s->at > t->at;
}

/* The local headers fill the file from its first byte to the directory. */
static bool read_locals(Parse *p)
{
    Zip *z = p->z;
    ZipEntry **by_place = room_take(z->room, z->n + 1, sizeof(ZipEntry *));
    if (!by_place)
        return file_no_memory(p->err, z->path);
    for (size_t i = 0; i < z->n; i++)
        by_place[i] = &z->entries[i];
    qsort(by_place, z->n, sizeof *by_place, compare_places);
    uint64_t first = z->n ? by_place[0]->at : z->directory;
    if (first != 0)
        return BROKEN(p, 0, "zip: %" PRIu64 " bytes before the first entry", first);
    for (size_t i = 0; i < z->n; i++) {
        ZipEntry *e = by_place[i];
        uint64_t next = i + 1 < z->n ? by_place[i + 1]->at : z->directory;
        if (e->at >= z->directory || next > z->directory)
            return BROKEN(p, e->listed_at + 42,
                          "zip: entry '%.*s' is said to begin at byte %" PRIu64
                          ", but the directory begins at %" PRIu64,
                          NAME_SHOWN, e->at >= z->directory ? e->name : by_place[i + 1]->name,
                          e->at >= z->directory ? e->at : next, z->directory);
        if (!read_local(p, e, next) || !check_behind(p, e, next))
            return false;
    }
    return true;
}

RtStatus zip_read(Zip *z, Room *room, const char *path, const void *bytes, size_t size,
                  RtError *err)
{
    RtError local;
    End end = { 0 };
    *z = (Zip){ .path = path, .bytes = bytes, .size = size, .room = room };
    Parse p = { z, err ? err : &local };
    return read_end(&p, &end) && read_directory(&p, &end) && read_locals(&p) ? RT_OK : p.err->status;
}

static int name_against(const void *name, const void *e)
{
    return strcmp(name, ((const ZipEntry *)e)->name);
}

const ZipEntry *zip_find(const Zip *z, const char *name)
{
    return z->n ? bsearch(name, z->entries, z->n, sizeof *z->entries, name_against) : NULL;
}

RtStatus zip_check(const Zip *z, RtError *err)
{
    for (size_t i = 0; i < z->n; i++) {
        const ZipEntry *e = &z->entries[i];
        uint32_t crc = (uint32_t)crc32_z(0, e->data, e->size);
        if (crc != e->crc)
            return rt_error(err, RT_ERROR_INPUT,
                            "%s: byte %" PRIu64 ": zip: entry '%.*s' has CRC-32 %08" PRIx32
                            "; the directory says %08" PRIx32
                            ": it is damaged, or was written without checksums",
                            z->path, e->data_at, NAME_SHOWN, e->name, crc, e->crc);
    }
    return RT_OK;
}

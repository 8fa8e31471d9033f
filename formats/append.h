/* append.h - a file that grows by whole records.
 *
 * Errors: RT_ERROR_FILE, once.  The file then ends with its last whole record and is closed: everything after that
 * succeeds and does nothing, so that a full disk ends a log and not the training. */
#ifndef FORMATS_APPEND_H
#define FORMATS_APPEND_H
#include "../runtime/rt.h"
#include <stdbool.h>

typedef struct Append { /* start from APPEND_CLOSED */
    int fd;             /* -1: closed */
    char *path;
    int64_t size_bytes;
} Append;
#define APPEND_CLOSED { .fd = -1 }

/* fresh: the file must not exist yet; else it is made or gone on with. */
RtStatus append_open(Append *a, const char *path, bool fresh, RtError *err);
/* A record, by one write where the system takes it whole. */
RtStatus append_bytes(Append *a, const void *bytes, size_t n, RtError *err);
RtStatus append_sync(Append *a, RtError *err); /* to the disk */
void append_close(Append *a);                  /* which may be closed already */
/* Ends a with the error of errno value `why`. */
RtStatus append_give_up(Append *a, int why, RtError *err);
#endif

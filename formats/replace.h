/* replace.h - writing a file so that a reader or a crash sees the old one or the new one, never a
 * part.
 *
 * The text goes to a sibling (FILE.tmp.PID.K), which is synced and renamed over the file when
 * complete. A path that is no regular file (a pipe, /dev/stdout) is written directly; a symbolic
 * link keeps pointing where it points. */
#ifndef FORMATS_REPLACE_H
#define FORMATS_REPLACE_H
#include "../runtime/rt.h"
#include "cleanup.h"
#include <stdio.h>

typedef struct Replace {
    FILE *file;       /* write here; null when finished */
    char *path;       /* the file to replace */
    char *sibling;    /* null when written directly */
    Cleanup *cleanup; /* of the sibling, when a signal comes */
} Replace;

RtStatus replace_begin(Replace *r, const char *path, RtError *err);
/* Writes everything out, so that a commit only renames: for several files that belong together. On an error r is ended. */
RtStatus replace_finish(Replace *r, RtError *err);
/* Ends r: the file is in place, or the status says why not and the old file is untouched. */
RtStatus replace_commit(Replace *r, RtError *err);
void replace_abort(Replace *r); /* ends r, leaves the old file */
#endif

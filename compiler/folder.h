/* A temporary folder and the files in it: gone at the end, on a signal too (formats/cleanup.h). */
#ifndef INCEPTC_FOLDER_H
#define INCEPTC_FOLDER_H
#include "../formats/cleanup.h"
#include "../runtime/rt.h"
#include "arena.h"

typedef struct Folder {
    char *path;
    LIST(const char *) files;
    LIST(Cleanup *) entries; /* of the folder and of its files */
} Folder;

/* Makes $TMPDIR/inceptc-WHAT-XXXXXX (/tmp without TMPDIR). */
RtStatus folder_open(Folder *f, Arena *a, const char *what, RtError *err);
/* The path of a file that will be in it. */
char *folder_file(Folder *f, Arena *a, const char *name);
void folder_remove(Folder *f);
#endif

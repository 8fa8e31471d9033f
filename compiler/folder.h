/* A temporary folder and the files in it: gone at the end, on a signal too (formats/cleanup.h). */
#ifndef INCEPTC_FOLDER_H
#define INCEPTC_FOLDER_H
#include "../runtime/rt.h"
#include "arena.h"

enum { MOST_FILES = 4096 + 2 };
typedef struct Folder {
    char *path;
    LIST(const char *) files;
    int slots[MOST_FILES], n_slots;
} Folder;

/* Makes $TMPDIR/inceptc-WHAT-XXXXXX (/tmp without TMPDIR). */
RtStatus folder_open(Folder *f, Arena *a, const char *what, RtError *err);
/* The path of a file that will be in it. */
char *folder_file(Folder *f, Arena *a, const char *name);
void folder_remove(Folder *f);
#endif

/* A fix: changes of the text, written as a variant of the net, loaded in this process and compared with the net. */
#ifndef INCEPTC_ADVICE_PATCH_H
#define INCEPTC_ADVICE_PATCH_H
#include "finding.h"
#include "source.h"
#include "../frontend.h"

typedef struct Change {
    size_t from, to;    /* bytes of the file; equal: an insertion */
    Loc loc;
    const char *text;
    const Nodes *nodes; /* the layers that it is made for; null: the piece changes wherever it is used */
} Change;

typedef struct Patch {
    Arena *arena;
    View *view;
    const Source *source;
    const char *suffix;      /* of the variant's name and of new modules */
    LIST(Change) changes;
    LIST(const char *) lines; /* further edits */
    const char *train;       /* its own train {}; null: the net's */
    bool reshapes;           /* declared shapes of changed statements no longer hold: they are said again without */
    const char *failed;      /* why there is no variant after all */
} Patch;

void patch_insert(Patch *p, Loc before, const char *text, const Nodes *nodes);
void patch_append(Patch *p, Loc after, const char *text, const Nodes *nodes);
void patch_replace(Patch *p, Loc old, const char *text, const Nodes *nodes);

/* The variant that the patch makes of the net that was loaded with `o`. */
Fixed patch_apply(Patch *p, const NetOptions *o);
#endif

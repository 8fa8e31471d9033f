/* -MD: the files that an output was made of, as a rule for make and ninja. */
#ifndef INCEPTC_DEPEND_H
#define INCEPTC_DEPEND_H
#include "../formats/replace.h"
#include "graph.h"
#include "options.h"

typedef struct Depend {
    bool wanted;
    Replace file;
} Depend;

/* Writes the rule beside its place, where -MD is given: all texts of g, the tuning record, weights and names that were read. Returns an
 * exit code. */
int depend_begin(Depend *d, const Options *o, Arena *a, const Graph *g);
/* Puts it in its place when the output is in its own (code 0), else drops it. Returns the exit code. */
int depend_end(Depend *d, int code);
#endif

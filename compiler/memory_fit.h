/* memory_fit.h - which modules of a training step are computed again so that it takes at most so many bytes. */
#ifndef INCEPTC_MEMORY_FIT_H
#define INCEPTC_MEMORY_FIT_H
#include "recompute.h"

typedef struct MemoryFit {
    Arena *arena;
    const TrainModules *modules;
    int64_t most;  /* bytes */
    int64_t (*bytes)(void *arg, const Keep *keep, const TrainModules *m); /* of a step that keeps this of each module */
    void *arg;
    /* found */
    Keep *keep;    /* null: nothing */
    int64_t least; /* the fewest bytes that were seen */
} MemoryFit;

/* Finds a `keep` with bytes() <= most that costs little: first without convolutions, the modules with most bytes for their work; then
 * whole modules; then several in one.  False when nothing is found. */
bool memory_fit(MemoryFit *f);

/* "8 of 14 modules computed again, 3 with their convolutions"; null where all is kept. */
const char *memory_text(Arena *a, const TrainModules *m, const Keep *keep);
#endif

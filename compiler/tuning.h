/* A tuning record: which way was the fastest for a shape, on the machine where it was measured.
 *
 *   inceptc-tuning 1
 *   # AMD EPYC, 2 threads, gcc 12.2.0
 *   x86-64-v4 fast 3x3 64x56x56 192x56x56 F6x6 4    # 1.716 ms; direct 5.9
 *
 * Target, level of numerics, kernel, input, output, then the tile and the number of blocks of tiles, or
 * `direct`.  A record changes which kernels are compiled, never what they compute beyond the level's error. */
#ifndef INCEPTC_TUNING_H
#define INCEPTC_TUNING_H
#include "plan.h"

/* Reads a record; null after a diagnostic that names the place. *file_error: it could not be read at all. */
const Tuning *tuning_read(Arena *a, const char *path, bool *file_error);
void tuning_print_row(const TuningRow *r, FILE *f); /* without comment and line end */
#endif

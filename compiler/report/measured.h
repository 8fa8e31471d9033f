/* Times of a program's steps, as `./net bench --layers --json` prints them. */
#ifndef INCEPTC_REPORT_MEASURED_H
#define INCEPTC_REPORT_MEASURED_H
#include "layers.h"

/* Milliseconds of each layer by place: l has the plan of the program that was measured.  Null after a message; *code is the exit code. */
double *measured_read(Arena *a, const char *path, const Layers *l, int *code);
#endif

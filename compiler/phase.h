/* -ftime-report: where the time goes. A program is in one phase at a time; a phase that is entered within another pauses it. */
#ifndef INCEPTC_PHASE_H
#define INCEPTC_PHASE_H
#include <stdio.h>

/* Enters a phase, whose name (shorter than 40 letters) is copied, and returns the one that was left, to be entered again. */
const char *phase_enter(const char *name);
/* The table of all phases, in the order in which they were first entered, the very first at the end: wall time, and bytes that arenas
 * handed out. */
void phase_print(FILE *f);
#endif

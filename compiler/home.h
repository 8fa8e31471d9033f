/* Where inceptc's own files lie. */
#ifndef INCEPTC_HOME_H
#define INCEPTC_HOME_H
#include "arena.h"

/* The folder that holds runtime/, netdefs/ and the runtime's library: that of the build, or as installed. */
const char *home_dir(Arena *a);
#endif

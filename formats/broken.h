/* broken.h - the message of a reader that found a broken rule. */
#ifndef FORMATS_BROKEN_H
#define FORMATS_BROKEN_H
#include "../runtime/rt.h"
#include <stdbool.h>

/* Sets err (not null) to RT_ERROR_INPUT, "PATH: byte N: ...".  The macro's value is false. */
void file_say_broken(RtError *err, const char *path, uint64_t byte, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
#define file_broken(...) (file_say_broken(__VA_ARGS__), false)
/* Sets err (not null) to RT_ERROR_FILE, "PATH: out of memory ...", and returns false. */
bool file_no_memory(RtError *err, const char *path);
#endif

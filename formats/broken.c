/* broken.c - one shape for all messages of the readers of checkpoints. */
#include "broken.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void file_say_broken(RtError *err, const char *path, uint64_t byte, const char *fmt, ...)
{
    char what[768];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    rt_error(err, RT_ERROR_INPUT, "%s: byte %" PRIu64 ": %s", path, byte, what);
}

bool file_no_memory(RtError *err, const char *path)
{
    rt_error(err, RT_ERROR_FILE, "%s: out of memory for the description of its tensors", path);
    return false;
}

/* error.c - the machine's errors: a status and a sentence, returned to whoever asked. */
#include "../rt.h"
#include <stdarg.h>
#include <stdio.h>

RtStatus rt_error(RtError *err, RtStatus status, const char *fmt, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

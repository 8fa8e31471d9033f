/* signal_at.c - preloaded into a program that trains: raises signals at an exact place of its work.
 *
 *     AT_CALL     write, open or rename
 *     AT_TEXT     what is written begins with this; or the file (of rename: the new name) ends with it
 *     AT_NTH      at which of such calls (1)
 *     AT_SIGNALS  numbers of signals, in order: "2", "2 2", "9" */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_place(const char *call, const char *text, size_t n, int at_end)
{
    static int seen;
    const char *wanted = getenv("AT_CALL"), *part = getenv("AT_TEXT"), *nth = getenv("AT_NTH");
    if (!wanted || !part || strcmp(call, wanted) != 0 || n < strlen(part))
        return 0;
    const char *from = at_end ? text + n - strlen(part) : text;
    return memcmp(from, part, strlen(part)) == 0 && ++seen == (nth ? atoi(nth) : 1);
}

static void raise_all(void)
{
    const char *at = getenv("AT_SIGNALS");
    for (char *end; at && *at; at = end) {
        int k = (int)strtol(at, &end, 10);
        if (end == at)
            break;
        kill(getpid(), k); /* threads that load have all signals blocked */
    }
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    ssize_t wrote = real(fd, bytes, n);
    if (is_place("write", bytes, n, 0))
        raise_all();
    return wrote;
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    va_list args;
    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    if (is_place("open", path, strlen(path), 1))
        raise_all();
    return real(path, flags, mode);
}

/* Before it is done: between the two renames of a checkpoint there is no last.safetensors. */
int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    if (is_place("rename", to, strlen(to), 1))
        raise_all();
    return real(from, to);
}

/* append.c - O_APPEND, and ftruncate after a write that failed on the way. */
#include "append.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void append_close(Append *a)
{
    if (a->fd >= 0)
        close(a->fd);
    free(a->path);
    *a = (Append)APPEND_CLOSED;
}

RtStatus append_open(Append *a, const char *path, bool fresh, RtError *err)
{
    struct stat st = { 0 };
    *a = (Append){ .fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_EXCL : 0), 0666), .path = strdup(path) };
    if (a->fd >= 0 && a->path && fstat(a->fd, &st) == 0) {
        a->size_bytes = st.st_size;
        return RT_OK;
    }
    RtStatus status = rt_error(err, RT_ERROR_FILE, "%s: cannot write: %s", path, strerror(errno));
    append_close(a);
    return status;
}

RtStatus append_give_up(Append *a, int why, RtError *err)
{
    RtStatus status = rt_error(err, RT_ERROR_FILE, "%s: cannot write: %s; nothing more is written to it", a->path, strerror(why));
    (void)!ftruncate(a->fd, a->size_bytes);
    append_close(a);
    return status;
}

RtStatus append_bytes(Append *a, const void *bytes, size_t n, RtError *err)
{
    for (size_t done = 0; a->fd >= 0 && done < n;) {
        ssize_t wrote = write(a->fd, (const char *)bytes + done, n - done);
        if (wrote < 0 && errno != EINTR)
            return append_give_up(a, errno, err);
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    a->size_bytes += (int64_t)n;
    return RT_OK;
}

RtStatus append_sync(Append *a, RtError *err)
{
    if (a->fd < 0 || fsync(a->fd) == 0 || errno == EINVAL)
        return RT_OK;
    return append_give_up(a, errno, err);
}

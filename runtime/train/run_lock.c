#include "run_lock.h"
#include "runlog.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void run_unlock(RunLock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    *l = (RunLock)RUN_LOCK_NONE;
}

static RtStatus say_who(const char *folder, const struct flock *other, RtError *err)
{
    static const char advice[] = "trains in this folder: wait for it or end it, or name another run by --experiment";
    if (other->l_pid > 0)
        return rt_error(err, RT_ERROR_FILE, "%s: process %ld %s", folder, (long)other->l_pid, advice);
    return rt_error(err, RT_ERROR_FILE, "%s: another program %s", folder, advice); /* on another machine or in another container */
}

/* Asks who has it; when that one has just ended, tries again. */
static RtStatus take(RunLock *l, const char *folder, const char *path, RtError *err)
{
    struct flock all, other;
    do {
        all = other = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
        if (!fcntl(l->fd, F_SETLK, &all))
            return RT_OK;
        if (errno != EAGAIN && errno != EACCES) {
            rt_error(err, RT_OK, "%s: cannot be locked: %s; another program that trains in this folder would not be noticed", path, strerror(errno));
            return RT_OK;
        }
    } while (!fcntl(l->fd, F_GETLK, &other) && other.l_type == F_UNLCK);
    return say_who(folder, &other, err);
}

RtStatus run_lock(RunLock *l, const char *folder, RtError *err)
{
    char *path = path_in(folder, ".lock", err);
    if (!path)
        return RT_ERROR_FILE;
    *err = (RtError){ 0 };
    l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    RtStatus status = l->fd < 0 ? rt_error(err, RT_ERROR_FILE, "%s: cannot write: %s", path, strerror(errno)) : take(l, folder, path, err);
    if (status)
        run_unlock(l);
    free(path);
    return status;
}

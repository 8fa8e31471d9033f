/* replace.c - write beside, sync, rename, sync the directory. */
#include "replace.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void release(Replace *r)
{
    cleanup_drop(r->cleanup);
    free(r->path);
    free(r->sibling);
    *r = (Replace){ 0 };
}

static int open_sibling(Replace *r)
{
    for (int k = 0; k < 100; k++) {
        free(r->sibling);
        if (asprintf(&r->sibling, "%s.tmp.%ld.%d", r->path, (long)getpid(), k) < 0) {
            r->sibling = NULL;
            return -1;
        }
        sigset_t before = cleanup_hold();
        int fd = open(r->sibling, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        r->cleanup = fd >= 0 ? cleanup_add(r->sibling) : NULL;
        cleanup_release(&before);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

RtStatus replace_begin(Replace *r, const char *path, RtError *err)
{
    struct stat st, own;
    int exists = stat(path, &st) == 0, fd;
    int is_link = exists && lstat(path, &own) == 0 && S_ISLNK(own.st_mode);
    *r = (Replace){ .path = is_link ? realpath(path, NULL) : strdup(path) };
    if (exists && !S_ISREG(st.st_mode)) {
        free(r->path);
        r->path = strdup(path);
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        fd = r->path ? open_sibling(r) : -1;
        if (fd >= 0 && exists)
            (void)!fchmod(fd, st.st_mode & 0777);
    }
    r->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (r->file)
        return RT_OK;
    int why = errno;
    if (fd >= 0) {
        close(fd);
        if (r->sibling)
            unlink(r->sibling);
    }
    release(r);
    return rt_error(err, RT_ERROR_FILE, "%s: cannot write: %s", path, strerror(why));
}

static int sync_directory(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    free(copy);
    if (fd < 0)
        return 0; /* a directory that may be written but not read: nothing more can be done */
    int bad = fsync(fd) && errno != EINVAL && errno != EROFS;
    int why = errno;
    close(fd);
    errno = why;
    return bad ? -1 : 0;
}

/* Removes the sibling and ends r. */
static RtStatus give_up(Replace *r, int why, RtError *err)
{
    RtStatus status = rt_error(err, RT_ERROR_FILE, "%s: cannot write: %s", r->path, strerror(why));
    if (r->sibling)
        unlink(r->sibling);
    release(r);
    return status;
}

RtStatus replace_finish(Replace *r, RtError *err)
{
    int bad = ferror(r->file) | (fflush(r->file) != 0), why = errno;
    if (!bad && r->sibling && fsync(fileno(r->file))) {
        bad = 1;
        why = errno;
    }
    if (fclose(r->file) && !bad) {
        bad = 1;
        why = errno;
    }
    r->file = NULL;
    return bad ? give_up(r, why, err) : RT_OK;
}

RtStatus replace_commit(Replace *r, RtError *err)
{
    RtStatus status = r->file ? replace_finish(r, err) : RT_OK;
    if (status)
        return status;
    if (r->sibling && rename(r->sibling, r->path))
        return give_up(r, errno, err);
    if (r->sibling && sync_directory(r->path))
        status = rt_error(err, RT_ERROR_FILE, "%s: cannot sync its directory: %s", r->path,
                          strerror(errno));
    release(r);
    return status;
}

void replace_abort(Replace *r)
{
    if (r->file)
        fclose(r->file);
    if (r->sibling)
        unlink(r->sibling);
    release(r);
}

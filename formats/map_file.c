/* map_file.c - open, look, map, close. */
#include "map_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

RtStatus map_file(const char *path, const void **bytes, size_t *size, RtError *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer is refused, not waited for */
    if (fd < 0 || fstat(fd, &st)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(why));
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: not a regular file", path);
    }
    *size = (size_t)st.st_size;
    *bytes = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int why = errno;
    close(fd);
    if (*bytes == MAP_FAILED)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot map: %s", path, strerror(why));
    return RT_OK;
}

void unmap_file(const void *bytes, size_t size)
{
    if (size)
        munmap((void *)bytes, size);
}

void map_forget(const void *bytes, size_t size)
{
    if (size)
        (void)madvise((void *)bytes, size, MADV_DONTNEED); /* a wish */
}

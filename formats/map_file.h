/* map_file.h - a whole regular file, mapped for reading. */
#ifndef FORMATS_MAP_FILE_H
#define FORMATS_MAP_FILE_H
#include "../runtime/rt.h"

/* An empty file gives a null pointer and size 0.  RT_ERROR_FILE when the system refuses or path is
 * not a regular file.  The caller ends it with unmap_file. */
RtStatus map_file(const char *path, const void **bytes, size_t *size, RtError *err);
void unmap_file(const void *bytes, size_t size);
/* Its pages count no longer as memory of this process; they come back when they are read. */
void map_forget(const void *bytes, size_t size);
#endif

#include "folder.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

RtStatus folder_open(Folder *f, Arena *a, const char *what, RtError *err)
{
    const char *tmp = getenv("TMPDIR") && *getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    f->path = arena_printf(a, "%s/inceptc-%s-XXXXXX", tmp, what);
    sigset_t before = cleanup_hold();
    bool made = mkdtemp(f->path) != NULL;
    if (made)
        LIST_PUSH(a, &f->entries, cleanup_add(f->path));
    cleanup_release(&before);
    return made ? RT_OK : rt_error(err, RT_ERROR_FILE, "cannot make a folder in '%s': %s", tmp, strerror(errno));
}

char *folder_file(Folder *f, Arena *a, const char *name)
{
    char *path = arena_printf(a, "%s/%s", f->path, name);
    LIST_PUSH(a, &f->files, path);
    LIST_PUSH(a, &f->entries, cleanup_add(path));
    return path;
}

void folder_remove(Folder *f)
{
    for (int i = 0; i < f->files.n; i++)
        unlink(f->files.at[i]);
    rmdir(f->path);
    for (int i = 0; i < f->entries.n; i++)
        cleanup_drop(f->entries.at[i]);
}

#include "folder.h"
#include "../formats/cleanup.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

RtStatus folder_open(Folder *f, Arena *a, const char *what, RtError *err)
{
    const char *tmp = getenv("TMPDIR") && *getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    f->path = arena_printf(a, "%s/inceptc-%s-XXXXXX", tmp, what);
    if (!mkdtemp(f->path))
        return rt_error(err, RT_ERROR_FILE, "cannot make a folder in '%s': %s", tmp, strerror(errno));
    f->slots[f->n_slots++] = cleanup_add(f->path);
    return RT_OK;
}

char *folder_file(Folder *f, Arena *a, const char *name)
{
    char *path = arena_printf(a, "%s/%s", f->path, name);
    LIST_PUSH(a, &f->files, path);
    f->slots[f->n_slots++] = cleanup_add(path);
    return path;
}

void folder_remove(Folder *f)
{
    for (int i = 0; i < f->files.n; i++)
        unlink(f->files.at[i]);
    rmdir(f->path);
    for (int i = 0; i < f->n_slots; i++)
        cleanup_drop(f->slots[i]);
}

#include "home.h"
#include <string.h>
#include <unistd.h>

const char *home_dir(Arena *a)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0)
        return ".";
    exe[n] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash)
            break;
        *slash = '\0';
        if (access(arena_printf(a, "%s/runtime/rt.h", exe), R_OK) == 0)
            return arena_strdup(a, exe);
        const char *shared = arena_printf(a, "%s/share/inceptc", exe);
        if (access(arena_printf(a, "%s/runtime/rt.h", shared), R_OK) == 0)
            return shared;
    }
#ifdef INCEPTC_DATADIR
    if (access(INCEPTC_DATADIR "/runtime/rt.h", R_OK) == 0)
        return INCEPTC_DATADIR;
#endif
    return ".";
}

/* cleanup.c - handlers that use async-signal-safe calls only. */
#include "cleanup.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 16 };
static char *volatile paths[MOST];
static volatile pid_t child;

static void on_signal(int number)
{
    if (child > 0 && kill(child, SIGTERM) == 0)
        waitpid(child, NULL, 0); /* it would write again */
    for (int i = 0; i < MOST; i++)
        if (paths[i])
            unlink(paths[i]);
    for (int i = 0; i < MOST; i++)
        if (paths[i])
            rmdir(paths[i]);
    signal(number, SIG_DFL);
    raise(number);
}

static void install(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
    static int installed;
    for (size_t i = 0; i < sizeof signals / sizeof *signals && !installed; i++) {
        struct sigaction old, now = { .sa_handler = on_signal };
        sigemptyset(&now.sa_mask);
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signals[i], &now, NULL);
    }
    installed = 1;
}

int cleanup_add(const char *path)
{
    install();
    for (int i = 0; i < MOST; i++)
        if (!paths[i]) {
            paths[i] = strdup(path);
            return paths[i] ? i : -1;
        }
    return -1;
}

void cleanup_drop(int slot)
{
    if (slot < 0)
        return;
    char *path = paths[slot];
    paths[slot] = NULL;
    free(path);
}

void cleanup_child(pid_t pid) { child = pid; }

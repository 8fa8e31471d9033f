/* cleanup.c - handlers that use async-signal-safe calls only. */
#include "cleanup.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct Cleanup {
    char *path;
    Cleanup *next;
};

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM };
enum { N_SIGNALS = sizeof signals / sizeof *signals };
static Cleanup *entries; /* changed under a hold */
static volatile pid_t child;

static void on_signal(int number)
{
    if (child > 0 && kill(child, SIGTERM) == 0)
        waitpid(child, NULL, 0); /* it would write again */
    for (const Cleanup *c = entries; c; c = c->next)
        unlink(c->path);
    for (const Cleanup *c = entries; c; c = c->next)
        rmdir(c->path);
    signal(number, SIG_DFL);
    raise(number);
}

static void install(void)
{
    static int installed;
    for (int i = 0; i < N_SIGNALS && !installed; i++) {
        struct sigaction old, now = { .sa_handler = on_signal };
        sigemptyset(&now.sa_mask);
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signals[i], &now, NULL);
    }
    installed = 1;
}

sigset_t cleanup_hold(void)
{
    sigset_t all, before;
    sigemptyset(&all);
    for (int i = 0; i < N_SIGNALS; i++)
        sigaddset(&all, signals[i]);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    return before;
}

void cleanup_release(const sigset_t *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }

Cleanup *cleanup_add(const char *path)
{
    Cleanup *c = malloc(sizeof *c);
    char *copy = strdup(path);
    if (!c || !copy) {
        free(c);
        free(copy);
        return NULL;
    }
    sigset_t before = cleanup_hold();
    install();
    *c = (Cleanup){ copy, entries };
    entries = c;
    cleanup_release(&before);
    return c;
}

void cleanup_drop(Cleanup *c)
{
    if (!c)
        return;
    sigset_t before = cleanup_hold();
    Cleanup **at = &entries;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    cleanup_release(&before);
    free(c->path);
    free(c);
}

void cleanup_child(pid_t pid) { child = pid; }

/* cleanup.h - what a signal must not leave behind: temporary files, their folder, the compiler that writes them.
 *
 * The first entry installs handlers for SIGHUP, SIGINT, SIGQUIT, SIGPIPE and SIGTERM (where they are not ignored or handled): they end the
 * child, remove the files and the folders, and let the signal do what it does. A file is made and remembered under one hold, so that no
 * signal comes between the two. */
#ifndef FORMATS_CLEANUP_H
#define FORMATS_CLEANUP_H
#include <signal.h>
#include <sys/types.h>

typedef struct Cleanup Cleanup;

/* From hold to release these signals wait (for the calling thread); hold returns the mask that release puts back. errno stays. */
sigset_t cleanup_hold(void);
void cleanup_release(const sigset_t *before);

/* Remembers a file or an empty folder (the path is copied); null without memory: then it is not removed. */
Cleanup *cleanup_add(const char *path);
void cleanup_drop(Cleanup *c); /* forgets it; null is allowed */
void cleanup_child(pid_t pid); /* 0: none any more */
#endif

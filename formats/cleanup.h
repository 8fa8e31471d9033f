/* cleanup.h - what a signal must not leave behind: temporary files, their folder, the compiler that writes them.
 *
 * The first entry installs handlers for SIGINT, SIGTERM and SIGHUP (where they are not ignored): they end the child, remove
 * the files and the folders, and let the signal do what it does. */
#ifndef FORMATS_CLEANUP_H
#define FORMATS_CLEANUP_H
#include <sys/types.h>

/* Remembers a file or an empty folder (the path is copied); its slot, -1 when there is no room: then it is not removed. */
int cleanup_add(const char *path);
void cleanup_drop(int slot); /* forgets it; -1 is allowed */
void cleanup_child(pid_t pid); /* 0: none any more */
#endif

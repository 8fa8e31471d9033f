/* run_lock.h - the folder of a run belongs to one process at a time: two that trained in it would take each other's checkpoints away.
 *
 * The lock is the system's (fcntl) on FOLDER/.lock, which stays and is empty: it ends with its process, however that ends. */
#ifndef INCEPTRT_RUN_LOCK_H
#define INCEPTRT_RUN_LOCK_H
#include "../rt.h"

typedef struct RunLock { /* start from RUN_LOCK_NONE */
    int fd;
} RunLock;
#define RUN_LOCK_NONE { -1 }

/* RT_ERROR_FILE: another process has it, which err names, or the file cannot be made.  Where the file system knows no locks, RT_OK, and
 * err says that; else err is empty. */
RtStatus run_lock(RunLock *l, const char *folder, RtError *err);
void run_unlock(RunLock *l);
#endif

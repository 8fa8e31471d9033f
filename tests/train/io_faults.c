/* io_faults.c - runs a program and lets one of its calls that touch files go wrong.
 *
 *     io_faults CALLS FAULT N COMMAND...
 *
 * Every such call is a line of the file CALLS: its number from 1 on, its name, the file.  FAULT happens at call N:
 *
 *     none            nothing
 *     EIO, ENOSPC ... the call is not made and fails so; with a + (ENOSPC+) every later call that writes does so
 *                     too, as on a full disk, but for standard output and error
 *     short           of what is to be read or written only half is
 *     before, after   the process is killed before the call is made, or when it has been
 *     torn            half is written, then it is killed
 *     TERM            the process gets SIGTERM when the call has been made
 *
 * It stops at every system call (ptrace), so whatever library makes the call is seen.  Counted are calls on files below the current
 * folder: not those of the dynamic loader.  The exit status is the command's, 128 + N after signal N. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error registers of this machine: not written down yet
#endif

enum { BY_FD, BY_PATH, BY_PATH_AT };
typedef struct Call {
    long number;
    const char *name;
    int by, place; /* how a file is named: by argument `place` (and the folder before it) */
    int writes;    /* it changes the disk; open: when it creates */
    int count;     /* the argument that says how many bytes; 0: none */
} Call;

static const Call calls[] = {
    { SYS_open, "open", BY_PATH, 0, 0, 0 }, { SYS_openat, "open", BY_PATH_AT, 1, 0, 0 },
    { SYS_read, "read", BY_FD, 0, 0, 2 }, { SYS_pread64, "read", BY_FD, 0, 0, 2 }, { SYS_readv, "read", BY_FD, 0, 0, 0 },
    { SYS_write, "write", BY_FD, 0, 1, 2 }, { SYS_pwrite64, "write", BY_FD, 0, 1, 2 }, { SYS_writev, "write", BY_FD, 0, 1, 0 },
    { SYS_fsync, "fsync", BY_FD, 0, 1, 0 }, { SYS_fdatasync, "fsync", BY_FD, 0, 1, 0 }, { SYS_ftruncate, "ftruncate", BY_FD, 0, 1, 0 },
    { SYS_close, "close", BY_FD, 0, 0, 0 }, { SYS_lseek, "lseek", BY_FD, 0, 0, 0 }, { SYS_fcntl, "fcntl", BY_FD, 0, 0, 0 },
    { SYS_flock, "flock", BY_FD, 0, 0, 0 }, { SYS_fchmod, "fchmod", BY_FD, 0, 1, 0 }, { SYS_getdents64, "readdir", BY_FD, 0, 0, 0 },
    { SYS_mmap, "mmap", BY_FD, 4, 0, 0 }, { SYS_fstat, "stat", BY_FD, 0, 0, 0 },
    { SYS_stat, "stat", BY_PATH, 0, 0, 0 }, { SYS_lstat, "stat", BY_PATH, 0, 0, 0 }, { SYS_newfstatat, "stat", BY_PATH_AT, 1, 0, 0 },
    { SYS_access, "access", BY_PATH, 0, 0, 0 }, { SYS_faccessat, "access", BY_PATH_AT, 1, 0, 0 }, { SYS_faccessat2, "access", BY_PATH_AT, 1, 0, 0 },
    { SYS_readlink, "readlink", BY_PATH, 0, 0, 0 }, { SYS_readlinkat, "readlink", BY_PATH_AT, 1, 0, 0 },
    { SYS_rename, "rename", BY_PATH, 0, 1, 0 }, { SYS_renameat, "rename", BY_PATH_AT, 1, 1, 0 }, { SYS_renameat2, "rename", BY_PATH_AT, 1, 1, 0 },
    { SYS_unlink, "unlink", BY_PATH, 0, 1, 0 }, { SYS_unlinkat, "unlink", BY_PATH_AT, 1, 1, 0 },
    { SYS_mkdir, "mkdir", BY_PATH, 0, 1, 0 }, { SYS_mkdirat, "mkdir", BY_PATH_AT, 1, 1, 0 },
};

typedef struct Fault {
    int error, from_then_on, is_short, before;
    int after; /* a signal; 0: none */
} Fault;
typedef struct Thread { /* in a call that goes wrong */
    pid_t id;
    int error, signal; /* at its end: it returns -error; the process gets the signal */
} Thread;

static FILE *list;
static char root[PATH_MAX];
static Fault fault;
static int nth, seen;
static Thread in_call[64];

static void fail(const char *what)
{
    fprintf(stderr, "io_faults: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* ---- Which file ---- */

static void read_text(pid_t id, uint64_t address, char out[PATH_MAX])
{
    struct iovec here = { out, PATH_MAX - 1 }, there = { (void *)address, PATH_MAX - 1 };
    uint64_t page = 4096 - address % 4096; /* beyond it nothing may be mapped */
    ssize_t n = process_vm_readv(id, &here, 1, &there, 1, 0);
    if (n <= 0) {
        there.iov_len = page;
        n = process_vm_readv(id, &here, 1, &there, 1, 0);
    }
    out[n > 0 ? n : 0] = 0;
}

static void read_fd(pid_t id, int fd, char out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)id, fd);
    ssize_t n = fd < 0 ? -1 : readlink(link, out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = 0;
}

/* The file below root; null when it is another one. */
static const char *file_of(pid_t id, const Call *c, const uint64_t *args, char room[PATH_MAX])
{
    if (c->by == BY_FD)
        read_fd(id, (int)args[c->place], room);
    else
        read_text(id, args[c->place], room);
    if (c->by == BY_PATH_AT && !*room) /* fstat, as newer C libraries call it */
        read_fd(id, (int)args[c->place - 1], room);
    size_t n = strlen(root);
    if (*room && *room != '/')
        return room;
    return strncmp(room, root, n) == 0 && room[n] == '/' ? room + n + 1 : NULL;
}

/* ---- What happens ---- */

static Thread *thread_of(pid_t id)
{
    for (size_t i = 0; i < sizeof in_call / sizeof *in_call; i++)
        if (in_call[i].id == id)
            return &in_call[i];
    return NULL;
}

static const Call *call_of(uint64_t number)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if ((uint64_t)calls[i].number == number)
            return &calls[i];
    return NULL;
}

static int opens_to_write(const Call *c, const uint64_t *args)
{
    return strcmp(c->name, "open") == 0 && args[c->place + 1] & (O_CREAT | O_WRONLY | O_RDWR);
}

static void change_call(pid_t id, const Call *c, const Fault *now)
{
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, id, NULL, &regs))
        fail("registers");
    if (now->error || now->before)
        regs.orig_rax = (unsigned long long)-1; /* no such call */
    else if (now->is_short && c->count && regs.rdx > 1)
        regs.rdx /= 2;
    if (ptrace(PTRACE_SETREGS, id, NULL, &regs))
        fail("registers");
}

static void begin_call(pid_t id, const struct __ptrace_syscall_info *info)
{
    char room[PATH_MAX];
    const Call *c = call_of(info->entry.nr);
    const uint64_t *args = (const uint64_t *)info->entry.args;
    const char *file = c ? file_of(id, c, args, room) : NULL;
    if (!file)
        return;
    for (char *end = room; (end = strchr(end, '\n'));)
        *end = '?';
    fprintf(list, "%d %s %s\n", ++seen, opens_to_write(c, args) ? "create" : c->name, file);
    int standard = c->by == BY_FD && args[c->place] < 3;
    int again = fault.from_then_on && seen > nth && (c->writes || opens_to_write(c, args)) && !standard;
    if (!nth || (seen != nth && !again))
        return;
    change_call(id, c, &fault);
    if (fault.before) {
        kill(id, SIGKILL);
        return;
    }
    Thread *free_one = thread_of(0);
    if (!free_one)
        fail("more than 64 threads");
    *free_one = (Thread){ id, fault.error, fault.after };
}

static void end_call(pid_t id)
{
    struct user_regs_struct regs;
    Thread *t = thread_of(id);
    if (!t)
        return;
    if (t->signal)
        kill(id, t->signal);
    if (t->error && !ptrace(PTRACE_GETREGS, id, NULL, &regs)) {
        regs.rax = (unsigned long long)-t->error;
        ptrace(PTRACE_SETREGS, id, NULL, &regs);
    }
    t->id = 0;
}

/* ---- The command ---- */

/* The signal to hand on. */
static int stopped(pid_t id, int status)
{
    struct __ptrace_syscall_info info;
    int signal = WSTOPSIG(status);
    if (status >> 16)
        return 0; /* a thread has begun, or the command */
    if (signal != (SIGTRAP | 0x80))
        return signal == SIGSTOP ? 0 : signal; /* new threads begin with one */
    if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0)
        return 0; /* it was killed in between */
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        begin_call(id, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        end_call(id);
    return 0;
}

static int follow(pid_t child)
{
    int status;
    pid_t id;
    while ((id = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFSTOPPED(status))
            ptrace(PTRACE_SYSCALL, id, NULL, (void *)(long)stopped(id, status));
        else if (id == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    fail("waitpid");
    return 125;
}

static Fault parse(const char *name)
{
    static const struct { const char *name; Fault fault; } all[] = {
        { "none", { 0 } }, { "EIO", { .error = EIO } }, { "ENOSPC", { .error = ENOSPC } }, { "EACCES", { .error = EACCES } },
        { "EDQUOT", { .error = EDQUOT } }, { "EMFILE", { .error = EMFILE } }, { "ENOLCK", { .error = ENOLCK } },
        { "EIO+", { .error = EIO, .from_then_on = 1 } }, { "ENOSPC+", { .error = ENOSPC, .from_then_on = 1 } },
        { "short", { .is_short = 1 } }, { "before", { .before = 1 } }, { "after", { .after = SIGKILL } }, { "torn", { .is_short = 1, .after = SIGKILL } },
        { "TERM", { .after = SIGTERM } },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].fault;
    errno = EINVAL;
    fail(name);
    return (Fault){ 0 };
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 5) {
        fputs("usage: io_faults CALLS FAULT N COMMAND...\n", stderr);
        return 2;
    }
    fault = parse(argv[2]);
    nth = atoi(argv[3]);
    list = fopen(argv[1], "we");
    if (!list || !getcwd(root, sizeof root))
        fail(argv[1]);
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            fail("ptrace");
        raise(SIGSTOP);
        execv(argv[4], argv + 4);
        fail(argv[4]);
    }
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)))
        fail("ptrace");
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    status = follow(child);
    fclose(list);
    return status;
}

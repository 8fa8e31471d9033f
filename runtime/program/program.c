/* program.c - the table of commands, help and version, and the way out. */
#include "program.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef RT_VERSION
#define RT_VERSION "0.1.0"
#endif

static const Command commands[] = {
    { "predict", FOR_PREDICT, command_predict, 1, 1 << 30, "IMAGE...",
      "the most likely classes of pictures or .npy tensors" },
    { "eval", FOR_EVAL, command_eval, 1, 1, "DIR",
      "top-1 and top-5 over a folder of class folders" },
    { "bench", FOR_BENCH, command_bench, 0, 0, "", "speed of this network on this machine" },
    { "info", FOR_INFO, command_info, 0, 0, "", "input, parameters, operations, memory, steps" },
    { "selftest", FOR_SELFTEST, command_selftest, 0, 0, "",
      "do all targets, thread counts and batches agree here?" },
    { "init", FOR_INIT, command_init, 0, 0, "--seed N -o FILE", "write initialised weights" },
    { "pack", FOR_PACK, command_pack, 0, 0, "--weights W -o FILE",
      "write weights as this program has them in memory: it starts faster with them" },
    { "trace", FOR_TRACE, command_trace, 1, 1 << 20, "INPUT... -o FILE",
      "write every tensor that is kept, as safetensors" },
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

/* Command i of this program; null behind the last. */
static const Command *command_at(const Program *p, int i) { return i < N_COMMANDS ? &commands[i] : i == N_COMMANDS ? p->more : NULL; }

/* ---- Messages ---- */

RtStatus program_error(const Program *p, RtStatus status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s: error: ", p->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

RtStatus program_fail(const Program *p, const RtError *err)
{
    return program_error(p, err->status, "%s", err->message);
}

void program_note(const Program *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s: note: ", p->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
}

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Help ---- */

static void print_help(FILE *f, const Program *p)
{
    fprintf(f,
            "Usage: %s COMMAND [OPTION...] [FILE...]\n\nThe network '%s', compiled.\n\nCommands:\n",
            p->name, p->net->name);
    for (int i = 0; command_at(p, i); i++)
        fprintf(f, "  %-9s %-19s %s\n", command_at(p, i)->name, command_at(p, i)->operands, command_at(p, i)->summary);
    fprintf(f, "\nOptions (each command takes those that '%s COMMAND --help' lists):\n", p->name);
    options_print(f, p->more ? FOR_ALL : FOR_ALL & ~(unsigned)FOR_TRAIN);
    fputs("\nExit status: 0 done, 1 bad input or a failed check, 2 wrong usage, 3 a file or the "
          "system, 4 our bug.\n",
          f);
    if (p->more)
        fputs("train, ended by signal N: 128 + N, and what was trained is saved; at once by a second one.\n", f);
}

static void print_command_help(FILE *f, const Program *p, const Command *c)
{
    fprintf(f, "Usage: %s %s [OPTION...]%s%s\n\n%s: %s.\n\nOptions:\n", p->name, c->name,
            *c->operands ? " " : "", c->operands, c->name, c->summary);
    options_print(f, c->bit);
}

static void print_version(FILE *f, const Program *p)
{
    fprintf(f, "%s (inceptc %s)\nstructure %016llx\n", p->net->name, RT_VERSION,
            (unsigned long long)p->net->structure);
}

/* ---- Dispatch ---- */

static const Command *find_command(const Program *p, const char *name)
{
    for (int i = 0; command_at(p, i); i++)
        if (strcmp(command_at(p, i)->name, name) == 0)
            return command_at(p, i);
    return NULL;
}

static RtStatus unknown_command(const Program *p, const char *typed)
{
    const char *names[N_COMMANDS + 1];
    int n = 0;
    for (; command_at(p, n); n++)
        names[n] = command_at(p, n)->name;
    if (strcmp(typed, "train") == 0)
        return program_error(p, RT_ERROR_USAGE, "this program cannot train; 'inceptc %s.net --train -o %s' makes one that can", p->net->name, p->name);
    const char *close = options_closest(typed, names, n);
    if (close)
        return program_error(p, RT_ERROR_USAGE, "unknown command '%s'; did you mean '%s'?", typed,
                             close);
    if (typed[0] != '-' && access(typed, R_OK) == 0)
        return program_error(p, RT_ERROR_USAGE,
                             "'%s' is a file, not a command; did you mean '%s predict %s'?", typed,
                             p->name, typed);
    return program_error(p, RT_ERROR_USAGE, "unknown %s '%s'; '%s --help' lists them",
                         typed[0] == '-' ? "option" : "command", typed, p->name);
}

static RtStatus check_operands(const Program *p, const Command *c)
{
    int n = p->options.n_operands;
    if (n < c->min_operands)
        return program_error(p, RT_ERROR_USAGE, "'%s' needs %s", c->name, c->operands);
    if (n > c->max_operands)
        return program_error(p, RT_ERROR_USAGE, "'%s' takes %s, but '%s' was given too", c->name,
                             c->max_operands ? c->operands : "no file",
                             p->options.operands[c->max_operands]);
    return RT_OK;
}

static RtStatus run(Program *p, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        print_help(stderr, p);
        return RT_ERROR_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout, p);
        return RT_OK;
    }
    if (strcmp(word, "--version") == 0) {
        print_version(stdout, p);
        return RT_OK;
    }
    const Command *c = find_command(p, word);
    if (!c)
        return unknown_command(p, word);
    RtStatus status = options_parse(p, c, argc, argv, 2);
    if (status)
        return status;
    if (p->options.help)
        print_command_help(stdout, p, c);
    else if (p->options.version)
        print_version(stdout, p);
    else
        return (status = check_operands(p, c)) ? status : c->run(p);
    return RT_OK;
}

/* What was printed must have arrived: a full disk or a closed pipe is an error, not a silence. */
static RtStatus finish_output(const Program *p, RtStatus status)
{
    errno = 0;
    int bad = ferror(stdout);
    bad |= fflush(stdout) != 0;
    if (!bad)
        return status;
    return program_error(p, RT_ERROR_FILE, "cannot write standard output%s%s", errno ? ": " : "",
                         errno ? strerror(errno) : "");
}

int rt_program(const RtNetwork *net, const void *embedded, size_t size, int argc, char **argv)
{
    return program_run(net, embedded, size, NULL, argc, argv);
}

int program_run(const RtNetwork *net, const void *embedded, size_t size, const Command *more, int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    Program p = { .net = net,
                  .name = slash ? slash + 1 : argc > 0 ? argv[0] : net->name,
                  .embedded = embedded,
                  .embedded_bytes = size,
                  .more = more,
                  .argc = argc,
                  .argv = argv };
    signal(SIGPIPE, SIG_IGN);
    RtStatus status = run(&p, argc, argv);
    return (int)finish_output(&p, status);
}

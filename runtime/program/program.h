/* program.h - what the commands of a compiled network's program share. */
#ifndef RUNTIME_PROGRAM_PROGRAM_H
#define RUNTIME_PROGRAM_PROGRAM_H
#include "../rt.h"
#include <stdbool.h>
#include <stdio.h>

typedef struct Seed {
    uint64_t value;
    bool given;
} Seed;
typedef struct TargetOption {
    RtTarget value;
    bool given;
} TargetOption;
typedef enum Mode { MODE_BY_BATCH, MODE_LATENCY, MODE_THROUGHPUT } Mode; /* rt_forward or rt_forward_batch */
typedef struct Options { /* what the command line says; see the table in options.c */
    const char *weights, *output, *logits, *labels, *optimizer, *data_dir, *experiment, *resume;
    long top, threads, batch, limit, epochs, steps, workers, log_interval, save_every, val_interval;
    double seconds, lr, momentum, decay; /* NaN: not given */
    Seed seed;
    TargetOption target;
    Mode mode;
    bool json, layers, strict, cache, help, version;
    int n_operands;
    char **operands;
} Options;

typedef struct Program {
    const RtNetwork *net;
    const char *name; /* as it was called, without directories: begins every message */
    Options options;
    const void *embedded; /* a safetensors file inside the program; null: none */
    size_t embedded_bytes;
    const struct Command *more; /* a command besides those of all programs; null: none */
    int argc;
    char **argv; /* as typed, but for operands, which options_parse moves to the front */
} Program;

typedef struct Command Command;
struct Command {
    const char *name;
    unsigned bit; /* in the table of options */
    RtStatus (*run)(const Program *p);
    int min_operands, max_operands;
    const char *operands, *summary;
};
enum {
    FOR_PREDICT = 1,
    FOR_EVAL = 2,
    FOR_BENCH = 4,
    FOR_INFO = 8,
    FOR_SELFTEST = 16,
    FOR_INIT = 32,
    FOR_TRACE = 64,
    FOR_PACK = 128,
    FOR_TRAIN = 256,
    FOR_ALL = 511
};
/* program.c: main() of a program; more: a command besides those of all programs, or null. */
int program_run(const RtNetwork *net, const void *embedded, size_t size, const Command *more, int argc, char **argv);

RtStatus command_predict(const Program *p);
RtStatus command_eval(const Program *p);
RtStatus command_bench(const Program *p);
RtStatus command_info(const Program *p);
RtStatus command_selftest(const Program *p);
RtStatus command_init(const Program *p);
RtStatus command_trace(const Program *p);
RtStatus command_pack(const Program *p);

/* options.c: fills p->options from argv[first ..]. Options may stand between operands; "--" ends
 * them. */
RtStatus options_parse(Program *p, const Command *command, int argc, char **argv, int first);
void options_print(FILE *f, unsigned command_bits); /* the rows of --help */
/* The command line of p, quoted for a shell, less what says which run it is: to go on with the run in `folder`. */
void options_print_resume(FILE *f, const Program *p, const Command *command, const char *folder);
/* The name closest to what was typed, if it is close: at most a third of its letters differ. Else
 * null. */
const char *options_closest(const char *typed, const char *const *names, int n);

/* program.c: "NAME: error: ..." on standard error; returns status. */
RtStatus program_error(const Program *p, RtStatus status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
RtStatus program_fail(const Program *p, const RtError *err); /* the same, of a library's error */
void program_note(const Program *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* session.c: a network ready to run. */
typedef struct Session {
    const RtNetwork *net;
    const RtPlan *plan;
    RtTarget target;
    int threads;
    RtPool *pool;
    const void *weights;
    void *arena;
    bool mapped; /* weights are a mapped file */
} Session;
/* Prints its own errors.  Weights come from --weights, or else from --seed, or else from inside the program; from
 * `fallback` when there is none of them and fallback is not null; else it is a usage error. */
RtStatus session_open(Session *s, const Program *p, RtTarget target, int threads,
                      const uint64_t *fallback);
/* As session_open for so few images that packed weights are used where they lie in their file. */
RtStatus session_open_briefly(Session *s, const Program *p, RtTarget target, int threads);
/* As session_open; rt_forward_batch may be used on the arena. */
RtStatus session_open_batch(Session *s, const Program *p, RtTarget target, int threads,
                            const uint64_t *fallback);
/* Only the weights: also for a target that does not run here. */
RtStatus session_open_weights(Session *s, const Program *p, RtTarget target);
void session_close(Session *s);
RtStatus session_target(const Program *p, RtTarget *out); /* --target or the best one */
int session_processors(void);                             /* that this process may use */
int session_threads(const Program *p);                    /* --threads or as many as processors */
/* One image: outputs to y, and the logits, net->outputs floats, to logits unless it is null. */
const RtTap *session_tap(const RtPlan *plan, const char *name); /* or null */
void session_forward(const Session *s, const float *x, float *y, float *logits);
size_t session_image_floats(const RtNetwork *net);

/* input.c: one picture or prepared tensor to C x H x W at x. */
RtStatus input_read(const RtNetwork *net, const char *path, float *x, RtError *err);
bool input_is_picture(const char *name); /* by extension; .npy counts */
/* One name a line, exactly n; an array of n strings to be freed with labels_free. */
RtStatus labels_read(const char *path, int n, char ***out, RtError *err);
void labels_free(char **labels, int n);
/* Repeatable pseudo-random input in about [-2, 2]. */
void input_random(float *x, size_t n, uint64_t seed);

double clock_seconds(void);
#endif

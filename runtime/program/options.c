/* options.c - the one table of options: it is the parser, the help and the source of suggestions.
 */
#include "program.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum OptionKind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_COUNT,
    OPTION_SECONDS,
    OPTION_NUMBER,
    OPTION_SEED,
    OPTION_TARGET,
    OPTION_MODE
} OptionKind;
typedef struct Option {
    const char *name;
    char letter; /* 0: none */
    OptionKind kind;
    size_t field;
    long min, max; /* of a count */
    unsigned commands;
    const char *value, *help;
} Option;

enum { RUNS = FOR_PREDICT | FOR_EVAL | FOR_BENCH };
#define FIELD(name) offsetof(Options, name)
static const Option options[] = {
    { "weights", 'w', OPTION_TEXT, FIELD(weights), 0, 0, RUNS | FOR_SELFTEST | FOR_TRACE | FOR_PACK, "FILE",
      "weights: a safetensors file, or what 'pack' has written" },
    { "weights", 'w', OPTION_TEXT, FIELD(weights), 0, 0, FOR_TRAIN, "FILE",
      "train: weights to begin with, a safetensors file (the netdef's, or initialised ones)" },
    { "seed", 0, OPTION_SEED, FIELD(seed), 0, 0, RUNS | FOR_INIT | FOR_SELFTEST | FOR_TRACE | FOR_PACK, "N",
      "initialised weights instead, by seed: for trying out, they know nothing" },
    { "seed", 0, OPTION_SEED, FIELD(seed), 0, 0, FOR_TRAIN, "N",
      "train: of initial weights, the order of pictures, random views and dropout (the netdef's)" },
    { "top", 'k', OPTION_COUNT, FIELD(top), 1, INT_MAX, FOR_PREDICT, "K",
      "how many classes to show (5)" },
    { "labels", 0, OPTION_TEXT, FIELD(labels), 0, 0, FOR_PREDICT | FOR_EVAL, "FILE",
      "class names, one a line" },
    { "output", 'o', OPTION_TEXT, FIELD(output), 0, 0, FOR_PREDICT | FOR_INIT | FOR_TRACE | FOR_PACK | FOR_BENCH, "FILE",
      "predict: all outputs as .npy, images x classes; bench --layers: the seconds of every step instead of text; init, pack, trace: the file to write" },
    { "output", 'o', OPTION_TEXT, FIELD(output), 0, 0, FOR_TRAIN, "DIR", "train: the folder of runs (the netdef's, or runs)" },
    { "logits", 0, OPTION_TEXT, FIELD(logits), 0, 0, FOR_PREDICT, "FILE",
      "logits as .npy, images x classes" },
    { "limit", 0, OPTION_COUNT, FIELD(limit), 1, LONG_MAX, FOR_EVAL, "N",
      "the first N images only" },
    { "batch", 'b', OPTION_COUNT, FIELD(batch), 1, 4096, FOR_BENCH, "N", "images per run (1)" },
    { "batch", 'b', OPTION_COUNT, FIELD(batch), 1, 4096, FOR_TRAIN, "N", "train: pictures of a step (the netdef's)" },
    { "batch-size", 0, OPTION_COUNT, FIELD(batch), 1, 4096, FOR_TRAIN, "N", "the same" },
    { "mode", 0, OPTION_MODE, FIELD(mode), 0, 0, FOR_BENCH, "NAME",
      "of a batch: latency (image by image, all threads on each) or throughput (a thread an image); throughput from as many images as threads on" },
    { "seconds", 0, OPTION_SECONDS, FIELD(seconds), 0, 0, FOR_BENCH, "S",
      "how long to measure (3)" },
    { "layers", 0, OPTION_FLAG, FIELD(layers), 0, 0, FOR_BENCH | FOR_INFO, NULL,
      "a row for every step" },
    { "threads", 'j', OPTION_COUNT, FIELD(threads), 1, 1024, RUNS | FOR_TRACE | FOR_PACK | FOR_TRAIN, "N",
      "threads (all processors)" },
    { "target", 0, OPTION_TARGET, FIELD(target), 0, 0, FOR_TRAIN | RUNS | FOR_INFO | FOR_SELFTEST | FOR_TRACE | FOR_PACK, "NAME",
      "plain, x86-64-v3 or x86-64-v4 (the best that runs here)" },
    { "json", 0, OPTION_FLAG, FIELD(json), 0, 0, RUNS | FOR_INFO | FOR_SELFTEST, NULL,
      "one JSON document on standard output" },
    { "data-dir", 0, OPTION_TEXT, FIELD(data_dir), 0, 0, FOR_TRAIN, "DIR", "DIR/train and DIR/validation, a folder a class, instead of what data {} says" },
    { "epochs", 0, OPTION_COUNT, FIELD(epochs), 1, INT_MAX, FOR_TRAIN, "N", "how often to go through the pictures" },
    { "steps", 0, OPTION_COUNT, FIELD(steps), 1, LONG_MAX, FOR_TRAIN, "N", "of an epoch, at most" },
    { "opt", 0, OPTION_TEXT, FIELD(optimizer), 0, 0, FOR_TRAIN, "NAME", "sgd, adam, adamw or rmsprop, with torch's defaults, learning rate included" },
    { "lr", 0, OPTION_NUMBER, FIELD(lr), 0, 0, FOR_TRAIN, "X", "learning rate" },
    { "momentum", 0, OPTION_NUMBER, FIELD(momentum), 0, 0, FOR_TRAIN, "X", "of sgd and rmsprop" },
    { "weight-decay", 0, OPTION_NUMBER, FIELD(decay), 0, 0, FOR_TRAIN, "X", "of tensors of rank 2 and more" },
    { "wd", 0, OPTION_NUMBER, FIELD(decay), 0, 0, FOR_TRAIN, "X", "the same" },
    { "workers", 0, OPTION_COUNT, FIELD(workers), 0, 256, FOR_TRAIN, "N", "threads that prepare pictures (1); 0: between the steps" },
    { "experiment", 0, OPTION_TEXT, FIELD(experiment), 0, 0, FOR_TRAIN, "NAME", "name of the run (time and network)" },
    { "resume", 0, OPTION_TEXT, FIELD(resume), 0, 0, FOR_TRAIN, "DIR", "go on with that run; auto: with --experiment, where it has begun" },
    { "save-every", 0, OPTION_COUNT, FIELD(save_every), 1, LONG_MAX, FOR_TRAIN, "N", "steps from one checkpoint to the next (an epoch)" },
    { "val-interval", 0, OPTION_COUNT, FIELD(val_interval), 1, INT_MAX, FOR_TRAIN, "N", "epochs from one validation to the next (1); the last is always validated" },
    { "log-interval", 0, OPTION_COUNT, FIELD(log_interval), 1, INT_MAX, FOR_TRAIN, "N", "steps from one logged value to the next (the netdef's, or 50)" },
    { "print-freq", 0, OPTION_COUNT, FIELD(log_interval), 1, INT_MAX, FOR_TRAIN, "N", "the same" },
    { "cache", 0, OPTION_FLAG, FIELD(cache), 0, 0, FOR_TRAIN, NULL, "keep what the frozen beginning makes of each picture: later epochs skip it" },
    { "strict", 0, OPTION_FLAG, FIELD(strict), 0, 0, FOR_TRAIN, NULL, "stop at the first picture that cannot be read" },
    { "help", 'h', OPTION_FLAG, FIELD(help), 0, 0, FOR_ALL, NULL, "this text" },
    { "version", 0, OPTION_FLAG, FIELD(version), 0, 0, FOR_ALL, NULL, "name and version" },
};
enum { N_OPTIONS = sizeof options / sizeof options[0] };

void options_print(FILE *f, unsigned command_bits)
{
    for (int i = 0; i < N_OPTIONS; i++) {
        const Option *o = &options[i];
        if (!(o->commands & command_bits))
            continue;
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        fprintf(f, "  %c%c%c %-16s  %s\n", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                o->letter ? ',' : ' ', left, o->help);
    }
}

/* ---- Suggestions ---- */

enum { TYPED_MAX = 40 };

/* Levenshtein's distance; words longer than TYPED_MAX are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[TYPED_MAX + 1];
    if (n > TYPED_MAX || m > TYPED_MAX)
        return SIZE_MAX;
    for (size_t k = 0; k <= m; k++)
        row[k] = k;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            size_t replace = diagonal + (a[i - 1] != b[k - 1]);
            size_t insert = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = replace < insert ? replace : insert;
        }
    }
    return row[m];
}

const char *options_closest(const char *typed, const char *const *names, int n)
{
    const char *best = NULL;
    size_t best_distance = (strlen(typed) + 2) / 3 + 1;
    for (int i = 0; i < n; i++) {
        size_t d = distance(typed, names[i]);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

static RtStatus unknown(const Program *p, const Command *c, const char *argument, const char *name)
{
    const char *names[N_OPTIONS];
    int n = 0;
    for (int i = 0; i < N_OPTIONS; i++)
        if (options[i].commands & c->bit)
            names[n++] = options[i].name;
    const char *close = options_closest(name, names, n);
    if (close)
        return program_error(p, RT_ERROR_USAGE,
                             "unknown option '%s' for '%s'; did you mean '--%s'?", argument,
                             c->name, close);
    return program_error(p, RT_ERROR_USAGE,
                         "unknown option '%s' for '%s'; '%s %s --help' lists its options", argument,
                         c->name, p->name, c->name);
}

/* ---- Values ---- */

static RtStatus bad_value(const Program *p, const Option *o, const char *value,
                          const char *expected)
{
    return program_error(p, RT_ERROR_USAGE, "option '--%s': '%s' is not %s", o->name, value,
                         expected);
}

static RtStatus set_count(const Program *p, const Option *o, const char *value, long *out)
{
    char *end, expected[80];
    errno = 0;
    *out = strtol(value, &end, 10);
    if (end != value && !*end && !errno && *out >= o->min && *out <= o->max)
        return RT_OK;
    if (o->max >= INT_MAX)
        snprintf(expected, sizeof expected, "a whole number from %ld on", o->min);
    else
        snprintf(expected, sizeof expected, "a whole number from %ld to %ld", o->min, o->max);
    return bad_value(p, o, value, expected);
}

static RtStatus set_seed(const Program *p, const Option *o, const char *value, Seed *out)
{
    char *end;
    errno = 0;
    out->value = strtoull(value, &end, 0);
    out->given = true;
    bool good = end != value && !*end && !errno && !strchr(value, '-');
    return good ? RT_OK : bad_value(p, o, value, "a whole number from 0 to 18446744073709551615");
}

static RtStatus set_seconds(const Program *p, const Option *o, const char *value, double *out)
{
    char *end;
    *out = strtod(value, &end);
    bool good = end != value && !*end && *out > 0 && *out <= 86400;
    return good ? RT_OK : bad_value(p, o, value, "a number of seconds above 0");
}

static RtStatus set_number(const Program *p, const Option *o, const char *value, double *out)
{
    char *end;
    *out = strtod(value, &end);
    bool good = end != value && !*end && *out >= 0 && *out <= 1e6;
    return good ? RT_OK : bad_value(p, o, value, "a number from 0 to 1000000");
}

static RtStatus set_target(const Program *p, const Option *o, const char *value, TargetOption *out)
{
    const char *names[3];
    out->given = true;
    for (int t = RT_TARGET_PLAIN; t <= RT_TARGET_V4; t++) {
        names[t] = rt_target_name((RtTarget)t);
        out->value = (RtTarget)t;
        if (strcmp(value, names[t]) == 0)
            return RT_OK;
    }
    return bad_value(p, o, value, "plain, x86-64-v3 or x86-64-v4");
}

static RtStatus set_mode(const Program *p, const Option *o, const char *value, Mode *out)
{
    *out = strcmp(value, "latency") == 0 ? MODE_LATENCY : MODE_THROUGHPUT;
    return *out == MODE_LATENCY || strcmp(value, "throughput") == 0
               ? RT_OK
               : bad_value(p, o, value, "latency or throughput");
}

static RtStatus set(Program *p, const Option *o, const char *value)
{
    void *field = (char *)&p->options + o->field;
    switch (o->kind) {
    case OPTION_FLAG: *(bool *)field = true; return RT_OK;
    case OPTION_TEXT: *(const char **)field = value; return RT_OK;
    case OPTION_COUNT: return set_count(p, o, value, field);
    case OPTION_SECONDS: return set_seconds(p, o, value, field);
    case OPTION_NUMBER: return set_number(p, o, value, field);
    case OPTION_SEED: return set_seed(p, o, value, field);
    case OPTION_TARGET: return set_target(p, o, value, field);
    case OPTION_MODE: return set_mode(p, o, value, field);
    }
    return RT_ERROR_INTERNAL;
}

/* ---- The line ---- */

static const Option *find(const Command *c, const char *name, size_t length, char letter)
{
    for (int i = 0; i < N_OPTIONS; i++) {
        const Option *o = &options[i];
        bool match = letter ? o->letter == letter
                            : strlen(o->name) == length && memcmp(o->name, name, length) == 0;
        if (match && o->commands & c->bit)
            return o;
    }
    return NULL;
}

typedef struct Typed { /* an argument that begins with '-' */
    const Option *option; /* null: unknown */
    const char *text;     /* behind the dashes */
    size_t length;        /* of the name */
    const char *value;    /* in the same argument; null: none */
} Typed;

/* "--name", "--name=value", "-x", "-xvalue". */
static Typed split(const Command *c, const char *arg)
{
    if (arg[1] != '-')
        return (Typed){ find(c, NULL, 0, arg[1]), arg + 1, strlen(arg + 1), arg[2] ? arg + 2 : NULL };
    size_t length = strcspn(arg + 2, "=");
    return (Typed){ find(c, arg + 2, length, 0), arg + 2, length, arg[2 + length] ? arg + 3 + length : NULL };
}

/* One option at argv[*at]; its value may be the next argument. */
static RtStatus take_option(Program *p, const Command *c, int argc, char **argv, int *at)
{
    char *arg = argv[*at], name[64];
    Typed t = split(c, arg);
    const Option *o = t.option;
    const char *value = t.value;
    snprintf(name, sizeof name, "%.*s", (int)(t.length < 60 ? t.length : 60), t.text);
    if (!o)
        return unknown(p, c, arg, name);
    if (o->kind == OPTION_FLAG)
        return value ? program_error(p, RT_ERROR_USAGE, "option '--%s' takes no value", o->name)
                     : set(p, o, NULL);
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    if (!value)
        return program_error(p, RT_ERROR_USAGE, "option '--%s' needs a value: --%s %s", o->name,
                             o->name, o->value);
    return set(p, o, value);
}

RtStatus options_parse(Program *p, const Command *c, int argc, char **argv, int first)
{
    bool only_operands = false;
    p->options = (Options){ .top = 5, .batch = c->bit == FOR_TRAIN ? 0 : 1, .workers = 1, .val_interval = 1, .seconds = 3, .lr = NAN, .momentum = NAN,
                            .decay = NAN, .operands = argv };
    for (int i = first; i < argc; i++) {
        bool is_option = !only_operands && argv[i][0] == '-' && argv[i][1];
        if (is_option && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (is_option) {
            RtStatus status = take_option(p, c, argc, argv, &i);
            if (status)
                return status;
        } else {
            argv[p->options.n_operands++] = argv[i]; /* to the front: never past i */
        }
    }
    return RT_OK;
}

/* ---- The line again ---- */

static void print_quoted(FILE *f, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+";
    if (*text && !text[strspn(text, plain)]) {
        fputs(text, f);
        return;
    }
    fputc('\'', f);
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            fputs("'\\''", f);
        else
            fputc(*c, f);
    fputc('\'', f);
}

void options_print_resume(FILE *f, const Program *p, const Command *c, const char *folder)
{
    print_quoted(f, p->argv[0]);
    fprintf(f, " %s", c->name);
    for (int i = 2; i < p->argc; i++) {
        Typed t = split(c, p->argv[i]);
        int words = t.option && t.option->kind != OPTION_FLAG && !t.value ? 2 : 1;
        bool names_run = t.option && (t.option->field == FIELD(resume) || t.option->field == FIELD(experiment));
        for (int k = 0; k < words && i + k < p->argc && !names_run; k++) {
            fputc(' ', f);
            print_quoted(f, p->argv[i + k]);
        }
        i += words - 1;
    }
    fputs(" --resume ", f);
    print_quoted(f, folder);
    fputc('\n', f);
}

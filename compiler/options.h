/* The command line: one table of options makes the parser and --help. */
#ifndef INCEPTC_OPTIONS_H
#define INCEPTC_OPTIONS_H
#include "frontend.h"
#include "plan.h"
#include "version.h"

typedef enum Verb { VERB_COMPILE, VERB_RUN, VERB_SUMMARY, VERB_WEIGHTS, VERB_CERTIFY, VERB_EXPLAIN, VERB_TUNE, VERB_SWEEP, VERB_ADVISE, VERB_FMT, VERB_DIFF } Verb;

enum { MAX_OFF = 16 };
typedef struct Options {
    Verb verb;
    LIST(const char *) inputs;
    const char *output;
    NetOptions net;
    const char *target;              /* a name of plan.h, "native" or null: all */
    const char *tuning;              /* a record; read by main.c into plan.tuning */
    LIST(const char *) warnings;     /* -W, in order */
    int threads;                     /* tune; 0: all processors */
    PlanOptions plan;                /* numerics safe unless said */
    const char *dump;                /* params, ast, net, graph, after:PASS, plan, loops, c */
    const char *pass_off[MAX_OFF + 1]; /* null-ended */
    int n_off;
    const char *cc;
    bool verbose, dry_run, keep, time_report;
    bool probe;                      /* --probe: what is expected is of this machine */
    bool depend, dep_phony;          /* -MD, -MP */
    const char *dep_file;            /* -MF */
    LIST(const char *) dep_targets;  /* -MT */
    bool check, annotate;            /* fmt */
    /* run, and -o FILE.onnx */
    const char *weights;
    uint64_t seed;
    bool seed_given, onnx_unfused;
    /* run */
    const char *calibrate, *tensor;
    bool passes;
    /* weights: the subcommand is the first input */
    const char *for_net, *names;
    bool partial, inference, json;
    const char *embed;
    bool is_static, no_images, train;
    int64_t memory;                  /* --memory: bytes of a step of training; 0: as the netdef says */
    /* sweep */
    bool measure;
    int train_steps;                 /* --train N; 0: rows are not trained */
    int limit;                       /* of combinations; 0: not said */
    /* certify */
    const char *against;
    LIST(const char *) pictures; /* --input */
    bool compiled, training;
    const char *measured;            /* -o FILE.html: what bench --layers --json printed */
    /* summary */
    bool csv;
    int depth;                       /* of modules that stand open; -1: all */
} Options;

/* What -o asks for, by the end of its name. */
typedef enum Output { OUTPUT_NONE, OUTPUT_STDOUT, OUTPUT_C, OUTPUT_OBJECT, OUTPUT_ONNX, OUTPUT_DOT, OUTPUT_SVG, OUTPUT_HTML, OUTPUT_PROGRAM } Output;
Output options_output(const Options *o);
/* -o FILE.dot, .svg or .html, and nothing to dump. */
bool options_want_picture(const Options *o);
/* -o FILE.onnx, and nothing to dump. */
bool options_want_onnx(const Options *o);
/* Fills o.  Returns -1 to go on, else the exit code: help and version were printed, or a usage error. */
int options_parse(Options *o, Arena *a, int argc, char **argv);
#endif

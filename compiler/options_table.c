#include "options_table.h"
#include "advice/advice.h"
#include <stddef.h>
#include <string.h>

#define WEIGHTS_FILES "safetensors pth pt npz"
#define PICTURES "jpg jpeg png bmp ppm pgm npy"

/* What a row takes: nothing, any text, a file whose name ends so, a folder, a word of a list, a number in a range. SHOW
 * prints and ends. */
#define FLAG(f) { .kind = TAKES_NONE, .set = options_set_flag, .field = offsetof(Options, f) }
#define TEXT(f) { .kind = TAKES_TEXT, .set = options_set_text, .field = offsetof(Options, f) }
#define FILES(f, e) { .kind = TAKES_FILE, .set = options_set_text, .field = offsetof(Options, f), .ends = e }
#define NUMBER(f, lo, hi, w) \
    { .kind = TAKES_NUMBER, .set = options_set_number, .field = offsetof(Options, f), .least = lo, .most = hi, .what = w }
#define WORD(s, w) { .kind = TAKES_WORD, .set = s, .word = w }
#define SHOW(v, s, w) { .kind = v, .show = s, .word = w }
#define OWN(v, s, e) { .kind = v, .set = s, .ends = e }

enum { COMPILE = 1 << VERB_COMPILE, RUN = 1 << VERB_RUN, SUMMARY = 1 << VERB_SUMMARY, WEIGHTS = 1 << VERB_WEIGHTS,
       CERTIFY = 1 << VERB_CERTIFY, EXPLAIN = 1 << VERB_EXPLAIN, TUNE = 1 << VERB_TUNE, SWEEP = 1 << VERB_SWEEP, ADVISE = 1 << VERB_ADVISE, FMT = 1 << VERB_FMT, DIFF = 1 << VERB_DIFF, ALL = OPTION_ALL_VERBS, EVERYDAY = OPTION_EVERYDAY };

const VerbRow verb_rows[] = {
    { NULL, VERB_COMPILE, "NET.net [-o FILE]", "net", NULL, "compile a network to C or to a program" },
    { "run", VERB_RUN, "NET.net INPUT", "net " PICTURES, NULL, "evaluate it in double precision: the judge" },
    { "certify", VERB_CERTIFY, "NET.net --against PATH", "net", NULL, "compare every tensor with a reference implementation's" },
    { "explain", VERB_EXPLAIN, "NET.net [LAYER]", "net", NULL, "which kernel computes each step, why, and what it should cost" },
    { "advise", VERB_ADVISE, "NET.net", "net", NULL, "what the Inception papers would say about it: numbers, sources and checked fixes" },
    { "tune", VERB_TUNE, "NET.net [-o FILE]", "net", NULL, "measure the best kernels on this machine: a record for --tuning" },
    { "sweep", VERB_SWEEP, "NET.net -D NAME=VALUES...", "net", NULL, "a row for each combination of values: cost, time, loss (VALUES: 2,10 or 0.25..1:0.25)" },
    { "fmt", VERB_FMT, "NET.net...", "net", NULL, "lay netdefs out in the house form, in place" },
    { "summary", VERB_SUMMARY, "NET.net...", "net", NULL, "layers, parameters, multiply-accumulates and memory" },
    { "diff", VERB_DIFF, "A.net [B.net]", "net", NULL, "which layers of two networks differ (or of a variant and its base), and what it costs" },
    { "weights", VERB_WEIGHTS, "list|diff|import|export|init ...", "net " WEIGHTS_FILES, weights_command_word, "read, compare and convert weights" },
};
const int n_verb_rows = sizeof verb_rows / sizeof *verb_rows;

const TopicRow topic_rows[] = {
    [TOPIC_NET] = { "net", "The network" },
    [TOPIC_OUTPUT] = { "output", "What comes out" },
    [TOPIC_CODE] = { "code", "Code generation" },
    [TOPIC_PASSES] = { "passes", "Passes and dumps" },
    [TOPIC_WEIGHTS] = { "load", "Weights" },
    [TOPIC_TRAIN] = { "train", "Programs that train" },
    [TOPIC_JUDGE] = { "judge", "The judge and references" },
    [TOPIC_MEASURE] = { "measure", "Measuring" },
    [TOPIC_DIAGNOSTICS] = { "diagnostics", "Diagnostics" },
    [TOPIC_HELP] = { "help", "Help" },
};
const int n_topic_rows = sizeof topic_rows / sizeof *topic_rows;

/* In the order of the topics, and in each the common ones first. */
const OptionRow option_rows[] = {
    { "-D", "NAME=VALUE", OWN(TAKES_PARAM, options_add_define, NULL), ALL | EVERYDAY, TOPIC_NET, "set a parameter of the net" },
    { "-I", "DIR", OWN(TAKES_DIR, options_add_include, NULL), ALL, TOPIC_NET, "look for included files in DIR too" },

    { "-o", "FILE", OWN(TAKES_FILE, options_set_output, NULL), COMPILE | RUN | WEIGHTS | TUNE | SWEEP | FMT | EVERYDAY, TOPIC_OUTPUT,
      "write FILE: .c (and .h beside it), .onnx, .o, a picture (.dot, .svg, .html), or a program; - is C on standard output" },
    { "--static", NULL, FLAG(is_static), COMPILE, TOPIC_OUTPUT, "link the program statically: one file that needs nothing" },
    { "--no-images", NULL, FLAG(no_images), COMPILE, TOPIC_OUTPUT,
      "the program reads .npy tensors, PPM, PGM and BMP only: it needs libc, libm and threads alone" },
    { "--onnx-unfused", NULL, FLAG(onnx_unfused), COMPILE, TOPIC_OUTPUT,
      "-o FILE.onnx: batch norms stay nodes instead of going into the weights before them" },
    { "-MD", NULL, FLAG(depend), COMPILE, TOPIC_OUTPUT,
      "beside -o FILE write the files that it was made of, as a rule for make and ninja: FILE with .d for its suffix" },
    { "-MF", "FILE", FILES(dep_file, NULL), COMPILE, TOPIC_OUTPUT, "with -MD: write the rule into FILE" },
    { "-MT", "TARGET", OWN(TAKES_TEXT, options_add_dep_target, NULL), COMPILE, TOPIC_OUTPUT, "with -MD: the rule's target, as it stands; again for more" },
    { "-MP", NULL, FLAG(dep_phony), COMPILE, TOPIC_OUTPUT,
      "with -MD: an empty rule for each file but the netdef, so that one that is gone is no error" },
    { "--check", NULL, FLAG(check), FMT, TOPIC_OUTPUT, "write nothing; print which files would change, and exit with 1" },
    { "--annotate", NULL, FLAG(annotate), FMT, TOPIC_OUTPUT, "add the shapes of statements and the totals that the text does not say" },
    { "--csv", NULL, FLAG(csv), SUMMARY | SWEEP, TOPIC_OUTPUT, "print CSV: a row for each layer or combination" },
    { "--depth", "N", NUMBER(depth, 0, 1000, "a number"), SUMMARY, TOPIC_OUTPUT, "show N levels of modules; what is deeper is one line a module" },
    { "--measured", "FILE", FILES(measured, NULL), COMPILE, TOPIC_OUTPUT,
      "-o FILE.html: times that ./net bench --layers --json printed, beside the expected ones" },
    { "--json", NULL, FLAG(json), WEIGHTS | CERTIFY | SUMMARY | DIFF | ADVISE, TOPIC_OUTPUT, "print JSON" },

    { "--target", "NAME", WORD(options_set_target, options_target_word), COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN | TUNE | SWEEP | EVERYDAY, TOPIC_CODE,
      "%s (default: all; the program picks)" },
    { "--numerics", "LEVEL", WORD(options_set_numerics, options_numerics_word), COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN | TUNE | SWEEP, TOPIC_CODE,
      "exact: convolutions directly; safe (default) and fast: by fast algorithms too" },
    { "--tuning", "FILE", FILES(tuning, NULL), COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN, TOPIC_CODE,
      "a record of `inceptc tune`: measured choices instead of the model's" },
    { "--cc", "COMMAND", TEXT(cc), COMPILE | CERTIFY | TUNE | SWEEP, TOPIC_CODE, "the C compiler (default: $CC, else cc)" },
    { "-v", NULL, FLAG(verbose), COMPILE | CERTIFY | TUNE | SWEEP, TOPIC_CODE, "show the C compiler's command" },
    { "-###", NULL, OWN(TAKES_NONE, options_set_dry, NULL), COMPILE, TOPIC_CODE, "show it without running it" },
    { "--fast-form", "N", NUMBER(plan.form, 1, 1000, "a number"), COMPILE, TOPIC_CODE,
      "for tests: the Nth fast form wherever the level allows one, cheap or not" },

    { "--dump", "WHAT", WORD(options_set_dump, options_dump_word), COMPILE, TOPIC_PASSES,
      "print params, ast, net, graph, after:PASS, plan, loops or c, and stop" },
    { "--no-pass", "PASS", WORD(options_add_off, options_off_word), COMPILE | RUN | CERTIFY | EXPLAIN | TUNE, TOPIC_PASSES,
      "leave a pass out; all leaves all out" },
    { "--passes", NULL, FLAG(passes), RUN, TOPIC_PASSES, "evaluate the graph after the inference passes" },

    { "--weights", "FILE", FILES(weights, WEIGHTS_FILES), COMPILE | RUN | WEIGHTS | CERTIFY | EVERYDAY, TOPIC_WEIGHTS,
      "weights from a file; compile: for -o FILE.onnx" },
    { "--seed", "N", OWN(TAKES_NUMBER, options_set_seed, NULL), COMPILE | RUN | WEIGHTS | CERTIFY, TOPIC_WEIGHTS,
      "initialised weights of seed N (default: 0)" },
    { "--embed", "FILE", FILES(embed, WEIGHTS_FILES), COMPILE, TOPIC_WEIGHTS,
      "put the weights of FILE (safetensors, .pth, .npz) inside the program" },
    { "--for", "NET.net", FILES(for_net, "net"), WEIGHTS, TOPIC_WEIGHTS, "import: match every tensor with this network and report" },
    { "--names", "MAP", FILES(names, "map"), WEIGHTS | COMPILE, TOPIC_WEIGHTS, "a name map: a file, or the name of one of netdefs/names" },
    { "--partial", NULL, FLAG(partial), WEIGHTS | COMPILE, TOPIC_WEIGHTS, "what does not fit starts fresh or is ignored, and the report says so" },
    { "--inference", NULL, FLAG(inference), WEIGHTS, TOPIC_WEIGHTS, "only what 'output' needs: no auxiliary heads" },

    { "--train", NULL, FLAG(train), COMPILE | EVERYDAY, TOPIC_TRAIN, "the program can train too, by what train {} and data {} say" },
    { "--train", "N", NUMBER(train_steps, 1, 1000000000, "a number of steps"), SWEEP, TOPIC_TRAIN,
      "train every combination for N steps and add the losses" },
    { "--memory", "SIZE", OWN(TAKES_TEXT, options_set_memory, NULL), COMPILE, TOPIC_TRAIN,
      "with --train: a step takes at most SIZE, as 512M or 1.5G; what does not fit is computed again" },

    { "--against", "PATH", FILES(against, NULL), CERTIFY, TOPIC_JUDGE, "a folder of NAME.npy, or a file of tensors, from a reference implementation" },
    { "--input", "INPUT", OWN(TAKES_FILE, options_add_picture, PICTURES), CERTIFY, TOPIC_JUDGE,
      "what the reference saw (default: its array `input`); again for a batch" },
    { "--compiled", NULL, FLAG(compiled), CERTIFY, TOPIC_JUDGE, "the compiled program instead of the graph in double precision" },
    { "--training", NULL, FLAG(training), CERTIFY, TOPIC_JUDGE, "batch norms by the statistics of the batch" },
    { "--tensor", "NAME", TEXT(tensor), RUN, TOPIC_JUDGE, "print or write this tensor instead of the logits" },
    { "--calibrate", "FILE", FILES(calibrate, NULL), RUN, TOPIC_JUDGE, "set batch norm statistics from the input and write the weights" },

    { "-j", "N", NUMBER(threads, 1, 1024, "a number of threads"), TUNE | SWEEP, TOPIC_MEASURE, "threads to measure with (default: all processors)" },
    { "--probe", NULL, FLAG(probe), COMPILE | EXPLAIN | SUMMARY | DIFF | SWEEP, TOPIC_MEASURE,
      "measure this processor (0.3 s) and expect its times instead of those of the modelled one; -o FILE.html too" },
    { "--measure", NULL, FLAG(measure), SWEEP, TOPIC_MEASURE, "compile every combination and time it" },
    { "--limit", "N", NUMBER(limit, 1, 1000000, "a number of combinations"), SWEEP, TOPIC_MEASURE,
      "combinations at most (default: 1000, compiled ones 100)" },

    { "-W", "WARNING", WORD(options_add_warning, advice_word), COMPILE | ADVISE, TOPIC_DIAGNOSTICS,
      "design: design advice; design-NAME: of one kind; no-..., error, error=... as in cc" },
    { "-fdiagnostics-color", "WHEN", WORD(options_set_color, options_color_word), ALL, TOPIC_DIAGNOSTICS, "%s" },
    { "-fdiagnostics-format", "FORM", WORD(options_set_format, options_format_word), ALL, TOPIC_DIAGNOSTICS, "%s" },

    { "-fdiagnostics-parseable-fixits", NULL, OWN(TAKES_NONE, options_set_fixits, NULL), ALL, TOPIC_DIAGNOSTICS,
      "after an error with a did-you-mean a line that says what to replace by what" },
    { "-ftime-report", NULL, FLAG(time_report), ALL, TOPIC_MEASURE, "at the end a table of the phases: wall time, and memory of the arenas" },

    { "--help", "[TOPIC]", SHOW(TAKES_WORD, options_show_help, options_topic_word), ALL | EVERYDAY, TOPIC_HELP,
      "the options of a verb or of a topic" },
    { "-h", "[TOPIC]", SHOW(TAKES_WORD, options_show_help, options_topic_word), ALL, TOPIC_HELP, "the same" },
    { "--version", NULL, SHOW(TAKES_NONE, options_show_version, NULL), ALL | EVERYDAY, TOPIC_HELP,
      "the version; with -v also the targets" },
    { "--completion", "SHELL", SHOW(TAKES_WORD, completion_show, completion_word), ALL, TOPIC_HELP,
      "print the completion of %s: `make install` installs them" },
};
const int n_option_rows = sizeof option_rows / sizeof *option_rows;

const VerbRow *verb_row(Verb v)
{
    int i = 0;
    while (verb_rows[i].verb != v)
        i++;
    return &verb_rows[i];
}

const VerbRow *verb_find(const char *name)
{
    for (int i = 0; i < n_verb_rows; i++)
        if (verb_rows[i].name && strcmp(verb_rows[i].name, name) == 0)
            return &verb_rows[i];
    return NULL;
}

/* The parser of the command line, and what must go together in it. */
#include "options.h"
#include "options_table.h"
#include "words.h"
#include <string.h>
#include <unistd.h>

bool options_value_optional(const OptionRow *row) { return row->value && *row->value == '['; }

static bool takes_joined(const OptionRow *row) /* -DNAME, -Idir, -oFILE */
{
    return row->value && !options_value_optional(row) && row->name[1] != '-' && row->name[2] == '\0';
}

/* Does arg name the row?  *value gets what follows '=' or is joined, else null. */
static bool names_row(const char *arg, const OptionRow *row, const char **value)
{
    size_t n = strlen(row->name);
    *value = NULL;
    if (strncmp(arg, row->name, n) != 0)
        return false;
    if (arg[n] == '\0')
        return true;
    if (!row->value || (arg[n] != '=' && !takes_joined(row)))
        return false;
    *value = takes_joined(row) ? arg + n : arg + n + 1;
    return true;
}

const OptionRow *options_find_row(const char *arg, Verb verb, const char **value)
{
    const OptionRow *found = NULL;
    *value = NULL;
    for (int i = 0; i < n_option_rows; i++) {
        const char *v;
        const OptionRow *row = &option_rows[i];
        if (!names_row(arg, row, &v) || (found && !(row->verbs >> verb & 1)))
            continue;
        found = row;
        *value = v;
        if (row->verbs >> verb & 1)
            break;
    }
    return found;
}

static bool unknown_option(const char *arg)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < n_option_rows; i++)
        nearest_try(&near, option_rows[i].name);
    const char *best = nearest_result(&near);
    return best ? OPTIONS_COMPLAIN("unknown option '%s'; did you mean '%s'?", name, best)
                : OPTIONS_COMPLAIN("unknown option '%s'", name);
}

/* Words of a command line and the place in them. */
typedef struct Words {
    char **at;
    int n, i;
} Words;

/* --version -v: what follows counts too. */
static bool has_verbose(const Words *w)
{
    for (int i = 1; i < w->n; i++)
        if (strcmp(w->at[i], "-v") == 0)
            return true;
    return false;
}

/* -1 to go on, else the exit code. */
static int take_option(Options *o, Arena *a, Words *w)
{
    const char *value;
    const OptionRow *row = options_find_row(w->at[w->i], o->verb, &value);
    if (!row) {
        unknown_option(w->at[w->i]);
        return EXIT_USAGE;
    }
    if (!(row->verbs >> o->verb & 1)) {
        OPTIONS_COMPLAIN("option '%s' does not go with '%s'", row->name, o->verb ? verb_row(o->verb)->name : "inceptc NET.net");
        return EXIT_USAGE;
    }
    bool optional = options_value_optional(row), last = w->i + 1 >= w->n || (optional && w->at[w->i + 1][0] == '-');
    if (row->value && !value && last && !optional) {
        OPTIONS_COMPLAIN("option '%s' wants %s", row->name, row->value);
        return EXIT_USAGE;
    }
    if (row->value && !value && !last)
        value = w->at[++w->i];
    if (row->takes.show) {
        o->verbose = has_verbose(w);
        return row->takes.show(o, a, value);
    }
    return row->takes.set(o, a, row, value) ? -1 : EXIT_USAGE;
}

/* "inceptc runn a.net cat.png": the verb that was meant, or null. */
static const char *meant_verb(const char *arg)
{
    Nearest near;
    nearest_start(&near, arg);
    for (int i = 1; i < n_verb_rows; i++)
        nearest_try(&near, verb_rows[i].name);
    return access(arg, F_OK) == 0 ? NULL : nearest_result(&near);
}

Output options_output(const Options *o)
{
    if (!o->output)
        return OUTPUT_NONE;
    if (strcmp(o->output, "-") == 0)
        return OUTPUT_STDOUT;
    return text_ends_with(o->output, ".c")      ? OUTPUT_C
           : text_ends_with(o->output, ".o")    ? OUTPUT_OBJECT
           : text_ends_with(o->output, ".onnx") ? OUTPUT_ONNX
           : text_ends_with(o->output, ".dot")  ? OUTPUT_DOT
           : text_ends_with(o->output, ".svg")  ? OUTPUT_SVG
           : text_ends_with(o->output, ".html") ? OUTPUT_HTML
                                                : OUTPUT_PROGRAM;
}

bool options_want_onnx(const Options *o) { return o->verb == VERB_COMPILE && !o->dump && options_output(o) == OUTPUT_ONNX; }

bool options_want_picture(const Options *o)
{
    Output to = options_output(o);
    return o->verb == VERB_COMPILE && !o->dump && (to == OUTPUT_DOT || to == OUTPUT_SVG || to == OUTPUT_HTML);
}

/* An ONNX file has weights inside, so it must be said which. */
static bool check_onnx(const Options *o)
{
    if (!options_want_onnx(o))
        return (!o->onnx_unfused && (o->verb != VERB_COMPILE || (!o->weights && !o->seed_given))) ||
               OPTIONS_COMPLAIN("%s is for -o FILE.onnx", o->onnx_unfused ? "--onnx-unfused" : o->weights ? "--weights" : "--seed");
    if (o->weights && o->seed_given)
        return OPTIONS_COMPLAIN("'%s' gets its weights from '%s' or from a seed, not from both", o->output, o->weights);
    return o->weights || o->seed_given ||
           OPTIONS_COMPLAIN("'%s' holds weights: say --weights FILE, or --seed N for initialised ones", o->output);
}

/* A rule needs a place and a target of its own where the output goes to standard output. */
static bool check_depend(const Options *o)
{
    bool more = o->dep_file || o->dep_targets.n || o->dep_phony;
    if (!o->depend)
        return !more || OPTIONS_COMPLAIN("%s goes with -MD", o->dep_file ? "-MF" : o->dep_targets.n ? "-MT" : "-MP");
    if (o->dump || !o->output)
        return OPTIONS_COMPLAIN("-MD says what an output is made of: say -o FILE");
    return options_output(o) != OUTPUT_STDOUT || (o->dep_file && o->dep_targets.n) ||
           OPTIONS_COMPLAIN("-MD with -o - wants -MF FILE and -MT TARGET");
}

static bool check_fmt(const Options *o)
{
    if (o->output && o->check)
        return OPTIONS_COMPLAIN("-o and --check exclude each other");
    if (o->output && o->inputs.n > 1)
        return OPTIONS_COMPLAIN("-o is for one file: '%s' and '%s'", o->inputs.at[0], o->inputs.at[1]);
    return !o->annotate || !o->net.defines.n ||
           OPTIONS_COMPLAIN("--annotate writes the totals of the net as it stands: not with -D %s=%s", o->net.defines.at[0].name, o->net.defines.at[0].value);
}

static bool check_sweep(const Options *o)
{
    if (o->inputs.n != 1)
        return OPTIONS_COMPLAIN("sweep wants one network");
    if (o->net.defines.n == 0)
        return OPTIONS_COMPLAIN("sweep wants values for a parameter: -D NAME=2,10 or -D NAME=0.25..1:0.25");
    return !o->output || text_ends_with(o->output, ".csv") || text_ends_with(o->output, ".svg") ||
           OPTIONS_COMPLAIN("sweep writes FILE.csv or FILE.svg, not '%s'", o->output);
}

static int check(const Options *o)
{
    int n = o->inputs.n;
    if (n == 0)
        OPTIONS_COMPLAIN("no input file");
    else if (o->verb == VERB_EXPLAIN && n > 2)
        OPTIONS_COMPLAIN("explain wants a network and perhaps one layer");
    else if ((o->verb == VERB_TUNE || o->verb == VERB_ADVISE) && n != 1)
        OPTIONS_COMPLAIN("%s wants one network", verb_row(o->verb)->name);
    else if (o->verb == VERB_FMT)
        return check_fmt(o) ? -1 : EXIT_USAGE;
    else if (o->verb == VERB_SWEEP)
        return check_sweep(o) ? -1 : EXIT_USAGE;
    else if (o->measured && options_output(o) != OUTPUT_HTML)
        OPTIONS_COMPLAIN("--measured goes with a page: say -o FILE.html");
    else if (o->probe && o->verb == VERB_COMPILE && options_output(o) != OUTPUT_HTML)
        OPTIONS_COMPLAIN("--probe goes with explain, summary, diff, sweep or a page: say -o FILE.html");
    else if (o->verb == VERB_DIFF && n > 2)
        OPTIONS_COMPLAIN("diff wants two networks, or a variant");
    else if (o->json + o->csv + (o->depth >= 0) > 1)
        OPTIONS_COMPLAIN("--json, --csv and --depth exclude each other");
    else if (o->depth >= 0 && n > 1)
        OPTIONS_COMPLAIN("--depth is for the tree of one network");
    else if (o->memory && !o->train)
        OPTIONS_COMPLAIN("--memory is for --train");
    else if (o->verb == VERB_COMPILE && n > 1 && meant_verb(o->inputs.at[0]))
        OPTIONS_COMPLAIN("there is no command '%s'; did you mean '%s'?", o->inputs.at[0], meant_verb(o->inputs.at[0]));
    else if (o->verb == VERB_COMPILE && n > 1)
        OPTIONS_COMPLAIN("one network at a time: '%s' and '%s'", o->inputs.at[0], o->inputs.at[1]);
    else if (o->verb == VERB_RUN && n != 2)
        OPTIONS_COMPLAIN("run wants a network and one input");
    else if (o->verb == VERB_CERTIFY && (n != 1 || !o->against))
        OPTIONS_COMPLAIN("certify wants one network and --against PATH");
    else if (o->verb == VERB_CERTIFY && o->compiled && o->training)
        OPTIONS_COMPLAIN("--compiled and --training exclude each other: programs do not train");
    else if ((o->embed || o->is_static || o->no_images) && options_output(o) != OUTPUT_PROGRAM)
        OPTIONS_COMPLAIN("%s goes with a program: say -o NAME", o->embed ? "--embed" : o->is_static ? "--static" : "--no-images");
    else if (check_onnx(o) && check_depend(o))
        return -1;
    return EXIT_USAGE;
}

int options_parse(Options *o, Arena *a, int argc, char **argv)
{
    o->plan.numerics = NUMERICS_SAFE;
    o->depth = -1;
    if (argc > 1 && strcmp(argv[1], "--complete") == 0)
        return completion_print(o, a, (const char *const *)argv + 2, argc - 2);
    if (argc == 3 && strcmp(argv[1], "--mdoc") == 0)
        return options_print_mdoc(a, argv[2]);
    if (argc == 2 && strcmp(argv[1], "--print-words") == 0) {
        words_print(stdout);
        return EXIT_OK;
    }
    const VerbRow *verb = argc > 1 ? verb_find(argv[1]) : NULL;
    o->verb = verb ? verb->verb : VERB_COMPILE;
    bool plain = false;
    Words w = { argv, argc, verb ? 2 : 1 };
    for (; w.i < argc; w.i++) {
        const char *arg = argv[w.i];
        if (!plain && strcmp(arg, "--") == 0) {
            plain = true;
        } else if (!plain && arg[0] == '-' && arg[1]) {
            int code = take_option(o, a, &w);
            if (code >= 0)
                return code;
        } else {
            LIST_PUSH(a, &o->inputs, arg);
        }
    }
    return check(o);
}

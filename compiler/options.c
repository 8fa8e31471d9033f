#include "options.h"
#include "recipe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct State {
    Options *o;
    Arena *a;
} State;
typedef bool Handler(State *s, const char *value); /* false: it has printed what is wrong */

static bool complain(const char *fmt, const char *a, const char *b)
{
    diag_error((Loc){ 0 }, fmt, a, b);
    diag_note((Loc){ 0 }, "inceptc --help lists the options");
    return false;
}

static bool set_output(State *s, const char *v)
{
    s->o->output = v;
    return *v ? true : complain("option '-o' wants FILE%s%s", "", "");
}

static bool set_cc(State *s, const char *v) { s->o->cc = v; return true; }
static bool set_verbose(State *s, const char *v) { (void)v; s->o->verbose = true; return true; }
static bool set_dry(State *s, const char *v) { (void)v; s->o->verbose = s->o->dry_run = true; return true; }
static bool set_weights(State *s, const char *v) { s->o->weights = v; return true; }
static bool set_calibrate(State *s, const char *v) { s->o->calibrate = v; return true; }
static bool set_tensor(State *s, const char *v) { s->o->tensor = v; return true; }
static bool set_unfused(State *s, const char *v) { (void)v; s->o->onnx_unfused = true; return true; }
static bool set_passes(State *s, const char *v) { (void)v; s->o->passes = true; return true; }
static bool set_for(State *s, const char *v) { s->o->for_net = v; return true; }
static bool set_embed(State *s, const char *v) { s->o->embed = v; return true; }
static bool set_static(State *s, const char *v) { (void)v; s->o->is_static = true; return true; }
static bool set_no_images(State *s, const char *v) { (void)v; s->o->no_images = true; return true; }
static bool set_train(State *s, const char *v) { (void)v; s->o->train = true; return true; }
static bool set_names(State *s, const char *v) { s->o->names = v; return true; }
static bool set_partial(State *s, const char *v) { (void)v; s->o->partial = true; return true; }
static bool set_inference(State *s, const char *v) { (void)v; s->o->inference = true; return true; }
static bool set_json(State *s, const char *v) { (void)v; s->o->json = true; return true; }
static bool set_measured(State *s, const char *v) { s->o->measured = v; return true; }
static bool set_csv(State *s, const char *v) { (void)v; s->o->csv = true; return true; }
static bool set_against(State *s, const char *v) { s->o->against = v; return true; }
static bool set_compiled(State *s, const char *v) { (void)v; s->o->compiled = true; return true; }
static bool set_training(State *s, const char *v) { (void)v; s->o->training = true; return true; }
static bool add_picture(State *s, const char *v) { LIST_PUSH(s->a, &s->o->pictures, v); return true; }
static bool add_include(State *s, const char *v) { LIST_PUSH(s->a, &s->o->net.include_dirs, v); return true; }

static bool set_seed(State *s, const char *v)
{
    char *end;
    errno = 0;
    s->o->seed = strtoull(v, &end, 10);
    s->o->seed_given = true;
    if (*v < '0' || *v > '9' || *end || errno)
        return complain("--seed wants a number from 0 to 18446744073709551615, not '%s'%s", v, "");
    return true;
}

static bool add_define(State *s, const char *v)
{
    const char *eq = strchr(v, '=');
    if (!eq || eq == v)
        return complain("-D wants NAME=VALUE, not '%s'%s", v, "");
    NetDefine d = { arena_strndup(s->a, v, (size_t)(eq - v)), eq + 1 };
    LIST_PUSH(s->a, &s->o->net.defines, d);
    return true;
}

static bool set_target(State *s, const char *v)
{
    Nearest near;
    nearest_start(&near, v);
    nearest_try(&near, "native");
    nearest_try(&near, "all");
    for (int i = 0; i < n_targets; i++)
        nearest_try(&near, targets[i].name);
    if (!target_find(v) && strcmp(v, "native") != 0 && strcmp(v, "all") != 0) {
        const char *best = nearest_result(&near);
        return best ? complain("there is no target '%s'; did you mean '%s'?", v, best)
                    : complain("there is no target '%s'; there are plain, x86-64-v3, x86-64-v4, native and all%s", v, "");
    }
    s->o->target = strcmp(v, "all") == 0 ? NULL : v;
    return true;
}

static bool set_numerics(State *s, const char *v)
{
    Nearest near;
    nearest_start(&near, v);
    for (int i = 0; i < 3; i++) {
        nearest_try(&near, numerics_names[i]);
        if (strcmp(numerics_names[i], v) == 0) {
            s->o->plan.numerics = (Numerics)i;
            return true;
        }
    }
    const char *best = nearest_result(&near);
    return best ? complain("--numerics knows no '%s'; did you mean '%s'?", v, best)
                : complain("--numerics knows exact, safe and fast, not '%s'%s", v, "");
}

static bool set_memory(State *s, const char *v)
{
    s->o->memory = recipe_size(v);
    return s->o->memory || complain("--memory wants a size such as 512M or 1.5G, not '%s'%s", v, "");
}

static bool set_tuning(State *s, const char *v) { s->o->tuning = v; return true; }

static bool set_threads(State *s, const char *v)
{
    char *end;
    long n = strtol(v, &end, 10);
    if (*end || n < 1 || n > 1024)
        return complain("-j wants a number of threads from 1 to 1024, not '%s'%s", v, "");
    s->o->threads = (int)n;
    return true;
}

static bool set_depth(State *s, const char *v)
{
    char *end;
    long n = strtol(v, &end, 10);
    if (*end || end == v || n < 0 || n > 1000)
        return complain("--depth wants a number from 0 to 1000, not '%s'%s", v, "");
    s->o->depth = (int)n;
    return true;
}

static bool set_form(State *s, const char *v)
{
    char *end;
    long n = strtol(v, &end, 10);
    if (*end || n < 1 || n > 1000)
        return complain("--fast-form wants a number from 1 to 1000, not '%s'%s", v, "");
    s->o->plan.form = (int)n;
    return true;
}

static bool is_pass(const char *v)
{
    for (int i = 0; i < passes_count(); i++)
        if (strcmp(pass_name(i), v) == 0)
            return true;
    return false;
}

static const char *nearest_pass(const char *v)
{
    Nearest near;
    nearest_start(&near, v);
    for (int i = 0; i < passes_count(); i++)
        nearest_try(&near, pass_name(i));
    return nearest_result(&near);
}

static bool set_dump(State *s, const char *v)
{
    static const char *const what[] = { "ast", "net", "graph", "plan", "loops", "c" };
    Nearest near;
    nearest_start(&near, v);
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        nearest_try(&near, what[i]);
        if (strcmp(what[i], v) == 0) {
            s->o->dump = v;
            return true;
        }
    }
    if (strncmp(v, "after:", 6) == 0) {
        const char *best = nearest_pass(v + 6);
        if (!is_pass(v + 6))
            return best ? complain("there is no pass '%s'; did you mean '%s'?", v + 6, best)
                        : complain("there is no pass '%s'%s", v + 6, "");
        s->o->dump = v;
        return true;
    }
    const char *best = nearest_result(&near);
    return best ? complain("--dump knows no '%s'; did you mean '%s'?", v, best)
                : complain("--dump knows ast, net, graph, after:PASS, plan, loops and c, not '%s'%s", v, "");
}

static bool add_off(State *s, const char *v)
{
    if (strcmp(v, "all") == 0) {
        s->o->n_off = 0;
        for (int i = 0; i < passes_count() && s->o->n_off < MAX_OFF; i++)
            s->o->pass_off[s->o->n_off++] = pass_name(i);
        return true;
    }
    const char *best = nearest_pass(v);
    if (!is_pass(v))
        return best ? complain("there is no pass '%s'; did you mean '%s'?", v, best)
                    : complain("there is no pass '%s'; see --help%s", v, "");
    if (s->o->n_off < MAX_OFF)
        s->o->pass_off[s->o->n_off++] = v;
    return true;
}

static bool set_color(State *s, const char *v)
{
    (void)s;
    DiagColor color = strcmp(v, "always") == 0 ? DIAG_COLOR_ALWAYS : strcmp(v, "never") == 0 ? DIAG_COLOR_NEVER : DIAG_COLOR_AUTO;
    if (color == DIAG_COLOR_AUTO && strcmp(v, "auto") != 0)
        return complain("-fdiagnostics-color is auto, always or never, not '%s'%s", v, "");
    diag_set_color(color);
    return true;
}

static bool set_format(State *s, const char *v)
{
    (void)s;
    if (strcmp(v, "json") != 0 && strcmp(v, "text") != 0)
        return complain("-fdiagnostics-format is text or json, not '%s'%s", v, "");
    diag_set_format(strcmp(v, "json") == 0 ? DIAG_JSON : DIAG_TEXT);
    return true;
}

enum { COMPILE = 1 << VERB_COMPILE, RUN = 1 << VERB_RUN, SUMMARY = 1 << VERB_SUMMARY, WEIGHTS = 1 << VERB_WEIGHTS,
       CERTIFY = 1 << VERB_CERTIFY, EXPLAIN = 1 << VERB_EXPLAIN, TUNE = 1 << VERB_TUNE, DIFF = 1 << VERB_DIFF, ALL = ~0 };
typedef struct OptionRow {
    const char *name;
    const char *value; /* what it wants, null: nothing */
    Handler *set;
    int verbs; /* that know it */
    const char *help;
} OptionRow;

static const OptionRow rows[] = {
    { "-o", "FILE", set_output, COMPILE | RUN | WEIGHTS | TUNE, "write FILE: .c (and .h beside it), .onnx, .o, a picture (.dot, .svg, .html), or a program; - is C on standard output" },
    { "-I", "DIR", add_include, ALL, "look for included files in DIR too" },
    { "-D", "NAME=VALUE", add_define, ALL, "set a parameter of the net" },
    { "--target", "NAME", set_target, COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN | TUNE, "plain, x86-64-v3, x86-64-v4, native or all (default: all; the program picks)" },
    { "--numerics", "LEVEL", set_numerics, COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN | TUNE, "exact: convolutions directly; safe (default) and fast: by fast algorithms too" },
    { "--tuning", "FILE", set_tuning, COMPILE | SUMMARY | DIFF | CERTIFY | EXPLAIN, "a record of `inceptc tune`: measured choices instead of the model's" },
    { "-j", "N", set_threads, TUNE, "threads to measure with (default: all processors)" },
    { "--fast-form", "N", set_form, COMPILE, "for tests: the Nth fast form wherever the level allows one, cheap or not" },
    { "--dump", "WHAT", set_dump, COMPILE, "print ast, net, graph, after:PASS, plan, loops or c, and stop" },
    { "--no-pass", "PASS", add_off, COMPILE | RUN | CERTIFY | EXPLAIN | TUNE, "leave a pass out; all leaves all out" },
    { "--cc", "COMMAND", set_cc, COMPILE | CERTIFY | TUNE, "the C compiler (default: $CC, else cc)" },
    { "--embed", "FILE", set_embed, COMPILE, "put the weights of FILE (safetensors, .pth, .npz) inside the program" },
    { "--static", NULL, set_static, COMPILE, "link the program statically: one file that needs nothing" },
    { "--no-images", NULL, set_no_images, COMPILE, "the program reads .npy tensors, PPM, PGM and BMP only: it needs libc, libm and threads alone" },
    { "--train", NULL, set_train, COMPILE, "the program can train too, by what train {} and data {} say" },
    { "--memory", "SIZE", set_memory, COMPILE, "with --train: a step takes at most SIZE, as 512M or 1.5G; what does not fit is computed again" },
    { "-v", NULL, set_verbose, COMPILE | CERTIFY | TUNE, "show the C compiler's command" },
    { "-###", NULL, set_dry, COMPILE, "show it without running it" },
    { "-fdiagnostics-color", "WHEN", set_color, ALL, "auto, always or never" },
    { "-fdiagnostics-format", "FORM", set_format, ALL, "text or json" },
    { "--weights", "FILE", set_weights, COMPILE | RUN | WEIGHTS | CERTIFY, "weights from a file; compile: for -o FILE.onnx" },
    { "--seed", "N", set_seed, COMPILE | RUN | WEIGHTS | CERTIFY, "initialised weights of seed N (default: 0)" },
    { "--onnx-unfused", NULL, set_unfused, COMPILE, "-o FILE.onnx: batch norms stay nodes instead of going into the weights before them" },
    { "--calibrate", "FILE", set_calibrate, RUN, "set batch norm statistics from the input and write the weights" },
    { "--tensor", "NAME", set_tensor, RUN, "print or write this tensor instead of the logits" },
    { "--passes", NULL, set_passes, RUN, "evaluate the graph after the inference passes" },
    { "--for", "NET.net", set_for, WEIGHTS, "import: match every tensor with this network and report" },
    { "--names", "MAP", set_names, WEIGHTS | COMPILE, "a name map: a file, or the name of one of netdefs/names" },
    { "--partial", NULL, set_partial, WEIGHTS | COMPILE, "what does not fit starts fresh or is ignored, and the report says so" },
    { "--inference", NULL, set_inference, WEIGHTS, "only what 'output' needs: no auxiliary heads" },
    { "--against", "PATH", set_against, CERTIFY, "a folder of NAME.npy, or a file of tensors, from a reference implementation" },
    { "--input", "INPUT", add_picture, CERTIFY, "what the reference saw (default: its array `input`); again for a batch" },
    { "--compiled", NULL, set_compiled, CERTIFY, "the compiled program instead of the graph in double precision" },
    { "--training", NULL, set_training, CERTIFY, "batch norms by the statistics of the batch" },
    { "--json", NULL, set_json, WEIGHTS | CERTIFY | SUMMARY | DIFF, "print JSON" },
    { "--measured", "FILE", set_measured, COMPILE, "-o FILE.html: times that ./net bench --layers --json printed, beside the expected ones" },
    { "--csv", NULL, set_csv, SUMMARY, "print a row of CSV for each layer" },
    { "--depth", "N", set_depth, SUMMARY, "show N levels of modules; what is deeper is one line a module" },
};
enum { N_ROWS = sizeof rows / sizeof *rows };

typedef struct VerbRow {
    const char *name; /* null: without a word */
    Verb verb;
    const char *usage, *help;
} VerbRow;
static const VerbRow verbs[] = {
    { NULL, VERB_COMPILE, "NET.net [-o FILE]", "compile a network to C or to a program" },
    { "run", VERB_RUN, "NET.net INPUT", "evaluate it in double precision: the judge" },
    { "certify", VERB_CERTIFY, "NET.net --against PATH", "compare every tensor with a reference implementation's" },
    { "explain", VERB_EXPLAIN, "NET.net [LAYER]", "which kernel computes each step, why, and what it should cost" },
    { "tune", VERB_TUNE, "NET.net [-o FILE]", "measure the best kernels on this machine: a record for --tuning" },
    { "summary", VERB_SUMMARY, "NET.net...", "layers, parameters, multiply-accumulates and memory" },
    { "diff", VERB_DIFF, "A.net [B.net]", "which layers of two networks differ (or of a variant and its base), and what it costs" },
    { "weights", VERB_WEIGHTS, "list|diff|import|export|init ...", "read, compare and convert weights" },
};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

static const VerbRow *verb_row(Verb v)
{
    int i = 0;
    while (verbs[i].verb != v)
        i++;
    return &verbs[i];
}

/* Before the text stand the verbs that know the option, unless compiling or all do. */
static void print_option(const OptionRow *r)
{
    char left[64], who[64] = "";
    snprintf(left, sizeof left, "%s%s%s", r->name, r->value ? " " : "", r->value ? r->value : "");
    for (int i = 1; i < N_VERBS && r->verbs != ALL && !(r->verbs & COMPILE); i++)
        if (r->verbs >> verbs[i].verb & 1)
            snprintf(who + strlen(who), sizeof who - strlen(who), "%s%s", *who ? ", " : "", verbs[i].name);
    printf("  %-30s %s%s%s\n", left, who, *who ? ": " : "", r->help);
}

static void print_help(void)
{
    printf("Usage:\n");
    for (int i = 0; i < N_VERBS; i++) {
        char left[80];
        snprintf(left, sizeof left, "inceptc %s%s%s", verbs[i].name ? verbs[i].name : "", verbs[i].name ? " " : "", verbs[i].usage);
        printf("  %-48s %s\n", left, verbs[i].help);
    }
    printf("\nINPUT is a picture (JPEG, PNG, BMP, PPM) or an .npy tensor.\n\nOptions:\n");
    for (int i = 0; i < N_ROWS; i++)
        print_option(&rows[i]);
    printf("  %-30s %s\n  %-30s %s\n", "--help", "this text", "--version", "the version");
    printf("\nPasses:");
    for (int i = 0; i < passes_count(); i++)
        printf(" %s", pass_name(i));
    printf("\nExit: 0 done, 1 errors in the input, 2 wrong usage, 3 a file or the system, 4 a mistake of inceptc's.\n");
}

static bool takes_joined(const char *name) { return name[1] != '-' && name[2] == '\0'; } /* -DNAME, -Idir, -oFILE */

/* The row that arg names; *value gets what follows '=' or is joined. */
static const OptionRow *find_row(const char *arg, const char **value)
{
    *value = NULL;
    for (int i = 0; i < N_ROWS; i++) {
        size_t n = strlen(rows[i].name);
        if (strncmp(arg, rows[i].name, n) != 0)
            continue;
        if (arg[n] == '\0')
            return &rows[i];
        if (rows[i].value && arg[n] == '=' && !takes_joined(rows[i].name)) {
            *value = arg + n + 1;
            return &rows[i];
        }
        if (rows[i].value && takes_joined(rows[i].name)) {
            *value = arg + n;
            return &rows[i];
        }
    }
    return NULL;
}

static bool unknown_option(const char *arg)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < N_ROWS; i++)
        nearest_try(&near, rows[i].name);
    nearest_try(&near, "--help");
    nearest_try(&near, "--version");
    const char *best = nearest_result(&near);
    return best ? complain("unknown option '%s'; did you mean '%s'?", name, best)
                : complain("unknown option '%s'%s", name, "");
}

static bool take_option(State *s, int argc, char **argv, int *i)
{
    const char *value;
    const OptionRow *row = find_row(argv[*i], &value);
    if (!row)
        return unknown_option(argv[*i]);
    if (!(row->verbs >> s->o->verb & 1))
        return complain("option '%s' does not go with '%s'", row->name, s->o->verb ? verb_row(s->o->verb)->name : "inceptc NET.net");
    if (row->value && !value) {
        if (*i + 1 >= argc)
            return complain("option '%s' wants %s", row->name, row->value);
        value = argv[++*i];
    }
    return row->set(s, value);
}

static bool take_verb(Options *o, const char *arg)
{
    for (int i = 0; i < N_VERBS; i++)
        if (verbs[i].name && strcmp(arg, verbs[i].name) == 0) {
            o->verb = verbs[i].verb;
            return true;
        }
    return false;
}

/* "inceptc runn a.net cat.png": the verb that was meant, or null. */
static const char *meant_verb(const char *arg)
{
    Nearest near;
    nearest_start(&near, arg);
    for (int i = 1; i < N_VERBS; i++)
        nearest_try(&near, verbs[i].name);
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

bool options_want_picture(const Options *o)
{
    Output to = options_output(o);
    return o->verb == VERB_COMPILE && !o->dump && (to == OUTPUT_DOT || to == OUTPUT_SVG || to == OUTPUT_HTML);
}

bool options_want_onnx(const Options *o) { return o->verb == VERB_COMPILE && !o->dump && options_output(o) == OUTPUT_ONNX; }

/* An ONNX file has weights inside, so it must be said which. */
static bool check_onnx(const Options *o)
{
    if (!options_want_onnx(o))
        return (!o->onnx_unfused && (o->verb != VERB_COMPILE || (!o->weights && !o->seed_given))) ||
               complain("%s is for -o FILE.onnx%s", o->onnx_unfused ? "--onnx-unfused" : o->weights ? "--weights" : "--seed", "");
    if (o->weights && o->seed_given)
        return complain("'%s' gets its weights from '%s' or from a seed, not from both", o->output, o->weights);
    return o->weights || o->seed_given ||
           complain("'%s' holds weights: say --weights FILE, or --seed N for initialised ones%s", o->output, "");
}

static int check(const Options *o)
{
    int n = o->inputs.n;
    if (n == 0)
        complain("no input file%s%s", "", "");
    else if (o->verb == VERB_EXPLAIN && n > 2)
        complain("explain wants a network and perhaps one layer%s%s", "", "");
    else if (o->verb == VERB_TUNE && n != 1)
        complain("tune wants one network%s%s", "", "");
    else if (o->measured && options_output(o) != OUTPUT_HTML)
        complain("--measured goes with a page: say -o FILE.html%s%s", "", "");
    else if (o->verb == VERB_DIFF && n > 2)
        complain("diff wants two networks, or a variant%s%s", "", "");
    else if (o->json + o->csv + (o->depth >= 0) > 1)
        complain("--json, --csv and --depth exclude each other%s%s", "", "");
    else if (o->depth >= 0 && n > 1)
        complain("--depth is for the tree of one network%s%s", "", "");
    else if (o->memory && !o->train)
        complain("--memory is for --train%s%s", "", "");
    else if (o->verb == VERB_COMPILE && n > 1 && meant_verb(o->inputs.at[0]))
        complain("there is no command '%s'; did you mean '%s'?", o->inputs.at[0], meant_verb(o->inputs.at[0]));
    else if (o->verb == VERB_COMPILE && n > 1)
        complain("one network at a time: '%s' and '%s'", o->inputs.at[0], o->inputs.at[1]);
    else if (o->verb == VERB_RUN && n != 2)
        complain("run wants a network and one input%s%s", "", "");
    else if (o->verb == VERB_CERTIFY && (n != 1 || !o->against))
        complain("certify wants one network and --against PATH%s%s", "", "");
    else if (o->verb == VERB_CERTIFY && o->compiled && o->training)
        complain("--compiled and --training exclude each other: programs do not train%s%s", "", "");
    else if (o->verb == VERB_COMPILE && !o->output && !o->dump)
        complain("'%s' is read, but nothing is asked for: say -o FILE or --dump WHAT%s", o->inputs.at[0], "");
    else if ((o->embed || o->is_static || o->no_images) && options_output(o) != OUTPUT_PROGRAM)
        complain("%s goes with a program: say -o NAME%s", o->embed ? "--embed" : o->is_static ? "--static" : "--no-images", "");
    else if (check_onnx(o))
        return -1;
    return EXIT_USAGE;
}

int options_parse(Options *o, Arena *a, int argc, char **argv)
{
    State s = { o, a };
    o->plan.numerics = NUMERICS_SAFE;
    o->depth = -1;
    bool plain = false;
    int first = 1;
    if (argc > 1 && take_verb(o, argv[1]))
        first = 2;
    for (int i = first; i < argc; i++) {
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help();
            return EXIT_OK;
        } else if (!plain && strcmp(argv[i], "--version") == 0) {
            printf("inceptc " INCEPTC_VERSION "\nLicence: MIT\n");
            return EXIT_OK;
        } else if (!plain && argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(&s, argc, argv, &i))
                return EXIT_USAGE;
        } else {
            LIST_PUSH(a, &o->inputs, argv[i]);
        }
    }
    return check(o);
}

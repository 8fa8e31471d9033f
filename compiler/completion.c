/* Completion: what fits on an unfinished command line, from the table of options and the netdef it names, and the scripts by which bash,
 * zsh and fish ask for it. */
#include "options_table.h"
#include "report/layers.h"
#include <string.h>

/* A line of `inceptc --complete`: a word and what it means, or ":files" or ":dirs", the ends of names that fit, divided by
 * commas, and what of the last word stands before the path. */
static void print_paths(const char *what, const char *ends, const char *before)
{
    printf("%s\t", what);
    for (const char *p = ends; p && *p; p += strcspn(p, " "), p += *p == ' ')
        printf("%s.%.*s", p == ends ? "" : ",", (int)strcspn(p, " "), p);
    printf("%s\t%s\n", ends ? "" : "*", before);
}

static void print_words(OptionWord *word, const char *before)
{
    for (int i = 0; word(i); i++)
        printf("%s%s\n", before, word(i));
}

/* The first netdef among the words; null: none, or one with errors. */
static Graph *load_net(Arena *a, const NetOptions *o, const char *const *words, int n)
{
    int i = 0;
    bool file_error = false;
    while (i < n && !text_ends_with(words[i], ".net"))
        i++;
    return i < n ? net_load(a, words[i], o, &file_error) : NULL;
}

static void print_params(const Options *o, Arena *a, const char *const *words, int n, const char *before)
{
    const Graph *g = load_net(a, &o->net, words, n);
    for (int k = 0; g && k < g->params.n; k++)
        printf("%s%s=\t%g\n", before, g->params.at[k].name, g->params.at[k].value);
}

/* The layers and modules in a module, outer ones first; a layer that is called as its module stands for both. */
static void print_members(Arena *a, const Layer *module)
{
    for (int i = 0; i < module->members.n; i++) {
        const Layer *l = module->members.at[i];
        if (strcmp(l->path, module->path) != 0)
            printf("%s\t%s, %s\n", l->path, l->kind ? layer_operation(a, l) : "module", shape_text(a, &l->shape));
        print_members(a, l);
    }
}

typedef struct Line { /* the command line before the word that is completed */
    const VerbRow *verb;
    const OptionRow *wants; /* the option before, which has no value yet, or null */
    int operands;
    bool plain; /* behind -- */
    Options said; /* of these the network's */
} Line;

static void take_value(Line *l, Arena *a, const OptionRow *row, const char *value)
{
    if (row->topic == TOPIC_NET)
        row->takes.set(&l->said, a, row, value);
}

static Line read_line(Arena *a, const char *const *words, int n)
{
    const VerbRow *verb = n > 0 ? verb_find(words[0]) : NULL;
    Line l = { .verb = verb ? verb : &verb_rows[0] };
    for (int i = verb ? 1 : 0; i < n; i++) {
        const char *value;
        const OptionRow *row = l.plain ? NULL : options_find_row(words[i], l.verb->verb, &value);
        if (l.wants || (row && value))
            take_value(&l, a, l.wants ? l.wants : row, l.wants ? words[i] : value);
        if (l.wants)
            l.wants = NULL;
        else if (row)
            l.wants = row->value && !value ? row : NULL;
        else if (strcmp(words[i], "--") == 0)
            l.plain = true;
        else
            l.operands += words[i][0] != '-';
    }
    return l;
}

static void print_value(const Options *o, Arena *a, const OptionRow *row, const char *const *words, int n, const char *before)
{
    switch (row->takes.kind) {
    case TAKES_FILE: print_paths(":files", row->takes.ends, before); break;
    case TAKES_DIR: print_paths(":dirs", NULL, before); break;
    case TAKES_WORD: print_words(row->takes.word, before); break;
    case TAKES_PARAM: print_params(o, a, words, n, before); break;
    case TAKES_NONE: case TAKES_TEXT: case TAKES_NUMBER: break;
    }
}

static void print_options(Arena *a, Verb verb)
{
    for (int i = 0; i < n_option_rows; i++)
        if (option_rows[i].verbs >> verb & 1)
            printf("%s\t%s\n", option_rows[i].name, options_help_text(a, &option_rows[i]));
}

/* What explain takes behind the netdef. */
static void print_layers(const Line *l, Arena *a, const char *const *words, int n)
{
    Graph *g = l->operands == 1 ? load_net(a, &l->said.net, words, n) : NULL;
    if (g)
        print_members(a, layers_of(a, g)->root);
}

static void print_verbs(void)
{
    for (int i = 0; i < n_verb_rows; i++)
        if (verb_rows[i].name)
            printf("%s\t%s\n", verb_rows[i].name, verb_rows[i].help);
}

/* The n words stand before the one that is completed. */
static void print_operands(const Line *l, Arena *a, const char *const *words, int n)
{
    if (n <= 0)
        print_verbs();
    if (l->verb->verb == VERB_EXPLAIN && l->operands > 0)
        print_layers(l, a, words, n);
    else if (l->verb->word && l->operands == 0)
        print_words(l->verb->word, "");
    else
        print_paths(":files", l->verb->ends, "");
}

int completion_print(const Options *o, Arena *a, const char *const *words, int n)
{
    const char *last = n > 0 ? words[n - 1] : "", *value = NULL;
    Line l = read_line(a, words, n - 1);
    const OptionRow *row = l.plain ? NULL : options_find_row(last, l.verb->verb, &value);
    if (l.wants && !(options_value_optional(l.wants) && *last == '-'))
        print_value(o, a, l.wants, words, n, "");
    else if (row && value)
        print_value(o, a, row, words, n, arena_strndup(a, last, (size_t)(value - last)));
    else if (*last == '-' && !l.plain)
        print_options(a, l.verb->verb);
    else
        print_operands(&l, a, words, n - 1);
    return EXIT_OK;
}

/* ---- The scripts ---- */

typedef struct ShellRow {
    const char *name, *script;
} ShellRow;
static const ShellRow shells[] = {
#include "completion_scripts.h" /* by the Makefile, from completion/inceptc.SHELL */
};
enum { N_SHELLS = sizeof shells / sizeof *shells };

const char *completion_word(int i) { return i < N_SHELLS ? shells[i].name : NULL; }

int completion_show(const Options *o, Arena *a, const char *value)
{
    (void)o;
    const char *best;
    int i = options_find_word(completion_word, value, &best);
    if (i >= 0)
        printf("%s", shells[i].script);
    else if (best)
        OPTIONS_COMPLAIN("--completion knows no '%s'; did you mean '%s'?", value, best);
    else
        OPTIONS_COMPLAIN("--completion knows %s, not '%s'", options_join_words(a, completion_word, "and"), value);
    return i >= 0 ? EXIT_OK : EXIT_USAGE;
}

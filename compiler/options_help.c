/* --help and --version, printed from the table. */
#include "driver.h"
#include "home.h"
#include "options_table.h"
#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 30, USAGE_COLUMN = 44 };

/* `left`, then words from `column` to WIDTH; on lines of their own when left is long. */
static void print_entry(int column, const char *left, const char *text)
{
    bool is_long = (int)strlen(left) > column - 4;
    int at = is_long ? printf("  %s\n%*s", left, column, "") - (int)strlen(left) - 3 : printf("  %-*s", column - 2, left);
    for (const char *p = text; *p;) {
        int n = (int)strcspn(p, " ");
        if (at > column && at + 1 + n > WIDTH)
            at = printf("\n%*s", column, "") - 1;
        at += printf("%s%.*s", at > column ? " " : "", n, p);
        p += n + strspn(p + n, " ");
    }
    printf("\n");
}

static const char *topic_of_verb(const VerbRow *v) { return v->name ? v->name : "compile"; }

static const VerbRow *find_verb(const char *topic)
{
    for (int i = 0; i < n_verb_rows; i++)
        if (strcmp(topic_of_verb(&verb_rows[i]), topic) == 0)
            return &verb_rows[i];
    return NULL;
}

const char *options_topic_word(int i)
{
    if (i < n_verb_rows)
        return topic_of_verb(&verb_rows[i]);
    i -= n_verb_rows;
    return i < n_topic_rows ? topic_rows[i].name : i == n_topic_rows ? "all" : NULL;
}

const char *options_help_text(Arena *a, const OptionRow *r)
{
    const char *at = strstr(r->help, "%s");
    return at ? arena_printf(a, "%.*s%s%s", (int)(at - r->help), r->help, options_join_words(a, r->takes.word, "or"), at + 2) : r->help;
}

const char *options_who_knows(Arena *a, const OptionRow *r)
{
    const char *who = "";
    for (int i = 1; i < n_verb_rows && !(r->verbs & 1 << VERB_COMPILE); i++)
        if (r->verbs >> verb_rows[i].verb & 1)
            who = arena_printf(a, "%s%s%s", who, *who ? ", " : "", verb_rows[i].name);
    return *who ? arena_printf(a, "%s: ", who) : "";
}

static void print_option(Arena *a, const OptionRow *r, bool say_who)
{
    print_entry(OPTION_COLUMN, arena_printf(a, "%s%s%s", r->name, r->value ? " " : "", r->value ? r->value : ""),
                arena_printf(a, "%s%s", say_who ? options_who_knows(a, r) : "", options_help_text(a, r)));
}

static void print_usage(Arena *a, const VerbRow *v)
{
    print_entry(USAGE_COLUMN, arena_printf(a, "inceptc %s%s%s", v->name ? v->name : "", v->name ? " " : "", v->usage), v->help);
}

static void print_ends(void)
{
    printf("\nINPUT is a picture (JPEG, PNG, BMP, PPM) or an .npy tensor.\n"
           "Exit: 0 done, 1 errors in the input, 2 wrong usage, 3 a file or the system,\n4 a mistake of inceptc's.\n");
}

static int show_short(Arena *a)
{
    printf("Usage:\n");
    for (int i = 0; i < n_verb_rows; i++)
        print_usage(a, &verb_rows[i]);
    printf("\nOptions most often needed:\n");
    for (int i = 0; i < n_option_rows; i++)
        if (option_rows[i].verbs & OPTION_EVERYDAY)
            print_option(a, &option_rows[i], true);
    printf("\nMore by `inceptc VERB --help`, or `inceptc --help TOPIC`:\n");
    for (int t = 0; t < n_topic_rows; t++)
        print_entry(OPTION_COLUMN, topic_rows[t].name, topic_rows[t].title);
    print_entry(OPTION_COLUMN, "compile", "All that compiling a network knows");
    print_entry(OPTION_COLUMN, "all", "All options");
    print_ends();
    return EXIT_OK;
}

static void print_passes(void)
{
    printf("\nPasses:");
    for (int i = 0; i < passes_count(); i++)
        printf(" %s", pass_name(i));
    printf("\n");
}

/* The options that the verb knows, or that belong to the topic, under the titles of their topics. */
static int show_topic(Arena *a, const char *name)
{
    const VerbRow *verb = find_verb(name);
    bool all = strcmp(name, "all") == 0, begun = verb || all;
    if (begun)
        printf("Usage:\n");
    for (int i = 0; i < n_verb_rows; i++)
        if (all || verb == &verb_rows[i])
            print_usage(a, &verb_rows[i]);
    for (int t = 0; t < n_topic_rows; t++) {
        bool titled = false, whole = all || strcmp(topic_rows[t].name, name) == 0;
        for (int i = 0; i < n_option_rows; i++) {
            const OptionRow *r = &option_rows[i];
            if ((int)r->topic != t || !(whole || (verb && r->verbs >> verb->verb & 1)))
                continue;
            if (!titled)
                printf("%s%s:\n", begun ? "\n" : "", topic_rows[t].title);
            titled = begun = true;
            print_option(a, r, !verb);
        }
        if (whole && t == TOPIC_PASSES)
            print_passes();
    }
    if (all)
        print_ends();
    return EXIT_OK;
}

int options_show_help(const Options *o, Arena *a, const char *topic)
{
    const char *best;
    if (!topic)
        return o->verb == VERB_COMPILE ? show_short(a) : show_topic(a, topic_of_verb(verb_row(o->verb)));
    if (options_find_word(options_topic_word, topic, &best) >= 0)
        return show_topic(a, topic);
    if (best)
        OPTIONS_COMPLAIN("there is no help on '%s'; did you mean '%s'?", topic, best);
    else
        OPTIONS_COMPLAIN("there is no help on '%s'; there is on %s", topic, options_join_words(a, options_topic_word, "and"));
    return EXIT_USAGE;
}

static const char *own_target(int i) { return i < n_targets ? targets[i].name : NULL; }

int options_show_version(const Options *o, Arena *a, const char *value)
{
    (void)value;
    printf("inceptc " INCEPTC_VERSION "\n"
           "Copyright (c) 2026 the inceptc authors\n"
           "Licence MIT: <https://opensource.org/license/mit>\n"
           "This is free software: you are free to change and redistribute it.\n"
           "There is NO WARRANTY, to the extent permitted by law.\n");
    if (o->verbose)
        printf("\nTargets: %s\nDefault: all in one program, which picks at start; here %s\nRuntime and netdefs: %s\n",
               options_join_words(a, own_target, "and"), driver_best_target()->name, home_dir(a));
    return EXIT_OK;
}

/* The parts of inceptc(1) that the table knows: docs/man/inceptc.1.in has the rest. */
#include "options_table.h"
#include <string.h>

/* A line of text or the rest of a macro's: escapes, and - where a reader copies it. */
static void print_text(const char *s)
{
    if (*s == '.' || *s == '\'')
        printf("\\&");
    for (const char *p = s; *p; p++)
        if (*p == '\\')
            printf("\\e");
        else if (*p == '"')
            printf("\\(dq");
        else
            printf("%s%c", *p == '-' ? "\\" : "", *p);
}

static void print_usage(const char *macro, const VerbRow *v)
{
    printf(".%s", macro);
    if (v->name)
        printf(" Cm %s", v->name);
    printf(" No ");
    print_text(v->usage);
    printf("\n");
}

static int print_synopsis(void)
{
    for (int i = 0; i < n_verb_rows; i++)
        print_usage("Nm", &verb_rows[i]);
    return EXIT_OK;
}

static int print_verbs(void)
{
    printf(".Bl -tag -width Ds\n");
    for (int i = 0; i < n_verb_rows; i++) {
        print_usage("It Nm", &verb_rows[i]);
        print_text(verb_rows[i].help);
        printf("\n");
    }
    printf(".El\n");
    return EXIT_OK;
}

static void print_option(Arena *a, const OptionRow *r)
{
    printf(".It Fl ");
    print_text(r->name + 1);
    if (r->value) {
        printf(" Ar ");
        print_text(r->value);
    }
    printf("\n");
    print_text(options_who_knows(a, r));
    print_text(options_help_text(a, r));
    printf("\n");
}

static int print_options(Arena *a)
{
    for (int t = 0; t < n_topic_rows; t++) {
        printf(".Ss %s\n.Bl -tag -width Ds\n", topic_rows[t].title);
        for (int i = 0; i < n_option_rows; i++)
            if ((int)option_rows[i].topic == t)
                print_option(a, &option_rows[i]);
        printf(".El\n");
    }
    return EXIT_OK;
}

int options_print_mdoc(Arena *a, const char *part)
{
    if (strcmp(part, "synopsis") == 0)
        return print_synopsis();
    return strcmp(part, "verbs") == 0 ? print_verbs() : print_options(a);
}

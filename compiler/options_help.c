/* --help and --version, printed from the table. */
#include "options_help.h"
#include "options_table.h"
#include <string.h>

/* Before the text stand the verbs that know the option, unless compiling or all do. */
static void print_option(const OptionRow *r)
{
    char left[64], who[64] = "";
    snprintf(left, sizeof left, "%s%s%s", r->name, r->value ? " " : "", r->value ? r->value : "");
    for (int i = 1; i < n_verb_rows && !(r->verbs & 1 << VERB_COMPILE); i++)
        if (r->verbs >> verb_rows[i].verb & 1)
            snprintf(who + strlen(who), sizeof who - strlen(who), "%s%s", *who ? ", " : "", verb_rows[i].name);
    printf("  %-30s %s%s%s\n", left, who, *who ? ": " : "", r->help);
}

void options_print_help(void)
{
    printf("Usage:\n");
    for (int i = 0; i < n_verb_rows; i++) {
        char left[80];
        const VerbRow *v = &verb_rows[i];
        snprintf(left, sizeof left, "inceptc %s%s%s", v->name ? v->name : "", v->name ? " " : "", v->usage);
        printf("  %-48s %s\n", left, v->help);
    }
    printf("\nINPUT is a picture (JPEG, PNG, BMP, PPM) or an .npy tensor.\n\nOptions:\n");
    for (int i = 0; i < n_option_rows; i++)
        print_option(&option_rows[i]);
    printf("  %-30s %s\n  %-30s %s\n", "--help", "this text", "--version", "the version");
    printf("\nPasses:");
    for (int i = 0; i < passes_count(); i++)
        printf(" %s", pass_name(i));
    printf("\nExit: 0 done, 1 errors in the input, 2 wrong usage, 3 a file or the system, 4 a mistake of inceptc's.\n");
}

void options_print_version(void) { printf("inceptc " INCEPTC_VERSION "\nLicence: MIT\n"); }

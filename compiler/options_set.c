/* What an option does with its value. */
#include "options_table.h"
#include "recipe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool options_note_help(void)
{
    diag_note((Loc){ 0 }, "inceptc --help lists the options");
    return false;
}

/* ---- For many rows ---- */

bool options_set_flag(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)v;
    *(bool *)((char *)o + row->takes.field) = true;
    return true;
}

bool options_set_text(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a;
    *(const char **)((char *)o + row->takes.field) = v;
    return true;
}

bool options_set_number(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a;
    const OptionTakes *t = &row->takes;
    char *end;
    long n = strtol(v, &end, 10);
    if (*end || n < t->least || n > t->most)
        return OPTIONS_COMPLAIN("%s wants %s from %ld to %ld, not '%s'", row->name, t->what, t->least, t->most, v);
    *(int *)((char *)o + t->field) = (int)n;
    return true;
}

/* ---- Words of a list ---- */

int options_find_word(OptionWord *word, const char *v, const char **best)
{
    Nearest near;
    nearest_start(&near, v);
    for (int i = 0; word(i); i++) {
        if (strcmp(word(i), v) == 0)
            return i;
        nearest_try(&near, word(i));
    }
    *best = nearest_result(&near);
    return -1;
}

const char *options_join_words(Arena *a, OptionWord *word, const char *last)
{
    const char *text = word(0);
    for (int i = 1; word(i); i++)
        text = word(i + 1) ? arena_printf(a, "%s, %s", text, word(i)) : arena_printf(a, "%s %s %s", text, last, word(i));
    return text;
}

static const char *list_word(const char *const *words, int n, int i) { return i < n ? words[i] : NULL; }

const char *options_target_word(int i)
{
    static const char *const more[] = { "native", "all" };
    return i < n_targets ? targets[i].name : list_word(more, 2, i - n_targets);
}

const char *options_numerics_word(int i) { return list_word(numerics_names, 3, i); }

static const char *const dumps[] = { "params", "ast", "net", "graph", "plan", "loops", "c" };
enum { N_DUMPS = sizeof dumps / sizeof *dumps };

static const char *pass_word(int i) { return i < passes_count() ? pass_name(i) : NULL; }

const char *options_dump_word(int i)
{
    static char after[MAX_OFF][40];
    int pass = i - N_DUMPS;
    if (pass < 0 || pass >= MAX_OFF || !pass_word(pass))
        return list_word(dumps, N_DUMPS, i);
    snprintf(after[pass], sizeof after[pass], "after:%s", pass_word(pass));
    return after[pass];
}

const char *options_off_word(int i) { return i == 0 ? "all" : pass_word(i - 1); }

static const char *const colors[] = { [DIAG_COLOR_AUTO] = "auto", [DIAG_COLOR_ALWAYS] = "always", [DIAG_COLOR_NEVER] = "never" };
const char *options_color_word(int i) { return list_word(colors, 3, i); }

static const char *const formats[] = { [DIAG_TEXT] = "text", [DIAG_JSON] = "json", [DIAG_SARIF] = "sarif" };
const char *options_format_word(int i) { return list_word(formats, sizeof formats / sizeof *formats, i); }

bool options_set_target(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    const char *best;
    if (options_find_word(row->takes.word, v, &best) < 0)
        return best ? OPTIONS_COMPLAIN("there is no target '%s'; did you mean '%s'?", v, best)
                    : OPTIONS_COMPLAIN("there is no target '%s'; there are %s", v, options_join_words(a, row->takes.word, "and"));
    o->target = strcmp(v, "all") == 0 ? NULL : v;
    return true;
}

bool options_set_numerics(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    const char *best;
    int i = options_find_word(row->takes.word, v, &best);
    if (i < 0)
        return best ? OPTIONS_COMPLAIN("--numerics knows no '%s'; did you mean '%s'?", v, best)
                    : OPTIONS_COMPLAIN("--numerics knows %s, not '%s'", options_join_words(a, row->takes.word, "and"), v);
    o->plan.numerics = (Numerics)i;
    return true;
}

static bool check_pass(const char *v, const char *more)
{
    const char *best;
    if (options_find_word(pass_word, v, &best) >= 0)
        return true;
    return best ? OPTIONS_COMPLAIN("there is no pass '%s'; did you mean '%s'?", v, best)
                : OPTIONS_COMPLAIN("there is no pass '%s'%s", v, more);
}

bool options_set_dump(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row;
    const char *best;
    o->dump = v;
    if (strncmp(v, "after:", 6) == 0)
        return check_pass(v + 6, "");
    if (options_find_word(row->takes.word, v, &best) >= 0)
        return true;
    return best ? OPTIONS_COMPLAIN("--dump knows no '%s'; did you mean '%s'?", v, best)
                : OPTIONS_COMPLAIN("--dump knows params, ast, net, graph, after:PASS, plan, loops and c, not '%s'", v);
}

bool options_add_off(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row;
    if (strcmp(v, "all") == 0) {
        for (o->n_off = 0; o->n_off < MAX_OFF && pass_word(o->n_off); o->n_off++)
            o->pass_off[o->n_off] = pass_word(o->n_off);
        return true;
    }
    if (!check_pass(v, "; see --help"))
        return false;
    if (o->n_off < MAX_OFF)
        o->pass_off[o->n_off++] = v;
    return true;
}

bool options_set_color(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)o;
    const char *best;
    int i = options_find_word(row->takes.word, v, &best);
    if (i < 0)
        return OPTIONS_COMPLAIN("-fdiagnostics-color is %s, not '%s'", options_join_words(a, row->takes.word, "or"), v);
    diag_set_color((DiagColor)i);
    return true;
}

bool options_set_format(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)o;
    const char *best;
    int i = options_find_word(row->takes.word, v, &best);
    if (i < 0)
        return OPTIONS_COMPLAIN("-fdiagnostics-format is %s, not '%s'", options_join_words(a, row->takes.word, "or"), v);
    diag_set_format((DiagFormat)i);
    return true;
}

/* ---- One row each ---- */

bool options_set_output(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row;
    o->output = v;
    return *v ? true : OPTIONS_COMPLAIN("option '-o' wants FILE");
}

bool options_set_dry(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row, (void)v;
    o->verbose = o->dry_run = true;
    return true;
}

bool options_set_seed(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row;
    char *end;
    errno = 0;
    o->seed = strtoull(v, &end, 10);
    o->seed_given = true;
    if (*v < '0' || *v > '9' || *end || errno)
        return OPTIONS_COMPLAIN("--seed wants a number from 0 to 18446744073709551615, not '%s'", v);
    return true;
}

bool options_add_dep_target(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)row;
    LIST_PUSH(a, &o->dep_targets, v);
    return true;
}

bool options_set_fixits(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)o, (void)a, (void)row, (void)v;
    diag_set_fixits(true);
    return true;
}

bool options_add_warning(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    const char *best;
    LIST_PUSH(a, &o->warnings, v);
    if (options_find_word(row->takes.word, v, &best) >= 0)
        return true;
    return best ? OPTIONS_COMPLAIN("there is no warning '%s'; did you mean '%s'?", v, best)
                : OPTIONS_COMPLAIN("there is no warning '%s'; there is design, and `inceptc advise` names its kinds", v);
}

bool options_set_memory(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)a, (void)row;
    o->memory = recipe_size(v);
    return o->memory || OPTIONS_COMPLAIN("--memory wants a size such as 512M or 1.5G, not '%s'", v);
}

bool options_add_picture(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)row;
    LIST_PUSH(a, &o->pictures, v);
    return true;
}

bool options_add_include(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)row;
    LIST_PUSH(a, &o->net.include_dirs, v);
    return true;
}

bool options_add_define(Options *o, Arena *a, const OptionRow *row, const char *v)
{
    (void)row;
    const char *eq = strchr(v, '=');
    if (!eq || eq == v)
        return OPTIONS_COMPLAIN("-D wants NAME=VALUE, not '%s'", v);
    NetDefine d = { arena_strndup(a, v, (size_t)(eq - v)), eq + 1 };
    LIST_PUSH(a, &o->net.defines, d);
    return true;
}

/* Advice as warnings and in the long form. */
#include "advice.h"
#include "rules.h"
#include "settings.h"
#include <string.h>

static Findings find(View *v, const Rule *r)
{
    Findings found = { 0 };
    v->rule++;
    r->find(v, &found);
    return found;
}

/* A text of a hundred thousand layers may offend as often. */
enum { MOST_WARNINGS = 20 };

static void warn(Arena *a, const Rule *r, const Findings *found, bool error)
{
    for (int i = 0; i < found->n && i < MOST_WARNINGS; i++) {
        if (error)
            diag_error(found->at[i]->loc, "%s [-Werror=design-%s]", found->at[i]->says, r->name);
        else
            diag_warning(found->at[i]->loc, arena_printf(a, "-Wdesign-%s", r->name), "%s", found->at[i]->says);
    }
    if (found->n > MOST_WARNINGS)
        diag_note((Loc){ 0 }, "and %d more places: `inceptc advise` names them all", found->n - MOST_WARNINGS);
}

void advice_warn(Arena *a, const Graph *g, const char *const *settings, int n)
{
    RuleState *states = ARENA_ARRAY(a, n_advice_rules, RuleState);
    settings_apply(settings, n, states);
    View *v = view_new(a, g);
    for (int k = 0; k < n_advice_rules; k++) {
        if (!states[k].on)
            continue;
        Findings found = find(v, &advice_rules[k]);
        warn(a, &advice_rules[k], &found, states[k].error);
    }
}

/* ---- The long form ---- */

enum { COLUMNS = 100 };

/* The text in lines of at most COLUMNS, each behind `indent` columns. */
static void print_wrapped(const char *text, int indent)
{
    while (*text) {
        size_t room = COLUMNS - (size_t)indent, n = strlen(text);
        if (n > room)
            for (n = room; n > 0 && text[n] != ' '; n--)
                ;
        if (n == 0)
            n = strcspn(text, " ");
        printf("%*s%.*s\n", indent, "", (int)n, text);
        text += n + (text[n] == ' ');
    }
}

static const char *layer_names(Arena *a, const Finding *f)
{
    enum { SHOWN = 4 };
    const char *text = "";
    for (int i = 0; i < f->nodes.n && i < SHOWN; i++)
        text = arena_printf(a, "%s%s%s", text, i ? ", " : "", f->nodes.at[i]->path);
    return f->nodes.n > SHOWN ? arena_printf(a, "%s and %d more", text, f->nodes.n - SHOWN) : text;
}

static void print_finding(View *v, const Finding *f)
{
    Arena *a = v->arena;
    int64_t macs = 0, params = 0;
    for (int i = 0; i < f->nodes.n; i++) {
        macs += node_macs(f->nodes.at[i]);
        params += node_macs(f->nodes.at[i]) ? node_params(f->nodes.at[i]) : 0;
    }
    print_wrapped(arena_printf(a, "%s:%d:%d: %s", diag_file_name(f->loc.file), f->loc.line, f->loc.col, f->says), 2);
    print_wrapped(arena_printf(a, "layers: %s", layer_names(a, f)), 4);
    if (macs)
        print_wrapped(arena_printf(a, "%s multiply-accumulates (%.1f %% of the network), %s parameters (%.1f %%)", arena_commas(a, macs),
                                   view_share(macs, v->totals.macs), arena_commas(a, params), view_share(params, v->totals.params)), 4);
    if (f->facts)
        print_wrapped(f->facts, 4);
}

static const char *change(Arena *a, int64_t from, int64_t to)
{
    return arena_printf(a, "%s -> %s (%+.1f %%)", arena_commas(a, from), arena_commas(a, to),
                        from ? 100.0 * (double)(to - from) / (double)from : 0.0);
}

static void print_fixed(View *v, const Fixed *f)
{
    Arena *a = v->arena;
    printf("    parameters             %s\n", change(a, v->totals.params, f->totals.params));
    printf("    multiply-accumulates   %s\n", change(a, v->totals.macs, f->totals.macs));
    printf("    activation elements    %s\n", change(a, v->activations, f->activations));
    if (f->totals.aux_params != v->totals.aux_params)
        printf("    auxiliary parameters   %s -> %s\n", arena_commas(a, v->totals.aux_params), arena_commas(a, f->totals.aux_params));
    printf("\n%s", f->text);
}

typedef struct Mending {
    View *view;
    const Source *source;
    const NetOptions *options;
    const Fix *fix;
} Mending;

/* What more places want is no variant to be pasted. */
enum { MOST_PLACES = 1000 };

static Fixed mend(const Mending *m, const Findings *found)
{
    if (found->n > MOST_PLACES)
        return (Fixed){ .failed = "so many places are no variant to be pasted" };
    Patch p = { .arena = m->view->arena, .view = m->view, .source = m->source, .suffix = m->fix->suffix };
    m->fix->make(&p, found);
    return patch_apply(&p, m->options);
}

/* Those findings that the fix can mend alone; the others are printed with the reason. */
static Findings mendable(const Mending *m, const Findings *found)
{
    Arena *a = m->view->arena;
    Findings some = { 0 };
    for (int i = 0; i < found->n; i++) {
        Findings one = { 0 };
        LIST_PUSH(a, &one, found->at[i]);
        Fixed f = mend(m, &one);
        Loc loc = found->at[i]->loc;
        if (f.text)
            LIST_PUSH(a, &some, found->at[i]);
        else
            print_wrapped(arena_printf(a, "no mechanical fix for %s:%d:%d (%s): %s", diag_file_name(loc.file), loc.line, loc.col,
                                       m->fix->what, f.failed), 2);
    }
    return some;
}

static void print_fix(const Mending *m, const Findings *found)
{
    Fixed f = mend(m, found);
    if (!f.text && found->n > 1 && found->n <= MOST_PLACES) {
        Findings some = mendable(m, found);
        if (some.n == 0)
            return;
        f = mend(m, &some);
    }
    print_wrapped(arena_printf(m->view->arena, f.text ? "fix: %s" : "no mechanical fix here (%s): %s", m->fix->what, f.failed), 2);
    if (f.text)
        print_fixed(m->view, &f);
}

static void print_fixes(View *v, const Source *s, const Rule *r, const Findings *found, const NetOptions *o)
{
    if (r->no_fix)
        print_wrapped(arena_printf(v->arena, "no mechanical fix: %s", r->no_fix), 2);
    for (int i = 0; i < 2 && r->fix[i].make; i++) {
        if (i > 0)
            printf("\n");
        print_fix(&(Mending){ v, s, o, &r->fix[i] }, found);
    }
}

static void print_head(View *v)
{
    Arena *a = v->arena;
    printf("%s: %d layers deep, %s parameters, %s multiply-accumulates, %s activation elements\n", v->g->name, v->totals.depth,
           arena_commas(a, v->totals.params), arena_commas(a, v->totals.macs), arena_commas(a, v->activations));
}

static const RuleState *states_of(Arena *a, const char *const *settings, int n)
{
    static const char *const all[] = { "design" };
    RuleState *states = ARENA_ARRAY(a, n_advice_rules, RuleState);
    settings_apply(n ? settings : all, n ? n : 1, states);
    return states;
}

void advice_print(Arena *a, const Graph *g, const NetOptions *o, const char *const *settings, int n)
{
    const RuleState *states = states_of(a, settings, n);
    View *v = view_new(a, g);
    const Source *s = source_new(a, g);
    int shown = 0;
    print_head(v);
    for (int k = 0; k < n_advice_rules; k++) {
        const Rule *r = &advice_rules[k];
        Findings found = { 0 };
        if (states[k].on)
            found = find(v, r);
        if (!found.n)
            continue;
        shown++;
        printf("\ndesign-%s: %s\n", r->name, r->help);
        for (int i = 0; i < found.n; i++)
            print_finding(v, found.at[i]);
        print_wrapped(r->why, 2);
        print_wrapped(arena_printf(a, "source: %s", r->source), 2);
        print_fixes(v, s, r, &found, o);
    }
    if (!shown)
        printf("\nno advice: no rule has anything to say\n");
}

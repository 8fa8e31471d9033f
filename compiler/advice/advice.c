/* Advice as warnings, and as what the long forms are printed from. */
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

/* ---- At length ---- */

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

/* Those findings that the fix can mend alone; the others go to f with the reason. */
static Findings mendable(const Mending *m, const Findings *found, AdviceFix *f)
{
    Arena *a = m->view->arena;
    Findings some = { 0 };
    for (int i = 0; i < found->n; i++) {
        Findings one = { 0 };
        LIST_PUSH(a, &one, found->at[i]);
        Fixed fixed = mend(m, &one);
        if (fixed.text)
            LIST_PUSH(a, &some, found->at[i]);
        else
            LIST_PUSH(a, &f->unmended, ((Unmended){ found->at[i]->loc, fixed.failed }));
    }
    return some;
}

static AdviceFix fix_of(const Mending *m, const Findings *found)
{
    AdviceFix f = { .what = m->fix->what, .fixed = mend(m, found) };
    if (f.fixed.text || found->n == 1 || found->n > MOST_PLACES)
        return f;
    Findings some = mendable(m, found, &f);
    f.fixed = some.n ? mend(m, &some) : (Fixed){ 0 };
    return f;
}

static const RuleState *states_of(Arena *a, const char *const *settings, int n)
{
    static const char *const all[] = { "design" };
    RuleState *states = ARENA_ARRAY(a, n_advice_rules, RuleState);
    settings_apply(n ? settings : all, n ? n : 1, states);
    return states;
}

Advice advice_of(Arena *a, const Graph *g, const NetOptions *o, const char *const *settings, int n)
{
    const RuleState *states = states_of(a, settings, n);
    View *v = view_new(a, g);
    const Source *s = source_new(a, g);
    Advice advice = { .g = g, .totals = v->totals, .activations = v->activations };
    for (int k = 0; k < n_advice_rules; k++) {
        const Rule *r = &advice_rules[k];
        AdviceKind kind = { .name = r->name, .help = r->help, .source = r->source, .why = r->why, .no_fix = r->no_fix };
        if (states[k].on)
            kind.found = find(v, r);
        if (!kind.found.n)
            continue;
        for (int i = 0; i < 2 && r->fix[i].make; i++)
            LIST_PUSH(a, &kind.fixes, fix_of(&(Mending){ v, s, o, &r->fix[i] }, &kind.found));
        LIST_PUSH(a, &advice.kinds, kind);
    }
    return advice;
}

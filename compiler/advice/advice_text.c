/* The long form of advice for readers. */
#include "advice.h"
#include "view.h"
#include <string.h>

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

const char *advice_place(Arena *a, Loc loc) { return arena_printf(a, "%s:%d:%d", diag_file_name(loc.file), loc.line, loc.col); }

const char *advice_cost(Arena *a, const Advice *advice, const Finding *f)
{
    if (!f->macs)
        return NULL;
    return arena_printf(a, "%s multiply-accumulates (%.1f %% of the network), %s parameters (%.1f %%)", arena_commas(a, f->macs),
                        view_share(f->macs, advice->totals.macs), arena_commas(a, f->params), view_share(f->params, advice->totals.params));
}

static const char *change(Arena *a, int64_t from, int64_t to)
{
    return arena_printf(a, "%s -> %s (%+.1f %%)", arena_commas(a, from), arena_commas(a, to),
                        from ? 100.0 * (double)(to - from) / (double)from : 0.0);
}

AdviceChanges advice_changes(Arena *a, const Advice *advice, const Fixed *f)
{
    AdviceChanges all = { 0 };
    const Totals *t = &advice->totals;
    LIST_PUSH(a, &all, ((AdviceChange){ "parameters", change(a, t->params, f->totals.params) }));
    LIST_PUSH(a, &all, ((AdviceChange){ "multiply-accumulates", change(a, t->macs, f->totals.macs) }));
    LIST_PUSH(a, &all, ((AdviceChange){ "activation elements", change(a, advice->activations, f->activations) }));
    if (f->totals.aux_params != t->aux_params) {
        const char *text = arena_printf(a, "%s -> %s", arena_commas(a, t->aux_params), arena_commas(a, f->totals.aux_params));
        LIST_PUSH(a, &all, ((AdviceChange){ "auxiliary parameters", text }));
    }
    return all;
}

static const char *layer_names(Arena *a, const Finding *f)
{
    enum { SHOWN = 4 };
    const char *text = "";
    for (int i = 0; i < f->nodes.n && i < SHOWN; i++)
        text = arena_printf(a, "%s%s%s", text, i ? ", " : "", f->nodes.at[i]->path);
    return f->nodes.n > SHOWN ? arena_printf(a, "%s and %d more", text, f->nodes.n - SHOWN) : text;
}

static void print_finding(Arena *a, const Advice *advice, const Finding *f)
{
    const char *cost = advice_cost(a, advice, f);
    print_wrapped(f->loc.line ? arena_printf(a, "%s: %s", advice_place(a, f->loc), f->says) : f->says, 2);
    print_wrapped(arena_printf(a, "layers: %s", layer_names(a, f)), 4);
    if (cost)
        print_wrapped(cost, 4);
    if (f->facts)
        print_wrapped(f->facts, 4);
}

static void print_fixed(Arena *a, const Advice *advice, const Fixed *f)
{
    AdviceChanges changes = advice_changes(a, advice, f);
    for (int i = 0; i < changes.n; i++)
        printf("    %-22s %s\n", changes.at[i].name, changes.at[i].text);
    printf("\n%s", f->text);
}

static void print_fix(Arena *a, const Advice *advice, const AdviceFix *f)
{
    for (int i = 0; i < f->unmended.n; i++) {
        const Unmended *u = &f->unmended.at[i];
        print_wrapped(arena_printf(a, "no mechanical fix for %s (%s): %s", advice_place(a, u->loc), f->what, u->why), 2);
    }
    if (f->fixed.text) {
        print_wrapped(arena_printf(a, "fix: %s", f->what), 2);
        print_fixed(a, advice, &f->fixed);
    } else if (f->fixed.failed)
        print_wrapped(arena_printf(a, "no mechanical fix here (%s): %s", f->what, f->fixed.failed), 2);
}

static void print_kind(Arena *a, const Advice *advice, const AdviceKind *k)
{
    printf("\ndesign-%s: %s\n", k->name, k->help);
    for (int i = 0; i < k->found.n; i++)
        print_finding(a, advice, k->found.at[i]);
    print_wrapped(k->why, 2);
    print_wrapped(arena_printf(a, "source: %s", k->source), 2);
    if (k->no_fix)
        print_wrapped(arena_printf(a, "no mechanical fix: %s", k->no_fix), 2);
    for (int i = 0; i < k->fixes.n; i++) {
        if (i > 0)
            printf("\n");
        print_fix(a, advice, &k->fixes.at[i]);
    }
}

void advice_print(Arena *a, const Advice *advice)
{
    const Totals *t = &advice->totals;
    printf("%s: %d layers deep, %s parameters, %s multiply-accumulates, %s activation elements\n", advice->g->name, t->depth,
           arena_commas(a, t->params), arena_commas(a, t->macs), arena_commas(a, advice->activations));
    for (int i = 0; i < advice->kinds.n; i++)
        print_kind(a, advice, &advice->kinds.at[i]);
    if (!advice->kinds.n)
        printf("\nno advice: no rule has anything to say\n");
}

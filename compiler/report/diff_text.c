/* A difference to be read: totals, what many layers share, then module by module. */
#include "diff.h"
#include "terminal.h"
#include <string.h>

/* ---- Lines of the list, by module ---- */

typedef struct Entry {
    const DiffRow *row;       /* null: modules that came or went whole */
    char sign;                /* ~ changed, + added, - removed */
    const Layer *first, *last;/* a layer, or the first and the last of equal modules */
    int n;
} Entry;

typedef struct Group { /* of a pair of modules; one may be null */
    const Layer *x, *y;
    LIST(Entry) entries;
} Group;

typedef struct Text {
    Arena *arena;
    const NetDiff *d;
    const char *arrow;
    LIST(Group *) groups;
    const Layer *whole; /* that the last row belonged to */
} Text;

static Group *group_of(Text *t, const Layer *x, const Layer *y)
{
    for (int i = t->groups.n - 1; i >= 0; i--)
        if (t->groups.at[i]->x == x && t->groups.at[i]->y == y)
            return t->groups.at[i];
    Group *g = ARENA_NEW(t->arena, Group);
    *g = (Group){ .x = x, .y = y };
    LIST_PUSH(t->arena, &t->groups, g);
    return g;
}

static bool all_unmatched(const Layer *m, Layer *const *partner)
{
    for (int i = 0; i < m->members.n; i++) {
        const Layer *l = m->members.at[i];
        if (l->kind ? partner[l->place] != NULL : !all_unmatched(l, partner))
            return false;
    }
    return true;
}

/* The topmost module around l of whose layers none has a partner; l itself when there is none. */
static const Layer *topmost(const Layer *l, Layer *const *partner)
{
    while (l->module->module && all_unmatched(l->module, partner))
        l = l->module;
    return l;
}

static bool like_last(const Entry *e, char sign, const Layer *l)
{
    const Layer *o = e->last;
    return !e->row && e->sign == sign && !l->kind && o->module == l->module && o->n_layers == l->n_layers && o->params == l->params && o->macs == l->macs;
}

static void add_single(Text *t, const DiffRow *r)
{
    bool added = !r->x;
    const Layer *l = topmost(added ? r->y : r->x, added ? t->d->match.of_y : t->d->match.of_x);
    if (!l->kind && l == t->whole)
        return;
    t->whole = l;
    Group *g = added ? group_of(t, l->module->partner, l->module) : group_of(t, l->module, l->module->partner);
    Entry e = { l->kind ? r : NULL, added ? '+' : '-', l, l, 1 };
    if (g->entries.n && like_last(&g->entries.at[g->entries.n - 1], e.sign, l)) {
        g->entries.at[g->entries.n - 1].last = l;
        g->entries.at[g->entries.n - 1].n++;
    } else {
        LIST_PUSH(t->arena, &g->entries, e);
    }
}

static bool has_own_change(const DiffRow *r)
{
    for (int i = 0; i < r->changes.n; i++)
        if (r->changes.at[i].common < 0)
            return true;
    return r->moved;
}

/* Modules become partners by the first pair of their layers. */
static void find_partners(const NetDiff *d)
{
    for (int i = 0; i < d->rows.n; i++) {
        const DiffRow *r = &d->rows.at[i];
        if (!r->x || !r->y || r->moved)
            continue;
        Layer *x = r->x->module, *y = r->y->module;
        for (; x && y; x = x->module, y = y->module) {
            x->partner = x->partner ? x->partner : y;
            y->partner = y->partner ? y->partner : x;
        }
    }
}

static void collect(Text *t)
{
    find_partners(t->d);
    for (int i = 0; i < t->d->rows.n; i++) {
        const DiffRow *r = &t->d->rows.at[i];
        if (!r->x || !r->y) {
            add_single(t, r);
        } else if (has_own_change(r)) {
            Group *g = group_of(t, r->x->module, r->y->module);
            Entry e = { r, '~', r->x, r->x, 1 };
            LIST_PUSH(t->arena, &g->entries, e);
        }
    }
}

/* ---- Printing ---- */

static void print_change(const Text *t, const Change *c, FILE *f)
{
    fprintf(f, "%s %s %s %s", c->name, c->from ? c->from : "none", t->arrow, c->to ? c->to : "none");
}

static void print_names(const Text *t, const char *x, const char *y, FILE *f)
{
    if (strcmp(x, y) == 0)
        fputs(x, f);
    else
        fprintf(f, "%s %s %s", x, t->arrow, y);
}

static void print_cost(const Text *t, const Layer *l, FILE *f)
{
    fprintf(f, "%s", shape_text(t->arena, &l->shape));
    if (l->params)
        fprintf(f, ", %s parameters", short_number(t->arena, (double)l->params));
    if (l->macs)
        fprintf(f, ", %s MACs", short_number(t->arena, (double)l->macs));
    fputc('\n', f);
}

static void print_pair(const Text *t, const DiffRow *r, FILE *f)
{
    int n = 0;
    print_names(t, r->x->name, r->y->name, f);
    fprintf(f, r->moved ? ": stands elsewhere" : ":");
    for (int i = 0; i < r->changes.n; i++)
        if (r->changes.at[i].common < 0) {
            fprintf(f, n++ || r->moved ? ", " : " ");
            print_change(t, &r->changes.at[i], f);
        }
    fputc('\n', f);
}

static void print_entry(const Text *t, const Entry *e, FILE *f)
{
    const Layer *l = e->first;
    fprintf(f, "  %c ", e->sign);
    if (e->sign == '~') {
        print_pair(t, e->row, f);
        return;
    }
    if (e->n > 1)
        fprintf(f, "%s .. %s: %d modules of %d layers, each ", l->name, e->last->name, e->n, l->n_layers);
    else if (l->kind)
        fprintf(f, "%s: %s, ", l->name, layer_operation(t->arena, l));
    else
        fprintf(f, "%s: %d layer%s, ", l->name, l->n_layers, l->n_layers == 1 ? "" : "s");
    print_cost(t, l, f);
}

static const char *module_name(const Layer *m) { return !m ? "nothing" : m->module ? m->path : "(network)"; }

static void print_groups(const Text *t, FILE *f)
{
    for (int i = 0; i < t->groups.n; i++) {
        const Group *g = t->groups.at[i];
        fputc('\n', f);
        print_names(t, module_name(g->x ? g->x : g->y), module_name(g->y ? g->y : g->x), f);
        fputc('\n', f);
        for (int k = 0; k < g->entries.n; k++)
            print_entry(t, &g->entries.at[k], f);
    }
}

static const char *total_text(const Text *t, const DiffTotal *row, double v)
{
    return row->whole ? arena_commas(t->arena, (int64_t)v) : arena_printf(t->arena, "%.2f", v);
}

static void print_totals(const Text *t, FILE *f)
{
    DiffTotal rows[N_DIFF_TOTALS];
    int n = diff_totals(t->d, rows);
    for (int i = 0; i < n; i++) {
        const DiffTotal *r = &rows[i];
        if (!r->x && !r->y)
            continue;
        const char *x = total_text(t, r, r->x), *y = total_text(t, r, r->y);
        fprintf(f, "  %-22s%16s %s %16s", r->name, x, t->arrow, y);
        if (strcmp(x, y) != 0 && r->x)
            fprintf(f, "  %+.1f %%", 100 * (r->y - r->x) / r->x);
        fputc('\n', f);
    }
}

static void print_common(const Text *t, FILE *f)
{
    if (t->d->common.n)
        fprintf(f, "\nin many layers\n");
    for (int i = 0; i < t->d->common.n; i++) {
        const Common *c = &t->d->common.at[i];
        const char *what = c->kind ? c->kind : "layers";
        fprintf(f, "  ~ ");
        print_change(t, &c->change, f);
        if (c->layers)
            fprintf(f, ": %d %s called %s\n", c->n, what, c->layers);
        else
            fprintf(f, c->n == c->of ? ": all %d %s\n" : ": %d %s\n", c->n, what);
    }
}

/* A line each, as in a patch: they have arrows of their own. */
static void print_settings(const Text *t, FILE *f)
{
    if (t->d->settings.n)
        fprintf(f, "\nsettings\n");
    for (int i = 0; i < t->d->settings.n; i++) {
        const Change *c = &t->d->settings.at[i];
        if (c->from)
            fprintf(f, "  - %s: %s\n", c->name, c->from);
        if (c->to)
            fprintf(f, "  + %s: %s\n", c->name, c->to);
    }
}

static void print_counts(const NetDiff *d, FILE *f)
{
    fprintf(f, "\n%d layers changed, %d removed, %d added", d->n_changed, d->n_removed, d->n_added);
    if (d->n_renamed)
        fprintf(f, "; %d have other names", d->n_renamed);
    if (d->n_follow)
        fprintf(f, "; %d differ in sizes only, which follow", d->n_follow);
    fprintf(f, ".\n");
    if (d->match.by_names_only)
        fprintf(f, "So many layers differ that they were matched by their names alone.\n");
}

void diff_print(const NetDiff *d, bool utf8, FILE *f)
{
    Text t = { .arena = d->arena, .d = d, .arrow = utf8 ? "→" : "->" };
    const Graph *x = d->x->layers->graph, *y = d->y->layers->graph;
    if (d->equal) {
        fprintf(f, "%s and %s are equal: %d layers\n", x->source, y->source, d->x->layers->list.n);
        return;
    }
    print_names(&t, x->name, y->name, f);
    fputc('\n', f);
    print_totals(&t, f);
    print_settings(&t, f);
    print_common(&t, f);
    collect(&t);
    print_groups(&t, f);
    print_counts(d, f);
}

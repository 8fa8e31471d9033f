/* The load report: one line a group, as a table and as JSON; problems and what to do about them. */
#include "../../formats/json.h"
#include "../home.h"
#include "load_plan.h"
#include <glob.h>
#include <string.h>

enum { PROBLEMS_SHOWN = 19, /* diag stops at 20 */
       FOREIGN_SHOWN = 3, ENTRIES_TRIED = 5000 };

typedef struct Group {
    const char *status, *name, *why;
    int tensors;
    int64_t values;
} Group;
typedef LIST(Group) Groups;

static const char *statement_of(Arena *a, const char *name) { return arena_strndup(a, name, strcspn(name, ".")); }

static const char *layer_of(Arena *a, const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? arena_strndup(a, name, (size_t)(dot - name)) : name;
}

static const char *status_of(const LoadRow *r) { return r->entry ? "loaded" : "fresh"; }
static const char *why_of(const LoadRow *r) { return r->entry || !r->why ? "" : r->why; }
static bool alike(const LoadRow *x, const LoadRow *y)
{
    return strcmp(status_of(x), status_of(y)) == 0 && strcmp(why_of(x), why_of(y)) == 0;
}

static void add(Arena *a, Groups *g, const char *status, const char *name, const char *why, int64_t values)
{
    Group *last = g->n ? &g->at[g->n - 1] : NULL;
    if (!last || strcmp(last->status, status) || strcmp(last->name, name)) {
        Group fresh = { status, name, why, 0, 0 };
        LIST_PUSH(a, g, fresh);
        last = &g->at[g->n - 1];
    }
    if (!strstr(last->why, why))
        last->why = arena_printf(a, "%s; %s", last->why, why);
    last->tensors++;
    last->values += values;
}

/* Rows [from, to) are a statement's: one group when they are alike, else one a layer. */
static void add_statement(Arena *a, Groups *g, const LoadPlan *p, int from, int to)
{
    bool uniform = true;
    for (int i = from + 1; i < to; i++)
        uniform &= alike(&p->rows[from], &p->rows[i]);
    for (int i = from; i < to; i++) {
        const LoadRow *r = &p->rows[i];
        const char *name = uniform ? statement_of(a, r->weight->name) : layer_of(a, r->weight->name);
        add(a, g, status_of(r), name, why_of(r), shape_elems(&r->weight->shape));
    }
}

static Groups groups_of(const LoadPlan *p)
{
    Arena *a = p->graph->arena;
    Groups g = { 0 };
    for (int from = 0, to; from < p->n; from = to) {
        const char *statement = statement_of(a, p->rows[from].weight->name);
        for (to = from + 1; to < p->n && strcmp(statement, statement_of(a, p->rows[to].weight->name)) == 0;)
            to++;
        add_statement(a, &g, p, from, to);
    }
    for (int i = 0; i < p->ignored.n; i++) {
        const LoadIgnored *x = &p->ignored.at[i];
        bool counter = strcmp(x->why, "counts batches") == 0; /* of every batch norm: one line for all */
        add(a, &g, "ignored", counter ? "num_batches_tracked" : layer_of(a, x->entry->name), x->why, (int64_t)x->entry->count);
    }
    return g;
}

static void totals(const LoadPlan *p, int *loaded, int *fresh)
{
    *loaded = *fresh = 0;
    for (int i = 0; i < p->n; i++)
        ++*(p->rows[i].entry ? loaded : fresh);
}

void load_print(const LoadPlan *p, FILE *f)
{
    Groups g = groups_of(p);
    int width = 5, loaded, fresh;
    for (int i = 0; i < g.n; i++)
        if ((int)strlen(g.at[i].name) > width)
            width = (int)strlen(g.at[i].name);
    fprintf(f, "%-8s %-*s %8s %12s  %s\n", "status", width, "layer", "tensors", "values", "why");
    for (int i = 0; i < g.n; i++) {
        const Group *x = &g.at[i];
        fprintf(f, "%-8s %-*s %8d %12lld%s%s\n", x->status, width, x->name, x->tensors, (long long)x->values, *x->why ? "  " : "", x->why);
    }
    totals(p, &loaded, &fresh);
    fprintf(f, "%s: %d weights loaded, %d fresh; %d tensors ignored\n", p->graph->name, loaded, fresh, p->ignored.n);
}

static void json_pair(FILE *f, const char *key, const char *value)
{
    fprintf(f, "\"%s\": ", key);
    json_write_string(f, value);
}

void load_print_json(const LoadPlan *p, FILE *f)
{
    Groups g = groups_of(p);
    int loaded, fresh;
    totals(p, &loaded, &fresh);
    fprintf(f, "{ ");
    json_pair(f, "network", p->graph->name);
    fprintf(f, ", \"loaded\": %d, \"fresh\": %d, \"ignored\": %d,\n  \"groups\": [", loaded, fresh, p->ignored.n);
    for (int i = 0; i < g.n; i++) {
        const Group *x = &g.at[i];
        fprintf(f, "%s\n    { ", i ? "," : "");
        json_pair(f, "status", x->status);
        fprintf(f, ", ");
        json_pair(f, "layer", x->name);
        fprintf(f, ", \"tensors\": %d, \"values\": %lld, ", x->tensors, (long long)x->values);
        json_pair(f, "why", x->why);
        fprintf(f, " }");
    }
    fprintf(f, "\n  ],\n  \"problems\": [");
    for (int i = 0; i < p->problems.n; i++) {
        fprintf(f, "%s\n    ", i ? "," : "");
        json_write_string(f, p->problems.at[i]);
    }
    fprintf(f, "\n  ] }\n");
}

/* Of the maps that come with inceptc, the one by which most names match. */
static void suggest_map(const LoadPlan *p, const LoadOptions *o)
{
    Arena *a = p->graph->arena;
    const char *best = NULL;
    int most = p->n_matched;
    glob_t found = { 0 };
    int entries = 0;
    for (int i = 0; i < o->n_files; i++)
        entries += o->files[i].n_entries;
    glob(arena_printf(a, "%s/netdefs/names/*.map", home_dir(a)), 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc && entries < ENTRIES_TRIED; i++) {
        NameMap map;
        LoadOptions with = *o;
        with.map = &map;
        int matched = names_read(a, found.gl_pathv[i], &map, NULL) == RT_OK ? load_plan(p->graph, &with).n_matched : 0;
        if (matched > most) {
            const char *name = strrchr(found.gl_pathv[i], '/') + 1;
            most = matched;
            best = arena_strndup(a, name, strlen(name) - strlen(".map"));
        }
    }
    globfree(&found);
    if (best)
        diag_note((Loc){ 0 }, "%d of %d names match; with --names %s %d do", p->n_matched, p->n, best, most);
    else
        diag_note((Loc){ 0 }, "%d of %d names match: these are the weights of another network, or --names must map them",
                  p->n_matched, p->n);
}

void load_print_problems(const LoadPlan *p, const LoadOptions *o)
{
    int n = p->problems.n, shown = p->n_matched * 10 >= p->n ? PROBLEMS_SHOWN : FOREIGN_SHOWN;
    for (int i = 0; i < n && i < shown; i++)
        diag_error((Loc){ 0 }, "%s", p->problems.at[i]);
    if (n > shown)
        diag_error((Loc){ 0 }, "and %d more that do not fit", n - shown);
    if (p->n_matched * 2 >= p->n)
        diag_note((Loc){ 0 }, "'weights ... except' in the netdef, or --partial, lets a weight that does not fit start fresh%s",
                  o->inference ? "" : "; --inference asks only for what 'output' needs");
    else if (!o->map)
        suggest_map(p, o);
}

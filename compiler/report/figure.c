#include "figure.h"

typedef LIST(int) Places;

typedef struct Figure {
    Arena *arena;
    const FigureDraw *d;
    const Layer *module;
    int n;
    Places *next, *before; /* by member: those that read it, and that it reads; later and earlier ones only */
    bool *outside;         /* by member: it reads what is not in the module */
    int *join;             /* by member: the first that all flow from it goes through; n: none in the module */
    bool *drawn;
} Figure;

static const Layer *member(const Figure *f, int i) { return f->module->members.at[i]; }

/* ---- Members and what they read ---- */

/* The member of `module` that holds l, or null. */
static const Layer *holder(const Layer *module, const Layer *l)
{
    while (l && l->module != module)
        l = l->module;
    return l;
}

static bool has(const Places *list, int v)
{
    for (int i = 0; i < list->n; i++)
        if (list->at[i] == v)
            return true;
    return false;
}

/* Of member `at`, which is or holds l. */
static void link_member(Figure *f, const Layer *l, int at)
{
    for (int i = 0; i < l->members.n; i++)
        link_member(f, l->members.at[i], at);
    for (int i = 0; i < l->in.n; i++) {
        const Layer *from = holder(f->module, l->in.at[i]);
        if (!from) {
            f->outside[at] = true;
        } else if (from->index < at && !has(&f->next[from->index], at)) {
            LIST_PUSH(f->arena, &f->next[from->index], at);
            LIST_PUSH(f->arena, &f->before[at], from->index);
        }
    }
}

/* The main flow only: a head beside it joins nothing. */
static bool flows(const Figure *f, int from, int to) { return member(f, from)->main == member(f, to)->main; }

static int common(const Figure *f, int a, int b)
{
    while (a != b)
        *(a < b ? &a : &b) = f->join[a < b ? a : b];
    return a;
}

static void find_joins(Figure *f)
{
    for (int i = f->n - 1; i >= 0; i--) {
        int at = -1;
        for (int k = 0; k < f->next[i].n; k++)
            if (flows(f, i, f->next[i].at[k]))
                at = at < 0 ? f->next[i].at[k] : common(f, at, f->next[i].at[k]);
        f->join[i] = at < 0 ? f->n : at;
    }
}

/* ---- Drawing ---- */

static void draw_from(Figure *f, Places now, int stop);

static Places only(Figure *f, int i)
{
    Places one = { 0 };
    LIST_PUSH(f->arena, &one, i);
    return one;
}

static void draw_lane(Figure *f, const Places *starts, int stop)
{
    f->d->sequence(f->d->arg, true);
    if (starts->at[0] != stop)
        draw_from(f, *starts, stop);
    f->d->sequence(f->d->arg, false);
}

static void draw_side(Figure *f, int start)
{
    Places head = only(f, start);
    f->d->side(f->d->arg, true);
    draw_lane(f, &head, f->n);
    f->d->side(f->d->arg, false);
}

static void draw_item(Figure *f, int i)
{
    const Places *next = &f->next[i];
    bool heads = false;
    f->drawn[i] = true;
    for (int k = 0; k < next->n; k++)
        heads |= !flows(f, i, next->at[k]) && !f->drawn[next->at[k]];
    if (heads)
        f->d->row(f->d->arg, true);
    f->d->item(f->d->arg, member(f, i));
    for (int k = 0; k < next->n; k++)
        if (!flows(f, i, next->at[k]) && !f->drawn[next->at[k]])
            draw_side(f, next->at[k]);
    if (heads)
        f->d->row(f->d->arg, false);
}

static Places flow_behind(const Figure *f, int i)
{
    Places list = { 0 };
    for (int k = 0; k < f->next[i].n; k++)
        if (flows(f, i, f->next[i].at[k]) && !f->drawn[f->next[i].at[k]])
            LIST_PUSH(f->arena, &list, f->next[i].at[k]);
    return list;
}

static int join_of(const Figure *f, const Places *starts)
{
    int join = starts->at[0];
    for (int k = 1; k < starts->n; k++)
        join = common(f, join, starts->at[k]);
    return join;
}

/* All from here on, before `stop`: lanes for the starts, to where all of them join. */
static void draw_from(Figure *f, Places now, int stop)
{
    while (now.n) {
        int at = now.at[0];
        if (now.n > 1) {
            at = join_of(f, &now);
            f->d->parallel(f->d->arg, true);
            for (int k = 0; k < now.n; k++) {
                Places start = only(f, now.at[k]);
                draw_lane(f, &start, at);
            }
            f->d->parallel(f->d->arg, false);
        }
        if (at >= stop || f->drawn[at])
            return;
        draw_item(f, at);
        now = flow_behind(f, at);
    }
}

/* From the members that read nothing of the module.  Where all flow meets the module's input again, as in a residual, that is a lane. */
static void draw_all(Figure *f)
{
    Places starts = { 0 };
    for (int i = 0; i < f->n; i++)
        if (!f->before[i].n && member(f, i)->main == f->module->main)
            LIST_PUSH(f->arena, &starts, i);
    int meets = starts.n > 1 ? join_of(f, &starts) : starts.n ? f->join[starts.at[0]] : f->n;
    while (meets < f->n && !f->outside[meets])
        meets = f->join[meets];
    if (meets < f->n) {
        Places end = only(f, meets);
        f->d->parallel(f->d->arg, true);
        draw_lane(f, &starts, meets);
        draw_lane(f, &end, meets);
        f->d->parallel(f->d->arg, false);
        starts = end;
    }
    draw_from(f, starts, f->n);
    for (int i = 0; i < f->n; i++) /* what no branch led to */
        if (!f->drawn[i])
            draw_item(f, i);
}

void figure_walk(Arena *a, const Layer *module, const FigureDraw *d)
{
    int n = module->members.n;
    Figure f = { a, d, module, n, ARENA_ARRAY(a, n + 1, Places), ARENA_ARRAY(a, n + 1, Places), ARENA_ARRAY(a, n + 1, bool), ARENA_ARRAY(a, n + 1, int),
                 ARENA_ARRAY(a, n + 1, bool) };
    d->sequence(d->arg, true);
    for (int i = 0; i < n; i++)
        link_member(&f, module->members.at[i], i);
    find_joins(&f);
    draw_all(&f);
    d->sequence(d->arg, false);
}

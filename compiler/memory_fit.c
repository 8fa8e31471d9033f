#include "memory_fit.h"

/* A change of what is kept, from `from` to `to`, group by group: groups of modules in the order of their gain. */
typedef struct Change {
    Keep *from, *to;
    int *group;   /* by module */
    double *gain; /* by group: floats for an operation */
    int *order;   /* groups, the best first */
    int n_groups;
} Change;

static Keep *new_keep(const MemoryFit *f, Keep all)
{
    Keep *keep = ARENA_ARRAY(f->arena, f->modules->list.n, Keep);
    for (int i = 0; i < f->modules->list.n; i++)
        keep[i] = all;
    return keep;
}

/* What fits is the answer until something else does. */
static bool fits(MemoryFit *f, Keep *keep)
{
    int64_t bytes = f->bytes(f->arg, keep, f->modules);
    f->least = !f->least || bytes < f->least ? bytes : f->least;
    if (bytes <= f->most)
        f->keep = keep;
    return bytes <= f->most;
}

/* ---- A change as far as needed ---- */

static void set_group(const MemoryFit *f, Keep *keep, const Change *c, int group, const Keep *to)
{
    for (int i = 0; i < f->modules->list.n; i++)
        if (c->group[i] == group)
            keep[i] = to[i];
}

static Keep *first_groups(const MemoryFit *f, const Change *c, int n)
{
    Keep *keep = new_keep(f, KEEP_ALL);
    for (int i = 0; i < c->n_groups; i++)
        set_group(f, keep, c, c->order[i], i < n ? c->to : c->from);
    return keep;
}

/* Takes a group back to `to` if it fits so, too. */
static bool relax(MemoryFit *f, const Change *c, int group, const Keep *to)
{
    Keep *keep = arena_grow(f->arena, f->keep, (size_t)f->modules->list.n, (size_t)f->modules->list.n, sizeof *keep);
    set_group(f, keep, c, group, to);
    return fits(f, keep);
}

/* The fewest first groups that fit; then what it fits without is taken back, the least gain first. */
static void shrink(MemoryFit *f, const Change *c)
{
    int not = 0, enough = c->n_groups;
    while (enough - not > 1) {
        int middle = (not + enough) / 2;
        *(fits(f, first_groups(f, c, middle)) ? &enough : &not) = middle;
    }
    fits(f, first_groups(f, c, enough));
    Keep *all = new_keep(f, KEEP_ALL);
    for (int i = c->n_groups - 1; i >= 0; i--)
        if (!relax(f, c, c->order[i], all) && i < enough)
            relax(f, c, c->order[i], c->from);
}

/* The best gain first. */
static void order_groups(const MemoryFit *f, Change *c)
{
    c->order = ARENA_ARRAY(f->arena, c->n_groups, int);
    for (int i = 0; i < c->n_groups; i++) {
        int at = i;
        for (; at > 0 && c->gain[c->order[at - 1]] < c->gain[i]; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = i;
    }
}

static bool try_change(MemoryFit *f, Change *c)
{
    order_groups(f, c);
    if (!fits(f, c->to))
        return false;
    shrink(f, c);
    return true;
}

/* ---- Changes ---- */

static Change new_change(const MemoryFit *f, Keep *from, Keep *to)
{
    int n = f->modules->list.n;
    return (Change){ .from = from, .to = to, .group = ARENA_ARRAY(f->arena, n, int), .gain = ARENA_ARRAY(f->arena, n, double) };
}

static bool try_norms(MemoryFit *f, Keep *convs)
{
    Change c = new_change(f, new_keep(f, KEEP_ALL), convs);
    c.n_groups = f->modules->list.n;
    for (int i = 0; i < c.n_groups; i++) {
        const TrainModule *m = &f->modules->list.at[i];
        c.group[i] = i;
        c.gain[i] = m->floats / (m->work + 1);
    }
    return try_change(f, &c);
}

static bool is_last_of_group(const MemoryFit *f, const Change *c, int i)
{
    return i + 1 == f->modules->list.n || c->group[i + 1] != c->group[i];
}

/* Groups of modules that follow each other, each of at most `most` floats, or of one module. */
static void make_groups(const MemoryFit *f, Change *c, Keep *to, double most)
{
    double floats = 0, work = 0;
    for (int i = 0; i < f->modules->list.n; i++) {
        const TrainModule *m = &f->modules->list.at[i];
        bool first = i == 0 || !f->modules->list.at[i - 1].end || floats + m->floats + m->conv_floats > most;
        c->n_groups += first;
        floats = (first ? 0 : floats) + m->floats + m->conv_floats;
        work = (first ? 0 : work) + m->conv_work;
        c->group[i] = c->n_groups - 1;
        c->gain[c->n_groups - 1] = floats / (work + 1);
    }
    for (int i = 0; i < f->modules->list.n; i++)
        to[i] = is_last_of_group(f, c, i) ? KEEP_END : KEEP_NONE;
}

static bool try_groups(MemoryFit *f, Keep *convs, double most)
{
    Keep *to = new_keep(f, KEEP_END);
    Change c = new_change(f, convs, to);
    make_groups(f, &c, to, most);
    return try_change(f, &c);
}

bool memory_fit(MemoryFit *f)
{
    double all = 0;
    for (int i = 0; i < f->modules->list.n; i++)
        all += f->modules->list.at[i].floats + f->modules->list.at[i].conv_floats;
    Keep *convs = new_keep(f, KEEP_CONVS);
    if (fits(f, new_keep(f, KEEP_ALL)) || try_norms(f, convs))
        return true;
    enum { PARTS = 12 }; /* sizes of groups: nothing, so that each is one module, then shares of all there is */
    for (int k = 0; k <= PARTS; k++)
        if (try_groups(f, convs, all * k / (2 * PARTS)))
            return true;
    return false;
}

const char *memory_text(Arena *a, const TrainModules *m, const Keep *keep)
{
    int again = 0, whole = 0;
    for (int i = 0; i < m->list.n; i++) {
        again += keep[i] != KEEP_ALL;
        whole += keep[i] > KEEP_CONVS;
    }
    return again ? arena_printf(a, "%d of %d modules computed again, %d with their convolutions", again, m->list.n, whole) : NULL;
}

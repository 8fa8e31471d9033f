/* A unit's functions and tables, and their names. */
#include "loop.h"
#include <string.h>

Unit *unit_new(Arena *a)
{
    Unit *u = ARENA_NEW(a, Unit);
    u->arena = a;
    return u;
}

Func *unit_find_func(Unit *u, const char *key)
{
    for (int i = 0; i < u->funcs.n; i++)
        if (strcmp(u->funcs.at[i]->key, key) == 0)
            return u->funcs.at[i];
    return NULL;
}

static bool name_taken(const Unit *u, const char *name)
{
    for (int i = 0; i < u->funcs.n; i++)
        if (strcmp(u->funcs.at[i]->name, name) == 0)
            return true;
    for (int i = 0; i < u->tables.n; i++)
        if (strcmp(u->tables.at[i]->name, name) == 0)
            return true;
    return false;
}

const char *unit_unique_name(Unit *u, const char *name)
{
    const char *out = name;
    for (int k = 2; name_taken(u, out); k++)
        out = arena_printf(u->arena, "%s_%d", name, k);
    return out;
}

Func *unit_func(Unit *u, const char *key, const char *name, const char *comment, Type vector)
{
    Func *f = ARENA_NEW(u->arena, Func);
    f->key = arena_strdup(u->arena, key);
    f->base = name;
    f->name = unit_unique_name(u, name);
    f->comment = comment;
    f->vector = vector;
    LIST_PUSH(u->arena, &u->funcs, f);
    return f;
}

Func *unit_func_later(Unit *u, const char *key, const char *name, const char *comment, Type vector)
{
    Func *f = ARENA_NEW(u->arena, Func);
    f->key = key;
    f->name = name;
    f->comment = comment;
    f->vector = vector;
    return f;
}

void unit_append(Unit *u, Func *f) { LIST_PUSH(u->arena, &u->funcs, f); }

/* ---- Tables ---- */

typedef struct Values {
    const int *at;
    int n, columns; /* columns: of a row, 0: not in rows */
} Values;

static Var *find_table(Var *const *tables, int n, const Values *v)
{
    for (int i = 0; i < n; i++) {
        Var *t = tables[i];
        if (t->extent == v->n && t->columns == v->columns && memcmp(t->table, v->at, (size_t)v->n * sizeof *v->at) == 0)
            return t;
    }
    return NULL;
}

static Var *new_table(Arena *a, const char *name, const Values *v)
{
    Var *t = ARENA_NEW(a, Var);
    t->kind = VAR_TABLE;
    t->type = TY_INT;
    t->name = name;
    t->extent = v->n;
    t->columns = v->columns;
    t->table = arena_grow(a, v->at, (size_t)v->n, (size_t)v->n, sizeof *v->at);
    return t;
}

Var *unit_table(Unit *u, const char *name, const int *values, int n)
{
    Values v = { values, n, 0 };
    Var *t = find_table(u->tables.at, u->tables.n, &v);
    if (t)
        return t;
    t = new_table(u->arena, unit_unique_name(u, name), &v);
    LIST_PUSH(u->arena, &u->tables, t);
    return t;
}

static bool has_table(const Func *f, const char *name)
{
    for (int i = 0; i < f->tables.n; i++)
        if (strcmp(f->tables.at[i]->name, name) == 0)
            return true;
    return false;
}

Var *loop_table(Lower *l, const char *name, const char *comment, const int *values, int n, int columns)
{
    Arena *a = l->unit->arena;
    Func *f = l->func;
    Values v = { values, n * columns, columns };
    Var *t = find_table(f->tables.at, f->tables.n, &v);
    if (t)
        return t;
    const char *own = name;
    for (int k = 2; has_table(f, own); k++)
        own = arena_printf(a, "%s_%d", name, k);
    t = new_table(a, own, &v);
    t->comment = comment;
    LIST_PUSH(a, &f->tables, t);
    return t;
}

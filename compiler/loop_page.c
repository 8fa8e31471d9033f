/* What contents pages need of the loop IR beyond ordinary functions. */
#include "loop.h"

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

Var *loop_context(Lower *l, const Var *context, const char *member, bool out, int64_t extent)
{
    Arena *a = l->unit->arena;
    Var *v = ARENA_NEW(a, Var);
    v->name = arena_printf(a, "%s->%s", context->name, member);
    v->kind = out ? VAR_POINTER_OUT : VAR_POINTER_IN;
    v->type = TY_F32;
    v->extent = extent;
    return v;
}

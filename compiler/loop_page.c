/* What contents pages need of the loop IR beyond ordinary functions. */
#include "loop.h"

static Var *member_of(Lower *l, const Var *context, const char *member, VarKind kind, Type type)
{
    Arena *a = l->unit->arena;
    Var *v = ARENA_NEW(a, Var);
    v->name = arena_printf(a, "%s->%s", context->name, member);
    v->kind = kind;
    v->type = type;
    return v;
}

Var *loop_context(Lower *l, const Var *context, const char *member, bool out, int64_t extent)
{
    Var *v = member_of(l, context, member, out ? VAR_POINTER_OUT : VAR_POINTER_IN, TY_F32);
    v->extent = extent;
    return v;
}

Var *loop_context_int(Lower *l, const Var *context, const char *member) { return member_of(l, context, member, VAR_PARAM_INT, TY_INT); }

Var *loop_context_ints(Lower *l, const Var *context, const char *member, int64_t extent)
{
    Var *v = member_of(l, context, member, VAR_PARAM_INTS, TY_INT);
    v->extent = extent;
    return v;
}

Var *loop_context_rows(Lower *l, const Var *context, const char *member, const int *extents, int n)
{
    Var *v = member_of(l, context, member, VAR_PARAM_ROWS, TY_F32);
    v->extent = n;
    v->table = extents;
    return v;
}

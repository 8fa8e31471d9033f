/* Removes what nobody would have written: one-trip loops, known ifs, lets of a constant or of another variable, lets and
 * dims that nothing reads. */
#include "loop.h"
#include "diag.h"
#include <string.h>

typedef void ExprVisit(Expr *e, void *arg);

static void visit_expr(Expr *e, ExprVisit *fn, void *arg)
{
    if (!e)
        return;
    fn(e, arg);
    visit_expr(e->a, fn, arg);
    visit_expr(e->b, fn, arg);
    visit_expr(e->c, fn, arg);
}

static void visit_body(Body *b, ExprVisit *fn, void *arg);

static void visit_stmt(Stmt *s, ExprVisit *fn, void *arg)
{
    Expr *own[] = { s->from, s->to, s->index, s->value };
    for (int i = 0; i < 4; i++)
        visit_expr(own[i], fn, arg);
    for (int i = 0; i < s->n_args; i++)
        visit_expr(s->args[i], fn, arg);
    visit_body(&s->body, fn, arg);
    visit_body(&s->other, fn, arg);
    for (int i = 0; i < s->cases.n; i++)
        visit_body(&s->cases.at[i].stmt->body, fn, arg);
}

static void visit_body(Body *b, ExprVisit *fn, void *arg)
{
    for (int i = 0; i < b->n; i++)
        visit_stmt(b->at[i], fn, arg);
}

/* ---- Constants after substitution ---- */

static bool known(const Expr *e, int64_t *v)
{
    if (e->kind == EX_VAR && e->var->kind == VAR_DIM)
        *v = e->var->value;
    else if (e->kind == EX_INT)
        *v = e->ival;
    else
        return false;
    return true;
}

typedef struct Swap {
    Var *var;
    const Expr *by;
} Swap;

/* A loop counter becomes its only value wherever it is read; `x + 0` and the like are folded by refold. */
static void swap_var(Expr *e, void *arg)
{
    const Swap *s = arg;
    if (e->kind == EX_VAR && e->var == s->var) {
        Type type = e->type;
        *e = *s->by;
        e->type = type;
    }
}

static Expr *refold(Lower *l, Expr *e)
{
    if (!e)
        return NULL;
    e->a = refold(l, e->a);
    e->b = refold(l, e->b);
    e->c = refold(l, e->c);
    if (e->type == TY_INT && e->kind >= EX_ADD && e->kind <= EX_MAX)
        return loop_bin(l, e->kind, e->a, e->b);
    if (e->kind == EX_LT || e->kind == EX_LE || e->kind == EX_EQ || e->kind == EX_AND)
        return loop_bin(l, e->kind, e->a, e->b);
    if (e->kind == EX_SELECT)
        return loop_select(l, e->a, e->b, e->c);
    return e;
}

static void refold_body(Lower *l, Body *b);

static void refold_stmt(Lower *l, Stmt *s)
{
    s->from = refold(l, s->from);
    s->to = refold(l, s->to);
    s->index = refold(l, s->index);
    s->value = refold(l, s->value);
    for (int k = 0; k < s->n_args; k++)
        s->args[k] = refold(l, s->args[k]);
    refold_body(l, &s->body);
    refold_body(l, &s->other);
    for (int k = 0; k < s->cases.n; k++)
        refold_body(l, &s->cases.at[k].stmt->body);
}

static void refold_body(Lower *l, Body *b)
{
    for (int i = 0; i < b->n; i++)
        refold_stmt(l, b->at[i]);
}

/* ---- Loops and ifs ---- */

static void splice(Arena *a, Body *out, const Body *in)
{
    for (int i = 0; i < in->n; i++)
        LIST_PUSH(a, out, in->at[i]);
}

static bool declares(const Stmt *s) { return s->kind == ST_LET || s->kind == ST_VAR; }

static bool declared(const Body *b, const char *name, const Stmt *but)
{
    for (int i = 0; i < b->n; i++)
        if (b->at[i] != but && declares(b->at[i]) && strcmp(b->at[i]->var->name, name) == 0)
            return true;
    return false;
}

/* Two loops that ran once may have declared the same names, which now stand in one block: the later ones get a number. */
static void tell_apart(Arena *a, Body *b)
{
    for (int i = 1; i < b->n; i++) {
        Stmt *s = b->at[i];
        Body before = { .at = b->at, .n = i };
        if (!declares(s) || !declared(&before, s->var->name, s))
            continue;
        const char *name = s->var->name;
        for (int k = 2; declared(b, s->var->name, s); k++)
            s->var->name = arena_printf(a, "%s%d", name, k);
    }
}

static bool same_value(const Expr *a, const Expr *b)
{
    int64_t x, y;
    return known(a, &x) && known(b, &y) && x == y;
}

static void simplify_body(Lower *l, Body *b);

static bool one_trip(const Stmt *s)
{
    int64_t from, to;
    return known(s->from, &from) && known(s->to, &to) && to > from && from + s->step >= to;
}

static void simplify_stmt(Lower *l, Stmt *s, Body *out)
{
    Arena *a = l->unit->arena;
    int64_t v;
    if (s->kind == ST_FOR && one_trip(s)) {
        Swap w = { s->var, s->from };
        visit_body(&s->body, swap_var, &w);
        refold_body(l, &s->body);
    }
    simplify_body(l, &s->body);
    simplify_body(l, &s->other);
    for (int i = 0; i < s->cases.n; i++)
        simplify_body(l, &s->cases.at[i].stmt->body);
    if (s->kind == ST_FOR && one_trip(s))
        splice(a, out, &s->body);
    else if (s->kind == ST_FOR && (s->body.n == 0 || same_value(s->from, s->to)))
        return;
    else if (s->kind == ST_IF && known(s->index, &v))
        splice(a, out, v ? &s->body : &s->other);
    else
        LIST_PUSH(a, out, s);
}

/* `const int c = u` and `const int y0 = 0` only rename. */
static bool renames(const Stmt *s)
{
    int64_t v;
    const Expr *x = s->value;
    if (s->kind != ST_LET || s->var->kind != VAR_LOCAL || s->var->mutable_ || x->type != TY_INT)
        return false;
    return known(x, &v) || (x->kind == EX_VAR && x->var->kind == VAR_LOCAL && !x->var->mutable_);
}

static void simplify_body(Lower *l, Body *b)
{
    Body out = { 0 };
    bool mixed = false;
    for (int i = 0; i < b->n; i++) {
        int before = out.n;
        Swap w = { b->at[i]->var, b->at[i]->value };
        for (int k = i + 1; k < b->n && renames(b->at[i]); k++) {
            visit_stmt(b->at[k], swap_var, &w);
            refold_stmt(l, b->at[k]);
        }
        simplify_stmt(l, b->at[i], &out);
        mixed |= out.n > before && out.at[before] != b->at[i];
    }
    if (mixed)
        tell_apart(l->unit->arena, &out);
    *b = out;
}

/* ---- What nothing reads ---- */

static void mark_used(Expr *e, void *arg)
{
    (void)arg;
    if (e->var)
        e->var->used = true;
}

static void clear_used(Body *b)
{
    for (int i = 0; i < b->n; i++) {
        Stmt *s = b->at[i];
        if (s->var && s->var->kind != VAR_PARAM_OUT)
            s->var->used = false;
        clear_used(&s->body);
        clear_used(&s->other);
    }
}

static bool drop_dead_lets(Arena *a, Body *b)
{
    Body out = { 0 };
    bool changed = false;
    for (int i = 0; i < b->n; i++) {
        Stmt *s = b->at[i];
        changed |= drop_dead_lets(a, &s->body);
        changed |= drop_dead_lets(a, &s->other);
        if (s->kind == ST_LET && !s->var->used)
            changed = true;
        else
            LIST_PUSH(a, &out, s);
    }
    *b = out;
    return changed;
}

static void mark_stores(Body *b)
{
    for (int i = 0; i < b->n; i++) {
        Stmt *s = b->at[i];
        if (s->kind == ST_STORE || s->kind == ST_ADVANCE || s->kind == ST_SET || s->kind == ST_PREFETCH)
            s->var->used = true;
        mark_stores(&s->body);
        mark_stores(&s->other);
    }
}

static void simplify_func(Lower *l, Func *f)
{
    simplify_body(l, &f->body);
    do {
        clear_used(&f->body);
        for (int i = 0; i < f->dims.n; i++)
            f->dims.at[i]->used = false;
        visit_body(&f->body, mark_used, NULL);
        mark_stores(&f->body);
    } while (drop_dead_lets(l->unit->arena, &f->body));
}

void loop_simplify(Unit *u)
{
    for (int i = 0; i < u->funcs.n; i++)
        simplify_func(lower_new(u, u->funcs.at[i]), u->funcs.at[i]);
}

/* Walks a unit as the machine would, with affine ranges for values (loop_range.h), and stops with an
 * internal error where a load or store can leave its array.
 *
 * Starts from functions that nothing in the unit calls; a callee is checked at every call site with that
 * call's arguments (loop_verify_call.c), its pointers being places in the caller's arrays.  A local that a loop changes is
 * taken as  start + trip * change,  the change found by a first walk of the body that checks nothing.
 * A local or a loop's variable that indexes a table of ints is tried with each of its values: entries of one row belong
 * together.  A local that is one thing or another is walked for either.  Rows of VAR_PARAM_ROWS have no known length unless the
 * variable's table gives them. */
#include "loop_verify_value.h"

enum { MOST_TRIED = 4096 };

/* ---- Statements ---- */

static void walk(Verify *v, const Body *b, int from);
static bool body_indexes(const Body *b, int from, const Var *var);
static bool walk_trips(Verify *v, const Body *b, const Var *var);
typedef void Way(Verify *v, const Body *b, int from);
static bool at_once(Verify *v, const Body *b, int from, Way *way);

typedef LIST(const Var *) Vars;

static bool is_tracked(const Var *v) { return verify_is_pointer(v) || v->type == TY_INT; }

/* Ints and pointers from outside of b that b changes. */
static void changed_in(Verify *v, const Body *b, Vars *out)
{
    for (int i = 0; i < b->n; i++) {
        const Stmt *s = b->at[i];
        bool known = false;
        for (int k = 0; k < out->n; k++)
            known |= out->at[k] == s->var;
        if ((s->kind == ST_SET || s->kind == ST_ADVANCE) && is_tracked(s->var) && !known)
            LIST_PUSH(v->arena, out, s->var);
        changed_in(v, &s->body, out);
        changed_in(v, &s->other, out);
    }
}

/* By how much one trip changes each local; false where that differs from trip to trip. */
static void find_changes(Verify *v, const Stmt *s, const Vars *vars, Lin *change, bool *steady)
{
    int mark = v->r.syms.n;
    Lin *start = ARENA_ARRAY(v->arena, vars->n, Lin), *before = ARENA_ARRAY(v->arena, vars->n, Lin);
    for (int i = 0; i < vars->n; i++) {
        start[i] = verify_fact(v, vars->at[i])->at;
        before[i] = verify_fact(v, vars->at[i])->at = verify_anything(v);
    }
    bool dry = v->dry;
    v->dry = true;
    walk(v, &s->body, 0);
    v->dry = dry;
    for (int i = 0; i < vars->n; i++) {
        Fact *f = verify_fact(v, vars->at[i]);
        change[i] = range_sub(&v->r, &f->at, &before[i]);
        steady[i] = lin_older(&change[i], mark);
        f->at = start[i];
    }
    v->r.syms.n = mark;
}

/* How often the loop runs: exact where it is affine. */
static Lin trips(Verify *v, const Lin *span, int64_t step)
{
    int64_t n;
    if (lin_is_int(span, &n))
        return lin_int(n > 0 ? (n + step - 1) / step : 0);
    if (step == 1 && range_lowest(&v->r, span) >= 0)
        return *span;
    Lin t = range_symbol(&v->r, 0, RANGE_FAR), more = lin_int(step - 1), high = range_add(&v->r, span, &more);
    if (range_lowest(&v->r, span) >= 0)
        range_high(&v->r, &t, step, high);
    return t;
}

static Lin after(Verify *v, const Lin *start, const Lin *change, bool steady, const Lin *times)
{
    if (!steady)
        return verify_anything(v);
    Lin moved = range_mul(&v->r, change, times);
    return range_add(&v->r, start, &moved);
}

static void walk_for(Verify *v, const Stmt *s)
{
    Lin from = verify_value(v, s->from), to = verify_value(v, s->to), span = range_sub(&v->r, &to, &from);
    Vars vars = { 0 };
    changed_in(v, &s->body, &vars);
    if (range_highest(&v->r, &span) <= 0 || (v->dry && vars.n == 0))
        return;
    Lin *start = ARENA_ARRAY(v->arena, vars.n, Lin), *change = ARENA_ARRAY(v->arena, vars.n, Lin);
    bool *steady = ARENA_ARRAY(v->arena, vars.n, bool);
    int mark = v->r.syms.n;
    Lin trip = range_symbol(&v->r, 0, RANGE_FAR), one = lin_int(1), step = lin_int(s->step);
    range_high(&v->r, &trip, s->step, range_sub(&v->r, &span, &one));
    Lin moved = range_mul(&v->r, &trip, &step);
    verify_fact(v, s->var)->at = range_add(&v->r, &from, &moved);
    find_changes(v, s, &vars, change, steady);
    for (int i = 0; i < vars.n; i++) {
        Fact *f = verify_fact(v, vars.at[i]);
        start[i] = f->at;
        steady[i] &= lin_older(&change[i], mark);
        f->at = after(v, &start[i], &change[i], steady[i], &trip);
    }
    bool indexes = !v->dry && vars.n == 0 && body_indexes(&s->body, 0, s->var);
    if (!v->dry && !(indexes && (at_once(v, &s->body, 0, walk) || walk_trips(v, &s->body, s->var))))
        walk(v, &s->body, 0);
    v->r.syms.n = mark;
    Lin n = trips(v, &span, s->step);
    for (int i = 0; i < vars.n; i++)
        verify_fact(v, vars.at[i])->at = after(v, &start[i], &change[i], steady[i], &n);
}

/* Walks `yes` as if cond held, `no` as if it did not; whichever can be. */
static void two_ways(Verify *v, const Expr *cond, const Body *yes, const Body *no, int from, Way *way)
{
    Vars vars = { 0 };
    changed_in(v, yes, &vars);
    changed_in(v, no, &vars);
    Lin *start = ARENA_ARRAY(v->arena, vars.n, Lin), *held = ARENA_ARRAY(v->arena, vars.n, Lin);
    for (int i = 0; i < vars.n; i++)
        start[i] = verify_fact(v, vars.at[i])->at;
    int mark = v->r.trail.n;
    bool can = verify_assume(v, cond, true);
    if (can)
        way(v, yes, from);
    range_forget(&v->r, mark);
    for (int i = 0; i < vars.n; i++) {
        held[i] = verify_fact(v, vars.at[i])->at;
        verify_fact(v, vars.at[i])->at = start[i];
    }
    bool cannot = verify_assume(v, cond, false);
    if (cannot)
        way(v, no, from);
    range_forget(&v->r, mark);
    for (int i = 0; i < vars.n; i++) {
        Fact *f = verify_fact(v, vars.at[i]);
        f->at = !cannot ? held[i] : can ? range_either(&v->r, &held[i], &f->at) : f->at;
    }
}

static void walk_if(Verify *v, const Stmt *s)
{
    verify_value(v, s->index);
    two_ways(v, s->index, &s->body, &s->other, 0, walk);
}

/* ---- Locals that index tables ---- */

static bool reads(const Expr *e, const Var *var)
{
    return e && ((e->kind == EX_VAR && e->var == var) || reads(e->a, var) || reads(e->b, var) || reads(e->c, var));
}

static bool indexes_table(const Expr *e, const Var *var)
{
    if (!e)
        return false;
    if ((e->kind == EX_LOAD || e->kind == EX_ADDRESS) && e->var->type == TY_INT && reads(e->a, var))
        return true;
    return indexes_table(e->a, var) || indexes_table(e->b, var) || indexes_table(e->c, var);
}

static bool body_indexes(const Body *b, int from, const Var *var)
{
    for (int i = from; i < b->n; i++) {
        const Stmt *s = b->at[i];
        bool here = indexes_table(s->index, var) || indexes_table(s->value, var) || indexes_table(s->to, var);
        for (int k = 0; k < s->n_args && !here; k++)
            here = indexes_table(s->args[k], var);
        if (here || body_indexes(&s->body, 0, var) || body_indexes(&s->other, 0, var))
            return true;
    }
    return false;
}

/* Walks what follows once for each value of the symbol behind `var`; false where that cannot be. */
static bool walk_each(Verify *v, const Body *b, int next, const Var *var)
{
    Fact *f = verify_fact(v, var);
    if (v->dry || var->type != TY_INT || verify_is_pointer(var) || f->at.n != 1)
        return false;
    Lin whole = f->at, s = { .n = 1, .sym = { whole.sym[0] }, .k = { 1 } };
    int64_t lo = range_lowest(&v->r, &s), hi = range_highest(&v->r, &s);
    if (hi - lo >= MOST_TRIED)
        return false;
    int mark = v->r.syms.n;
    for (int64_t x = lo; x <= hi; x++) {
        f->at = lin_int(whole.c + whole.k[0] * x);
        walk(v, b, next);
        v->r.syms.n = mark;
    }
    f->at = whole;
    return true;
}

/* As it, for the variable of a loop: between its bounds where it has several symbols. */
static bool walk_trips(Verify *v, const Body *b, const Var *var)
{
    Fact *f = verify_fact(v, var);
    Lin was = f->at;
    if (was.n > 1)
        f->at = range_symbol(&v->r, range_lowest(&v->r, &was), range_highest(&v->r, &was));
    bool done = walk_each(v, b, 0, var);
    f->at = was;
    return done;
}

/* Whether nothing is in doubt where b is walked so. */
static bool at_once(Verify *v, const Body *b, int from, Way *way)
{
    bool trying = v->trying, failed = v->failed;
    v->trying = true;
    v->failed = false;
    way(v, b, from);
    bool good = !v->failed;
    v->trying = trying;
    v->failed = failed;
    return good;
}

static void walk_switch(Verify *v, const Stmt *s)
{
    verify_value(v, s->index);
    for (int i = 0; i < s->cases.n; i++) {
        int mark = v->r.syms.n;
        walk(v, &s->cases.at[i].stmt->body, 0);
        v->r.syms.n = mark;
    }
}

static void walk_stmt(Verify *v, const Stmt *s)
{
    Lin a;
    switch (s->kind) {
    case ST_FOR: walk_for(v, s); break;
    case ST_IF: walk_if(v, s); break;
    case ST_LET: case ST_VAR: case ST_SET: verify_bind(v, s->var, s->value); break;
    case ST_STORE:
        verify_value(v, s->value);
        a = verify_value(v, s->index);
        verify_access(v, s->var, &a, loop_elements(s->var, s->value->type));
        break;
    case ST_ADVANCE:
        a = verify_value(v, s->index);
        verify_fact(v, s->var)->at = range_add(&v->r, &verify_fact(v, s->var)->at, &a);
        break;
    case ST_CALL:
        if (!v->dry)
            verify_call(v, s);
        break;
    case ST_SWITCH: walk_switch(v, s); break;
    case ST_COMMENT: case ST_BLANK: case ST_PREFETCH: break;
    }
}

static void walk_on(Verify *v, const Body *b, int from)
{
    walk_stmt(v, b->at[from]);
    walk(v, b, from + 1);
}

/* What can go with a local that is one thing or another: all at once if that suffices, else the case that it is the one, and the
 * other: the lengths of a loop and the places that go with them, say. */
static void walk_choice(Verify *v, const Body *b, int from)
{
    if (!at_once(v, b, from, walk_on))
        two_ways(v, b->at[from]->value->a, b, b, from, walk_on);
}

static bool is_choice(const Stmt *s) { return s->kind == ST_LET && s->value->kind == EX_SELECT && s->value->type == TY_INT; }

static void walk(Verify *v, const Body *b, int from)
{
    for (int i = from; i < b->n; i++) {
        if (is_choice(b->at[i]) && !v->dry) {
            walk_choice(v, b, i);
            return;
        }
        walk_stmt(v, b->at[i]);
        if (b->at[i]->kind == ST_LET && body_indexes(b, i + 1, b->at[i]->var) && walk_each(v, b, i + 1, b->at[i]->var))
            return;
    }
}

void verify_body(Verify *v, const Body *b) { walk(v, b, 0); }

/* ---- The unit ---- */

static void mark_called(const Unit *u, const Body *b, bool *called)
{
    for (int i = 0; i < b->n; i++) {
        const Stmt *s = b->at[i];
        for (int k = 0; k < u->funcs.n && s->func; k++)
            called[k] |= u->funcs.at[k] == s->func;
        mark_called(u, &s->body, called);
        mark_called(u, &s->other, called);
        for (int k = 0; k < s->cases.n; k++)
            mark_called(u, &s->cases.at[k].stmt->body, called);
    }
}

void loop_verify(Unit *u)
{
    Arena *a = arena_new();
    Verify *v = ARENA_NEW(a, Verify);
    v->arena = v->r.arena = a;
    bool *called = ARENA_ARRAY(a, u->funcs.n, bool);
    for (int i = 0; i < u->funcs.n; i++)
        mark_called(u, &u->funcs.at[i]->body, called);
    for (int i = 0; i < u->funcs.n; i++) {
        const Func *f = u->funcs.at[i];
        if (called[i])
            continue;
        for (int k = 0; k < f->params.n; k++)
            if (f->params.at[k]->kind == VAR_PARAM_INT)
                verify_bind_int(v, f->params.at[k], verify_anything(v));
        v->chain[0] = f;
        v->depth = 1;
        walk(v, &f->body, 0);
        v->r.syms.n = v->r.trail.n = 0;
    }
    arena_release(a);
}

/* Walks a unit as the machine would, with affine ranges for values (loop_range.h), and stops with an
 * internal error where a load or store can leave its array.
 *
 * Starts from functions that nothing in the unit calls; a callee is walked at every call site with that
 * call's arguments, its pointers being places in the caller's arrays.  A local that a loop changes is
 * taken as  start + trip * change,  the change found by a first walk of the body that checks nothing.
 * A local or a loop's variable that indexes a table of ints is tried with each of its values: entries of one row belong
 * together.  Rows of VAR_PARAM_ROWS have no known length unless the variable's table gives them. */
#include "diag.h"
#include "loop.h"
#include "loop_range.h"

enum { UNCHECKED = -1, DEEPEST_CALL = 64, MOST_TRIED = 4096 };

typedef struct Fact { /* what a variable stands for */
    const Var *var;
    Lin at;            /* an int; a pointer: elements from the start of `base` */
    const Var *base;   /* pointers: the array named in messages and its extent */
    int64_t extent;
} Fact;

typedef struct Verify {
    Arena *arena;
    Range r;
    Fact **facts; /* open addressing by address */
    int n_facts, cap_facts;
    const Func *chain[DEEPEST_CALL];
    int depth;
    bool dry; /* no checks, no calls: how do locals change */
    bool trying, failed; /* whether it can be shown without trying each value of a variable: failed, if not */
} Verify;

/* What cannot be shown is our mistake, unless that is just what is tried. */
#define LEAVES(v, ...) \
    do { \
        if ((v)->trying) \
            (v)->failed = true; \
        else \
            ICE(__VA_ARGS__); \
    } while (0)

/* ---- Facts ---- */

static Fact **slot(const Verify *v, const Var *var)
{
    size_t mask = (size_t)v->cap_facts - 1, i = ((uintptr_t)var >> 4) * 0x9e3779b1u & mask;
    while (v->facts[i] && v->facts[i]->var != var)
        i = (i + 1) & mask;
    return &v->facts[i];
}

static void grow_facts(Verify *v)
{
    Fact **old = v->facts;
    int n = v->cap_facts;
    v->cap_facts = n ? 2 * n : 1024;
    v->facts = ARENA_ARRAY(v->arena, v->cap_facts, Fact *);
    for (int i = 0; i < n; i++)
        if (old[i])
            *slot(v, old[i]->var) = old[i];
}

static Fact *fact(Verify *v, const Var *var)
{
    if (2 * v->n_facts >= v->cap_facts)
        grow_facts(v);
    Fact **at = slot(v, var);
    if (!*at) {
        *at = ARENA_NEW(v->arena, Fact);
        (*at)->var = (*at)->base = var;
        (*at)->extent = var->extent;
        v->n_facts++;
    }
    return *at;
}

static bool is_pointer(const Var *v)
{
    switch (v->kind) {
    case VAR_PARAM_IN: case VAR_PARAM_OUT: case VAR_PARAM_INTS: case VAR_PARAM_ROWS: case VAR_POINTER_IN:
    case VAR_POINTER_OUT: case VAR_TABLE:
        return true;
    case VAR_LOCAL: case VAR_PARAM_INT: case VAR_PARAM_F32: case VAR_PARAM_F64: case VAR_DIM: case VAR_PARAM_CTX:
    case VAR_PARAM_TRAIN_CTX:
        return false;
    }
    return false;
}

static bool is_tracked(const Var *v) { return is_pointer(v) || v->type == TY_INT; }
static Lin anything(Verify *v) { return range_symbol(&v->r, -RANGE_FAR, RANGE_FAR); }

/* ---- Checks ---- */

static const char *chain_text(const Verify *v)
{
    const char *s = v->chain[v->depth - 1]->name;
    for (int i = v->depth - 2; i >= 0; i--)
        s = arena_printf(v->arena, "%s, called from %s", s, v->chain[i]->name);
    return s;
}

static const char *number(const Verify *v, int64_t n)
{
    if (n >= RANGE_FAR || n <= -RANGE_FAR)
        return n < 0 ? "-any" : "any";
    return arena_printf(v->arena, "%lld", (long long)n);
}

/* Elements [at, at + lanes) of `pointer` lie in its array, and `at` is a C int. */
static void check_access(Verify *v, const Var *pointer, const Lin *at, int lanes)
{
    if (v->dry)
        return;
    const Fact *f = fact(v, pointer);
    Lin place = range_add(&v->r, &f->at, at);
    int64_t lo = range_lowest(&v->r, &place), hi = range_highest(&v->r, &place), last = hi + lanes - 1;
    if (f->extent == 0)
        ICE("in %s: nothing says how many elements '%s' has", chain_text(v), pointer->name);
    if (f->extent != UNCHECKED && (lo < 0 || last >= f->extent))
        LEAVES(v, "in %s: %s[%s .. %s] leaves '%s', which has %lld elements", chain_text(v), pointer->name, number(v, lo),
            number(v, last), f->base->name, (long long)f->extent);
    if (range_lowest(&v->r, at) < INT32_MIN || range_highest(&v->r, at) > INT32_MAX)
        LEAVES(v, "in %s: an index of '%s' does not fit an int", chain_text(v), pointer->name);
}

/* ---- Expressions ---- */

static Lin value_of(Verify *v, const Expr *e);

/* The least and greatest entries a table load can see: all from lo to hi that the index's steps reach. */
static Lin table_value(Verify *v, const Fact *f, const Lin *index)
{
    Lin at = range_add(&v->r, &f->at, index);
    int64_t lo = range_lowest(&v->r, &at), hi = range_highest(&v->r, &at), step = at.n == 1 ? at.k[0] : 1;
    if (!f->base->table || lo < 0 || hi >= f->extent)
        return anything(v);
    step = step < 0 ? -step : step;
    int64_t low = f->base->table[lo], high = low;
    for (int64_t i = lo; i <= hi; i += step) {
        int t = f->base->table[i];
        low = t < low ? t : low;
        high = t > high ? t : high;
    }
    return low == high ? lin_int(low) : range_symbol(&v->r, low, high);
}

static Lin load_value(Verify *v, const Expr *e)
{
    Lin index = value_of(v, e->a);
    check_access(v, e->var, &index, type_lanes(e->type));
    return e->type == TY_INT ? table_value(v, fact(v, e->var), &index) : lin_int(0);
}

static bool assume(Verify *v, const Expr *cond, bool truth);

static Lin choice(Verify *v, const Expr *e)
{
    value_of(v, e->a);
    int mark = v->r.trail.n;
    bool can = assume(v, e->a, true);
    Lin yes = can ? value_of(v, e->b) : lin_int(0);
    int64_t lo = range_lowest(&v->r, &yes), hi = range_highest(&v->r, &yes);
    range_forget(&v->r, mark);
    bool cannot = assume(v, e->a, false);
    Lin no = cannot ? value_of(v, e->c) : lin_int(0);
    int64_t lo2 = range_lowest(&v->r, &no), hi2 = range_highest(&v->r, &no);
    range_forget(&v->r, mark);
    if (!can || !cannot)
        return can ? yes : no;
    return range_symbol(&v->r, lo < lo2 ? lo : lo2, hi > hi2 ? hi : hi2);
}

static Lin call_value(Verify *v, const Expr *e)
{
    Lin a = e->a ? value_of(v, e->a) : lin_int(0);
    if (e->b)
        value_of(v, e->b);
    if (e->c)
        value_of(v, e->c);
    if (e->type != TY_INT || !e->c) /* rt_begin is the one int function, with three arguments */
        return e->type == TY_INT ? anything(v) : lin_int(0);
    Lin out = range_symbol(&v->r, 0, RANGE_FAR);
    range_high(&v->r, &out, 1, a);
    return out;
}

static Lin compare(Verify *v, const Expr *e)
{
    value_of(v, e->a);
    value_of(v, e->b);
    int mark = v->r.trail.n;
    bool can = assume(v, e, true);
    range_forget(&v->r, mark);
    bool cannot = assume(v, e, false);
    range_forget(&v->r, mark);
    return can && cannot ? range_symbol(&v->r, 0, 1) : lin_int(can);
}

static Lin operands(Verify *v, const Expr *e, Lin (*op)(Range *, const Lin *, const Lin *))
{
    Lin a = value_of(v, e->a), b = value_of(v, e->b);
    return e->type == TY_INT ? op(&v->r, &a, &b) : lin_int(0);
}

static Lin read_var(Verify *v, const Var *var)
{
    if (var->kind == VAR_DIM)
        return lin_int(var->value);
    return var->type == TY_INT && !is_pointer(var) ? fact(v, var)->at : lin_int(0);
}

/* The range of an int, having checked every load in e; other types give 0. */
static Lin value_of(Verify *v, const Expr *e)
{
    Lin zero = lin_int(0), a;
    switch (e->kind) {
    case EX_INT: return lin_int(e->ival);
    case EX_FLOAT: return zero;
    case EX_VAR: return read_var(v, e->var);
    case EX_LOAD: return load_value(v, e);
    case EX_ADDRESS: return value_of(v, e->a);
    case EX_ADD: return operands(v, e, range_add);
    case EX_SUB: return operands(v, e, range_sub);
    case EX_MUL: return operands(v, e, range_mul);
    case EX_DIV: return operands(v, e, range_div);
    case EX_MOD: return operands(v, e, range_mod);
    case EX_MIN: return operands(v, e, range_min);
    case EX_MAX: return operands(v, e, range_max);
    case EX_LANES:
        value_of(v, e->a);
        return value_of(v, e->b);
    case EX_FMA: case EX_WHERE_LT: case EX_WHERE_LE:
        value_of(v, e->a);
        value_of(v, e->b);
        return value_of(v, e->c);
    case EX_NEG:
        a = value_of(v, e->a);
        return e->type == TY_INT ? range_sub(&v->r, &zero, &a) : zero;
    case EX_SPLAT: case EX_SQRT: return value_of(v, e->a);
    case EX_LT: case EX_LE: case EX_EQ: case EX_AND: return compare(v, e);
    case EX_SELECT: return choice(v, e);
    case EX_CONVERT:
        value_of(v, e->a);
        return e->type == TY_INT ? anything(v) : zero;
    case EX_CALL: return call_value(v, e);
    }
    return zero;
}

/* b - a - less >= 0 */
static bool assume_order(Verify *v, const Lin *a, const Lin *b, int64_t less)
{
    Lin d = range_sub(&v->r, b, a), one = lin_int(less);
    d = range_sub(&v->r, &d, &one);
    return range_assume(&v->r, &d);
}

/* Takes `cond` to be `truth` until range_forget.  False: it cannot be. */
static bool assume(Verify *v, const Expr *cond, bool truth)
{
    if (cond->kind == EX_AND)
        return truth ? assume(v, cond->a, true) && assume(v, cond->b, true)
                     : assume(v, cond->a, false) || assume(v, cond->b, false);
    int64_t known;
    if (cond->kind != EX_LT && cond->kind != EX_LE && cond->kind != EX_EQ) {
        Lin c = value_of(v, cond);
        return cond->type != TY_INT || !lin_is_int(&c, &known) || (known != 0) == truth;
    }
    if (cond->a->type != TY_INT)
        return true;
    bool dry = v->dry;
    v->dry = true; /* its loads have been checked */
    Lin a = value_of(v, cond->a), b = value_of(v, cond->b);
    v->dry = dry;
    if (cond->kind == EX_EQ) {
        Lin d = range_sub(&v->r, &a, &b);
        return truth ? assume_order(v, &a, &b, 0) && assume_order(v, &b, &a, 0) : !lin_is_int(&d, &known) || known != 0;
    }
    int64_t less = cond->kind == EX_LT;
    return truth ? assume_order(v, &a, &b, less) : assume_order(v, &b, &a, 1 - less);
}

/* ---- Statements ---- */

static void walk(Verify *v, const Body *b, int from);
static bool walk_or_each(Verify *v, const Stmt *s);

static void bind_pointer(Verify *v, Fact *f, const Expr *e)
{
    const Fact *base = fact(v, e->var);
    Lin index = e->kind == EX_ADDRESS ? value_of(v, e->a) : lin_int(0);
    if (e->var->kind == VAR_PARAM_ROWS && e->kind == EX_ADDRESS) {
        check_access(v, e->var, &index, 1);
        int64_t row;
        f->at = lin_int(0);
        f->base = e->var;
        f->extent = e->var->table && lin_is_int(&index, &row) ? e->var->table[row] : UNCHECKED;
        return;
    }
    f->at = range_add(&v->r, &base->at, &index);
    f->base = base->base;
    f->extent = base->extent;
}

static void bind(Verify *v, const Var *var, const Expr *value)
{
    Fact *f = fact(v, var);
    if (is_pointer(var)) {
        if (value->kind != EX_ADDRESS && (value->kind != EX_VAR || !is_pointer(value->var)))
            ICE("in %s: '%s' is a pointer, its value is not", chain_text(v), var->name);
        bind_pointer(v, f, value);
        return;
    }
    Lin at = value_of(v, value);
    if (var->type == TY_INT)
        f->at = at;
}

/* A parameter that states its extent is its own array, which must lie in the caller's. */
static void bind_param(Verify *v, const Var *p, const Expr *arg)
{
    bind(v, p, arg);
    Fact *f = fact(v, p);
    if (!is_pointer(p) || p->extent == 0)
        return;
    int64_t lo = range_lowest(&v->r, &f->at), hi = range_highest(&v->r, &f->at);
    if (f->extent != UNCHECKED && (lo < 0 || hi + p->extent > f->extent))
        LEAVES(v, "in %s: '%s' needs %lld elements from [%s .. %s] of '%s', which has %lld", chain_text(v), p->name,
            (long long)p->extent, number(v, lo), number(v, hi), f->base->name, (long long)f->extent);
    *f = (Fact){ .var = p, .base = p, .extent = p->extent };
}

static void walk_call(Verify *v, const Stmt *s)
{
    if (v->dry)
        return;
    if (!s->func) {
        for (int i = 0; i < s->n_args; i++)
            value_of(v, s->args[i]);
        return;
    }
    CHECK(v->depth < DEEPEST_CALL && s->n_args == s->func->params.n);
    int mark = v->r.syms.n;
    for (int i = 0; i < s->n_args; i++)
        bind_param(v, s->func->params.at[i], s->args[i]);
    v->chain[v->depth++] = s->func;
    walk(v, &s->func->body, 0);
    v->depth--;
    v->r.syms.n = mark;
}

typedef LIST(const Var *) Vars;

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
        start[i] = fact(v, vars->at[i])->at;
        before[i] = fact(v, vars->at[i])->at = anything(v);
    }
    bool dry = v->dry;
    v->dry = true;
    walk(v, &s->body, 0);
    v->dry = dry;
    for (int i = 0; i < vars->n; i++) {
        Fact *f = fact(v, vars->at[i]);
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
        return anything(v);
    Lin moved = range_mul(&v->r, change, times);
    return range_add(&v->r, start, &moved);
}

static void walk_for(Verify *v, const Stmt *s)
{
    Lin from = value_of(v, s->from), to = value_of(v, s->to), span = range_sub(&v->r, &to, &from);
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
    fact(v, s->var)->at = range_add(&v->r, &from, &moved);
    find_changes(v, s, &vars, change, steady);
    for (int i = 0; i < vars.n; i++) {
        Fact *f = fact(v, vars.at[i]);
        start[i] = f->at;
        steady[i] &= lin_older(&change[i], mark);
        f->at = after(v, &start[i], &change[i], steady[i], &trip);
    }
    if (!v->dry && (vars.n > 0 || !walk_or_each(v, s)))
        walk(v, &s->body, 0);
    v->r.syms.n = mark;
    Lin n = trips(v, &span, s->step);
    for (int i = 0; i < vars.n; i++)
        fact(v, vars.at[i])->at = after(v, &start[i], &change[i], steady[i], &n);
}

static void walk_if(Verify *v, const Stmt *s)
{
    value_of(v, s->index);
    Vars vars = { 0 };
    changed_in(v, &s->body, &vars);
    changed_in(v, &s->other, &vars);
    Lin *start = ARENA_ARRAY(v->arena, vars.n, Lin), *yes = ARENA_ARRAY(v->arena, vars.n, Lin);
    for (int i = 0; i < vars.n; i++)
        start[i] = fact(v, vars.at[i])->at;
    int mark = v->r.trail.n;
    bool can = assume(v, s->index, true);
    if (can)
        walk(v, &s->body, 0);
    range_forget(&v->r, mark);
    for (int i = 0; i < vars.n; i++) {
        yes[i] = fact(v, vars.at[i])->at;
        fact(v, vars.at[i])->at = start[i];
    }
    bool cannot = assume(v, s->index, false);
    if (cannot)
        walk(v, &s->other, 0);
    range_forget(&v->r, mark);
    for (int i = 0; i < vars.n; i++) {
        Fact *f = fact(v, vars.at[i]);
        f->at = !cannot ? yes[i] : can ? range_either(&v->r, &yes[i], &f->at) : f->at;
    }
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
    if (e->kind == EX_LOAD && e->type == TY_INT && reads(e->a, var))
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

/* Walks what follows once for each value of the symbol behind `var`; false when there is no such need. */
static bool walk_each(Verify *v, const Body *b, int next, const Var *var)
{
    Fact *f = fact(v, var);
    if (v->dry || var->type != TY_INT || is_pointer(var) || f->at.n != 1 || !body_indexes(b, next, var))
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

/* The body of a loop whose variable indexes a table: at once if that suffices, else for each value of it. */
static bool walk_or_each(Verify *v, const Stmt *s)
{
    if (!body_indexes(&s->body, 0, s->var))
        return false;
    bool trying = v->trying, failed = v->failed;
    v->trying = true;
    v->failed = false;
    walk(v, &s->body, 0);
    bool good = !v->failed;
    v->trying = trying;
    v->failed = failed;
    return good || walk_each(v, &s->body, 0, s->var);
}

static void walk_switch(Verify *v, const Stmt *s)
{
    value_of(v, s->index);
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
    case ST_LET: case ST_VAR: case ST_SET: bind(v, s->var, s->value); break;
    case ST_STORE:
        value_of(v, s->value);
        a = value_of(v, s->index);
        check_access(v, s->var, &a, type_lanes(s->value->type));
        break;
    case ST_ADVANCE:
        a = value_of(v, s->index);
        fact(v, s->var)->at = range_add(&v->r, &fact(v, s->var)->at, &a);
        break;
    case ST_CALL: walk_call(v, s); break;
    case ST_SWITCH: walk_switch(v, s); break;
    case ST_COMMENT: case ST_BLANK: case ST_PREFETCH: break;
    }
}

static void walk(Verify *v, const Body *b, int from)
{
    for (int i = from; i < b->n; i++) {
        walk_stmt(v, b->at[i]);
        if (b->at[i]->kind == ST_LET && walk_each(v, b, i + 1, b->at[i]->var))
            return;
    }
}

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
                fact(v, f->params.at[k])->at = anything(v);
        v->chain[0] = f;
        v->depth = 1;
        walk(v, &f->body, 0);
        v->r.syms.n = v->r.trail.n = 0;
    }
    arena_release(a);
}

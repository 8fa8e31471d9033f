/* The affine range of each expression, and the check of every load in it. */
#include "loop_verify_value.h"

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

Fact *verify_fact(Verify *v, const Var *var)
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

bool verify_is_pointer(const Var *v)
{
    switch (v->kind) {
    case VAR_PARAM_IN: case VAR_PARAM_OUT: case VAR_PARAM_INTS: case VAR_PARAM_ROWS: case VAR_POINTER_IN:
    case VAR_POINTER_OUT: case VAR_TABLE: case VAR_ARRAY:
        return true;
    case VAR_LOCAL: case VAR_PARAM_INT: case VAR_PARAM_F32: case VAR_PARAM_F64: case VAR_DIM: case VAR_PARAM_CTX:
    case VAR_PARAM_TRAIN_CTX:
        return false;
    }
    return false;
}

void verify_bind_int(Verify *v, const Var *var, Lin at)
{
    Fact *f = verify_fact(v, var);
    f->at = at;
    f->bound = true;
}

Lin verify_anything(Verify *v) { return range_symbol(&v->r, -RANGE_FAR, RANGE_FAR); }

/* ---- Checks ---- */

const char *verify_chain_text(const Verify *v)
{
    const char *s = v->chain[v->depth - 1]->name;
    for (int i = v->depth - 2; i >= 0; i--)
        s = arena_printf(v->arena, "%s, called from %s", s, v->chain[i]->name);
    return s;
}

const char *verify_number(const Verify *v, int64_t n)
{
    if (n >= RANGE_FAR || n <= -RANGE_FAR)
        return n < 0 ? "-any" : "any";
    return arena_printf(v->arena, "%lld", (long long)n);
}

bool verify_reach(Verify *v, const Fact *f, int64_t lo, int64_t hi)
{
    if (f->extent != UNCHECKED)
        return lo >= 0 && hi < f->extent;
    Fact *base = verify_fact(v, f->base);
    base->low = lo < base->low ? lo : base->low;
    base->high = hi > base->high ? hi : base->high;
    return true;
}

void verify_access(Verify *v, const Var *pointer, const Lin *at, int lanes)
{
    if (v->dry)
        return;
    const Fact *f = verify_fact(v, pointer);
    Lin place = range_add(&v->r, &f->at, at);
    int64_t lo = range_lowest(&v->r, &place), hi = range_highest(&v->r, &place), last = hi + lanes - 1;
    if (f->extent == 0)
        ICE("in %s: nothing says how many elements '%s' has", verify_chain_text(v), pointer->name);
    if (!verify_reach(v, f, lo, last))
        LEAVES(v, "in %s: %s[%s .. %s] leaves '%s', which has %lld elements", verify_chain_text(v), pointer->name, verify_number(v, lo),
            verify_number(v, last), f->base->name, (long long)f->extent);
    if (range_lowest(&v->r, at) < INT32_MIN || range_highest(&v->r, at) > INT32_MAX)
        LEAVES(v, "in %s: an index of '%s' does not fit an int", verify_chain_text(v), pointer->name);
}

/* ---- Expressions ---- */

/* The least and greatest entries a table load can see: all from lo to hi that the index's steps reach. */
static Lin table_value(Verify *v, const Fact *f, const Lin *index)
{
    Lin at = range_add(&v->r, &f->at, index);
    int64_t lo = range_lowest(&v->r, &at), hi = range_highest(&v->r, &at), step = at.n == 1 ? at.k[0] : 1;
    if (!f->base->table || lo < 0 || hi >= f->extent)
        return verify_anything(v);
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
    Lin index = verify_value(v, e->a);
    verify_access(v, e->var, &index, loop_elements(e->var, e->type));
    return e->type == TY_INT ? table_value(v, verify_fact(v, e->var), &index) : lin_int(0);
}

static Lin choice(Verify *v, const Expr *e)
{
    verify_value(v, e->a);
    int mark = v->r.trail.n;
    bool can = verify_assume(v, e->a, true);
    Lin yes = can ? verify_value(v, e->b) : lin_int(0);
    int64_t lo = range_lowest(&v->r, &yes), hi = range_highest(&v->r, &yes);
    range_forget(&v->r, mark);
    bool cannot = verify_assume(v, e->a, false);
    Lin no = cannot ? verify_value(v, e->c) : lin_int(0);
    int64_t lo2 = range_lowest(&v->r, &no), hi2 = range_highest(&v->r, &no);
    range_forget(&v->r, mark);
    if (!can || !cannot)
        return can ? yes : no;
    return range_symbol(&v->r, lo < lo2 ? lo : lo2, hi > hi2 ? hi : hi2);
}

static Lin call_value(Verify *v, const Expr *e)
{
    Lin a = e->a ? verify_value(v, e->a) : lin_int(0);
    if (e->b)
        verify_value(v, e->b);
    if (e->c)
        verify_value(v, e->c);
    if (e->type != TY_INT || !e->c) /* rt_begin is the one int function, with three arguments */
        return e->type == TY_INT ? verify_anything(v) : lin_int(0);
    Lin out = range_symbol(&v->r, 0, RANGE_FAR);
    range_high(&v->r, &out, 1, a);
    return out;
}

static Lin compare(Verify *v, const Expr *e)
{
    verify_value(v, e->a);
    verify_value(v, e->b);
    int mark = v->r.trail.n;
    bool can = verify_assume(v, e, true);
    range_forget(&v->r, mark);
    bool cannot = verify_assume(v, e, false);
    range_forget(&v->r, mark);
    return can && cannot ? range_symbol(&v->r, 0, 1) : lin_int(can);
}

static Lin operands(Verify *v, const Expr *e, Lin (*op)(Range *, const Lin *, const Lin *))
{
    Lin a = verify_value(v, e->a), b = verify_value(v, e->b);
    return e->type == TY_INT ? op(&v->r, &a, &b) : lin_int(0);
}

static Lin read_var(Verify *v, const Var *var)
{
    if (var->kind == VAR_DIM)
        return lin_int(var->value);
    if (var->type != TY_INT || verify_is_pointer(var))
        return lin_int(0);
    const Fact *f = verify_fact(v, var);
    return var->kind == VAR_PARAM_INT && !f->bound ? verify_anything(v) : f->at;
}

Lin verify_value(Verify *v, const Expr *e)
{
    Lin zero = lin_int(0), a;
    switch (e->kind) {
    case EX_INT: return lin_int(e->ival);
    case EX_FLOAT: return zero;
    case EX_VAR: return read_var(v, e->var);
    case EX_LOAD: return load_value(v, e);
    case EX_ADDRESS: return verify_value(v, e->a);
    case EX_ADD: return operands(v, e, range_add);
    case EX_SUB: return operands(v, e, range_sub);
    case EX_MUL: return operands(v, e, range_mul);
    case EX_DIV: return operands(v, e, range_div);
    case EX_MOD: return operands(v, e, range_mod);
    case EX_MIN: return operands(v, e, range_min);
    case EX_MAX: return operands(v, e, range_max);
    case EX_LANES:
        verify_value(v, e->a);
        return verify_value(v, e->b);
    case EX_FMA: case EX_WHERE_LT: case EX_WHERE_LE:
        verify_value(v, e->a);
        verify_value(v, e->b);
        return verify_value(v, e->c);
    case EX_NEG:
        a = verify_value(v, e->a);
        return e->type == TY_INT ? range_sub(&v->r, &zero, &a) : zero;
    case EX_SPLAT: case EX_SQRT: return verify_value(v, e->a);
    case EX_LT: case EX_LE: case EX_EQ: case EX_AND: return compare(v, e);
    case EX_SELECT: return choice(v, e);
    case EX_CONVERT:
        verify_value(v, e->a);
        return e->type == TY_INT ? verify_anything(v) : zero;
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

bool verify_assume(Verify *v, const Expr *cond, bool truth)
{
    if (cond->kind == EX_AND)
        return truth ? verify_assume(v, cond->a, true) && verify_assume(v, cond->b, true)
                     : verify_assume(v, cond->a, false) || verify_assume(v, cond->b, false);
    int64_t known;
    if (cond->kind != EX_LT && cond->kind != EX_LE && cond->kind != EX_EQ) {
        Lin c = verify_value(v, cond);
        return cond->type != TY_INT || !lin_is_int(&c, &known) || (known != 0) == truth;
    }
    if (cond->a->type != TY_INT)
        return true;
    bool dry = v->dry;
    v->dry = true; /* its loads have been checked */
    Lin a = verify_value(v, cond->a), b = verify_value(v, cond->b);
    v->dry = dry;
    if (cond->kind == EX_EQ) {
        Lin d = range_sub(&v->r, &a, &b);
        return truth ? assume_order(v, &a, &b, 0) && assume_order(v, &b, &a, 0) : !lin_is_int(&d, &known) || known != 0;
    }
    int64_t less = cond->kind == EX_LT;
    return truth ? assume_order(v, &a, &b, less) : assume_order(v, &b, &a, 1 - less);
}

/* Calls, for loop_verify: a function is walked once for all calls that give it the same ints and tables.
 *
 * That walk takes each pointer without a length to be the start of an array of which nothing is known, and notes from where to where
 * it is reached; at a call those places are looked for in the caller's array.  Where that does not do - a length that goes with a
 * place, say - the function is walked with the call's own arguments, which says the truth and words the message. */
#include "loop_verify_value.h"

typedef struct Given { /* what a walk depends on, of a parameter */
    int64_t lo, hi;    /* an int; a table's first entry */
    const Var *base;   /* the table */
} Given;

typedef struct Reach { /* elements [low, high] from where a pointer points; none: low > high */
    int64_t low, high;
} Reach;

struct Walked {
    const Func *func;
    Given *given;
    Reach *reach;
    bool inside; /* nothing but its pointers without a length is in doubt */
    Walked *next;
};

/* ---- Arguments ---- */

static void bind_pointer(Verify *v, const Var *pointer, const Expr *e)
{
    Fact *f = verify_fact(v, pointer);
    const Fact *base = verify_fact(v, e->var);
    Lin index = e->kind == EX_ADDRESS ? verify_value(v, e->a) : lin_int(0);
    if (e->var->kind == VAR_PARAM_ROWS && e->kind == EX_ADDRESS) {
        verify_access(v, e->var, &index, 1);
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

void verify_bind(Verify *v, const Var *var, const Expr *value)
{
    if (verify_is_pointer(var)) {
        if (value->kind != EX_ADDRESS && (value->kind != EX_VAR || !verify_is_pointer(value->var)))
            ICE("in %s: '%s' is a pointer, its value is not", verify_chain_text(v), var->name);
        bind_pointer(v, var, value);
        return;
    }
    Lin at = verify_value(v, value);
    if (var->type == TY_INT)
        verify_bind_int(v, var, at);
}

/* A parameter that states its extent is its own array, which must lie in the caller's. */
static void bind_param(Verify *v, const Var *p, const Expr *arg)
{
    verify_bind(v, p, arg);
    Fact *f = verify_fact(v, p);
    if (!verify_is_pointer(p) || p->extent == 0)
        return;
    int64_t lo = range_lowest(&v->r, &f->at), hi = range_highest(&v->r, &f->at);
    if (!verify_reach(v, f, lo, hi + p->extent - 1))
        LEAVES(v, "in %s: '%s' needs %lld elements from [%s .. %s] of '%s', which has %lld", verify_chain_text(v), p->name,
            (long long)p->extent, verify_number(v, lo), verify_number(v, hi), f->base->name, (long long)f->extent);
    *f = (Fact){ .var = p, .base = p, .extent = p->extent };
}

/* ---- Walks that are known ---- */

static bool is_reached(const Var *p) { return (p->kind == VAR_PARAM_IN || p->kind == VAR_PARAM_OUT) && p->extent == 0; }

static bool is_table(const Var *p) { return p->kind == VAR_PARAM_INTS || p->kind == VAR_PARAM_ROWS; }

/* False where a table's first entry is not one number. */
static bool what_is_given(Verify *v, const Func *f, Given *given)
{
    for (int i = 0; i < f->params.n; i++) {
        const Var *p = f->params.at[i];
        const Fact *fact = verify_fact(v, p);
        if (p->kind != VAR_PARAM_INT && !is_table(p))
            continue;
        given[i] = (Given){ range_lowest(&v->r, &fact->at), range_highest(&v->r, &fact->at), is_table(p) ? fact->base : NULL };
        if (is_table(p) && given[i].lo != given[i].hi)
            return false;
    }
    return true;
}

static Walked **chain_of(Verify *v, const Func *f, const Given *given)
{
    uint64_t h = (uintptr_t)f >> 4;
    for (int i = 0; i < f->params.n; i++)
        h = (h ^ (uint64_t)given[i].lo) * 0x100000001b3u + (uint64_t)given[i].hi;
    return &v->walked[(h ^ h >> 32) % WALKED_CHAINS];
}

static bool same_given(const Given *a, const Given *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i].lo != b[i].lo || a[i].hi != b[i].hi || a[i].base != b[i].base)
            return false;
    return true;
}

static void walk_func(Verify *v, const Func *f)
{
    CHECK(v->depth < DEEPEST_CALL);
    v->chain[v->depth++] = f;
    verify_body(v, &f->body);
    v->depth--;
}

static void take_for_itself(Verify *v, const Var *p, const Given *g)
{
    if (p->kind == VAR_PARAM_INT)
        verify_bind_int(v, p, g->lo == g->hi ? lin_int(g->lo) : range_symbol(&v->r, g->lo, g->hi));
    else if (is_reached(p))
        *verify_fact(v, p) = (Fact){ .var = p, .base = p, .extent = UNCHECKED, .low = RANGE_FAR, .high = -RANGE_FAR };
}

static void walk_once(Verify *v, Walked *w)
{
    const Func *f = w->func;
    int mark = v->r.syms.n;
    bool trying = v->trying, failed = v->failed;
    Fact *args = ARENA_ARRAY(v->arena, f->params.n, Fact);
    for (int i = 0; i < f->params.n; i++) {
        args[i] = *verify_fact(v, f->params.at[i]);
        take_for_itself(v, f->params.at[i], &w->given[i]);
    }
    v->trying = true;
    v->failed = false;
    walk_func(v, f);
    w->inside = !v->failed;
    for (int i = 0; i < f->params.n; i++) {
        Fact *p = verify_fact(v, f->params.at[i]);
        w->reach[i] = (Reach){ p->low, p->high };
        *p = args[i];
    }
    v->trying = trying;
    v->failed = failed;
    v->r.syms.n = mark;
}

static const Walked *walked_with(Verify *v, const Func *f)
{
    Given *given = ARENA_ARRAY(v->arena, f->params.n, Given);
    if (!what_is_given(v, f, given))
        return NULL;
    Walked **chain = chain_of(v, f, given);
    for (const Walked *w = *chain; w; w = w->next)
        if (w->func == f && same_given(w->given, given, f->params.n))
            return w;
    Walked *w = ARENA_NEW(v->arena, Walked);
    *w = (Walked){ .func = f, .given = given, .reach = ARENA_ARRAY(v->arena, f->params.n, Reach), .next = *chain };
    *chain = w;
    walk_once(v, w);
    return w;
}

/* Whether what is known of f shows that this call, whose arguments are bound, stays inside the caller's arrays. */
static bool is_inside(Verify *v, const Func *f)
{
    const Walked *w = walked_with(v, f);
    bool inside = w && w->inside;
    for (int i = 0; inside && i < f->params.n; i++) {
        const Fact *p = verify_fact(v, f->params.at[i]);
        const Reach *r = &w->reach[i];
        if (is_reached(p->var) && r->low <= r->high)
            inside = verify_reach(v, p, range_lowest(&v->r, &p->at) + r->low, range_highest(&v->r, &p->at) + r->high);
    }
    return inside;
}

void verify_call(Verify *v, const Stmt *s)
{
    if (!s->func) {
        for (int i = 0; i < s->n_args; i++)
            verify_value(v, s->args[i]);
        return;
    }
    CHECK(s->n_args == s->func->params.n);
    int mark = v->r.syms.n;
    for (int i = 0; i < s->n_args; i++)
        bind_param(v, s->func->params.at[i], s->args[i]);
    if (!is_inside(v, s->func))
        walk_func(v, s->func);
    v->r.syms.n = mark;
}

/* Builders of the loop IR.  Ints fold at once, dimensions by value where the result is 0, 1, a choice or a
 * comparison and by name elsewhere; types are checked here, addresses by loop_verify. */
#include "loop.h"
#include "diag.h"
#include <string.h>

int type_lanes(Type t)
{
    switch (t) {
    case TY_V8: return 8;
    case TY_V16: return 16;
    case TY_INT: case TY_F32: case TY_F64: return 1;
    }
    return 1;
}

/* ---- Functions ---- */

Lower *lower_new(Unit *u, Func *f)
{
    Lower *l = ARENA_NEW(u->arena, Lower);
    l->unit = u;
    l->func = f;
    LIST_PUSH(u->arena, &l->stack, &f->body);
    return l;
}

static Var *new_var(Lower *l, VarKind kind, Type type, const char *name)
{
    Var *v = ARENA_NEW(l->unit->arena, Var);
    v->kind = kind;
    v->type = type;
    v->name = name;
    return v;
}

Var *loop_param(Lower *l, VarKind kind, const char *name, int64_t extent)
{
    bool ints = kind == VAR_PARAM_INT || kind == VAR_PARAM_INTS;
    Type type = kind == VAR_PARAM_F64 ? TY_F64 : ints ? TY_INT : TY_F32;
    Var *v = new_var(l, kind, type, name);
    v->extent = extent;
    LIST_PUSH(l->unit->arena, &l->func->params, v);
    return v;
}

Var *loop_dim(Lower *l, const char *name, int64_t value)
{
    for (int i = 0; i < l->func->dims.n; i++) {
        Var *d = l->func->dims.at[i];
        if (strcmp(d->name, name) == 0) {
            CHECK(d->value == value);
            return d;
        }
    }
    Var *v = new_var(l, VAR_DIM, TY_INT, name);
    v->value = value;
    LIST_PUSH(l->unit->arena, &l->func->dims, v);
    return v;
}

/* ---- Expressions ---- */

static Expr *new_expr(Lower *l, ExprKind kind, Type type)
{
    Expr *e = ARENA_NEW(l->unit->arena, Expr);
    e->kind = kind;
    e->type = type;
    return e;
}

Expr *loop_int(Lower *l, int64_t v)
{
    Expr *e = new_expr(l, EX_INT, TY_INT);
    e->ival = v;
    return e;
}

/* An f32 is kept as the float it is: folding then rounds once more, which for + - * / is exact rounding
 * (Figueroa 1995: 53 >= 2 * 24 + 2). */
static Expr *loop_float(Lower *l, Type type, double v)
{
    Expr *e = new_expr(l, EX_FLOAT, type);
    e->fval = type == TY_F32 ? (double)(float)v : v;
    return e;
}

Expr *loop_f32(Lower *l, double v) { return loop_float(l, TY_F32, v); }
Expr *loop_f64(Lower *l, double v) { return loop_float(l, TY_F64, v); }

Expr *loop_var(Lower *l, Var *v)
{
    Expr *e = new_expr(l, EX_VAR, v->type);
    e->var = v;
    return e;
}

Var *loop_array(Lower *l, Type type, const char *name, int64_t n)
{
    Var *v = new_var(l, VAR_ARRAY, type, name);
    v->extent = n;
    LIST_PUSH(l->unit->arena, &l->func->arrays, v);
    return v;
}

int loop_elements(const Var *pointer, Type type) { return pointer->kind == VAR_ARRAY ? 1 : type_lanes(type); }

Expr *loop_load(Lower *l, Type type, Var *pointer, Expr *index)
{
    CHECK(pointer->kind != VAR_ARRAY || type == pointer->type);
    CHECK(index->type == TY_INT && (pointer->type == TY_INT) == (type == TY_INT) && pointer->kind != VAR_PARAM_ROWS);
    Expr *e = new_expr(l, EX_LOAD, type);
    e->var = pointer;
    e->a = index;
    return e;
}

Expr *loop_address(Lower *l, Var *pointer, Expr *index)
{
    Expr *e = new_expr(l, EX_ADDRESS, TY_F32);
    e->var = pointer;
    e->a = index;
    return e;
}

Expr *loop_splat(Lower *l, Type vector, Expr *scalar)
{
    if (type_lanes(vector) == 1)
        return scalar;
    CHECK(scalar->type == TY_F32);
    Expr *e = new_expr(l, EX_SPLAT, vector);
    e->a = scalar;
    return e;
}

static bool fold_int(ExprKind kind, int64_t a, int64_t b, int64_t *out)
{
    bool overflow = false;
    switch ((int)kind) { /* the others do not fold */
    case EX_ADD: overflow = __builtin_add_overflow(a, b, out); break;
    case EX_SUB: overflow = __builtin_sub_overflow(a, b, out); break;
    case EX_MUL: overflow = __builtin_mul_overflow(a, b, out); break;
    case EX_DIV: CHECK(b && !(a == INT64_MIN && b == -1)); *out = a / b; break;
    case EX_MOD: CHECK(b && !(a == INT64_MIN && b == -1)); *out = a % b; break;
    case EX_MIN: *out = a < b ? a : b; break;
    case EX_MAX: *out = a > b ? a : b; break;
    case EX_LT: *out = a < b; break;
    case EX_LE: *out = a <= b; break;
    case EX_EQ: *out = a == b; break;
    case EX_AND: *out = a && b; break;
    default: return false;
    }
    CHECK(!overflow);
    return true;
}

bool loop_same(const Expr *a, const Expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->type != b->type || a->var != b->var || a->ival != b->ival)
        return false;
    if (a->kind == EX_FLOAT)
        return memcmp(&a->fval, &b->fval, sizeof a->fval) == 0;
    if (a->kind == EX_CALL && strcmp(a->callee, b->callee) != 0)
        return false;
    return loop_same(a->a, b->a) && loop_same(a->b, b->b) && loop_same(a->c, b->c);
}

bool loop_value(const Expr *e, int64_t *v)
{
    int64_t x, y;
    if (e->kind == EX_INT)
        *v = e->ival;
    else if (e->kind == EX_VAR && e->var->kind == VAR_DIM)
        *v = e->var->value;
    else
        return e->type == TY_INT && e->a && e->b && !e->c && loop_value(e->a, &x) && loop_value(e->b, &y) &&
               fold_int(e->kind, x, y, v);
    return true;
}

static bool is_value(const Expr *e, int64_t v)
{
    int64_t k;
    return loop_value(e, &k) && k == v;
}

static bool is_compare(ExprKind k) { return k == EX_LT || k == EX_LE || k == EX_EQ || k == EX_AND; }

/* What an int operation is without computing: x + 0, x * 1, x * 0, x / 1, x % 1, x - x. */
static Expr *identity(Lower *l, ExprKind kind, Expr *a, Expr *b)
{
    bool same = loop_same(a, b);
    if (kind == EX_ADD)
        return is_value(b, 0) ? a : is_value(a, 0) ? b : NULL;
    if (kind == EX_SUB)
        return is_value(b, 0) ? a : same ? loop_int(l, 0) : NULL;
    if (kind == EX_MUL && (is_value(a, 0) || is_value(b, 0)))
        return loop_int(l, 0);
    if (kind == EX_MUL)
        return is_value(b, 1) ? a : is_value(a, 1) ? b : NULL;
    if (kind == EX_DIV)
        return is_value(b, 1) || is_value(a, 0) ? a : NULL;
    if (kind == EX_MOD)
        return is_value(b, 1) || is_value(a, 0) ? loop_int(l, 0) : NULL;
    if (kind == EX_MIN || kind == EX_MAX)
        return same ? a : NULL;
    if (kind == EX_AND)
        return is_value(a, 0) || is_value(b, 0) ? loop_int(l, 0) : is_value(a, 1) ? b : is_value(b, 1) ? a : NULL;
    return NULL;
}

/* Sums, products and quotients of named dimensions stay as written; choices and comparisons are decided. */
static Expr *fold_ints(Lower *l, ExprKind kind, Expr *a, Expr *b)
{
    int64_t x, y, v;
    bool decides = kind == EX_MIN || kind == EX_MAX || is_compare(kind);
    if (a->kind == EX_INT && b->kind == EX_INT && fold_int(kind, a->ival, b->ival, &v))
        return loop_int(l, v);
    if (decides && loop_value(a, &x) && loop_value(b, &y) && fold_int(kind, x, y, &v))
        return v == x && !is_compare(kind) ? a : v == y && !is_compare(kind) ? b : loop_int(l, v);
    Expr *same = identity(l, kind, a, b);
    if (same)
        return same;
    bool adds = kind == EX_ADD || kind == EX_SUB;
    if (adds && b->kind == EX_INT && (a->kind == EX_ADD || a->kind == EX_SUB) && a->b->kind == EX_INT) {
        /* (x + 2) - 3 is x - 1 */
        int64_t inner = a->kind == EX_ADD ? a->b->ival : -a->b->ival;
        return loop_bin(l, EX_ADD, a->a, loop_int(l, inner + (kind == EX_ADD ? b->ival : -b->ival)));
    }
    int64_t product;
    if (kind == EX_MUL && b->kind == EX_INT && a->kind == EX_MUL && a->b->kind == EX_INT && fold_int(EX_MUL, a->b->ival, b->ival, &product))
        return loop_bin(l, EX_MUL, a->a, loop_int(l, product)); /* x * 2 * 3 is x * 6 */
    if (kind == EX_MUL && a->kind == EX_INT && b->kind == EX_MUL && b->a->kind == EX_INT && fold_int(EX_MUL, a->ival, b->a->ival, &product))
        return loop_bin(l, EX_MUL, loop_int(l, product), b->b); /* 2 * (3 * x) is 6 * x */
    if (adds && b->kind == EX_INT && b->ival < 0)
        return loop_bin(l, kind == EX_ADD ? EX_SUB : EX_ADD, a, loop_int(l, -b->ival));
    return NULL;
}

/* Constants of one float type, and x * 1, x / 1.  x + 0 stays: it changes the sign of -0. */
static Expr *fold_floats(Lower *l, ExprKind kind, Expr *a, Expr *b)
{
    bool one = b->kind == EX_FLOAT && b->fval == 1;
    if ((kind == EX_MUL || kind == EX_DIV) && one)
        return a;
    if (kind == EX_MUL && a->kind == EX_FLOAT && a->fval == 1)
        return b;
    if (a->kind != EX_FLOAT || b->kind != EX_FLOAT)
        return NULL;
    double v;
    if (kind == EX_ADD)
        v = a->fval + b->fval;
    else if (kind == EX_SUB)
        v = a->fval - b->fval;
    else if (kind == EX_MUL)
        v = a->fval * b->fval;
    else if (kind == EX_DIV && b->fval != 0)
        v = a->fval / b->fval;
    else
        return NULL;
    return loop_float(l, a->type, v);
}

Expr *loop_bin(Lower *l, ExprKind kind, Expr *a, Expr *b)
{
    if (a->type != b->type)
        ICE("%s: operands of types %d and %d", l->func->name, a->type, b->type);
    bool ints = a->type == TY_INT;
    CHECK(ints || (kind != EX_MOD && kind != EX_AND));
    Expr *folded = ints ? fold_ints(l, kind, a, b) : type_lanes(a->type) == 1 ? fold_floats(l, kind, a, b) : NULL;
    if (folded)
        return folded;
    Expr *e = new_expr(l, kind, is_compare(kind) ? TY_INT : a->type);
    e->a = a;
    e->b = b;
    return e;
}

Expr *loop_fma(Lower *l, Expr *a, Expr *b, Expr *c)
{
    if (type_lanes(a->type) == 1)
        return loop_add(l, c, loop_mul(l, a, b));
    CHECK(a->type == b->type && b->type == c->type);
    Expr *e = new_expr(l, EX_FMA, a->type);
    e->a = a;
    e->b = b;
    e->c = c;
    return e;
}

Expr *loop_sqrt(Lower *l, Expr *a)
{
    Expr *e = new_expr(l, EX_SQRT, a->type);
    e->a = a;
    return e;
}

Expr *loop_lanes(Lower *l, Expr *a, Expr *b, int first)
{
    int lanes = type_lanes(a->type);
    CHECK(lanes > 1 && a->type == b->type && first >= 0 && first <= lanes);
    if (first == 0 || first == lanes)
        return first ? b : a;
    Expr *e = new_expr(l, EX_LANES, a->type);
    e->a = a;
    e->b = b;
    e->ival = first;
    return e;
}

Expr *loop_where(Lower *l, ExprKind order, Expr *a, Expr *b, Expr *c)
{
    CHECK(order == EX_LT || order == EX_LE);
    if (type_lanes(c->type) == 1)
        return loop_select(l, loop_bin(l, order, a, b), c, loop_f32(l, 0));
    Expr *e = new_expr(l, order == EX_LT ? EX_WHERE_LT : EX_WHERE_LE, c->type);
    e->a = a;
    e->b = b;
    e->c = c;
    return e;
}

Expr *loop_select(Lower *l, Expr *cond, Expr *yes, Expr *no)
{
    int64_t v;
    CHECK(cond->type == TY_INT && yes->type == no->type);
    if (loop_value(cond, &v))
        return v ? yes : no;
    Expr *e = new_expr(l, EX_SELECT, yes->type);
    e->a = cond;
    e->b = yes;
    e->c = no;
    return e;
}

Expr *loop_convert(Lower *l, Type to, Expr *a)
{
    if (a->type == to)
        return a;
    CHECK(type_lanes(to) == 1 && type_lanes(a->type) == 1);
    if (a->kind == EX_INT)
        return loop_float(l, to, (double)a->ival);
    if (a->kind == EX_FLOAT && to != TY_INT)
        return loop_float(l, to, a->fval);
    if (a->kind == EX_CONVERT && to == TY_F32 && a->type == TY_F64 && a->a->type == TY_F32)
        return a->a; /* there and back */
    Expr *e = new_expr(l, EX_CONVERT, to);
    e->a = a;
    return e;
}

Expr *loop_call_pure(Lower *l, const char *callee, Type type, Expr *a, Expr *b)
{
    Expr *e = new_expr(l, EX_CALL, type);
    e->callee = callee;
    e->a = a;
    e->b = b;
    return e;
}

Expr *loop_rt_begin(Lower *l, Expr *units, Expr *part, Expr *parts)
{
    Expr *e = new_expr(l, EX_CALL, TY_INT);
    e->callee = "rt_begin";
    e->a = units;
    e->b = part;
    e->c = parts;
    return e;
}

/* ---- Statements ---- */

void loop_append(Lower *l, Stmt *s) { LIST_PUSH(l->unit->arena, l->stack.at[l->stack.n - 1], s); }

static Stmt *append(Lower *l, StmtKind kind)
{
    Stmt *s = ARENA_NEW(l->unit->arena, Stmt);
    s->kind = kind;
    loop_append(l, s);
    return s;
}

static void enter(Lower *l, Body *b) { LIST_PUSH(l->unit->arena, &l->stack, b); }
static void leave(Lower *l)
{
    CHECK(l->stack.n > 1);
    l->stack.n--;
}

/* name, or name2, name3, ... when the body declares it already. */
static const char *fresh(Lower *l, const char *name)
{
    const Body *b = l->stack.at[l->stack.n - 1];
    const char *out = name;
    for (int k = 2, i = 0; i < b->n; i++) {
        const Stmt *s = b->at[i];
        if ((s->kind != ST_LET && s->kind != ST_VAR) || strcmp(s->var->name, out) != 0)
            continue;
        out = arena_printf(l->unit->arena, "%s%d", name, k++);
        i = -1;
    }
    return out;
}

static Var *declare(Lower *l, StmtKind kind, VarKind vk, const char *name, Expr *value)
{
    name = fresh(l, name);
    Stmt *s = append(l, kind);
    s->var = new_var(l, vk, value->type, name);
    s->value = value;
    return s->var;
}

static bool is_writable(const Var *v) { return v->kind == VAR_PARAM_OUT || v->kind == VAR_POINTER_OUT || v->kind == VAR_ARRAY; }

Var *loop_let(Lower *l, const char *name, Expr *value)
{
    if (value->kind != EX_ADDRESS)
        return declare(l, ST_LET, VAR_LOCAL, name, value);
    Var *v = declare(l, ST_LET, is_writable(value->var) ? VAR_POINTER_OUT : VAR_POINTER_IN, name, value);
    v->type = value->var->type == TY_INT ? TY_INT : v->type;
    return v;
}

Var *loop_mut(Lower *l, const char *name, Expr *value)
{
    Var *v = declare(l, ST_VAR, VAR_LOCAL, name, value);
    v->mutable_ = true;
    return v;
}

Var *loop_pointer(Lower *l, const char *name, Expr *address, bool out)
{
    CHECK(address->kind == EX_ADDRESS && (!out || is_writable(address->var)));
    Var *v = declare(l, ST_VAR, out ? VAR_POINTER_OUT : VAR_POINTER_IN, name, address);
    v->mutable_ = true;
    return v;
}

void loop_set(Lower *l, Var *v, Expr *value)
{
    CHECK(v->mutable_ && v->type == value->type);
    Stmt *s = append(l, ST_SET);
    s->var = v;
    s->value = value;
}

void loop_store(Lower *l, Var *pointer, Expr *index, Expr *value)
{
    CHECK(is_writable(pointer) && index->type == TY_INT && value->type != TY_INT);
    CHECK(pointer->kind == VAR_ARRAY ? value->type == pointer->type : value->type != TY_F64);
    Stmt *s = append(l, ST_STORE);
    s->var = pointer;
    s->index = index;
    s->value = value;
}

void loop_advance(Lower *l, Var *pointer, Expr *elements)
{
    if (is_value(elements, 0))
        return;
    CHECK(pointer->mutable_ && elements->type == TY_INT);
    Stmt *s = append(l, ST_ADVANCE);
    s->var = pointer;
    s->index = elements;
}

void loop_prefetch(Lower *l, const Var *pointer, Expr *index)
{
    Stmt *s = append(l, ST_PREFETCH);
    s->var = (Var *)pointer;
    s->index = index;
}

Var *loop_for_begin(Lower *l, const char *name, Expr *from, Expr *to, int64_t step)
{
    CHECK(from->type == TY_INT && to->type == TY_INT && step > 0);
    Stmt *s = append(l, ST_FOR);
    s->var = new_var(l, VAR_LOCAL, TY_INT, name);
    s->from = from;
    s->to = to;
    s->step = step;
    enter(l, &s->body);
    return s->var;
}

void loop_unroll(Lower *l)
{
    Body *outer = l->stack.at[l->stack.n - 2];
    Stmt *s = outer->at[outer->n - 1];
    CHECK(s->kind == ST_FOR && s->body.n == 0);
    s->unroll = true;
}

void loop_for_end(Lower *l) { leave(l); }

void loop_if_begin(Lower *l, Expr *cond)
{
    Stmt *s = append(l, ST_IF);
    s->index = cond;
    enter(l, &s->body);
}

void loop_else(Lower *l)
{
    leave(l);
    Body *b = l->stack.at[l->stack.n - 1];
    Stmt *s = b->at[b->n - 1];
    CHECK(s->kind == ST_IF);
    enter(l, &s->other);
}

void loop_if_end(Lower *l) { leave(l); }

static Stmt *call(Lower *l, Expr *const *args, int n)
{
    Stmt *s = append(l, ST_CALL);
    s->args = arena_grow(l->unit->arena, args, (size_t)n, (size_t)n, sizeof *args);
    s->n_args = n;
    return s;
}

void loop_call(Lower *l, Func *f, Expr *const *args, int n)
{
    if (n != f->params.n)
        ICE("%s takes %d arguments, not %d", f->name, f->params.n, n);
    call(l, args, n)->func = f;
}

void loop_call_rt(Lower *l, const char *callee, Expr *const *args, int n) { call(l, args, n)->callee = callee; }
void loop_comment(Lower *l, const char *text) { append(l, ST_COMMENT)->text = text; }
void loop_blank(Lower *l) { append(l, ST_BLANK); }

Stmt *loop_switch(Lower *l, Expr *selector)
{
    Stmt *s = append(l, ST_SWITCH);
    s->index = selector;
    return s;
}

/* The body of a case is held by an ST_IF with a true condition: a list of statements. */
void loop_case_begin(Lower *l, Stmt *sw, int64_t value, const char *comment)
{
    Stmt *body = ARENA_NEW(l->unit->arena, Stmt);
    body->kind = ST_IF;
    Case c = { value, comment, body };
    LIST_PUSH(l->unit->arena, &sw->cases, c);
    enter(l, &body->body);
}

void loop_case_end(Lower *l) { leave(l); }

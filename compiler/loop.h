/* The loop IR: functions of loops and statements over scalars and vectors, affine addresses; tables;
 * calls.  Knows nothing of networks.  Built by kernels/ and lower.c, simplified, verified, printed.
 *
 * Builders fold constants at once (x*1, x+0, 2*3), so emitters may be written plainly. */
#ifndef INCEPTC_LOOP_H
#define INCEPTC_LOOP_H
#include "arena.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum Type { TY_INT, TY_F32, TY_F64, TY_V8, TY_V16 } Type; /* TY_V8: 8 lanes of f32 (AVX2), TY_V16: 16 (AVX-512) */
int type_lanes(Type t); /* 1, 8, 16 */

typedef enum VarKind {
    VAR_LOCAL, /* Let, Var or loop counter */
    VAR_PARAM_INT, VAR_PARAM_F32, VAR_PARAM_F64,
    VAR_PARAM_IN,  /* const float * */
    VAR_PARAM_OUT, /* float * */
    VAR_PARAM_INTS,/* const int * */
    VAR_PARAM_ROWS,/* const float *const * : raw weights by index */
    VAR_POINTER_IN, VAR_POINTER_OUT, /* local pointer: set by Let from an address, advanced by loop_advance */
    VAR_TABLE,     /* static const int name[n] of the unit or of one function */
    VAR_ARRAY,     /* local: `extent` elements of `type`, vectors too */
    VAR_DIM,       /* named constant of the function's enum: value known */
    VAR_PARAM_CTX, /* const RtContext *: only in contents pages */
    VAR_PARAM_TRAIN_CTX /* const RtTrainContext *: those of training */
} VarKind;

typedef struct Var {
    const char *name;
    VarKind kind;
    Type type;
    int64_t value;  /* VAR_DIM */
    int64_t extent; /* elements behind a pointer or table; 0: unknown (checked at call sites) */
    bool mutable_;  /* local that Set changes */
    const int *table; /* VAR_TABLE: `extent` values */
    int columns;      /* VAR_TABLE: values of a row; 0: not in rows */
    const char *comment; /* VAR_TABLE: printed above it; may be null */
    bool used;      /* set by loop_simplify: parameters and dims that nothing reads are dropped by the emitter's care,
                       dims by the printer */
} Var;

typedef enum ExprKind {
    EX_INT, EX_FLOAT, EX_VAR,
    EX_LOAD,    /* var[a]: scalar, int (tables) or vector (unaligned-safe load of lanes floats) */
    EX_ADDRESS, /* var + a: a pointer argument of a call */
    EX_SPLAT,   /* scalar f32 -> vector */
    EX_ADD, EX_SUB, EX_MUL, EX_DIV, EX_MOD, EX_MIN, EX_MAX, /* ints truncate as in C; MIN, MAX: (a < b ? a : b) on floats */
    EX_FMA,     /* a * b + c, fused: vectors only */
    EX_NEG, EX_SQRT,
    EX_LANES,   /* lanes ival, ival + 1, ... of a followed by b: vectors only */
    EX_WHERE_LT, EX_WHERE_LE, /* c in those lanes where a < b, a <= b, else 0: vectors only */
    EX_LT, EX_LE, EX_EQ, EX_AND, /* scalars -> int */
    EX_SELECT,  /* a ? b : c, scalar */
    EX_CONVERT, /* a to `type` */
    EX_CALL     /* callee(args...): pure function of rt.h on scalars, e.g. rt_exp */
} ExprKind;

typedef struct Expr Expr;
struct Expr {
    ExprKind kind;
    Type type;
    Expr *a, *b, *c;
    Var *var;
    int64_t ival;
    double fval;
    const char *callee; /* EX_CALL: one argument a, or two a, b */
};

typedef enum StmtKind {
    ST_FOR, ST_LET, ST_VAR, ST_SET, ST_STORE, ST_ADVANCE, ST_CALL, ST_IF, ST_COMMENT, ST_SWITCH, ST_BLANK, ST_PREFETCH
} StmtKind;
typedef struct Stmt Stmt;
typedef LIST(Stmt *) Body;
typedef struct Func Func;
typedef struct Case {
    int64_t value;
    const char *comment; /* may be null */
    Stmt *stmt;
} Case;
struct Stmt {
    StmtKind kind;
    Var *var;           /* for, let, var, set, store (pointer), advance (pointer), prefetch */
    Expr *from, *to;    /* for: [from, to) */
    int64_t step;       /* for */
    bool unroll;        /* for: RT_UNROLL before it */
    Expr *index;        /* store, prefetch; advance: by how many elements; if: condition; switch: selector */
    Expr *value;        /* let, var, set, store */
    Body body, other;   /* for, if/else */
    Func *func;         /* call of a function of this unit ... */
    const char *callee; /* ... or of rt.h */
    Expr **args;
    int n_args;
    const char *text;   /* comment */
    LIST(Case) cases;   /* switch */
};

struct Func {
    const char *name, *comment; /* comment: lines separated by \n, printed above */
    const char *key;    /* what makes it distinct: unit_find_func shares by it */
    const char *base;   /* its name without the number that makes it unique */
    LIST(Var *) params;
    LIST(Var *) dims;   /* VAR_DIM in the order declared */
    LIST(Var *) arrays; /* VAR_ARRAY */
    LIST(Var *) tables; /* VAR_TABLE that it alone reads, printed before it */
    Body body;
    Type vector;        /* TY_V8/TY_V16: needs the target's instructions; TY_F32: plain C */
    bool external;      /* not static */
    bool packs;         /* packs weights: plain C on all targets.  C compilers are to keep its calls as calls, as those of vectors */
    bool loads;         /* the page of those calls */
};

typedef struct Unit { /* a translation unit's worth of functions and tables, in order of definition */
    Arena *arena;
    LIST(Func *) funcs;
    LIST(Var *) tables;
} Unit;

Unit *unit_new(Arena *a);
/* A new function appended to the unit.  Names are made unique. */
Func *unit_func(Unit *u, const char *key, const char *name, const char *comment, Type vector);
Func *unit_find_func(Unit *u, const char *key); /* null when there is none */
Var *unit_table(Unit *u, const char *name, const int *values, int n); /* equal tables are shared */

/* A function that is appended to the unit later, by unit_append: a page that calls what comes before it.
 * Its name is kept as it is. */
Func *unit_func_later(Unit *u, const char *key, const char *name, const char *comment, Type vector);
void unit_append(Unit *u, Func *f);
const char *unit_unique_name(Unit *u, const char *name); /* name, or name_2, name_3, ... */

/* Inside a function. L is the place statements go to: a stack of bodies. */
typedef struct Lower {
    Unit *unit;
    Func *func;
    LIST(Body *) stack; /* the last is where statements are appended */
} Lower;
Lower *lower_new(Unit *u, Func *f);

Var *loop_param(Lower *l, VarKind kind, const char *name, int64_t extent);
/* A pointer member of the step's context, `c->arena`: stands for itself, nothing is declared. */
Var *loop_context(Lower *l, const Var *context, const char *member, bool out, int64_t extent);
Var *loop_context_int(Lower *l, const Var *context, const char *member);
Var *loop_context_ints(Lower *l, const Var *context, const char *member, int64_t extent); /* const int * */
/* An array of pointers, each to as many floats as its entry of `extents` says. */
Var *loop_context_rows(Lower *l, const Var *context, const char *member, const int *extents, int n);
Var *loop_dim(Lower *l, const char *name, int64_t value); /* enum { name = value }; same name and value: shared */
Var *loop_array(Lower *l, Type type, const char *name, int64_t n); /* type name[n], of the function, not initialised */
/* A table of the function: n rows of `columns` values, the comment (may be null) above it; equal ones are shared. */
Var *loop_table(Lower *l, const char *name, const char *comment, const int *values, int n, int columns);
/* Elements that a load or store of `type` takes: lanes, or one of an array, which has elements of that type. */
int loop_elements(const Var *pointer, Type type);

Expr *loop_int(Lower *l, int64_t v);
Expr *loop_f32(Lower *l, double v);
Expr *loop_f64(Lower *l, double v);
Expr *loop_var(Lower *l, Var *v);   /* reads a local, a parameter or a dim */
Expr *loop_load(Lower *l, Type type, Var *pointer, Expr *index);
Expr *loop_address(Lower *l, Var *pointer, Expr *index);
Expr *loop_splat(Lower *l, Type vector, Expr *scalar);
Expr *loop_bin(Lower *l, ExprKind kind, Expr *a, Expr *b); /* ADD SUB MUL DIV MOD MIN MAX LT LE EQ AND */
Expr *loop_fma(Lower *l, Expr *a, Expr *b, Expr *c);
Expr *loop_sqrt(Lower *l, Expr *a);
/* As many lanes as a has, from lane `first` on, of a followed by b: the channels behind those of a. */
Expr *loop_lanes(Lower *l, Expr *a, Expr *b, int first);
/* c where a `order` b (EX_LT or EX_LE), else 0: by lanes. */
Expr *loop_where(Lower *l, ExprKind order, Expr *a, Expr *b, Expr *c);
Expr *loop_select(Lower *l, Expr *cond, Expr *yes, Expr *no);
Expr *loop_convert(Lower *l, Type to, Expr *a);
Expr *loop_call_pure(Lower *l, const char *callee, Type type, Expr *a, Expr *b);
/* rt_begin(units, part, parts): the first unit of a part, in [0, units]. */
Expr *loop_rt_begin(Lower *l, Expr *units, Expr *part, Expr *parts);
/* The value of an int expression over constants and dims. */
bool loop_value(const Expr *e, int64_t *v);
bool loop_same(const Expr *a, const Expr *b); /* the same tree */
#define loop_add(l, a, b) loop_bin(l, EX_ADD, a, b)
#define loop_sub(l, a, b) loop_bin(l, EX_SUB, a, b)
#define loop_mul(l, a, b) loop_bin(l, EX_MUL, a, b)
#define loop_div(l, a, b) loop_bin(l, EX_DIV, a, b)
#define loop_max(l, a, b) loop_bin(l, EX_MAX, a, b)
#define loop_min(l, a, b) loop_bin(l, EX_MIN, a, b)

/* Statements, appended at the place. */
Var *loop_let(Lower *l, const char *name, Expr *value);             /* const T name = value; pointers too (EX_ADDRESS), into tables as well */
Var *loop_mut(Lower *l, const char *name, Expr *value);             /* T name = value; changed by loop_set */
Var *loop_pointer(Lower *l, const char *name, Expr *address, bool out); /* [const] float *name = address; changed by loop_advance */
void loop_set(Lower *l, Var *v, Expr *value);
void loop_store(Lower *l, Var *pointer, Expr *index, Expr *value);
void loop_advance(Lower *l, Var *pointer, Expr *elements);          /* pointer += elements */
void loop_prefetch(Lower *l, const Var *pointer, Expr *index);      /* into L2; the address may lie anywhere */
void loop_append(Lower *l, Stmt *s);                                /* one that was made elsewhere */
Var *loop_for_begin(Lower *l, const char *name, Expr *from, Expr *to, int64_t step);
/* The loop just begun, of a multiple of four trips: where it pays compilers write four out. */
void loop_unroll(Lower *l);
void loop_for_end(Lower *l);
void loop_if_begin(Lower *l, Expr *cond);
void loop_else(Lower *l);
void loop_if_end(Lower *l);
void loop_call(Lower *l, Func *f, Expr *const *args, int n);
void loop_call_rt(Lower *l, const char *callee, Expr *const *args, int n);
void loop_comment(Lower *l, const char *text);
void loop_blank(Lower *l);
Stmt *loop_switch(Lower *l, Expr *selector);
/* Adds a case whose single statement is built by what follows until loop_case_end. */
void loop_case_begin(Lower *l, Stmt *sw, int64_t value, const char *comment);
void loop_case_end(Lower *l);

/* Removes one-trip loops, dead lets, ifs with a known condition, empty loops. */
void loop_simplify(Unit *u);
/* ICE when an address can leave the array it names: interval arithmetic over loop ranges, leaves at every
 * call site with that call's arguments. */
void loop_verify(Unit *u);
void loop_print(const Unit *u, FILE *f); /* --dump=loops */
#endif

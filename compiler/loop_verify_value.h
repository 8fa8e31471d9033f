/* What loop_verify holds of a unit's variables, and the values of expressions by it.  Statements are loop_verify.c's,
 * calls loop_verify_call.c's. */
#ifndef INCEPTC_LOOP_VERIFY_VALUE_H
#define INCEPTC_LOOP_VERIFY_VALUE_H
#include "diag.h"
#include "loop.h"
#include "loop_range.h"

enum { WALKED_CHAINS = 1024 };
enum { UNCHECKED = -1 /* a Fact's extent: nothing is known */, DEEPEST_CALL = 64 };

typedef struct Fact { /* what a variable stands for */
    const Var *var;
    Lin at;            /* an int; a pointer: elements from the start of `base` */
    const Var *base;   /* pointers: the array named in messages and its extent */
    int64_t extent;
    bool bound;        /* an int: `at` is what was given; not bound is an int of the context, any number at each reading */
    int64_t low, high; /* UNCHECKED: the elements of `var` that verify_reach was asked about */
} Fact;

typedef struct Walked Walked; /* a function that has been walked: loop_verify_call.c */

typedef struct Verify {
    Arena *arena;
    Range r;
    Fact **facts; /* open addressing by address */
    int n_facts, cap_facts;
    Walked *walked[WALKED_CHAINS]; /* by the hash of what is walked with what */
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

Fact *verify_fact(Verify *v, const Var *var);
bool verify_is_pointer(const Var *v);
Lin verify_anything(Verify *v);
/* The range of an int, having checked every load in e; other types give 0. */
Lin verify_value(Verify *v, const Expr *e);
/* Elements [at, at + lanes) of `pointer` lie in its array, and `at` is a C int. */
void verify_access(Verify *v, const Var *pointer, const Lin *at, int lanes);
/* Takes `cond` to be `truth` until range_forget.  False: it cannot be. */
bool verify_assume(Verify *v, const Expr *cond, bool truth);
/* Whether elements [lo, hi] of the array behind f are known to be there.  Of an UNCHECKED one that is taken to be so, and noted. */
bool verify_reach(Verify *v, const Fact *f, int64_t lo, int64_t hi);
void verify_bind_int(Verify *v, const Var *var, Lin at);
/* A local, or a parameter, gets a value; a call is made. */
void verify_bind(Verify *v, const Var *var, const Expr *value);
void verify_call(Verify *v, const Stmt *s);
void verify_body(Verify *v, const Body *b); /* walks a function's: loop_verify.c */
/* For messages: the function that is walked and who calls it; a bound. */
const char *verify_chain_text(const Verify *v);
const char *verify_number(const Verify *v, int64_t n);
#endif

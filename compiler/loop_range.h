/* What loop_verify knows of ints: affine forms over symbols, and affine bounds of symbols.
 *
 * A symbol is a loop's trip, an unknown parameter, or the result of something that is not affine (a
 * division, a choice, a table entry).  Its bounds are affine in older symbols, so the largest value of a
 * form is found by replacing the newest symbol by a bound until only a number is left.  So
 *     for (iy = max(oy - 1, 0); iy < min(oy + 2, H); iy++)   gives   0 <= iy <= H - 1   whatever oy is. */
#ifndef INCEPTC_LOOP_RANGE_H
#define INCEPTC_LOOP_RANGE_H
#include "arena.h"
#include <stdbool.h>
#include <stdint.h>

#define RANGE_FAR ((int64_t)1 << 60) /* stands for infinity; sums and products stop there */
enum { LIN_TERMS = 8, SYM_BOUNDS = 6 };

typedef struct Lin { /* c + sum of k * symbol, symbols ascending */
    int64_t c;
    int n;
    int sym[LIN_TERMS];
    int64_t k[LIN_TERMS];
} Lin;

typedef struct Bound { /* k * symbol >= e, or <= e; k > 0 */
    int64_t k;
    Lin e;
} Bound;

typedef struct Sym {
    Bound low[SYM_BOUNDS], high[SYM_BOUNDS];
    int n_low, n_high;
    int64_t lo, hi; /* plain interval, for the quick answer */
} Sym;

typedef struct Trail { /* a bound that range_forget takes back */
    int sym;
    bool high;
    int64_t lo, hi;
} Trail;

typedef struct Range {
    Arena *arena;
    LIST(Sym) syms;
    LIST(Trail) trail;
} Range;

Lin lin_int(int64_t c);
bool lin_is_int(const Lin *a, int64_t *v);
bool lin_equal(const Lin *a, const Lin *b);
bool lin_older(const Lin *a, int mark); /* every symbol is older than number `mark` */

/* A new symbol in [lo, hi]; range_low and range_high tighten it: k * symbol >= e, <= e. */
Lin range_symbol(Range *r, int64_t lo, int64_t hi);
void range_low(Range *r, const Lin *symbol, int64_t k, Lin e);
void range_high(Range *r, const Lin *symbol, int64_t k, Lin e);

Lin range_add(Range *r, const Lin *a, const Lin *b);
Lin range_sub(Range *r, const Lin *a, const Lin *b);
Lin range_mul(Range *r, const Lin *a, const Lin *b);
Lin range_div(Range *r, const Lin *a, const Lin *b); /* truncates, as C */
Lin range_mod(Range *r, const Lin *a, const Lin *b);
Lin range_min(Range *r, const Lin *a, const Lin *b);
Lin range_max(Range *r, const Lin *a, const Lin *b);
Lin range_either(Range *r, const Lin *a, const Lin *b); /* one of the two, not known which */

int64_t range_lowest(const Range *r, const Lin *a);
int64_t range_highest(const Range *r, const Lin *a);

/* Takes a >= 0 as true until range_forget(mark), where mark was r->trail.n.  False: it cannot be. */
bool range_assume(Range *r, const Lin *a);
void range_forget(Range *r, int mark);
#endif

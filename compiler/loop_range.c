#include "loop_range.h"
#include "diag.h"
#include <string.h>

/* ---- Numbers that stop at RANGE_FAR ---- */

static int64_t clamp(__int128 v) { return v > RANGE_FAR ? RANGE_FAR : v < -RANGE_FAR ? -RANGE_FAR : (int64_t)v; }
static int64_t plus(int64_t a, int64_t b) { return clamp((__int128)a + b); }
static int64_t times(int64_t a, int64_t b) { return clamp((__int128)a * b); }
static bool is_far(int64_t v) { return v >= RANGE_FAR || v <= -RANGE_FAR; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t floor_div(int64_t a, int64_t k)
{
    if (is_far(a))
        return a;
    return a / k - (a % k < 0);
}

static int64_t ceil_div(int64_t a, int64_t k) { return -floor_div(-a, k); }

/* ---- Forms ---- */

/* The terms behind the last are not set: forms are made and copied more often than anything else. */
Lin lin_int(int64_t c)
{
    Lin out;
    out.c = c;
    out.n = 0;
    return out;
}

bool lin_is_int(const Lin *a, int64_t *v)
{
    *v = a->c;
    return a->n == 0;
}

bool lin_equal(const Lin *a, const Lin *b)
{
    size_t n = (size_t)a->n;
    return a->c == b->c && a->n == b->n && memcmp(a->sym, b->sym, n * sizeof *a->sym) == 0 &&
           memcmp(a->k, b->k, n * sizeof *a->k) == 0;
}

bool lin_older(const Lin *a, int mark) { return a->n == 0 || a->sym[a->n - 1] < mark; }

/* out = a + k * b; false when it has too many terms. */
static bool combine(Lin *out, const Lin *a, int64_t k, const Lin *b)
{
    *out = lin_int(plus(a->c, times(k, b->c)));
    for (int i = 0, j = 0; i < a->n || j < b->n;) {
        int s = j == b->n || (i < a->n && a->sym[i] < b->sym[j]) ? a->sym[i] : b->sym[j];
        int64_t c = 0;
        if (i < a->n && a->sym[i] == s)
            c = a->k[i++];
        if (j < b->n && b->sym[j] == s)
            c = plus(c, times(k, b->k[j++]));
        if (c == 0)
            continue;
        if (out->n == LIN_TERMS)
            return false;
        out->sym[out->n] = s;
        out->k[out->n++] = c;
    }
    return true;
}

static Lin scale(const Lin *a, int64_t k)
{
    Lin zero = lin_int(0), out;
    CHECK(combine(&out, &zero, k, a));
    return out;
}

/* ---- Extremes ---- */

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

static int64_t quick_highest(const Range *r, const Lin *a)
{
    int64_t v = a->c;
    for (int i = 0; i < a->n; i++) {
        const Sym *s = &r->syms.at[a->sym[i]];
        int64_t at = a->k[i] > 0 ? s->hi : s->lo;
        if (is_far(at))
            return RANGE_FAR;
        v = plus(v, times(a->k[i], at));
    }
    return v;
}

static int64_t highest(const Range *r, const Lin *a);

/* a = rest + k * s with the bound b of s put in: m * a <= m * rest + (m * k / b.k) * b.e for the least m
 * that makes the factor whole. */
static int64_t through(const Range *r, const Lin *rest, int64_t k, const Bound *b)
{
    int64_t x = divisor(k, b->k), m = b->k / x;
    Lin whole = scale(rest, m), sum;
    if (!combine(&sum, &whole, k / x, &b->e))
        return RANGE_FAR;
    return floor_div(highest(r, &sum), m);
}

static int64_t highest(const Range *r, const Lin *a)
{
    int64_t best = quick_highest(r, a);
    if (a->n == 0)
        return best;
    Lin rest = *a;
    int64_t k = rest.k[--rest.n];
    const Sym *s = &r->syms.at[a->sym[a->n - 1]];
    int64_t edge = k > 0 ? s->hi : s->lo;
    if (a->n > 1 && !is_far(edge))
        best = least(best, plus(highest(r, &rest), times(k, edge)));
    for (int i = 0; i < (k > 0 ? s->n_high : s->n_low); i++)
        best = least(best, through(r, &rest, k, k > 0 ? &s->high[i] : &s->low[i]));
    return best;
}

int64_t range_highest(const Range *r, const Lin *a) { return highest(r, a); }

int64_t range_lowest(const Range *r, const Lin *a)
{
    Lin minus = scale(a, -1);
    return -highest(r, &minus);
}

/* ---- Symbols ---- */

Lin range_symbol(Range *r, int64_t lo, int64_t hi)
{
    Lin out = { .n = 1, .sym = { r->syms.n }, .k = { 1 } };
    LIST_PUSH(r->arena, &r->syms, ((Sym){ .lo = lo, .hi = hi }));
    return out;
}

static Sym *symbol_of(Range *r, const Lin *s)
{
    CHECK(s->n == 1 && s->k[0] == 1 && s->c == 0);
    return &r->syms.at[s->sym[0]];
}

/* k s <= e (or >=, low) between whole numbers: 4 s <= 3 - 4 t says s <= 0 - t. */
static Bound tighten(int64_t k, Lin e, bool low)
{
    int64_t g = k;
    for (int i = 0; i < e.n; i++)
        g = divisor(g, e.k[i]);
    for (int i = 0; i < e.n; i++)
        e.k[i] /= g;
    e.c = low ? ceil_div(e.c, g) : floor_div(e.c, g);
    return (Bound){ k / g, e };
}

void range_low(Range *r, const Lin *symbol, int64_t k, Lin e)
{
    Sym *s = symbol_of(r, symbol);
    s->lo = most(s->lo, ceil_div(range_lowest(r, &e), k));
    if (e.n && s->n_low < SYM_BOUNDS)
        s->low[s->n_low++] = tighten(k, e, true);
}

void range_high(Range *r, const Lin *symbol, int64_t k, Lin e)
{
    Sym *s = symbol_of(r, symbol);
    s->hi = least(s->hi, floor_div(highest(r, &e), k));
    if (e.n && s->n_high < SYM_BOUNDS)
        s->high[s->n_high++] = tighten(k, e, false);
}

bool range_assume(Range *r, const Lin *a)
{
    if (highest(r, a) < 0)
        return false;
    if (a->n == 0)
        return true;
    Lin rest = *a;
    int64_t k = rest.k[--rest.n];
    Lin s = { .n = 1, .sym = { a->sym[a->n - 1] }, .k = { 1 } };
    Sym *sym = symbol_of(r, &s);
    if (k > 0 ? sym->n_low == SYM_BOUNDS : sym->n_high == SYM_BOUNDS)
        return true;
    LIST_PUSH(r->arena, &r->trail, ((Trail){ s.sym[0], k < 0, sym->lo, sym->hi }));
    int before = k < 0 ? sym->n_high : sym->n_low;
    if (k > 0)
        range_low(r, &s, k, scale(&rest, -1));
    else
        range_high(r, &s, -k, rest);
    if (before == (k < 0 ? sym->n_high : sym->n_low)) /* a plain number: kept as a bound, so that it can be taken back */
        *(k < 0 ? &sym->high[sym->n_high++] : &sym->low[sym->n_low++]) =
            (Bound){ k < 0 ? -k : k, k < 0 ? rest : scale(&rest, -1) };
    return sym->lo <= sym->hi;
}

void range_forget(Range *r, int mark)
{
    while (r->trail.n > mark) {
        Trail t = r->trail.at[--r->trail.n];
        Sym *s = &r->syms.at[t.sym];
        if (t.high)
            s->n_high--;
        else
            s->n_low--;
        s->lo = t.lo;
        s->hi = t.hi;
    }
}

/* ---- Operations ---- */

static Lin interval(Range *r, const Lin *a, int64_t k, const Lin *b)
{
    Lin out;
    if (combine(&out, a, k, b))
        return out;
    Lin kb = scale(b, k);
    return range_symbol(r, plus(range_lowest(r, a), range_lowest(r, &kb)),
                        plus(range_highest(r, a), range_highest(r, &kb)));
}

Lin range_add(Range *r, const Lin *a, const Lin *b) { return interval(r, a, 1, b); }
Lin range_sub(Range *r, const Lin *a, const Lin *b) { return interval(r, a, -1, b); }

Lin range_mul(Range *r, const Lin *a, const Lin *b)
{
    int64_t k;
    if (lin_is_int(b, &k))
        return scale(a, k);
    if (lin_is_int(a, &k))
        return scale(b, k);
    int64_t x[2] = { range_lowest(r, a), range_highest(r, a) }, y[2] = { range_lowest(r, b), range_highest(r, b) };
    int64_t lo = RANGE_FAR, hi = -RANGE_FAR;
    for (int i = 0; i < 4; i++) {
        lo = least(lo, times(x[i / 2], y[i % 2]));
        hi = most(hi, times(x[i / 2], y[i % 2]));
    }
    return range_symbol(r, lo, hi);
}

/* Divisors that are not one positive number leave no more than the size of a. */
static Lin within(Range *r, const Lin *a)
{
    int64_t lo = range_lowest(r, a), hi = range_highest(r, a), far = most(hi, -lo);
    return range_symbol(r, lo < 0 ? -far : 0, hi > 0 || lo < 0 ? far : 0);
}

Lin range_div(Range *r, const Lin *a, const Lin *b)
{
    int64_t k, lo = range_lowest(r, a), hi = range_highest(r, a);
    if (!lin_is_int(b, &k) || k <= 0)
        return within(r, a);
    if (a->n == 0)
        return lin_int(a->c / k);
    Lin q = range_symbol(r, is_far(lo) ? lo : lo / k, is_far(hi) ? hi : hi / k);
    if (lo >= 0) { /* k q <= a <= k q + k - 1 */
        Lin past = lin_int(k - 1), above = range_sub(r, a, &past);
        range_high(r, &q, k, *a);
        range_low(r, &q, k, above);
    }
    return q;
}

Lin range_mod(Range *r, const Lin *a, const Lin *b)
{
    int64_t k, lo = range_lowest(r, a), hi = range_highest(r, a);
    if (!lin_is_int(b, &k) || k <= 0)
        return within(r, a);
    if (lo >= 0 && hi < k)
        return *a;
    if (lo >= 0 && !is_far(hi) && lo / k == hi / k) {
        Lin whole = lin_int(lo / k * k);
        return range_sub(r, a, &whole);
    }
    Lin m = range_symbol(r, lo < 0 ? 1 - k : 0, k - 1);
    if (lo >= 0)
        range_high(r, &m, 1, *a);
    return m;
}

Lin range_min(Range *r, const Lin *a, const Lin *b)
{
    Lin d = range_sub(r, a, b);
    if (range_highest(r, &d) <= 0)
        return *a;
    if (range_lowest(r, &d) >= 0)
        return *b;
    Lin m = range_symbol(r, least(range_lowest(r, a), range_lowest(r, b)), RANGE_FAR);
    range_high(r, &m, 1, *a);
    range_high(r, &m, 1, *b);
    return m;
}

Lin range_max(Range *r, const Lin *a, const Lin *b)
{
    Lin x = scale(a, -1), y = scale(b, -1), m = range_min(r, &x, &y);
    return scale(&m, -1);
}

Lin range_either(Range *r, const Lin *a, const Lin *b)
{
    if (lin_equal(a, b))
        return *a;
    return range_symbol(r, least(range_lowest(r, a), range_lowest(r, b)), most(range_highest(r, a), range_highest(r, b)));
}

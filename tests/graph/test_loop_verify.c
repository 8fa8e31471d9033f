/* What keeps generated code inside its arrays: a function called from several places is right at one and wrong at another, and
 * each wrong one is found.  The judge is the text of each test: so many elements, so many walked. */
#include "../../compiler/loop.h"
#include "../suite.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ELEMENTS = 100, TEXT = 1000 };

typedef struct Made { /* a page that calls what is tried, and an array of ELEMENTS floats of its context */
    Arena *arena;
    Unit *unit;
    Func *page;
    Lower *l; /* in the page */
    Var *array, *context;
} Made;

static Made make(void)
{
    Made m = { .arena = arena_new() };
    m.unit = unit_new(m.arena);
    m.page = unit_func_later(m.unit, "page", "page", NULL, TY_F32);
    m.l = lower_new(m.unit, m.page);
    m.context = loop_param(m.l, VAR_PARAM_CTX, "c", 0);
    m.array = loop_context(m.l, m.context, "arena", true, ELEMENTS);
    return m;
}

/* Whether the page can be shown to stay inside; else `text` is what inceptc says. */
static bool verified(Made *m, char text[TEXT])
{
    unit_append(m->unit, m->page);
    int ends[2];
    CU_ASSERT_FATAL(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        loop_verify(m->unit);
        _exit(0);
    }
    close(ends[1]);
    ssize_t n, all = 0;
    while ((n = read(ends[0], text + all, (size_t)(TEXT - 1 - all))) > 0)
        all += n;
    text[all] = 0;
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    arena_release(m->arena);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void stays(Made m)
{
    char text[TEXT];
    CU_ASSERT(verified(&m, text));
    CU_ASSERT_STRING_EQUAL(text, "");
}

static void leaves(Made m, const char *message)
{
    char text[TEXT];
    CU_ASSERT_FALSE(verified(&m, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, message));
    if (!strstr(text, message))
        fprintf(stderr, "expected: %s\nfound: %s\n", message, text);
}

/* fill(x, n): x[i] = 0 for i in [0, n).  `extent` is what x says of itself, 0 for nothing. */
static Func *fill(Made *m, int extent)
{
    Func *f = unit_func(m->unit, "fill", "fill", NULL, TY_F32);
    Lower *l = lower_new(m->unit, f);
    Var *x = loop_param(l, VAR_PARAM_OUT, "x", extent), *n = loop_param(l, VAR_PARAM_INT, "n", 0);
    Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_var(l, n), 1);
    loop_store(l, x, loop_var(l, i), loop_f32(l, 0));
    loop_for_end(l);
    return f;
}

static void call_at(Made *m, Func *f, Expr *at, Expr *n)
{
    Expr *args[] = { loop_address(m->l, m->array, at), n };
    loop_call(m->l, f, args, 2);
}

static void call(Made *m, Func *f, int at, int n) { call_at(m, f, loop_int(m->l, at), loop_int(m->l, n)); }

/* fill(arena + at[k], n[k]) twice; `extent` is what fill says of its array. */
static Made two_calls(int extent, const int at[2], const int n[2])
{
    Made m = make();
    Func *f = fill(&m, extent);
    for (int k = 0; k < 2; k++)
        call(&m, f, at[k], n[k]);
    return m;
}
#define CALLS(extent, at, n, then_at, then_n) two_calls(extent, (int[]){ at, then_at }, (int[]){ n, then_n })

static void every_call_is_checked(void)
{
    stays(CALLS(0, 0, 50, 50, 50));
    stays(CALLS(0, 0, 50, 0, 100));
    leaves(CALLS(0, 0, 50, 51, 50), "in fill, called from page: x[51 .. 100] leaves 'c->arena', which has 100 elements");
    leaves(CALLS(0, 0, 100, 0, 101), "x[0 .. 100] leaves 'c->arena'");
    leaves(CALLS(0, 10, 50, -1, 50), "x[-1 .. 48] leaves 'c->arena'");
}

static void arrays_with_a_length_lie_in_the_callers(void)
{
    stays(CALLS(25, 0, 25, 75, 25));
    leaves(CALLS(25, 0, 25, 76, 25), "in page: 'x' needs 25 elements from [76 .. 76] of 'c->arena', which has 100");
    leaves(CALLS(25, 0, 25, 0, 26), "x[0 .. 25] leaves 'x', which has 25 elements");
}

/* for (i = 0; i < trips; i++) fill(arena + i * 25, 25, or with `rest` what lies behind that place) */
static Made in_a_loop(int trips, bool rest)
{
    Made m = make();
    Func *f = fill(&m, 0);
    Var *i = loop_for_begin(m.l, "i", loop_int(m.l, 0), loop_int(m.l, trips), 1);
    Expr *at = loop_mul(m.l, loop_var(m.l, i), loop_int(m.l, 25));
    call_at(&m, f, at, rest ? loop_sub(m.l, loop_int(m.l, ELEMENTS), at) : loop_int(m.l, 25));
    loop_for_end(m.l);
    return m;
}

static void places_that_a_loop_moves(void)
{
    stays(in_a_loop(4, false));
    leaves(in_a_loop(5, false), "x[0 .. 124] leaves 'c->arena'");
    stays(in_a_loop(4, true)); /* lengths that belong to places: neither's own range shows it */
}

/* shifted(y, n): fill(y + 10, n) */
static void calls_within_calls(void)
{
    for (int over = 0; over < 2; over++) {
        Made m = make();
        Func *inner = fill(&m, 0), *f = unit_func(m.unit, "shifted", "shifted", NULL, TY_F32);
        Lower *l = lower_new(m.unit, f);
        Var *y = loop_param(l, VAR_PARAM_OUT, "y", 0), *n = loop_param(l, VAR_PARAM_INT, "n", 0);
        Expr *args[] = { loop_address(l, y, loop_int(l, 10)), loop_var(l, n) };
        loop_call(l, inner, args, 2);
        call(&m, f, 0, 90);
        call(&m, f, 40, 50);
        call(&m, f, 20 + over, 70);
        if (over)
            leaves(m, "in fill, called from shifted, called from page: x[31 .. 100] leaves 'c->arena'");
        else
            stays(m);
    }
}

/* scatter(places, x): x[places[i]] = 0 for i in [0, 3) */
static void tables_are_read(void)
{
    static const int low[] = { 3, 98, 4 }, high[] = { 4, 3, 99 };
    for (int over = 0; over < 2; over++) {
        Made m = make();
        Func *f = unit_func(m.unit, "scatter", "scatter", NULL, TY_F32);
        Lower *l = lower_new(m.unit, f);
        Var *places = loop_param(l, VAR_PARAM_INTS, "places", 0), *x = loop_param(l, VAR_PARAM_OUT, "x", 0);
        Var *i = loop_for_begin(l, "i", loop_int(l, 0), loop_int(l, 3), 1);
        loop_store(l, x, loop_load(l, TY_INT, places, loop_var(l, i)), loop_f32(l, 0));
        loop_for_end(l);
        const int *tables[] = { low, high };
        for (int t = 0; t < 2; t++) {
            Var *table = unit_table(m.unit, "places", tables[t], 3);
            Expr *args[] = { loop_var(m.l, table), loop_address(m.l, m.array, loop_int(m.l, t ? over : 1)) };
            loop_call(m.l, f, args, 2);
        }
        if (over)
            leaves(m, "in scatter, called from page: x[100 .. 100] leaves 'c->arena'");
        else
            stays(m);
    }
}

/* if (c->index + 1 == c->n) x[at] = 0: it can come to that, whatever the two are. */
static Made at_the_last(int at)
{
    Made m = make();
    Lower *l = m.l;
    Expr *index = loop_var(l, loop_context_int(l, m.context, "index")), *n = loop_var(l, loop_context_int(l, m.context, "n"));
    loop_if_begin(l, loop_bin(l, EX_EQ, loop_add(l, index, loop_int(l, 1)), n));
    loop_store(l, m.array, loop_int(l, at), loop_f32(l, 0));
    loop_if_end(l);
    return m;
}

static void ints_of_the_context_are_any(void)
{
    stays(at_the_last(99));
    leaves(at_the_last(100), "in page: c->arena[100 .. 100] leaves 'c->arena'");
}

/* nothing says how long the array of the page is */
static void arrays_without_a_length(void)
{
    Made m = make();
    Func *f = fill(&m, 0);
    m.array->extent = 0;
    call(&m, f, 0, 1);
    leaves(m, "in fill, called from page: nothing says how many elements 'x' has");
}

/* t[i] of a local array of `n` vectors for i in [0, 6): a vector is one element of it, as it is 8 of a pointer's */
static Made local_array(int n)
{
    Made m = make();
    Lower *l = m.l;
    Var *t = loop_array(l, TY_V8, "t", n), *i = loop_for_begin(l, "i", loop_int(l, 0), loop_int(l, 6), 1);
    loop_store(l, t, loop_var(l, i), loop_splat(l, TY_V8, loop_f32(l, 0)));
    loop_store(l, m.array, loop_mul(l, loop_int(l, 16), loop_var(l, i)), loop_load(l, TY_V8, t, loop_var(l, i)));
    loop_for_end(l);
    return m;
}

/* fill(arena + r[0], r[1]) for the rows r of a part's share of n: the entries of one belong together, the greatest of both would not do. */
static Made rows(const int values[4], int n)
{
    Made m = make();
    Func *f = fill(&m, 0);
    Var *table = loop_table(m.l, "rows", NULL, values, 2, 2);
    Expr *part = loop_var(m.l, loop_param(m.l, VAR_PARAM_INT, "part", 0)), *parts = loop_var(m.l, loop_param(m.l, VAR_PARAM_INT, "parts", 0));
    Expr *end = loop_rt_begin(m.l, loop_int(m.l, n), loop_add(m.l, part, loop_int(m.l, 1)), parts);
    Var *i = loop_for_begin(m.l, "i", loop_rt_begin(m.l, loop_int(m.l, n), part, parts), end, 1);
    Var *r = loop_let(m.l, "r", loop_address(m.l, table, loop_mul(m.l, loop_var(m.l, i), loop_int(m.l, 2))));
    call_at(&m, f, loop_load(m.l, TY_INT, r, loop_int(m.l, 0)), loop_load(m.l, TY_INT, r, loop_int(m.l, 1)));
    loop_for_end(m.l);
    return m;
}

static void rows_of_a_table(void)
{
    stays(rows((int[]){ 90, 10, 0, 100 }, 2));
    leaves(rows((int[]){ 90, 10, 1, 100 }, 2), "in fill, called from page: x[1 .. 100] leaves 'c->arena', which has 100 elements");
    leaves(rows((int[]){ 90, 10, 0, 100 }, 3), "in page: r[4 .. 4] leaves 'rows', which has 4 elements");
}

/* Elements in three blocks, the first of which has one more: where a block begins and how long it is go together. */
static Made blocks_of(int small)
{
    Made m = make();
    Lower *l = m.l;
    Func *f = fill(&m, 0);
    Var *u = loop_for_begin(l, "u", loop_int(l, 0), loop_int(l, 6), 1);
    Expr *block = loop_var(l, loop_let(l, "block", loop_div(l, loop_var(l, u), loop_int(l, 2)))), *one = loop_int(l, 1);
    Var *first = loop_let(l, "first", loop_add(l, loop_mul(l, block, loop_int(l, small)), loop_min(l, block, one)));
    Var *n = loop_let(l, "n", loop_select(l, loop_bin(l, EX_LT, block, one), loop_int(l, small + 1), loop_int(l, small)));
    call_at(&m, f, loop_var(l, first), loop_var(l, n));
    loop_for_end(l);
    return m;
}

static void lets_that_choose(void)
{
    stays(blocks_of(33));
    leaves(blocks_of(34), "in fill, called from page: x[34 .. 102] leaves 'c->arena', which has 100 elements");
}

static void arrays_of_a_function(void)
{
    stays(local_array(6));
    leaves(local_array(5), "in page: t[0 .. 5] leaves 't', which has 5 elements");
}

int main(void)
{
    const Test tests[] = { TEST(every_call_is_checked), TEST(arrays_with_a_length_lie_in_the_callers), TEST(places_that_a_loop_moves),
        TEST(calls_within_calls), TEST(tables_are_read), TEST(ints_of_the_context_are_any),
        TEST(arrays_without_a_length), TEST(arrays_of_a_function), TEST(rows_of_a_table), TEST(lets_that_choose) };
    return run_tests("loop_verify", tests, sizeof tests / sizeof *tests);
}

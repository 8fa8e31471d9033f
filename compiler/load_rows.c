/* The page of the load phase, short: calls of one packing function that differ in numbers become rows of a table and a loop over
 * them.  No call reads what another writes, so they may come in any order, and each part has a share of every loop. */
#include "lower.h"
#include <limits.h>

enum { FEWEST_ROWS = 4, MOST_ROWS = 1000, MOST_ARGS = 32 }; /* loop_verify tries rows one by one, of 4096 at most */

typedef LIST(Stmt *) Calls; /* of one function */

/* The number of an argument, or the place that an address has in its array. */
static bool argument_number(const Expr *e, int *n)
{
    const Expr *at = e->kind == EX_ADDRESS ? e->a : e;
    if (at->kind != EX_INT || at->ival < INT_MIN || at->ival > INT_MAX)
        return false;
    *n = (int)at->ival;
    return true;
}

static int number(const Calls *c, int row, int arg)
{
    int n = 0;
    CHECK(argument_number(c->at[row]->args[arg], &n));
    return n;
}

static bool is_row(const Stmt *s)
{
    int n;
    bool numbers = s->kind == ST_CALL && s->func && s->n_args <= MOST_ARGS;
    for (int i = 0; numbers && i < s->n_args; i++)
        numbers = argument_number(s->args[i], &n);
    return numbers;
}

typedef struct Column { /* what stands for an argument: entry `at` of the row, plus `plus`; at < 0: `plus` alone */
    int at, plus;
} Column;

typedef struct Rows {
    Column of[MOST_ARGS]; /* by argument */
    int arg[MOST_ARGS];   /* by column: whose numbers it has */
    int n;                /* columns */
} Rows;

static const Var *array_of(const Calls *c, int arg) { return c->at[0]->args[arg]->var; }

/* Is argument `arg` always as much more than column k?  Only places in one array are compared so; others must be equal. */
static bool follows(const Calls *c, const Rows *r, int arg, int k, int *plus)
{
    *plus = number(c, 0, arg) - number(c, 0, r->arg[k]);
    if (array_of(c, arg) != array_of(c, r->arg[k]) || (*plus && !array_of(c, arg)))
        return false;
    for (int i = 1; i < c->n; i++)
        if (number(c, i, arg) - number(c, i, r->arg[k]) != *plus)
            return false;
    return true;
}

static bool is_constant(const Calls *c, int arg)
{
    for (int i = 1; i < c->n; i++)
        if (number(c, i, arg) != number(c, 0, arg))
            return false;
    return true;
}

static Column column(const Calls *c, Rows *r, int arg)
{
    int plus;
    if (is_constant(c, arg))
        return (Column){ -1, number(c, 0, arg) };
    for (int k = 0; k < r->n; k++)
        if (follows(c, r, arg, k, &plus))
            return (Column){ k, plus };
    r->arg[r->n] = arg;
    return (Column){ r->n++, 0 };
}

/* Its comment names the columns. */
static Var *rows_table(Lower *l, const Calls *c, const Rows *r)
{
    Arena *a = l->unit->arena;
    const Func *f = c->at[0]->func;
    int *values = ARENA_ARRAY(a, c->n * r->n, int);
    const char *names = "";
    for (int k = 0; k < r->n; k++) {
        names = arena_printf(a, "%s%s%s", names, k ? ", " : "", f->params.at[r->arg[k]]->name);
        for (int i = 0; i < c->n; i++)
            values[i * r->n + k] = number(c, i, r->arg[k]);
    }
    return loop_table(l, arena_printf(a, "%s_rows", f->name), arena_printf(a, "A call each: %s.", names), values, c->n, r->n);
}

static Expr *argument(Lower *l, const Expr *like, const Column *c, Var *row)
{
    Expr *n = loop_int(l, c->plus);
    if (c->at >= 0)
        n = loop_add(l, loop_load(l, TY_INT, row, loop_int(l, c->at)), n);
    return like->kind == EX_ADDRESS ? loop_address(l, like->var, n) : n;
}

/* Begins a loop over the share that a part has of n things. */
static Var *share_begin(const LoadLower *c, const char *name, int n)
{
    Lower *l = c->page;
    Expr *part = loop_var(l, c->part), *parts = loop_var(l, c->parts);
    Expr *from = loop_rt_begin(l, loop_int(l, n), part, parts), *to = loop_rt_begin(l, loop_int(l, n), loop_add(l, part, loop_int(l, 1)), parts);
    return loop_for_begin(l, name, from, to, 1);
}

static void call_rows(const LoadLower *load, const Calls *c)
{
    Lower *l = load->page;
    const Stmt *s = c->at[0];
    Rows r = { .n = 0 };
    for (int i = 0; i < s->n_args; i++)
        r.of[i] = column(c, &r, i);
    Var *table = rows_table(l, c, &r), *i = share_begin(load, "i", c->n);
    Var *row = loop_let(l, "r", loop_address(l, table, loop_mul(l, loop_var(l, i), loop_int(l, r.n))));
    Expr *args[MOST_ARGS];
    for (int k = 0; k < s->n_args; k++)
        args[k] = argument(l, s->args[k], &r.of[k], row);
    loop_call(l, s->func, args, s->n_args);
    loop_for_end(l);
}

static bool same_func(const Stmt *a, const Stmt *b) { return is_row(a) && is_row(b) && a->func == b->func; }

/* All calls of b's statement i, or none where one came before it. */
static Calls calls_of(Arena *a, const Body *b, int i)
{
    Calls c = { 0 };
    for (int k = 0; k < i; k++)
        if (same_func(b->at[k], b->at[i]))
            return c;
    for (int k = i; k < b->n; k++)
        if (same_func(b->at[k], b->at[i]))
            LIST_PUSH(a, &c, b->at[k]);
    return c;
}

/* Rows of them; those that are too few for a table go to `rest`. */
static void rows_or_rest(const LoadLower *load, const Calls *c, Body *rest)
{
    for (int i = 0; i < c->n; i += MOST_ROWS) {
        Calls some = { .at = c->at + i, .n = c->n - i < MOST_ROWS ? c->n - i : MOST_ROWS };
        if (some.n >= FEWEST_ROWS) {
            call_rows(load, &some);
            continue;
        }
        for (int k = 0; k < some.n; k++)
            LIST_PUSH(load->unit->arena, rest, some.at[k]);
    }
}

/* A case each, or one is the first part's. */
static void share_rest(const LoadLower *c, const Body *rest)
{
    Lower *l = c->page;
    if (rest->n == 1) {
        loop_if_begin(l, loop_bin(l, EX_EQ, loop_var(l, c->part), loop_int(l, 0)));
        loop_append(l, rest->at[0]);
        loop_if_end(l);
    }
    if (rest->n < 2)
        return;
    Stmt *sw = loop_switch(l, loop_var(l, share_begin(c, "u", rest->n)));
    for (int i = 0; i < rest->n; i++) {
        loop_case_begin(l, sw, i, NULL);
        loop_append(l, rest->at[i]);
        loop_case_end(l);
    }
    loop_for_end(l);
}

void load_rows(LoadLower *c)
{
    Body *body = &c->page->func->body, old = *body, rest = { 0 };
    *body = (Body){ 0 };
    for (int i = 0; i < old.n; i++) {
        if (!is_row(old.at[i])) {
            LIST_PUSH(c->unit->arena, &rest, old.at[i]);
            continue;
        }
        Calls calls = calls_of(c->unit->arena, &old, i);
        rows_or_rest(c, &calls, &rest);
    }
    share_rest(c, &rest);
}

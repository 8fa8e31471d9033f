/* fuzz_net.c - any bytes as a net: refused with messages, or a graph whose text and explicit form say the same again, and
 * that the passes, the plan and the loops of every target accept. What parses, the formatter lays out, and once is enough. */
#include "../../compiler/emit_c.h"
#include "../../compiler/fmt.h"
#include "../../compiler/frontend.h"
#include "../../compiler/passes.h"
#include "../../compiler/plan.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static FILE *nowhere;

static void require(int ok)
{
    if (!ok)
        abort();
}

typedef void Printer(const Graph *g, FILE *f);

static char *print(Printer *printer, const Graph *g, size_t *n)
{
    char *text;
    FILE *f = open_memstream(&text, n);
    require(f != NULL);
    printer(g, f);
    fclose(f);
    return text;
}

static Graph *load(Arena *a, const char *text, size_t n)
{
    NetOptions o = { .text = text, .text_size = n, .most_layers = 300 };
    bool file_error;
    return net_load(a, "text.net", &o, &file_error);
}

static void check_texts(Arena *a, const Graph *g)
{
    size_t n, m, k;
    char *text = print(graph_print, g, &n), *explicit_form = print(net_print, g, &m);
    Graph *back = graph_parse(a, diag_add_file("graph", text, n));
    require(back != NULL);
    char *again = print(graph_print, back, &k);
    require(n == k && memcmp(text, again, n) == 0);
    free(again);
    back = load(a, explicit_form, m);
    require(back != NULL);
    again = print(graph_print, back, &k);
    require(n == k && memcmp(text, again, n) == 0);
    free(again);
    free(text);
    free(explicit_form);
}

static void compile(Arena *a, Graph *g)
{
    passes_run_inference(g, &(PassOptions){ .fast = true });
    for (int i = 0; i < n_targets; i++) {
        Plan *p = plan_new(a, g, &targets[i], (PlanOptions){ .numerics = NUMERICS_FAST });
        if (diag_error_count() > 0)
            return; /* too large for an int */
        Unit *u = lower_plan(a, p);
        loop_simplify(u);
        loop_verify(u);
    }
}

static void check_format(Arena *a, const char *text, size_t size)
{
    size_t n, m;
    const char *once = fmt_text(a, diag_add_file("text.net", text, size), &n); /* it checks the tokens itself */
    const char *twice = once ? fmt_text(a, diag_add_file("once.net", once, n), &m) : NULL;
    require(!once || (twice && n == m && memcmp(once, twice, n) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { MOST_NODES = 200 };
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    diag_set_stream(nowhere);
    diag_reset();
    Arena *a = arena_new();
    char *text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, bytes, size);
    Graph *g = load(a, text, size);
    require((g == NULL) == (diag_error_count() > 0));
    if (g && g->nodes.n <= MOST_NODES) {
        graph_verify(g, "elaboration");
        check_texts(a, g);
        compile(a, g);
    }
    diag_reset();
    check_format(a, text, size);
    free(text);
    arena_release(a);
    return 0;
}

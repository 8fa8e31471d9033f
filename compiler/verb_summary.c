/* inceptc summary: one row a network. The judge of `expect` and the first look at a variant. */
#include "driver.h"
#include <string.h>

static int64_t arena_of(Arena *a, Graph *g, const Target *t, PlanOptions o)
{
    PassOptions p = { NULL, NULL, NULL };
    passes_run_inference(g, &p);
    return plan_new(a, g, t, o)->arena_bytes;
}

int verb_summary(const Options *o, Arena *a)
{
    const Target *t = o->target && target_find(o->target) ? target_find(o->target) : &targets[n_targets - 1];
    printf("%-30s %-12s %14s %14s %16s %14s\n", "network", "input", "parameters", "aux parameters", "MACs", "arena bytes");
    for (int i = 0; i < o->inputs.n; i++) {
        bool file_error = false;
        Graph *g = net_load(a, o->inputs.at[i], &o->net, &file_error);
        if (!g)
            return file_error ? EXIT_FILE : EXIT_INPUT;
        Totals s = graph_totals(g);
        int64_t arena_bytes = arena_of(a, g, t, o->plan);
        if (diag_error_count() > 0)
            return EXIT_INPUT;
        const char *input = shape_text(a, &g->input->shape);
        printf("%-30s %-12s %14lld %14lld %16lld %14lld\n", g->name, input, (long long)s.params,
               (long long)s.aux_params, (long long)s.macs, (long long)arena_bytes);
    }
    return EXIT_OK;
}

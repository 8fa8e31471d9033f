/* inceptc summary: a network as a tree of its layers; of several networks one row each.  The judge of `expect` and the first look at a variant. */
#include "driver.h"
#include "report/report_load.h"
#include "report/terminal.h"

static void table_head(void)
{
    printf("%-30s %-12s %14s %14s %16s %14s\n", "network", "input", "parameters", "aux parameters", "MACs", "arena bytes");
}

static void table_row(Arena *a, const Summary *s)
{
    const Layers *l = s->layers;
    const Totals *t = &l->totals;
    printf("%-30s %-12s %14lld %14lld %16lld %14lld\n", l->graph->name, shape_text(a, &l->graph->input->shape), (long long)t->params,
           (long long)t->aux_params, (long long)t->macs, (long long)l->plan->arena_bytes);
}

/* The i-th of all networks. */
static void print_one(const Options *o, Arena *a, const Summary *s, int i)
{
    bool several = o->inputs.n > 1;
    if (o->json) {
        printf("%s", !several ? "" : i ? ",\n" : "[\n");
        summary_json(s, stdout);
        printf("%s", !several ? "\n" : i == o->inputs.n - 1 ? "\n]\n" : "");
    } else if (o->csv) {
        if (i == 0)
            summary_csv_head(stdout);
        summary_csv(s, stdout);
    } else if (several) {
        if (i == 0)
            table_head();
        table_row(a, s);
    } else {
        summary_tree(s, o->depth, terminal_width(), terminal_is_utf8(), stdout);
    }
}

/* All are loaded before the first is printed: half a list is none. */
int verb_summary(const Options *o, Arena *a)
{
    bool table = o->inputs.n > 1 && !o->json && !o->csv;
    Summary *list = ARENA_ARRAY(a, o->inputs.n, Summary);
    for (int i = 0, code; i < o->inputs.n; i++)
        if (!report_load(o, a, o->inputs.at[i], !table && !o->csv, &list[i], &code))
            return code;
    for (int i = 0; i < o->inputs.n; i++)
        print_one(o, a, &list[i], i);
    return EXIT_OK;
}

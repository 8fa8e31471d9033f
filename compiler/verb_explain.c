/* inceptc explain: which kernel computes each step, how it is split and what it should cost; of one layer, all that is known. */
#include "driver.h"
#include "explain/explain.h"
#include "kernels/kernels.h"

static void print_table(Arena *a, const Plan *p)
{
    double sum = cost_plan_milliseconds(p);
    printf("%s, target %s, numerics %s: expected %.2f ms an image on %d threads of %s\n", p->graph->name, p->target->name,
           numerics_names[plan_numerics(p)], sum, COST_THREADS, cost_machine());
    int from = cost_group_from(p);
    if (from < p->steps.n)
        printf("a batch goes image by image to step %d, then step by step, four images a thread\n", from);
    printf("\n%4s  %-36s %-20s %-14s %-20s %8s %6s %8s\n", "step", "layer", "kernel", "output", "units of work", "ms", "%", "MB");
    for (int i = 0; i < p->steps.n; i++) {
        const Step *s = p->steps.at[i];
        double ms = cost_step_milliseconds(p, s);
        printf("%4d  %-36.36s %-20s %-14s %-20s %8.4f %6.2f %8.3f\n", i, s->name, plan_step_kernel(a, p, s), plan_step_shape(a, p, s),
               explain_split(a, s), ms, 100 * ms / sum, 1e-6 * (double)cost_bytes(s));
    }
}

static int one_layer(Arena *a, const Options *o, const Plan *p)
{
    bool file_error = false;
    const char *name = o->inputs.at[1];
    Explain e = { a, net_load(a, o->inputs.at[0], &o->net, &file_error), p }; /* once more: the plan's graph has seen the passes */
    if (!e.net)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    Nearest near;
    nearest_start(&near, name);
    if (explain_layer(&e, name, &near) || explain_steps(&e, name) > 0)
        return EXIT_OK;
    const char *best = nearest_result(&near);
    diag_error((Loc){ 0 }, best ? "the net has no layer '%s'; did you mean '%s'?" : "the net has no layer '%s'%s", name, best ? best : "");
    diag_note((Loc){ 0 }, "inceptc explain %s lists the steps", o->inputs.at[0]);
    return EXIT_INPUT;
}

int verb_explain(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    PassOptions passes = driver_passes(o);
    passes_run_inference(g, &passes);
    Plan *p = plan_new(a, g, driver_report_target(o), o->plan);
    if (diag_error_count() > 0)
        return EXIT_INPUT;
    if (o->inputs.n > 1)
        return one_layer(a, o, p);
    print_table(a, p);
    return EXIT_OK;
}

/* inceptc explain: which kernel computes each step and why, how it is split, and what it should cost. */
#include "driver.h"
#include "kernels/kernels.h"
#include <string.h>

enum { SHOWN = 6 };

/* "4 blocks x 6 groups", "2 groups x 28 rows": what a unit of work is. */
static const char *split_text(Arena *a, const Step *s)
{
    if (s->kernel == KERNEL_COOK_TOOM)
        return arena_printf(a, "%d blocks x %d groups", s->fast.blocks, s->units / s->fast.blocks);
    if (s->kernel != KERNEL_CONV)
        return arena_printf(a, "%d", s->units);
    int blocks = 0;
    for (int k = 0; k < s->n_out; k++)
        blocks += place_span(s->out[k]) / s->out[k]->buffer->block;
    int groups = (blocks + s->tile_blocks - 1) / s->tile_blocks;
    return s->units % groups ? arena_printf(a, "%d", s->units) : arena_printf(a, "%d groups x %d", groups, s->units / groups);
}

static void print_table(Arena *a, const Plan *p)
{
    double sum = 0;
    for (int i = 0; i < p->steps.n; i++)
        sum += cost_step_milliseconds(p->steps.at[i], cost_step(p, p->steps.at[i]));
    printf("%s, target %s, numerics %s: expected %.2f ms an image on %d threads of the modelled processor\n", p->graph->name, p->target->name,
           numerics_names[plan_numerics(p)], sum, COST_THREADS);
    int from = cost_group_from(p);
    if (from < p->steps.n)
        printf("a batch goes image by image to step %d, then step by step, four images a thread\n", from);
    printf("\n%4s  %-36s %-20s %-14s %-20s %8s %6s %8s\n", "step", "layer", "kernel", "output", "units of work", "ms", "%", "MB");
    for (int i = 0; i < p->steps.n; i++) {
        const Step *s = p->steps.at[i];
        double ms = cost_step_milliseconds(s, cost_step(p, s));
        printf("%4d  %-36.36s %-20s %-14s %-20s %8.4f %6.2f %8.3f\n", i, s->name, plan_step_kernel(a, p, s), plan_step_shape(a, p, s),
               split_text(a, s), ms, 100 * ms / sum, 1e-6 * (double)cost_bytes(s));
    }
}

static const char *form_text(Arena *a, const FastConv *f)
{
    return f->mh ? arena_printf(a, "F(%dx%d), %dx%d tiles in %d block%s", f->mh, f->mw, f->rows, f->columns, f->blocks, f->blocks == 1 ? "" : "s")
                 : "direct";
}

static void print_candidates(Arena *a, const Plan *p, const Step *s)
{
    Candidate list[MOST_CANDIDATES];
    const char *why = kernel_why_direct(p, s);
    if (why) {
        printf("  only direct: %s\n", why);
        return;
    }
    int n = kernel_candidates(p, s, list);
    printf("  ways that %s allows, by the model on %d threads:\n", numerics_names[p->options.numerics], COST_THREADS);
    for (int i = 0; i < n; i++) {
        const FastConv *f = &list[i].form;
        bool chosen = s->kernel == KERNEL_COOK_TOOM ? f->mh == s->fast.mh && f->mw == s->fast.mw : !f->mh;
        if (i < SHOWN || chosen || !f->mh)
            printf("  %2d. %-36s %8.4f ms%s\n", i + 1, form_text(a, f), cost_milliseconds(list[i].cycles), chosen ? "  <- chosen" : "");
    }
}

static void print_step(Arena *a, const Plan *p, const Step *s)
{
    Cost c = cost_step(p, s);
    printf("step %d, %s: %s, output %s\n", s->index, s->name, plan_step_kernel(a, p, s), plan_step_shape(a, p, s));
    printf("  units of work %s; expected %.4f ms: arithmetic %.4f on one thread, waiting for memory %.4f\n", split_text(a, s),
           cost_step_milliseconds(s, c), cost_milliseconds(c.work), cost_milliseconds(c.memory));
    printf("  moves %.3f MB, of these packed weights %.3f; scratch %.3f a thread\n", 1e-6 * (double)cost_bytes(s),
           s->weights ? 4e-6 * (double)s->weights->floats : 0, 4e-6 * (double)s->scratch_floats);
    if (s->kernel == KERNEL_CONV || s->kernel == KERNEL_COOK_TOOM)
        print_candidates(a, p, s);
}

/* A layer is named by its path, or by one of those of a merged step: "a+b". */
static bool names_step(const Step *s, const char *layer)
{
    size_t n = strlen(layer);
    for (const char *at = s->name; (at = strstr(at, layer)); at++)
        if ((at == s->name || at[-1] == '+') && (at[n] == '\0' || at[n] == '+'))
            return true;
    return false;
}

static int explain_layer(Arena *a, const Plan *p, const char *layer)
{
    int found = 0;
    Nearest near;
    nearest_start(&near, layer);
    for (int i = 0; i < p->steps.n; i++) {
        nearest_try(&near, p->steps.at[i]->name);
        if (!names_step(p->steps.at[i], layer))
            continue;
        print_step(a, p, p->steps.at[i]);
        found++;
    }
    if (found)
        return EXIT_OK;
    const char *best = nearest_result(&near);
    diag_error((Loc){ 0 }, best ? "no step computes '%s'; did you mean '%s'?" : "no step computes '%s'%s", layer, best ? best : "");
    return EXIT_INPUT;
}

int verb_explain(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    passes_run_inference(g, &(PassOptions){ o->pass_off, NULL, NULL });
    const Target *t = o->target ? target_find(o->target) : NULL;
    Plan *p = plan_new(a, g, t ? t : &targets[n_targets - 1], o->plan);
    if (diag_error_count() > 0)
        return EXIT_INPUT;
    if (o->inputs.n > 1)
        return explain_layer(a, p, o->inputs.at[1]);
    print_table(a, p);
    return EXIT_OK;
}

/* info.c - what a compiled network says of itself. */
#include "../../formats/json.h"
#include "program.h"
#include <inttypes.h>

static void print_view(FILE *f, const RtView *v)
{
    switch (v->kind) {
    case RT_VIEW_RESIZE:
        if (v->w)
            fprintf(f, "resize(%d, %d%s)", v->h, v->w, v->bicubic ? ", bicubic" : "");
        else
            fprintf(f, "resize(%d%s)", v->h, v->bicubic ? ", bicubic" : "");
        return;
    case RT_VIEW_RESIZE_EXACT:
        fprintf(f, "resize_exact(%d, %d%s)", v->h, v->w, v->bicubic ? ", bicubic" : "");
        return;
    case RT_VIEW_CROP: fprintf(f, "crop(%d, %d)", v->h, v->w); return;
    case RT_VIEW_CENTERCROP: fprintf(f, "centercrop(%d, %d)", v->h, v->w); return;
    case RT_VIEW_RANDOM_CROP: fprintf(f, "random_crop(%d, %d)", v->h, v->w); return;
    case RT_VIEW_FLIP: fprintf(f, "flip"); return;
    case RT_VIEW_NORMALIZE:
        fprintf(f, "normalize(mean %g %g %g, std %g %g %g%s)", v->mean[0], v->mean[1], v->mean[2],
                v->std[0], v->std[1], v->std[2], v->raw_255 ? ", of 0..255" : "");
        return;
    case RT_VIEW_BGR: fprintf(f, "bgr"); return;
    case RT_VIEW_RANDOM_RESIZED_CROP: fprintf(f, "random_resized_crop(%d, %d%s)", v->h, v->w, v->bicubic ? ", bicubic" : ""); return;
    case RT_VIEW_PAD: fprintf(f, "pad(%d)", v->h); return;
    case RT_VIEW_COLOR_JITTER: fprintf(f, "jitter(%g, %g, %g)", v->mean[0], v->mean[1], v->mean[2]); return;
    }
}

static void print_steps(const RtPlan *plan)
{
    printf("\nsteps of %s\n%4s  %-32s %-18s %-14s %6s %12s\n", rt_target_name(plan->target), "step",
           "layer", "kernel", "output", "units", "MACs");
    for (int i = 0; i < plan->n_steps; i++) {
        const RtStep *s = &plan->steps[i];
        printf("%4d  %-32s %-18s %-14s %6d %12" PRId64 "\n", i, s->layer, s->kernel, s->shape,
               s->units, s->macs);
    }
}

static void print_text(const Program *p, const RtPlan *chosen)
{
    const RtNetwork *net = p->net;
    printf("network     %s\n", net->name);
    printf("input       %d x %d x %d\n", net->c, net->h, net->w);
    printf("outputs     %d%s\n", net->outputs, net->softmax ? " (probabilities)" : "");
    printf("parameters  %" PRId64 " in %d tensors\n", net->params, net->n_weights);
    printf("MACs        %" PRId64 "\n", net->macs);
    printf("structure   %016" PRIx64 "\n", net->structure);
    if (p->embedded)
        printf("weights     %zu bytes inside\n", p->embedded_bytes);
    printf("view        ");
    for (int i = 0; i < net->n_view; i++) {
        printf("%s", i ? ", " : "");
        print_view(stdout, &net->view[i]);
    }
    printf("%s\n\n%-11s %-9s %8s %6s %14s %14s  %s\n", net->n_view ? "" : "none", "target", "numerics",
           "error", "steps", "arena bytes", "weight bytes", "runs here");
    for (int i = 0; i < net->n_plans; i++) {
        RtTarget t = net->plans[i].target;
        RtNumerics numerics = net->plans[i].numerics;
        printf("%-11s %-9s %8g %6d %14zu %14zu  %s\n", rt_target_name(t), rt_numerics_name(numerics),
               rt_numerics_error(numerics), net->plans[i].n_steps,
               rt_arena_bytes(net, t, 1), rt_weights_bytes(net, t),
               rt_target_runs_here(t) ? "yes" : "no");
    }
    if (p->options.layers)
        print_steps(chosen);
}

static void print_json_steps(const RtPlan *plan)
{
    printf(",\n  \"steps\": [");
    for (int i = 0; i < plan->n_steps; i++) {
        printf("%s\n    {\"layer\": ", i ? "," : "");
        json_write_string(stdout, plan->steps[i].layer);
        printf(", \"kernel\": ");
        json_write_string(stdout, plan->steps[i].kernel);
        printf(", \"output\": \"%s\", \"units\": %d, \"macs\": %" PRId64 "}", plan->steps[i].shape,
               plan->steps[i].units, plan->steps[i].macs);
    }
    printf("\n  ]");
}

static void print_json(const Program *p, const RtPlan *chosen)
{
    const RtNetwork *net = p->net;
    printf("{\n  \"network\": ");
    json_write_string(stdout, net->name);
    printf(",\n  \"input\": [%d, %d, %d], \"outputs\": %d, \"softmax\": %s,\n", net->c, net->h,
           net->w, net->outputs, net->softmax ? "true" : "false");
    printf("  \"parameters\": %" PRId64 ", \"tensors\": %d, \"macs\": %" PRId64
           ", \"structure\": \"%016" PRIx64 "\",\n",
           net->params, net->n_weights, net->macs, net->structure);
    printf("  \"embedded_bytes\": %zu,\n", p->embedded_bytes);
    printf("  \"targets\": [");
    for (int i = 0; i < net->n_plans; i++) {
        RtTarget t = net->plans[i].target;
        RtNumerics numerics = net->plans[i].numerics;
        printf("%s\n    {\"name\": \"%s\", \"numerics\": \"%s\", \"error\": %g, \"steps\": %d, "
               "\"arena_bytes\": %zu, \"weights_bytes\": %zu, \"runs_here\": %s}",
               i ? "," : "", rt_target_name(t), rt_numerics_name(numerics),
               rt_numerics_error(numerics), net->plans[i].n_steps, rt_arena_bytes(net, t, 1),
               rt_weights_bytes(net, t), rt_target_runs_here(t) ? "true" : "false");
    }
    printf("\n  ]");
    if (p->options.layers)
        print_json_steps(chosen);
    printf("\n}\n");
}

RtStatus command_info(const Program *p)
{
    RtTarget target;
    RtStatus status = session_target(p, &target);
    if (!status)
        (p->options.json ? print_json : print_text)(p, rt_plan(p->net, target));
    return status;
}

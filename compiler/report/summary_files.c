/* A summary for programs: JSON (docs/summary.schema.json) and CSV. */
#include "../../formats/json.h"
#include "report_json.h"
#include "summary.h"
#include <string.h>

/* ---- JSON ---- */

static void put_attrs(const Layer *l, FILE *f)
{
    fprintf(f, ", \"attributes\": {");
    for (int i = 0; i < l->attrs.n; i++)
        json_pair(f, i ? ", " : "", l->attrs.at[i].name, l->attrs.at[i].value);
    fputc('}', f);
}

static void put_inputs(const Layers *all, const Layer *l, FILE *f)
{
    fprintf(f, ", \"inputs\": [");
    for (int i = 0; i < l->in.n; i++) {
        fputs(i ? ", " : "", f);
        json_write_string(f, l->in.at[i] ? l->in.at[i]->path : all->graph->input->name);
    }
    fputc(']', f);
}

/* What a layer has and a module has not. */
static void put_layer(const Layers *all, const Layer *l, FILE *f)
{
    json_pair(f, ", ", "kind", l->kind);
    json_pair(f, ", ", "kernel", l->kernel);
    put_inputs(all, l, f);
    put_attrs(l, f);
    fprintf(f, ", \"kernel_chosen\": ");
    if (l->step)
        json_write_string(f, plan_step_kernel(all->arena, all->plan, l->step));
    else
        fprintf(f, "null"); /* fused into another layer's */
}

static void put_item(const Layers *all, const Layer *l, int depth, FILE *f)
{
    const Receptive *r = &l->receptive;
    fprintf(f, "%*s{", 2 * depth, "");
    json_pair(f, "", "name", l->name);
    json_pair(f, ", ", "path", l->path);
    fprintf(f, ", \"auxiliary\": %s, \"shape\": ", l->main ? "false" : "true");
    json_shape(f, &l->shape);
    fprintf(f, ", \"parameters\": %lld, \"frozen\": %lld, \"statistics\": %lld, \"macs\": %lld, \"activation_bytes\": %lld", (long long)l->params,
            (long long)l->frozen, (long long)l->statistics, (long long)l->macs, (long long)l->bytes);
    fprintf(f, ", \"receptive_field\": [%.0f, %.0f], \"receptive_step\": [%.0f, %.0f], \"expected_ms\": %.6f", r->h, r->w, r->step_h, r->step_w, l->ms);
    json_location(f, ", ", l->loc);
    if (l->kind)
        put_layer(all, l, f);
    else
        fprintf(f, ", \"layers\": [\n");
    for (int i = 0; i < l->members.n; i++) {
        put_item(all, l->members.at[i], depth + 1, f);
        fprintf(f, i < l->members.n - 1 ? ",\n" : "]");
    }
    fputc('}', f);
}

static void put_totals(const char *name, const SummaryTotals *t, const char *memory, FILE *f)
{
    fprintf(f, "    \"%s\": {\"parameters\": %lld, \"frozen\": %lld, \"statistics\": %lld, \"macs\": %lld, \"activation_bytes\": %lld, \"weights_bytes\": %lld, "
               "\"%s\": %lld}",
            name, (long long)t->params, (long long)t->frozen, (long long)t->statistics, (long long)t->macs, (long long)t->activations, (long long)t->file_bytes,
            memory, (long long)t->memory);
}

void summary_json(const Summary *s, FILE *f)
{
    const Layers *l = s->layers;
    SummaryTotals inference = summary_totals(s, false), training = summary_totals(s, true);
    fprintf(f, "{\n");
    json_pair(f, "  ", "network", l->graph->name);
    json_pair(f, ",\n  ", "source", l->graph->source);
    fprintf(f, ",\n  \"input\": ");
    json_shape(f, &l->graph->input->shape);
    json_pair(f, ",\n  ", "target", l->plan->target->name);
    json_pair(f, ", ", "numerics", numerics_names[plan_numerics(l->plan)]);
    fprintf(f, ",\n  \"expected_ms\": %.6f, \"threads\": %d,\n  \"totals\": {\n", l->ms, COST_THREADS);
    put_totals("inference", &inference, "arena_bytes", f);
    if (s->step_bytes) {
        fprintf(f, ",\n");
        put_totals("training", &training, "step_bytes", f);
        fprintf(f, ",\n    \"images_of_a_step\": %d", s->step_images);
    }
    if (s->untrainable)
        json_pair(f, ",\n    ", "untrainable", s->untrainable);
    fprintf(f, "\n  },\n  \"layers\": [\n");
    for (int i = 0; i < l->root->members.n; i++) {
        put_item(l, l->root->members.at[i], 2, f);
        fprintf(f, i < l->root->members.n - 1 ? ",\n" : "");
    }
    fprintf(f, "]\n}");
}

/* ---- CSV ---- */

static void put_field(const char *s, FILE *f)
{
    if (!s[strcspn(s, ",\"\r\n")]) {
        fputs(s, f);
        return;
    }
    fputc('"', f);
    for (; *s; s++)
        fprintf(f, *s == '"' ? "\"\"" : "%c", *s);
    fputc('"', f);
}

void summary_csv_head(FILE *f)
{
    fprintf(f, "network,layer,module,kind,kernel,channels,rows,columns,parameters,frozen,statistics,macs,receptive_rows,receptive_columns,"
               "activation_bytes,auxiliary,expected_ms\r\n");
}

void summary_csv(const Summary *s, FILE *f)
{
    for (int i = 0; i < s->layers->list.n; i++) {
        const Layer *l = s->layers->list.at[i];
        const char *const words[] = { s->layers->graph->name, l->path, l->module->path, l->kind, l->kernel };
        for (int k = 0; k < 5; k++) {
            put_field(words[k], f);
            fputc(',', f);
        }
        fprintf(f, "%d,%d,%d,%lld,%lld,%lld,%lld,%.0f,%.0f,%lld,%d,%.6f\r\n", l->shape.dim[0], l->shape.dim[1], l->shape.dim[2], (long long)l->params,
                (long long)l->frozen, (long long)l->statistics, (long long)l->macs, l->receptive.h, l->receptive.w, (long long)l->bytes, !l->main, l->ms);
    }
}

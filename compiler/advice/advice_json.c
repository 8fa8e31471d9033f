/* Advice for programs: docs/advise.schema.json. */
#include "advice.h"
#include "../report/report_json.h"

static void put_totals(const Totals *t, int64_t activations, FILE *f)
{
    fprintf(f, "\"totals\": {\"depth\": %d, \"parameters\": %lld, \"auxiliary_parameters\": %lld, \"macs\": %lld, \"activation_elements\": %lld}", t->depth,
            (long long)t->params, (long long)t->aux_params, (long long)t->macs, (long long)activations);
}

static void put_finding(const Finding *x, FILE *f)
{
    json_pair(f, "      {", "message", x->says);
    if (x->loc.line)
        json_location(f, ", ", x->loc);
    else
        fprintf(f, ", \"location\": null");
    fprintf(f, ", \"layers\": [");
    for (int i = 0; i < x->nodes.n; i++) {
        fputs(i ? ", " : "", f);
        json_write_string(f, x->nodes.at[i]->path);
    }
    fprintf(f, "], \"macs\": %lld, \"parameters\": %lld", (long long)x->macs, (long long)x->params);
    json_pair(f, ", ", "facts", x->facts);
    fputc('}', f);
}

static void put_fix(const AdviceFix *x, FILE *f)
{
    json_pair(f, "      {", "what", x->what);
    fprintf(f, ", \"unmended\": [");
    for (int i = 0; i < x->unmended.n; i++) {
        json_pair(f, i ? ", {" : "{", "why", x->unmended.at[i].why);
        json_location(f, ", ", x->unmended.at[i].loc);
        fputc('}', f);
    }
    json_pair(f, "], ", "failed", x->fixed.failed);
    json_pair(f, ", ", "variant", x->fixed.text);
    if (x->fixed.text) {
        fputs(", ", f);
        put_totals(&x->fixed.totals, x->fixed.activations, f);
    }
    fputc('}', f);
}

static void put_kind(const AdviceKind *k, FILE *f)
{
    fprintf(f, "    {\"kind\": \"design-%s\"", k->name);
    json_pair(f, ", ", "help", k->help);
    json_pair(f, ", ", "why", k->why);
    json_pair(f, ", ", "source", k->source);
    fprintf(f, ", \"findings\": [\n");
    for (int i = 0; i < k->found.n; i++) {
        fputs(i ? ",\n" : "", f);
        put_finding(k->found.at[i], f);
    }
    json_pair(f, "],\n      ", "no_fix", k->no_fix);
    fprintf(f, ", \"fixes\": [%s", k->fixes.n ? "\n" : "");
    for (int i = 0; i < k->fixes.n; i++) {
        fputs(i ? ",\n" : "", f);
        put_fix(&k->fixes.at[i], f);
    }
    fprintf(f, "]}");
}

void advice_json(const Advice *advice, FILE *f)
{
    json_pair(f, "{\n  ", "network", advice->g->name);
    json_pair(f, ", ", "source", advice->g->source);
    fprintf(f, ",\n  ");
    put_totals(&advice->totals, advice->activations, f);
    fprintf(f, ",\n  \"advice\": [%s", advice->kinds.n ? "\n" : "");
    for (int i = 0; i < advice->kinds.n; i++) {
        fputs(i ? ",\n" : "", f);
        put_kind(&advice->kinds.at[i], f);
    }
    fprintf(f, "]\n}\n");
}

/* A difference for programs: docs/diff.schema.json. */
#include "diff.h"
#include "report_json.h"

static void put_changes(const Changes *list, FILE *f)
{
    fputc('[', f);
    for (int i = 0; i < list->n; i++) {
        const Change *c = &list->at[i];
        json_pair(f, i ? ", {" : "{", "name", c->name);
        json_pair(f, ", ", "from", c->from);
        json_pair(f, ", ", "to", c->to);
        fprintf(f, ", \"training\": %s}", c->training ? "true" : "false");
    }
    fputc(']', f);
}

/* Null: nothing to say. */
static const char *row_kind(const DiffRow *r)
{
    if (!r->x || !r->y)
        return r->x ? "removed" : "added";
    return r->changes.n ? "changed" : r->moved ? "moved" : r->follows ? "sizes" : r->renamed ? "renamed" : NULL;
}

static void put_rows(const NetDiff *d, FILE *f)
{
    const char *before = "\n";
    for (int i = 0; i < d->rows.n; i++) {
        const DiffRow *r = &d->rows.at[i];
        if (!row_kind(r))
            continue;
        fprintf(f, "%s    {", before);
        json_pair(f, "", "change", row_kind(r));
        json_pair(f, ", ", "from", r->x ? r->x->path : NULL);
        json_pair(f, ", ", "to", r->y ? r->y->path : NULL);
        fprintf(f, ", \"attributes\": ");
        put_changes(&r->changes, f);
        fputc('}', f);
        before = ",\n";
    }
}

static void put_totals(const NetDiff *d, FILE *f)
{
    DiffTotal rows[N_DIFF_TOTALS];
    int n = diff_totals(d, rows);
    for (int i = 0; i < n; i++) {
        fprintf(f, "%s    \"%s\": {\"from\": ", i ? ",\n" : "\n", rows[i].key);
        fprintf(f, rows[i].whole ? "%.0f, \"to\": %.0f}" : "%.6f, \"to\": %.6f}", rows[i].x, rows[i].y);
    }
}

void diff_json(const NetDiff *d, FILE *f)
{
    const Graph *x = d->x->layers->graph, *y = d->y->layers->graph;
    json_pair(f, "{\n  \"from\": {", "network", x->name);
    json_pair(f, ", ", "source", x->source);
    json_pair(f, "},\n  \"to\": {", "network", y->name);
    json_pair(f, ", ", "source", y->source);
    fprintf(f, "},\n  \"equal\": %s,\n  \"totals\": {", d->equal ? "true" : "false");
    put_totals(d, f);
    fprintf(f, "\n  },\n  \"settings\": ");
    put_changes(&d->settings, f);
    fprintf(f, ",\n  \"layers\": [");
    put_rows(d, f);
    fprintf(f, "]\n}\n");
}

/* The rows as a table and as CSV. */
#include "sweep.h"
#include <math.h>
#include <string.h>

static double params_of(const SweepRow *r) { return (double)r->params; }
static double macs_of(const SweepRow *r) { return (double)r->macs; }
static double arena_of(const SweepRow *r) { return (double)r->arena_bytes; }
static double predicted_of(const SweepRow *r) { return r->predicted_ms; }
static double measured_of(const SweepRow *r) { return r->measured_ms; }
static double train_loss_of(const SweepRow *r) { return r->train_loss; }
static double validation_loss_of(const SweepRow *r) { return r->validation_loss; }
static double accuracy_of(const SweepRow *r) { return r->validation_accuracy; }

int sweep_columns(const Sweep *s, Column out[MOST_COLUMNS])
{
    int n = 0;
    out[n++] = (Column){ "parameters", "parameters", params_of, -1 };
    out[n++] = (Column){ "macs", "MACs", macs_of, -1 };
    out[n++] = (Column){ "arena_bytes", "arena bytes", arena_of, -1 };
    out[n++] = (Column){ "predicted_ms", "predicted ms", predicted_of, 3 };
    if (s->o->measure)
        out[n++] = (Column){ "measured_ms", "measured ms", measured_of, 3 };
    if (s->o->train_steps) {
        out[n++] = (Column){ "train_loss", "training loss", train_loss_of, 4 };
        out[n++] = (Column){ "validation_loss", "validation loss", validation_loss_of, 4 };
        out[n++] = (Column){ "validation_accuracy", "accuracy", accuracy_of, 4 };
    }
    return n;
}

static const char *cell(const Sweep *s, const Column *c, const SweepRow *r, bool table)
{
    double v = c->of(r);
    if (isnan(v))
        return table ? "-" : "";
    if (c->decimals >= 0)
        return arena_printf(s->a, "%.*f", table ? c->decimals : c->decimals + 3, v);
    return table ? arena_commas(s->a, (int64_t)v) : arena_printf(s->a, "%.0f", v);
}

static int widest(int w, const char *text) { return (int)strlen(text) > w ? (int)strlen(text) : w; }

void sweep_print_table(const Sweep *s, FILE *f)
{
    Column columns[MOST_COLUMNS];
    int n = sweep_columns(s, columns), *axis = ARENA_ARRAY(s->a, s->n_axes, int), width[MOST_COLUMNS];
    for (int k = 0; k < s->n_axes; k++)
        for (int i = -1; i < s->n_rows; i++)
            axis[k] = widest(axis[k], i < 0 ? s->axes[k].name : s->rows[i].values[k]);
    for (int k = 0; k < n; k++) {
        width[k] = (int)strlen(columns[k].title);
        for (int i = 0; i < s->n_rows; i++)
            width[k] = widest(width[k], cell(s, &columns[k], &s->rows[i], true));
    }
    for (int i = -1; i < s->n_rows; i++) {
        for (int k = 0; k < s->n_axes; k++)
            fprintf(f, "%s%*s", k ? "  " : "", axis[k], i < 0 ? s->axes[k].name : s->rows[i].values[k]);
        for (int k = 0; k < n; k++)
            fprintf(f, "%s%*s", k || s->n_axes ? "  " : "", width[k], i < 0 ? columns[k].title : cell(s, &columns[k], &s->rows[i], true));
        fprintf(f, "\n");
    }
}

void sweep_print_csv(const Sweep *s, FILE *f)
{
    Column columns[MOST_COLUMNS];
    int n = sweep_columns(s, columns);
    for (int i = -1; i < s->n_rows; i++) {
        for (int k = 0; k < s->n_axes; k++)
            fprintf(f, "%s%s", k ? "," : "", i < 0 ? s->axes[k].name : s->rows[i].values[k]);
        for (int k = 0; k < n; k++)
            fprintf(f, "%s%s", k || s->n_axes ? "," : "", i < 0 ? columns[k].name : cell(s, &columns[k], &s->rows[i], false));
        fprintf(f, "\n");
    }
}

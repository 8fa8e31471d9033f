/* The verb: combinations, their rows, and where the rows go. */
#include "sweep.h"
#include "../../formats/replace.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

/* ---- Combinations ---- */

static bool same_name_twice(const Options *o)
{
    for (int i = 0; i < o->net.defines.n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(o->net.defines.at[i].name, o->net.defines.at[k].name) == 0) {
                diag_error((Loc){ 0 }, "-D %s is given twice: give its values as a list, -D %s=%s,%s", o->net.defines.at[i].name,
                           o->net.defines.at[i].name, o->net.defines.at[k].value, o->net.defines.at[i].value);
                return true;
            }
    return false;
}

/* "1,000,000 combinations" is asked about before anything is computed. */
static bool count_rows(Sweep *s, int64_t limit)
{
    int64_t n = 1;
    for (int i = 0; i < s->n_axes; i++) {
        n *= s->axes[i].values.n;
        if (n > limit) {
            int64_t all = 1;
            for (int k = 0; k < s->n_axes && all < (int64_t)1 << 40; k++)
                all *= s->axes[k].values.n;
            diag_error((Loc){ 0 }, "the sweep has %s combinations, more than %s: give fewer values, or say --limit %lld", arena_commas(s->a, all),
                       arena_commas(s->a, limit), (long long)all);
            return false;
        }
    }
    s->n_rows = (int)n;
    return true;
}

static void fill_values(Sweep *s)
{
    s->rows = ARENA_ARRAY(s->a, s->n_rows, SweepRow);
    for (int i = 0; i < s->n_rows; i++) {
        s->rows[i].values = ARENA_ARRAY(s->a, s->n_axes, const char *);
        for (int k = s->n_axes - 1, rest = i; k >= 0; rest /= s->axes[k--].values.n)
            s->rows[i].values[k] = s->axes[k].values.at[rest % s->axes[k].values.n];
    }
}

static int prepare(Sweep *s)
{
    enum { MOST = 1000000, LIMIT = 1000, LIMIT_BUILT = 100 }; /* a program takes seconds to compile */
    int64_t limit = s->o->limit ? s->o->limit : s->o->measure || s->o->train_steps ? LIMIT_BUILT : LIMIT;
    if (same_name_twice(s->o))
        return EXIT_USAGE;
    s->n_axes = s->o->net.defines.n;
    s->axes = ARENA_ARRAY(s->a, s->n_axes, Axis);
    for (int i = 0; i < s->n_axes; i++)
        if (!sweep_values(s->a, &s->o->net.defines.at[i], MOST, &s->axes[i]))
            return EXIT_USAGE;
    if (!count_rows(s, limit))
        return EXIT_USAGE;
    fill_values(s);
    return EXIT_OK;
}

Options sweep_options(const Sweep *s, const SweepRow *r)
{
    Options o = *s->o;
    o.net.defines.n = o.net.defines.cap = 0;
    o.net.defines.at = NULL;
    for (int i = 0; i < s->n_axes; i++)
        LIST_PUSH(s->a, &o.net.defines, ((NetDefine){ s->axes[i].name, r->values[i] }));
    return o;
}

const char *sweep_name(const Sweep *s, const SweepRow *r, char between)
{
    const char *text = "";
    for (int i = 0; i < s->n_axes; i++)
        text = arena_printf(s->a, "%s%.1s%s=%s", text, i ? &between : "", s->axes[i].name, r->values[i]);
    return text;
}

/* ---- Rows ---- */

/* What the compiler alone knows of a combination. */
static int compute(Sweep *s, SweepRow *r)
{
    Options o = sweep_options(s, r);
    const Target *t = driver_report_target(&o);
    Arena *a = arena_new(); /* a thousand networks need not be kept */
    bool file_error = false;
    Graph *g = net_load(a, o.inputs.at[0], &o.net, &file_error);
    int code = g ? EXIT_OK : file_error ? EXIT_FILE : EXIT_INPUT;
    if (g) {
        s->net = arena_strdup(s->a, g->name);
        Totals totals = graph_totals(g);
        PassOptions passes = driver_passes(&o);
        passes_run_inference(g, &passes);
        Plan *p = plan_new(a, g, t, o.plan);
        code = diag_error_count() ? EXIT_INPUT : EXIT_OK;
        r->params = totals.params;
        r->macs = totals.macs;
        r->arena_bytes = p ? p->arena_bytes : 0;
        r->predicted_ms = code ? 0 : cost_plan_milliseconds(p);
    }
    if (code)
        diag_note((Loc){ 0 }, "in the combination %s", sweep_name(s, r, ' '));
    else
        diag_forget_files();
    arena_release(a);
    return code;
}

static int fill_rows(Sweep *s)
{
    for (int i = 0; i < s->n_rows; i++) {
        int code = compute(s, &s->rows[i]);
        if (code)
            return code;
    }
    int code = s->o->measure ? sweep_measure(s) : EXIT_OK;
    return code || !s->o->train_steps ? code : sweep_train(s);
}

/* ---- Output ---- */

static int write_file(const Sweep *s, Replace *r, RtError *err)
{
    (text_ends_with(s->o->output, ".svg") ? sweep_plot : sweep_print_csv)(s, r->file);
    return replace_commit(r, err) ? driver_fail(err) : EXIT_OK;
}

int verb_sweep(const Options *o, Arena *a)
{
    Sweep s = { .o = o, .a = a };
    Replace file = { 0 };
    RtError err = { 0 };
    int code = prepare(&s);
    if (!code && o->output && replace_begin(&file, o->output, &err)) /* not after an hour of training */
        code = driver_fail(&err);
    if (!code)
        code = fill_rows(&s);
    if (code) {
        replace_abort(&file);
        return code;
    }
    if (o->output)
        code = write_file(&s, &file, &err);
    (o->csv ? sweep_print_csv : sweep_print_table)(&s, stdout);
    return code;
}

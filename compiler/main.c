/* Calls the stages in order and does nothing else. */
#include "advice/advice.h"
#include "depend.h"
#include "driver.h"
#include "options_table.h"
#include "phase.h"
#include "probe.h"
#include "structure.h"
#include "tuning.h"
#include "weights/embed.h"
#include <string.h>

static int dump_ast(const Options *o, Arena *a)
{
    bool file_error = false;
    AstFile *f = net_load_ast(a, o->inputs.at[0], &file_error);
    if (!f)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    ast_print(f, stdout);
    return EXIT_OK;
}

static int dump_params(const Graph *g)
{
    for (int i = 0; i < g->params.n; i++)
        printf("%s = %.17g\n", g->params.at[i].name, g->params.at[i].value);
    return EXIT_OK;
}

/* As cc does, the text is read first: what is wrong in it is said whatever else is missing. */
static int nothing_asked(const Options *o)
{
    OPTIONS_COMPLAIN("'%s' has no errors, but nothing is asked for: say -o FILE or --dump WHAT", o->inputs.at[0]);
    return EXIT_USAGE;
}

static int compile(const Options *o, Arena *a)
{
    if (o->dump && strcmp(o->dump, "ast") == 0)
        return dump_ast(o, a);
    if (options_want_picture(o))
        return driver_picture(o, a);
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    if (o->dump && strcmp(o->dump, "params") == 0)
        return dump_params(g);
    if (o->warnings.n)
        advice_warn(a, g, o->warnings.at, o->warnings.n);
    if (diag_error_count() > 0)
        return EXIT_INPUT;
    if (!o->output && !o->dump)
        return nothing_asked(o);
    if (o->dump && strcmp(o->dump, "net") == 0) {
        net_print(g, stdout);
        return EXIT_OK;
    }
    if (o->dump && strcmp(o->dump, "graph") == 0) {
        graph_print(g, stdout);
        return EXIT_OK;
    }
    int code;
    Depend d;
    Emit e = { .arena = a, .graph = g, .totals = graph_totals(g), .structure = structure_hash(g) };
    if (options_want_onnx(o)) {
        code = depend_begin(&d, o, a, g);
        return code ? code : depend_end(&d, driver_onnx(o, g, e.structure));
    }
    if (o->embed) {
        const char *outer = phase_enter("weights");
        e.embed = embed_open(o, a, g, &code);
        if (!e.embed)
            return code;
        phase_enter(outer);
    }
    PassOptions p = driver_passes(o);
    if (o->dump && strncmp(o->dump, "after:", 6) == 0)
        p.dump_after = o->dump + 6;
    p.dump_file = stdout;
    passes_run_inference(g, &p);
    if (p.dump_after)
        return EXIT_OK;
    if (!driver_plan(o, &e) || (o->train && !driver_plan_training(o, &e)))
        return EXIT_INPUT;
    if (o->dump)
        return driver_dump(o, &e);
    code = depend_begin(&d, o, a, g);
    return code ? code : depend_end(&d, driver_output(o, &e));
}

/* -1 to go on. */
static int read_tuning(Options *o, Arena *a)
{
    bool file_error = false;
    if (!o->tuning)
        return -1;
    o->plan.tuning = tuning_read(a, o->tuning, &file_error);
    return o->plan.tuning ? -1 : file_error ? EXIT_FILE : EXIT_INPUT;
}

/* -1 to go on. */
static int probe(const Options *o)
{
    const Target *t = driver_report_target(o);
    if (probe_machine(t))
        return -1;
    diag_error((Loc){ 0 }, "--probe cannot measure target %s here: %s", t->name,
               t->block == 1 ? "it has no vectors" : "this processor does not run it");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    Arena *a = arena_new();
    Options o = { 0 };
    phase_enter("other");
    int code = options_parse(&o, a, argc, argv);
    if (code < 0)
        code = read_tuning(&o, a);
    if (code < 0 && o.probe)
        code = probe(&o);
    if (code < 0) {
        switch (o.verb) {
        case VERB_COMPILE: code = compile(&o, a); break;
        case VERB_RUN: code = verb_run(&o, a); break;
        case VERB_SUMMARY: code = verb_summary(&o, a); break;
        case VERB_DIFF: code = verb_diff(&o, a); break;
        case VERB_CERTIFY: code = verb_certify(&o, a); break;
        case VERB_EXPLAIN: code = verb_explain(&o, a); break;
        case VERB_SWEEP: code = verb_sweep(&o, a); break;
        case VERB_ADVISE: code = verb_advise(&o, a); break;
        case VERB_FMT: code = verb_fmt(&o, a); break;
        case VERB_TUNE: code = verb_tune(&o, a); break;
        case VERB_WEIGHTS: code = verb_weights(&o, a); break;
        }
    }
    code = driver_close_stdout(code);
    if (o.time_report)
        phase_print(stderr);
    diag_finish(code);
    return code;
}

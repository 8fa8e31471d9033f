#include "report_load.h"
#include "../recipe.h"
#include <string.h>

static Graph *load(const Options *o, Arena *a, const char *path, int *code)
{
    bool file_error = false;
    Graph *g = net_load(a, path, &o->net, &file_error);
    *code = g ? EXIT_OK : file_error ? EXIT_FILE : EXIT_INPUT;
    return g;
}

/* A network that cannot train is none the worse for inference. */
static void add_training(const Options *o, Arena *a, const char *path, const Target *t, Summary *out)
{
    const Graph *g = out->layers->graph;
    if (!g->recipe || !g->heads.n)
        return;
    diag_try();
    out->step_images = g->recipe->batch;
    out->step_bytes = driver_training_bytes(o, a, path, t);
    const char *why = diag_tried();
    out->untrainable = why ? arena_strdup(a, why) : NULL;
}

bool report_load(const Options *o, Arena *a, const char *path, bool training, Summary *out, int *code)
{
    Graph *written = load(o, a, path, code), *passed = written ? load(o, a, path, code) : NULL;
    if (!passed)
        return false;
    const Target *t = driver_report_target(o);
    *out = (Summary){ .layers = layers_of(a, written) };
    PassOptions passes = driver_passes(o);
    passes_run_inference(passed, &passes);
    Plan *p = plan_new(a, passed, t, o->plan);
    if (diag_error_count() == 0) {
        layers_add_plan(out->layers, p);
        if (training)
            add_training(o, a, path, t, out);
        return true;
    }
    *code = EXIT_INPUT;
    return false;
}

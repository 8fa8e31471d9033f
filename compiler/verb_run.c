/* inceptc run: the graph in double precision on one input; calibration of batch norm statistics. */
#include "driver.h"
#include "../formats/npy.h"
#include "interp_io.h"
#include <stdlib.h>
#include <string.h>

static int write_tensor(const Options *o, Interp *it, Tensor *t, Arena *a)
{
    int64_t n = shape_elems(&t->shape);
    const double *v = interp_values(it, t);
    if (!o->output) {
        for (int64_t i = 0; i < n; i++)
            printf("%.17g\n", v[i]);
        return EXIT_OK;
    }
    RtError err = { 0 };
    float *f = ARENA_ARRAY(a, n, float);
    for (int64_t i = 0; i < n; i++)
        f[i] = (float)v[i];
    size_t shape[4];
    for (int k = 0; k < t->shape.rank; k++)
        shape[k] = (size_t)t->shape.dim[k];
    RtStatus s = npy_write(o->output, NPY_F32, t->shape.rank, shape, f, &err);
    return s == RT_OK ? EXIT_OK : driver_fail(&err);
}

static Tensor *wanted(const Options *o, const Graph *g)
{
    if (!o->tensor)
        return g->logits ? g->logits : g->output;
    Tensor *t = graph_find(g, o->tensor);
    if (t)
        return t;
    Nearest near;
    nearest_start(&near, o->tensor);
    for (int i = 0; i < g->tensors.n; i++)
        nearest_try(&near, g->tensors.at[i]->name);
    const char *best = nearest_result(&near);
    diag_error((Loc){ 0 }, best ? "the graph has no tensor '%s'; did you mean '%s'?" : "the graph has no tensor '%s'%s", o->tensor, best ? best : "");
    return NULL;
}

static int evaluate(const Options *o, Graph *g, Arena *a)
{
    RtError err = { 0 };
    Tensor *t = wanted(o, g);
    if (!t)
        return EXIT_USAGE;
    Interp *it = interp_new(a, g, 1);
    interp_keep(it, t);
    interp_need(it, t);
    if (interp_read_input(it, o->inputs.at[1], &err) != RT_OK)
        return driver_fail(&err);
    if (o->weights && interp_read_weights(it, o->weights, &err) != RT_OK)
        return driver_fail(&err);
    if (!o->weights)
        interp_init_weights(it, o->seed);
    it->calibrate = o->calibrate != NULL;
    interp_run(it);
    if (o->calibrate && interp_write_weights(it, o->calibrate, &err) != RT_OK)
        return driver_fail(&err);
    return write_tensor(o, it, t, a);
}

int verb_run(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    if (o->passes) {
        PassOptions p = driver_passes(o);
        passes_run_inference(g, &p);
    }
    return evaluate(o, g, a);
}

/* inceptc run: the graph in double precision on one input; calibration of batch norm statistics. */
#include "driver.h"
#include "../formats/npy.h"
#include "../formats/safetensors.h"
#include "../runtime/train/image.h"
#include "../runtime/train/view.h"
#include "interp.h"
#include <stdlib.h>
#include <string.h>

static int fail(const RtError *err)
{
    diag_error((Loc){ 0 }, "%s", err->message);
    return err->status == RT_ERROR_FILE ? EXIT_FILE : EXIT_INPUT;
}

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

/* The view of a graph in the runtime's form. */
static RtView *runtime_view(Arena *a, const Graph *g)
{
    RtView *v = ARENA_ARRAY(a, g->view.n + 1, RtView);
    for (int i = 0; i < g->view.n; i++) {
        const ViewStep *s = &g->view.at[i];
        v[i] = (RtView){ (RtViewKind)s->kind, s->h, s->w, s->bicubic, s->raw_255, { 0 }, { 0 } };
        memcpy(v[i].mean, s->mean, sizeof s->mean);
        memcpy(v[i].std, s->std, sizeof s->std);
    }
    return v;
}

static RtStatus read_npy(const Graph *g, const char *path, float *x, RtError *err)
{
    NpyArray a;
    RtStatus s = npy_read(path, &a, err);
    if (s != RT_OK)
        return s;
    if (a.count != (size_t)shape_elems(&g->input->shape) || a.type != NPY_F32)
        s = rt_error(err, RT_ERROR_INPUT, "%s: %zu numbers; the network wants %lld of float32", path, a.count,
                     (long long)shape_elems(&g->input->shape));
    else
        memcpy(x, a.data, a.count * sizeof *x);
    npy_free(&a);
    return s;
}

static RtStatus read_input(Arena *a, const Graph *g, const char *path, float *x, RtError *err)
{
    const int *d = g->input->shape.dim;
    if (ends_with(path, ".npy"))
        return read_npy(g, path, x, err);
    RtImage image = { 0 };
    RtStatus s = rt_image_read(path, &image, err);
    if (s == RT_OK)
        s = rt_view_apply(runtime_view(a, g), g->view.n, &image, d[0], d[1], d[2], x, err);
    rt_image_free(&image);
    return s;
}

static RtStatus read_weight(Interp *it, const SafetensorsFile *f, Tensor *w, Arena *a, RtError *err)
{
    int64_t n = shape_elems(&w->shape);
    const SafetensorsTensor *t = safetensors_find(f, w->name);
    if (!t)
        return rt_error(err, RT_ERROR_INPUT, "%s: there is no tensor '%s', which the network needs as %s",
                        f->path, w->name, shape_text(a, &w->shape));
    bool fits = t->rank == w->shape.rank;
    for (int i = 0; fits && i < t->rank; i++)
        fits = t->shape[i] == (uint64_t)w->shape.dim[i];
    char text[128];
    if (!fits)
        return rt_error(err, RT_ERROR_INPUT, "%s: tensor '%s' is %s, but the network needs %s", f->path, w->name,
                        safetensors_shape_text(t->rank, t->shape, text, sizeof text), shape_text(a, &w->shape));
    float *values = malloc((size_t)n * sizeof *values + 1);
    if (!values)
        return rt_error(err, RT_ERROR_FILE, "out of memory for tensor '%s'", w->name);
    RtStatus s = safetensors_to_f32(f, t, values, err);
    double *to = interp_values(it, w);
    for (int64_t i = 0; s == RT_OK && i < n; i++)
        to[i] = values[i];
    free(values);
    return s;
}

static RtStatus read_weights(Interp *it, const char *path, Arena *a, RtError *err)
{
    SafetensorsFile f;
    RtStatus s = safetensors_open(&f, path, err);
    if (s != RT_OK)
        return s;
    Tensor **w;
    int n = graph_weights(it->graph, &w);
    for (int i = 0; i < n && s == RT_OK; i++)
        if (interp_needs(it, w[i]))
            s = read_weight(it, &f, w[i], a, err);
    safetensors_close(&f);
    return s;
}

/* Those that were needed: a file for the program, which has no auxiliary heads. */
static RtStatus write_weights(Interp *it, const char *path, Arena *a, RtError *err)
{
    Tensor **w;
    int n = graph_weights(it->graph, &w), count_items = 0;
    SafetensorsItem *items = ARENA_ARRAY(a, n + 1, SafetensorsItem);
    for (int i = 0; i < n; i++) {
        if (!interp_needs(it, w[i]))
            continue;
        int64_t count = shape_elems(&w[i]->shape);
        float *values = ARENA_ARRAY(a, count, float);
        uint64_t *shape = ARENA_ARRAY(a, 4, uint64_t);
        const double *from = interp_values(it, w[i]);
        for (int64_t k = 0; k < count; k++)
            values[k] = (float)from[k];
        for (int k = 0; k < w[i]->shape.rank; k++)
            shape[k] = (uint64_t)w[i]->shape.dim[k];
        items[count_items++] = (SafetensorsItem){ w[i]->name, SAFETENSORS_F32, w[i]->shape.rank, shape, values };
    }
    return safetensors_write(path, items, count_items, NULL, 0, err);
}

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
    return s == RT_OK ? EXIT_OK : fail(&err);
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
    int64_t n = shape_elems(&g->input->shape);
    float *x = ARENA_ARRAY(a, n, float);
    if (read_input(a, g, o->inputs.at[1], x, &err) != RT_OK)
        return fail(&err);
    Tensor *t = wanted(o, g);
    if (!t)
        return EXIT_USAGE;
    Interp *it = interp_new(a, g, 1);
    interp_need(it, t);
    double *to = interp_values(it, g->input);
    for (int64_t i = 0; i < n; i++)
        to[i] = x[i];
    if (o->weights && read_weights(it, o->weights, a, &err) != RT_OK)
        return fail(&err);
    if (!o->weights)
        interp_init_weights(it, o->seed);
    it->calibrate = o->calibrate != NULL;
    interp_run(it);
    if (o->calibrate && write_weights(it, o->calibrate, a, &err) != RT_OK)
        return fail(&err);
    return write_tensor(o, it, t, a);
}

int verb_run(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    if (o->passes) {
        PassOptions p = { o->pass_off, NULL, NULL };
        passes_run_inference(g, &p);
    }
    return evaluate(o, g, a);
}

#include "interp_io.h"
#include "../formats/npy.h"
#include "../runtime/train/image.h"
#include "../runtime/train/view.h"
#include <stdlib.h>
#include <string.h>

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

RtStatus images_add(Images *to, const Graph *g, const char *path, const double *x, size_t count, RtError *err)
{
    size_t one = (size_t)shape_elems(&g->input->shape), old = (size_t)to->n * one;
    if (count == 0 || count % one || count / one > 4096)
        return rt_error(err, RT_ERROR_INPUT, "%s: %zu numbers; an input of network '%s' is %s, %zu numbers", path, count, g->name,
                        shape_text(g->arena, &g->input->shape), one);
    to->x = arena_grow(g->arena, to->x, old, old + count, sizeof *to->x);
    memcpy(to->x + old, x, count * sizeof *x);
    to->n += (int)(count / one);
    return RT_OK;
}

static RtStatus read_npy(Images *to, const Graph *g, const char *path, RtError *err)
{
    NpyArray a;
    RtStatus s = npy_read(path, &a, err);
    if (s != RT_OK)
        return s;
    double *x = ARENA_ARRAY(g->arena, a.count + 1, double);
    if (a.type == NPY_U8)
        s = rt_error(err, RT_ERROR_INPUT, "%s: an array of uint8; a prepared input is float32 or float64", path);
    for (size_t i = 0; s == RT_OK && i < a.count; i++)
        x[i] = a.type == NPY_F64 ? ((double *)a.data)[i] : (double)((float *)a.data)[i];
    if (s == RT_OK)
        s = images_add(to, g, path, x, a.count, err);
    npy_free(&a);
    return s;
}

static RtStatus read_picture(Images *to, const Graph *g, const char *path, RtError *err)
{
    const int *d = g->input->shape.dim;
    size_t n = (size_t)shape_elems(&g->input->shape);
    float *prepared = ARENA_ARRAY(g->arena, n, float);
    double *x = ARENA_ARRAY(g->arena, n, double);
    RtImage image = { 0 };
    RtStatus s = rt_image_read(path, &image, err);
    if (s == RT_OK)
        s = rt_view_apply(runtime_view(g->arena, g), g->view.n, &image, d[0], d[1], d[2], prepared, err);
    for (size_t i = 0; s == RT_OK && i < n; i++)
        x[i] = prepared[i];
    rt_image_free(&image);
    return s == RT_OK ? images_add(to, g, path, x, n, err) : s;
}

RtStatus images_read(Images *to, const Graph *g, const char *path, RtError *err)
{
    return text_ends_with(path, ".npy") ? read_npy(to, g, path, err) : read_picture(to, g, path, err);
}

RtStatus interp_read_input(Interp *it, const char *path, RtError *err)
{
    Images in = { 0 };
    RtStatus s = images_read(&in, it->graph, path, err);
    if (s == RT_OK && in.n != it->n)
        s = rt_error(err, RT_ERROR_INPUT, "%s: %d inputs, not %d", path, in.n, it->n);
    if (s == RT_OK)
        memcpy(interp_values(it, it->graph->input), in.x, (size_t)in.n * (size_t)shape_elems(&it->graph->input->shape) * sizeof *in.x);
    return s;
}

RtStatus interp_read_weight(Interp *it, const TensorFile *f, Tensor *w, RtError *err)
{
    Arena *a = it->graph->arena;
    int64_t n = shape_elems(&w->shape);
    const TensorEntry *t = tensor_file_find(f, w->name);
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
    RtStatus s = tensor_entry_to_f32(f, t, values, err);
    double *to = interp_values(it, w);
    for (int64_t i = 0; s == RT_OK && i < n; i++)
        to[i] = values[i];
    free(values);
    return s;
}

RtStatus interp_read_weights(Interp *it, const char *path, RtError *err)
{
    TensorFile f;
    RtStatus s = tensor_file_open(&f, path, err);
    if (s != RT_OK)
        return s;
    Tensor **w;
    int n = graph_weights(it->graph, &w);
    for (int i = 0; i < n && s == RT_OK; i++)
        if (interp_needs(it, w[i]))
            s = interp_read_weight(it, &f, w[i], err);
    tensor_file_close(&f);
    return s;
}

RtStatus interp_write_weights(Interp *it, const char *path, RtError *err)
{
    Arena *a = it->graph->arena;
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

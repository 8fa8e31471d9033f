/* The walk over the graph, names and shapes, and the weights. */
#include "onnx.h"
#include "interp_io.h"
#include "onnx_build.h"
#include "ops/ops.h"
#include "passes.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char batch[] = "n";

/* ---- Names of nodes: "Mixed_5b/branch1x1/conv" ---- */

static char *slashed(Arena *a, const char *path)
{
    char *s = arena_strdup(a, path);
    for (char *c = s; *c; c++)
        if (*c == '.')
            *c = '/';
    return s;
}

typedef struct NodeName {
    const char *name;
    int at;
} NodeName;

static int compare_names(const void *a, const void *b)
{
    const NodeName *s = a, *t = b;
    int c = strcmp(s->name, t->name);
    return c ? c : s->at - t->at;
}

/* Path and operator; a second node of both is "..._2". */
static const char *const *name_nodes(Arena *a, const Graph *g)
{
    NodeName *row = ARENA_ARRAY(a, g->nodes.n + 1, NodeName);
    const char **name = ARENA_ARRAY(a, g->nodes.n + 1, const char *);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        row[i] = (NodeName){ arena_printf(a, "%s/%s", slashed(a, n->path), op_name(n->op)), i };
    }
    qsort(row, (size_t)g->nodes.n, sizeof *row, compare_names);
    for (int i = 0, k = 1; i < g->nodes.n; i++) {
        k = i && strcmp(row[i].name, row[i - 1].name) == 0 ? k + 1 : 1;
        name[row[i].at] = k > 1 ? arena_printf(a, "%s_%d", row[i].name, k) : row[i].name;
    }
    return name;
}

/* ---- Values ---- */

static void put_value(Onnx *x, OnnxPlace place, const char *name, const int *chw, bool flat)
{
    onnx_value(&x->model, place, name, batch, chw, flat ? 1 : 3);
}

static void put_tensor(Onnx *x, OnnxPlace place, const Tensor *t) { put_value(x, place, t->name, t->shape.dim, x->flat[t->id]); }

static const char *flatten(Onnx *x, const Tensor *t)
{
    const char *out = arena_printf(x->arena, "%s/flat", t->name);
    int count = (int)shape_elems(&t->shape);
    onnx_node(&x->model, "Flatten", arena_printf(x->arena, "%s/flatten", slashed(x->arena, t->name)), &t->name, 1, &out, 1);
    onnx_attribute_int(&x->model, "axis", 1);
    put_value(x, ONNX_EDGE, out, &count, true);
    return out;
}

static const char *constant(Onnx *x, OnnxType type, const char *name, const void *data, const int *dim, int rank)
{
    OnnxSource s = { NULL, data };
    onnx_initializer(&x->model, type, name, dim, rank);
    LIST_PUSH(x->arena, &x->sources, s);
    return name;
}

/* n x C to n x C x 1 x 1. */
static const char *unflatten(Onnx *x, const Tensor *t)
{
    const char *out = arena_printf(x->arena, "%s/image", t->name);
    int64_t *shape = ARENA_ARRAY(x->arena, 4, int64_t);
    memcpy(shape, (int64_t[]){ 0, t->shape.dim[0], 1, 1 }, 4 * sizeof *shape); /* 0: the batch as it is */
    const char *in[] = { t->name, constant(x, ONNX_INT64, arena_printf(x->arena, "%s/shape", t->name), shape, &(int){ 4 }, 1) };
    onnx_node(&x->model, "Reshape", arena_printf(x->arena, "%s/reshape", slashed(x->arena, t->name)), in, 2, &out, 1);
    put_value(x, ONNX_EDGE, out, t->shape.dim, false);
    return out;
}

/* Input k in the rank asked for: itself, or made from it once. */
static const char *in_rank(Onnx *x, int k, bool flat)
{
    const Tensor *t = x->node->in[k];
    if (x->flat[t->id] == flat)
        return t->name;
    if (!x->reshaped[t->id])
        x->reshaped[t->id] = flat ? flatten(x, t) : unflatten(x, t);
    return x->reshaped[t->id];
}

const char *onnx_image(Onnx *x, int k) { return in_rank(x, k, false); }
const char *onnx_flat(Onnx *x, int k) { return in_rank(x, k, true); }
const char *onnx_input(Onnx *x, int k) { return in_rank(x, k, x->flat[x->node->out[0]->id]); }

/* ---- Constants ---- */

static const char *part_name(Onnx *x, const char *what) { return arena_printf(x->arena, "%s/%s", x->node->out[0]->name, what); }

const char *onnx_weight(Onnx *x, Tensor *t)
{
    if (!x->stored[t->id]) {
        OnnxSource s = { t, NULL };
        onnx_initializer(&x->model, ONNX_FLOAT, t->name, t->shape.dim, t->shape.rank);
        LIST_PUSH(x->arena, &x->sources, s);
        x->stored[t->id] = true;
    }
    return t->name;
}

const char *onnx_floats(Onnx *x, const char *what, const double *v, const int *dim, int rank)
{
    Shape s = { rank, false, { 0 } };
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    int64_t count = shape_elems(&s);
    float *f = ARENA_ARRAY(x->arena, count, float);
    for (int64_t i = 0; i < count; i++)
        f[i] = (float)v[i];
    return constant(x, ONNX_FLOAT, part_name(x, what), f, dim, rank);
}

const char *onnx_scalar(Onnx *x, const char *what, double v) { return onnx_floats(x, what, &v, &(int){ 0 }, 0); }

const char *onnx_ints(Onnx *x, const char *what, const int64_t *v, int n)
{
    int64_t *copy = arena_grow(x->arena, v, (size_t)n, (size_t)n, sizeof *v);
    return constant(x, ONNX_INT64, part_name(x, what), copy, &n, 1);
}

/* ---- Nodes ---- */

const char *onnx_part(Onnx *x, const char *what, int c, int h, int w)
{
    const char *name = part_name(x, what);
    put_value(x, ONNX_EDGE, name, (int[]){ c, h, w }, false);
    return name;
}

const char *onnx_part_like(Onnx *x, const char *what, int c)
{
    const Tensor *y = x->node->out[0];
    const char *name = part_name(x, what);
    put_value(x, ONNX_EDGE, name, (int[]){ c, y->shape.dim[1], y->shape.dim[2] }, x->flat[y->id]);
    return name;
}

void onnx_step(Onnx *x, const char *op, const char *const *in, int n_in, const char *out)
{
    const char *name = arena_printf(x->arena, "%s/%s", x->name[x->at], strrchr(out, '/') + 1);
    onnx_node(&x->model, op, name, in, n_in, &out, 1);
}

void onnx_result(Onnx *x, const char *op, const char *const *in, int n_in)
{
    const Tensor *y = x->node->out[0];
    onnx_node(&x->model, op, x->name[x->at], in, n_in, &y->name, 1);
    if (y != x->graph->output && y != x->graph->logits)
        put_tensor(x, ONNX_EDGE, y);
}

static void decide_rank(Onnx *x, const Node *n)
{
    bool flat = n->op == OP_LINEAR;
    if (onnx_form(n->op)->keeps_flat) {
        flat = true;
        for (int k = 0; k < n->n_in; k++)
            flat &= x->flat[n->in[k]->id] || tensor_in_load_phase(n->in[k]);
    }
    for (int k = 0; k < n->n_out; k++)
        x->flat[n->out[k]->id] = flat;
}

static bool write_nodes(Onnx *x)
{
    bool good = true;
    for (x->at = 0; x->at < x->graph->nodes.n; x->at++) {
        const Node *n = x->node = x->graph->nodes.at[x->at];
        if (node_in_load_phase(n))
            continue;
        if (onnx_form(n->op)->write) {
            decide_rank(x, n);
            onnx_form(n->op)->write(x, n);
        } else {
            diag_error(n->loc, "'%s' has no form in ONNX: the operator %s is for training", n->path, op_name(n->op));
            good = false;
        }
    }
    return good;
}

/* What `output` computes, then the logits.  A net that gives back its input gives back a copy. */
static void write_ends(Onnx *x)
{
    const Graph *g = x->graph;
    put_tensor(x, ONNX_INPUT, g->input);
    if (g->output->def) {
        put_tensor(x, ONNX_OUTPUT, g->output);
    } else {
        const char *copy = arena_printf(x->arena, "%s/output", g->output->name);
        onnx_node(&x->model, "Identity", copy, &g->output->name, 1, &copy, 1);
        put_value(x, ONNX_OUTPUT, copy, g->output->shape.dim, false);
    }
    if (g->logits && g->logits != g->output && g->logits->def)
        put_tensor(x, ONNX_OUTPUT, g->logits);
}

/* ---- What a user needs to know of the input ---- */

static const char *three(Arena *a, const double *v) { return arena_printf(a, "%.9g, %.9g, %.9g", v[0], v[1], v[2]); }

static void write_view(Onnx *x)
{
    static const double zero[3] = { 0, 0, 0 }, one[3] = { 1, 1, 1 };
    const Graph *g = x->graph;
    const int *d = g->input->shape.dim;
    const ViewStep *normal = NULL;
    bool bgr = false;
    for (int i = 0; i < g->view.n; i++) {
        normal = g->view.at[i].kind == VIEW_NORMALIZE ? &g->view.at[i] : normal;
        bgr |= g->view.at[i].kind == VIEW_BGR;
    }
    const char *view = arena_printf(x->arena, "resize %d -> centercrop %dx%d", d[1] > d[2] ? d[1] : d[2], d[1], d[2]);
    for (int i = 0; i < g->data.n; i++)
        if (g->view.n && strcmp(g->data.at[i].key, "view") == 0)
            view = g->data.at[i].text;
    onnx_metadata(&x->model, "view", view);
    onnx_metadata(&x->model, "input", shape_text(x->arena, &g->input->shape));
    onnx_metadata(&x->model, "channels", bgr ? "bgr" : "rgb");
    onnx_metadata(&x->model, "pixels", normal && normal->raw_255 ? "0..255" : "0..1");
    onnx_metadata(&x->model, "mean", three(x->arena, normal ? normal->mean : zero));
    onnx_metadata(&x->model, "std", three(x->arena, normal ? normal->std : one));
}

/* ---- Weights: each is read or computed when its turn comes, and forgotten ---- */

typedef struct Weights {
    const Onnx *x;
    const OnnxOptions *options;
    Interp *it;
    TensorFile file;
    Tensor **stack;       /* what is being computed, the wanted one first */
    LIST(Tensor *) alive; /* have values */
    float *numbers;
    int64_t room;
} Weights;

static RtStatus out_of_memory(const Tensor *t, RtError *err)
{
    return rt_error(err, RT_ERROR_FILE, "out of memory for tensor '%s'", t->name);
}

static void drop(Weights *w, const Tensor *t)
{
    free(w->it->value[t->id]);
    w->it->value[t->id] = NULL;
}

/* All inputs have values. */
static RtStatus compute(Weights *w, Tensor *t, RtError *err)
{
    w->it->value[t->id] = calloc((size_t)shape_elems(&t->shape), sizeof(double));
    if (!w->it->value[t->id])
        return out_of_memory(t, err);
    LIST_PUSH(w->x->arena, &w->alive, t);
    if (t->kind != TENSOR_WEIGHT) {
        op_eval(w->it, t->def);
        for (int k = 0; k < t->def->n_in; k++)
            if (t->def->in[k]->users.n == 1)
                drop(w, t->def->in[k]);
    } else if (w->options->weights) {
        return interp_read_weight(w->it, &w->file, t, err);
    } else {
        interp_fill_weight(w->it, t, w->options->seed);
    }
    return RT_OK;
}

static Tensor *missing_input(const Weights *w, const Tensor *t)
{
    for (int k = 0; t->kind != TENSOR_WEIGHT && k < t->def->n_in; k++)
        if (!w->it->value[t->def->in[k]->id])
            return t->def->in[k];
    return NULL;
}

/* The stack is explicit: a convolution may have a thousand batch norms behind it. */
static RtStatus evaluate(Weights *w, Tensor *wanted, RtError *err)
{
    RtStatus status = RT_OK;
    int top = 0;
    w->stack[top++] = wanted;
    while (top && !status) {
        Tensor *t = w->stack[top - 1], *before = missing_input(w, t);
        if (before) {
            w->stack[top++] = before;
            continue;
        }
        status = compute(w, t, err);
        top--;
    }
    return status;
}

/* Rounded once. */
static RtStatus round_to_float(Weights *w, const Tensor *t, RtError *err)
{
    int64_t count = shape_elems(&t->shape);
    const double *v = w->it->value[t->id];
    if (count > w->room) {
        free(w->numbers);
        w->numbers = malloc((size_t)count * sizeof *w->numbers);
        w->room = w->numbers ? count : 0;
    }
    if (!w->numbers)
        return out_of_memory(t, err);
    for (int64_t i = 0; i < count; i++)
        w->numbers[i] = (float)v[i];
    return RT_OK;
}

static RtStatus fill(void *context, int i, const void **data, RtError *err)
{
    Weights *w = context;
    const OnnxSource *s = &w->x->sources.at[i];
    *data = s->data;
    if (s->data)
        return RT_OK;
    RtStatus status = evaluate(w, s->weight, err);
    if (!status)
        status = round_to_float(w, s->weight, err);
    for (int k = 0; k < w->alive.n; k++)
        drop(w, w->alive.at[k]);
    w->alive.n = 0;
    *data = w->numbers;
    return status;
}

static RtStatus write_file(Onnx *x, const OnnxOptions *o, const char *path, RtError *err)
{
    Weights w = { .x = x, .options = o, .it = interp_new(x->arena, x->graph, 1) };
    RtStatus status = o->weights ? tensor_file_open(&w.file, o->weights, err) : RT_OK;
    if (status)
        return status;
    w.stack = ARENA_ARRAY(x->arena, x->graph->tensors.n + 1, Tensor *);
    OnnxNames names = { x->graph->name, "inceptc", o->version };
    status = onnx_write(&x->model, &names, path, fill, &w, err);
    if (o->weights)
        tensor_file_close(&w.file);
    free(w.numbers);
    return status;
}

/* ---- All ---- */

RtStatus onnx_export(Graph *g, const OnnxOptions *o, const char *path, RtError *err)
{
    pass_run_by_name(g, "remove-dead");
    if (!o->unfused)
        pass_run_by_name(g, "fold-batchnorm");
    Arena *a = g->arena;
    Onnx x = { .graph = g, .arena = a, .name = name_nodes(a, g) };
    x.flat = ARENA_ARRAY(a, g->next_id + 1, bool);
    x.stored = ARENA_ARRAY(a, g->next_id + 1, bool);
    x.reshaped = ARENA_ARRAY(a, g->next_id + 1, const char *);
    RtStatus status = RT_ERROR_INPUT;
    if (write_nodes(&x)) {
        write_ends(&x);
        onnx_metadata(&x.model, "network", g->name);
        onnx_metadata(&x.model, "structure", arena_printf(a, "%016" PRIx64, o->structure));
        write_view(&x);
        status = write_file(&x, o, path, err);
    }
    onnx_free(&x.model);
    return status;
}

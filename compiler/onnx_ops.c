/* What each operator is in ONNX, opset 13.  Numbers must equal the interpreter's, so nothing is left to a rule that runtimes read
 * differently: pools have explicit pads and no ceil_mode, averages a divisor that does not depend on the rule for borders. */
#include "onnx_build.h"

typedef const char *Name;

/* ---- Windows ---- */

static void put_window(Onnx *x, const Window *w)
{
    onnx_attribute_ints(&x->model, "kernel_shape", (int64_t[]){ w->kh, w->kw }, 2);
    onnx_attribute_ints(&x->model, "pads", (int64_t[]){ w->top, w->left, w->bottom, w->right }, 4);
    onnx_attribute_ints(&x->model, "strides", (int64_t[]){ w->sh, w->sw }, 2);
}

/* The padding behind `size` with which the floor rule gives `out` windows: what ceil pooling adds is padding. */
static int pad_behind(int size, int out, int before, int after, int k, int stride)
{
    int64_t last = (int64_t)(out - 1) * stride + k - size - before;
    int pad = last > after ? (int)last : after;
    CHECK(((int64_t)size + before + pad - k) / stride + 1 == out);
    return pad;
}

static Window floor_window(const Node *n)
{
    const int *in = n->in[0]->shape.dim, *out = n->out[0]->shape.dim;
    Window w = n->window;
    w.bottom = pad_behind(in[1], out[1], w.top, w.bottom, w.kh, w.sh);
    w.right = pad_behind(in[2], out[2], w.left, w.right, w.kw, w.sw);
    return w;
}

static void write_conv(Onnx *x, const Node *n)
{
    CHECK(n->n_out == 1 && !n->epilogue.relu && !n->epilogue.residual);
    Name in[] = { onnx_image(x, 0), onnx_weight(x, n->in[1]), n->epilogue.bias ? onnx_weight(x, n->in[2]) : NULL };
    onnx_result(x, "Conv", in, n->epilogue.bias ? 3 : 2);
    onnx_attribute_ints(&x->model, "dilations", (int64_t[]){ 1, 1 }, 2);
    onnx_attribute_int(&x->model, "group", n->groups);
    put_window(x, &n->window);
}

static void write_maxpool(Onnx *x, const Node *n)
{
    Name in = onnx_image(x, 0);
    Window w = floor_window(n);
    onnx_result(x, "MaxPool", &in, 1);
    put_window(x, &w);
}

/* The image with zeros around it that count as pixels. */
static Name pad_image(Onnx *x, const Node *n)
{
    const Window *w = &n->window;
    const int *d = n->in[0]->shape.dim;
    int64_t pads[] = { 0, 0, w->top, w->left, 0, 0, w->bottom, w->right };
    Name in[] = { onnx_image(x, 0), onnx_ints(x, "pads", pads, 8) };
    Name out = onnx_part(x, "pad", d[0], d[1] + w->top + w->bottom, d[2] + w->left + w->right);
    onnx_step(x, "Pad", in, 2, out);
    return out;
}

/* What ceil pooling adds never counts; the border of the layer counts with count_pad.  When both are there the border is a Pad. */
static void write_avgpool(Onnx *x, const Node *n)
{
    CHECK(!n->epilogue.bias && !n->epilogue.relu && !n->epilogue.residual);
    const Window *own = &n->window;
    Window w = floor_window(n);
    bool bordered = own->top || own->bottom || own->left || own->right;
    bool overhangs = w.bottom > own->bottom || w.right > own->right;
    bool pad = n->count_pad && bordered && overhangs;
    Name in = pad ? pad_image(x, n) : onnx_image(x, 0);
    if (pad) {
        w.top = w.left = 0;
        w.bottom -= own->bottom;
        w.right -= own->right;
    }
    onnx_result(x, "AveragePool", &in, 1);
    onnx_attribute_int(&x->model, "count_include_pad", n->count_pad && bordered && !overhangs);
    put_window(x, &w);
}

static void write_globalavgpool(Onnx *x, const Node *n)
{
    (void)n;
    Name in = onnx_image(x, 0);
    onnx_result(x, "GlobalAveragePool", &in, 1);
}

/* out x in, or its transpose: row o averages the pixels of output o. */
static double *average_matrix(Arena *a, int out, int in, bool transposed)
{
    double *m = ARENA_ARRAY(a, (size_t)out * (size_t)in, double);
    for (int o = 0; o < out; o++) {
        int from = (int)((int64_t)o * in / out), to = (int)(((int64_t)(o + 1) * in + out - 1) / out);
        for (int i = from; i < to; i++)
            m[transposed ? (int64_t)i * out + o : (int64_t)o * in + i] = 1.0 / (to - from);
    }
    return m;
}

/* Windows that overlap by different amounts have no operator: rows, then columns, as products with a constant. */
static void write_adaptiveavgpool(Onnx *x, const Node *n)
{
    const int *in = n->in[0]->shape.dim, *out = n->out[0]->shape.dim;
    Name image = onnx_image(x, 0);
    if (in[1] % out[1] == 0 && in[2] % out[2] == 0) {
        Window w = { in[1] / out[1], in[2] / out[2], in[1] / out[1], in[2] / out[2], 0, 0, 0, 0 };
        onnx_result(x, "AveragePool", &image, 1);
        put_window(x, &w);
        return;
    }
    Name rows = onnx_floats(x, "rows", average_matrix(x->arena, out[1], in[1], false), (int[]){ out[1], in[1] }, 2);
    Name columns = onnx_floats(x, "columns", average_matrix(x->arena, out[2], in[2], true), (int[]){ in[2], out[2] }, 2);
    Name half = onnx_part(x, "averaged_columns", in[0], in[1], out[2]);
    onnx_step(x, "MatMul", (Name[]){ image, columns }, 2, half);
    onnx_result(x, "MatMul", (Name[]){ rows, half }, 2);
}

/* ---- Layers with weights ---- */

static void write_linear(Onnx *x, const Node *n)
{
    CHECK(!n->epilogue.relu && !n->epilogue.residual);
    Name in[] = { onnx_flat(x, 0), onnx_weight(x, n->in[1]), n->epilogue.bias ? onnx_weight(x, n->in[2]) : NULL };
    onnx_result(x, "Gemm", in, n->epilogue.bias ? 3 : 2);
    onnx_attribute_int(&x->model, "transB", 1);
}

static void write_batchnorm(Onnx *x, const Node *n)
{
    int c = n->in[0]->shape.dim[0];
    double *ones = ARENA_ARRAY(x->arena, c, double);
    for (int i = 0; i < c; i++)
        ones[i] = 1;
    Name gamma = n->n_in == 5 ? onnx_weight(x, n->in[1]) : onnx_floats(x, "gamma", ones, &c, 1);
    Tensor *const *last = n->in + n->n_in - 3;
    Name in[] = { onnx_input(x, 0), gamma, onnx_weight(x, last[0]), onnx_weight(x, last[1]), onnx_weight(x, last[2]) };
    onnx_result(x, "BatchNormalization", in, 5);
    onnx_attribute_float(&x->model, "epsilon", (float)n->eps);
}

/* ---- Element by element ---- */

static void write_relu(Onnx *x, const Node *n)
{
    (void)n;
    Name in = onnx_input(x, 0);
    onnx_result(x, "Relu", &in, 1);
}

static Name *all_inputs(Onnx *x, const Node *n)
{
    Name *in = ARENA_ARRAY(x->arena, n->n_in, Name);
    for (int k = 0; k < n->n_in; k++)
        in[k] = onnx_input(x, k);
    return in;
}

static void write_concat(Onnx *x, const Node *n)
{
    onnx_result(x, "Concat", all_inputs(x, n), n->n_in);
    onnx_attribute_int(&x->model, "axis", 1);
}

static void write_add(Onnx *x, const Node *n)
{
    Name *in = all_inputs(x, n);
    for (int k = 0; n->scale && k < n->n_in; k++) {
        if (n->scale[k] == 1)
            continue;
        Name part = onnx_part_like(x, arena_printf(x->arena, "scaled%d", k), n->out[0]->shape.dim[0]);
        onnx_step(x, "Mul", (Name[]){ in[k], onnx_scalar(x, arena_printf(x->arena, "scale%d", k), n->scale[k]) }, 2, part);
        in[k] = part;
    }
    onnx_result(x, n->n_in == 2 ? "Add" : "Sum", in, n->n_in);
}

static void write_mul(Onnx *x, const Node *n)
{
    Name *in = all_inputs(x, n);
    Name product = in[0];
    for (int k = 1; k < n->n_in - 1; k++) {
        Name part = onnx_part_like(x, arena_printf(x->arena, "product%d", k), n->out[0]->shape.dim[0]);
        onnx_step(x, "Mul", (Name[]){ product, in[k] }, 2, part);
        product = part;
    }
    onnx_result(x, n->n_in == 1 ? "Identity" : "Mul", (Name[]){ product, in[n->n_in - 1] }, n->n_in == 1 ? 1 : 2);
}

static void write_max(Onnx *x, const Node *n) { onnx_result(x, "Max", all_inputs(x, n), n->n_in); }

static void write_normalize(Onnx *x, const Node *n)
{
    int dim[] = { n->in[0]->shape.dim[0], 1, 1 };
    Name image = onnx_image(x, 0), centred = onnx_part_like(x, "centred", n->out[0]->shape.dim[0]);
    onnx_step(x, "Sub", (Name[]){ image, onnx_floats(x, "mean", n->mean, dim, 3) }, 2, centred);
    onnx_result(x, "Div", (Name[]){ centred, onnx_floats(x, "std", n->std, dim, 3) }, 2);
}

static void write_slice(Onnx *x, const Node *n)
{
    int64_t begin = n->slice_begin, end = begin + n->out[0]->shape.dim[0], axis = 1;
    Name in[] = { onnx_input(x, 0), onnx_ints(x, "begin", &begin, 1), onnx_ints(x, "end", &end, 1), onnx_ints(x, "axis", &axis, 1) };
    onnx_result(x, "Slice", in, 4);
}

/* ---- Across channels ---- */

static void write_lrn(Onnx *x, const Node *n)
{
    Name in = onnx_image(x, 0);
    onnx_result(x, "LRN", &in, 1);
    onnx_attribute_float(&x->model, "alpha", (float)n->lrn_alpha);
    onnx_attribute_float(&x->model, "beta", (float)n->lrn_beta);
    onnx_attribute_float(&x->model, "bias", (float)n->lrn_k);
    onnx_attribute_int(&x->model, "size", n->lrn_size);
}

/* LpNormalization knows no eps. */
static void write_l2norm(Onnx *x, const Node *n)
{
    Name in = onnx_input(x, 0), norm = onnx_part_like(x, "norm", 1), held = onnx_part_like(x, "norm_or_eps", 1);
    onnx_step(x, "ReduceL2", &in, 1, norm);
    onnx_attribute_ints(&x->model, "axes", (int64_t[]){ 1 }, 1);
    onnx_attribute_int(&x->model, "keepdims", 1);
    onnx_step(x, "Max", (Name[]){ norm, onnx_scalar(x, "eps", n->eps) }, 2, held);
    onnx_result(x, "Div", (Name[]){ in, held }, 2);
}

static void write_softmax(Onnx *x, const Node *n)
{
    (void)n;
    Name in = onnx_input(x, 0);
    onnx_result(x, "Softmax", &in, 1);
    onnx_attribute_int(&x->model, "axis", 1);
}

/* ---- The table: an operator that is not here has no form ---- */

static const OnnxForm forms[N_OPS] = {
    [OP_CONV] = { write_conv, false },
    [OP_BATCHNORM] = { write_batchnorm, true },
    [OP_RELU] = { write_relu, true },
    [OP_MAXPOOL] = { write_maxpool, false },
    [OP_AVGPOOL] = { write_avgpool, false },
    [OP_GLOBALAVGPOOL] = { write_globalavgpool, false },
    [OP_ADAPTIVEAVGPOOL] = { write_adaptiveavgpool, false },
    [OP_LINEAR] = { write_linear, false }, /* makes n x C of either */
    [OP_CONCAT] = { write_concat, true },
    [OP_ADD] = { write_add, true },
    [OP_MUL] = { write_mul, true },
    [OP_MAX] = { write_max, true },
    [OP_LRN] = { write_lrn, false },
    [OP_L2NORM] = { write_l2norm, true },
    [OP_SOFTMAX] = { write_softmax, true },
    [OP_NORMALIZE] = { write_normalize, false },
    [OP_SLICE] = { write_slice, true },
};

const OnnxForm *onnx_form(OpKind op) { return &forms[op]; }

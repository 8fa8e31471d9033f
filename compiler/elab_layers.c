/* Each layer as nodes of the graph. */
#include "elab_spec.h"
#include "words.h"
#include <math.h>
#include <string.h>

/* ---- Geometry ---- */

static bool check_kernel(Spec *s, LayerKind kind)
{
    const KernelLit *k = &s->kernel;
    const char *name = layer_names[kind];
    Loc loc = s->node->loc;
    if (!s->has_kernel)
        spec_error(s, loc, "%s needs a kernel size such as 3x3", name);
    else if (k->kh < 1 || k->kw < 1)
        spec_error(s, loc, "%s has a kernel of %lldx%lld; each side is at least 1", name, (long long)k->kh, (long long)k->kw);
    else if (k->sh < 1 || k->sw < 1)
        spec_error(s, loc, "%s has stride %lldx%lld; it is at least 1", name, (long long)k->sh, (long long)k->sw);
    else if (k->kh > 1 << 20 || k->kw > 1 << 20 || k->sh > 1 << 20 || k->sw > 1 << 20)
        spec_error(s, loc, "%s has a kernel or stride beyond 1048576", name);
    return !s->bad;
}

/* `same` under tf: ceil(in / stride) outputs, the odd row at the bottom; else (k - 1) / 2 on each side. */
static void pad_same(const Spec *s, int size, int64_t k, int64_t stride, int *before, int *after)
{
    if (s->e->conventions != CONVENTIONS_TF) {
        *before = *after = (int)((k - 1) / 2);
        return;
    }
    int64_t out = (size + stride - 1) / stride, need = (out - 1) * stride + k - size;
    need = need > 0 ? need : 0;
    *before = (int)(need / 2);
    *after = (int)(need - need / 2);
}

static Window window_of(const Spec *s, LayerKind kind, const Tensor *x)
{
    const KernelLit *k = &s->kernel;
    Window w = { (int)k->kh, (int)k->kw, (int)k->sh, (int)k->sw, s->pads[0], s->pads[1], s->pads[2], s->pads[3] };
    PadMode mode = s->pad;
    bool pool = kind != L_CONV;
    if (mode == PAD_DEFAULT && pool)
        mode = s->e->conventions == CONVENTIONS_TF || (k->sh == 1 && k->sw == 1) ? PAD_SAME : PAD_VALID;
    if (mode == PAD_SAME) {
        pad_same(s, x->shape.dim[1], k->kh, k->sh, &w.top, &w.bottom);
        pad_same(s, x->shape.dim[2], k->kw, k->sw, &w.left, &w.right);
    } else if (mode != PAD_GIVEN) {
        w.top = w.bottom = w.left = w.right = 0;
    }
    return w;
}

static bool check_pads(Spec *s, const Window *w)
{
    int pads[] = { w->top, w->bottom, w->left, w->right };
    for (int i = 0; i < 4; i++)
        if (pads[i] < 0 || pads[i] > 1 << 20) {
            spec_error(s, s->node->loc, "padding %d is out of range", pads[i]);
            return false;
        }
    return true;
}

/* ---- Nodes ---- */

static Tensor *finish(Spec *s, Node *n)
{
    const char *wrong = graph_infer(s->e->g, n);
    if (!wrong) {
        n->out[0]->loc = s->node->loc;
        return n->out[0];
    }
    spec_error(s, s->node->loc, "%s: %s", s->node->head.text, wrong);
    if (n->n_in && n->in[0]->shape.rank)
        diag_note(n->in[0]->loc, "its input '%s' is %s", n->in[0]->name, shape_text(s->e->arena, &n->in[0]->shape));
    return NULL;
}

static Node *simple(Spec *s, OpKind op, Tensor *in) { return graph_node(s->e->g, op, s->path, &in, 1, 1, s->node->loc); }

const char *word_initialiser(int i) { return i + INIT_XAVIER < N_INITS ? init_names[i + INIT_XAVIER] : NULL; }

static Init init_of(Spec *s)
{
    Init i = { INIT_HE, s->std, s->cut };
    if (!s->init)
        return i;
    Nearest near;
    nearest_start(&near, s->init);
    for (int k = INIT_XAVIER; k < N_INITS; k++) {
        nearest_try(&near, init_names[k]);
        if (strcmp(init_names[k], s->init) == 0) {
            i.kind = (InitKind)k;
            return i;
        }
    }
    const char *best = nearest_result(&near);
    diag_fix(s->init_loc, best);
    spec_error(s, s->init_loc, best ? "there is no initialiser '%s'; did you mean '%s'?"
                                   : "there is no initialiser '%s'%s", s->init, best ? best : "");
    return i;
}

static Tensor *new_weight(Spec *s, const char *name, WeightRole role, Shape shape, Init init)
{
    const Tensor *other = graph_find(s->e->g, name);
    if (other && !s->bad) {
        spec_error(s, s->node->loc, "its weights would be called '%s', as another layer's are", name);
        diag_note(other->loc, "that layer is here");
    }
    return graph_weight(s->e->g, name, role, shape, init, s->node->loc);
}

static Tensor *vector(Spec *s, const char *name, WeightRole role, int n, double value)
{
    return new_weight(s, name, role, shape_weights(1, &n), (Init){ INIT_CONSTANT, value, 0 });
}

static Tensor *batchnorm(Spec *s, Tensor *x, const char *path)
{
    Arena *a = s->e->arena;
    Tensor *in[5];
    int n = 0, c = x->shape.dim[0];
    in[n++] = x;
    if (!s->no_gamma)
        in[n++] = vector(s, arena_printf(a, "%s.weight", path), ROLE_GAMMA, c, 1);
    in[n++] = vector(s, arena_printf(a, "%s.bias", path), ROLE_BETA, c, 0);
    in[n++] = vector(s, arena_printf(a, "%s.running_mean", path), ROLE_MEAN, c, 0);
    in[n++] = vector(s, arena_printf(a, "%s.running_var", path), ROLE_VAR, c, 1);
    Node *b = graph_node(s->e->g, OP_BATCHNORM, s->path, in, n, 1, s->node->loc);
    b->eps = s->eps;
    b->momentum = s->momentum;
    return finish(s, b);
}

static bool check_count(Spec *s, LayerKind kind)
{
    const char *what = kind == L_CONV ? "channels" : "outputs";
    if (!s->has_count)
        spec_error(s, s->node->loc, "%s needs a number of %s", layer_names[kind], what);
    else if (s->count < 1 || s->count != floor(s->count) || s->count > 1 << 24)
        spec_error(s, s->node->loc, "%s has %g %s; it needs a whole number from 1 to 16777216", layer_names[kind], s->count, what);
    return !s->bad;
}

/* The bias, the batch norm and the ReLU behind a convolution or fully connected layer. */
static Tensor *after_weights(Spec *s, Node *n, int co)
{
    Arena *a = s->e->arena;
    const char *base = s->bn ? arena_printf(a, "%s.%s", s->path, n->op == OP_CONV ? "conv" : "fc") : s->path;
    if (s->bias > 0 || (s->bias < 0 && !s->bn)) {
        Tensor *b = vector(s, arena_printf(a, "%s.bias", base), ROLE_BIAS, co, s->bias_init);
        b->fan_in = n->in[1]->fan_in;
        if (s->init && strcmp(s->init, "torch") == 0)
            b->init.kind = INIT_TORCH;
        graph_add_input(s->e->g, n, b);
        n->epilogue.bias = true;
    }
    if (s->bn || s->relu)
        graph_name_output(s->e->g, n, 0, arena_printf(a, "%s.%s", s->path, n->op == OP_CONV ? "conv" : "fc"));
    Tensor *y = finish(s, n);
    if (y && s->bn)
        y = batchnorm(s, y, arena_printf(a, "%s.bn", s->path));
    if (y && s->bn && s->relu)
        graph_name_output(s->e->g, y->def, 0, arena_printf(a, "%s.bn", s->path));
    return y && s->relu ? finish(s, simple(s, OP_RELU, y)) : y;
}

static Tensor *weight(Spec *s, int rank, const int *dim, int fan_in, int fan_out, const char *layer)
{
    const char *base = s->bn ? arena_printf(s->e->arena, "%s.%s", s->path, layer) : s->path;
    Shape shape = shape_weights(rank, dim);
    if (shape_elems(&shape) < 0 || shape_elems(&shape) > INT32_MAX) {
        spec_error(s, s->node->loc, "its weights %s have more than 2147483647 elements", shape_text(s->e->arena, &shape));
        return NULL;
    }
    Tensor *w = new_weight(s, arena_printf(s->e->arena, "%s.weight", base), ROLE_WEIGHT, shape, init_of(s));
    w->fan_in = fan_in;
    w->fan_out = fan_out;
    return w;
}

static Tensor *conv(Spec *s, Tensor *x)
{
    int ci = x->shape.dim[0], co = elab_int(s->count);
    if (!check_kernel(s, L_CONV) || !check_count(s, L_CONV))
        return NULL;
    if (s->groups < 1 || ci % s->groups || co % s->groups) {
        spec_error(s, s->node->loc, "groups=%d does not divide %d input and %d output channels", s->groups, ci, co);
        return NULL;
    }
    Window w = window_of(s, L_CONV, x);
    if (!check_pads(s, &w))
        return NULL;
    int dim[4] = { co, ci / s->groups, w.kh, w.kw };
    int64_t taps = (int64_t)w.kh * w.kw, in = taps * dim[1], out = taps * (co / s->groups);
    Tensor *k = weight(s, 4, dim, (int)(in < INT32_MAX ? in : INT32_MAX), (int)(out < INT32_MAX ? out : INT32_MAX), "conv");
    if (!k)
        return NULL;
    Tensor *ins[] = { x, k };
    Node *n = graph_node(s->e->g, OP_CONV, s->path, ins, 2, 1, s->node->loc);
    n->window = w;
    n->groups = s->groups;
    return after_weights(s, n, co);
}

static Tensor *fc(Spec *s, Tensor *x)
{
    int64_t ci = shape_elems(&x->shape);
    if (!check_count(s, L_FC) || ci < 1 || ci > INT32_MAX)
        return NULL;
    int dim[2] = { (int)s->count, (int)ci };
    Tensor *w = weight(s, 2, dim, (int)ci, dim[0], "fc");
    if (!w)
        return NULL;
    Tensor *ins[] = { x, w };
    return after_weights(s, graph_node(s->e->g, OP_LINEAR, s->path, ins, 2, 1, s->node->loc), dim[0]);
}

static Tensor *pool(Spec *s, LayerKind kind, Tensor *x)
{
    if (!check_kernel(s, kind))
        return NULL;
    Window w = window_of(s, kind, x);
    if (!check_pads(s, &w))
        return NULL;
    if (w.top >= w.kh || w.bottom >= w.kh || w.left >= w.kw || w.right >= w.kw) {
        spec_error(s, s->node->loc, "%s pads as much as its kernel: a window would hold no pixel", layer_names[kind]);
        return NULL;
    }
    Node *n = simple(s, kind == L_MAXPOOL ? OP_MAXPOOL : OP_AVGPOOL, x);
    n->window = w;
    n->ceil = s->ceil_set ? s->ceil : s->e->conventions == CONVENTIONS_CAFFE;
    if (kind == L_AVGPOOL)
        n->count_pad = s->count_pad_set ? s->count_pad : s->e->conventions != CONVENTIONS_TF;
    return finish(s, n);
}

static Tensor *normalize(Spec *s, Tensor *x)
{
    int c = x->shape.dim[0];
    if (s->n_mean != c || s->n_dev != c || c > 3) {
        spec_error(s, s->node->loc, "normalize wants mean(...) and std(...) of %d numbers each", c);
        return NULL;
    }
    Node *n = simple(s, OP_NORMALIZE, x);
    n->mean = arena_grow(s->e->arena, s->mean, 3, 3, sizeof(double));
    n->std = arena_grow(s->e->arena, s->dev, 3, 3, sizeof(double));
    for (int i = 0; i < c; i++)
        if (!(n->std[i] > 0)) {
            spec_error(s, s->node->loc, "std is %g; it must be above 0", n->std[i]);
            return NULL;
        }
    return finish(s, n);
}

static Tensor *lrn(Spec *s, Tensor *x)
{
    Node *n = simple(s, OP_LRN, x);
    double size = s->has_count ? s->count : s->size;
    if (size < 1 || size > 1000 || fmod(size, 2) != 1) {
        spec_error(s, s->node->loc, "lrn has size %g; it needs an odd whole number", size);
        return NULL;
    }
    n->lrn_size = (int)size;
    n->lrn_alpha = s->alpha;
    n->lrn_beta = s->beta;
    n->lrn_k = s->k;
    return finish(s, n);
}

static Tensor *dropout(Spec *s, Tensor *x)
{
    Node *n = simple(s, OP_DROPOUT, x);
    n->rate = s->has_count ? s->count : 0.5;
    if (!(n->rate >= 0 && n->rate < 1)) {
        spec_error(s, s->node->loc, "dropout drops a share from 0 to below 1, not %g", n->rate);
        return NULL;
    }
    return finish(s, n);
}

static Tensor *adaptive(Spec *s, Tensor *x)
{
    if (!check_kernel(s, L_ADAPTIVEPOOL))
        return NULL;
    Node *n = simple(s, OP_ADAPTIVEAVGPOOL, x);
    n->window.kh = (int)s->kernel.kh;
    n->window.kw = (int)s->kernel.kw;
    return finish(s, n);
}

static Tensor *l2norm(Spec *s, Tensor *x)
{
    Node *n = simple(s, OP_L2NORM, x);
    n->eps = s->eps > 0 ? s->eps : 1e-12;
    return finish(s, n);
}

static Tensor *build(Spec *s, LayerKind kind, Tensor *x)
{
    switch (kind) {
    case L_CONV: return conv(s, x);
    case L_FC: return fc(s, x);
    case L_MAXPOOL: case L_AVGPOOL: return pool(s, kind, x);
    case L_GLOBALAVGPOOL: return finish(s, simple(s, OP_GLOBALAVGPOOL, x));
    case L_ADAPTIVEPOOL: return adaptive(s, x);
    case L_LRN: return lrn(s, x);
    case L_RELU: return finish(s, simple(s, OP_RELU, x));
    case L_BATCHNORM: return batchnorm(s, x, s->path);
    case L_DROPOUT: return dropout(s, x);
    case L_SOFTMAX: return finish(s, simple(s, OP_SOFTMAX, x));
    case L_L2NORM: return l2norm(s, x);
    case L_NORMALIZE: return normalize(s, x);
    case N_LAYERS: break;
    }
    return NULL;
}

Tensor *elab_layer(Elab *e, Frame *f, const AstNode *layer, Tensor *in, const char *path)
{
    LayerKind kind = (LayerKind)elab_find_layer(layer->head.text);
    int most = e->options->most_layers ? e->options->most_layers : MOST_LAYERS;
    if (++e->layers > most) {
        if (e->layers == most + 1)
            elab_error(e, f, layer->loc, "the network has more than %d layers", most);
        return NULL;
    }
    Spec s = elab_spec(e, f, layer, kind, path);
    if (s.bad || !in)
        return NULL;
    Tensor *y = build(&s, kind, in);
    if (y && strcmp(y->name, path) != 0 && !graph_find(e->g, path))
        graph_name_output(e->g, y->def, 0, path);
    else if (y && strcmp(y->name, path) != 0 && graph_find(e->g, path)->def && strcmp(graph_find(e->g, path)->def->path, path) == 0)
        graph_take_name(e->g, y, graph_find(e->g, path));
    return y;
}

const char *elab_layer_kind(Elab *e, Frame *f, const AstNode *layer)
{
    const char *kind = layer->head.text;
    for (int i = 0; i < layer->args.n; i++) {
        const AstArg *a = &layer->args.at[i];
        const AstExpr *x = a->kind == ARG_KERNEL || a->kind == ARG_ATOM ? a->value : NULL;
        if (!x || (x->kind != AE_KERNEL && x->kind != AE_PATH))
            continue;
        Value v = x->kind == AE_KERNEL ? elab_eval(e, f, x) : (Value){ 0 };
        const Binding *b = x->kind == AE_PATH ? elab_param(e, f, x->path.text) : NULL;
        if (b)
            v = b->value;
        if ((x->kind == AE_KERNEL || b) && v.kind == VALUE_KERNEL)
            return arena_printf(e->arena, "%s%lldx%lld", kind, (long long)v.kernel.kh, (long long)v.kernel.kw);
    }
    return kind;
}

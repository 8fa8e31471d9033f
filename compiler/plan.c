/* Order, kernels and work units of the plan.  Places and memory are in plan_memory.c. */
#include "plan_build.h"
#include "cook_toom.h"
#include <string.h>

const Target targets[] = {
    { "plain", "plain", TY_F32, 1 },
    { "x86-64-v3", "v3", TY_V8, 16 },
    { "x86-64-v4", "v4", TY_V16, 16 },
};
const int n_targets = sizeof targets / sizeof *targets;

const Target *target_find(const char *name)
{
    for (int i = 0; i < n_targets; i++)
        if (strcmp(targets[i].name, name) == 0)
            return &targets[i];
    return NULL;
}

static const char *const kernel_names[] = {
    [KERNEL_INPUT] = "input", [KERNEL_CONV] = "conv", [KERNEL_COOK_TOOM] = "conv",
    [KERNEL_MAXPOOL] = "maxpool", [KERNEL_AVGPOOL] = "avgpool",
    [KERNEL_GLOBALAVGPOOL] = "globalavgpool", [KERNEL_ADAPTIVEAVGPOOL] = "adaptivepool",
    [KERNEL_BATCHNORM] = "batchnorm", [KERNEL_RELU] = "relu", [KERNEL_ADD] = "add",
    [KERNEL_MUL] = "mul", [KERNEL_MAX] = "max", [KERNEL_LRN] = "lrn", [KERNEL_L2NORM] = "l2norm",
    [KERNEL_SOFTMAX] = "softmax", [KERNEL_NORMALIZE] = "normalize", [KERNEL_COPY] = "copy",
    [KERNEL_OUTPUT] = "output", [KERNEL_WEIGHT_GRAD] = "weight grad",
    [KERNEL_BIAS_GRAD] = "bias grad", [KERNEL_INTERLEAVE] = "interleave",
    [KERNEL_BN_PARTS] = "bn parts", [KERNEL_BN_STATS] = "bn stats", [KERNEL_BN_APPLY] = "bn apply", [KERNEL_BN_GRAD_PARTS] = "bn grad parts",
    [KERNEL_BN_GRAD_STATS] = "bn grad stats", [KERNEL_BN_GRAD] = "bn grad", [KERNEL_RELU_GRAD] = "relu grad", [KERNEL_MAXPOOL_GRAD] = "maxpool grad",
    [KERNEL_MAXPOOL_INDEX] = "maxpool index", [KERNEL_MAXPOOL_INDEX_GRAD] = "maxpool index grad",
    [KERNEL_AVGPOOL_GRAD] = "avgpool grad", [KERNEL_GLOBALAVGPOOL_GRAD] = "globalavgpool grad",
    [KERNEL_ADAPTIVEAVGPOOL_GRAD] = "adaptivepool grad", [KERNEL_LRN_GRAD] = "lrn grad", [KERNEL_L2NORM_GRAD] = "l2norm grad", [KERNEL_SOFTMAX_GRAD] = "softmax grad", [KERNEL_DROPOUT] = "dropout",
    [KERNEL_CROSSENTROPY] = "crossentropy", [KERNEL_CROSSENTROPY_GRAD] = "crossentropy grad",
};

const char *const numerics_names[3] = { "exact", "safe", "fast" };

const char *kernel_name(KernelKind k) { return kernel_names[k]; }

/* The kernel of a run node; -1 for one that costs nothing of its own: a concat in place, squares of the image, which the input step writes. */
static int choose_kernel(const Plan *p, const Node *n)
{
    if (p->options.training && (n->op == OP_DROPOUT || n->op >= OP_BN_SCALE || n->op == OP_CROSSENTROPY || n->op == OP_SLICE))
        return train_kernel(n);
    switch ((int)n->op) {
    case OP_CONV: case OP_LINEAR: return KERNEL_CONV;
    case OP_BATCHNORM: return KERNEL_BATCHNORM;
    case OP_RELU: return KERNEL_RELU;
    case OP_MAXPOOL: return KERNEL_MAXPOOL;
    case OP_AVGPOOL: return KERNEL_AVGPOOL;
    case OP_GLOBALAVGPOOL: return KERNEL_GLOBALAVGPOOL;
    case OP_ADAPTIVEAVGPOOL: return KERNEL_ADAPTIVEAVGPOOL;
    case OP_ADD: return KERNEL_ADD;
    case OP_MUL: return KERNEL_MUL;
    case OP_MAX: return KERNEL_MAX;
    case OP_LRN: return KERNEL_LRN;
    case OP_L2NORM: return KERNEL_L2NORM;
    case OP_SOFTMAX: return KERNEL_SOFTMAX;
    case OP_NORMALIZE: return KERNEL_NORMALIZE;
    case OP_DROPOUT: case OP_COPY: return KERNEL_COPY;
    case OP_CONCAT: case OP_SPACE_TO_DEPTH: return -1;
    default: ICE("no kernel computes %s", op_name(n->op));
    }
}

/* Activation inputs: all inputs but weights, biases and the residual. */
int node_activations(const Node *n)
{
    switch (n->op) {
    case OP_CONV: case OP_LINEAR: case OP_BATCHNORM: case OP_AVGPOOL: return 1;
    default: return train_activations(n);
    }
}

Tensor *node_bias(const Node *n)
{
    if (!n->epilogue.bias)
        return NULL;
    return n->in[n->op == OP_AVGPOOL ? 1 : 2];
}

Tensor *node_residual(const Node *n)
{
    return n->epilogue.residual ? n->in[n->n_in - 1] : NULL;
}

Packed *plan_packed(Plan *p, PackForm form, Node *n, Tensor *t)
{
    Packed *k = ARENA_NEW(p->arena, Packed);
    k->id = p->packed.n;
    k->form = form;
    k->node = n;
    k->tensor = t;
    k->in_block = k->group = k->kh = k->kw = 1;
    LIST_PUSH(p->arena, &p->packed, k);
    return k;
}

static int64_t align_up(int64_t v, int64_t to) { return (v + to - 1) / to * to; }

/* Rows of weights: every output begins on a block of its own and has the gaps of its place. */
static void map_rows(Plan *p, Packed *k, const Step *s)
{
    LIST(Segment) rows = { 0 };
    int logical = 0, physical = 0;
    for (int i = 0; i < s->n_out; i++) {
        const Place *out = s->out[i];
        const Segment *first = &out->segments[0], *last = &out->segments[out->n_segments - 1];
        for (int j = 0; j < out->n_segments; j++) {
            const Segment *g = &out->segments[j];
            Segment row = { logical + g->logical, physical + g->physical - first->physical, g->n };
            LIST_PUSH(p->arena, &rows, row);
        }
        logical += last->logical + last->n;
        physical += (int)align_up(last->physical + last->n - first->physical, p->target->block);
    }
    k->out_segments = rows.at;
    k->n_out_segments = rows.n;
    k->out_channels = physical;
}

/* Columns of weights: the channels of the input's place, gaps and all, counted from its first. */
void plan_packed_columns(Plan *p, Packed *k, const Place *in)
{
    k->n_in_segments = in->n_segments;
    k->in_segments = ARENA_ARRAY(p->arena, in->n_segments, Segment);
    int base = in->segments[0].physical;
    for (int i = 0; i < in->n_segments; i++) {
        k->in_segments[i] = in->segments[i];
        k->in_segments[i].physical -= base;
    }
    const Segment *last = &k->in_segments[in->n_segments - 1];
    k->in_block = in->buffer->block;
    k->in_channels = (int)align_up(last->physical + last->n, k->in_block);
}

/* Columns of grouped weights: those of one group, where a kernel finds its inputs by the output; else the blocks that a tile's outputs see. */
static void group_columns(Plan *p, Packed *k, const Step *s)
{
    if (p->target->block == 1 || conv_is_depthwise(s)) {
        k->in_block = 1;
        k->in_channels = s->node->in[1]->shape.dim[1];
        k->in_segments = ARENA_NEW(p->arena, Segment);
        *k->in_segments = (Segment){ 0, 0, k->in_channels };
        k->n_in_segments = 1;
        return;
    }
    int blocks;
    k->seen = conv_seen(p->arena, s, s->tile_blocks, &blocks);
    k->in_channels = blocks * k->in_block;
}

void plan_packed_floats(Plan *p, Packed *k, int64_t floats)
{
    k->offset = p->weights_bytes / 4;
    k->floats = align_up(floats, 16);
    p->weights_bytes += k->floats * 4;
}

static void pack_conv(Plan *p, Step *s)
{
    Node *n = s->node;
    bool fast = s->kernel == KERNEL_COOK_TOOM;
    Packed *k = plan_packed(p, fast ? PACK_COOK_TOOM : PACK_CONV, n, n->in[1]);
    map_rows(p, k, s);
    plan_packed_columns(p, k, s->in[0]);
    if (n->groups > 1)
        group_columns(p, k, s);
    k->kh = n->op == OP_LINEAR ? n->in[0]->shape.dim[1] : n->window.kh;
    k->kw = n->op == OP_LINEAR ? n->in[0]->shape.dim[2] : n->window.kw;
    k->group = s->tile_blocks;
    k->mh = fast ? s->fast.mh : 1;
    k->mw = fast ? s->fast.mw : 1;
    int64_t products = fast ? (int64_t)cook_toom_weights(k->mh, k->kh, n->window.sh) * cook_toom_weights(k->mw, k->kw, n->window.sw)
                            : (int64_t)k->kh * k->kw;
    plan_packed_floats(p, k, (int64_t)k->out_channels * k->in_channels * products);
    s->weights = k;
}

static Packed *pack_vector(Plan *p, Step *s, Tensor *t)
{
    Packed *k = plan_packed(p, PACK_VECTOR, s->node, t);
    map_rows(p, k, s);
    plan_packed_floats(p, k, k->out_channels);
    return k;
}

/* Scale and shift of a batch norm that stands alone follow the segments of its place. */
static void pack_batchnorm(Plan *p, Step *s)
{
    const Place *in = s->in[0];
    Packed **both[] = { &s->weights, &s->bias };
    for (int i = 0; i < 2; i++) {
        Packed *k = *both[i] = plan_packed(p, i ? PACK_BN_SHIFT : PACK_BN_SCALE, s->node, NULL);
        plan_packed_columns(p, k, in);
        k->out_segments = k->in_segments;
        k->n_out_segments = k->n_in_segments;
        k->out_channels = k->in_channels;
        plan_packed_floats(p, k, k->out_channels);
    }
}

/* The step whose node this one's computes again, with the same kernel. */
static const Step *step_before(const Plan *p, const Step *s)
{
    for (int i = 0; i < s->index; i++)
        if (p->steps.at[i]->node == s->node->again && p->steps.at[i]->kernel == s->kernel)
            return p->steps.at[i];
    return NULL;
}

static bool same_maps(Place **a, Place **b, int n)
{
    bool same = true;
    for (int i = 0; i < n; i++)
        same &= place_same_map(a[i], b[i]);
    return same;
}

/* A node that is computed again reads the packed weights of the first time. */
static bool shares_packed(const Plan *p, Step *s)
{
    const Step *first = s->node && s->node->again ? step_before(p, s) : NULL;
    if (!first || first->tile_blocks != s->tile_blocks || first->fast.mh != s->fast.mh || first->fast.mw != s->fast.mw ||
        !same_maps(first->in, s->in, s->n_in) || !same_maps(first->out, s->out, s->n_out))
        return false;
    s->weights = first->weights;
    s->bias = first->bias;
    return true;
}

static void pack_weights(Plan *p, Step *s)
{
    if (shares_packed(p, s))
        return;
    bool tiles = p->target->block > 1;
    switch (s->kernel) {
    case KERNEL_CONV: case KERNEL_COOK_TOOM:
        pack_conv(p, s);
        if (node_bias(s->node) || tiles)
            s->bias = pack_vector(p, s, node_bias(s->node));
        break;
    case KERNEL_AVGPOOL:
        if (node_bias(s->node))
            s->bias = pack_vector(p, s, node_bias(s->node));
        break;
    case KERNEL_BATCHNORM: pack_batchnorm(p, s); break;
    case KERNEL_INPUT: case KERNEL_MAXPOOL: case KERNEL_GLOBALAVGPOOL: case KERNEL_ADAPTIVEAVGPOOL:
    case KERNEL_RELU: case KERNEL_ADD: case KERNEL_MUL: case KERNEL_MAX: case KERNEL_LRN:
    case KERNEL_L2NORM: case KERNEL_SOFTMAX: case KERNEL_NORMALIZE: case KERNEL_COPY:
    case KERNEL_OUTPUT: break;
    default: train_pack(p, s); break;
    }
}

static Step *new_step(Plan *p, Node *n, KernelKind kernel, const char *name, int n_in, int n_out)
{
    Step *s = ARENA_NEW(p->arena, Step);
    s->index = p->steps.n;
    s->node = n;
    s->kernel = kernel;
    s->name = name;
    s->n_in = n_in;
    s->in = ARENA_ARRAY(p->arena, n_in ? n_in : 1, Place *);
    s->n_out = n_out;
    s->out = ARENA_ARRAY(p->arena, n_out ? n_out : 1, Place *);
    s->tile_blocks = s->tile_pixels = 1;
    LIST_PUSH(p->arena, &p->steps, s);
    return s;
}

static void copy_step(Plan *p, Node *n, Place *from, Place *to)
{
    Step *s = new_step(p, n, KERNEL_COPY, n->path, 1, 1);
    s->in[0] = from;
    s->out[0] = to;
}

/* Inputs of a kernel that goes by blocks and whose channels lie otherwise than its result's are copied first. */
static void copy_to_one_map(Plan *p, Node *n, int kernel, Place **in)
{
    const Place *like = train_outputs(n) ? p->places[n->out[0]->id] : in[0];
    for (int i = 0; i < node_activations(n) && train_wants_one_map((KernelKind)kernel); i++) {
        if (place_same_map(in[i], like))
            continue;
        Place *copy = plan_place_like(p, in[i], like, arena_printf(p->arena, "%s.copy%d", n->path, i));
        copy_step(p, n, in[i], copy);
        in[i] = copy;
    }
}

static void step_of_node(Plan *p, Node *n, int kernel)
{
    int n_in = node_activations(n);
    Place **in = ARENA_ARRAY(p->arena, n_in ? n_in : 1, Place *);
    for (int i = 0; i < n_in; i++)
        in[i] = p->places[n->in[i]->id];
    copy_to_one_map(p, n, kernel, in);
    Step *s = new_step(p, n, (KernelKind)kernel, n->path, n_in, train_outputs(n));
    s->in = in;
    for (int i = 0; i < s->n_out; i++)
        s->out[i] = p->places[n->out[i]->id];
    if (node_residual(n))
        s->residual = p->places[node_residual(n)->id];
}

/* A concat whose inputs lie elsewhere copies each of them to its slice. */
static void steps_of_concat(Plan *p, Node *n)
{
    Place *out = p->places[n->out[0]->id];
    for (int i = 0, c = 0; i < n->n_in; c += n->in[i++]->shape.dim[0]) {
        if (n->in[i]->home == n->out[0])
            continue;
        copy_step(p, n, p->places[n->in[i]->id], plan_sub_place(p, out, c, n->in[i]->shape.dim[0]));
    }
}

static void make_steps(Plan *p)
{
    Graph *g = p->graph;
    Node *squares = plan_squares(g);
    new_step(p, squares, KERNEL_INPUT, "input", 0, 1)->out[0] = p->places[squares ? squares->out[0]->id : g->input->id];
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->dead || node_in_load_phase(n))
            continue;
        int kernel = choose_kernel(p, n);
        if (n->op == OP_CONCAT)
            steps_of_concat(p, n);
        else if (n->op == OP_SLICE && !plan_slice_is_view(p, n))
            copy_step(p, n, plan_sub_place(p, p->places[n->in[0]->id], n->slice_begin, n->out[0]->shape.dim[0]), p->places[n->out[0]->id]);
        else if (kernel >= 0)
            step_of_node(p, n, kernel);
    }
    if (g->output)
        new_step(p, NULL, KERNEL_OUTPUT, "output", 1, 0)->in[0] = p->places[g->output->id];
}

const char *plan_step_shape(Arena *a, const Plan *p, const Step *s)
{
    const Tensor *t = s->node ? s->node->out[0] : s->n_out ? p->graph->input : p->graph->output;
    Shape shape = t->shape;
    for (int k = 1; s->node && k < s->node->n_out; k++)
        shape.dim[0] += s->node->out[k]->shape.dim[0];
    return shape_text(a, &shape);
}

const char *plan_step_operation(Arena *a, const Step *s)
{
    const char *name = kernel_name(s->kernel);
    if (!s->node)
        return name;
    if (s->node->op == OP_LINEAR)
        return "fc";
    const Window *w = &s->node->window;
    if (s->node->op == OP_CONV && s->node->groups > 1)
        name = node_is_depthwise(s->node) ? "depthwise conv" : "grouped conv";
    if (!w->kh || s->kernel == KERNEL_COPY)
        return name;
    name = arena_printf(a, "%s %dx%d", name, w->kh, w->kw);
    if (w->sh != w->sw)
        return arena_printf(a, "%s/%dx%d", name, w->sh, w->sw);
    return w->sh > 1 ? arena_printf(a, "%s/%d", name, w->sh) : name;
}

const char *plan_step_kernel(Arena *a, const Plan *p, const Step *s)
{
    const char *name = plan_step_operation(a, s);
    if (s->kernel == KERNEL_CONV && p->target->block > 1 && s->node->groups <= 1)
        return arena_printf(a, "%s tile %dx%d", name, s->tile_pixels, s->tile_blocks);
    if (s->fast.mh)
        return arena_printf(a, "%s F(%dx%d)", name, s->fast.mh, s->fast.mw);
    return name;
}

/* Indices of the generated C are ints, and channels in pieces need tables. */
static void check_sizes(const Plan *p)
{
    enum { MOST_CHANNELS = 1 << 18 };
    const Graph *g = p->graph;
    for (int i = 0; i < g->tensors.n; i++) {
        const Tensor *t = g->tensors.at[i];
        const Place *at = p->places[t->id];
        const Buffer *b = at ? at->buffer : NULL;
        if (at && at->n_segments > 1 && t->shape.dim[0] > MOST_CHANNELS) {
            diag_error(t->loc, "'%s' has %d channels in %d pieces; %d is the most", t->name, t->shape.dim[0], at->n_segments, MOST_CHANNELS);
            return;
        }
        if (b && b->floats > INT32_MAX) {
            diag_error(t->loc, "'%s' is %s and takes %lld numbers in memory, with its borders%s; 2147483647 is the most", t->name,
                       shape_text(p->arena, &t->shape), (long long)b->floats, b->block > 1 ? " and in blocks of 16 channels" : "");
            return;
        }
    }
    for (int i = 0; i < p->packed.n; i++)
        if (p->packed.at[i]->floats > INT32_MAX) {
            diag_error(p->packed.at[i]->node->loc, "the weights of '%s' take %lld numbers%s; 2147483647 is the most",
                       p->packed.at[i]->node->path, (long long)p->packed.at[i]->floats, p->packed.at[i]->in_block > 1 ? " in blocks of 16 channels" : "");
            return;
        }
}

Numerics plan_numerics(const Plan *p)
{
    for (int i = 0; i < p->steps.n; i++)
        if (p->steps.at[i]->fast.mh)
            return p->options.numerics;
    return NUMERICS_EXACT;
}

/* Choose kernels, then borders, then offsets: each needs the one before. */
Plan *plan_new(Arena *a, Graph *g, const Target *t, PlanOptions o)
{
    Plan *p = ARENA_NEW(a, Plan);
    p->arena = a;
    p->graph = g;
    p->target = t;
    p->options = o;
    plan_places(p);
    make_steps(p);
    for (int i = 0; i < p->steps.n; i++) {
        kernel_choose(p, p->steps.at[i]);
        train_batch(p, p->steps.at[i]);
    }
    plan_borders(p);
    for (int i = 0; i < p->steps.n; i++)
        kernel_cut(p, p->steps.at[i]);
    plan_offsets(p);
    for (int i = 0; i < p->steps.n; i++)
        pack_weights(p, p->steps.at[i]);
    check_sizes(p);
    plan_verify(p);
    return p;
}

/* What the plan knows of the operators of training: kernels, places, packed vectors and sums over the batch. */
#include "kernels/kernels.h"

int train_kernel(const Node *n)
{
    switch ((int)n->op) {
    case OP_DROPOUT: return KERNEL_DROPOUT;
    case OP_CROSSENTROPY: return KERNEL_CROSSENTROPY;
    case OP_CROSSENTROPY_GRAD: return KERNEL_CROSSENTROPY_GRAD;
    case OP_INTERLEAVE: return KERNEL_INTERLEAVE;
    case OP_CONV_WEIGHT_GRAD: return KERNEL_WEIGHT_GRAD;
    case OP_BIAS_GRAD: return KERNEL_BIAS_GRAD;
    case OP_BN_PARTS: return KERNEL_BN_PARTS;
    case OP_BN_STATS: return KERNEL_BN_STATS;
    case OP_BN_APPLY: return KERNEL_BN_APPLY;
    case OP_BN_GRAD_PARTS: return KERNEL_BN_GRAD_PARTS;
    case OP_BN_GRAD_STATS: return KERNEL_BN_GRAD_STATS;
    case OP_BN_GRAD: return KERNEL_BN_GRAD;
    case OP_RELU_GRAD: return KERNEL_RELU_GRAD;
    case OP_MAXPOOL_GRAD: return KERNEL_MAXPOOL_GRAD;
    case OP_MAXPOOL_INDEX: return KERNEL_MAXPOOL_INDEX;
    case OP_MAXPOOL_INDEX_GRAD: return KERNEL_MAXPOOL_INDEX_GRAD;
    case OP_AVGPOOL_GRAD: return KERNEL_AVGPOOL_GRAD;
    case OP_GLOBALAVGPOOL_GRAD: return KERNEL_GLOBALAVGPOOL_GRAD;
    case OP_ADAPTIVEAVGPOOL_GRAD: return KERNEL_ADAPTIVEAVGPOOL_GRAD;
    case OP_LRN_GRAD: return KERNEL_LRN_GRAD;
    case OP_L2NORM_GRAD: return KERNEL_L2NORM_GRAD;
    case OP_SOFTMAX_GRAD: return KERNEL_SOFTMAX_GRAD;
    case OP_SLICE: return -1; /* a view, or a copy */
    default: ICE("no kernel computes %s in training", op_name(n->op));
    }
}

static int images_of(const Step *s)
{
    switch ((int)s->kernel) {
    case KERNEL_WEIGHT_GRAD: return weight_grad_call_images(s, s->fast.mh ? &s->fast : NULL);
    case KERNEL_BIAS_GRAD: case KERNEL_BN_STATS: case KERNEL_BN_GRAD_STATS: return 1;
    default: return 0;
    }
}

int train_activations(const Node *n)
{
    switch ((int)n->op) {
    case OP_BIAS_GRAD: case OP_BN_PARTS: case OP_AVGPOOL_GRAD: case OP_GLOBALAVGPOOL_GRAD: case OP_ADAPTIVEAVGPOOL_GRAD:
    case OP_CROSSENTROPY: case OP_CROSSENTROPY_GRAD: return 1;
    case OP_CONV_WEIGHT_GRAD: case OP_BN_STATS: case OP_BN_GRAD_STATS: case OP_MAXPOOL_INDEX_GRAD: return 2;
    case OP_BN_APPLY: return 3;
    case OP_BN_GRAD_PARTS: return 4;
    case OP_BN_GRAD: return 6;
    case OP_INTERLEAVE: return n->n_in - 1;
    default: return n->n_in;
    }
}

int train_outputs(const Node *n)
{
    switch ((int)n->op) {
    case OP_CONV_WEIGHT_GRAD: case OP_BIAS_GRAD: case OP_CROSSENTROPY: return 0; /* to gradients, to losses */
    case OP_BN_STATS: case OP_BN_GRAD_STATS: return 2; /* the others to weights, to gradients */
    default: return n->n_out;
    }
}

bool train_wants_one_map(KernelKind k) { return k >= KERNEL_BIAS_GRAD; }

const Tensor *train_map_source(const Node *n)
{
    switch ((int)n->op) {
    case OP_BN_PARTS: case OP_BN_APPLY: case OP_BN_GRAD_PARTS: case OP_BN_GRAD: case OP_RELU_GRAD: case OP_MAXPOOL_GRAD:
    case OP_MAXPOOL_INDEX: case OP_MAXPOOL_INDEX_GRAD: case OP_LRN_GRAD: case OP_L2NORM_GRAD: case OP_SOFTMAX_GRAD: case OP_CROSSENTROPY_GRAD: return n->in[0];
    case OP_AVGPOOL_GRAD: case OP_GLOBALAVGPOOL_GRAD: case OP_ADAPTIVEAVGPOOL_GRAD: return n->in[1];
    case OP_BN_STATS: case OP_BN_GRAD_STATS: return n->in[2];
    case OP_INTERLEAVE: return n->in[n->n_in - 1];
    default: return NULL;
    }
}

static Packed *pack_channels(Plan *p, Step *s, Tensor *t)
{
    Packed *k = plan_packed(p, PACK_VECTOR, s->node, t);
    plan_packed_columns(p, k, s->in[0]);
    k->out_segments = k->in_segments;
    k->n_out_segments = k->n_in_segments;
    k->out_channels = k->in_channels;
    plan_packed_floats(p, k, k->out_channels);
    return k;
}

void train_pack(Plan *p, Step *s)
{
    const Node *n = s->node;
    int beta = s->kernel == KERNEL_BN_APPLY ? 3 : s->kernel == KERNEL_BN_GRAD_PARTS ? 4 : s->kernel == KERNEL_BN_GRAD ? 6 : n->n_in;
    bool relu = n->epilogue.relu, apply = s->kernel == KERNEL_BN_APPLY; /* the gradient asks what passed the ReLU */
    if (beta < n->n_in && (apply || relu))
        s->bias = pack_channels(p, s, n->in[beta]);
    if (beta + 1 < n->n_in && (apply || relu || s->kernel == KERNEL_BN_GRAD))
        s->weights = pack_channels(p, s, n->in[beta + 1]);
}

/* Of weights whose values never change, and of a frozen batch norm, which has no tensor of its own. */
bool train_packs_once(const Plan *p, const Packed *k)
{
    bool moves = k->tensor && graph_moves(p->graph, k->tensor);
    for (int i = 1; !k->tensor && k->form != PACK_VECTOR && i < k->node->n_in; i++)
        moves |= graph_moves(p->graph, k->node->in[i]);
    return !moves;
}

int train_packed_once(const Plan *p)
{
    int n = 0;
    for (int i = 0; i < p->packed.n; i++)
        n += train_packs_once(p, p->packed.at[i]);
    return n;
}

/* Sums of a weight gradient that an output has. */
static int64_t sums_of_output(Plan *p, const Step *s)
{
    const Window *w = &s->node->window;
    GradInputs in = weight_grad_inputs(p->arena, s);
    return (int64_t)in.blocks * in.channels * (s->fast.mh ? fast_points(&s->fast, w) : w->kh * w->kw);
}

void train_batch(Plan *p, Step *s)
{
    s->images = images_of(s);
    if (s->kernel != KERNEL_WEIGHT_GRAD && s->kernel != KERNEL_BIAS_GRAD)
        return;
    Buffer *b = s->sums = ARENA_NEW(p->arena, Buffer);
    int64_t channels = place_span(s->in[s->n_in - 1]);
    if (s->kernel == KERNEL_WEIGHT_GRAD)
        channels *= sums_of_output(p, s);
    *b = (Buffer){ .id = p->buffers.n, .name = arena_printf(p->arena, "%s.sums", s->name), .kind = BUFFER_SHARED, .block = p->target->block,
                   .channels = (int)channels, .h = 1, .w = 1 };
    LIST_PUSH(p->arena, &p->buffers, b);
}

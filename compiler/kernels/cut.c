/* Which register tile for which step, and into how many units of work it is cut. */
#include "kernels.h"
#include "../cook_toom.h"

/* Convolutions without taps, stride and borders see the image as one row of pixels.  Padding is negative where a data gradient leaves
 * out what lay on the border. */
bool conv_is_flat(const Step *s)
{
    const Node *n = s->node;
    const Window *w = &n->window;
    if (n->op != OP_CONV || !window_is_1x1(w) || !window_steps_by_1(w) || w->top || w->bottom || w->left || w->right)
        return false;
    bool bordered = s->in[0]->buffer->bordered || (s->residual && s->residual->buffer->bordered);
    for (int k = 0; k < s->n_out; k++)
        bordered |= s->out[k]->buffer->bordered;
    return !bordered;
}

/* In fours, which a leaf writes out. */
int conv_depth(const Step *s)
{
    bool full = place_blocks(s->in[0]) > 1 || s->in[0]->buffer->block == 1 || s->node->groups > 1;
    return full ? 16 : 4 * div_up(s->node->in[0]->shape.dim[0], 4);
}

int conv_row_pixels(const Step *s)
{
    const Buffer *y = s->out[0]->buffer;
    return conv_is_flat(s) ? y->h * y->w : y->w;
}

/* Registers: accumulators; a step's weights or its inputs, whichever are fewer; one of the others at a time. */
static int tile_holds(Type vector, int blocks)
{
    int accumulators = type_lanes(vector) == 16 ? 28 : 12, n = accumulators * type_lanes(vector) / (16 * blocks);
    return n < 1 ? 1 : n;
}

int tile_most(Type vector, int blocks)
{
    enum { MOST = 14 };
    int n = tile_holds(vector, blocks);
    return n < MOST ? n : MOST;
}

int conv_leaf_pixels(Type vector, const Step *s, int blocks)
{
    int most = tile_most(vector, blocks), row = conv_row_pixels(s);
    if (blocks == s->tile_blocks)
        return s->tile_pixels;
    return most < row ? most : row;
}

int conv_unit_pixels(Type vector, const Step *s) { return conv_leaf_pixels(vector, s, 1); }

int conv_out_blocks(const Step *s)
{
    int blocks = 0;
    for (int k = 0; k < s->n_out; k++)
        blocks += place_blocks(s->out[k]);
    return blocks;
}

static void choose_tile(const Plan *p, Step *s)
{
    int blocks = conv_out_blocks(s);
    int pixels = conv_row_pixels(s) * (conv_is_flat(s) ? 1 : s->out[0]->buffer->h);
    s->tile_blocks = s->in[0]->buffer->block > 1 ? 2 : 1; /* of an image: gcc 12 spoils the wider tile */
    if (pixels == 1) /* one pixel: more blocks hide the latency of the accumulators */
        s->tile_blocks = 4;
    if (s->tile_blocks > blocks)
        s->tile_blocks = blocks;
    if (s->node->groups > 1)
        s->tile_blocks = conv_group_blocks(p->arena, s, s->tile_blocks);
    s->tile_pixels = conv_is_depthwise(s) ? tile_most(p->target->vector, 1) : tile_holds(p->target->vector, s->tile_blocks);
    if (s->tile_pixels > conv_row_pixels(s))
        s->tile_pixels = conv_row_pixels(s);
    int tiles = div_up(conv_row_pixels(s), conv_unit_pixels(p->target->vector, s));
    s->units = div_up(blocks, s->tile_blocks) * (conv_is_flat(s) ? tiles : s->out[0]->buffer->h);
}

/* A register tile of 32 outputs takes each product. */
int fast_group_blocks(const Step *s)
{
    enum { MOST = 2 };
    int blocks = place_blocks(s->out[0]);
    return blocks < MOST ? blocks : MOST;
}

int fast_points(const FastConv *f, const Window *w) { return cook_toom_alpha(f->mh, w->kh, w->sh) * cook_toom_alpha(f->mw, w->kw, w->sw); }

static void take_scratch(Plan *p, Step *s, int64_t floats)
{
    s->scratch_floats = floats;
    if (floats > p->scratch_floats)
        p->scratch_floats = floats;
}

/* Units are (block of tiles, group of outputs). */
static void cut_fast(Plan *p, Step *s)
{
    int blocks = place_blocks(s->out[0]), in_blocks = place_blocks(s->in[0]);
    const Window *w = &s->node->window;
    s->tile_blocks = fast_group_blocks(s);
    s->units = s->fast.blocks * div_up(blocks, s->tile_blocks);
    take_scratch(p, s, cook_toom_scratch(&s->fast, fast_points(&s->fast, w), in_blocks, s->tile_blocks));
}

void kernel_cut(Plan *p, Step *s)
{
    const Buffer *y = s->n_out ? s->out[0]->buffer : NULL;
    switch (s->kernel) {
    case KERNEL_CONV:
        if (p->target->block > 1)
            choose_tile(p, s);
        else
            s->units = s->out[0]->segments[0].n;
        break;
    case KERNEL_COOK_TOOM: cut_fast(p, s); break;
    case KERNEL_MAXPOOL: case KERNEL_AVGPOOL: case KERNEL_ADAPTIVEAVGPOOL: case KERNEL_BATCHNORM: case KERNEL_RELU:
    case KERNEL_ADD: case KERNEL_MUL: case KERNEL_MAX: case KERNEL_COPY:
        s->units = place_blocks(s->out[0]) * y->h;
        break;
    case KERNEL_GLOBALAVGPOOL: s->units = place_blocks(s->out[0]); break;
    case KERNEL_LRN: case KERNEL_L2NORM: case KERNEL_SOFTMAX: case KERNEL_NORMALIZE: case KERNEL_INPUT:
        s->units = y->h;
        break;
    case KERNEL_OUTPUT: s->units = s->in[0]->buffer->h; break;
    case KERNEL_WEIGHT_GRAD:
        s->units = place_blocks(s->in[1]) * weight_grad_inputs(p->arena, s).blocks;
        if (s->fast.mh)
            take_scratch(p, s, weight_grad_fast_size(s).scratch);
        break;
    case KERNEL_BIAS_GRAD: case KERNEL_BN_PARTS: case KERNEL_BN_GRAD_PARTS: s->units = place_blocks(s->in[0]); break;
    case KERNEL_BN_STATS: case KERNEL_BN_GRAD_STATS: s->units = s->node->in[2]->shape.dim[0]; break;
    case KERNEL_BN_APPLY: case KERNEL_BN_GRAD: case KERNEL_RELU_GRAD: case KERNEL_MAXPOOL_INDEX: s->units = place_blocks(s->out[0]) * y->h; break;
    case KERNEL_MAXPOOL_GRAD: case KERNEL_MAXPOOL_INDEX_GRAD: case KERNEL_AVGPOOL_GRAD: case KERNEL_GLOBALAVGPOOL_GRAD: case KERNEL_ADAPTIVEAVGPOOL_GRAD:
    case KERNEL_INTERLEAVE:
        s->units = place_blocks(s->out[0]);
        break;
    case KERNEL_LRN_GRAD:
        s->units = y->h;
        take_scratch(p, s, s->node->in[0]->shape.dim[0]);
        break;
    case KERNEL_DROPOUT: case KERNEL_L2NORM_GRAD: case KERNEL_SOFTMAX_GRAD: s->units = y->h; break;
    case KERNEL_CROSSENTROPY: case KERNEL_CROSSENTROPY_GRAD: s->units = 1; break;
    }
}

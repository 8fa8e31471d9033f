/* Kernel families: each builds the function of a step (or finds one of equal shape) and appends the call
 * that the contents page needs.  Knows loops, not C text. */
#ifndef INCEPTC_KERNELS_H
#define INCEPTC_KERNELS_H
#include "../plan_build.h"

KernelLower kernel_lower_input, kernel_lower_output, kernel_lower_copy, kernel_lower_normalize;
KernelLower kernel_lower_conv, kernel_lower_cook_toom;
KernelLower kernel_lower_maxpool, kernel_lower_avgpool, kernel_lower_globalavgpool, kernel_lower_adaptiveavgpool;
KernelLower kernel_lower_batchnorm, kernel_lower_relu, kernel_lower_add, kernel_lower_mul, kernel_lower_max;
KernelLower kernel_lower_lrn, kernel_lower_l2norm, kernel_lower_softmax;

/* gemm_tile.c and conv_plain.c behind kernel_lower_conv. */
void lower_conv_tiles(LowerContext *c, Step *s);
void lower_conv_plain(LowerContext *c, Step *s);

/* lrn.c behind kernel_lower_lrn: whole vectors of channels. */
bool lrn_goes_by_lanes(const Plan *p, const Step *s);
void lower_lrn_lanes(LowerContext *c, Step *s);

/* ---- tile_leaf.c ---- */

typedef struct Tile {
    int pixels, blocks, pitch; /* pitch: floats from pixel to pixel of x */
    int lanes_in;              /* channels of an input block: 16, or 1 for image planes */
    bool residual;
    bool more;                 /* adds to y: a later piece of a sum */
    bool product;              /* no taps, no bias, no floor: one product of Cook and Toom */
    Type vector;
    bool depthwise;            /* output k reads channel k alone: no blocks of inputs, no planes */
    int depth;                 /* channels of an input block that are summed: 16, or fewer where the others are 0 */
} Tile;
/* The leaf of a tile: y = max(floor, b + sum of w * x), or max(floor, r + scale * (b + ...)); of a product y = sum of w * x. */
Func *tile_leaf(Unit *u, const Tile *t);
bool tile_fetches(const Tile *t); /* does it fetch the weights that come next (parameters next, lines) */

/* ---- cook_toom.c ---- */

/* Floats of scratch for a block of tiles: transformed input and products of `group` blocks of outputs. */
int64_t cook_toom_scratch(const FastConv *f, int points, int in_blocks, int group);

/* Products lie an odd number of cache lines apart, so that those of one tile fall into different sets. */
int64_t odd_lines(int64_t floats);

typedef struct FastGradSize { /* of a weight gradient by a form of Cook and Toom */
    int points, tiles;     /* of a block in an image, the most */
    int64_t slab, block;   /* floats of a block's tiles at one point, at all points */
    int64_t scratch;
} FastGradSize;
FastGradSize weight_grad_fast_size(const Step *s); /* weight_grad_fast.c */
/* choose.c: images of a call, for a form or (null) the direct way. */
int weight_grad_call_images(const Step *s, const FastConv *f);

/* cut.c: blocks of 16 outputs that a fast form computes together; the products of a tile, for a pair of channels. */
int fast_group_blocks(const Step *s);
/* The most pixels of a register tile with so many blocks of outputs; a convolution of one group of blocks may hold more. */
int tile_most(Type vector, int blocks);
/* Channels of an input block that register tiles add up: 16, or fewer where the only block is not full. */
int conv_depth(const Step *s);
/* Convolutions by register tiles: whether the image is one row of pixels; pixels of a row; the most of a tile of `blocks` blocks; of a unit
 * of a flat image, whatever its blocks. */
bool conv_is_flat(const Step *s);
int conv_row_pixels(const Step *s);
int conv_out_blocks(const Step *s); /* of all outputs */
int conv_leaf_pixels(Type vector, const Step *s, int blocks);
int conv_unit_pixels(Type vector, const Step *s);
int fast_points(const FastConv *f, const Window *w);

/* ---- groups.c: convolutions whose outputs do not read all channels ---- */

/* The first input block that a block of outputs reads, as conv_seen found: 0, its own, by the group (of blocks of one channel), or by a table. */
Expr *conv_first_seen(Lower *l, const Step *s, const int *seen, Expr *block);
/* Blocks of outputs of a tile: `most`, or one where more would read more. */
int conv_group_blocks(Arena *a, const Step *s, int most);

typedef struct GradInputs { /* what a block of outputs meets in the gradient of weights: some blocks of inputs, each a unit of work */
    int blocks;      /* how many */
    int channels;    /* of each that every output has sums with */
    bool lanes;      /* only with that of its own lane */
    const int *seen; /* by block of outputs, the first; null where all see all */
} GradInputs;
GradInputs weight_grad_inputs(Arena *a, const Step *s);

/* ---- cost.c: cycles of the modelled machine ---- */

/* A convolution by register tiles, and by a form of Cook and Toom: with the threads that choices are made for. */
double cost_direct(const Step *s);
double cost_fast(const Step *s, const FastConv *f);
/* A weight gradient, for an image: f is null for the direct way. */
double cost_weight_grad(const Step *s, const FastConv *f);

/* ---- choose.c ---- */

enum { MOST_CANDIDATES = 128 };
typedef struct Candidate {
    FastConv form; /* mh 0: direct */
    double cycles;
} Candidate;
/* The ways to compute a convolution that the level allows: the model's choice, then the cheapest first.  Returns how many. */
int kernel_candidates(const Plan *p, const Step *s, Candidate out[MOST_CANDIDATES]);
/* Why there is only the direct way; null when there are others. */
const char *kernel_why_direct(const Plan *p, const Step *s);
/* What a row of a tuning record calls the shape: "3x3 64x56x56 192x56x56". */
const char *kernel_shape_key(Arena *a, const Step *s);

/* ---- What the families share (common.c) ---- */

enum { LANES_MOST = 16 };

/* Physical channels of a place from its first: a multiple of the block. */
int place_span(const Place *p);
int place_blocks(const Place *p); /* the same, in blocks of its buffer */
int place_count(const Place *p); /* logical channels */
/* Address of pixel (y, x) of the place's first channel on the page: arena + offset. */
Expr *place_address(LowerContext *c, const Place *p, int y, int x);
/* The same where a call sees `images` images, whose arenas lie one behind the other. */
Expr *place_address_of_images(LowerContext *c, const Place *p, int y, int x, int images);
/* Table of float offsets from the place's first channel to each logical channel; null when channel_offset can do without. */
Var *place_channels(Unit *u, const Place *p);
/* Expr of the offset of logical channel `ch`. */
Expr *channel_offset(Lower *l, const Place *p, Expr *ch);
/* Appends stores of zero to the gap channels of one row of y (offset `row` from the place's first pixel). */
void zero_gaps(Lower *l, Var *y, const Place *p, Expr *row);
int place_gaps(const Place *p);
/* Text of a place's physical form, for the keys of functions. */
const char *place_key(Arena *a, const Place *p);

/* The head of a kernel function: `for (u = begin; u < end; u++)` over the units of this part. */
typedef struct Kernel {
    Lower *l;
    Var *part, *parts, *begin, *end, *u;
} Kernel;
void kernel_part_begin(Kernel *k, int units); /* without the loop: begin and end; adds the parameters part, parts last */
void kernel_units_begin(Kernel *k, int units); /* kernel_part_begin and the loop */
void kernel_units_end(Kernel *k);
Expr *kernel_dim(const Kernel *k, const char *name, int64_t value); /* a named constant of its function: loop_dim */
/* Appends part and parts to args and the call to the page. */
void kernel_call(LowerContext *c, Func *f, Expr **args, int n);

/* Index of pixel (y, x): y * row + x * block. */
Expr *pixel_index(Lower *l, const Buffer *b, const char *row_name, Expr *y, Expr *x);
#endif

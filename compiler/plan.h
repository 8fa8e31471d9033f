/* The plan: ordered steps; the kernel chosen for each; layout, offset and live range of every buffer;
 * packed weights; work units.  Knows nothing of C.  One plan per target. */
#ifndef INCEPTC_PLAN_H
#define INCEPTC_PLAN_H
#include "graph.h"
#include "loop.h"

typedef struct Target {
    const char *name;   /* "plain", "x86-64-v3", "x86-64-v4" */
    const char *symbol; /* in C identifiers: "plain", "v3", "v4" */
    Type vector;        /* TY_F32 for plain */
    int block;          /* channels of a block: 1 (C x H x W) or 16 (NCHW16c) */
} Target;
extern const Target targets[];
extern const int n_targets;
const Target *target_find(const char *name);

/* Where a tensor's logical channels lie: segments in logical order. */
typedef struct Segment {
    int logical, physical, n; /* channels [logical, logical+n) lie at physical channels [physical, ...) of the buffer */
} Segment;

/* Physical form of a buffer: ceil(channels/block) planes of (top+h+bottom) x (left+w+right) x block. */
typedef enum BufferKind {
    BUFFER_ARENA, /* of one image */
    BUFFER_SHARED /* of the batch: results without an image, sums over all images */
} BufferKind;
typedef struct Buffer {
    int id;
    const char *name;
    BufferKind kind;
    int block;               /* 1 or 16 */
    int channels;            /* physical, a multiple of block */
    int h, w;
    int top, bottom, left, right; /* border, all zero */
    int64_t row, plane;      /* floats from row to row, from block to block */
    int64_t offset, floats;  /* in the arena, in floats; offset is a multiple of 16 */
    int first, last;         /* live range: steps, inclusive */
    bool bordered;           /* any border: zeroed once, never shared with other shapes */
} Buffer;

typedef struct Place { /* of an activation tensor */
    Buffer *buffer;
    Segment *segments;
    int n_segments;
} Place;

/* The same logical channels at the same distances: kernels may go by blocks. */
bool place_same_map(const Place *a, const Place *b);

typedef enum KernelKind {
    KERNEL_INPUT,      /* user's C x H x W to the input buffer */
    KERNEL_CONV,       /* conv and linear: plain loops or register tiles, by target */
    KERNEL_COOK_TOOM,  /* conv by a fast algorithm */
    KERNEL_MAXPOOL, KERNEL_AVGPOOL, KERNEL_GLOBALAVGPOOL, KERNEL_ADAPTIVEAVGPOOL,
    KERNEL_BATCHNORM, KERNEL_RELU, KERNEL_ADD, KERNEL_MUL, KERNEL_MAX, KERNEL_LRN, KERNEL_L2NORM,
    KERNEL_SOFTMAX, KERNEL_NORMALIZE, KERNEL_COPY,
    KERNEL_OUTPUT,     /* output buffer to the user's flat array */
    /* training */
    KERNEL_WEIGHT_GRAD, KERNEL_BIAS_GRAD, KERNEL_INTERLEAVE,
    KERNEL_BN_PARTS, KERNEL_BN_STATS, KERNEL_BN_APPLY, KERNEL_BN_GRAD_PARTS, KERNEL_BN_GRAD_STATS, KERNEL_BN_GRAD,
    KERNEL_RELU_GRAD, KERNEL_MAXPOOL_GRAD, KERNEL_MAXPOOL_INDEX, KERNEL_MAXPOOL_INDEX_GRAD, KERNEL_AVGPOOL_GRAD, KERNEL_GLOBALAVGPOOL_GRAD, KERNEL_ADAPTIVEAVGPOOL_GRAD,
    KERNEL_LRN_GRAD, KERNEL_L2NORM_GRAD, KERNEL_SOFTMAX_GRAD, KERNEL_DROPOUT, KERNEL_CROSSENTROPY, KERNEL_CROSSENTROPY_GRAD
} KernelKind;
const char *kernel_name(KernelKind k);

/* A weight in the form a kernel reads: packed once by the load phase. */
typedef enum PackForm {
    PACK_CONV,   /* plain: [co][ci][kh][kw]; tiles: [group of nr blocks][ci block][kh][kw][ci in block][nr*16] */
    PACK_COOK_TOOM, /* [group of nr blocks][product][ci][nr*16]: G g G^T of each kernel */
    PACK_VECTOR, /* one float per physical channel (bias); gaps are zero; tensor null: all zero */
    PACK_BN_SCALE, PACK_BN_SHIFT /* as PACK_VECTOR, of a batch norm that stands alone: y = x * scale + shift */
} PackForm;
typedef struct Packed {
    int id;
    PackForm form;
    Tensor *tensor;          /* load-phase tensor (a weight, or what passes computed from weights) */
    int64_t offset, floats;  /* in the packed weights, in floats; offset is a multiple of 16 */
    Segment *out_segments;   /* rows (co): logical to physical, over all outputs of the node */
    int n_out_segments, out_channels;
    Segment *in_segments;    /* columns (ci): those of the input's place */
    int n_in_segments, in_channels;
    int in_block;            /* 1 or 16: block of the input buffer */
    int group;               /* nr: blocks of outputs per weight row (tiles) */
    const int *seen;         /* groups: the first input block that each block of outputs reads, in_channels from there; null: all read the same */
    int kh, kw;
    int mh, mw;              /* PACK_COOK_TOOM: outputs of a tile */
    Node *node;
} Packed;

typedef struct FastConv { /* F(mh x mw, kh x kw): rows x columns tiles, worked on in blocks of nearly equal number */
    int mh, mw;
    int rows, columns, blocks;
} FastConv;

/* How far a convolution may go from the direct sum; docs/numerics.md says what each costs in error. */
typedef enum Numerics { NUMERICS_EXACT, NUMERICS_SAFE, NUMERICS_FAST } Numerics;
extern const char *const numerics_names[3];

/* One row of a tuning record (tuning.c): the best way for a shape, measured. */
typedef struct TuningRow {
    const char *target, *shape;
    Numerics numerics;
    int mh, mw, blocks; /* mh 0: direct */
} TuningRow;
typedef struct Tuning {
    LIST(TuningRow) rows;
} Tuning;

typedef struct PlanOptions {
    bool training; /* the graph of train_graph: steps over images and over the batch */
    Numerics numerics;
    const Tuning *tuning; /* or null */
    int rank; /* for tune: every convolution by its rank-th candidate, 0 the cheapest by the model; without so many, by that */
    int form; /* for tests: > 0: every convolution that may be fast is, by this form of its list (counted around) */
} PlanOptions;

typedef struct Step {
    int index;
    Node *node;              /* null for output, and for input but for that which writes squares of pixels (space_to_depth) */
    KernelKind kernel;
    const char *name;        /* layer path for tables; "input", "output" */
    Place **in;              /* activation inputs */
    int n_in;
    Place **out;             /* activation outputs: more than one after a merge */
    int n_out;
    Place *residual;         /* or null */
    Packed *weights, *bias;  /* or null; batchnorm: scale and shift; in training gamma and beta */
    Buffer *sums;            /* KERNEL_WEIGHT_GRAD, KERNEL_BIAS_GRAD: over the images so far */
    int images;              /* training: of a call of a kernel that sums over the batch; else 0 */
    int units;               /* work units, of equal cost; contiguous ranges go to threads */
    int tile_pixels, tile_blocks; /* conv tiles: most pixels, nr; KERNEL_COOK_TOOM: blocks of outputs of a unit */
    FastConv fast;           /* KERNEL_COOK_TOOM */
    bool recorded; /* how it is computed is what the tuning record says */
    int64_t scratch_floats;  /* per thread */
} Step;

typedef struct Plan {
    Arena *arena;
    Graph *graph;
    const Target *target;
    PlanOptions options;
    LIST(Step *) steps;
    LIST(Buffer *) buffers;
    LIST(Packed *) packed;
    Place **places;          /* by tensor id */
    int64_t arena_bytes, weights_bytes, shared_bytes;
    int64_t scratch_floats;  /* per thread: the most that a step takes */
} Plan;

Plan *plan_new(Arena *a, Graph *g, const Target *t, PlanOptions o); /* what is too large to index is an error (diag.h): not to be lowered */
const char *plan_step_shape(Arena *a, const Plan *p, const Step *s); /* of a merge: the channels of all its outputs */
Numerics plan_numerics(const Plan *p); /* exact where no kernel is fast, whatever was allowed */
const char *plan_step_operation(Arena *a, const Step *s); /* "conv 3x3/2", "maxpool 3x3" */
const char *plan_step_kernel(Arena *a, const Plan *p, const Step *s); /* "conv 3x3 F(4x4)", "conv 1x1 tile 14x2" */
int train_packed_once(const Plan *p); /* packed weights that never change in training: the first cases of the load page */
/* What the model of kernels/cost.c expects: cycles of arithmetic, to be divided among threads, and of waiting for memory. */
typedef struct Cost { double work, memory; } Cost;
Cost cost_step(const Plan *p, const Step *s);
double cost_milliseconds(double cycles);
/* From now on milliseconds are of a machine with so many 16-lane multiply-adds a second and thread, and bytes a second read by all threads. */
void cost_scale(double multiply_adds, double bytes);
const char *cost_machine(void); /* "the modelled processor", or after it "this processor" */
enum { COST_THREADS = 2 }; /* that choices are made for, and of what reports expect */
double cost_step_milliseconds(const Plan *p, const Step *s); /* of an image, on COST_THREADS threads: the one with most units decides */
double cost_plan_milliseconds(const Plan *p); /* of all steps */
int64_t cost_bytes(const Step *s); /* that a step reads and writes, weights included */
/* The step from which on a batch goes step by step through several images, so that least comes from memory (runtime/core/batch.c). */
int cost_group_from(const Plan *p);
void plan_print(const Plan *p, FILE *f); /* --dump=plan */
void plan_verify(const Plan *p);         /* live buffers never overlap, borders suffice, every claim is in range */

/* lower.c: functions of all kernels, the contents page `NAME_TARGET_step(ctx, i, part, parts)` and the
 * load phase `NAME_TARGET_load(raw, packed)`. */
Unit *lower_plan(Arena *a, Plan *p);

/* What a kernel family implements: builds (or finds by shape) the function for this step in the unit and
 * appends the one call that the contents page needs at the place of l.  In the contents page the variables
 * of LowerContext stand ready. */
typedef struct LowerContext {
    Plan *plan;
    Lower *page;             /* place for the call: inside the case */
    Var *arena, *weights, *scratch, *input, *output; /* float * of the contents page */
    Var *shared, *raw, *grads, *labels, *losses, *index, *count, *images, *ctx; /* training: members of RtTrainContext, and it */
    const int *row;          /* training: by tensor id, of the weights table */
    Var *part, *parts;       /* passed on: a kernel function takes them last and does units rt_begin(U, part, parts) ... */
} LowerContext;
typedef void KernelLower(LowerContext *c, Step *s);
#endif

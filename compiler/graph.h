/* The graph: tensors with shapes, operators with attributes, names of weights, heads, loss.
 * Knows nothing of layouts, memory, threads or C.  All edits go through graph_* functions, so the
 * lists of users are never stale; graph_verify checks every rule after every pass. */
#ifndef INCEPTC_GRAPH_H
#define INCEPTC_GRAPH_H
#include "arena.h"
#include "diag.h"
#include "name_table.h"
#include <stdint.h>

typedef enum OpKind {
#define OP(NAME, text, file) OP_##NAME,
#include "ops.def"
#undef OP
} OpKind;
enum {
    N_OPS = 0
#define OP(NAME, text, file) +1
#include "ops.def"
#undef OP
};
const char *op_name(OpKind op);

/* Activations are C x H x W with a batch dimension n in front (batched); weights, gradients of
 * weights, statistics and losses have none.  A vector activation is C x 1 x 1. */
typedef struct Shape {
    int rank; /* 1..4 */
    bool batched;
    int dim[4]; /* activations: c, h, w; conv weights: co, ci/groups, kh, kw; linear: co, ci */
} Shape;

typedef enum TensorKind { TENSOR_INPUT, TENSOR_LABELS, TENSOR_WEIGHT, TENSOR_RESULT } TensorKind;
typedef enum WeightRole { ROLE_WEIGHT, ROLE_BIAS, ROLE_GAMMA, ROLE_BETA, ROLE_MEAN, ROLE_VAR } WeightRole;

/* How a weight starts: a and b as the row says. Fans are those of the weight's shape. */
typedef enum InitKind {
    INIT_CONSTANT,     /* a */
    INIT_XAVIER,       /* uniform in +-sqrt(3 / fan_in): Caffe's "xavier" */
    INIT_GLOROT,       /* uniform in +-sqrt(6 / (fan_in + fan_out)) */
    INIT_HE,           /* normal, std sqrt(2 / fan_in) */
    INIT_NORMAL,       /* normal, mean 0, std a */
    INIT_TRUNC_NORMAL, /* normal, std a, redrawn outside +-b (absolute) */
    INIT_TORCH         /* uniform in +-1/sqrt(fan_in): torch's default for linear and conv */
} InitKind;
enum { N_INITS = INIT_TORCH + 1 };
extern const char *const init_names[N_INITS]; /* by InitKind; INIT_CONSTANT has no word in the language */
typedef struct Init {
    InitKind kind;
    double a, b;
} Init;

typedef struct Node Node;
typedef struct Tensor Tensor;

struct Tensor {
    int id;
    const char *name; /* unique; path in the netdef: "i3a", "i3a.conv1x1", "conv1.bn.weight" */
    TensorKind kind;
    Shape shape;
    Loc loc;
    Node *def;     /* the node that computes it; null for inputs and weights */
    int def_index; /* which output of def */
    LIST(Node *) users; /* one entry per use: a node that reads it twice stands twice */
    /* weights only */
    WeightRole role;
    Init init;
    bool trains;          /* false: statistics, and frozen weights */
    bool fresh;           /* of `weights ... except`: starts from its initialiser */
    int fan_in, fan_out;  /* of the layer, for the initialiser */
    /* set by pass_concat_in_place: this tensor is channels [home_channel, ...) of `home` */
    Tensor *home;
    int home_channel;
    Tensor *primal; /* of a gradient: by whom. Its channels lie as the primal's do */
};

/* What follows a linear operator without a pass of its own:
 * y = relu?(residual + scale * (op + bias)), or relu?(op + bias) without a residual. */
typedef struct Epilogue {
    bool bias, residual;
    double scale;  /* used with residual only */
    uint32_t relu; /* bit k: output k passes through a ReLU */
} Epilogue;

typedef struct Window {
    int kh, kw, sh, sw;
    int top, bottom, left, right; /* padding */
} Window;
static inline bool window_is_1x1(const Window *w) { return w->kh == 1 && w->kw == 1; }
static inline bool window_steps_by_1(const Window *w) { return w->sh == 1 && w->sw == 1; }

struct Node {
    int id;
    OpKind op;
    const char *path; /* of the layer it came from: names steps and functions */
    Loc loc;
    Loc stmt; /* the statement of the netdef that made it, directly or through modules; line 0 in a graph made otherwise */
    int n_in, n_out;
    Tensor **in, **out;
    /* attributes; each operator uses those its file names */
    Window window;              /* conv, pools */
    int groups;                 /* conv, flip, conv_weight_grad */
    int kernel_h, kernel_w;     /* flip: of the weights; window says which of these taps */
    bool ceil, count_pad;       /* pools */
    Epilogue epilogue;          /* conv, linear, avgpool */
    double eps, momentum;       /* batchnorm, l2norm; momentum in torch's meaning */
    double *scale;              /* add: one per input */
    int lrn_size;               /* lrn: y = x / (lrn_k + lrn_alpha / lrn_size * sum x^2)^lrn_beta */
    double lrn_alpha, lrn_beta, lrn_k;
    double rate;                /* dropout: share that is dropped */
    uint32_t key;               /* dropout: which layer's draws */
    double smooth, weight;      /* crossentropy, and its share of the loss */
    double *mean, *std;         /* normalize, norm_weight, norm_bias: one per channel */
    int slice_begin;            /* slice */
    const Node *again;          /* training: what this node computes once more */
    bool dead;                  /* removed; skipped by every walk */
};

/* A setting of data {} or train {} that the graph keeps for later stages: its text, and where. */
typedef struct Setting {
    const char *key, *text;
    Loc loc;
} Setting;
typedef LIST(Setting) Settings;

typedef struct Head { /* a term of the loss */
    double weight;
    Tensor *logits;
    double smooth;
    Loc loc;
} Head;

/* What prepares a picture: in order. */
typedef enum ViewKind {
    VIEW_RESIZE, VIEW_RESIZE_EXACT, VIEW_CROP, VIEW_CENTERCROP, VIEW_RANDOM_CROP, VIEW_FLIP, VIEW_NORMALIZE, VIEW_BGR,
    VIEW_RANDOM_RESIZED_CROP, VIEW_PAD, VIEW_COLOR_JITTER
} ViewKind;
typedef struct ViewStep {
    ViewKind kind;
    int h, w;          /* resize: short side in h; crops: h x w; pad: h on each side */
    bool bicubic;      /* resize, resized crop */
    bool raw_255;      /* normalize: pixel values stay 0..255 (mean(104,117,123) style) */
    double mean[3], std[3]; /* jitter: strengths of brightness, contrast, saturation in mean */
    Loc loc;
} ViewStep;

/* Where pictures with labels come from. */
typedef enum SourceKind { SOURCE_NONE, SOURCE_FOLDER, SOURCE_IDX } SourceKind; /* as RtSourceKind in runtime/rt.h */
typedef struct SourceSetting {
    SourceKind kind;
    const char *path, *labels; /* as written; labels of idx only */
    Loc loc;
} SourceSetting;

typedef struct Expect {
    const char *what; /* params, macs, aux_params, ... */
    int64_t value;
    Loc loc, value_loc;
} Expect;

/* Where a property of a layer was said. What nobody said is the conventions' or the language's. */
typedef struct FlagOrigin {
    const char *property; /* "padding", "batch norm": a flag's row in elab_flags.c */
    const char *text;     /* as said: "same", "eps=0.001" */
    Loc loc;
    bool by_default;      /* of `default LAYER { }` */
} FlagOrigin;
typedef struct LayerOrigins {
    const char *path, *kind; /* "conv" */
    Loc use;                 /* of the module that it stands in; file 0: none */
    LIST(FlagOrigin) said;
} LayerOrigins;
typedef struct NetParam { /* what -D may set */
    const char *name;
    double value;
} NetParam;
typedef struct Flow { /* a statement outside modules */
    Loc loc;         /* of its chain */
    bool declared;   /* it says its shape */
    const Tensor *tensor;
} Flow;

typedef struct Graph {
    Arena *arena;
    const char *name; /* of the net */
    const char *source; /* file it came from */
    LIST(int) texts;    /* all files that were read for it, by diag.h's number; that of `source` first */
    LIST(LayerOrigins) origins; /* in the order of the text */
    const char *conventions; /* "torch", and where; null for a graph without a text */
    Loc conventions_loc;
    LIST(Flow) flows;   /* statements of these files, in order */
    const char *defines; /* " -D classes=2", or empty */
    LIST(NetParam) params;
    LIST(Node *) nodes;     /* topological order, dead ones included until graph_compact */
    LIST(Tensor *) tensors;
    Tensor *input;
    Tensor *output;   /* what forward computes; null for a graph made by a test */
    Tensor *logits;   /* the tensor that `output` softmaxes, or output itself */
    LIST(Head) heads; /* the loss: sum of weight * crossentropy(logits) */
    LIST(Tensor *) marks;   /* named flows that nothing reads: auxiliary heads before a loss names them */
    LIST(Expect) expects;
    LIST(ViewStep) view;
    SourceSetting train_source, valid_source, test_source; /* of data {} */
    Settings data, train;   /* every setting as written, checked */
    const struct RtRecipe *recipe; /* train {} as values (recipe.h); null: no train {} */
    const char *data_name;
    const char *weights_file; /* weights "F" (Tensor.fresh: the exceptions); null: none */
    bool freeze_bn_batch;
    bool *moves;            /* graph_moves; null in inference */
    int n_moves;
    int next_id;
    NameTable names; /* of tensors: graph.c's own */
} Graph;

Graph *graph_new(Arena *a, const char *name);

/* Tensors.  Names are made unique by appending _2, _3, ... */
Tensor *graph_input(Graph *g, const char *name, int c, int h, int w, Loc loc);
Tensor *graph_weight(Graph *g, const char *name, WeightRole role, Shape shape, Init init, Loc loc);
Tensor *graph_find(const Graph *g, const char *name); /* null when there is none */
/* Weights in order of first use by run nodes: the order of files and tables. */
int graph_weights(const Graph *g, Tensor ***out);

/* Appends a node with n_out outputs whose shapes are computed by the operator's shape rule from the
 * inputs and attributes.  Fill the attributes of the returned node first: call graph_node to create,
 * set attributes, then graph_infer.  graph_infer returns null when the shapes fit, else a sentence
 * ("kernel 5x5 is larger than its padded input 3x3") allocated in the graph's arena. */
Node *graph_node(Graph *g, OpKind op, const char *path, Tensor *const *in, int n_in, int n_out, Loc loc);
const char *graph_infer(Graph *g, Node *n);
/* A node that computes once more, from `in`, what n did: its attributes and shapes are n's. */
Node *graph_again(Graph *g, const Node *n, Tensor *const *in);
/* Name of output k: default is the node's path. */
void graph_name_output(Graph *g, Node *n, int k, const char *name);

/* Edits.  A new node goes to the end; graph_compact restores the topological order. */
void graph_take_name(Graph *g, Tensor *to, Tensor *from); /* `to` is called what `from` was called */
void graph_set_input(Graph *g, Node *n, int k, Tensor *t);
void graph_add_input(Graph *g, Node *n, Tensor *t);
void graph_replace_uses(Graph *g, Tensor *from, Tensor *to); /* of every user, outputs and heads too */
void graph_remove(Graph *g, Node *n); /* its outputs must have no users */
void graph_compact(Graph *g);         /* drops dead nodes, unused weights and restores topological order */

/* Marks t (null: nothing) and all tensors and nodes that it depends on, by id; needed has next_id + 1 elements. */
void graph_mark_needed(const Graph *g, const Tensor *t, bool *needed);

/* In the graph of training: whether t changes from step to step, because a weight that trains stands behind it or because
 * training made it.  What does not is as in inference. */
bool graph_moves(const Graph *g, const Tensor *t);

static inline int div_up(int n, int to) { return (n + to - 1) / to; }

/* A convolution's weights that a pass spread over squares of pixels (ops/space_to_depth.c)? */
static inline bool tensor_is_spread(const Tensor *t) { return t->def && t->def->op == OP_DEPTH_WEIGHT; }

/* True when t or the node depends on weights only. */
bool node_in_load_phase(const Node *n);
bool tensor_in_load_phase(const Tensor *t);

int64_t shape_elems(const Shape *s); /* without the batch; -1 on overflow of 2^62 */
bool shape_equal(const Shape *a, const Shape *b);
const char *shape_text(Arena *a, const Shape *s); /* "256x28x28" */
Shape shape_chw(int c, int h, int w);             /* batched */
Shape shape_weights(int rank, const int *dim);    /* not batched */

/* Totals.  Parameters: trainable scalars (frozen ones too, statistics not). Multiply-accumulates: those of
 * conv and linear at batch 1.  main: what `output` needs; aux: the rest. */
typedef struct Totals {
    int64_t params, macs, aux_params, aux_macs;
    int64_t bn_stats, aux_bn_stats; /* running means and variances */
    int n_conv, n_linear, n_bn, aux_n_conv;
    int depth; /* longest chain of conv and linear on the way to output */
} Totals;
Totals graph_totals(const Graph *g);
int64_t node_macs(const Node *n);
bool node_is_depthwise(const Node *n); /* as many groups as input and output channels */
int64_t node_params(const Node *n);

/* Aborts with ICE naming the rule and the node when the graph is broken. `when` says after what. */
void graph_verify(const Graph *g, const char *when);

/* graph_text.c: one line per tensor or node; prints and parses back to the same text. */
void graph_print(const Graph *g, FILE *f);
/* " key=value" of every attribute that is not the default; without training: only those that change a result of inference. */
void graph_print_attributes(const Node *n, bool training, FILE *f);
/* Parses graph text (borrowed).  Null after diag_error on a mistake. */
Graph *graph_parse(Arena *a, int file);

/* passes.c: runs the named passes in the house's order; `off` lists pass names to leave out (null-ended,
 * may be null); `after` (may be null) gets the graph printed when that pass has run. */
typedef struct PassOptions {
    const char *const *off;
    bool fast; /* convolutions may go by Cook-Toom's transforms: what helps only those is done */
    const char *dump_after;
    FILE *dump_file;
} PassOptions;
void passes_run_inference(Graph *g, const PassOptions *o);
int passes_count(void);
const char *pass_name(int i);
/* Runs one pass by name; false when there is none of that name. */
bool pass_run_by_name(Graph *g, const char *name);

/* autodiff.c: appends the gradients of sum over k of seed[k] * t[k] for every weight that trains and for `input` when
 * want_input; result tensors are named "<weight>.grad" and have it as primal.  Every operator of the language has a rule.
 * Batch norms must be in training form (train_graph.c), and nothing may be fused yet. */
void autodiff(Graph *g, Tensor *const *t, Tensor *const *seed, int n, bool want_input);

/* train_graph.c: the inference graph of net_load becomes that of a training step: what the loss needs, batch norms by the
 * statistics of the batch, the loss of each image, gradients of all weights that train.  False after diag_error. */
bool train_graph(Graph *g);
void train_batchnorms(Graph *g); /* a part of it: batch norms in training form, with the ReLU that follows */
#endif

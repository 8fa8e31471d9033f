/* rt.h - the only header that generated code includes.
 *
 * Generated code allocates nothing, keeps no global state and calls nothing but the small inline
 * functions at the end of this file.  Everything else here is what a host program needs to load
 * weights and run a network: libc, libm and threads.
 *
 * Errors are returned as RtStatus with a sentence in RtError; the library never prints or exits. */
#ifndef INCEPTRT_RT_H
#define INCEPTRT_RT_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum RtStatus { /* also the exit codes of programs */
    RT_OK = 0, RT_ERROR_INPUT = 1, RT_ERROR_USAGE = 2, RT_ERROR_FILE = 3, RT_ERROR_INTERNAL = 4
} RtStatus;
typedef struct RtError {
    RtStatus status;
    char message[1024]; /* one line or a few; names file, tensor and byte offset where there is one */
} RtError;
/* Sets status and message and returns status. err may be null. */
RtStatus rt_error(RtError *err, RtStatus status, const char *fmt, ...);

typedef enum RtTarget { RT_TARGET_PLAIN, RT_TARGET_V3, RT_TARGET_V4 } RtTarget; /* portable C; AVX2+FMA; AVX-512F */
const char *rt_target_name(RtTarget target);
int rt_target_runs_here(RtTarget target); /* does this processor have the instructions */

/* ---- What a compiled network says of itself (all of it constant tables in the generated file) ---- */

typedef enum RtInit { RT_INIT_CONSTANT, RT_INIT_XAVIER, RT_INIT_GLOROT, RT_INIT_HE, RT_INIT_NORMAL,
                      RT_INIT_TRUNC_NORMAL, RT_INIT_TORCH } RtInit; /* as InitKind in compiler/graph.h */
typedef struct RtWeight {
    const char *name;
    int rank, dim[4];
    RtInit init;
    double a, b;
    int fan_in, fan_out;
    int trains; /* 0: statistics, and what is frozen */
} RtWeight;

typedef enum RtViewKind { RT_VIEW_RESIZE, RT_VIEW_RESIZE_EXACT, RT_VIEW_CROP, RT_VIEW_CENTERCROP,
                          RT_VIEW_RANDOM_CROP, RT_VIEW_FLIP, RT_VIEW_NORMALIZE, RT_VIEW_BGR,
                          RT_VIEW_RANDOM_RESIZED_CROP, RT_VIEW_PAD, RT_VIEW_COLOR_JITTER } RtViewKind;
typedef struct RtView {
    RtViewKind kind;
    int h, w; /* pad: h pixels on each side */
    int bicubic, raw_255;
    double mean[3], std[3]; /* jitter: strengths of brightness, contrast and saturation in mean */
} RtView;

typedef struct RtContext { /* what a step sees: one image */
    const float *weights; /* packed, behind the head */
    const float *x;       /* C x H x W */
    float *y;             /* the output, flat */
    float *arena;
    float *scratch;       /* of the part */
} RtContext;

typedef enum RtNumerics { RT_NUMERICS_EXACT, RT_NUMERICS_SAFE, RT_NUMERICS_FAST } RtNumerics; /* docs/numerics.md */

typedef struct RtStep { /* one row of the table */
    const char *layer, *kernel, *shape; /* "i3a.conv1x1", "conv 14x2", "64x28x28" */
    int units;
    int64_t macs;
    double work_us, memory_us; /* what the compiler's model expects: arithmetic, shared by threads, and memory */
} RtStep;

typedef struct RtTap { /* where a live tensor lies in the arena after step `first` and until step `last` */
    const char *name;
    int c, h, w;
    int block;            /* channel ch is in block ch / block, lane ch % block, of its physical channel */
    int64_t offset, row, plane; /* floats; offset is that of pixel (0, 0) of physical channel 0 */
    int first, last;
    int n_segments;
    const int *segments;  /* n_segments times: logical, physical, n */
} RtTap;

typedef struct RtPlan { /* a network for one target */
    RtTarget target;
    RtNumerics numerics;
    uint64_t layout; /* hash of the code that packs weights: equal ones pack to the same bytes */
    size_t arena_floats, scratch_floats, weights_floats; /* scratch: of each thread, behind the arena */
    int n_steps, n_taps;
    int group_from; /* from this step on a batch is done step by step for several images (rt_forward_batch) */
    const RtStep *steps;
    const RtTap *taps;
    void (*step)(const RtContext *c, int step, int part, int parts);
    void (*load)(const float *const *raw, float *packed, int part, int parts); /* raw: by index of the weights table */
} RtPlan;

/* ---- What a network compiled with --train says of its training (constant tables too) ---- */

typedef enum RtOptimizer { RT_SGD, RT_ADAM, RT_ADAMW, RT_RMSPROP } RtOptimizer;
typedef enum RtSchedule { RT_LR_CONSTANT, RT_LR_STEP, RT_LR_POLY, RT_LR_EXPONENTIAL, RT_LR_COSINE } RtSchedule;
typedef enum RtSourceKind { RT_SOURCE_NONE, RT_SOURCE_FOLDER, RT_SOURCE_IDX } RtSourceKind;
typedef struct RtSource { /* folder(path): a directory a class; idx(path, labels): two files of the MNIST family, plain or gz */
    RtSourceKind kind;
    const char *path, *labels;
} RtSource;

typedef struct RtRecipe { /* what train {} and data {} say, defaults resolved; the program's options change it */
    RtOptimizer optimizer;
    double lr;
    double momentum;   /* sgd, rmsprop */
    int nesterov;      /* sgd */
    double beta1, beta2; /* adam, adamw; rmsprop: beta2 is alpha, the decay of the mean square */
    double eps;
    int eps_inside;    /* rmsprop as TensorFlow has it: sqrt(v + eps), v begins at 1 */
    double decay;      /* weight decay of tensors of rank 2 and more: added to the gradient; adamw: decoupled */
    RtSchedule schedule;
    double lr_power;   /* poly: the exponent; step, exponential: the factor */
    double lr_every;   /* step, exponential: epochs from one factor to the next */
    double lr_end;     /* cosine, poly: the last rate */
    double warmup;     /* epochs of linear growth before the schedule */
    double clip;       /* the largest 2-norm of all gradients; 0: none */
    double ema;        /* decay of the moving average of weights; 0: none */
    int batch, epochs;
    int64_t steps;     /* of an epoch, at most; 0: as many as there are batches */
    int64_t memory;    /* bytes that a step of `batch` was compiled to take at most; 0: all is kept */
    uint64_t seed;
    RtSource train, valid, test;
    const char *log;   /* folder of runs; null: none */
    int log_every;     /* steps */
    const char *weights; /* what training begins with; null: initialisers */
} RtRecipe;

typedef struct RtLossTerm { /* a term of the loss: weight * cross-entropy(logits), labels smoothed */
    const char *name;  /* of the logits */
    int classes;
    double weight, smooth;
} RtLossTerm;

typedef struct RtTrainContext { /* what a step of training sees */
    RtContext image;         /* weights, x, arena of one image, scratch of the part; of a step over the batch: of its first image */
    float *shared;           /* results that have no image: statistics of batch norms */
    float *const *raw;       /* master weights by index of the training's weights table */
    float *const *grads;     /* their gradients, equally; null where a weight does not train */
    const int *labels;       /* of this image */
    float *losses;           /* terms of this image */
    const uint64_t *samples; /* the number of this picture in its data set: dropout draws by it */
    uint64_t seed;
    uint32_t epoch;
    int index, n;            /* this image of n in the batch */
    int count;               /* images of the call: this and those that follow, arenas `arena_floats` apart */
} RtTrainContext;

typedef struct RtTrainStep {
    RtStep step;
    int images; /* of a call, which all threads share by its outputs, over the batch in order; 0: an image at a time, by one thread or all */
} RtTrainStep;

typedef struct RtTrainPlan {
    RtTarget target;
    RtNumerics numerics;
    size_t arena_floats;    /* of every image */
    size_t shared_floats, scratch_floats, weights_floats; /* of the batch; of each thread; packed */
    int n_steps, n_taps;
    int n_packed_once;      /* packed weights that never change: the first units of load */
    int n_frozen, n_cuts;   /* the first steps: nothing before them trains or is drawn; what of the arena others read of them */
    const RtTrainStep *steps;
    const size_t (*cuts)[2]; /* offset and floats, multiples of 16 */
    const RtTap *taps;      /* logits of the heads: live to the end */
    void (*step)(const RtTrainContext *c, int step, int part, int parts);
    void (*load)(const float *const *raw, float *packed, int first, int part, int parts); /* packs what forward and backward read, from unit first on */
} RtTrainPlan;

typedef struct RtLayer { /* of the network as written, before anything was fused: for pictures of it */
    const char *name, *op; /* "a1.conv3x3.conv", "conv 3x3" */
    int c, h, w;           /* of the result */
    int n_in;
    const int *in;         /* rows of this table, all of them before this one; row 0 is the input */
} RtLayer;

typedef struct RtTrain {
    int n_weights, n_terms, n_plans, n_fresh;
    const int *fresh;        /* rows that begin with their initialisers even where the file of weights has them */
    const RtWeight *weights; /* in order of use; those of forward are among them, by name */
    const RtLossTerm *terms;
    const RtTrainPlan *plans; /* best target last */
    RtRecipe recipe;
    const char *again;       /* "8 of 14 modules computed again, 3 with their convolutions"; null: none */
    int n_layers, n_netdef;
    const RtLayer *layers;
    const char *const *netdef; /* joined: the text that the network was compiled from */
} RtTrain;

typedef struct RtNetwork {
    const char *name;
    int c, h, w;                 /* input */
    int outputs;                 /* floats that forward writes per image */
    int softmax;                 /* outputs are probabilities */
    const char *logits;          /* name of the tap that holds the logits; null when none */
    int64_t params, macs;
    uint64_t structure;          /* hash of the logical network */
    int n_weights, n_plans, n_view;
    const RtWeight *weights;
    const RtPlan *plans;         /* best target last */
    const RtView *view;
    const RtTrain *train;        /* null: compiled without --train */
} RtNetwork;

/* "exact", "safe", "fast" and how far logits of that level may be from exact arithmetic: max |difference| /
 * deviation of the logits, networks whose batch norms fit their weights. */
const char *rt_numerics_name(RtNumerics numerics);
double rt_numerics_error(RtNumerics numerics);

/* ---- Running a network ---- */

typedef struct RtPool RtPool;
/* threads >= 1, the caller being one of them.  Idle workers park.  They come to their first job on processors of their own where
 * there are enough, and then run on any that the caller had.  Null when threads cannot be had. */
RtPool *rt_pool_new(int threads);
void rt_pool_free(RtPool *pool);
int rt_pool_threads(const RtPool *pool); /* 1 for a null pool */
/* Calls fn(arg, step, part, parts) for every step in order on every thread; a barrier after each step. */
void rt_pool_run(RtPool *pool, int n_steps, void (*fn)(void *arg, int step, int part, int parts), void *arg);
/* Called on one thread between steps when set: tap(arg, step). For tests and timing. */
void rt_pool_run_tapped(RtPool *pool, int n_steps, void (*fn)(void *arg, int step, int part, int parts), void *arg,
                        void (*tap)(void *tap_arg, int step), void *tap_arg);

/* The plan for a target, or null when the file was compiled without it. */
const RtPlan *rt_plan(const RtNetwork *net, RtTarget target);
/* The best target that the file has and this machine runs. */
RtTarget rt_best_target(const RtNetwork *net);

/* An arena serves pools of up to `threads`. */
size_t rt_arena_bytes(const RtNetwork *net, RtTarget target, int threads);
size_t rt_weights_bytes(const RtNetwork *net, RtTarget target);
/* Zeroed, 64-byte aligned, on 2 MiB pages where the system gives them; null when out of memory.  Only rt_free releases
 * them. */
void *rt_arena_new(const RtNetwork *net, RtTarget target, int threads);
void *rt_weights_new(const RtNetwork *net, RtTarget target);
/* An arena for rt_forward_batch, four images in flight a thread; rt_forward may use it too, with pools of up to `threads`. */
size_t rt_batch_arena_bytes(const RtNetwork *net, RtTarget target, int threads);
void *rt_batch_arena_new(const RtNetwork *net, RtTarget target, int threads);
void rt_free(void *p);

/* Reads a file of weights into `weights` (rt_weights_bytes, zeroed).  Safetensors: checks every name and shape, and packs
 * for `target`.  F32, F16, BF16 and F64 are converted.  Tensors that the network does not
 * know are ignored (training heads, num_batches_tracked); one that is missing or has another shape is
 * an error that names file, tensor and both shapes.  A file whose metadata "structure" names other layers
 * than the network's is refused.  Packed weights (rt_save_packed): checked as by rt_map_packed, and copied.  The threads of
 * pool (may be null) read and pack together. */
RtStatus rt_load(const RtNetwork *net, RtTarget target, const char *path, RtPool *pool, void *weights, RtError *err);
/* As rt_load, from the bytes of such a file (borrowed; aligned to nothing, packed ones to 8); name only stands in messages. */
RtStatus rt_load_bytes(const RtNetwork *net, RtTarget target, const char *name, const void *bytes, size_t size,
                       RtPool *pool, void *weights, RtError *err);
/* As rt_load, from initialised weights: the same bits on every machine. */
RtStatus rt_load_initial(const RtNetwork *net, RtTarget target, uint64_t seed, RtPool *pool, void *weights, RtError *err);
/* Packs raw weights in table order into zeroed memory: raw[i] is weights table row i, row-major float32.  The same bits with
 * any pool (may be null). */
void rt_pack(const RtNetwork *net, RtTarget target, const float *const *raw, RtPool *pool, void *weights);

/* Writes packed weights (from rt_load and its kin) as a file of rt_weights_bytes, beside, then renamed.  It serves
 * programs of the same network, target and RtPlan.layout. */
RtStatus rt_save_packed(const RtNetwork *net, const void *weights, const char *path, RtError *err);
/* Maps such a file: *weights is read-only memory for rt_forward, shared by all processes that map it, until
 * rt_unmap_packed.  Network, target, layout, size and checksum must be right; else an error says at which byte what was
 * found and expected, and *weights stays as it is.  The threads of pool (may be null) read it together.  The file may be
 * replaced while mapped, not written to or cut.
 * Copies made by rt_load lie on big pages and run a few per cent faster: worth it from some ten images on. */
RtStatus rt_map_packed(const RtNetwork *net, RtTarget target, const char *path, RtPool *pool, const void **weights, RtError *err);
void rt_unmap_packed(const RtNetwork *net, const void *weights);
int rt_is_packed(const char *path); /* by its first bytes; 0 when it is no regular file or cannot be read */

/* Writes initialised weights as safetensors (beside, then renamed). */
RtStatus rt_init_file(const RtNetwork *net, uint64_t seed, const char *path, RtError *err);
/* Values of weights table row i into out: counter-based (Philox 4x32-10, keyed by seed and the name). */
void rt_init_weight(const RtWeight *w, uint64_t seed, float *out);

/* n images of C x H x W at x to n rows of net->outputs at y.  weights from rt_load say the target; the
 * arena is from rt_arena_new for that target (zeroed once; its borders stay zero).  pool may be null.
 * The bits of y depend neither on the number of threads nor on n nor on an image's place in the batch. */
void rt_forward(const RtNetwork *net, const void *weights, const float *x, int n, void *arena, RtPool *pool, float *y);
/* As rt_forward, for throughput: each thread takes whole images, without barriers inside, in groups of four that read the
 * weights of late steps once; the same bits.  The n % threads images that remain are done by all threads together.  arena is from
 * rt_batch_arena_new for exactly the threads of the pool. */
void rt_forward_batch(const RtNetwork *net, const void *weights, const float *x, int n, void *arena, RtPool *pool, float *y);
/* As rt_forward for one image; tap(arg, step) is called after each step, when rt_read_tap may be called. */
void rt_forward_tapped(const RtNetwork *net, const void *weights, const float *x, void *arena, RtPool *pool, float *y,
                       void (*tap)(void *arg, int step), void *arg);
/* Copies a live tensor to out, C x H x W. */
void rt_read_tap(const RtTap *tap, const void *arena, float *out);

/* ---- Philox 4x32-10 (Salmon et al., SC 2011) ---- */
typedef struct RtPhilox { uint32_t counter[4], key[2]; } RtPhilox;
void rt_philox(const RtPhilox *in, uint32_t out[4]);

/* main() of a compiled network: predict, eval, bench, info, selftest, init.  embedded: `size` bytes of a safetensors
 * file inside the program, used when the command line names no weights; null when there is none.  Needs libjpeg, libpng
 * and zlib, or train/image_no_libraries.c linked before the archive: then it refuses JPEG and PNG. */
int rt_program(const RtNetwork *net, const void *embedded, size_t size, int argc, char **argv);
/* The same with the command `train`, of a network compiled with --train. */
int rt_program_trains(const RtNetwork *net, const void *embedded, size_t size, int argc, char **argv);

/* ---- What generated code calls ---- */

/* First unit of part `part` of `parts`: contiguous ranges of equal size. */
static inline int rt_begin(int units, int part, int parts) { return (int)((int64_t)units * part / parts); }

/* exp and log in double, the same bits on every machine: no libm. Accurate to about 1e-15 relative. */
double rt_exp(double x);
double rt_log(double x);
double rt_pow(double x, double y); /* x > 0 */

/* What dropout draws for an element of a layer, in [0, 1): below its rate the element is dropped.  A function of its
 * arguments alone (Philox), so the same on any number of threads, in the gradient, and after a resume. */
double rt_dropout_draw(uint64_t seed, uint32_t epoch, uint64_t sample, uint32_t layer, uint32_t element);
static inline double rt_draw(const RtTrainContext *c, int layer, int element)
{
    return rt_dropout_draw(c->seed, c->epoch, *c->samples, (uint32_t)layer, (uint32_t)element);
}

#ifdef __cplusplus
}
#endif
#endif

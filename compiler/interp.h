/* The graph in double precision, slow and obvious: the judge of everything else. */
#ifndef INCEPTC_INTERP_H
#define INCEPTC_INTERP_H
#include "graph.h"

typedef struct Interp {
    Graph *graph;
    int n;             /* images in the batch */
    bool training;     /* batchnorm by batch statistics; dropout by samples */
    const uint64_t *samples; /* dropout draws by these numbers of the pictures, seed and epoch; null: it is the identity */
    uint64_t seed;
    uint32_t epoch;
    bool calibrate;    /* batchnorm: statistics of this batch are written to mean and var (rounded to float) first */
    double margin;     /* the least distance of a value from where a ReLU or a maximum decides otherwise: rounding may cross it */
    bool *keep;        /* by tensor id: interp_keep */
    bool *needed;      /* by tensor id: interp_need; null: everything is */
    void (*after)(void *arg, const Node *n); /* null, or called when n is evaluated and nothing that it read is gone */
    void *after_arg;
    double **value;    /* by tensor id: n * elems for batched tensors, elems otherwise; last index fastest */
} Interp;

Interp *interp_new(Arena *a, Graph *g, int n);
/* Space for a tensor's values, zeroed; the caller fills inputs and weights before interp_run. */
double *interp_values(Interp *it, Tensor *t);
/* The values of t stay after the run; those of other results go when their last user has run. */
void interp_keep(Interp *it, const Tensor *t);
void interp_keep_all(Interp *it);
/* Only what t and other needed tensors depend on is evaluated. */
void interp_need(Interp *it, const Tensor *t);
bool interp_needs(const Interp *it, const Tensor *t);
/* Evaluates every node in order. */
void interp_run(Interp *it);
/* The initialised values of one weight: the bits of `init --seed`. */
void interp_init_weight(const Tensor *w, uint64_t seed, float *out);
/* Fills a weight, or every weight that is still unset, from its initialiser. */
void interp_fill_weight(Interp *it, Tensor *w, uint64_t seed);
void interp_init_weights(Interp *it, uint64_t seed);
/* Frees all values. */
void interp_release(Interp *it);
#endif

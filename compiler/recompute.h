/* recompute.h - forward values that a training step computes again for its backward, instead of keeping them for the whole batch. */
#ifndef INCEPTC_RECOMPUTE_H
#define INCEPTC_RECOMPUTE_H
#include "graph.h"

/* What is kept of a module from the forward to the backward. */
typedef enum Keep {
    KEEP_ALL,
    KEEP_CONVS, /* results of convolutions: batch norms, ReLUs, pools and concats are computed again */
    KEEP_END,   /* what it gives to the next module: all of it is computed again */
    KEEP_NONE   /* the next module's recomputation begins further in front */
} Keep;

/* A part of the forward: from one tensor that alone leads to what follows to the next such. */
typedef struct TrainModule {
    const Tensor *end;        /* null: the last one of a head of the loss */
    double floats, work;      /* of an image, without results of convolutions: what the backward reads; what computing it again costs */
    double conv_floats, conv_work; /* of these */
} TrainModule;

typedef struct TrainModules {
    LIST(TrainModule) list;
    int *of;    /* by tensor id: its module; -1: always kept */
    int n_forward; /* the first nodes of the graph: all of the forward */
} TrainModules;

/* The first nodes of a step's graph: all of the forward, which ends where the first gradient begins. */
int recompute_count_forward(const Graph *g);
bool recompute_reads(const Node *n, int k);       /* n reads the values of input k, and not its shape only */
const Tensor *recompute_root(const Tensor *t);    /* in whose memory t lives */

/* Of a graph that train_graph made. */
TrainModules *recompute_modules(Graph *g);

/* Computes again what keep[i] says of module i: backward nodes read twins of the forward nodes whose results are not kept, and every
 * twin stands just before its first reader.  Statistics of batch norms are kept, dropouts draw the same, so no bit changes.
 * Needs: homes (pass_concat_in_place).  Keeps: topological order.
 *     f = relu(x); ... dw = conv_weight_grad(f, dy)     becomes     f = relu(x); ... f.again = relu(x); dw = conv_weight_grad(f.again, dy) */
void pass_recompute(Graph *g, const TrainModules *m, const Keep *keep);
/* The graph as before pass_recompute. */
void recompute_undo(Graph *g);
#endif

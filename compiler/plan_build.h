/* What the files of the plan say to each other. */
#ifndef INCEPTC_PLAN_BUILD_H
#define INCEPTC_PLAN_BUILD_H
#include "plan.h"

/* plan_memory.c */
void plan_places(Plan *p);  /* a place for every run tensor; buffers without borders and offsets */
Node *plan_squares(const Graph *g); /* the space_to_depth that reads the image, or null: its result is what the input step writes */
void plan_borders(Plan *p); /* the largest border that the chosen kernels ask of each buffer; strides */
void plan_offsets(Plan *p); /* live ranges and offsets; arena_bytes */
/* The place of channels [c, c + n) of `whole`. */
Place *plan_sub_place(Plan *p, const Place *whole, int c, int n);
/* A buffer of its own for what lies at `from`, its channels as those of `like`. */
Place *plan_place_like(Plan *p, const Place *from, const Place *like, const char *name);
/* Whether a slice's result, which is a part of its input, has blocks of its own there. */
bool plan_slice_is_view(const Plan *p, const Node *n);

/* Activation inputs of a node, without weights, bias and residual. */
int node_activations(const Node *n);
Tensor *node_bias(const Node *n);     /* or null */
Tensor *node_residual(const Node *n); /* or null */

/* plan_train.c */
int train_kernel(const Node *n);      /* the kernel of an operator of training; -1: costs nothing of its own */
int train_activations(const Node *n); /* inputs that have a place */
int train_outputs(const Node *n);     /* outputs that have one */
bool train_wants_one_map(KernelKind k); /* all of its inputs and outputs have their channels in the same places of blocks */
const Tensor *train_map_source(const Node *n); /* the input whose channels the outputs follow; null: none */
void train_pack(Plan *p, Step *s);    /* gamma and beta */
bool train_packs_once(const Plan *p, const Packed *k); /* nothing that trains is in it */
void train_batch(Plan *p, Step *s);   /* of a kernel that sums over the batch: images of a call, buffer of the sums */

/* plan.c: room for packed weights. */
Packed *plan_packed(Plan *p, PackForm form, Node *n, Tensor *t);
void plan_packed_floats(Plan *p, Packed *k, int64_t floats);
/* By the channels of a place, gaps and all, counted from its first. */
void plan_packed_columns(Plan *p, Packed *k, const Place *in);

/* kernels/choose.c: direct or fast, and by which tile. */
void kernel_choose(const Plan *p, Step *s);
/* kernels/cut.c, when borders are known: work units, register tile and scratch. */
void kernel_cut(Plan *p, Step *s);
/* kernels/groups.c, of grouped convolutions and of the gradients of their weights: whether every output reads the channel of its own lane;
 * the first input block that each block of outputs reads by tiles of nr of them, and how many, as many for all. */
bool conv_is_depthwise(const Step *s);
const int *conv_seen(Arena *a, const Step *s, int nr, int *n);
#endif

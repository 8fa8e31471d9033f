/* What the files of the plan say to each other. */
#ifndef INCEPTC_PLAN_BUILD_H
#define INCEPTC_PLAN_BUILD_H
#include "plan.h"

/* plan_memory.c */
void plan_places(Plan *p);  /* a place for every run tensor; buffers without borders and offsets */
void plan_borders(Plan *p); /* the largest border that the chosen kernels ask of each buffer; strides */
void plan_offsets(Plan *p); /* live ranges and offsets; arena_bytes */
/* The place of channels [c, c + n) of `whole`. */
Place *plan_sub_place(Plan *p, const Place *whole, int c, int n);

/* Activation inputs of a node, without weights, bias and residual. */
int node_activations(const Node *n);
Tensor *node_bias(const Node *n);     /* or null */
Tensor *node_residual(const Node *n); /* or null */

/* kernels/choose.c: direct or fast, and by which tile. */
void kernel_choose(const Plan *p, Step *s);
/* kernels/cut.c, when borders are known: work units, register tile and scratch. */
void kernel_cut(Plan *p, Step *s);
#endif

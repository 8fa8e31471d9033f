/* The passes. Each has a file, one exported function and a contract; each leaves a compacted graph. */
#ifndef INCEPTC_PASSES_H
#define INCEPTC_PASSES_H
#include "graph.h"

typedef void Pass(Graph *g);
Pass pass_remove_dead, pass_fold_constants, pass_fold_batchnorm, pass_reorder_avgpool, pass_merge_siblings, pass_fuse_activation,
    pass_concat_in_place, pass_space_to_depth, pass_pool_index;

/* The only user of t, which is not an output, a logit, a head or a mark; else null. */
Node *pass_only_user(const Graph *g, const Tensor *t);
/* y takes the place and the name of x's readers: x is computed no more and its node removed. */
void pass_replace(Graph *g, Tensor *x, Tensor *y);
#endif

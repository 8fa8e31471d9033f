/* Which nodes of a graph before its passes make one layer of the text: a convolution or fully connected layer with its batch norm and
 * its ReLU; every other node is a layer of its own. */
#ifndef INCEPTC_LAYER_NODES_H
#define INCEPTC_LAYER_NODES_H
#include "graph.h"

bool layer_begins(const Node *n);              /* n is the first node of its layer */
const Node *layer_batchnorm(const Node *first); /* null: none of its own */
const Node *layer_relu(const Node *first);      /* null: none of its own */
const Node *layer_last(const Node *first);      /* computes the layer's result */
bool node_joins(const Node *n);                 /* concat, add, mul, max */
const Tensor *node_weight(const Node *n, WeightRole role); /* null: none */
/* As the language calls it: "conv", "fc", "adaptivepool". */
const char *node_layer_name(const Node *n);
#endif

#include "layer_nodes.h"

/* The node behind n that belongs to the same layer: its batch norm or its ReLU. */
static const Node *same_layer(const Node *n, OpKind op)
{
    const Node *next = n->out[0]->users.n == 1 ? n->out[0]->users.at[0] : NULL;
    return next && next->op == op && next->path == n->path ? next : NULL;
}

static bool is_weighted(const Node *n) { return n->op == OP_CONV || n->op == OP_LINEAR; }

const Node *layer_batchnorm(const Node *first) { return is_weighted(first) ? same_layer(first, OP_BATCHNORM) : NULL; }

const Node *layer_relu(const Node *first)
{
    const Node *bn = layer_batchnorm(first);
    return is_weighted(first) ? same_layer(bn ? bn : first, OP_RELU) : NULL;
}

const Node *layer_last(const Node *first)
{
    const Node *bn = layer_batchnorm(first), *relu = layer_relu(first);
    return relu ? relu : bn ? bn : first;
}

bool layer_begins(const Node *n)
{
    const Node *before = n->n_in ? n->in[0]->def : NULL;
    bool weighted = before && (is_weighted(before) || before->op == OP_BATCHNORM);
    return !(weighted && (same_layer(before, OP_BATCHNORM) == n || same_layer(before, OP_RELU) == n));
}

bool node_joins(const Node *n) { return n->op == OP_CONCAT || n->op == OP_ADD || n->op == OP_MUL || n->op == OP_MAX; }

const Tensor *node_weight(const Node *n, WeightRole role)
{
    for (int i = 0; i < n->n_in; i++)
        if (n->in[i]->kind == TENSOR_WEIGHT && n->in[i]->role == role)
            return n->in[i];
    return NULL;
}

const char *node_layer_name(const Node *n)
{
    return n->op == OP_LINEAR ? "fc" : n->op == OP_ADAPTIVEAVGPOOL ? "adaptivepool" : op_name(n->op);
}

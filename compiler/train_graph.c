/* The graph of a training step from the graph of the network. */
#include "ops/ops.h"
#include "passes.h"
#include <string.h>

/* ---- What the loss needs ---- */

static void keep_needed(Graph *g)
{
    bool *needed = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    for (int i = 0; i < g->heads.n; i++)
        graph_mark_needed(g, g->heads.at[i].logits, needed);
    g->output = g->logits = NULL;
    g->marks.n = 0;
    for (int i = g->nodes.n - 1; i >= 0; i--)
        if (!g->nodes.at[i]->dead && !needed[g->nodes.at[i]->out[0]->id])
            graph_remove(g, g->nodes.at[i]);
    graph_compact(g);
}

/* What changes from step to step: a weight that trains, a draw, the batch's statistics or labels stand behind it. */
static bool moves_by_itself(const Node *n) { return n->op == OP_DROPOUT || n->op == OP_BN_STATS; }

static void mark_moving(Graph *g)
{
    g->n_moves = g->next_id + 1;
    g->moves = ARENA_ARRAY(g->arena, g->n_moves, bool);
    for (int i = 0; i < g->tensors.n; i++)
        g->moves[g->tensors.at[i]->id] = (g->tensors.at[i]->kind == TENSOR_WEIGHT && g->tensors.at[i]->trains) || g->tensors.at[i]->kind == TENSOR_LABELS;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        bool moves = moves_by_itself(n);
        for (int k = 0; k < n->n_in && !n->dead; k++)
            moves |= g->moves[n->in[k]->id];
        for (int k = 0; k < n->n_out; k++)
            g->moves[n->out[k]->id] = moves;
    }
}

/* ---- Batch norms ---- */

/* The ReLU behind a batch norm, if nothing else reads that. */
static Node *relu_behind(const Graph *g, const Tensor *y)
{
    Node *user = pass_only_user(g, y);
    return user && user->op == OP_RELU ? user : NULL;
}

/* batchnorm(x, [gamma], beta, mean, var) -> relu?   becomes   parts, stats, apply. */
static void expand(Graph *g, Node *bn)
{
    Tensor *x = bn->in[0], *gamma = bn->n_in == 5 ? bn->in[1] : NULL, **rest = bn->in + bn->n_in - 3;
    Node *parts = op_grad_node(g, OP_BN_PARTS, bn, "parts", &x, 1, 2);
    op_infer_sure(g, parts);
    Tensor *in[] = { parts->out[0], parts->out[1], x, rest[1], rest[2] };
    Node *stats = op_grad_node(g, OP_BN_STATS, bn, "stats", in, 5, 4);
    stats->eps = bn->eps;
    stats->momentum = bn->momentum;
    op_infer_sure(g, stats);
    Tensor *all[] = { x, stats->out[0], stats->out[1], rest[0], gamma };
    Node *apply = graph_node(g, OP_BN_APPLY, bn->path, all, gamma ? 5 : 4, 1, bn->loc);
    Node *relu = relu_behind(g, bn->out[0]);
    apply->epilogue.relu = relu != NULL;
    op_infer_sure(g, apply);
    Node *last = relu ? relu : bn;
    graph_replace_uses(g, last->out[0], apply->out[0]);
    graph_take_name(g, apply->out[0], last->out[0]);
    graph_remove(g, last);
    if (relu)
        graph_remove(g, bn);
}

/* A frozen batch norm keeps its running statistics, unless freeze says bn=batch. */
static bool goes_by_batch(const Graph *g, const Node *bn)
{
    bool gamma = bn->n_in == 5 && bn->in[1]->trains, beta = bn->in[bn->n_in - 3]->trains;
    return gamma || beta || g->freeze_bn_batch;
}

void train_batchnorms(Graph *g)
{
    int count = g->nodes.n;
    for (int i = 0; i < count; i++)
        if (!g->nodes.at[i]->dead && g->nodes.at[i]->op == OP_BATCHNORM && goes_by_batch(g, g->nodes.at[i]))
            expand(g, g->nodes.at[i]);
    graph_compact(g);
}

/* Every dropout draws by a key of its own: a hash of its name. */
static void key_dropouts(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        Node *n = g->nodes.at[i];
        if (n->op != OP_DROPOUT)
            continue;
        n->key = 2166136261u; /* FNV-1a */
        for (const char *s = n->path; *s; s++)
            n->key = (n->key ^ (unsigned char)*s) * 16777619u;
        n->key &= INT32_MAX;
    }
}

/* ---- The loss ---- */

static bool add_losses(Graph *g)
{
    Tensor *input = g->input, *labels = graph_input(g, "labels", 1, 1, 1, (Loc){ 0 });
    g->input = input;
    labels->kind = TENSOR_LABELS;
    int classes = g->heads.at[0].logits->shape.dim[0];
    Tensor **logits = ARENA_ARRAY(g->arena, g->heads.n, Tensor *), **seed = ARENA_ARRAY(g->arena, g->heads.n, Tensor *);
    for (int i = 0; i < g->heads.n; i++) {
        const Head *h = &g->heads.at[i];
        const int *d = h->logits->shape.dim;
        if (d[1] != 1 || d[2] != 1) {
            diag_error(h->loc, "xent wants one number a class, but '%s' is %s", h->logits->name, shape_text(g->arena, &h->logits->shape));
            return false;
        }
        if (d[0] != classes) {
            diag_error(h->loc, "the heads of a loss share one label, but '%s' has %d classes and '%s' %d", h->logits->name, d[0],
                       g->heads.at[0].logits->name, classes);
            return false;
        }
        Tensor *in[] = { h->logits, labels };
        Node *loss = graph_node(g, OP_CROSSENTROPY, arena_printf(g->arena, "%s.loss", h->logits->name), in, 2, 1, h->loc);
        Node *grad = graph_node(g, OP_CROSSENTROPY_GRAD, arena_printf(g->arena, "%s.grad", h->logits->name), in, 2, 1, h->loc);
        loss->smooth = grad->smooth = h->smooth;
        grad->weight = h->weight;
        loss->slice_begin = i;
        op_infer_sure(g, loss);
        seed[i] = op_infer_sure(g, grad);
        logits[i] = h->logits;
    }
    autodiff(g, logits, seed, g->heads.n, false);
    return true;
}

/* The gradient of a concat's branch is a part of the concat's: read where it lies. */
static void slices_in_place(Graph *g)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (n->dead || n->op != OP_SLICE)
            continue;
        n->out[0]->home = n->in[0];
        n->out[0]->home_channel = n->slice_begin;
    }
}

/* What does not move comes first: its results may be kept from epoch to epoch. */
static void frozen_first(Graph *g)
{
    Node **moving = ARENA_ARRAY(g->arena, g->nodes.n + 1, Node *);
    int n = 0, n_moving = 0;
    mark_moving(g);
    for (int i = 0; i < g->nodes.n; i++) {
        Node *node = g->nodes.at[i];
        if (graph_moves(g, node->out[0]))
            moving[n_moving++] = node;
        else
            g->nodes.at[n++] = node;
    }
    memcpy(g->nodes.at + n, moving, (size_t)n_moving * sizeof *moving);
}

static bool something_trains(const Graph *g)
{
    for (int i = 0; i < g->tensors.n; i++)
        if (g->tensors.at[i]->kind == TENSOR_WEIGHT && g->tensors.at[i]->trains)
            return true;
    diag_error((Loc){ 0 }, "%s: every weight that the loss depends on is frozen: there is nothing to train", g->source);
    return false;
}

bool train_graph(Graph *g)
{
    if (g->heads.n == 0) {
        diag_error((Loc){ 0 }, "%s has no loss; say it in train { loss = xent(NAME) }, where NAME are the logits", g->source);
        return false;
    }
    keep_needed(g);
    if (!something_trains(g))
        return false;
    key_dropouts(g);
    mark_moving(g);
    train_batchnorms(g);
    pass_fold_batchnorm(g); /* of a frozen beginning */
    if (!add_losses(g))
        return false;
    pass_merge_siblings(g);
    pass_fuse_activation(g);
    pass_concat_in_place(g);
    pass_pool_index(g);
    slices_in_place(g);
    frozen_first(g);
    graph_verify(g, "train_graph");
    return true;
}

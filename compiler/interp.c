#include "interp.h"
#include "../runtime/rt.h"
#include "ops/ops.h"
#include <math.h>
#include <stdlib.h>

Interp *interp_new(Arena *a, Graph *g, int n)
{
    Interp *it = ARENA_NEW(a, Interp);
    it->graph = g;
    it->n = n;
    it->value = ARENA_ARRAY(a, g->next_id + 1, double *);
    it->keep = ARENA_ARRAY(a, g->next_id + 1, bool);
    return it;
}

double *interp_values(Interp *it, Tensor *t)
{
    if (!it->value[t->id]) {
        int64_t n = shape_elems(&t->shape) * (t->shape.batched ? it->n : 1);
        it->value[t->id] = calloc((size_t)n, sizeof(double));
        if (!it->value[t->id]) {
            fprintf(stderr, "inceptc: error: out of memory for '%s'\n", t->name);
            exit(EXIT_FILE);
        }
    }
    return it->value[t->id];
}

void interp_keep(Interp *it, const Tensor *t) { it->keep[t->id] = true; }

void interp_keep_all(Interp *it)
{
    for (int i = 0; i < it->graph->next_id; i++)
        it->keep[i] = true;
}

void interp_need(Interp *it, const Tensor *t)
{
    if (!it->needed)
        it->needed = ARENA_ARRAY(it->graph->arena, it->graph->next_id + 1, bool);
    graph_mark_needed(it->graph, t, it->needed);
}

bool interp_needs(const Interp *it, const Tensor *t) { return !it->needed || it->needed[t->id]; }

static bool skipped(const Interp *it, const Node *n)
{
    bool read = !it->needed;
    for (int k = 0; k < n->n_out && !read; k++)
        read = it->needed[n->out[k]->id];
    return n->dead || !read;
}

/* How many nodes have yet to read each tensor. */
static int *count_readers(const Interp *it)
{
    int *left = ARENA_ARRAY(it->graph->arena, it->graph->next_id + 1, int);
    for (int i = 0; i < it->graph->nodes.n; i++) {
        const Node *n = it->graph->nodes.at[i];
        for (int k = 0; k < n->n_in && !skipped(it, n); k++)
            left[n->in[k]->id]++;
    }
    return left;
}

static void release(Interp *it, const Node *n, int *left)
{
    for (int k = 0; k < n->n_in; k++) {
        Tensor *t = n->in[k];
        if (--left[t->id] == 0 && t->kind == TENSOR_RESULT && !it->keep[t->id]) {
            free(it->value[t->id]);
            it->value[t->id] = NULL;
        }
    }
}

void interp_run(Interp *it)
{
    int *left = count_readers(it);
    it->margin = INFINITY;
    if (it->graph->output)
        interp_keep(it, it->graph->output);
    if (it->graph->logits)
        interp_keep(it, it->graph->logits);
    for (int i = 0; i < it->graph->nodes.n; i++) {
        const Node *n = it->graph->nodes.at[i];
        if (skipped(it, n))
            continue;
        op_eval(it, n);
        if (it->after)
            it->after(it->after_arg, n);
        release(it, n, left);
    }
}

void interp_init_weight(const Tensor *w, uint64_t seed, float *out)
{
    RtWeight row = { .name = w->name, .rank = w->shape.rank, .init = (RtInit)w->init.kind, .a = w->init.a, .b = w->init.b,
                     .fan_in = w->fan_in, .fan_out = w->fan_out, .trains = w->trains };
    for (int k = 0; k < 4; k++)
        row.dim[k] = k < row.rank ? w->shape.dim[k] : 1;
    rt_init_weight(&row, seed, out);
}

void interp_fill_weight(Interp *it, Tensor *w, uint64_t seed)
{
    int64_t count = shape_elems(&w->shape);
    float *values = malloc((size_t)count * sizeof *values);
    CHECK(values);
    interp_init_weight(w, seed, values);
    double *to = interp_values(it, w);
    for (int64_t k = 0; k < count; k++)
        to[k] = values[k];
    free(values);
}

void interp_init_weights(Interp *it, uint64_t seed)
{
    Tensor **w;
    int n = graph_weights(it->graph, &w);
    for (int i = 0; i < n; i++)
        if (!it->value[w[i]->id])
            interp_fill_weight(it, w[i], seed);
}

void interp_release(Interp *it)
{
    for (int i = 0; i < it->graph->next_id; i++) {
        free(it->value[i]);
        it->value[i] = NULL;
    }
}

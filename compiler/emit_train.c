/* What --train adds to the generated file: a step of training for every target, and its tables. */
#include "emit_c.h"
#include "print_c.h"
#include "recipe.h"
#include <string.h>

static bool is_logits(const Plan *p, const Tensor *t)
{
    for (int i = 0; i < p->graph->heads.n; i++)
        if (p->graph->heads.at[i].logits == t)
            return true;
    return false;
}

static int print_target(const Emit *e, const EmitTarget *t, FILE *f)
{
    const Plan *p = t->plan;
    fprintf(f, "\n/* ======== Training, %s ======== */\n", p->target->name);
    print_c_training_prologue(p->target->vector, f);
    emit_functions(e, t, f);
    emit_buffers(p, f);
    fprintf(f, "\nstatic const RtTrainStep %s_steps[%d] = { /* as above; images of a call over the batch */\n", p->target->symbol, p->steps.n);
    for (int i = 0; i < p->steps.n; i++) {
        fprintf(f, "    { ");
        emit_step(e->arena, p, p->steps.at[i], f);
        fprintf(f, ", %d },\n", p->steps.at[i]->images);
    }
    fprintf(f, "};\n");
    return emit_taps(p, is_logits, f);
}

/* The steps at the beginning that never change what they give.  With bn=batch they end at the first batch norm: not worth keeping. */
static int frozen_steps(const Plan *p)
{
    int n = 0;
    while (!p->graph->freeze_bn_batch && n < p->steps.n && (!p->steps.at[n]->node || !graph_moves(p->graph, p->steps.at[n]->node->out[0])))
        n++;
    return n;
}

/* Buffers that are written by those steps and read by others; how many. */
static int print_cuts(const Plan *p, int frozen, FILE *f)
{
    int n = 0;
    fprintf(f, "\nstatic const size_t %s_cuts[][2] = { /* of the arena, what frozen steps leave to the others: offset, floats */\n", p->target->symbol);
    for (int i = 0; i < p->buffers.n; i++) {
        const Buffer *b = p->buffers.at[i];
        if (b->kind == BUFFER_ARENA && b->first < frozen && b->last >= frozen) {
            fprintf(f, "    { %lld, %lld },\n", (long long)b->offset, (long long)b->floats);
            n++;
        }
    }
    fprintf(f, n ? "};\n" : "    { 0, 0 },\n};\n");
    return n;
}

static void print_terms(const Graph *g, FILE *f)
{
    fprintf(f, "\nstatic const RtLossTerm loss_terms[%d] = { /* logits, classes, weight, smoothing */\n", g->heads.n);
    for (int i = 0; i < g->heads.n; i++) {
        const Head *h = &g->heads.at[i];
        fprintf(f, "    { \"%s\", %d, %.17g, %.17g },\n", h->logits->name, h->logits->shape.dim[0], h->weight, h->smooth);
    }
    fprintf(f, "};\n");
}

/* Rows that `weights ... except` names; how many. */
static int print_fresh(const Graph *g, FILE *f)
{
    Tensor **w;
    int n = graph_weights(g, &w), count = 0;
    for (int i = 0; i < n; i++)
        if (w[i]->fresh)
            fprintf(f, count++ ? ", %d" : "\nstatic const int fresh_weights[] = { %d", i);
    if (count)
        fprintf(f, " };\n");
    return count;
}

static const char *rt_target_of(const Target *t)
{
    for (int i = 0; i < n_targets; i++)
        if (strcmp(targets[i].name, t->name) == 0)
            return emit_rt_targets[i];
    ICE("no target '%s'", t->name);
}

void emit_train(const Emit *e, FILE *f)
{
    const EmitTrain *t = e->train;
    int *taps = ARENA_ARRAY(e->arena, t->n_targets, int);
    int *cuts = ARENA_ARRAY(e->arena, t->n_targets, int);
    if (t->again)
        fprintf(f, "\n/* Training in at most %lld bytes: %s. */\n", (long long)t->graph->recipe->memory, t->again);
    for (int i = 0; i < t->n_targets; i++) {
        taps[i] = print_target(e, &t->targets[i], f);
        cuts[i] = print_cuts(t->targets[i].plan, frozen_steps(t->targets[i].plan), f);
    }
    int n_weights = emit_weights_table(t->graph, "train_weights", f);
    print_terms(t->graph, f);
    int n_fresh = print_fresh(t->graph, f);
    emit_layers(t, f);
    int n_netdef = emit_netdef(t->graph, f);
    fprintf(f, "\nstatic const RtTrainPlan train_plans[%d] = {\n", t->n_targets);
    for (int i = 0; i < t->n_targets; i++) {
        const Plan *p = t->targets[i].plan;
        const char *s = p->target->symbol, *name = p->graph->name;
        fprintf(f, "    { %s, %s, %lld, %lld, %lld, %lld, %d, %d, %d, %d, %d, %s_steps, %s_cuts, %s_taps, %s_%s_step, %s },\n", rt_target_of(p->target),
                emit_rt_numerics[plan_numerics(p)], (long long)(p->arena_bytes / 4), (long long)(p->shared_bytes / 4), (long long)p->scratch_floats,
                (long long)(p->weights_bytes / 4), p->steps.n, taps[i], train_packed_once(p), frozen_steps(p), cuts[i], s, s, s, name, s, emit_load_name(&t->targets[i]));
    }
    fprintf(f, "};\n\nstatic const RtTrain train = {\n    .n_weights = %d, .n_terms = %d, .n_plans = %d,\n", n_weights, t->graph->heads.n, t->n_targets);
    if (n_fresh)
        fprintf(f, "    .n_fresh = %d, .fresh = fresh_weights,\n", n_fresh);
    fprintf(f, "    .weights = train_weights,\n    .terms = loss_terms,\n    .plans = train_plans,\n    .n_layers = %d, .layers = layers,\n    .n_netdef = %d, .netdef = netdef,\n    .recipe = ", t->n_layers,
            n_netdef);
    recipe_emit(t->graph, f);
    if (t->again)
        fprintf(f, ",\n    .again = \"%s\"", t->again);
    fprintf(f, ",\n};\n");
}

/* What --train adds: the graph of a step, computed again in parts where memory asks for it, and its plans. */
#include "driver.h"
#include "../runtime/train/step.h"
#include "memory_fit.h"
#include "phase.h"
#include "recipe.h"
#include <string.h>

/* Functions and tables of training carry a symbol of their own beside those of inference. */
static const Target *training_target(Arena *a, const Target *t)
{
    Target *own = ARENA_NEW(a, Target);
    *own = *t;
    own->symbol = arena_printf(a, "train_%s", t->symbol);
    return own;
}

/* Every weight of inference is one of training, or the trained network could not be used. */
static bool covers(const Graph *train, const Graph *inference)
{
    Tensor **w;
    int n = graph_weights(inference, &w);
    for (int i = 0; i < n; i++) {
        const Tensor *t = graph_find(train, w[i]->name);
        if (t && t->kind == TENSOR_WEIGHT)
            continue;
        diag_error((Loc){ 0 }, "'%s' is needed by the output but not by the loss: training would leave it as it began", w[i]->name);
        return false;
    }
    return true;
}

typedef struct Build {
    const Options *o;
    Arena *arena;
    const Target **targets;
    int n_targets;
    PlanOptions plan;
    Graph *tried; /* in which ways of keeping are tried */
    int batch;
} Build;

/* The graph of a step; layers, where they are wanted, are noted before it is changed. Null after an error. */
static Graph *load_graph(const Build *b, EmitTrain *layers)
{
    bool file_error = false;
    Graph *g = net_load(b->arena, b->o->inputs.at[0], &b->o->net, &file_error);
    if (g && layers)
        emit_note_layers(b->arena, g, layers);
    const char *outer = phase_enter("training graph");
    bool good = g && train_graph(g);
    phase_enter(outer);
    return good ? g : NULL;
}

/* ---- Memory ---- */

static int64_t plan_bytes(const Plan *p, int batch)
{
    Tensor **w;
    int n = graph_weights(p->graph, &w);
    RtWeight *rows = ARENA_ARRAY(p->arena, n, RtWeight);
    for (int i = 0; i < n; i++) {
        rows[i] = (RtWeight){ .rank = w[i]->shape.rank, .trains = w[i]->trains };
        memcpy(rows[i].dim, w[i]->shape.dim, sizeof rows[i].dim);
    }
    RtTrainPlan plan = { .arena_floats = (size_t)p->arena_bytes / 4, .shared_floats = (size_t)p->shared_bytes / 4,
                         .scratch_floats = (size_t)p->scratch_floats, .weights_floats = (size_t)p->weights_bytes / 4 };
    RtTrain train = { .n_weights = n, .weights = rows, .n_terms = p->graph->heads.n, .n_plans = 1, .plans = &plan };
    return (int64_t)training_bytes(&(RtNetwork){ .train = &train }, plan.target, batch, TRAINING_THREADS_COUNTED);
}

/* The most that a target takes. */
static int64_t try_keep(void *arg, const Keep *keep, const TrainModules *m)
{
    Build *b = arg;
    Arena *a = arena_new();
    int64_t most = 0;
    pass_recompute(b->tried, m, keep);
    for (int i = 0; i < b->n_targets; i++) {
        int64_t bytes = plan_bytes(plan_new(a, b->tried, b->targets[i], b->plan), b->batch);
        most = bytes > most ? bytes : most;
    }
    recompute_undo(b->tried);
    arena_release(a);
    return most;
}

static Loc memory_loc(const Build *b, const Graph *g)
{
    for (int i = 0; i < g->train.n && !b->o->memory; i++)
        if (strcmp(g->train.at[i].key, "memory") == 0)
            return g->train.at[i].loc;
    return (Loc){ 0 };
}

/* As the setting takes it, not less. */
static const char *size_text(Arena *a, int64_t bytes)
{
    bool small = bytes < 10 << 20;
    int shift = small ? 10 : 20;
    return arena_printf(a, "%lld%c", (long long)((bytes + (1 << shift) - 1) >> shift), small ? 'K' : 'M');
}

/* Computes parts of g again so that a step fits into its recipe's memory. */
static bool fit_memory(Build *b, Graph *g, EmitTrain *t)
{
    RtRecipe *recipe = ARENA_NEW(b->arena, RtRecipe);
    *recipe = *g->recipe;
    recipe->memory = b->o->memory ? b->o->memory : recipe->memory;
    g->recipe = recipe;
    if (!recipe->memory)
        return true;
    b->batch = recipe->batch;
    b->tried = load_graph(b, NULL);
    MemoryFit f = { .arena = b->arena, .modules = recompute_modules(b->tried), .most = recipe->memory, .bytes = try_keep, .arg = b };
    const char *outer = phase_enter("fit memory");
    bool fits = memory_fit(&f);
    phase_enter(outer);
    if (!fits) {
        diag_error(memory_loc(b, g), "a step of %d images takes %s at least, however much of it is computed again, but memory is %s; give it that much, or make "
                   "batch smaller", recipe->batch, size_text(b->arena, f.least), size_text(b->arena, recipe->memory));
        return false;
    }
    const TrainModules *m = recompute_modules(g);
    t->again = memory_text(b->arena, m, f.keep);
    pass_recompute(g, m, f.keep);
    return true;
}

int64_t driver_training_bytes(const Options *o, Arena *a, const char *path, const Target *t)
{
    const Target *own = training_target(a, t);
    Options of_path = *o;
    of_path.inputs.at = &path;
    Build b = { .o = &of_path, .arena = a, .targets = &own, .n_targets = 1, .plan = o->plan };
    b.plan.training = true;
    EmitTrain again = { 0 };
    Graph *g = load_graph(&b, NULL);
    if (!g || !fit_memory(&b, g, &again))
        return 0;
    const Plan *p = plan_new(a, g, own, b.plan);
    return diag_error_count() ? 0 : plan_bytes(p, g->recipe->batch);
}

bool driver_plan_training(const Options *o, Emit *e)
{
    EmitTrain *t = ARENA_NEW(e->arena, EmitTrain);
    Build b = { .o = o, .arena = e->arena, .targets = ARENA_ARRAY(e->arena, n_targets, const Target *), .plan = o->plan };
    b.plan.training = true;
    b.n_targets = driver_targets(o, b.targets);
    for (int i = 0; i < b.n_targets; i++)
        b.targets[i] = training_target(e->arena, b.targets[i]);
    t->graph = load_graph(&b, t);
    if (!t->graph || !covers(t->graph, e->graph) || !fit_memory(&b, t->graph, t))
        return false;
    t->n_targets = b.n_targets;
    t->targets = driver_plans(e->arena, t->graph, b.targets, b.n_targets, b.plan);
    e->train = t;
    return t->targets != NULL;
}

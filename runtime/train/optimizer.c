#include "optimizer.h"
#include "../core/network.h"
#include "optimizer_rules.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, ALIGN = 16 }; /* floats; five arrays of a chunk stay in a processor's second cache */

typedef struct Chunk { /* a piece of a weight: the unit of work and of partial sums */
    int weight;
    size_t begin, n;
} Chunk;

typedef struct OptimizerWork {
    RtRecipe recipe;
    int n_weights, n_chunks;
    const RtWeight *weights;
    float *const *raw;
    float *const *grads;
    Chunk *chunks;
    double *squares; /* of each chunk's gradient */
    Rule *rule;
    float **a, **b, **ema; /* by weight; null: the rule has none */
    float *memory[OPTIMIZER_STATES_MAX];
    size_t bytes; /* of memory */
    RuleNumbers numbers; /* of the step that runs */
    float ema_add;
} OptimizerWork;

/* ---- Which rule, which states ---- */

typedef struct RuleRow {
    RtOptimizer optimizer;
    bool momentum, variant; /* variant: Nesterov, or TensorFlow's RMSProp */
    Rule *rule;
    const char *a, *b; /* prefixes of its states */
} RuleRow;

#define BUFFER "optimizer.momentum_buffer."
#define SQUARE "optimizer.square_avg."
#define MEAN "optimizer.exp_avg."
#define MEAN_SQUARE "optimizer.exp_avg_sq."
static const RuleRow rules[] = {
    { RT_SGD, false, false, rule_sgd, NULL, NULL },
    { RT_SGD, true, false, rule_sgd_momentum, BUFFER, NULL },
    { RT_SGD, true, true, rule_sgd_nesterov, BUFFER, NULL },
    { RT_ADAM, false, false, rule_adam, MEAN, MEAN_SQUARE },
    { RT_ADAMW, false, false, rule_adamw, MEAN, MEAN_SQUARE },
    { RT_RMSPROP, false, false, rule_rmsprop, NULL, SQUARE },
    { RT_RMSPROP, true, false, rule_rmsprop_momentum, BUFFER, SQUARE },
    { RT_RMSPROP, false, true, rule_rmsprop_tf, BUFFER, SQUARE },
    { RT_RMSPROP, true, true, rule_rmsprop_tf, BUFFER, SQUARE },
};

static bool is_adam(const RtRecipe *r) { return r->optimizer == RT_ADAM || r->optimizer == RT_ADAMW; }

static const RuleRow *find_rule(const RtRecipe *r)
{
    bool momentum = !is_adam(r) && r->momentum != 0;
    bool variant = r->optimizer == RT_SGD ? r->nesterov != 0 : r->optimizer == RT_RMSPROP && r->eps_inside != 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].optimizer == r->optimizer && rules[i].momentum == momentum && rules[i].variant == variant)
            return &rules[i];
    return NULL; /* Nesterov without momentum */
}

typedef struct Range {
    const char *name;
    double value, least, below; /* least <= value < below */
} Range;

static RtStatus check_recipe(const RtRecipe *r, RtError *err)
{
    const Range ranges[] = {
        { "momentum", r->momentum, 0, INFINITY }, { "beta1", r->beta1, 0, 1 }, { "beta2", r->beta2, 0, 1 },
        { "eps", r->eps, 0, INFINITY },           { "decay", r->decay, 0, INFINITY }, { "clip", r->clip, 0, INFINITY },
        { "ema", r->ema, 0, 1 },                   { "lr", r->lr, 0, INFINITY }, { "warmup", r->warmup, 0, INFINITY },
        { "end of lr", r->lr_end, 0, INFINITY },   { "factor or power of lr", r->lr_power, 0, INFINITY },
    };
    bool counts_epochs = r->schedule == RT_LR_STEP || r->schedule == RT_LR_EXPONENTIAL;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].least && ranges[i].value < ranges[i].below))
            return rt_error(err, RT_ERROR_USAGE, "%s is %g; it must be from %g to below %g", ranges[i].name, ranges[i].value,
                            ranges[i].least, ranges[i].below);
    if (counts_epochs && !(r->lr_every > 0))
        return rt_error(err, RT_ERROR_USAGE, "every of lr is %g epochs; it must be above 0", r->lr_every);
    if (!find_rule(r))
        return rt_error(err, RT_ERROR_USAGE, "nesterov needs a momentum above 0, such as 0.9");
    return RT_OK;
}

/* ---- Memory ---- */

static size_t aligned_count(const RtWeight *w) { return (network_weight_count(w) + ALIGN - 1) / ALIGN * ALIGN; }

/* Arrays by weight in one piece of memory, for the weights that train or for all; null when out of memory. */
static float **make_arrays(OptimizerWork *k, bool all, float **memory)
{
    size_t total = ALIGN;
    for (int i = 0; i < k->n_weights; i++)
        total += all || k->grads[i] ? aligned_count(&k->weights[i]) : 0;
    float **arrays = calloc((size_t)k->n_weights + 1, sizeof *arrays);
    float *next = *memory = arrays ? memory_new(total * sizeof *next) : NULL;
    for (int i = 0; i < k->n_weights && next; i++)
        if (all || k->grads[i]) {
            arrays[i] = next;
            next += aligned_count(&k->weights[i]);
        }
    if (next) {
        k->bytes += total * sizeof *next;
        return arrays;
    }
    free(arrays);
    return NULL;
}

/* Appends a state to o; null when out of memory. */
static float **add_state(Optimizer *o, const char *prefix, bool all)
{
    OptimizerWork *k = o->work;
    float **values = make_arrays(k, all, &k->memory[o->n_states]);
    if (values)
        o->states[o->n_states++] = (OptimizerState){ prefix, values };
    return values;
}

static void fill_ones(const OptimizerWork *k, float **values)
{
    for (int i = 0; i < k->n_weights; i++)
        for (size_t j = 0; values[i] && j < network_weight_count(&k->weights[i]); j++)
            values[i][j] = 1;
}

static bool make_states(Optimizer *o, const RuleRow *row)
{
    OptimizerWork *k = o->work;
    if (row->a && !(k->a = add_state(o, row->a, false)))
        return false;
    if (row->b && !(k->b = add_state(o, row->b, false)))
        return false;
    if (k->recipe.ema > 0 && !(k->ema = add_state(o, "ema.", true)))
        return false;
    if (row->rule == rule_rmsprop_tf)
        fill_ones(k, k->b);
    o->averages = k->ema;
    optimizer_restart_averages(o);
    return true;
}

/* Of every weight, in order; statistics have chunks for their averages. */
static bool make_chunks(OptimizerWork *k)
{
    size_t n = 0;
    for (int i = 0; i < k->n_weights; i++)
        n += (network_weight_count(&k->weights[i]) + CHUNK - 1) / CHUNK;
    k->chunks = calloc(n + 1, sizeof *k->chunks);
    k->squares = calloc(n + 1, sizeof *k->squares);
    for (int i = 0; i < k->n_weights && k->chunks; i++)
        for (size_t at = 0, count = network_weight_count(&k->weights[i]); at < count; at += CHUNK)
            k->chunks[k->n_chunks++] = (Chunk){ i, at, count - at < CHUNK ? count - at : CHUNK };
    return k->chunks && k->squares;
}

RtStatus optimizer_new(Optimizer *o, const RtRecipe *recipe, const RtWeight *weights, int n, float *const *raw,
                       float *const *grads, RtError *err)
{
    *o = (Optimizer){ 0 };
    RtStatus status = check_recipe(recipe, err);
    if (status)
        return status;
    const RuleRow *row = find_rule(recipe);
    OptimizerWork *k = o->work = calloc(1, sizeof *k);
    if (k) {
        *k = (OptimizerWork){ .recipe = *recipe, .n_weights = n, .weights = weights, .raw = raw, .grads = grads, .rule = row->rule };
        if (make_chunks(k) && make_states(o, row))
            return RT_OK;
    }
    optimizer_free(o);
    return rt_error(err, RT_ERROR_FILE, "out of memory for the optimiser's states of %d weights", n);
}

void optimizer_free(Optimizer *o)
{
    OptimizerWork *k = o->work;
    if (k) {
        for (int i = 0; i < OPTIMIZER_STATES_MAX; i++)
            rt_free(k->memory[i]);
        free(k->a);
        free(k->b);
        free(k->ema);
        free(k->chunks);
        free(k->squares);
        free(k);
    }
    *o = (Optimizer){ 0 };
}

size_t optimizer_bytes(const Optimizer *o) { return o->work->bytes; }

void optimizer_restart_averages(Optimizer *o)
{
    const OptimizerWork *k = o->work;
    for (int i = 0; i < k->n_weights && k->ema; i++)
        memcpy(k->ema[i], k->raw[i], network_weight_count(&k->weights[i]) * sizeof(float));
}

/* ---- A step ---- */

/* What all weights share; the scale of clipping and the decay come with the chunk. */
static RuleNumbers numbers(const RtRecipe *r, double rate, int64_t step)
{
    RuleNumbers x = { .rate = (float)rate, .scale = 1, .momentum = (float)r->momentum, .eps = (float)r->eps, .shrink = 1 };
    x.keep1 = (float)r->beta1;
    x.keep2 = (float)r->beta2;
    x.add1 = (float)(1 - r->beta1);
    x.add2 = (float)(1 - r->beta2);
    if (is_adam(r)) {
        x.rate = (float)(rate / (1 - (r->beta1 > 0 ? rt_pow(r->beta1, (double)step) : 0)));
        x.root = (float)(1 / sqrt(1 - (r->beta2 > 0 ? rt_pow(r->beta2, (double)step) : 0)));
    }
    return x;
}

static double add_pairwise(const double *x, int n)
{
    if (n <= 2)
        return n == 2 ? x[0] + x[1] : n == 1 ? x[0] : 0;
    return add_pairwise(x, n / 2) + add_pairwise(x + n / 2, n - n / 2);
}

static void sum_chunk(OptimizerWork *k, int c)
{
    const Chunk *chunk = &k->chunks[c];
    const float *g = k->grads[chunk->weight];
    k->squares[c] = g ? rule_squares(chunk->n, g + chunk->begin) : 0;
}

static float *at(float *const *arrays, const Chunk *c) { return arrays ? arrays[c->weight] + c->begin : NULL; }

static void update_chunk(const OptimizerWork *k, const RuleNumbers *shared, double rate_decay, const Chunk *c)
{
    RuleNumbers x = *shared;
    bool decays = k->weights[c->weight].rank >= 2;
    x.decay = decays ? (float)k->recipe.decay : 0;
    x.shrink = decays ? (float)(1 - rate_decay) : 1;
    if (k->grads[c->weight])
        k->rule(&x, c->n, at(k->raw, c), at(k->grads, c), at(k->a, c), at(k->b, c));
    if (k->ema)
        rule_average(k->ema_add, c->n, at(k->raw, c), at(k->ema, c));
}

typedef struct Pass {
    OptimizerWork *work;
    double rate_decay; /* rate * decay */
} Pass;

/* torch's clip_grad_norm_. */
static float clip_scale(const RtRecipe *r, double norm) { return norm + 1e-6 > r->clip ? (float)(r->clip / (norm + 1e-6)) : 1; }

static void sum_part(void *arg, int step, int part, int parts)
{
    OptimizerWork *k = ((Pass *)arg)->work;
    (void)step;
    for (int c = rt_begin(k->n_chunks, part, parts); c < rt_begin(k->n_chunks, part + 1, parts); c++)
        sum_chunk(k, c);
}

static void update_part(void *arg, int step, int part, int parts)
{
    const Pass *p = arg;
    const OptimizerWork *k = p->work;
    (void)step;
    for (int c = rt_begin(k->n_chunks, part, parts); c < rt_begin(k->n_chunks, part + 1, parts); c++)
        update_chunk(k, &k->numbers, p->rate_decay, &k->chunks[c]);
}

void optimizer_step(Optimizer *o, double rate, RtPool *pool)
{
    OptimizerWork *k = o->work;
    Pass pass = { k, rate * k->recipe.decay };
    o->step++;
    k->numbers = numbers(&k->recipe, rate, o->step);
    k->ema_add = (float)(1 - fmin(k->recipe.ema, (1.0 + (double)o->step) / (10.0 + (double)o->step)));
    if (k->recipe.clip > 0) {
        rt_pool_run(pool, 1, sum_part, &pass);
        o->norm = sqrt(add_pairwise(k->squares, k->n_chunks));
        k->numbers.scale = clip_scale(&k->recipe, o->norm);
    }
    rt_pool_run(pool, 1, update_part, &pass);
}

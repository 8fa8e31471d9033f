/* gradient_tool NET.net NET.so NAME BATCH THREADS STEPS [TARGET]: steps of SGD by the generated code beside the double-precision interpreter,
 * from the same initial weights and pictures.  Prints the worst differences of losses, gradients and weights; exit 1 where one
 * is above its bound: 1e-4 of the largest gradient of that weight (of a hundredth of the whole network's where that is next to
 * nothing), or ten times what the judge itself errs by when it keeps every tensor in float and every weight is moved by half a unit of
 * its last place: some networks make much of little.  There the mean of a batch norm is off by a unit of the running mean, about which
 * sums are taken: a channel that does not vary is multiplied by 1/sqrt(epsilon).  A sum's rounding goes with its terms: the gradient of
 * a bias, which is exactly 0 before a batch norm, is held to 1e-5 of theirs.  Batches are drawn again until no value lies so near to
 * where a ReLU or a maximum decides otherwise that rounding could cross it.  Where a channel before a batch norm has died (its variance is
 * below epsilon, so that 1/sqrt(epsilon) multiplies the rounding of its mean) no batch helps, and the bound is 1e-2, which is said.  Fast
 * forms round too much for that: theirs is the 2-norm of the whole gradient's difference, 1e-2 of the gradient's. */
#include "../../compiler/arena.h"
#include "../../compiler/frontend.h"
#include "../../compiler/interp.h"
#include "../../runtime/train/step.h"
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEED = 7 };
static const double learning_rate = 0.05, bound = 1e-4;

typedef struct Check {
    Graph *g;
    Interp *it, *rounded; /* the judge; the judge with every result rounded to float, made when it is asked for */
    Training t;
    Tensor **w;
    double *rounding; /* by weight: the largest error of the rounded judge in its gradient */
    int trial;       /* of the rounded judge: what its weights and means are moved by */
    double *allowed; /* by weight: the error of a gradient's element that its bound allows */
    int n_weights, n;
    float *x;
    int *labels;
    uint64_t *samples;
    double worst_loss, worst_gradient, worst_weight;
    bool bad;
} Check;

static double uniform(uint32_t k)
{
    uint32_t out[4];
    rt_philox(&(RtPhilox){ { k, 1, 2, 3 }, { SEED, 0 } }, out);
    return out[0] * 0x1p-32;
}

static int classes(const Check *c) { return c->g->heads.at[0].logits->shape.dim[0]; }

static void make_batch(Check *c, int step, int attempt)
{
    int64_t image = shape_elems(&c->g->input->shape);
    for (int64_t i = 0; i < c->n * image; i++)
        c->x[i] = (float)(2 * uniform((uint32_t)(i + (step + 100 * attempt) * c->n * image)) - 1);
    for (int i = 0; i < c->n; i++) {
        c->labels[i] = (int)(uniform((uint32_t)(1000000 + i + step * c->n)) * classes(c));
        c->samples[i] = (uint64_t)(i + step * c->n);
    }
}

static void run_judge(Check *c, Interp *it, int step)
{
    double *x = interp_values(it, c->g->input), *label = interp_values(it, graph_find(c->g, "labels"));
    for (int64_t i = 0; i < c->n * shape_elems(&c->g->input->shape); i++)
        x[i] = c->x[i];
    for (int i = 0; i < c->n; i++)
        label[i] = c->labels[i];
    it->samples = c->samples;
    it->seed = SEED;
    it->epoch = (uint32_t)step;
    interp_run(it);
}

static void round_results(void *arg, const Node *n)
{
    const Check *c = arg;
    for (int k = 0; k < n->n_out; k++) {
        double *v = interp_values(c->rounded, n->out[k]);
        for (int64_t i = 0; i < (n->out[k]->shape.batched ? c->n : 1) * shape_elems(&n->out[k]->shape); i++)
            v[i] = (float)v[i];
    }
    const double *running = n->op == OP_BN_STATS ? interp_values(c->rounded, n->in[3]) : NULL;
    for (int k = 0; running && k < n->out[0]->shape.dim[0]; k++)
        interp_values(c->rounded, n->out[0])[k] += running[k] * 0x1p-23 * (2 * uniform((uint32_t)(k + 104729 * (n->id + 1000 * c->trial))) - 1);
}

/* The rounded judge from the judge's weights, on the batch of this step. */
static void run_rounded(Check *c)
{
    if (!c->rounded) {
        c->rounded = interp_new(c->g->arena, c->g, c->n);
        interp_keep_all(c->rounded);
        c->rounded->after = round_results;
        c->rounded->after_arg = c;
    }
    for (int i = 0; i < c->n_weights; i++) {
        double *to = interp_values(c->rounded, c->w[i]);
        for (int64_t k = 0; k < shape_elems(&c->w[i]->shape); k++)
            to[k] = interp_values(c->it, c->w[i])[k] * (1 + (2 * uniform((uint32_t)(k + 7919 * (i + 1000 * c->trial))) - 1) * 0x1p-24);
    }
    run_judge(c, c->rounded, (int)c->it->epoch);
}

static void note(Check *c, double *worst, double error, const char *what, const char *name, double most)
{
    *worst = fmax(*worst, error);
    if (error <= most)
        return;
    c->bad = true;
    printf("%s of %s: %g\n", what, name, error);
}

static double largest(const double *v, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(v[i]));
    return most;
}

static double distance(const double *v, const float *f, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = isnan(f[i]) ? INFINITY : fmax(most, fabs(v[i] - f[i]));
    return most;
}

static Tensor *gradient_of(const Check *c, const Tensor *w) { return graph_find(c->g, arena_printf(c->g->arena, "%s.grad", w->name)); }

/* Fills c->rounding from four trials: one may err by chance by little. */
static void measure_rounding(Check *c)
{
    for (c->trial = 0; c->trial < 4; c->trial++) {
        run_rounded(c);
        for (int i = 0; i < c->n_weights; i++) {
            int64_t n = c->t.grads[i] ? shape_elems(&c->w[i]->shape) : 0;
            const double *judge = n ? interp_values(c->it, gradient_of(c, c->w[i])) : NULL, *v = n ? interp_values(c->rounded, gradient_of(c, c->w[i])) : NULL;
            for (int64_t k = 0; k < n; k++)
                c->rounding[i] = fmax(c->trial || k ? c->rounding[i] : 0, fabs(v[k] - judge[k]));
        }
    }
}

/* The largest sum of magnitudes whose sum without them is the gradient of a bias; 0 for another weight. */
static double terms(const Check *c, const Tensor *gradient)
{
    const Node *n = gradient->def;
    if (!n || n->op != OP_BIAS_GRAD)
        return 0;
    const Shape *s = &n->in[0]->shape;
    const double *dy = interp_values(c->it, n->in[0]);
    int64_t pixels = shape_elems(s) / s->dim[0];
    double most = 0;
    for (int k = 0; k < s->dim[0]; k++) {
        double sum = 0;
        for (int image = 0; image < c->n; image++)
            for (int64_t i = 0; i < pixels; i++)
                sum += fabs(dy[(image * s->dim[0] + k) * pixels + i]);
        most = fmax(most, sum);
    }
    return most;
}

static double largest_of_all(const Check *c)
{
    double all = 0;
    for (int i = 0; i < c->n_weights; i++)
        if (c->t.grads[i])
            all = fmax(all, largest(interp_values(c->it, gradient_of(c, c->w[i])), shape_elems(&c->w[i]->shape)));
    return all;
}

/* Whether some channel in front of a batch norm varies by less than its epsilon: then 1/sqrt(epsilon) multiplies the rounding of its mean. */
static bool constant_channel(const Check *c)
{
    for (int i = 0; i < c->g->nodes.n; i++) {
        const Node *n = c->g->nodes.at[i];
        for (int k = 0; n->op == OP_BN_STATS && k < n->out[1]->shape.dim[0]; k++)
            if (interp_values(c->it, n->out[1])[k] > 0.7 / sqrt(n->eps))
                return true;
    }
    return false;
}

static void compare_gradients(Check *c)
{
    double all = largest_of_all(c), own = constant_channel(c) ? 1e-2 : bound;
    bool rounded = false;
    if (own > bound)
        printf("step %d: a channel has died, bound %g\n", (int)c->it->epoch, own);
    for (int i = 0; i < c->n_weights; i++) {
        int64_t n = shape_elems(&c->w[i]->shape);
        if (!c->t.grads[i])
            continue;
        const double *judge = interp_values(c->it, gradient_of(c, c->w[i]));
        double of = fmax(fmax(largest(judge, n), 1e-2 * all), 0.1 * terms(c, gradient_of(c, c->w[i])));
        double error = distance(judge, c->t.grads[i], n) / of, limit = own;
        if (error > limit) {
            if (!rounded)
                measure_rounding(c);
            rounded = true;
            limit = fmax(own, 10 * c->rounding[i] / of);
        }
        c->allowed[i] = limit * of;
        note(c, &c->worst_gradient, error, "gradient", c->w[i]->name, limit);
    }
}

static void compare_norms(Check *c)
{
    double difference = 0, whole = 0;
    for (int i = 0; i < c->n_weights; i++) {
        const double *judge = c->t.grads[i] ? interp_values(c->it, gradient_of(c, c->w[i])) : NULL;
        for (int64_t k = 0; judge && k < shape_elems(&c->w[i]->shape); k++) {
            difference += (judge[k] - c->t.grads[i][k]) * (judge[k] - c->t.grads[i][k]);
            whole += judge[k] * judge[k];
        }
    }
    note(c, &c->worst_gradient, sqrt(difference / whole), "norm of the gradient", c->g->name, 1e-2);
    for (int i = 0; i < c->n_weights; i++)
        c->allowed[i] = 1e-2 * sqrt(whole);
}

static void compare_losses(Check *c)
{
    for (int k = 0; k < c->g->heads.n; k++) {
        const double *judge = interp_values(c->it, graph_find(c->g, arena_printf(c->g->arena, "%s.loss", c->g->heads.at[k].logits->name)));
        for (int i = 0; i < c->n; i++)
            note(c, &c->worst_loss, fabs(judge[i] - c->t.losses[i * c->g->heads.n + k]) / fmax(1, judge[i]), "loss", c->g->heads.at[k].logits->name, bound);
    }
}

/* Both sides step from their own gradients, so that weights may differ by a step of what these may; then the judge takes the other's
 * weights, so that every step is judged by itself. */
static void update(Check *c)
{
    for (int i = 0; i < c->n_weights; i++) {
        int64_t n = shape_elems(&c->w[i]->shape);
        double *v = interp_values(c->it, c->w[i]);
        for (int64_t k = 0; k < n && c->t.grads[i]; k++) {
            v[k] -= learning_rate * interp_values(c->it, gradient_of(c, c->w[i]))[k];
            c->t.raw[i][k] -= (float)learning_rate * c->t.grads[i][k];
        }
    }
    for (int i = 0; i < c->g->nodes.n; i++) {
        const Node *n = c->g->nodes.at[i];
        for (int k = 0; k < 2 && n->op == OP_BN_STATS; k++)
            memcpy(interp_values(c->it, n->in[3 + k]), interp_values(c->it, n->out[2 + k]), (size_t)n->out[2 + k]->shape.dim[0] * sizeof(double));
    }
    for (int i = 0; i < c->n_weights; i++) {
        int64_t n = shape_elems(&c->w[i]->shape);
        double *v = interp_values(c->it, c->w[i]);
        double limit = c->t.plan->numerics == RT_NUMERICS_EXACT ? bound : 10 * bound;
        double error = distance(v, c->t.raw[i], n) / (fmax(1, largest(v, n)) + learning_rate * c->allowed[i] / limit);
        note(c, &c->worst_weight, error, "weight", c->w[i]->name, limit);
        for (int64_t k = 0; k < n; k++)
            v[k] = c->t.raw[i][k];
    }
}

static void begin(Check *c, const RtNetwork *net, RtTarget target, int threads)
{
    RtError err;
    if (training_open(&c->t, net, target, c->n, rt_pool_new(threads), &err)) {
        printf("%s\n", err.message);
        exit(1);
    }
    c->n_weights = graph_weights(c->g, &c->w);
    c->rounding = ARENA_ARRAY(c->g->arena, c->n_weights, double);
    c->allowed = ARENA_ARRAY(c->g->arena, c->n_weights, double);
    c->it = interp_new(c->g->arena, c->g, c->n);
    interp_keep_all(c->it);
    interp_init_weights(c->it, SEED);
    for (int i = 0; i < c->n_weights; i++)
        rt_init_weight(&c->t.train->weights[i], SEED, c->t.raw[i]);
    c->x = malloc((size_t)(c->n * shape_elems(&c->g->input->shape)) * sizeof *c->x);
    c->labels = calloc((size_t)c->n, sizeof *c->labels);
    c->samples = calloc((size_t)c->n, sizeof *c->samples);
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return 2;
    Arena *a = arena_new();
    bool file_error = false;
    Check c = { .g = net_load(a, argv[1], &(NetOptions){ 0 }, &file_error), .n = atoi(argv[4]) };
    void *so = dlopen(argv[2], RTLD_NOW);
    const RtNetwork *net = so ? dlsym(so, argv[3]) : NULL;
    if (!c.g || !net || !train_graph(c.g)) {
        printf("cannot load %s\n", so ? argv[1] : dlerror());
        return 2;
    }
    begin(&c, net, argc > 7 ? (RtTarget)atoi(argv[7]) : rt_best_target(net), atoi(argv[5]));
    for (int step = 0; step < atoi(argv[6]); step++) {
        bool fast = c.t.plan->numerics != RT_NUMERICS_EXACT;
        for (int attempt = 0; attempt == 0 || (!fast && c.it->margin < 2e-6 && attempt < 40); attempt++) {
            make_batch(&c, step, attempt);
            run_judge(&c, c.it, step);
        }
        training_pack(&c.t);
        training_step(&c.t, &(TrainingBatch){ c.x, c.labels, c.samples, c.n, SEED, (uint32_t)step });
        compare_losses(&c);
        if (fast)
            compare_norms(&c);
        else
            compare_gradients(&c);
        update(&c);
    }
    printf("%s batch %d threads %s: loss %.1e gradient %.1e weight %.1e\n", rt_target_name(c.t.plan->target), c.n, argv[5], c.worst_loss,
           c.worst_gradient, c.worst_weight);
    return c.bad;
}

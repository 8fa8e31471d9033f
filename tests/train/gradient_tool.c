/* gradient_tool NET.net NET.so NAME BATCH THREADS STEPS [TARGET]: steps of SGD by the generated code beside the double-precision interpreter,
 * from the same initial weights and pictures.  Prints the worst differences of losses, gradients and weights; exit 1 where one
 * is above its bound: 1e-4 of the largest gradient of that weight (of a hundredth of the whole network's where that is next to
 * nothing), or 50 times the error of the loss where the network itself makes much of little (batch norm of a channel that hardly
 * varies).  Batches are drawn again until no value lies so near to where a ReLU or a maximum decides otherwise that rounding could
 * cross it.  Fast forms round too much for that: theirs is the 2-norm of the whole gradient's difference, 1e-2 of the gradient's. */
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
    Interp *it;
    Training t;
    Tensor **w;
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

static void run_judge(Check *c, int step)
{
    double *x = interp_values(c->it, c->g->input), *label = interp_values(c->it, graph_find(c->g, "labels"));
    for (int64_t i = 0; i < c->n * shape_elems(&c->g->input->shape); i++)
        x[i] = c->x[i];
    for (int i = 0; i < c->n; i++)
        label[i] = c->labels[i];
    c->it->samples = c->samples;
    c->it->seed = SEED;
    c->it->epoch = (uint32_t)step;
    interp_run(c->it);
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

static void compare_gradients(Check *c)
{
    double all = 0;
    for (int i = 0; i < c->n_weights; i++)
        if (c->t.grads[i])
            all = fmax(all, largest(interp_values(c->it, gradient_of(c, c->w[i])), shape_elems(&c->w[i]->shape)));
    for (int i = 0; i < c->n_weights; i++) {
        int64_t n = shape_elems(&c->w[i]->shape);
        if (!c->t.grads[i])
            continue;
        const double *judge = interp_values(c->it, gradient_of(c, c->w[i]));
        double error = distance(judge, c->t.grads[i], n) / fmax(largest(judge, n), 1e-2 * all);
        note(c, &c->worst_gradient, error, "gradient", c->w[i]->name, fmax(bound, 50 * c->worst_loss));
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
}

static void compare_losses(Check *c)
{
    for (int k = 0; k < c->g->heads.n; k++) {
        const double *judge = interp_values(c->it, graph_find(c->g, arena_printf(c->g->arena, "%s.loss", c->g->heads.at[k].logits->name)));
        for (int i = 0; i < c->n; i++)
            note(c, &c->worst_loss, fabs(judge[i] - c->t.losses[i * c->g->heads.n + k]) / fmax(1, judge[i]), "loss", c->g->heads.at[k].logits->name, bound);
    }
}

/* Both sides step from their own gradients; then the judge takes the other's weights, so that every step is judged by itself. */
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
        note(c, &c->worst_weight, distance(v, c->t.raw[i], n) / fmax(1, largest(v, n)), "weight", c->w[i]->name, limit);
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
            run_judge(&c, step);
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

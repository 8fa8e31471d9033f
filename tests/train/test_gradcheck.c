/* Gradients of every operator against central differences in double precision, on odd shapes drawn by fixed seeds; and those of whole
 * losses.  `unit_gradcheck FAMILY [CASE]` runs a part and prints its nets. */
#include "../../compiler/frontend.h"
#include "../../compiler/interp.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST = 300, DRAWS = 60 };
static const double bound = 1e-6, step = 1e-5, margin = 3e-4;

/* ---- Nets ---- */

typedef struct Draw {
    FILE *f; /* takes the net's text */
    uint64_t state;
    int c, h, w, i; /* the input's shape; number of the case */
} Draw;

static int pick(Draw *d, int least, int most)
{
    uint64_t v = d->state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9u;
    v = (v ^ v >> 27) * 0x94D049BB133111EBu;
    return least + (int)((v ^ v >> 31) % (uint64_t)(most - least + 1));
}

static const char *some(Draw *d, const char *a, const char *b) { return pick(d, 0, 1) ? a : b; }

static void input(Draw *d, int c, int h, int w)
{
    d->c = c;
    d->h = h;
    d->w = w;
    fprintf(d->f, "input x %dx%dx%d\n", c, h, w);
}

/* Kernel, stride and padding, below the kernel when `pool`, and an input that they fit, of a multiple of `groups` channels; prints the input. */
static const char *window(Draw *d, Arena *a, bool pool, int groups)
{
    static const int kernels[][2] = { { 1, 1 }, { 3, 3 }, { 1, 7 }, { 7, 1 }, { 2, 3 }, { 5, 2 }, { 2, 2 }, { 4, 1 } };
    const int *k = kernels[pick(d, 0, 7)];
    int kh = k[0], kw = k[1], pad[4], shape = d->i % 5;
    for (int j = 0; j < 4; j++)
        pad[j] = pick(d, 0, pool ? (j < 2 ? kh : kw) - 1 : 2);
    int h = shape == 0 ? kh : pick(d, kh, kh + 4), w = shape == 0 ? kw : pick(d, kw, kw + 3); /* as large as the kernel, or more */
    if (shape == 1) {
        h = w = 1; /* padding must make up for what is missing */
        pad[0] = kh / 2, pad[1] = kh - 1 - kh / 2, pad[2] = kw / 2, pad[3] = kw - 1 - kw / 2;
    }
    int sh = shape == 2 ? kh + pick(d, 1, 2) : pick(d, 1, 3), sw = shape == 2 ? kw + pick(d, 0, 2) : pick(d, 1, 3);
    input(d, groups * pick(d, 1, 3), h, w);
    return arena_printf(a, "%dx%d/%dx%d|pad(%d,%d,%d,%d)", kh, kw, sh, sw, pad[0], pad[1], pad[2], pad[3]);
}

static Arena *arena;

static void net_conv(Draw *d)
{
    char *w = (char *)window(d, arena, false, 1), *pads = strchr(w, '|');
    *pads++ = 0;
    fprintf(d->f, "a = conv %s %d %s %s linear\n", w, pick(d, 1, 4), pads, some(d, "bias", "nobias"));
}
static void net_groups(Draw *d) /* every third depthwise; a batch norm behind; a frozen layer before; frozen behind one that trains */
{
    static const char *const form[] = { "a = conv %s %d %s groups=%d linear bias\n", "default conv { eps=0.1 }\na = conv %s %d %s groups=%d bn relu\n",
                                        "a = conv %s %d %s groups=%d linear nobias -> conv 1x1 2 linear\nfreeze s\n",
                                        "a = conv %s %d %s groups=%d linear bias\nfreeze a\n" };
    int g = pick(d, 2, 4);
    char *w = (char *)window(d, arena, false, g), *pads = strchr(w, '|');
    *pads++ = 0;
    if (d->i % 3 == 0)
        g = d->c;
    if (d->i % 4 >= 2)
        fprintf(d->f, "s = conv 1x1 %d linear\n", d->c);
    fprintf(d->f, form[d->i % 4], w, g * pick(d, 1, 3), pads, g);
}
static void net_pool(Draw *d, const char *kind, const char *flag)
{
    char *w = (char *)window(d, arena, true, 1), *pads = strchr(w, '|');
    *pads++ = 0;
    fprintf(d->f, "a = %s %s %s %s %s\n", kind, w, pads, some(d, "ceil", "floor"), flag);
}
static void net_maxpool(Draw *d) { net_pool(d, "maxpool", ""); }
static void net_avgpool(Draw *d) { net_pool(d, "avgpool", some(d, "count_pad", "nocount_pad")); }
static void net_adaptive(Draw *d)
{
    input(d, pick(d, 1, 3), pick(d, 1, 6), pick(d, 1, 6));
    fprintf(d->f, "a = adaptivepool %dx%d\n", pick(d, 1, 7), pick(d, 1, 7)); /* more outputs than pixels too */
}
static void net_global(Draw *d)
{
    input(d, pick(d, 1, 4), pick(d, 1, 5), pick(d, 1, 5));
    fprintf(d->f, "a = globalavgpool\n");
}
static void net_linear(Draw *d)
{
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = fc %d %s%s\n", pick(d, 1, 6), some(d, "bias", "nobias"), some(d, " linear", " relu -> fc 3 linear"));
}
static void net_relu(Draw *d)
{
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = %s\n", some(d, "relu", "conv 1x1 3 relu -> conv 1x1 2 relu"));
}
static void net_batchnorm(Draw *d) /* with eps as large as a variance can be small: differences need smooth functions */
{
    static const char *const layer[] = { "batchnorm", "batchnorm nogamma", "batchnorm eps=0.2 -> relu", "conv 1x1 3 bn relu", "conv 3x3 2 same bn nogamma relu",
                                         "conv 2x2 2 pad(1,0,0,1) bias bn linear", "batchnorm nogamma -> relu -> conv 1x1 2 bn linear" };
    fprintf(d->f, "default conv { eps=0.1 }\ndefault batchnorm { eps=0.1 }\n");
    if (d->i % 6 == 0)
        input(d, pick(d, 1, 4), 1, 1);
    else
        input(d, pick(d, 1, 4), pick(d, 2, 5), pick(d, 1, 4));
    fprintf(d->f, "a = %s\n", layer[d->i % 7]);
}
static void net_lrn(Draw *d)
{
    static const char *const beta[] = { "0.75", "0.5", "1", "0.6", "2" };
    input(d, pick(d, 1, 9), pick(d, 1, 3), pick(d, 1, 3));
    fprintf(d->f, "a = lrn %d alpha=%d beta=%s k=%s\n", d->i % 3 ? 3 + 2 * pick(d, 0, 1) : 7, pick(d, 1, 6), beta[d->i % 5], some(d, "1", "2"));
}
static void net_concat(Draw *d)
{
    static const char *const form[] = { "in | conv 1x1 1", "conv 1x1 1 | conv 1x1 1", "conv 1x1 3 | concat { conv 3x3 2 same | in | conv 1x1 1 }", "in | in",
                                        "concat { concat { in | conv 1x1 2 } | relu } | conv 1x1 5", "maxpool 3x3 same | avgpool 3x3 same | conv 1x7 1 same" };
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = concat { %s }%s\n", form[d->i % 6], some(d, "", " -> conv 1x1 2 linear"));
}
static void net_add(Draw *d)
{
    static const char *const form[] = { "a = add { in | conv 1x1 %d linear }", "a = residual 0.3 { conv 3x3 (in.c) same linear }", "a = add { in | in | relu }",
                                        "a = residual 0.17 { concat { conv 1x1 2 | in } -> conv 1x1 (in.c) linear } -> relu", "a = residual 1 { in }" };
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, form[d->i % 5], d->c);
    fputc('\n', d->f);
}
static void net_mul(Draw *d)
{
    static const char *const form[] = { "in | conv 1x1 %d linear", "conv 3x3 2 same linear | conv 1x1 2 linear | conv 1x1 2 relu", "in | in", "in | relu | in" };
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = mul { ");
    fprintf(d->f, form[d->i % 4], d->c);
    fprintf(d->f, " }\n");
}
static void net_max(Draw *d)
{
    static const char *const form[] = { "in | conv 1x1 %d linear", "conv 3x3 2 same linear | conv 1x1 2 linear", "avgpool 3x3 same | in",
                                        "in | conv 1x1 %d linear | conv 3x3 %d same linear", "in | in | conv 1x1 %d linear | avgpool 3x3 same" };
    input(d, pick(d, 1, 4), pick(d, 2, 4), pick(d, 2, 4));
    fprintf(d->f, "a = max { ");
    fprintf(d->f, form[d->i % 5], d->c, d->c);
    fprintf(d->f, " }\n");
}
static void net_l2norm(Draw *d)
{
    input(d, pick(d, 1, 5), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = %sl2norm%s\n", some(d, "", "conv 1x1 4 linear -> "), d->i % 4 == 3 ? " eps=9" : ""); /* 9: the gradient of x / eps */
}
static void net_softmax(Draw *d)
{
    input(d, pick(d, 1, 5), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = %ssoftmax%s\n", some(d, "", "conv 1x1 4 linear -> "), d->i % 3 == 2 ? " -> conv 1x1 3 linear -> softmax" : "");
}
static void net_normalize(Draw *d)
{
    input(d, pick(d, 1, 5), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = conv 1x1 2 linear -> normalize mean(0.3, -1) std(0.5, 4)%s\n", some(d, "", " -> conv 3x3 2 same linear"));
}
static void net_dropout(Draw *d)
{
    static const char *const form[] = { "dropout 0.5", "conv 1x1 4 -> dropout 0.3 -> conv 1x1 2 linear", "dropout 0.7 -> fc 4 -> dropout 0.2" };
    input(d, pick(d, 1, 4), pick(d, 1, 4), pick(d, 1, 4));
    fprintf(d->f, "a = %s\n", form[d->i % 3]);
}

/* Whole training steps: what train_graph makes of heads and losses. */
static void net_loss(Draw *d)
{
    static const char *const body[] = { "conv 3x3 4 same bn relu", "conv 3x3 3 same relu -> dropout 0.4", "concat { conv 1x1 3 | conv 3x3 2 same bn relu } -> maxpool 3x3/2 pad 1 ceil",
                                        "conv 3x3/2 3 same -> lrn 3 alpha=2", "residual 0.3 { conv 1x1 2 -> conv 3x3 (in.c) same linear } -> avgpool 3x3 same", "conv 3x3 4 same bn relu -> maxpool 3x3/2 pad 1 ceil" };
    int classes = pick(d, 2, 5), heads = d->i % 3 + 1;
    fprintf(d->f, "default conv { eps=0.1 }\n");
    input(d, pick(d, 1, 3), pick(d, 1, 5), pick(d, 1, 5));
    fprintf(d->f, "s = %s\nb = s -> conv 1x1 3 relu -> dropout 0.5 -> fc %d\nc = s -> adaptivepool 2x2 -> fc 3 relu -> fc %d\na = s -> globalavgpool -> fc %d\n",
            body[d->i % 6], classes, classes, classes);
    fprintf(d->f, "output a%s\ntrain { loss = xent(a%s)", some(d, "", " -> softmax"), some(d, "", ", smooth=0.1"));
    if (heads > 1)
        fprintf(d->f, " + 0.3*xent(b%s)", some(d, "", ", smooth=0.2"));
    if (heads > 2)
        fprintf(d->f, " + %s*xent(c, smooth=0.05)", some(d, "0.4", "2"));
    fprintf(d->f, "\n opt = sgd(0.1) }\n");
}

typedef struct Family {
    const char *name;
    int cases;
    void (*net)(Draw *d);
} Family;

static const Family families[] = {
    { "conv", 70, net_conv }, { "maxpool", 40, net_maxpool }, { "avgpool", 50, net_avgpool }, { "adaptivepool", 20, net_adaptive },
    { "globalavgpool", 6, net_global }, { "fc", 16, net_linear }, { "relu", 6, net_relu }, { "batchnorm", 28, net_batchnorm }, { "lrn", 30, net_lrn },
    { "concat", 24, net_concat }, { "add", 15, net_add }, { "mul", 12, net_mul }, { "max", 20, net_max }, { "l2norm", 12, net_l2norm }, { "softmax", 12, net_softmax }, { "normalize", 8, net_normalize },
    { "dropout", 12, net_dropout }, { "loss", 45, net_loss },
    { "groups", 60, net_groups },
};
enum { FAMILIES = sizeof families / sizeof *families };

static char *text_of(const Family *f, int i)
{
    char *text;
    size_t size;
    Draw d = { open_memstream(&text, &size), (uint64_t)(f - families) * 1000 + (uint64_t)i * 7919 + 1, 0, 0, 0, i };
    fprintf(d.f, "net t\nconventions torch\n");
    f->net(&d);
    if (f->net != net_loss)
        fprintf(d.f, "output a\n");
    fclose(d.f);
    return text;
}

static Graph *load(const char *text)
{
    char path[] = "/tmp/test_gradcheck_XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    fputs(text, f);
    fclose(f);
    bool file_error;
    Graph *g = net_load(arena, path, &(NetOptions){ 0 }, &file_error);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

/* ---- The check ---- */

typedef struct Check {
    Graph *g;
    Interp *whole, *forward; /* values and gradients; what the loss needs alone */
    Tensor *y, *seed;        /* sum of seed * y; null: the losses of the heads */
    uint64_t samples[4];
} Check;

static double noise(uint64_t i) /* in -1..1, a hash of i */
{
    i = (i + 1) * 0x9E3779B97F4A7C15u;
    i = (i ^ i >> 31) * 0xBF58476D1CE4E5B9u;
    i ^= i >> 29;
    return (double)(i >> 11) / 4503599627370496.0 - 1;
}

static int64_t count_of(const Interp *it, const Tensor *t) { return shape_elems(&t->shape) * (t->shape.batched ? it->n : 1); }

static void fill(Check *c, uint64_t draw)
{
    for (int i = 0; i < c->g->tensors.n; i++) {
        Tensor *t = c->g->tensors.at[i];
        bool ones = t->role == ROLE_VAR || t->role == ROLE_GAMMA;
        if (t->kind == TENSOR_RESULT || (t->kind == TENSOR_WEIGHT && !t->users.n))
            continue;
        double *v = interp_values(c->whole, t), *same = interp_values(c->forward, t);
        for (int64_t k = 0; k < count_of(c->whole, t); k++) {
            double u = noise((draw * 4096 + (uint64_t)i) * 1000003 + (uint64_t)k);
            v[k] = t->kind == TENSOR_LABELS ? floor((u + 1) / 2 * c->g->heads.at[0].logits->shape.dim[0]) : ones ? 1 + 0.4 * u : u;
            same[k] = v[k];
        }
    }
}

static Tensor *loss_of_head(const Check *c, int k) { return graph_find(c->g, arena_printf(arena, "%s.loss", c->g->heads.at[k].logits->name)); }

static double loss(Check *c)
{
    interp_run(c->forward);
    double sum = 0;
    if (c->y) {
        const double *y = interp_values(c->forward, c->y), *seed = interp_values(c->whole, c->seed);
        for (int64_t i = 0; i < count_of(c->forward, c->y); i++)
            sum += seed[i] * y[i];
        return sum;
    }
    for (int k = 0; k < c->g->heads.n; k++) /* the mean over the images of the weighted terms */
        for (int i = 0; i < c->forward->n; i++)
            sum += c->g->heads.at[k].weight / c->forward->n * interp_values(c->forward, loss_of_head(c, k))[i];
    return sum;
}

/* The worst difference of a tensor's gradient, relative to the largest of its differences. */
static double gradient_error(Check *c, Tensor *x, const double *gradient)
{
    double worst = 0, largest = 1e-2, *v = interp_values(c->forward, x);
    for (int64_t i = 0; i < count_of(c->forward, x); i++) {
        double keep = v[i];
        v[i] = keep + step;
        double up = loss(c);
        v[i] = keep - step;
        double numeric = (up - loss(c)) / (2 * step);
        v[i] = keep;
        worst = fmax(worst, isnan(gradient[i]) ? INFINITY : fabs(gradient[i] - numeric));
        largest = fmax(largest, fabs(numeric));
    }
    return worst / largest;
}

static Interp *interp_of(Check *c, int batch)
{
    Interp *it = interp_new(arena, c->g, batch);
    it->training = true;
    it->samples = c->samples;
    it->seed = 5;
    it->epoch = 3;
    return it;
}

static bool prepare(Check *c, const char *text, int batch)
{
    c->g = load(text);
    if (c->g->heads.n) {
        if (!train_graph(c->g))
            return false;
    } else {
        const int *d = c->g->output->shape.dim;
        Tensor *x = c->g->input;
        c->seed = graph_input(c->g, "seed", d[0], d[1], d[2], (Loc){ 0 });
        c->g->input = x;
        train_batchnorms(c->g);
        c->y = c->g->output;
        autodiff(c->g, &c->y, &c->seed, 1, true);
    }
    graph_verify(c->g, "autodiff");
    for (int i = 0; i < 4; i++)
        c->samples[i] = 11 * (uint64_t)i + 2;
    c->whole = interp_of(c, batch);
    interp_keep_all(c->whole);
    c->forward = interp_of(c, batch);
    if (c->y)
        interp_need(c->forward, c->y);
    for (int k = 0; !c->y && k < c->g->heads.n; k++) {
        interp_need(c->forward, loss_of_head(c, k));
        interp_keep(c->forward, loss_of_head(c, k));
    }
    if (c->y)
        interp_keep(c->forward, c->y);
    return true;
}

/* The error of a case; values are drawn again until none lies near a kink. */
static double error_of(const char *text, int batch, int *tensors)
{
    Check c = { 0 };
    if (!prepare(&c, text, batch))
        return INFINITY;
    for (uint64_t draw = 1; draw == 1 || (c.whole->margin < margin && draw < DRAWS); draw++) {
        fill(&c, draw);
        interp_run(c.whole);
    }
    double worst = c.whole->margin < margin ? INFINITY : 0;
    for (int i = 0; i < c.g->tensors.n && !isinf(worst); i++) {
        Tensor *x = c.g->tensors.at[i], *dx = graph_find(c.g, arena_printf(arena, "%s.grad", x->name));
        if (dx && ((x->kind == TENSOR_WEIGHT && x->trains) || (c.y && x == c.g->input))) {
            worst = fmax(worst, gradient_error(&c, x, interp_values(c.whole, dx)));
            ++*tensors;
        } else if (x->kind == TENSOR_WEIGHT && x->trains)
            worst = INFINITY; /* no gradient */
    }
    interp_release(c.whole);
    interp_release(c.forward);
    return worst;
}

static int run_family(const Family *f, int only, bool talk)
{
    int tensors = 0, cases = 0;
    double worst = 0;
    for (int i = 0; i < f->cases; i++) {
        if (only >= 0 && i != only)
            continue;
        arena = arena_new();
        char *text = text_of(f, i);
        int batch = f->net == net_batchnorm && i % 6 == 0 ? 3 : 1 + i % 3; /* batch norm of 1x1 images needs some */
        double e = error_of(text, batch, &tensors);
        if (talk || e > bound)
            printf("\n%s %d, batch %d: error %g\n%s", f->name, i, batch, e, text);
        CU_ASSERT_TRUE(e <= bound);
        worst = fmax(worst, e);
        free(text);
        arena_release(arena);
        cases++;
    }
    printf("%s: %d cases, %d tensors, worst %.1e\n", f->name, cases, tensors, worst);
    return cases;
}

static int done;
static const char *wanted;
static int wanted_case = -1;

static void test_gradients(void)
{
    for (int i = 0; i < FAMILIES; i++)
        if (!wanted || strcmp(wanted, families[i].name) == 0)
            done += run_family(&families[i], wanted_case, wanted != NULL);
}

static void test_count(void)
{
    printf("%d cases of central differences\n", done);
    CU_ASSERT_TRUE(wanted || done >= LEAST);
}

int main(int argc, char **argv)
{
    wanted = argc > 1 ? argv[1] : NULL;
    wanted_case = argc > 2 ? atoi(argv[2]) : -1;
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("gradcheck", NULL, NULL);
    CU_add_test(s, "gradients are the slopes of central differences", test_gradients);
    CU_add_test(s, "at least 300 cases ran", test_count);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures() + (CU_get_run_summary()->nTestsRun != 2);
    CU_cleanup_registry();
    return failed != 0;
}

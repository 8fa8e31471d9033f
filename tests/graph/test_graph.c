/* The graph: gradients against central differences, graph text there and back, and every pass on nets made for it. */
#include "../../compiler/frontend.h"
#include "../../compiler/interp.h"
#include "../../compiler/passes.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Arena *arena;

/* Elaborates net text; the lines before it are the same in every test. */
static Graph *load(const char *text)
{
    char path[] = "/tmp/test_graph_XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    fprintf(f, "net t\nconventions torch\n%s", text);
    fclose(f);
    NetOptions o = { 0 };
    bool file_error;
    Graph *g = net_load(arena, path, &o, &file_error);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static double noise(uint64_t i) /* in -1..1, a hash of i */
{
    i = (i + 1) * 0x9E3779B97F4A7C15u;
    i = (i ^ i >> 31) * 0xBF58476D1CE4E5B9u;
    i ^= i >> 29;
    return (double)(i >> 11) / 4503599627370496.0 - 1;
}

static int64_t count_of(const Interp *it, const Tensor *t) { return shape_elems(&t->shape) * (t->shape.batched ? it->n : 1); }

static void fill(Interp *it, Tensor *t, uint64_t seed, double scale, double shift)
{
    double *v = interp_values(it, t);
    for (int64_t i = 0; i < count_of(it, t); i++)
        v[i] = shift + scale * noise(seed * 1000003 + (uint64_t)i);
}

static void fill_all(Interp *it)
{
    for (int i = 0; i < it->graph->tensors.n; i++) {
        Tensor *t = it->graph->tensors.at[i];
        if (t->kind != TENSOR_RESULT && (t->kind != TENSOR_WEIGHT || t->users.n))
            fill(it, t, (uint64_t)i, t->role == ROLE_VAR || t->role == ROLE_GAMMA ? 0.4 : 1, t->role == ROLE_VAR || t->role == ROLE_GAMMA ? 1 : 0);
    }
}

/* ---- Gradients ---- */

static double loss(Interp *it, Tensor *y, const double *seed)
{
    interp_run(it);
    double sum = 0;
    for (int64_t i = 0; i < count_of(it, y); i++)
        sum += seed[i] * interp_values(it, y)[i];
    return sum;
}

/* |analytic - numeric| over the larger of 1 and the numeric one: 1e-6 leaves room for the h^2 of the difference. */
static double gradient_error(Interp *it, Tensor *y, const double *seed, Tensor *x, const double *gradient)
{
    const double h = 1e-5;
    double worst = 0, *v = interp_values(it, x);
    for (int64_t i = 0; i < count_of(it, x); i++) {
        double keep = v[i];
        v[i] = keep + h;
        double up = loss(it, y, seed);
        v[i] = keep - h;
        double numeric = (up - loss(it, y, seed)) / (2 * h);
        v[i] = keep;
        worst = fmax(worst, fabs(gradient[i] - numeric) / fmax(1, fabs(numeric)));
    }
    return worst;
}

static void check_gradients(const char *text, int least)
{
    Graph *g = load(text);
    Tensor *y = g->output, *seed = graph_input(g, "seed", y->shape.dim[0], y->shape.dim[1], y->shape.dim[2], (Loc){ 0 });
    g->input = graph_find(g, "x");
    int before = g->tensors.n, checked = 0;
    train_batchnorms(g);
    y = g->output;
    autodiff(g, &y, &seed, 1, true);
    graph_verify(g, "autodiff");
    Interp *it = interp_new(arena, g, 2);
    it->training = true;
    interp_keep_all(it);
    fill_all(it);
    interp_run(it);
    for (int i = 0; i < before; i++) {
        Tensor *x = g->tensors.at[i];
        Tensor *dx = graph_find(g, arena_printf(arena, "%s.grad", x->name));
        if (!dx || (x->kind != TENSOR_WEIGHT && x != g->input))
            continue;
        interp_run(it); /* the differences of the tensor before left a shifted state */
        double *copy = ARENA_ARRAY(arena, count_of(it, x), double);
        memcpy(copy, interp_values(it, dx), (size_t)count_of(it, x) * sizeof *copy);
        double e = gradient_error(it, y, interp_values(it, seed), x, copy);
        if (e > 1e-6)
            printf("%s: %g\n", x->name, e);
        CU_ASSERT_TRUE(e <= 1e-6);
        checked++;
    }
    CU_ASSERT_TRUE(checked >= least);
}

static void test_conv_bn_relu_maxpool(void)
{
    check_gradients("input x 3x9x7\na = conv 3x3 4 pad 1 bn relu -> maxpool 3x3/2\noutput a\n", 4);
}
static void test_strided(void)
{
    check_gradients("input x 2x8x9\na = conv 5x3/2x1 3 pad(2, 1, 0, 1) bias relu -> maxpool 2x2/2 ceil -> conv 1x1 4 bias linear\noutput a\n", 5);
}
static void test_branches(void) /* one tensor with several readers: contributions are added */
{
    check_gradients("input x 2x6x6\na = conv 3x3 4 same bn relu\nb = concat { conv 1x1 2 nobias | maxpool 3x3 | in }\n"
                    "c = residual 0.3 { conv 1x1 (in.c) nobias }\noutput c\n", 6);
}

/* ---- Text ---- */

static char *text_of(const Graph *g)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    graph_print(g, f);
    fclose(f);
    return text;
}

static void check_text(const Graph *g)
{
    char *text = text_of(g);
    int file = diag_add_file("graph", text, strlen(text));
    Graph *back = graph_parse(arena, file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(back);
    graph_verify(back, "parsing");
    char *again = text_of(back);
    CU_ASSERT_STRING_EQUAL(text, again);
    if (strcmp(text, again) != 0) {
        size_t at = 0, line = 0;
        for (; text[at] == again[at]; at++)
            line = text[at] == '\n' ? at + 1 : line;
        printf("printed: %.*s\nagain:   %.*s\n", (int)strcspn(text + line, "\n"), text + line, (int)strcspn(again + line, "\n"), again + line);
    }
}

static void test_text(void)
{
    static const char *const nets[] = { "googlenet", "googlenet_tv", "bn_inception", "inception_v2", "inception_v3", "inception_v4",
                                        "inception_resnet_v1_facenet", "inception_resnet_v2" };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        NetOptions o = { 0 };
        bool file_error;
        Graph *g = net_load(arena, arena_printf(arena, "netdefs/%s.net", nets[i]), &o, &file_error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(g);
        check_text(g);
        passes_run_inference(g, &(PassOptions){ .fast = true });
        check_text(g);
    }
}

/* ---- Passes ---- */

static int count_op(const Graph *g, OpKind op)
{
    int n = 0;
    for (int i = 0; i < g->nodes.n; i++)
        n += !g->nodes.at[i]->dead && g->nodes.at[i]->op == op;
    return n;
}

static double *output_of(Graph *g)
{
    Interp *it = interp_new(arena, g, 1);
    fill(it, g->input, 99, 1, 0);
    for (int i = 0; i < g->tensors.n; i++) { /* by name: passes leave the names of weights alone */
        Tensor *t = g->tensors.at[i];
        uint64_t h = 5381;
        for (const char *c = t->name; *c; c++)
            h = h * 33 + (unsigned char)*c;
        if (t->kind == TENSOR_WEIGHT && t->users.n)
            fill(it, t, h % 1000, t->role == ROLE_VAR ? 0.4 : 1, t->role == ROLE_VAR ? 1 : 0);
    }
    interp_run(it);
    return interp_values(it, g->output);
}

/* Runs the pass alone: the output stays, and `op` is there `before` and `after` times. */
static void check_pass(const char *pass, const char *text, OpKind op, int before, int after)
{
    Graph *plain = load(text), *g = load(text);
    CU_ASSERT_EQUAL(count_op(g, op), before);
    CU_ASSERT_TRUE_FATAL(pass_run_by_name(g, pass));
    graph_verify(g, pass);
    CU_ASSERT_EQUAL(count_op(g, op), after);
    check_text(g);
    const double *want = output_of(plain), *got = output_of(g);
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < shape_elems(&g->output->shape); i++) {
        worst = fmax(worst, fabs(want[i] - got[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    CU_ASSERT_TRUE(largest > 0 && worst <= 1e-12 * largest);
}

static void test_remove_dead(void)
{
    const char *net = "input x 2x6x6\na = conv 3x3 4\nb = a -> conv 1x1 9\nc = dropout 0.5\noutput c\n";
    check_pass("remove-dead", net, OP_DROPOUT, 1, 0);
    check_pass("remove-dead", net, OP_CONV, 2, 1);
}
static void test_fold_batchnorm(void)
{
    check_pass("fold-batchnorm", "input x 2x6x6\na = conv 3x3 4 bn relu\noutput a\n", OP_BATCHNORM, 1, 0);
    check_pass("fold-batchnorm", "input x 2x6x6\na = conv 3x3 4 bias bn nogamma relu\noutput a\n", OP_BATCHNORM, 1, 0);
    /* the convolution has a second reader: its batch norm stays */
    check_pass("fold-batchnorm", "input x 2x6x6\na = conv 3x3 4 linear\nb = batchnorm\nc = add { a | b }\noutput c\n", OP_BATCHNORM, 1, 1);
}
static void test_fold_constants(void)
{
    /* normalising the input goes into the weights where no padding reads it */
    check_pass("fold-constants", "input x 3x6x6\nn = normalize mean(0.5, 0.4, 0.3) std(0.2, 0.3, 0.4)\na = conv 3x3 4\noutput a\n", OP_NORMALIZE, 1, 0);
    check_pass("fold-constants", "input x 3x6x6\nn = normalize mean(0.5, 0.4, 0.3) std(0.2, 0.3, 0.4)\na = conv 3x3 4 pad 1\noutput a\n", OP_NORMALIZE, 1, 1);
}
static void test_fuse_activation(void)
{
    check_pass("fuse-activation", "input x 2x6x6\na = conv 3x3 4 relu\noutput a\n", OP_RELU, 1, 0);
    check_pass("fuse-activation", "input x 4x6x6\nb = residual 0.2 { conv 3x3 4 same } -> relu\noutput b\n", OP_ADD, 1, 0);
    check_pass("fuse-activation", "input x 4x6x6\nb = residual 0.2 { conv 3x3 4 same } -> relu\noutput b\n", OP_RELU, 1, 0);
    /* read before its ReLU as well: stays */
    check_pass("fuse-activation", "input x 2x6x6\na = conv 3x3 4\nr = relu\nc = add { a | r }\noutput c\n", OP_RELU, 1, 1);
}
static void test_merge_siblings(void)
{
    const char *net = "input x 4x6x6\na = concat { conv 1x1 3 | conv 1x1 5 | conv 1x1 2 -> conv 3x3 2 same }\noutput a\n";
    check_pass("merge-siblings", net, OP_CONV, 4, 2);
    check_pass("merge-siblings", "input x 4x6x6\na = concat { conv 1x1 3 | conv 3x3 5 same }\noutput a\n", OP_CONV, 2, 2);
}
static void test_reorder(void)
{
    Graph *g = load("input x 8x6x6\na = relu -> avgpool 3x3 -> conv 1x1 2 bias\noutput a\n");
    CU_ASSERT_TRUE(pass_run_by_name(g, "reorder-avgpool"));
    Node *last = NULL;
    for (int i = 0; i < g->nodes.n; i++)
        if (!g->nodes.at[i]->dead && g->nodes.at[i]->out[0] == g->output)
            last = g->nodes.at[i];
    CU_ASSERT_TRUE(last && last->op == OP_AVGPOOL);
    check_pass("reorder-avgpool", "input x 8x6x6\na = relu -> avgpool 3x3 -> conv 1x1 2 bias\noutput a\n", OP_AVGPOOL, 1, 1);
    check_pass("reorder-avgpool", "input x 8x6x6\na = relu -> avgpool 3x3 nocount_pad -> conv 1x1 2 bias bn relu\noutput a\n", OP_AVGPOOL, 1, 1);
}
static void test_concat_in_place(void)
{
    check_pass("concat-in-place", "input x 4x6x6\na = concat { conv 1x1 3 | conv 1x1 5 }\noutput a\n", OP_CONCAT, 1, 1);
    /* the input of the net and a tensor twice cannot live in the concat: they are copied */
    check_pass("concat-in-place", "input x 4x6x6\na = concat { conv 1x1 3 | in }\nb = concat { a | a }\noutput b\n", OP_CONCAT, 2, 2);
}

static void test_space_to_depth(void)
{
    check_pass("space-to-depth", "input x 3x24x22\na = conv 7x7/2 32 pad 3 bias bn relu\noutput a\n", OP_SPACE_TO_DEPTH, 0, 1);
    check_pass("space-to-depth", "input x 2x19x23\na = conv 6x5/2x3 33 pad(3, 0, 2, 1)\noutput a\n", OP_DEPTH_WEIGHT, 0, 1);
    check_pass("space-to-depth", "input x 1x21x30\na = conv 5x9/4 40 valid\noutput a\n", OP_SPACE_TO_DEPTH, 0, 1);
    /* what the folds made of the weights is spread, too */
    const char *net = "input x 3x25x21\nn = normalize mean(0.5, 0.4, 0.3) std(0.2, 0.3, 0.4)\na = conv 7x7/2 32 valid bn relu\noutput a\n";
    Graph *plain = load(net), *g = load(net);
    passes_run_inference(g, &(PassOptions){ .fast = true });
    CU_ASSERT_EQUAL(count_op(g, OP_DEPTH_WEIGHT), 1);
    CU_ASSERT_EQUAL(node_macs(g->output->def), graph_totals(plain).macs);
    const double *want = output_of(plain), *got = output_of(g);
    for (int64_t i = 0; i < shape_elems(&g->output->shape); i++)
        CU_ASSERT_TRUE(fabs(want[i] - got[i]) <= 1e-11);
    /* two readers, a small kernel, few outputs, squares of more channels than a block, stride 1 */
    static const char *const not[] = { "a = concat { conv 7x7/2 32 pad 3 | conv 7x7/2 32 pad 3 }", "a = conv 3x3/2 32 pad 1", "a = conv 7x7/2 31 pad 3",
                                       "a = conv 7x7/3 32 pad 3", "a = conv 7x7 32 pad 3" };
    for (size_t i = 0; i < sizeof not / sizeof *not; i++)
        check_pass("space-to-depth", arena_printf(arena, "input x 3x24x22\n%s\noutput a\n", not[i]), OP_SPACE_TO_DEPTH, 0, 0);
    passes_run_inference(plain, &(PassOptions){ 0 });
    CU_ASSERT_EQUAL(count_op(plain, OP_SPACE_TO_DEPTH), 0); /* no convolution may be fast */
}

/* A window's first maximum takes its gradient, and where that is costs a number for seven windows. */
static void test_pool_index(void)
{
    Graph *g = load("input x 1x3x5\ny = maxpool 3x3/2 pad 1\noutput y\n");
    Node *pool = g->output->def;
    Node *index = graph_node(g, OP_MAXPOOL_INDEX, "index", pool->in, 1, 1, (Loc){ 0 });
    index->window = pool->window;
    CU_ASSERT_PTR_NULL_FATAL(graph_infer(g, index));
    Tensor *in[] = { index->out[0], g->output, g->input };
    Node *grad = graph_node(g, OP_MAXPOOL_INDEX_GRAD, "grad", in, 3, 1, (Loc){ 0 });
    grad->window = pool->window;
    CU_ASSERT_PTR_NULL_FATAL(graph_infer(g, grad));
    check_text(g);
    Interp *it = interp_new(arena, g, 1);
    interp_keep_all(it);
    static const double x[15] = { 0, 0, 7, 0, 5, 0, 0, 7, 0, 9, 2, 0, 0, 0, 9 }, want[15] = { 0, 0, 7, 0, 0, 0, 0, 7, 0, 18, 2, 0, 0, 0, 0 };
    memcpy(interp_values(it, g->input), x, sizeof x);
    interp_run(it);
    CU_ASSERT_EQUAL(shape_elems(&index->out[0]->shape), 2);
    /* maxima 0, 7, 9 and 2, 7, 9; tap 5 of 9 is the window's middle */
    CU_ASSERT_EQUAL(interp_values(it, index->out[0])[0], 5520000);
    CU_ASSERT_EQUAL(interp_values(it, index->out[0])[1], 5880000);
    for (int i = 0; i < 15; i++)
        CU_ASSERT_EQUAL(interp_values(it, grad->out[0])[i], want[i]);
}

/* Only where the backward reads the pool's input for nothing else. */
static void check_pools(const char *body, int indices, int gradients)
{
    Graph *g = load(arena_printf(arena, "input x 3x9x9\n%s\nlogits = globalavgpool -> fc 3\noutput logits\ntrain { loss = xent(logits)\n opt = sgd(0.1) }\n", body));
    CU_ASSERT_TRUE_FATAL(train_graph(g));
    CU_ASSERT_EQUAL(count_op(g, OP_MAXPOOL_INDEX), indices);
    CU_ASSERT_EQUAL(count_op(g, OP_MAXPOOL_INDEX_GRAD), indices);
    CU_ASSERT_EQUAL(count_op(g, OP_MAXPOOL_GRAD), gradients);
}

static void test_pass_pool_index(void)
{
    check_pools("a = conv 3x3 4 bn relu -> maxpool 3x3/2", 1, 0);
    check_pools("a = concat { conv 3x3 4 bn relu | conv 1x1 4 valid bn relu -> conv 3x3 3 bn relu } -> maxpool 3x3/2", 1, 0);
    check_pools("a = conv 3x3 4 bias relu -> maxpool 3x3/2", 0, 1);                                    /* its ReLU's gradient reads it */
    check_pools("a = conv 3x3 4 bn relu -> concat { maxpool 3x3/2 | conv 3x3/2 2 }", 0, 1);             /* a convolution */
    check_pools("a = concat { conv 3x3 4 bn relu | conv 3x3 2 bias relu } -> maxpool 3x3/2", 0, 1);     /* a ReLU's in the same memory */
    check_pools("a = conv 3x3 4 bn relu -> maxpool 5000x5000/1 pad 4999", 0, 1);                        /* no float numbers so many taps */
}

int main(void)
{
    arena = arena_new();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("graph", NULL, NULL);
    CU_add_test(s, "pass: pool index", test_pass_pool_index);
    CU_add_test(s, "pool index: first maximum, seven to a number", test_pool_index);
    CU_add_test(s, "gradients: conv, bn, relu, maxpool", test_conv_bn_relu_maxpool);
    CU_add_test(s, "gradients: strides, asymmetric padding, bias", test_strided);
    CU_add_test(s, "gradients: several readers", test_branches);
    CU_add_test(s, "text", test_text);
    CU_add_test(s, "remove-dead", test_remove_dead);
    CU_add_test(s, "fold-batchnorm", test_fold_batchnorm);
    CU_add_test(s, "space-to-depth", test_space_to_depth);
    CU_add_test(s, "fold-constants", test_fold_constants);
    CU_add_test(s, "fuse-activation", test_fuse_activation);
    CU_add_test(s, "merge-siblings", test_merge_siblings);
    CU_add_test(s, "reorder-avgpool", test_reorder);
    CU_add_test(s, "concat-in-place", test_concat_in_place);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures() + (CU_get_run_summary()->nTestsRun != 14);
    CU_cleanup_registry();
    return failed != 0;
}

/* test_kernels.c - every kernel of every target, as compiled C, against judge.h.
 *
 * Each case is a small graph.  For each target it is planned, lowered, printed and compiled; then its steps run
 * one by one on an arena whose every float is NaN but for the borders.  After a step its outputs must be near the
 * judge's, its gap channels zero; at the end the borders must still be zero, and a run in three parts, the last
 * first, must leave the same bits.  Arena and weights end at a page that cannot be touched.
 *
 * Convolutions that may be fast are so by every form of their list, each within four times its error in
 * docs/numerics.md.                                                                                    */
#include "../../compiler/cook_toom.h"
#include "../../compiler/kernels/kernels.h"
#include "../../compiler/passes.h"
#include "../../compiler/print_c.h"
#include "../../runtime/rt.h"
#include "judge.h"
#include <CUnit/Basic.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- Building graphs ---- */

enum { BIAS = 1, RELU = 2, COUNT_PAD = 4, CEIL = 8 };
static const Loc nowhere;
static Graph *g;

static Tensor *end(Node *n)
{
    const char *wrong = graph_infer(g, n);
    if (wrong)
        ICE("%s: %s", g->name, wrong);
    return g->output = n->out[0];
}

static Tensor *input(int c, int h, int w) { return graph_input(g, "x", c, h, w, nowhere); }

static Tensor *weight(const char *name, WeightRole role, int rank, int a, int b, int c, int d)
{
    int dim[] = { a, b, c, d };
    return graph_weight(g, name, role, shape_weights(rank, dim), (Init){ 0 }, nowhere);
}

static Window window(int kh, int kw, int s, int pad) { return (Window){ kh, kw, s, s, pad, pad, pad, pad }; }

/* Convolution to co[0], co[1], ... channels; relu: bit k for output k. */
static Node *conv_node(Tensor *x, const int *co, int n_out, Window win, int groups, int flags, Tensor *r, double scale)
{
    int rows = 0, n = 2;
    for (int k = 0; k < n_out; k++)
        rows += co[k];
    Tensor *in[4] = { x, weight("w", ROLE_WEIGHT, 4, rows, x->shape.dim[0] / groups, win.kh, win.kw) };
    if (flags & BIAS)
        in[n++] = weight("b", ROLE_BIAS, 1, rows, 0, 0, 0);
    if (r)
        in[n++] = r;
    Node *c = graph_node(g, OP_CONV, "conv", in, n, n_out, nowhere);
    c->window = win;
    c->groups = groups;
    c->epilogue = (Epilogue){ flags & BIAS, r != NULL, scale, flags & RELU ? 0x5 : 0 };
    for (int k = 0; k < n_out; k++)
        c->out[k]->shape = shape_chw(co[k], 1, 1);
    end(c);
    return c;
}

static Tensor *conv(Tensor *x, int co, Window win, int flags)
{
    return conv_node(x, &co, 1, win, 1, flags, NULL, 1)->out[0];
}

static Tensor *linear(Tensor *x, int co, int flags)
{
    Tensor *in[] = { x, weight("w", ROLE_WEIGHT, 2, co, (int)shape_elems(&x->shape), 0, 0), NULL };
    if (flags & BIAS)
        in[2] = weight("b", ROLE_BIAS, 1, co, 0, 0, 0);
    Node *n = graph_node(g, OP_LINEAR, "fc", in, flags & BIAS ? 3 : 2, 1, nowhere);
    n->epilogue.bias = flags & BIAS;
    n->epilogue.relu = flags & RELU ? 1 : 0;
    return end(n);
}

static Tensor *pool(OpKind op, Tensor *x, Window w, int flags, Tensor *r)
{
    Tensor *in[3] = { x };
    int n = 1;
    if (flags & BIAS)
        in[n++] = weight("b", ROLE_BIAS, 1, x->shape.dim[0], 0, 0, 0);
    if (r)
        in[n++] = r;
    Node *p = graph_node(g, op, "pool", in, n, 1, nowhere);
    p->window = w;
    p->ceil = flags & CEIL;
    p->count_pad = flags & COUNT_PAD;
    p->epilogue = (Epilogue){ flags & BIAS, r != NULL, 0.25, flags & RELU ? 1 : 0 };
    return end(p);
}

static Tensor *op1(OpKind op, Tensor *x) { return end(graph_node(g, op, op_name(op), &x, 1, 1, nowhere)); }

static Tensor *op_many(OpKind op, int n, Tensor *a, Tensor *b, Tensor *c)
{
    Tensor *in[] = { a, b, c };
    return end(graph_node(g, op, op_name(op), in, n, 1, nowhere));
}

static Tensor *batchnorm(Tensor *x)
{
    int c = x->shape.dim[0];
    Tensor *in[] = { x, weight("gamma", ROLE_GAMMA, 1, c, 0, 0, 0), weight("beta", ROLE_BETA, 1, c, 0, 0, 0),
                     weight("mean", ROLE_MEAN, 1, c, 0, 0, 0), weight("var", ROLE_VAR, 1, c, 0, 0, 0) };
    Node *n = graph_node(g, OP_BATCHNORM, "bn", in, 5, 1, nowhere);
    n->eps = 1e-3;
    return end(n);
}

static Tensor *lrn(Tensor *x, int size, double beta)
{
    Node *n = graph_node(g, OP_LRN, "lrn", &x, 1, 1, nowhere);
    n->lrn_size = size;
    n->lrn_alpha = 0.7; /* far from the usual 1e-4, so that the sum matters */
    n->lrn_beta = beta;
    n->lrn_k = 1.5;
    return end(n);
}

/* 24 + 40 + 8 channels: gaps of 8 after each. */
static Tensor *gaps(int h, int w)
{
    Tensor *x = input(5, h, w);
    return op_many(OP_CONCAT, 3, conv(x, 24, window(1, 1, 1, 0), BIAS), conv(x, 40, window(3, 3, 1, 1), BIAS | RELU),
                   conv(x, 8, window(1, 1, 1, 0), 0));
}

/* ---- Cases ---- */

static void conv1x1(void) { conv(input(20, 7, 9), 40, window(1, 1, 1, 0), BIAS | RELU); }
static void conv1x1_of_one_pixel(void) { conv(input(33, 1, 1), 70, window(1, 1, 1, 0), BIAS); }
static void conv1x1_stride2(void) { conv(input(16, 9, 8), 16, window(1, 1, 2, 0), 0); }
static void conv3x3_of_a_wide_row(void) { conv(input(16, 3, 43), 48, window(3, 3, 1, 1), BIAS | RELU); }
static void conv3x3_stride2_odd(void) { conv(input(17, 11, 9), 33, window(3, 3, 2, 1), BIAS); }
static void conv5x5(void) { conv(input(8, 7, 7), 24, window(5, 5, 1, 2), RELU); }
static void conv_image_7x7_stride2(void) { conv(input(3, 23, 21), 64, window(7, 7, 2, 3), BIAS | RELU); }
static void conv_image_3x3_valid(void) { conv(input(1, 9, 30), 16, window(3, 3, 1, 0), BIAS); }
static void conv_asymmetric(void)
{
    Tensor *x = input(16, 10, 12);
    x = conv(x, 16, (Window){ 1, 7, 1, 1, 0, 0, 3, 3 }, BIAS);
    x = conv(x, 16, (Window){ 7, 1, 1, 1, 2, 4, 0, 0 }, BIAS | RELU);
    conv(x, 18, (Window){ 2, 3, 2, 1, 0, 1, 2, 0 }, BIAS);
}
static void conv_chain_with_borders(void)
{
    Tensor *x = conv(input(3, 12, 12), 24, window(3, 3, 2, 1), BIAS | RELU);
    x = conv(x, 30, window(1, 1, 1, 0), BIAS);
    x = conv(x, 16, window(3, 3, 1, 1), BIAS | RELU);
    x = conv(x, 16, window(3, 3, 1, 1), BIAS);
    conv(x, 7, window(1, 1, 1, 0), 0);
}
static void conv_of_gaps(void) { conv(gaps(6, 5), 20, window(3, 3, 1, 1), BIAS); }
static void conv1x1_of_gaps_to_many(void) { conv(gaps(4, 13), 100, window(1, 1, 1, 0), BIAS | RELU); }
static void conv_residual(void)
{
    Tensor *x = conv(input(6, 8, 9), 32, window(3, 3, 1, 1), BIAS | RELU);
    Tensor *b = conv(x, 12, window(1, 1, 1, 0), BIAS);
    x = conv_node(b, (int[]){ 32 }, 1, window(1, 1, 1, 0), 1, BIAS | RELU, x, 0.17)->out[0];
    conv_node(b, (int[]){ 32 }, 1, window(3, 3, 1, 1), 1, 0, x, 1);
}
static void conv1x1_of_a_deep_sum(void) { conv(input(800, 3, 5), 40, window(1, 1, 1, 0), BIAS | RELU); } /* 4 pieces */
static void conv_residual_of_a_deep_sum(void) /* 4 pieces, of which the last adds */
{
    Tensor *x = conv(input(6, 5, 7), 64, window(3, 3, 1, 1), BIAS);
    conv_node(x, (int[]){ 64 }, 1, window(3, 3, 1, 1), 1, BIAS | RELU, x, 0.3);
}
static void conv_residual_with_gaps(void)
{
    Tensor *x = gaps(5, 7);
    Tensor *y = conv_node(x, (int[]){ 72 }, 1, window(3, 3, 1, 1), 1, BIAS | RELU, x, 0.5)->out[0];
    conv(y, 9, window(1, 1, 1, 0), BIAS);
}
static void conv_merged(void)
{
    Tensor *x = input(19, 6, 7);
    Node *m = conv_node(x, (int[]){ 24, 16, 33, 5 }, 4, window(1, 1, 1, 0), 1, BIAS | RELU, NULL, 1);
    Tensor *a = m->out[0], *b = conv(m->out[1], 20, window(3, 3, 1, 1), BIAS);
    Tensor *c = pool(OP_MAXPOOL, m->out[2], window(3, 3, 1, 1), 0, NULL);
    Tensor *d = conv(m->out[3], 16, window(5, 5, 1, 2), RELU);
    conv(op_many(OP_CONCAT, 3, a, b, op_many(OP_CONCAT, 2, c, d, NULL)), 12, window(1, 1, 1, 0), BIAS);
}
static void conv_grouped(void)
{
    conv_node(input(12, 7, 6), (int[]){ 18 }, 1, window(3, 3, 2, 1), 3, BIAS | RELU, NULL, 1);
}
static void conv_grouped_of_gaps(void)
{
    Tensor *x = gaps(5, 6);
    x = conv_node(x, (int[]){ 72 }, 1, window(3, 3, 1, 1), 72, BIAS, x, 0.3)->out[0];
    conv(x, 8, window(1, 1, 1, 0), 0);
}
static Tensor *grouped(Tensor *x, int co, Window w, int groups, int flags) { return conv_node(x, &co, 1, w, groups, flags, NULL, 1)->out[0]; }
static void conv_groups_of_an_image(void) /* which only convolutions read: planes */
{
    Tensor *x = input(3, 13, 12);
    grouped(x, 24, window(7, 7, 2, 3), 3, BIAS | RELU);
    grouped(x, 3, window(3, 3, 1, 1), 3, BIAS);
    grouped(x, 57, window(2, 3, 1, 0), 3, 0);
}
static void conv_groups_of_few(void) /* several to a block, of inputs or of outputs */
{
    Tensor *x = input(128, 5, 6);
    grouped(x, 128, window(3, 3, 1, 1), 32, BIAS | RELU);
    grouped(x, 96, window(3, 3, 2, 1), 32, BIAS);
    grouped(x, 256, window(1, 1, 1, 0), 128, BIAS);
    grouped(x, 32, window(1, 3, 1, 0), 32, RELU);
}
static void conv_groups_of_blocks(void)
{
    Tensor *x = input(96, 4, 7);
    x = grouped(x, 192, window(3, 3, 1, 1), 3, BIAS | RELU);
    x = grouped(x, 96, window(3, 3, 1, 1), 2, BIAS);
    grouped(x, 32, window(1, 1, 1, 0), 2, RELU);
}
static void conv_groups_across_blocks(void)
{
    Tensor *x = grouped(input(40, 5, 4), 60, window(3, 3, 1, 1), 5, BIAS | RELU);
    x = grouped(x, 44, window(3, 2, 1, 1), 2, 0);
    x = grouped(x, 77, window(1, 1, 1, 0), 11, BIAS);
    conv_node(x, (int[]){ 77 }, 1, window(3, 3, 1, 1), 7, BIAS | RELU, x, 0.4);
}
static void conv_groups_of_a_pixel(void) { grouped(grouped(input(64, 1, 1), 80, window(1, 1, 1, 0), 4, BIAS), 40, window(3, 3, 1, 1), 20, BIAS); }
static void conv_groups_of_gaps(void)
{
    Tensor *x = gaps(5, 6);
    Tensor *y = grouped(x, 24, window(3, 3, 1, 1), 8, BIAS), *z = grouped(x, 144, window(3, 3, 2, 1), 36, RELU);
    conv(op_many(OP_CONCAT, 2, y, grouped(y, 12, window(1, 1, 1, 0), 4, BIAS), NULL), 16, window(1, 1, 1, 0), 0);
    grouped(z, 72, window(2, 2, 1, 0), 72, BIAS);
}
static void conv_depthwise(void)
{
    Tensor *x = grouped(input(40, 9, 31), 40, window(3, 3, 1, 1), 40, BIAS | RELU);
    x = grouped(x, 40, window(5, 4, 2, 2), 40, 0);
    conv_node(x, (int[]){ 40 }, 1, window(3, 3, 1, 1), 40, BIAS | RELU, x, 0.25);
    grouped(grouped(x, 40, (Window){ 1, 7, 1, 1, 0, 0, 3, 3 }, 40, BIAS), 40, window(1, 1, 1, 0), 40, RELU);
}
static void conv_depthwise_of_gaps(void) /* in a concat; the residual lies otherwise than the input */
{
    Tensor *x = gaps(5, 6), *y = conv(g->input, 72, window(1, 1, 1, 0), BIAS);
    Tensor *d = grouped(x, 72, window(3, 3, 1, 1), 72, BIAS | RELU);
    conv(op_many(OP_CONCAT, 3, d, y, grouped(y, 72, window(3, 3, 1, 1), 72, 0)), 24, window(1, 1, 1, 0), 0);
    conv_node(x, (int[]){ 72 }, 1, window(3, 3, 1, 1), 72, BIAS | RELU, y, 0.5);
}
static void linear_of_image(void) { linear(input(18, 4, 3), 37, BIAS | RELU); }
static void linear_of_vector(void) { linear(linear(input(100, 1, 1), 130, BIAS), 10, 0); }
static void linear_of_gaps(void) { linear(gaps(3, 3), 50, BIAS); }
static void linear_with_a_border(void)
{
    Tensor *x = conv(input(4, 5, 5), 20, window(1, 1, 1, 0), BIAS);
    conv(x, 16, window(3, 3, 1, 1), 0);
    linear(x, 21, BIAS);
}
static void maxpool_3x3_stride2_ceil(void) { pool(OP_MAXPOOL, input(18, 8, 10), window(3, 3, 2, 0), CEIL, NULL); }
static void maxpool_padded(void) { pool(OP_MAXPOOL, gaps(7, 6), window(3, 3, 1, 1), 0, NULL); }
static void maxpool_asymmetric(void)
{
    pool(OP_MAXPOOL, input(16, 9, 7), (Window){ 2, 3, 2, 1, 0, 1, 2, 0 }, 0, NULL);
}
static void avgpool_counts_border(void) { pool(OP_AVGPOOL, input(24, 7, 9), window(3, 3, 2, 1), COUNT_PAD | CEIL, NULL); }
static void avgpool_counts_pixels(void) { pool(OP_AVGPOOL, gaps(7, 6), window(3, 3, 1, 1), 0, NULL); }
static void avgpool_with_epilogue(void)
{
    Tensor *x = conv(input(5, 6, 6), 24, window(1, 1, 1, 0), BIAS);
    Tensor *r = conv(g->input, 24, window(3, 3, 1, 1), BIAS);
    pool(OP_AVGPOOL, x, window(3, 3, 1, 1), COUNT_PAD | BIAS | RELU, r);
}
static void avgpool_bias_with_gaps(void) { pool(OP_AVGPOOL, gaps(4, 5), window(2, 2, 1, 0), BIAS, NULL); }
static void pool_inside_concat(void)
{
    Tensor *x = gaps(6, 6), *p = pool(OP_AVGPOOL, x, window(3, 3, 1, 1), COUNT_PAD, NULL);
    Tensor *y = op_many(OP_CONCAT, 2, conv(x, 20, window(1, 1, 1, 0), BIAS), p, NULL);
    linear(op1(OP_GLOBALAVGPOOL, y), 11, BIAS);
}

/* Every pool of x whose window fits, with floors and ceilings. */
static void every_pool(Tensor *x)
{
    static const Window windows[] = {
        { 3, 3, 1, 1, 1, 1, 1, 1 }, { 3, 3, 2, 2, 0, 0, 0, 0 }, { 3, 3, 2, 2, 1, 1, 1, 1 }, { 2, 2, 2, 2, 0, 0, 0, 0 },
        { 2, 2, 1, 1, 1, 0, 0, 1 }, { 2, 2, 2, 2, 1, 1, 1, 1 }, { 5, 5, 1, 1, 2, 2, 2, 2 }, { 5, 4, 3, 1, 4, 3, 2, 3 },
        { 1, 3, 2, 2, 0, 0, 1, 2 }, { 3, 1, 1, 3, 2, 1, 0, 0 }, { 1, 1, 2, 2, 0, 0, 0, 0 }, { 2, 3, 4, 5, 0, 1, 1, 2 }, { 7, 6, 2, 1, 3, 3, 3, 2 },
    };
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        const Window *w = &windows[i];
        if (x->shape.dim[1] + w->top + w->bottom < w->kh || x->shape.dim[2] + w->left + w->right < w->kw)
            continue;
        for (int ceil = 0; ceil <= CEIL; ceil += CEIL) {
            pool(OP_MAXPOOL, x, *w, ceil, NULL);
            pool(OP_AVGPOOL, x, *w, ceil, NULL);
            pool(OP_AVGPOOL, x, *w, ceil | COUNT_PAD | BIAS | RELU, NULL);
        }
    }
}
static void pools_of_an_image(void) { every_pool(input(16, 9, 12)); }
static void pools_of_a_square(void) { every_pool(input(5, 8, 8)); }
static void pools_of_gaps(void) { every_pool(gaps(7, 6)); }
static void pools_of_a_small_image(void) { every_pool(input(17, 2, 3)); }
static void pools_of_a_pixel(void) { every_pool(input(16, 1, 1)); }
static void pools_of_a_column(void) { every_pool(input(16, 9, 1)); }
static void pools_of_a_row(void) { every_pool(input(16, 1, 10)); }
static void pools_of_several_sizes(void) /* share what makes a row */
{
    Tensor *x = pool(OP_MAXPOOL, input(20, 24, 21), window(3, 3, 2, 0), CEIL, NULL);
    x = pool(OP_AVGPOOL, pool(OP_MAXPOOL, x, window(3, 3, 1, 1), 0, NULL), window(3, 3, 1, 1), 0, NULL);
    x = pool(OP_MAXPOOL, pool(OP_MAXPOOL, x, window(3, 3, 2, 0), CEIL, NULL), window(3, 3, 1, 1), 0, NULL);
    pool(OP_MAXPOOL, pool(OP_AVGPOOL, x, window(3, 3, 1, 1), 0, NULL), window(3, 3, 2, 0), CEIL, NULL);
}
static void pool_to_and_from_borders(void)
{
    Tensor *x = conv(input(6, 8, 9), 20, window(3, 3, 1, 1), BIAS);
    conv(x, 16, window(5, 5, 1, 2), 0);
    pool(OP_AVGPOOL, x, window(3, 3, 1, 1), 0, NULL);
    conv(pool(OP_MAXPOOL, x, window(3, 3, 2, 0), CEIL, NULL), 16, window(3, 3, 1, 1), 0);
    op1(OP_GLOBALAVGPOOL, x);
}
static void avgpool_of_all(void) { pool(OP_AVGPOOL, input(40, 7, 7), window(7, 7, 1, 0), 0, NULL); }
static void avgpool_of_all_with_bias(void) { pool(OP_AVGPOOL, input(40, 3, 2), (Window){ 3, 2, 1, 1, 0, 0, 0, 0 }, BIAS, NULL); }
static void globalavgpool_of_a_pixel(void) { op1(OP_GLOBALAVGPOOL, input(21, 1, 1)); }
static void globalavgpool_of_two(void) { op1(OP_GLOBALAVGPOOL, input(16, 2, 1)); }
static void globalavgpool(void) { op1(OP_GLOBALAVGPOOL, input(21, 7, 5)); }
static void adaptiveavgpool(void)
{
    Tensor *x = input(17, 11, 9);
    Node *n = graph_node(g, OP_ADAPTIVEAVGPOOL, "adaptive", &x, 1, 1, nowhere);
    n->window.kh = 4; /* ops/adaptiveavgpool.c: oh, ow in kh, kw */
    n->window.kw = 7;
    end(n);
}
static void batchnorm_relu(void) { op1(OP_RELU, batchnorm(gaps(3, 5))); }
static void add_scaled(void)
{
    Tensor *x = input(9, 4, 5), *a = conv(x, 20, window(1, 1, 1, 0), BIAS), *b = conv(x, 20, window(3, 3, 1, 1), BIAS);
    Tensor *in[] = { a, b, a };
    Node *n = graph_node(g, OP_ADD, "add", in, 3, 1, nowhere);
    static double scale[] = { 1, -0.3, 2 };
    n->scale = scale;
    end(n);
}
static void mul_max(void)
{
    Tensor *x = input(9, 4, 5), *a = conv(x, 20, window(1, 1, 1, 0), BIAS), *b = conv(x, 20, window(3, 3, 1, 1), BIAS);
    op_many(OP_MAX, 3, op_many(OP_MUL, 2, a, b, NULL), b, a);
}
static void add_of_unequal_maps(void)
{
    Tensor *x = gaps(4, 5), *y = conv(g->input, 72, window(1, 1, 1, 0), BIAS);
    op_many(OP_ADD, 2, x, y, NULL);
    op_many(OP_ADD, 2, y, x, NULL);
}
static void concat_of_a_concat_twice(void)
{
    Tensor *x = gaps(4, 3), *y = conv(x, 24, window(1, 1, 1, 0), BIAS);
    Tensor *a = op_many(OP_CONCAT, 2, x, y, NULL), *b = op_many(OP_CONCAT, 3, y, x, y);
    op_many(OP_CONCAT, 2, a, b, NULL);
}
static void lrn_5(void) { lrn(input(48, 3, 7), 5, 0.75); }
static void lrn_3_of_blocks(void) { lrn(conv(input(3, 4, 6), 32, window(3, 3, 1, 1), BIAS), 3, 0.75); }
static void lrn_of_one_block(void) { lrn(input(16, 2, 3), 5, 0.75); }
static void lrn_of_gaps(void) { lrn(gaps(4, 5), 5, 0.75); }
static void lrn_of_two_blocks(void) { lrn(input(30, 3, 2), 7, 0.75); }
static void lrn_of_a_channel(void) { lrn(input(1, 3, 2), 5, 0.75); }
static void lrn_of_many_blocks(void) { lrn(lrn(conv(input(3, 4, 6), 100, window(1, 1, 1, 0), BIAS), 3, 0.75), 15, 0.75); }
static void lrn_of_wide_windows(void) { lrn(lrn(input(50, 2, 3), 17, 0.75), 33, 0.75); }
static void lrn_of_one(void) { lrn(input(20, 2, 3), 1, 0.75); }
static void lrn_without_k(void)
{
    Tensor *x = lrn(input(20, 2, 3), 5, 0.75);
    x->def->lrn_k = 0;
}
static void lrn_to_and_from_borders(void)
{
    Tensor *x = conv(input(6, 8, 9), 20, window(3, 3, 1, 1), BIAS);
    conv(x, 16, window(5, 5, 1, 2), 0);
    conv(lrn(x, 5, 0.75), 16, window(3, 3, 1, 1), 0);
}
static void lrn_general_beta(void) { lrn(input(10, 3, 3), 3, 0.6); }
static void l2norm(void)
{
    Tensor *x = gaps(3, 4);
    Node *n = graph_node(g, OP_L2NORM, "l2norm", &x, 1, 1, nowhere);
    n->eps = 1e-12;
    end(n);
}
static void softmax(void) { op1(OP_SOFTMAX, linear(input(30, 1, 1), 37, BIAS)); }
static void softmax_of_image(void) { op1(OP_SOFTMAX, gaps(2, 3)); }
static void input_of_a_wide_row(void) { conv(input(3, 4, 37), 16, window(3, 3, 1, 1), 0); }
static void input_of_whole_vectors(void) { conv(input(2, 3, 32), 16, window(1, 1, 1, 0), 0); }
static void input_of_a_column(void) { conv(input(3, 7, 1), 16, window(3, 3, 1, 1), 0); }
static void squares_of(int c, int h, int w, int co, Window win)
{
    conv(input(c, h, w), co, win, BIAS | RELU);
    pass_space_to_depth(g);
    CHECK(g->input->users.at[0]->op == OP_SPACE_TO_DEPTH);
}
static void squares_of_even_sizes(void) { squares_of(3, 22, 18, 40, window(7, 7, 2, 3)); }
static void squares_of_odd_sizes(void) { squares_of(2, 19, 23, 33, (Window){ 6, 5, 2, 3, 3, 2, 0, 1 }); }
static void squares_of_4x4(void) { squares_of(1, 17, 30, 32, (Window){ 9, 5, 4, 4, 2, 5, 0, 3 }); }
static void normalize_then_conv(void)
{
    Tensor *x = input(3, 9, 8);
    Node *n = graph_node(g, OP_NORMALIZE, "normalize", &x, 1, 1, nowhere);
    static double mean[] = { 0.4, 0, -0.1 }, std[] = { 0.2, 1, 0.3 };
    n->mean = mean;
    n->std = std;
    conv(end(n), 16, window(3, 3, 2, 1), BIAS);
}

typedef struct Sample {
    const char *name;
    void (*build)(void);
    int form; /* PlanOptions.form */
} Sample;
#define CASE(f) { #f, f, 0 }
static const Sample cases[] = {
    CASE(conv1x1), CASE(conv1x1_of_one_pixel), CASE(conv1x1_stride2), CASE(conv3x3_of_a_wide_row),
    CASE(conv3x3_stride2_odd), CASE(conv5x5), CASE(conv_image_7x7_stride2), CASE(conv_image_3x3_valid),
    CASE(conv_asymmetric), CASE(conv_chain_with_borders), CASE(conv_of_gaps), CASE(conv1x1_of_gaps_to_many),
    CASE(conv_residual), CASE(conv1x1_of_a_deep_sum), CASE(conv_residual_of_a_deep_sum), CASE(conv_residual_with_gaps), CASE(conv_merged), CASE(conv_grouped),
    CASE(conv_grouped_of_gaps), CASE(conv_groups_of_an_image), CASE(conv_groups_of_few), CASE(conv_groups_of_blocks), CASE(conv_groups_across_blocks),
    CASE(conv_groups_of_a_pixel), CASE(conv_groups_of_gaps), CASE(conv_depthwise), CASE(conv_depthwise_of_gaps), CASE(linear_of_image), CASE(linear_of_vector), CASE(linear_of_gaps),
    CASE(linear_with_a_border), CASE(maxpool_3x3_stride2_ceil), CASE(maxpool_padded), CASE(maxpool_asymmetric),
    CASE(avgpool_counts_border), CASE(avgpool_counts_pixels), CASE(avgpool_with_epilogue),
    CASE(pools_of_an_image), CASE(pools_of_a_square), CASE(pools_of_gaps), CASE(pools_of_a_small_image),
    CASE(pools_of_a_pixel), CASE(pools_of_a_column), CASE(pools_of_a_row), CASE(pools_of_several_sizes),
    CASE(pool_to_and_from_borders), CASE(avgpool_of_all), CASE(avgpool_of_all_with_bias),
    CASE(globalavgpool_of_a_pixel), CASE(globalavgpool_of_two),
    CASE(avgpool_bias_with_gaps), CASE(pool_inside_concat), CASE(globalavgpool), CASE(adaptiveavgpool),
    CASE(batchnorm_relu), CASE(add_scaled), CASE(mul_max), CASE(add_of_unequal_maps),
    CASE(concat_of_a_concat_twice), CASE(lrn_5), CASE(lrn_3_of_blocks), CASE(lrn_of_one_block), CASE(lrn_of_gaps),
    CASE(lrn_of_two_blocks), CASE(lrn_of_a_channel), CASE(lrn_of_many_blocks), CASE(lrn_of_wide_windows),
    CASE(lrn_of_one), CASE(lrn_without_k), CASE(lrn_to_and_from_borders), CASE(input_of_a_wide_row),
    CASE(input_of_whole_vectors), CASE(input_of_a_column), CASE(lrn_general_beta), CASE(l2norm), CASE(softmax), CASE(softmax_of_image), CASE(normalize_then_conv),
    CASE(squares_of_even_sizes), CASE(squares_of_odd_sizes), CASE(squares_of_4x4),
};
enum { N_CASES = sizeof cases / sizeof *cases };

/* Convolutions by every fast form: images that tiles divide and do not, smaller than a tile, with gaps, merged before. */
static void fast_3x3(void) { conv(input(20, 13, 11), 40, window(3, 3, 1, 1), BIAS | RELU); }
static void fast_3x3_of_gaps(void) { conv(gaps(6, 8), 72, window(3, 3, 1, 1), BIAS); }
static void fast_3x3_valid_of_a_pixel(void) { conv(conv(input(7, 3, 4), 16, window(1, 1, 1, 0), 0), 16, window(3, 3, 1, 0), RELU); }
static void fast_5x5(void) { conv(input(16, 9, 10), 48, window(5, 5, 1, 2), BIAS); }
static void fast_1x7_and_7x1(void)
{
    Tensor *x = conv(input(24, 17, 15), 32, (Window){ 1, 7, 1, 1, 0, 0, 3, 3 }, BIAS | RELU);
    conv(x, 24, (Window){ 7, 1, 1, 1, 2, 4, 0, 0 }, BIAS);
}
static void fast_1x3_and_3x1(void)
{
    Tensor *x = conv(input(32, 8, 9), 16, (Window){ 1, 3, 1, 1, 0, 0, 1, 1 }, 0);
    conv(x, 33, (Window){ 3, 1, 1, 1, 0, 2, 0, 0 }, BIAS);
}
static void fast_2x3_inside_concat(void)
{
    Tensor *x = input(17, 7, 7), *a = conv(x, 24, (Window){ 2, 3, 1, 1, 0, 1, 1, 1 }, BIAS | RELU);
    conv(op_many(OP_CONCAT, 2, a, x, NULL), 16, window(3, 3, 1, 1), BIAS);
}
static void fast_3x3_stride2(void) { conv(input(20, 15, 19), 40, window(3, 3, 2, 1), BIAS | RELU); }
static void fast_stride2_valid_of_gaps(void) { conv(gaps(9, 8), 24, window(3, 3, 2, 0), BIAS); }
static void fast_strides_differ(void) { conv(input(16, 12, 13), 16, (Window){ 3, 4, 1, 2, 1, 1, 0, 2 }, BIAS); }
static const struct FastCase {
    const char *name;
    void (*build)(void);
    int forms;
} fast_cases[] = {
    { "fast_3x3", fast_3x3, 25 }, { "fast_3x3_of_gaps", fast_3x3_of_gaps, 5 },
    { "fast_3x3_valid_of_a_pixel", fast_3x3_valid_of_a_pixel, 25 }, { "fast_5x5", fast_5x5, 9 },
    { "fast_1x7_and_7x1", fast_1x7_and_7x1, 3 }, { "fast_1x3_and_3x1", fast_1x3_and_3x1, 7 },
    { "fast_2x3_inside_concat", fast_2x3_inside_concat, 12 },
    { "fast_3x3_stride2", fast_3x3_stride2, 16 }, { "fast_stride2_valid_of_gaps", fast_stride2_valid_of_gaps, 5 },
    { "fast_strides_differ", fast_strides_differ, 20 },
    { "squares_of_even_sizes", squares_of_even_sizes, 4 }, { "squares_of_odd_sizes", squares_of_odd_sizes, 5 },
};
enum { N_FAST_CASES = sizeof fast_cases / sizeof *fast_cases, MOST_FORMS = 136 };

/* ---- Compiling ---- */

static char dir[] = "/tmp/test_kernels_XXXXXX";
static Arena *arena;

static Graph *build(const Sample *c)
{
    g = graph_new(arena, c->name);
    c->build();
    pass_concat_in_place(g);
    return g;
}

/* Functions of a case carry its name; the pages have it already. */
static void name_functions(Unit *u, const Graph *graph)
{
    for (int i = 0; i < u->funcs.n; i++) {
        Func *f = u->funcs.at[i];
        if (f->key == f->name)
            f->external = true;
        else
            f->name = arena_printf(arena, "%s__%s", graph->name, f->name);
        for (int k = 0; k < f->tables.n; k++)
            f->tables.at[k]->name = arena_printf(arena, "%s__%s", graph->name, f->tables.at[k]->name);
    }
    for (int i = 0; i < u->tables.n; i++)
        u->tables.at[i]->name = arena_printf(arena, "%s__%s", graph->name, u->tables.at[i]->name);
}

/* All cases of a target in one file, compiled with every warning, loaded. */
static void *compile(const Target *t, Plan **plans, const Sample *list, int n, const char *flags)
{
    const char *base = arena_printf(arena, "%s/%s-%s", dir, t->symbol, list[0].name); /* dlopen goes by names */
    FILE *f = fopen(arena_printf(arena, "%s.c", base), "w");
    CHECK(f);
    fprintf(f, "#include \"rt.h\"\n");
    print_c_prologue(f);
    print_c_vector_prologue(t->vector, f);
    for (int i = 0; i < n; i++) {
        plans[i] = plan_new(arena, build(&list[i]), t, (PlanOptions){ .numerics = list[i].form ? NUMERICS_FAST : NUMERICS_EXACT, .form = list[i].form });
        Unit *u = lower_plan(arena, plans[i]);
        loop_simplify(u);
        name_functions(u, plans[i]->graph);
        print_c_unit(u, f);
    }
    CHECK(fclose(f) == 0);
    const char *command = arena_printf(arena,
        "${CC:-gcc} -std=%s %s -ffp-contract=off -Wall -Wextra -Werror -shared -fPIC -Iruntime -o %s.so %s.c "
        "runtime/core/math.c -lm", t->vector == TY_F32 ? "c11" : "gnu11", flags, base, base);
    if (system(command) != 0)
        return NULL;
    void *so = dlopen(arena_printf(arena, "%s.so", base), RTLD_NOW | RTLD_LOCAL);
    if (!so)
        fprintf(stderr, "%s\n", dlerror());
    return so;
}

/* ---- Running ---- */

/* n floats that end at a page which may not be touched. */
static float *guarded(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (n * sizeof(float) + page - 1) / page * page;
    char *p = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && mprotect(p + bytes, page, PROT_NONE) == 0);
    return (float *)(p + bytes) - n;
}

static uint64_t seed;

/* Uniform in [-1, 1), exact in float. */
static double noise(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)((int32_t)(seed >> 32) >> 8) / (1 << 23);
}

typedef void StepFunc(const RtContext *, int, int, int);
typedef void LoadFunc(const float *const *, float *, int part, int parts);
typedef struct Run {
    const Plan *plan;
    double **value; /* by tensor id: the judge's */
    StepFunc *step;
    RtContext c;
    size_t n_outputs;
} Run;

static double *values_of(Run *r, const Tensor *t)
{
    int64_t n = shape_elems(&t->shape);
    double *v = r->value[t->id] = ARENA_ARRAY(arena, n, double);
    bool positive = t->kind == TENSOR_WEIGHT && t->role == ROLE_VAR;
    for (int64_t i = 0; i < n; i++)
        v[i] = positive ? 0.5 + 0.25 * noise() : noise();
    return v;
}

static float *floats_of(const double *v, int64_t n)
{
    float *f = guarded((size_t)n);
    for (int64_t i = 0; i < n; i++)
        f[i] = (float)v[i];
    return f;
}

static void judge(Run *r)
{
    const Graph *graph = r->plan->graph;
    r->value = ARENA_ARRAY(arena, graph->next_id, double *);
    for (int i = 0; i < graph->tensors.n; i++)
        values_of(r, graph->tensors.at[i]);
    for (int i = 0; i < graph->nodes.n; i++)
        judge_node(r->value, graph->nodes.at[i]);
}

static void load(Run *r, LoadFunc *fn)
{
    Tensor **w;
    int n = graph_weights(r->plan->graph, &w);
    const float **raw = ARENA_ARRAY(arena, n + 1, const float *);
    for (int i = 0; i < n; i++)
        raw[i] = floats_of(r->value[w[i]->id], shape_elems(&w[i]->shape));
    float *packed = guarded((size_t)r->plan->weights_bytes / 4);
    for (int part = 0, parts = 3; part < parts; part++)
        fn(raw, packed, part, parts);
    r->c.weights = packed;
}

typedef void PixelVisit(float *pixel, const Buffer *b, bool border, void *arg);

static void each_pixel(float *at, const Buffer *b, PixelVisit *fn, void *arg)
{
    for (int p = 0; p < b->channels / b->block; p++)
        for (int y = 0; y < b->top + b->h + b->bottom; y++)
            for (int x = 0; x < b->left + b->w + b->right; x++) {
                bool inside = y >= b->top && y < b->top + b->h && x >= b->left && x < b->left + b->w;
                fn(at + b->offset + p * b->plane + y * b->row + x * b->block, b, !inside, arg);
            }
}

static void poison(float *pixel, const Buffer *b, bool border, void *arg)
{
    (void)arg;
    for (int i = 0; i < b->block; i++)
        pixel[i] = border ? 0 : NAN;
}

static void count_nonzero(float *pixel, const Buffer *b, bool border, void *arg)
{
    for (int i = 0; i < b->block; i++)
        *(int *)arg += border && pixel[i] != 0;
}

static void new_memory(Run *r)
{
    size_t n = (size_t)r->plan->arena_bytes / 4;
    r->c.scratch = guarded((size_t)r->plan->scratch_floats);
    for (int64_t i = 0; i < r->plan->scratch_floats; i++)
        r->c.scratch[i] = NAN;
    r->c.arena = guarded(n);
    r->n_outputs = (size_t)shape_elems(&r->plan->graph->output->shape);
    r->c.y = guarded(r->n_outputs);
    for (size_t i = 0; i < n; i++)
        r->c.arena[i] = NAN;
    for (int i = 0; i < r->plan->buffers.n; i++)
        if (r->plan->buffers.at[i]->bordered)
            each_pixel(r->c.arena, r->plan->buffers.at[i], poison, NULL);
}

/* Pixel (y, x) of physical channel c, by the words of plan.h. */
static float read_physical(const float *a, const Buffer *b, int c, int y, int x)
{
    int64_t pixel = b->offset + (b->top + y) * b->row + (int64_t)(b->left + x) * b->block;
    return a[pixel + c / b->block * b->plane + c % b->block];
}

/* Largest error of a tensor, relative to its largest value; infinite where a gap is not zero. */
static double error_of(const Run *r, const Tensor *t)
{
    const Place *p = r->plan->places[t->id];
    const Buffer *b = p->buffer;
    double worst = 0, most = 1e-30;
    int at = p->segments[0].physical, lanes = b->block;
    for (int s = 0; s < p->n_segments; s++) {
        const Segment *seg = &p->segments[s];
        int next = s + 1 < p->n_segments ? seg[1].physical : (seg->physical + seg->n + lanes - 1) / lanes * lanes;
        for (at = seg->physical; at < next; at++)
            for (int i = 0; i < b->h * b->w; i++) {
                bool gap = at >= seg->physical + seg->n;
                double want = gap ? 0 : r->value[t->id][(int64_t)(seg->logical + at - seg->physical) * b->h * b->w + i];
                double d = fabs(read_physical(r->c.arena, b, at, i / b->w, i % b->w) - want);
                most = fmax(most, fabs(want));
                worst = gap && d != 0 ? INFINITY : !(d <= worst) ? d : worst;
            }
    }
    return worst != worst ? INFINITY : worst / most;
}

/* Four times the largest error of a fast form by its larger alpha, of the largest output: docs/numerics.md, bench/forms.txt. */
static double fast_bound(const Step *s)
{
    static const double both[] = { [4] = 2.7e-7, [5] = 2.3e-6, [6] = 1.3e-6, [7] = 7e-6, [8] = 8.3e-6 };
    static const double one[] = { [4] = 2.8e-7, [5] = 6.8e-7, [6] = 7.3e-7, [7] = 1.3e-6, [8] = 1.4e-6, [10] = 4.5e-6, [12] = 1.1e-5 };
    const Window *w = &s->node->window;
    int h = cook_toom_points(s->fast.mh, w->kh, w->sh), v = cook_toom_points(s->fast.mw, w->kw, w->sw), alpha = h > v ? h : v;
    return 4 * (w->kh > 1 && w->kw > 1 ? both : one)[alpha];
}

/* What the plan's kernels may be off by; errors are of the largest value, which is no less than the deviation. */
static double bound(const Run *r)
{
    double most = 3e-6;
    for (int i = 0; i < r->plan->steps.n; i++)
        if (r->plan->steps.at[i]->kernel == KERNEL_COOK_TOOM)
            most = fmax(most, fast_bound(r->plan->steps.at[i]));
    return most;
}

static bool is_near(const Run *r, const Tensor *t, const char *what)
{
    double e = error_of(r, t);
    if (e < bound(r))
        return true;
    fprintf(stderr, "%s, %s: %s '%s' is off by %g of its largest value\n", r->plan->graph->name, r->plan->target->name,
            what, t->name, e);
    return false;
}

/* In three parts, the last first; or in one, with every tensor checked before it is read and after it is written. */
static bool run_steps(Run *r, bool checked)
{
    bool good = true;
    for (int i = 0; i < r->plan->steps.n && good; i++) {
        const Step *s = r->plan->steps.at[i];
        const Node *n = s->node;
        bool part = n && n->op == OP_CONCAT;
        for (int k = 0; checked && n && !part && k < s->n_in; k++)
            good &= is_near(r, n->in[k], "input");
        for (int k = 2; !checked && k >= 0; k--)
            r->step(&r->c, i, k, 3);
        if (checked)
            r->step(&r->c, i, 0, 1);
        for (int k = 0; checked && n && !part && k < n->n_out; k++)
            good &= is_near(r, n->out[k], "result");
    }
    return good;
}

static bool outputs_are_near(const Run *r)
{
    const double *want = r->value[r->plan->graph->output->id];
    double worst = 0, most = 1e-30;
    for (size_t i = 0; i < r->n_outputs; i++) {
        double d = fabs(r->c.y[i] - want[i]);
        worst = !(d <= worst) ? d : worst;
        most = fmax(most, fabs(want[i]));
    }
    return worst <= bound(r) * most;
}

static void check_plan(void *so, const Plan *p)
{
    Run r = { .plan = p };
    seed = 1;
    judge(&r);
    const char *name = arena_printf(arena, "%s_%s", p->graph->name, p->target->symbol);
    *(void **)&r.step = dlsym(so, arena_printf(arena, "%s_step", name));
    LoadFunc *fn;
    *(void **)&fn = dlsym(so, arena_printf(arena, "%s_load", name));
    CHECK(r.step && fn);
    load(&r, fn);
    r.c.x = floats_of(r.value[p->graph->input->id], shape_elems(&p->graph->input->shape));
    new_memory(&r);
    CU_ASSERT(run_steps(&r, true) && outputs_are_near(&r));
    int touched = 0;
    for (int i = 0; i < p->buffers.n; i++)
        if (p->buffers.at[i]->bordered)
            each_pixel(r.c.arena, p->buffers.at[i], count_nonzero, &touched);
    CU_ASSERT_EQUAL(touched, 0);
    RtContext whole = r.c;
    new_memory(&r);
    run_steps(&r, false);
    CU_ASSERT_EQUAL(memcmp(whole.y, r.c.y, r.n_outputs * sizeof(float)), 0);
    CU_ASSERT_EQUAL(memcmp(whole.arena, r.c.arena, (size_t)p->arena_bytes), 0);
}

static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static bool has_avx512(void) { return __builtin_cpu_supports("avx512f"); }

static void check_list(const Target *t, const Sample *list, int n, Plan **plans)
{
    __builtin_cpu_init();
    bool by_halves = t->vector == TY_V16 && !has_avx512(); /* AVX-512's code by AVX2's instructions */
    void *so = compile(t, plans, list, n, by_halves ? "-O1 -Itests/avx512" : "-O1");
    CU_ASSERT_PTR_NOT_NULL_FATAL(so);
    if (t->vector != TY_F32 && !has_avx2())
        fprintf(stderr, "%s needs a processor with AVX2: a test that does not run has not passed\n", t->name);
    CU_ASSERT_FATAL(t->vector == TY_F32 || has_avx2());
    for (int i = 0; i < n; i++)
        check_plan(so, plans[i]);
}

static void check_target(const Target *t)
{
    static Plan *plans[N_CASES];
    check_list(t, cases, N_CASES, plans);
}

static bool is_fast(const Plan *p)
{
    bool any = false;
    for (int i = 0; i < p->steps.n; i++)
        any |= p->steps.at[i]->kernel == KERNEL_COOK_TOOM;
    return any;
}

static void check_forms(const Target *t)
{
    static Plan *plans[MOST_FORMS];
    static Sample list[MOST_FORMS];
    int n = 0;
    for (int i = 0; i < N_FAST_CASES; i++)
        for (int k = 1; k <= fast_cases[i].forms; k++)
            list[n++] = (Sample){ arena_printf(arena, "%s_%d", fast_cases[i].name, k), fast_cases[i].build, k };
    CHECK(n <= MOST_FORMS);
    check_list(t, list, n, plans);
    for (int i = 0; i < n; i++)
        CU_ASSERT(is_fast(plans[i]));
}

static void plain_kernels_agree_with_the_judge(void) { check_target(target_find("plain")); }
static void avx2_kernels_agree_with_the_judge(void) { check_target(target_find("x86-64-v3")); }
static void avx512_kernels_agree_with_the_judge(void) { check_target(target_find("x86-64-v4")); }
static void avx2_fast_forms_agree_with_the_judge(void) { check_forms(target_find("x86-64-v3")); }
static void avx512_fast_forms_agree_with_the_judge(void) { check_forms(target_find("x86-64-v4")); }

int main(int argc, char **argv)
{
    (void)argv;
    arena = arena_new();
    CHECK(mkdtemp(dir));
    if (argc > 1)
        return 2;
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("kernels", NULL, NULL);
    CU_add_test(s, "plain kernels agree with the judge", plain_kernels_agree_with_the_judge);
    CU_add_test(s, "AVX2 kernels agree with the judge", avx2_kernels_agree_with_the_judge);
    CU_add_test(s, "AVX-512 kernels agree with the judge", avx512_kernels_agree_with_the_judge);
    CU_add_test(s, "AVX2 fast forms agree with the judge", avx2_fast_forms_agree_with_the_judge);
    CU_add_test(s, "AVX-512 fast forms agree with the judge", avx512_fast_forms_agree_with_the_judge);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    if (!failed)
        CHECK(system(arena_printf(arena, "rm -r %s", dir)) == 0);
    else
        fprintf(stderr, "generated code stays in %s\n", dir);
    return failed ? 1 : 0;
}

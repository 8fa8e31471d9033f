/* A wide strided convolution of the image becomes one of stride 1 over its squares of pixels: three channels are too few for
 * Cook-Toom's transforms, twelve are not (GoogLeNet's 7x7/2: one 4x4 of 12 channels).
 * Needs: the image has no other reader; its squares fit into a block of channels; the kernel is so wide that transforms gain
 * what a wider sum costs.
 *     conv(x, w) / 2      becomes      conv(space_to_depth(x), depth_weight(w))                                */
#include "passes.h"

enum { BLOCK = 16, LEAST_TAPS = 5, LEAST_OUTPUTS = 32 };

typedef struct Axis {
    int taps, before, after, shift; /* shift: see ops/space_to_depth.c */
} Axis;

static Axis axis(int size, int out, int k, int s, int pad)
{
    Axis a = { .before = div_up(pad, s) };
    a.shift = a.before * s - pad;
    a.taps = div_up(k + a.shift, s);
    a.after = out + a.taps - 1 - div_up(size, s) - a.before;
    return a;
}

static bool pays(const Node *n, const Tensor *image)
{
    const Window *w = &n->window;
    return n->op == OP_CONV && n->groups == 1 && n->in[0] == image && n->n_out == 1 && w->sh > 1 && w->sw > 1 && w->kh >= LEAST_TAPS &&
           w->kw >= LEAST_TAPS && image->shape.dim[0] * w->sh * w->sw <= BLOCK && n->out[0]->shape.dim[0] >= LEAST_OUTPUTS;
}

/* The convolution reads its input through op. */
static void read_through(Graph *g, Node *conv, OpKind op, int input, const char *what, Window w)
{
    Node *n = graph_node(g, op, arena_printf(g->arena, "%s.%s", conv->path, what), &conv->in[input], 1, 1, conv->loc);
    n->window = w;
    CHECK(!graph_infer(g, n));
    graph_set_input(g, conv, input, n->out[0]);
}

static void rewrite(Graph *g, Node *conv)
{
    const int *d = g->input->shape.dim, *r = conv->out[0]->shape.dim;
    Window w = conv->window;
    Axis y = axis(d[1], r[1], w.kh, w.sh, w.top), x = axis(d[2], r[2], w.kw, w.sw, w.left);
    if (y.after < 0 || x.after < 0)
        return;
    read_through(g, conv, OP_SPACE_TO_DEPTH, 0, "squares", (Window){ .sh = w.sh, .sw = w.sw });
    read_through(g, conv, OP_DEPTH_WEIGHT, 1, "depth_weight", (Window){ .sh = w.sh, .sw = w.sw, .top = y.shift, .left = x.shift });
    conv->window = (Window){ y.taps, x.taps, 1, 1, y.before, y.after, x.before, x.after };
    CHECK(!graph_infer(g, conv));
}

void pass_space_to_depth(Graph *g)
{
    Node *conv = pass_only_user(g, g->input);
    if (conv && pays(conv, g->input))
        rewrite(g, conv);
    graph_compact(g);
}

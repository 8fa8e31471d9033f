/* The table of operators, made from ops.def. */
#include "ops/ops.h"
#include <math.h>
#include <string.h>

typedef struct OpRow {
    const char *name;
    OpInfer *infer;
    OpEval *eval;
} OpRow;

static const OpRow rows[N_OPS] = {
#define OP(NAME, text, file) [OP_##NAME] = { text, infer_##file, eval_##file },
#include "ops.def"
#undef OP
};

const char *op_name(OpKind op) { return rows[op].name; }
const char *op_infer(Graph *g, Node *n) { return rows[n->op].infer(g, n); }
void op_eval(Interp *it, const Node *n) { rows[n->op].eval(it, n); }

static OpGrad *const gradients[N_OPS] = {
    [OP_CONV] = grad_conv, [OP_LINEAR] = grad_linear, [OP_BN_APPLY] = grad_bn_apply, [OP_BATCHNORM] = grad_batchnorm, [OP_RELU] = grad_relu, [OP_MAXPOOL] = grad_maxpool,
    [OP_AVGPOOL] = grad_avgpool, [OP_GLOBALAVGPOOL] = grad_globalavgpool, [OP_ADAPTIVEAVGPOOL] = grad_adaptiveavgpool,
    [OP_ADD] = grad_add, [OP_CONCAT] = grad_concat, [OP_DROPOUT] = grad_dropout, [OP_LRN] = grad_lrn, [OP_L2NORM] = grad_l2norm, [OP_MUL] = grad_mul, [OP_MAX] = grad_max,
    [OP_SOFTMAX] = grad_softmax, [OP_NORMALIZE] = grad_normalize,
};

bool op_grad(Graph *g, Node *n, Tensor *dy, Tensor **dx) { return gradients[n->op] && gradients[n->op](g, n, dy, dx); }

Node *op_grad_node(Graph *g, OpKind op, const Node *of, const char *what, Tensor *const *in, int n_in, int n_out)
{
    return graph_node(g, op, arena_printf(g->arena, "%s.%s", of->path, what), in, n_in, n_out, of->loc);
}

Tensor *op_infer_sure(Graph *g, Node *n)
{
    const char *wrong = graph_infer(g, n);
    if (wrong)
        ICE("gradient '%s': %s", n->path, wrong);
    return n->out[0];
}

const char *op_wrong(Graph *g, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *s = arena_vprintf(g->arena, fmt, ap);
    va_end(ap);
    return s;
}

const char *op_set(Graph *g, Node *n, int k, Shape s)
{
    int64_t elems = shape_elems(&s);
    if (elems < 0 || elems > INT32_MAX)
        return op_wrong(g, "its result %s has more than 2147483647 elements", shape_text(g->arena, &s));
    n->out[k]->shape = s;
    return NULL;
}

int op_window_size(int size, int before, int after, int k, int stride, bool ceil)
{
    int64_t room = (int64_t)size + before + after - k;
    if (room < 0)
        return 0;
    int64_t n = (room + (ceil ? stride - 1 : 0)) / stride + 1;
    if (ceil && (n - 1) * stride >= (int64_t)size + before)
        n--;
    return (int)n;
}

const char *op_window_shape(Graph *g, Node *n, int channels, Shape *out)
{
    const Window *w = &n->window;
    const int *d = n->in[0]->shape.dim;
    int oh = op_window_size(d[1], w->top, w->bottom, w->kh, w->sh, n->ceil);
    int ow = op_window_size(d[2], w->left, w->right, w->kw, w->sw, n->ceil);
    if (oh < 1 || ow < 1)
        return op_wrong(g, "kernel %dx%d is larger than its padded input %lldx%lld", w->kh, w->kw,
                        (long long)d[1] + w->top + w->bottom, (long long)d[2] + w->left + w->right);
    *out = shape_chw(channels, oh, ow);
    return NULL;
}

double op_relu(Interp *it, double v)
{
    if (v != 0) /* zero: of zeros alone, and so in any arithmetic */
        it->margin = fmin(it->margin, fabs(v));
    return v < 0 ? 0 : v;
}

void op_epilogue(Interp *it, const Node *n, int k, int c0, int bias_input)
{
    const Epilogue *e = &n->epilogue;
    const Shape *s = &n->out[k]->shape;
    int64_t pixels = (int64_t)s->dim[1] * s->dim[2], at = 0;
    const double *b = e->bias ? op_in(it, n, bias_input) : NULL;
    const double *r = e->residual ? op_in(it, n, n->n_in - 1) : NULL;
    double *y = op_out(it, n, k);
    for (int64_t i = 0; i < (int64_t)it->n * s->dim[0]; i++)
        for (int64_t p = 0; p < pixels; p++, at++) {
            double v = y[at] + (b ? b[c0 + i % s->dim[0]] : 0);
            if (r)
                v = r[at] + e->scale * v;
            y[at] = e->relu >> k & 1 ? op_relu(it, v) : v;
        }
}

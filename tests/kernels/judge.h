/* The judge of test_kernels.c: every operator in double, straight from its equation, with bounds tests
 * where kernels have borders and clipped loops.  Shares no code with the compiler. */
#ifndef TEST_KERNELS_JUDGE_H
#define TEST_KERNELS_JUDGE_H
#include "../../compiler/graph.h"
#include <math.h>
#include <stdlib.h>

typedef struct Image {
    const double *v;
    int c, h, w;
} Image;

static inline Image judge_image(double **value, const Tensor *t)
{
    return (Image){ value[t->id], t->shape.dim[0], t->shape.dim[1], t->shape.dim[2] };
}

static inline double judge_at(Image x, int c, int y, int px)
{
    bool inside = y >= 0 && y < x.h && px >= 0 && px < x.w;
    return inside ? x.v[((size_t)c * x.h + y) * x.w + px] : 0;
}

/* relu?(r + scale * (v + bias)) of element i of output k; `row` is its row of the bias. */
static inline double judge_epilogue(double **value, const Node *n, int k, size_t i, int row, int bias_input, double v)
{
    const Epilogue *e = &n->epilogue;
    if (e->bias)
        v += value[n->in[bias_input]->id][row];
    if (e->residual)
        v = value[n->in[n->n_in - 1]->id][i] + e->scale * v;
    return (e->relu >> k & 1) && v < 0 ? 0 : v;
}

static inline double judge_conv(Image x, const double *w, const Window *win, int cig, int first, int oy, int ox)
{
    double sum = 0;
    for (int ci = 0; ci < cig; ci++)
        for (int ky = 0; ky < win->kh; ky++)
            for (int kx = 0; kx < win->kw; kx++)
                sum += w[((size_t)ci * win->kh + ky) * win->kw + kx] *
                       judge_at(x, first + ci, oy * win->sh + ky - win->top, ox * win->sw + kx - win->left);
    return sum;
}

static inline double judge_pool(Image x, const Node *n, int c, int oy, int ox)
{
    const Window *w = &n->window;
    double sum = 0, most = -INFINITY;
    int real = 0, padded = 0;
    for (int ky = 0; ky < w->kh; ky++)
        for (int kx = 0; kx < w->kw; kx++) {
            int y = oy * w->sh + ky - w->top, px = ox * w->sw + kx - w->left;
            if (y >= x.h + w->bottom || px >= x.w + w->right)
                continue;
            padded++;
            if (y < 0 || y >= x.h || px < 0 || px >= x.w)
                continue;
            real++;
            sum += judge_at(x, c, y, px);
            most = fmax(most, judge_at(x, c, y, px));
        }
    return n->op == OP_MAXPOOL ? most : sum / (n->count_pad ? padded : real);
}

/* Mean over rows floor(o * H / OH) .. ceil((o + 1) * H / OH) and columns likewise. */
static inline double judge_adaptive(Image x, Image y, int c, int oy, int ox)
{
    int y0 = oy * x.h / y.h, y1 = (int)ceil((oy + 1.0) * x.h / y.h);
    int x0 = ox * x.w / y.w, x1 = (int)ceil((ox + 1.0) * x.w / y.w);
    double sum = 0;
    for (int iy = y0; iy < y1; iy++)
        for (int ix = x0; ix < x1; ix++)
            sum += judge_at(x, c, iy, ix);
    return sum / ((y1 - y0) * (x1 - x0));
}

static inline double judge_channels(Image x, const Node *n, int c, int oy, int ox)
{
    double sum = 0, most = -INFINITY, v = judge_at(x, c, oy, ox);
    for (int j = 0; j < x.c; j++)
        most = fmax(most, judge_at(x, j, oy, ox));
    for (int j = 0; j < x.c; j++) {
        double u = judge_at(x, j, oy, ox);
        if (n->op == OP_SOFTMAX)
            sum += exp(u - most);
        else if (n->op == OP_L2NORM || abs(j - c) <= n->lrn_size / 2)
            sum += u * u;
    }
    if (n->op == OP_SOFTMAX)
        return exp(v - most) / sum;
    if (n->op == OP_L2NORM)
        return v / fmax(sqrt(sum), n->eps);
    return v / pow(n->lrn_k + n->lrn_alpha / n->lrn_size * sum, n->lrn_beta);
}

static inline double judge_pointwise(double **value, const Node *n, size_t i, int c)
{
    double v = value[n->in[0]->id][i];
    const double *p[5] = { 0 };
    for (int k = 1; k < n->n_in && k < 5; k++)
        p[k] = value[n->in[k]->id];
    switch (n->op) {
    case OP_RELU: return v < 0 ? 0 : v;
    case OP_COPY: return v;
    case OP_NORMALIZE: return (v - n->mean[c]) / n->std[c];
    case OP_BATCHNORM: return (v - p[3][c]) / sqrt(p[4][c] + n->eps) * p[1][c] + p[2][c];
    case OP_ADD: case OP_MUL: case OP_MAX:
        v *= n->op == OP_ADD && n->scale ? n->scale[0] : 1;
        for (int k = 1; k < n->n_in; k++) {
            double u = value[n->in[k]->id][i];
            v = n->op == OP_MUL ? v * u : n->op == OP_MAX ? fmax(v, u) : v + (n->scale ? n->scale[k] : 1) * u;
        }
        return v;
    default: return NAN;
    }
}

/* Channel c of squares: one pixel of each, zero outside the image. */
static inline double judge_square(Image x, const Window *w, int c, int y, int px)
{
    int pixel = c / x.c;
    return judge_at(x, c % x.c, y * w->sh + pixel / w->sw - w->top, px * w->sw + pixel % w->sw - w->left);
}

/* Each row of the weights is such an image. */
static inline void judge_depth_weight(double **value, const Node *n)
{
    const int *d = n->in[0]->shape.dim, *r = n->out[0]->shape.dim;
    double *u = value[n->out[0]->id];
    for (int o = 0; o < r[0]; o++)
        for (int c = 0; c < r[1]; c++)
            for (int k = 0; k < r[2] * r[3]; k++)
                *u++ = judge_square((Image){ value[n->in[0]->id] + (size_t)o * d[1] * d[2] * d[3], d[1], d[2], d[3] }, &n->window, c, k / r[3], k % r[3]);
}

/* One element of output k; `first` is the output's first row of the weights. */
static inline double judge_element(double **value, const Node *n, int k, int first, int c, int oy, int ox)
{
    Image x = judge_image(value, n->in[0]), y = judge_image(value, n->out[k]);
    size_t i = ((size_t)c * y.h + oy) * y.w + ox;
    const double *w = n->n_in > 1 ? value[n->in[1]->id] : NULL;
    switch (n->op) {
    case OP_CONV: {
        int cig = n->in[1]->shape.dim[1], group = (first + c) / (n->in[1]->shape.dim[0] / n->groups);
        w += (size_t)(first + c) * cig * n->window.kh * n->window.kw;
        return judge_epilogue(value, n, k, i, first + c, 2, judge_conv(x, w, &n->window, cig, group * cig, oy, ox));
    }
    case OP_LINEAR: {
        double sum = 0;
        int m = n->in[1]->shape.dim[1];
        for (int j = 0; j < m; j++)
            sum += w[(size_t)c * m + j] * x.v[j];
        return judge_epilogue(value, n, k, i, c, 2, sum);
    }
    case OP_MAXPOOL: return judge_pool(x, n, c, oy, ox);
    case OP_AVGPOOL: return judge_epilogue(value, n, k, i, c, 1, judge_pool(x, n, c, oy, ox));
    case OP_GLOBALAVGPOOL: case OP_ADAPTIVEAVGPOOL: return judge_adaptive(x, y, c, oy, ox);
    case OP_SPACE_TO_DEPTH: return judge_square(x, &n->window, c, oy, ox);
    case OP_LRN: case OP_L2NORM: case OP_SOFTMAX: return judge_channels(x, n, c, oy, ox);
    default: return judge_pointwise(value, n, i, c);
    }
}

/* All outputs of n; a concat is its inputs one after the other. */
static inline void judge_node(double **value, const Node *n)
{
    int first = 0;
    if (n->op == OP_DEPTH_WEIGHT) {
        judge_depth_weight(value, n);
        return;
    }
    for (int k = 0; k < n->n_out; first += n->out[k++]->shape.dim[0]) {
        const int *d = n->out[k]->shape.dim;
        double *out = value[n->out[k]->id];
        for (int c = 0; c < d[0] && n->op != OP_CONCAT; c++)
            for (int oy = 0; oy < d[1]; oy++)
                for (int ox = 0; ox < d[2]; ox++)
                    out[((size_t)c * d[1] + oy) * d[2] + ox] = judge_element(value, n, k, first, c, oy, ox);
        for (int i = 0; i < n->n_in && n->op == OP_CONCAT; i++) {
            int64_t m = shape_elems(&n->in[i]->shape);
            for (int64_t j = 0; j < m; j++)
                *out++ = value[n->in[i]->id][j];
        }
    }
}
#endif

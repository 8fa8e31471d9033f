/* metrics.c - counting and dividing. */
#include "metrics.h"
#include "rank.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t n_cells(const Metrics *m) { return (size_t)m->classes * (size_t)m->classes; }

RtStatus metrics_open(Metrics *m, int classes, int k, int heads, RtError *err)
{
    *m = (Metrics){ .classes = classes, .k = k < classes ? k : classes, .heads = heads };
    m->losses = calloc((size_t)heads, sizeof *m->losses);
    m->confusion = calloc(n_cells(m), sizeof *m->confusion);
    if (m->confusion && (m->losses || !heads))
        return RT_OK;
    metrics_close(m);
    return rt_error(err, RT_ERROR_FILE, "out of memory for a confusion matrix of %d classes", classes);
}

void metrics_close(Metrics *m)
{
    free(m->losses);
    free(m->confusion);
    *m = (Metrics){ 0 };
}

void metrics_reset(Metrics *m)
{
    m->n = m->top1 = m->topk = m->n_losses = 0;
    memset(m->losses, 0, (size_t)m->heads * sizeof *m->losses);
    memset(m->confusion, 0, n_cells(m) * sizeof *m->confusion);
}

static void add_image(Metrics *m, const float *y, int label)
{
    int rank = 0, best;
    top_indices(y, m->classes, 1, &best);
    for (int c = 0; c < m->classes; c++)
        rank += rank_before(y[c], c, y[label], label);
    m->n++;
    m->top1 += rank == 0;
    m->topk += rank < m->k;
    m->confusion[(size_t)label * (size_t)m->classes + (size_t)best]++;
}

void metrics_add(Metrics *m, const float *scores, const int *labels, int n)
{
    for (int i = 0; i < n; i++)
        add_image(m, scores + (size_t)i * (size_t)m->classes, labels[i]);
}

void metrics_add_losses(Metrics *m, const float *losses, int n)
{
    for (int i = 0; i < n; i++)
        for (int h = 0; h < m->heads; h++)
            m->losses[h] += (double)losses[i * m->heads + h];
    m->n_losses += n;
}

/* ---- What follows ---- */

static double mean(double sum, int64_t n) { return n ? sum / (double)n : NAN; }
double metrics_loss(const Metrics *m, int head) { return mean(m->losses[head], m->n_losses); }
double metrics_top1(const Metrics *m) { return mean((double)m->top1, m->n); }
double metrics_topk(const Metrics *m) { return mean((double)m->topk, m->n); }

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

ClassMetrics metrics_class(const Metrics *m, int class)
{
    ClassMetrics r = { 0 };
    size_t c = (size_t)class, n = (size_t)m->classes;
    for (size_t other = 0; other < n; other++) {
        r.n += m->confusion[c * n + other];
        r.predicted += m->confusion[other * n + c];
    }
    double right = (double)m->confusion[c * n + c];
    r.precision = ratio(right, (double)r.predicted);
    r.recall = ratio(right, (double)r.n);
    r.f1 = ratio(2 * right, (double)(r.n + r.predicted));
    return r;
}

ClassMetrics metrics_macro(const Metrics *m)
{
    ClassMetrics sum = { 0 };
    double occur = 0;
    for (int c = 0; c < m->classes; c++) {
        ClassMetrics one = metrics_class(m, c);
        occur += one.n + one.predicted > 0;
        sum.n += one.n;
        sum.predicted += one.predicted;
        sum.precision += one.precision;
        sum.recall += one.recall;
        sum.f1 += one.f1;
    }
    sum.precision = ratio(sum.precision, occur);
    sum.recall = ratio(sum.recall, occur);
    sum.f1 = ratio(sum.f1, occur);
    return sum;
}

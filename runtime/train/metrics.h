/* metrics.h - how good predictions are: sums over batches, and what follows from them. */
#ifndef INCEPTRT_METRICS_H
#define INCEPTRT_METRICS_H
#include "../rt.h"
#include "image.h"
#include <stdio.h>

typedef struct Metrics {
    int classes, k, heads; /* k: of top-k */
    int64_t n, top1, topk; /* images; of those the right class was first, among the first k */
    int64_t n_losses;      /* images whose losses were added */
    double *losses;        /* sums, a head each */
    int64_t *confusion;    /* classes x classes: row is the true class, column the predicted one */
} Metrics;

/* Zeroed; k is cut to the number of classes. */
RtStatus metrics_open(Metrics *m, int classes, int k, int heads, RtError *err);
void metrics_close(Metrics *m);
void metrics_reset(Metrics *m); /* for another epoch */

/* A batch: scores are n x classes, probabilities or logits; labels are from 0 to classes - 1.  Of equal scores the lower
 * class counts as higher, NaN as lowest. */
void metrics_add(Metrics *m, const float *scores, const int *labels, int n);
/* Losses of the batch, n x heads. */
void metrics_add_losses(Metrics *m, const float *losses, int n);

/* Means over what was added; NaN before anything was. */
double metrics_loss(const Metrics *m, int head);
double metrics_top1(const Metrics *m);
double metrics_topk(const Metrics *m);

/* Ratios without a denominator are 0, as in scikit-learn. */
typedef struct ClassMetrics {
    int64_t n, predicted; /* images of the class; images that were taken for it */
    double precision, recall, f1;
} ClassMetrics;
ClassMetrics metrics_class(const Metrics *m, int class);
/* Means over the classes that occur, as labels or predictions; n and predicted are sums. */
ClassMetrics metrics_macro(const Metrics *m);

/* ---- metrics_text.c: names are null (numbers stand for them) or one a class ---- */

/* The confusion matrix: a table of at most 80 columns when that is room enough, else the pairs confused most often. */
void metrics_write_confusion(FILE *f, const Metrics *m, const char *const *names);
/* Precision, recall and F1, a line for each class, and their means. */
void metrics_write_classes(FILE *f, const Metrics *m, const char *const *names);
/* The confusion matrix as CSV (RFC 4180): a head, then a row for each true class. */
void metrics_write_csv(FILE *f, const Metrics *m, const char *const *names);
/* The confusion matrix as a picture: each cell's darkness is its share of the row; blue on the diagonal, grey beside it.
 * rt_image_free releases it. */
RtStatus metrics_draw(const Metrics *m, RtImage *out, RtError *err);
#endif

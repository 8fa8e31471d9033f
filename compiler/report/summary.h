/* inceptc summary: a network's layers and totals as a tree, as JSON and as CSV. */
#ifndef INCEPTC_REPORT_SUMMARY_H
#define INCEPTC_REPORT_SUMMARY_H
#include "layers.h"
#include <stdio.h>

typedef struct Summary {
    Layers *layers;       /* with a plan */
    int64_t step_bytes;   /* of a step of training; 0: the network says no train {}, or it cannot train */
    const char *untrainable; /* why it cannot; null: it can, or is not asked to */
    int step_images;
} Summary;

/* What inference needs, and training with the auxiliary heads. */
typedef struct SummaryTotals {
    int64_t params, frozen, statistics, macs, activations, file_bytes, memory;
} SummaryTotals;
SummaryTotals summary_totals(const Summary *s, bool training);

enum { DEPTH_ALL = -1 };
/* Modules deeper than `depth` are one line each; lines fit `width`. */
void summary_tree(const Summary *s, int depth, int width, bool utf8, FILE *f);
void summary_json(const Summary *s, FILE *f);
/* RFC 4180. */
void summary_csv_head(FILE *f);
void summary_csv(const Summary *s, FILE *f);
#endif

/* What differs between two networks: layers, settings, totals. */
#ifndef INCEPTC_REPORT_DIFF_H
#define INCEPTC_REPORT_DIFF_H
#include "match.h"
#include "summary.h"

typedef struct Change {
    const char *name, *from, *to; /* from, to: null where it has none */
    bool training; /* changes no result of inference */
    int common;    /* place in NetDiff.common; -1: of this layer alone, or of few */
} Change;
typedef LIST(Change) Changes;

/* A pair of layers, or one that has no partner. */
typedef struct DiffRow {
    Layer *x, *y;   /* x null: added; y null: removed */
    Changes changes;
    bool renamed, moved;
    bool follows;   /* nothing but sizes differ, which follow from other layers' */
} DiffRow;

/* A change that many layers have. */
typedef struct Common {
    Change change;
    const char *kind; /* of all these layers; null: of several */
    const char *layers; /* what they are called within their modules; null: it is no choice for one layer */
    int n, of;        /* layers that have it; that have the attribute */
} Common;

typedef struct NetDiff {
    Arena *arena;
    const Summary *x, *y;
    Match match;
    LIST(DiffRow) rows;     /* in the order of both texts */
    LIST(Common) common;
    Changes settings;       /* input, output, data {}, train {}, weights */
    int n_changed, n_added, n_removed, n_renamed, n_follow;
    bool equal;
} NetDiff;

NetDiff *net_diff(Arena *a, const Summary *x, const Summary *y);
void diff_print(const NetDiff *d, bool utf8, FILE *f);
void diff_json(const NetDiff *d, FILE *f);

typedef struct DiffTotal {
    const char *name, *key; /* in text, in JSON */
    double x, y;
    bool whole;             /* a count */
} DiffTotal;
enum { N_DIFF_TOTALS = 8 };
/* Those of both networks; returns how many. */
int diff_totals(const NetDiff *d, DiffTotal out[N_DIFF_TOTALS]);
#endif

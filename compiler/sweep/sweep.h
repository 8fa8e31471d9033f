/* inceptc sweep: one row for each combination of the values that -D names give.
 *
 *   -D width=0.25..1.0:0.25 -D classes=2,10      4 x 2 rows; the last name turns fastest
 *
 * sweep.c goes through the combinations, sweep_values.c reads the values, sweep_run.c compiles, times and trains, sweep_table.c
 * prints, sweep_plot.c draws. */
#ifndef INCEPTC_SWEEP_H
#define INCEPTC_SWEEP_H
#include "../driver.h"

typedef struct Axis { /* one -D */
    const char *name;
    LIST(const char *) values;
} Axis;

typedef struct SweepRow {
    const char **values; /* by axis */
    int64_t params, macs, arena_bytes;
    double predicted_ms, measured_ms;
    double train_loss, validation_loss, validation_accuracy; /* NaN: the netdef names no pictures for validation */
} SweepRow;

typedef struct Sweep {
    const Options *o;
    Arena *a;
    const char *net; /* its name */
    Axis *axes;
    int n_axes, n_rows;
    SweepRow *rows;
} Sweep;

/* The values of "0.25..1.0:0.25", "2,10" or "7" into axis->values, at most `most` of them.  False after a message. */
bool sweep_values(Arena *a, const NetDefine *d, int64_t most, Axis *axis);

/* Values that a figure of the rows has: the columns of the table and the panels of the plot. */
typedef struct Column {
    const char *name, *title; /* of the CSV; of tables and panels */
    double (*of)(const SweepRow *r);
    int decimals; /* -1: an integer, with commas in the table */
} Column;
/* The columns that s has, in order; how many. */
enum { MOST_COLUMNS = 8 };
int sweep_columns(const Sweep *s, Column out[MOST_COLUMNS]);

/* --measure: compiles every row and fills measured_ms; --train N: trains every row for N steps and fills the losses.  Exit codes. */
int sweep_measure(Sweep *s);
int sweep_train(Sweep *s);
/* The options with row r's values for its parameters. */
Options sweep_options(const Sweep *s, const SweepRow *r);
/* "width=0.25 classes=2" */
const char *sweep_name(const Sweep *s, const SweepRow *r, char between);

void sweep_print_table(const Sweep *s, FILE *f);
void sweep_print_csv(const Sweep *s, FILE *f);
/* One panel a column over the first axis with more than one value; a line for each combination of the others. */
void sweep_plot(const Sweep *s, FILE *f);
#endif

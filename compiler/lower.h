/* From plan to loop IR: the contents page of steps and the load page. */
#ifndef INCEPTC_LOWER_H
#define INCEPTC_LOWER_H
#include "plan.h"

typedef struct LoadLower {
    Unit *unit;
    const Target *target;
    Plan *plan;
    Lower *page;       /* body of NAME_TARGET_load(raw, packed, part, parts); in training `first` stands before part */
    Var *raw, *packed, *part, *parts;
    Tensor **weights;  /* the weights table: order of files */
    int n_weights;
    int *index;        /* by tensor id: row of the weights table, -1: none */
} LoadLower;

int lower_weight_index(const LoadLower *c, const Tensor *t);
/* Appends the calls that pack k. */
void lower_load_packed(LoadLower *c, const Packed *k);
/* Of the page that is built: calls of a function with numbers alone become a loop over rows of a table; a part does its share. */
void load_rows(LoadLower *c);
#endif

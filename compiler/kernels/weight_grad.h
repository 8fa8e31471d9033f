/* What the two ways to compute a weight gradient share. */
#ifndef INCEPTC_KERNELS_WEIGHT_GRAD_H
#define INCEPTC_KERNELS_WEIGHT_GRAD_H
#include "train.h"

typedef struct OuterSum { /* a sum of outer products, of blocks of x with blocks of dy, over pixels of some images */
    int depth;            /* neighbours in x: channels of a block; or taps of a row, of planes or of vectors */
    bool lanes;           /* taps are vectors: sums[i][o] of x[i][o] * dy[o] */
    Expr *images, *image; /* floats from one image to the next */
    Expr *rows, *columns;
    int x_row, x_pixel, dy_row;
} OuterSum;
/* Its leaves are defined before the functions that call them. */
void outer_sum_leaves(LowerContext *c, const OuterSum *o);
/* sums[i][o] += sum of x[i] * dy[o], or x[i][o] * dy[o], i below depth: x and dy at these places. */
void outer_sum(TrainKernel *t, const OuterSum *o, Var *x, Expr *x_at, Var *dy, Expr *dy_at, Var *sums, Expr *sums_at);

/* How many images this call sees: a constant, or a local of the function, to be made before its loops. */
Expr *weight_grad_images(TrainKernel *t, const BatchPart *b);
void weight_grad_clear(TrainKernel *t, int floats, Var *sums, Expr *base);
/* The sums[tap][i][o] of a block of outputs and one of inputs to dw[co][ci][tap]; ci counts inside of co's group. */
void weight_grad_scatter(TrainKernel *t, Expr *ob, Expr *ib, Var *sums, Expr *base, Var *dw);

/* weight_grad_fast.c: where the plan has chosen a form of Cook and Toom. */
void lower_weight_grad_fast(LowerContext *c, Step *s);
#endif

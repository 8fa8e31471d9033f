/* What the files of the pools say to each other. */
#ifndef INCEPTC_POOL_H
#define INCEPTC_POOL_H
#include "kernels.h"

typedef struct Pool { /* the function of a shape */
    const Step *s;
    Kernel k;
    Var *x, *y, *b, *r;
    Type type;
    int lanes, vectors; /* vectors per block */
} Pool;

/* Offset of row y of a block in a place: block * plane + y * row. */
Expr *pool_row_offset(Lower *l, const Buffer *b, const char *plane, const char *row, Expr *block, Expr *y);
/* const int AXIS0 = max(o * stride - pad, 0), AXIS1 = min(o * stride - pad + k, size): a window on the image. */
void pool_clip(Lower *l, const char *axis, Expr *o, int stride, int pad, int k, int size, Var **from, Var **to);
/* relu?(r + scale * (v + b)); b and r may be null. */
Expr *pool_epilogue(Lower *l, const Epilogue *e, Expr *value, Expr *b, Expr *r);

/* pool_rows.c: small windows of the vector targets, a row of outputs at a time. */
bool pool_goes_by_rows(const Step *s);
void pool_rows_body(Pool *p, bool max);
#endif

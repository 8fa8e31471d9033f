/* Leaves of fast convolutions: the transforms of one tile form, shared by all layers. */
#ifndef INCEPTC_COOK_TOOM_LEAF_H
#define INCEPTC_COOK_TOOM_LEAF_H
#include "../cook_toom.h"
#include "../loop.h"

typedef struct FastForm { /* F(h.m x w.m, h.r x w.r) */
    CookToom h, w;
} FastForm;

/* input(x, blocks, plane[, row], down, right, first, n, columns, v, slab): x is the first tile's corner, border included; tile t is
 * row t / columns, column t % columns; v[k * slab + (block * n + i) * 16].  row where a tile has more than one.  One function for
 * all forms of the same points. */
Func *cook_toom_input(Unit *u, Type type, const FastForm *f);
typedef struct InputTiles { /* its arguments, without what the form says: from tile to tile */
    Expr *x, *blocks, *plane, *row, *first, *n, *columns, *v, *slab;
} InputTiles;
void cook_toom_call_input(Lower *l, Type type, const FastForm *f, const InputTiles *t);
/* output(m, slab, n, b, floor, y, row, first, columns[, h][, w]): h and w where a tile has more than one row, column; m[k * slab + i * 16], y pixel (0, 0) of the block. */
Func *cook_toom_output(Unit *u, Type type, const FastForm *f);
/* spread(dy, row, first, n, columns, e, slab): dy pixel (0, 0) of a block, zero beyond the image; e[k * slab + i * 16]. */
Func *cook_toom_spread(Unit *u, Type type, const FastForm *f);
/* taps(sums): sums[k * 256 + c] becomes dw[tap * 256 + c]. */
Func *cook_toom_taps(Unit *u, Type type, const FastForm *f);
#endif

/* How the index of a max pool is written: windows of a row of outputs are digits of one number, the first window's the first.  A digit
 * counts the window's taps from its first maximum on, in rows from the top: kh * kw for the first tap, 1 for the last.  As many as a float
 * holds exactly: 3x3 windows are decimals, seven to a number. */
#ifndef INCEPTC_OPS_MAXPOOL_INDEX_H
#define INCEPTC_OPS_MAXPOOL_INDEX_H
#include "../graph.h"

int pool_index_base(const Window *w);
int pool_index_digits(const Window *w); /* 0: the window is too large */
int pool_index_first_place(const Window *w); /* the value of the first digit: base to the digits - 1 */
int pool_index_outputs(const Node *n);       /* of a maxpool_index: windows of a row */
#endif

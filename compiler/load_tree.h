/* What the load phase computes a packed weight from: a tree of load operators over weights as they lie in a file. */
#ifndef INCEPTC_LOAD_TREE_H
#define INCEPTC_LOAD_TREE_H
#include "lower.h"

enum { MAX_LEAVES = 8, MAX_ROWS = 16 };

typedef struct Tree { /* of one packed weight: its leaves in order of first use, its text, its row values */
    Lower *l;
    Tensor *leaf[MAX_LEAVES];
    Var *leaf_var[MAX_LEAVES];
    int n_leaves;
    const Tensor *row_of[MAX_ROWS];
    Var *row_var[MAX_ROWS];
    int n_rows;
    Var *depth_total, *taps; /* input channels of a row of the weights; kh * kw */
    const Node *flip;        /* or null */
    Var *rows_total;         /* flip: rows of a group */
    const Node *spread;      /* depth_weight, or null */
    Var *channel, *ky, *kx;  /* spread: of the weights as they lie in a file, and their first tap */
} Tree;

/* Fills t's leaves and appends the text that makes functions of equal trees one. */
void tree_collect(Arena *a, Tree *t, Tensor *x, const char **text);
/* Parameters of t->l for the leaves. */
void tree_params(Tree *t);
/* Factors of x that belong to row co, each once, ahead of the row's loops. */
void tree_row_values(Tree *t, const Tensor *x, int *next, Var *co);
/* In a loop over input channels ci, ahead of tree_weight: which of a square's pixels this is; nothing for other trees. */
void tree_spread(Tree *t, Var *ci);
/* Element (co, ci, tap) of x in double; *next counts leaves and begins at 0. */
Expr *tree_weight(Tree *t, const Tensor *x, int *next, Var *co, Var *ci, Expr *tap);
/* Element co of a vector x. */
Expr *tree_vector(Tree *t, const Tensor *x, int *next, Var *co);
/* "with the batch norm folded in", for the tree of that text. */
const char *tree_comment(Arena *a, const char *text);
#endif

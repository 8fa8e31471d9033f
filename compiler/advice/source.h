/* Where a layer of the graph stands in the text, and the text itself. */
#ifndef INCEPTC_ADVICE_SOURCE_H
#define INCEPTC_ADVICE_SOURCE_H
#include "view.h"
#include "../ast.h"

/* A module or a statement, in the net, in an included file or among a variant's edits. */
typedef struct Piece {
    const AstFile *file;
    const AstItem *module; /* null: a statement */
    const AstStmt *stmt;   /* null: a module */
} Piece;
typedef struct Source {
    Arena *arena;
    LIST(Piece) pieces;
    LIST(const AstItem *) trains; /* every train {}, in the order of the files */
} Source;
Source *source_new(Arena *a, const Graph *g); /* reads the texts of g again */

typedef struct Spot {
    Piece piece;
    const AstNode *node;   /* a layer, a residual, ... */
    const AstChain *chain; /* node is its unit number `index` */
    int index;
    bool reads_in; /* in.c is the count of channels that it reads */
} Spot;
bool source_find(const Source *s, Loc loc, Spot *out); /* the node of the AST at exactly loc */
const Piece *source_piece(const Source *s, Loc loc);    /* that holds loc; null: none */
const AstItem *source_module(const Source *s, const char *name);

size_t source_offset(Loc loc, bool end); /* into diag_file_text */
const char *source_text(Arena *a, Loc loc);
/* Of "conv 3x3 96 relu pad 1": the arguments in their roles.  False: not written in this order. */
typedef struct LayerText {
    const AstArg *kernel, *count; /* count null: none */
    const AstExpr *pad;           /* the number of `pad N` */
    bool padded_otherwise;        /* pad(...) */
    const char *flags;            /* the others, without padding, groups and the activation */
    const AstArg *linear, *relu;  /* as written */
} LayerText;
const char *source_word(const AstArg *arg); /* a flag; of what is none: "" */
bool source_layer(Arena *a, const AstNode *n, LayerText *out);
/* The number that expr stands for: itself, or what the statement's use of the piece's module gives for it.  Null: no number. */
const AstExpr *source_number(const Source *s, const Spot *p, const AstExpr *expr, Loc stmt);
#endif

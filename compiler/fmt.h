/* inceptc fmt: a netdef in the house form of netdefs/. It works on the parser's own tokens and on the comments between them, so it
 * cannot change what a text means; it keeps the lines, and chooses the white space within and before them.
 *
 *     fmt_lines.c   tokens, comments and groups of blank lines, as the author has them
 *     fmt_space.c   blanks between the tokens of a line: by the tokens' kinds, tables of numbers, settings under each other
 *     fmt_layout.c  the indentation of lines: brackets, chains and branches
 *     fmt_align.c   shapes and comments at the ends of lines under each other */
#ifndef INCEPTC_FMT_H
#define INCEPTC_FMT_H
#include "parse.h"

typedef struct FmtToken {
    int kind;
    const char *text;
    int size;
    int blanks; /* before it in the author's text */
    int gap;    /* before it in ours, unless it begins a line */
    bool ends;  /* the parser is given an end of statement behind it */
    bool begins, setting; /* a statement or setting begins with it; it stands in data or train */
    bool block; /* a brace that holds statements or settings */
} FmtToken;

typedef struct FmtLine {
    int first, n;        /* its tokens */
    const char *comment; /* null: none */
    int comment_size;
    int comment_column, shape_column; /* in the author's text, from 0 */
    int shape;           /* the ':' of a shape that ends it, else -1 */
    bool blank;          /* no token, no comment */
    bool follows;        /* a comment alone that goes on with the one above it */
    int indent;
    int shape_at, comment_at; /* columns in ours */
} FmtLine;

typedef struct Fmt {
    Arena *arena;
    LIST(FmtToken) tokens;
    LIST(FmtLine) lines;
} Fmt;

/* The text of a file that parses, formatted, and its size: an arena's, ended by a newline unless it is empty. Null after syntax errors. */
const char *fmt_text(Arena *a, int file, size_t *size);

void fmt_read(Fmt *f, const char *text, size_t size, const Tokens *tokens);
void fmt_space(Fmt *f);
void fmt_layout(Fmt *f);
void fmt_align(Fmt *f);
/* Columns of n bytes as a terminal shows them, a tab up to the next eighth, when they begin at column `from`. */
int fmt_columns(const char *s, int n, int from);
/* The column behind the first `n` tokens of a line, from its indentation on. */
int fmt_width(const Fmt *f, const FmtLine *l, int n);
/* The line behind a paragraph, which begins at line i: the next blank one, or the end. */
int fmt_paragraph_end(const Fmt *f, int i);
#endif

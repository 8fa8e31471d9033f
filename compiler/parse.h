/* Between the lexer and the parser. */
#ifndef INCEPTC_PARSE_H
#define INCEPTC_PARSE_H
#include "ast.h"

/* What the parser is given, for the formatter; the end of a statement is ';', whose text may be empty or a newline. */
typedef struct Token {
    int kind;          /* of parser.h */
    size_t start, end; /* bytes of the text behind a byte-order mark */
} Token;
typedef LIST(Token) Tokens;

typedef struct Lexer {
    Arena *arena;
    int file, line, col;
    const char *text; /* of the whole file */
    size_t size, offset;
    int last, before; /* the last two tokens; 0 at the start */
    int round, depth; /* open round brackets; open brackets of all kinds */
    bool plain_word;  /* the next word is a name, key word or not: after `as` and a dot */
    bool in_default;  /* in the braces of `default`, which hold no statements */
    size_t continues; /* up to here the text is known to carry the statement on */
    bool failed, stop;
    int bad_bytes;
    size_t token_start;
    Tokens *tokens; /* all of them, unless null */
    AstFile *out;
} Lexer;

enum { MOST_NESTING = 200, MOST_BYTES = 16 << 20, MOST_OPERATORS = 1000, MOST_ITEMS = 200000 };

/* As ast_parse (ast.h), and all tokens into `tokens`. */
AstFile *ast_parse_tokens(Arena *a, int file, const char *path, Tokens *tokens);
/* Scans and parses x->text into x->out; false after errors. */
bool lexer_parse(Lexer *x);
int lexer_keyword(const char *word); /* its token, or 0 */
/* Keeps account of brackets and of what the newline rule looks at; returns the token. */
int lexer_token(Lexer *x, int token);
bool lexer_newline_ends(Lexer *x);
bool lexer_brace_ends(const Lexer *x); /* a statement ends at this '}', too */
ShapeLit lexer_shape(const char *text, Loc loc);
KernelLit lexer_kernel(const char *text);
void lexer_bad_byte(Lexer *x, Loc loc, unsigned char byte);
#endif

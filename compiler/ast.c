#include "ast_build.h"
#include "parser.h"
#include "words.h"
#include <stdlib.h>
#include <string.h>

/* ---- What the lexer asks ---- */

static const struct { const char *word; int token; } words[] = {
    { "net", NET }, { "conventions", CONVENTIONS }, { "include", INCLUDE }, { "input", INPUT }, { "output", OUTPUT },
    { "param", PARAM }, { "range", RANGE }, { "default", DEFAULT }, { "module", MODULE }, { "expect", EXPECT },
    { "freeze", FREEZE }, { "weights", WEIGHTS }, { "except", EXCEPT }, { "variant", VARIANT }, { "of", OF },
    { "delete", DELETE }, { "insert", INSERT }, { "before", BEFORE }, { "after", AFTER }, { "data", DATA },
    { "train", TRAIN }, { "residual", RESIDUAL }, { "repeat", REPEAT }, { "as", AS }, { "concat", CONCAT },
    { "add", ADD }, { "mul", MUL }, { "max", MAX },
};
enum { N_WORDS = sizeof words / sizeof *words };

int lexer_keyword(const char *word)
{
    for (int i = 0; i < N_WORDS; i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].token;
    return 0;
}

const char *word_keyword(int i) { return i < N_WORDS ? words[i].word : NULL; }

static bool opens(int t) { return t == '(' || t == '{'; }
static bool closes(int t) { return t == ')' || t == '}'; }

int lexer_token(Lexer *x, int token)
{
    if (x->tokens)
        LIST_PUSH(x->arena, x->tokens, ((Token){ token, x->token_start, x->offset }));
    x->before = x->last;
    x->last = token;
    x->depth += opens(token) - (closes(token) && x->depth > 0);
    x->round += (token == '(') - (token == ')' && x->round > 0);
    if (token == AS)
        x->plain_word = true;
    if (token == DEFAULT || token == '}')
        x->in_default = token == DEFAULT;
    if (x->depth > MOST_NESTING && !x->stop) {
        Loc at = { x->file, x->line, x->col - 1, x->line, x->col };
        diag_error(at, "brackets are nested deeper than %d", MOST_NESTING);
        x->failed = x->stop = true;
    }
    return x->stop ? 0 : token;
}

/* Whether the next line that is neither blank nor comment carries the statement on. */
static bool next_line_continues(Lexer *x)
{
    size_t i = x->offset;
    if (i <= x->continues) /* asked before, on an earlier one of these lines */
        return true;
    while (i < x->size) {
        char c = x->text[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            i++;
        } else if (c == '#') {
            while (i < x->size && x->text[i] != '\n')
                i++;
        } else {
            bool yes = c == '|' || c == ':' || (c == '-' && i + 1 < x->size && x->text[i + 1] == '>');
            x->continues = yes ? i : 0;
            return yes;
        }
    }
    return false;
}

static bool wants_more(int last)
{
    return last == 0 || last == ';' || last == '{' || last == ARROW || last == '|' || last == '=' || last == ',';
}

bool lexer_newline_ends(Lexer *x) { return !wants_more(x->last) && x->round == 0 && !next_line_continues(x); }
bool lexer_brace_ends(const Lexer *x) { return !wants_more(x->last) && x->round == 0 && x->depth > 0 && !x->in_default; }

static int64_t number(const char **p)
{
    const int64_t most = (int64_t)1 << 40;
    int64_t v = 0;
    while (**p >= '0' && **p <= '9') {
        v = v * 10 + (**p - '0');
        if (v > most)
            v = most;
        (*p)++;
    }
    return v;
}

ShapeLit lexer_shape(const char *text, Loc loc)
{
    ShapeLit s = { .loc = loc, .present = true };
    for (int i = 0; i < 3; i++) {
        s.dim[i] = number(&text);
        text += *text == 'x';
    }
    return s;
}

KernelLit lexer_kernel(const char *text)
{
    KernelLit k = { .sh = 1, .sw = 1 };
    k.kh = number(&text);
    text++;
    k.kw = number(&text);
    if (*text++ != '/')
        return k;
    k.has_stride = true;
    k.sh = k.sw = number(&text);
    if (*text++ == 'x')
        k.sw = number(&text);
    return k;
}

void lexer_bad_byte(Lexer *x, Loc loc, unsigned char byte)
{
    x->failed = true;
    if (byte > 0x20 && byte < 0x7F)
        diag_error(loc, "unexpected '%c'", byte);
    else
        diag_error(loc, "unexpected byte 0x%02x", byte);
    if (++x->bad_bytes > 20) /* a binary file */
        x->stop = true;
}

/* ---- Constructors ---- */

Loc ast_span(int n, const Loc *first, const Loc *last)
{
    Loc l = *first;
    if (n) {
        l.end_line = last->end_line;
        l.end_col = last->end_col;
    } else {
        l.line = l.end_line;
        l.col = l.end_col;
    }
    return l;
}

void ast_add_item(Lexer *x, AstItem *item)
{
    if (item)
        LIST_PUSH(x->arena, &x->out->items, item);
    if (x->out->items.n <= MOST_ITEMS || x->stop)
        return;
    diag_error(item->loc, "the file has more than %d statements", MOST_ITEMS);
    x->failed = x->stop = true;
}

AstItem *ast_item(Arena *a, AstItemKind kind, Loc loc, const char *name, Loc name_loc)
{
    AstItem *i = ARENA_NEW(a, AstItem);
    i->kind = kind;
    i->loc = loc;
    i->name = name;
    i->name_loc = name_loc;
    return i;
}

AstItem *ast_module(Arena *a, Loc loc, const char *name, Loc name_loc, AstFormals *formals)
{
    AstItem *i = ast_item(a, AI_MODULE, loc, name, name_loc);
    i->has_formals = formals != NULL;
    if (formals)
        i->formals = *formals;
    return i;
}

#define APPEND(Type, list, v) \
    Type *l = (list) ? (list) : ARENA_NEW(a, Type); \
    LIST_PUSH(a, l, v); \
    return l

AstFormals *ast_formals(Arena *a, AstFormals *list, AstFormal f) { APPEND(AstFormals, list, f); }
AstSpans *ast_spans(Arena *a, AstSpans *list, AstSpan s) { APPEND(AstSpans, list, s); }
AstActuals *ast_actuals(Arena *a, AstActuals *list, AstActual v) { APPEND(AstActuals, list, v); }

AstPair ast_pair(const char *name, Loc loc, const char *text, Loc value_loc)
{
    return (AstPair){ .name = name, .loc = loc, .number = strtod(text, NULL), .number_text = text, .value_loc = value_loc };
}

Path ast_path(Arena *a, Path head, const char *part, Loc loc)
{
    return (Path){ arena_printf(a, "%s.%s", head.text, part), loc };
}

AstStmt *ast_stmt(Arena *a, Loc loc, const char *name, Loc name_loc, AstChain *chain, ShapeLit shape)
{
    AstStmt *s = ARENA_NEW(a, AstStmt);
    *s = (AstStmt){ loc, name, name_loc, chain, shape, false };
    return s;
}

AstChain *ast_chain(Arena *a, AstChain *chain, AstUnit unit, Loc loc)
{
    if (!chain)
        chain = ARENA_NEW(a, AstChain);
    chain->loc = loc;
    LIST_PUSH(a, &chain->units, unit);
    return chain;
}

AstNode *ast_node(Arena *a, AstNodeKind kind, Loc loc)
{
    AstNode *n = ARENA_NEW(a, AstNode);
    n->kind = kind;
    n->loc = loc;
    return n;
}

/* While a list of branches grows it is an item whose statements are the branches. */
void ast_branch(Arena *a, AstItem *list, AstChain *branch)
{
    AstStmt *s = ast_stmt(a, branch->loc, NULL, branch->loc, branch, (ShapeLit){ 0 });
    LIST_PUSH(a, &list->stmts, s);
}

AstNode *ast_combine(Arena *a, AstCombine combine, AstItem *branches, Loc loc)
{
    AstNode *n = ast_node(a, AN_COMBINE, loc);
    n->combine = combine;
    for (int i = 0; i < branches->stmts.n; i++)
        LIST_PUSH(a, &n->branches, branches->stmts.at[i]->chain);
    return n;
}

static AstExpr *new_expr(Arena *a, AstExprKind kind, Loc loc)
{
    AstExpr *e = ARENA_NEW(a, AstExpr);
    e->kind = kind;
    e->loc = loc;
    return e;
}

AstExpr *ast_number(Arena *a, Loc loc, const char *text)
{
    AstExpr *e = new_expr(a, AE_NUMBER, loc);
    e->number = strtod(text, NULL);
    e->number_text = text;
    return e;
}

AstExpr *ast_kernel(Arena *a, Loc loc, KernelLit k)
{
    AstExpr *e = new_expr(a, AE_KERNEL, loc);
    e->kernel = k;
    return e;
}

AstExpr *ast_string(Arena *a, Loc loc, const char *text)
{
    AstExpr *e = new_expr(a, AE_STRING, loc);
    e->string = text;
    return e;
}

AstExpr *ast_path_expr(Arena *a, Path p)
{
    AstExpr *e = new_expr(a, AE_PATH, p.loc);
    e->path = p;
    return e;
}

AstExpr *ast_call(Arena *a, Loc loc, Path p, AstActuals *actuals)
{
    AstExpr *e = new_expr(a, AE_CALL, loc);
    e->path = p;
    e->actuals = *actuals;
    return e;
}

/* Evaluation recurses: a tree of a hundred thousand operators is refused here. */
static AstExpr *operation(Lexer *x, AstExprKind kind, Loc loc, char op, AstExpr *left, AstExpr *right)
{
    AstExpr *e = new_expr(x->arena, kind, loc);
    e->op = op;
    e->a = left;
    e->b = right;
    e->depth = 1 + (right && right->depth > left->depth ? right->depth : left->depth);
    if (e->depth <= MOST_OPERATORS)
        return e;
    if (!x->stop)
        diag_error(loc, "an expression has more than %d operators within each other", MOST_OPERATORS);
    x->failed = x->stop = true;
    return left;
}

AstExpr *ast_binary(Lexer *x, Loc loc, char op, AstExpr *left, AstExpr *right) { return operation(x, AE_BINARY, loc, op, left, right); }
AstExpr *ast_negate(Lexer *x, Loc loc, AstExpr *operand) { return operation(x, AE_NEGATE, loc, '-', operand, NULL); }

const char *ast_symbol(Arena *a, const char *name)
{
    if (strcmp(name, "';'") == 0)
        return "the end of the line";
    bool keyword = lexer_keyword(name) != 0;
    return keyword ? arena_printf(a, "'%s'", name) : name;
}

/* ---- The parse ---- */

static bool too_large(int file, size_t size)
{
    if (size <= MOST_BYTES)
        return false;
    diag_error((Loc){ file, 1, 1, 1, 1 }, "the file has %zu bytes; a netdef has at most %d", size, MOST_BYTES);
    return true;
}

AstFile *ast_parse(Arena *a, int file, const char *path) { return ast_parse_tokens(a, file, path, NULL); }

AstFile *ast_parse_tokens(Arena *a, int file, const char *path, Tokens *tokens)
{
    size_t size;
    const char *text = diag_file_text(file, &size);
    if (too_large(file, size))
        return NULL;
    size_t skip = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    Lexer x = { .arena = a, .file = file, .line = 1, .col = 1, .text = text + skip, .size = size - skip, .tokens = tokens };
    x.out = ARENA_NEW(a, AstFile);
    x.out->file = file;
    x.out->path = path;
    return lexer_parse(&x) ? x.out : NULL;
}

/* Constructors of the AST: one for each action of the grammar. */
#ifndef INCEPTC_AST_BUILD_H
#define INCEPTC_AST_BUILD_H
#include "parse.h"

Loc ast_span(int n, const Loc *first, const Loc *last);
void ast_add_item(Lexer *x, AstItem *item); /* null is nothing */
AstItem *ast_item(Arena *a, AstItemKind kind, Loc loc, const char *name, Loc name_loc);
AstItem *ast_module(Arena *a, Loc loc, const char *name, Loc name_loc, AstFormals *formals);
AstFormals *ast_formals(Arena *a, AstFormals *list, AstFormal f);
AstPair ast_pair(const char *name, Loc loc, const char *number, Loc value_loc);
AstSpans *ast_spans(Arena *a, AstSpans *list, AstSpan s);
Path ast_path(Arena *a, Path head, const char *part, Loc loc);
AstStmt *ast_stmt(Arena *a, Loc loc, const char *name, Loc name_loc, AstChain *chain, ShapeLit shape);
AstChain *ast_chain(Arena *a, AstChain *chain, AstUnit unit, Loc loc);
AstNode *ast_node(Arena *a, AstNodeKind kind, Loc loc);
AstNode *ast_combine(Arena *a, AstCombine combine, AstItem *branches, Loc loc);
void ast_branch(Arena *a, AstItem *list, AstChain *branch);
AstActuals *ast_actuals(Arena *a, AstActuals *list, AstActual v);
AstExpr *ast_number(Arena *a, Loc loc, const char *text);
AstExpr *ast_kernel(Arena *a, Loc loc, KernelLit k);
AstExpr *ast_string(Arena *a, Loc loc, const char *text);
AstExpr *ast_path_expr(Arena *a, Path p);
AstExpr *ast_call(Arena *a, Loc loc, Path p, AstActuals *actuals);
AstExpr *ast_binary(Lexer *x, Loc loc, char op, AstExpr *left, AstExpr *right);
AstExpr *ast_negate(Lexer *x, Loc loc, AstExpr *e);
/* bison's name of a symbol for a message: "';'" is the end of a line, '{' stays, "net" gets quotes. */
const char *ast_symbol(Arena *a, const char *name);
#endif

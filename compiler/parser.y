/* Grammar of the .net language: LALR(1), no conflicts. One constructor call an action. */
%define api.pure full
%define api.prefix {net_}
%define api.location.type {Loc}
%define parse.error custom
%locations
%expect 0
%lex-param { void *scanner }
%parse-param { void *scanner } { Lexer *x }
%code requires {
#include "parse.h"
#include "ast_build.h"
}
%code {
#include "parser.h"
#include <string.h>
int net_lex(NET_STYPE *value, Loc *loc, void *scanner);
static void net_error(const Loc *loc, void *scanner, Lexer *x, const char *message);
#define YYLLOC_DEFAULT(cur, rhs, n) ((cur) = ast_span(n, (n) ? &YYRHSLOC(rhs, 1) : &YYRHSLOC(rhs, 0), (n) ? &YYRHSLOC(rhs, n) : NULL))
#define A x->arena
}
%union {
    const char *text;
    KernelLit kernel;
    ShapeLit shape;
    Path path;
    AstExpr *expr;
    AstChain *chain;
    AstNode *node;
    AstUnit unit;
    AstArgs *args;
    AstArg arg;
    AstActuals *actuals;
    AstActual actual;
    AstFormals *formals;
    AstFormal formal;
    AstStmt *stmt;
    AstStmts *stmts;
    AstSpans *spans;
    AstSpan span;
    AstSettings *settings;
    AstSetting *setting;
    AstAddend addend;
    AstItem *item;
    AstPair pair;
    AstEdit edit;
    AstCombine combine;
}
%token NET "net" CONVENTIONS "conventions" INCLUDE "include" INPUT "input" OUTPUT "output" PARAM "param" RANGE "range"
%token DEFAULT "default" MODULE "module" EXPECT "expect" FREEZE "freeze" WEIGHTS "weights" EXCEPT "except"
%token VARIANT "variant" OF "of" DELETE "delete" INSERT "insert" BEFORE "before" AFTER "after"
%token DATA "data" TRAIN "train" RESIDUAL "residual" REPEAT "repeat" AS "as"
%token CONCAT "concat" ADD "add" MUL "mul" MAX "max"
%token <text> ID "a name" NUM "a number" STRING "a string"
%token <kernel> KERNEL "a kernel size"
%token <shape> SHAPE "a shape"
%token ARROW "'->'" DOTS "'..'" END 0 "the end of the file"
%left '+' '-'
%left '*' '/'
%precedence NEG
%type <expr> expr atom factor
%type <path> path
%type <chain> chain
%type <unit> unit
%type <node> node layer
%type <args> args
%type <arg> arg
%type <actuals> actuals
%type <actual> actual
%type <formals> params formals
%type <formal> formal
%type <stmt> stmt
%type <stmts> stmts
%type <shape> shape_opt
%type <spans> names
%type <span> span
%type <settings> settings
%type <text> key
%type <setting> value
%type <addend> addend
%type <item> item module pairs branches selection edits
%type <pair> pair
%type <edit> edit
%type <combine> combine
%type <item> range
%%
file: %empty | file item { ast_add_item(x, $2); };
item: ';' { $$ = NULL; }
    | error ';' { $$ = NULL; yyerrok; }
    | NET ID ';' { $$ = ast_item(A, AI_NET, @$, $2, @2); }
    | CONVENTIONS ID ';' { $$ = ast_item(A, AI_CONVENTIONS, @$, $2, @2); }
    | INCLUDE STRING ';' { $$ = ast_item(A, AI_INCLUDE, @$, NULL, @2); $$->string = $2; $$->string_loc = @2; }
    | INPUT ID SHAPE ';' { $$ = ast_item(A, AI_INPUT, @$, $2, @2); $$->shape = $3; }
    | OUTPUT chain ';' { $$ = ast_item(A, AI_OUTPUT, @$, NULL, @1); $$->chain = $2; }
    | PARAM ID '=' expr range ';' { $$ = $5; $$->kind = AI_PARAM; $$->loc = @$; $$->name = $2; $$->name_loc = @2; $$->value = $4; }
    | DEFAULT ID '{' args '}' ';' { $$ = ast_item(A, AI_DEFAULT, @$, $2, @2); $$->args = *$4; }
    | module { $$ = $1; }
    | EXPECT pairs ';' { $$ = $2; $$->loc = @$; }
    | FREEZE selection args ';' { $$ = $2; $$->loc = @$; $$->args = *$3; }
    | WEIGHTS STRING ';' { $$ = ast_item(A, AI_WEIGHTS, @$, NULL, @2); $$->string = $2; $$->string_loc = @2; }
    | WEIGHTS STRING EXCEPT names ';' { $$ = ast_item(A, AI_WEIGHTS, @$, NULL, @2); $$->string = $2; $$->string_loc = @2; $$->except = *$4; }
    | VARIANT ID OF STRING '{' edits '}' ';' { $$ = $6; $$->loc = @$; $$->name = $2; $$->name_loc = @2; $$->string = $4; $$->string_loc = @4; }
    | DATA ID '{' settings '}' ';' { $$ = ast_item(A, AI_DATA, @$, $2, @2); $$->settings = *$4; }
    | TRAIN '{' settings '}' ';' { $$ = ast_item(A, AI_TRAIN, @$, NULL, @1); $$->settings = *$3; }
    | stmt { $$ = ast_item(A, AI_STMT, @$, NULL, @1); $$->stmt = $1; };
module: MODULE ID params '=' chain ';' { $$ = ast_module(A, @$, $2, @2, $3); $$->chain = $5; }
    | MODULE ID params '{' stmts '}' ';' { $$ = ast_module(A, @$, $2, @2, $3); $$->has_stmts = true; $$->stmts = *$5; };
range: %empty { $$ = ast_item(A, AI_PARAM, @$, NULL, @$); }
    | RANGE expr DOTS expr { $$ = ast_item(A, AI_PARAM, @$, NULL, @$); $$->from = $2; $$->to = $4; };
params: %empty { $$ = NULL; } | '(' formals ')' { $$ = $2; };
formals: formal { $$ = ast_formals(A, NULL, $1); } | formals ',' formal { $$ = ast_formals(A, $1, $3); };
formal: ID { $$ = (AstFormal){ $1, @1, NULL }; } | ID '=' expr { $$ = (AstFormal){ $1, @1, $3 }; };
pairs: pair { $$ = ast_item(A, AI_EXPECT, @$, NULL, @1); LIST_PUSH(A, &$$->pairs, $1); }
    | pairs ',' pair { $$ = $1; LIST_PUSH(A, &$$->pairs, $3); };
pair: ID NUM { $$ = ast_pair($1, @1, $2, @2); }
    | ID SHAPE { $$ = (AstPair){ .name = $1, .loc = @1, .shape = $2, .value_loc = @2 }; };
selection: names { $$ = ast_item(A, AI_FREEZE, @$, NULL, @1); $$->spans = *$1; }
    | names EXCEPT names { $$ = ast_item(A, AI_FREEZE, @$, NULL, @1); $$->spans = *$1; $$->except = *$3; };
names: span { $$ = ast_spans(A, NULL, $1); } | names ',' span { $$ = ast_spans(A, $1, $3); };
span: path { $$ = (AstSpan){ @$, $1, { 0 }, NULL }; }
    | path DOTS path { $$ = (AstSpan){ @$, $1, $3, NULL }; }
    | STRING { $$ = (AstSpan){ @$, { 0 }, { 0 }, $1 }; };
path: ID { $$ = (Path){ $1, @1 }; }
    | path '.' ID { $$ = ast_path(A, $1, $3, @$); }
    | path '.' NUM { $$ = ast_path(A, $1, $3, @$); };
stmts: %empty { $$ = ARENA_NEW(A, AstStmts); } | stmts ';' { $$ = $1; } | stmts stmt { $$ = $1; LIST_PUSH(A, $$, $2); };
stmt: chain shape_opt ';' { $$ = ast_stmt(A, @$, NULL, @1, $1, $2); }
    | path '=' chain shape_opt ';' { $$ = ast_stmt(A, @$, $1.text, @1, $3, $4); };
shape_opt: %empty { $$ = (ShapeLit){ 0 }; } | ':' SHAPE { $$ = $2; };
chain: unit { $$ = ast_chain(A, NULL, $1, @$); } | chain ARROW unit { $$ = ast_chain(A, $1, $3, @$); };
unit: node { $$ = (AstUnit){ .node = $1 }; }
    | node AS path { $$ = (AstUnit){ .node = $1, .label = $3 }; }
    | node AS STRING { $$ = (AstUnit){ .node = $1, .label = { $3, @3 }, .absolute = true }; };
node: layer { $$ = $1; }
    | combine '{' branches semi '}' { $$ = ast_combine(A, $1, $3, @$); }
    | RESIDUAL factor '{' chain semi '}' { $$ = ast_node(A, AN_RESIDUAL, @$); $$->factor = $2; $$->chain = $4; }
    | REPEAT atom node { $$ = ast_node(A, AN_REPEAT, @$); $$->factor = $2; $$->node = $3; }
    | '(' chain ')' { $$ = ast_node(A, AN_GROUP, @$); $$->chain = $2; };
combine: CONCAT { $$ = COMBINE_CONCAT; } | ADD { $$ = COMBINE_ADD; } | MUL { $$ = COMBINE_MUL; } | MAX { $$ = COMBINE_MAX; };
factor: %empty { $$ = NULL; } | atom { $$ = $1; };
semi: %empty | ';';
branches: chain { $$ = ast_item(A, AI_STMT, @$, NULL, @1); ast_branch(A, $$, $1); }
    | branches '|' chain { $$ = $1; ast_branch(A, $$, $3); };
layer: path args { $$ = ast_node(A, AN_LAYER, @$); $$->head = $1; $$->args = *$2; };
args: %empty { $$ = ARENA_NEW(A, AstArgs); } | args arg { $$ = $1; LIST_PUSH(A, $$, $2); };
arg: KERNEL { $$ = (AstArg){ .kind = ARG_KERNEL, .loc = @$, .value = ast_kernel(A, @1, $1) }; }
    | atom { $$ = (AstArg){ .kind = ARG_ATOM, .loc = @$, .value = $1 }; }
    | ID '=' atom { $$ = (AstArg){ .kind = ARG_NAMED, .loc = @$, .name = $1, .value = $3 }; }
    | '(' actuals ')' { $$ = (AstArg){ .kind = ARG_ACTUALS, .loc = @$, .actuals = *$2 }; };
actuals: actual { $$ = ast_actuals(A, NULL, $1); } | actuals ',' actual { $$ = ast_actuals(A, $1, $3); };
actual: expr { $$ = (AstActual){ NULL, @1, $1 }; } | ID '=' expr { $$ = (AstActual){ $1, @1, $3 }; };
atom: NUM { $$ = ast_number(A, @$, $1); }
    | path { $$ = ast_path_expr(A, $1); }
    | STRING { $$ = ast_string(A, @$, $1); }
    | '-' NUM { $$ = ast_negate(x, @$, ast_number(A, @2, $2)); };
expr: NUM { $$ = ast_number(A, @$, $1); }
    | KERNEL { $$ = ast_kernel(A, @$, $1); }
    | path { $$ = ast_path_expr(A, $1); }
    | STRING { $$ = ast_string(A, @$, $1); }
    | '(' expr ')' { $$ = $2; }
    | path '(' actuals ')' { $$ = ast_call(A, @$, $1, $3); }
    | MAX '(' actuals ')' { $$ = ast_call(A, @$, (Path){ "max", @1 }, $3); } /* the layer's name is the function's, too */
    | expr '+' expr { $$ = ast_binary(x, @$, '+', $1, $3); }
    | expr '-' expr { $$ = ast_binary(x, @$, '-', $1, $3); }
    | expr '*' expr { $$ = ast_binary(x, @$, '*', $1, $3); }
    | expr '/' expr { $$ = ast_binary(x, @$, '/', $1, $3); }
    | '-' expr %prec NEG { $$ = ast_negate(x, @$, $2); };
edits: %empty { $$ = ast_item(A, AI_VARIANT, @$, NULL, @$); } | edits edit { $$ = $1; if ($2.loc.line) LIST_PUSH(A, &$$->edits, $2); };
edit: ';' { $$ = (AstEdit){ 0 }; }
    | stmt { $$ = (AstEdit){ .kind = EDIT_STMT, .loc = @$, .stmt = $1 }; }
    | PARAM ID '=' expr ';' { $$ = (AstEdit){ .kind = EDIT_PARAM, .loc = @$, .name = $2, .name_loc = @2, .value = $4 }; }
    | DEFAULT ID '{' args '}' ';' { $$ = (AstEdit){ .kind = EDIT_DEFAULT, .loc = @$, .item = ast_item(A, AI_DEFAULT, @$, $2, @2) }; $$.item->args = *$4; }
    | module { $$ = (AstEdit){ .kind = EDIT_MODULE, .loc = @$, .item = $1 }; }
    | DELETE names ';' { $$ = (AstEdit){ .kind = EDIT_DELETE, .loc = @$, .spans = *$2 }; }
    | INSERT AFTER path chain ';' { $$ = (AstEdit){ .kind = EDIT_INSERT_AFTER, .loc = @$, .at = $3, .chain = $4 }; }
    | INSERT BEFORE path chain ';' { $$ = (AstEdit){ .kind = EDIT_INSERT_BEFORE, .loc = @$, .at = $3, .chain = $4 }; };
settings: %empty { $$ = ARENA_NEW(A, AstSettings); } | settings ';' { $$ = $1; }
    | settings key '=' value ';' { $$ = $1; $4->key = $2; $4->key_loc = @2; $4->loc = @4; LIST_PUSH(A, $$, *$4); };
key: ID | TRAIN { $$ = "train"; } | INPUT { $$ = "input"; } | WEIGHTS { $$ = "weights"; } | OUTPUT { $$ = "output"; };
value: addend { $$ = ARENA_NEW(A, AstSetting); LIST_PUSH(A, &$$->sum, $1); }
    | value '+' addend { $$ = $1; LIST_PUSH(A, &$$->sum, $3); };
addend: NUM { $$ = (AstAddend){ .loc = @$, .number = ast_number(A, @1, $1) }; }
    | STRING { $$ = (AstAddend){ .loc = @$, .string = $1 }; }
    | chain { $$ = (AstAddend){ .loc = @$, .chain = $1 }; }
    | NUM '*' chain { $$ = (AstAddend){ .loc = @$, .has_factor = true, .factor = ast_number(A, @1, $1)->number, .chain = $3 }; };
%%
/* What stands where only a shape may: 3xSxS whole, not what the lexer made of its beginning.  "": something else. */
static const char *shape_like(const Lexer *x)
{
    enum { MOST = 40 };
    const char *at = x->text + x->token_start;
    size_t left = x->size - x->token_start, n = 0;
    while (n < left && !strchr(" \t\r\n#:;", at[n]))
        n++;
    bool begins = x->last == NUM || x->last == ID || x->last == KERNEL;
    return begins && n <= MOST ? arena_strndup(x->arena, at, n) : "";
}

static void no_shape(Lexer *x, Loc loc, const char *found)
{
    const char *text = shape_like(x), *advice = "";
    bool names = text[strspn(text, "0123456789x")] != '\0';
    if (*text)
        loc.end_col = loc.col + (int)strlen(text);
    if (names)
        advice = x->before == ':' ? "; no parameter can stand in it: where one changes the shape, leave it out" : "; no parameter can stand in it";
    diag_error(loc, "expected a shape such as 3x224x224, found %s%s", *text ? arena_printf(x->arena, "'%s'", text) : found, advice);
}

/* "expected a name or a number, found '|'": at most five of what may stand here. */
static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, Lexer *x)
{
    enum { MOST = 5 };
    (void)scanner;
    x->failed = true;
    if (x->stop)
        return 0;
    yysymbol_kind_t expected[MOST + 1];
    int n = yypcontext_expected_tokens(ctx, expected, MOST + 1);
    yysymbol_kind_t found = yypcontext_token(ctx);
    const char *list = "";
    for (int i = 0; i < n && n <= MOST; i++)
        list = arena_printf(x->arena, "%s%s%s", list, i == 0 ? "" : i == n - 1 ? " or " : ", ", ast_symbol(x->arena, yysymbol_name(expected[i])));
    const char *what = found == YYSYMBOL_YYEMPTY ? "nothing" : ast_symbol(x->arena, yysymbol_name(found));
    if (n == 1 && expected[0] == YYSYMBOL_SHAPE)
        no_shape(x, *yypcontext_location(ctx), what);
    else if (n < 1 || n > MOST)
        diag_error(*yypcontext_location(ctx), "%s cannot stand here", what);
    else
        diag_error(*yypcontext_location(ctx), "expected %s, found %s", list, what);
    return 0;
}

static void net_error(const Loc *loc, void *scanner, Lexer *x, const char *message)
{
    (void)scanner;
    x->failed = true;
    diag_error(*loc, "%s", message);
}

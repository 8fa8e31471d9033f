/* What was written, with locations.  Knows no shapes and no defaults.  One constructor a grammar action.
 * Everything lives in the program arena. */
#ifndef INCEPTC_AST_H
#define INCEPTC_AST_H
#include "arena.h"
#include "diag.h"
#include <stdint.h>

typedef struct Path { /* branch2.1: dotted; a bare tensor, layer kind, module or parameter has one part */
    const char *text; /* "branch2.1" */
    Loc loc;
} Path;

typedef struct KernelLit { int64_t kh, kw, sh, sw; bool has_stride; } KernelLit; /* values saturate at 2^40 */
typedef struct ShapeLit { int64_t dim[3]; Loc loc; bool present; } ShapeLit;

typedef enum AstExprKind { AE_NUMBER, AE_KERNEL, AE_PATH, AE_STRING, AE_CALL, AE_BINARY, AE_NEGATE } AstExprKind;
typedef struct AstExpr AstExpr;
typedef struct AstActual { const char *name; /* null when by place */ Loc name_loc; AstExpr *value; } AstActual;
typedef LIST(AstActual) AstActuals;
struct AstExpr {
    AstExprKind kind;
    Loc loc;
    double number; const char *number_text; /* AE_NUMBER: as written, so that dumps say 2e-4 */
    KernelLit kernel;
    Path path;              /* AE_PATH, AE_CALL */
    const char *string;     /* AE_STRING, without quotes */
    AstActuals actuals;     /* AE_CALL */
    char op; AstExpr *a, *b;/* AE_BINARY: + - * / ; AE_NEGATE: a */
    int depth;              /* of a and b below it, at most MOST_OPERATORS */
};

typedef struct AstChain AstChain;
typedef enum AstArgKind { ARG_KERNEL, ARG_ATOM, ARG_NAMED, ARG_ACTUALS } AstArgKind;
typedef struct AstArg {
    AstArgKind kind;
    Loc loc;
    const char *name;   /* ARG_NAMED */
    AstExpr *value;     /* ARG_KERNEL, ARG_ATOM, ARG_NAMED */
    AstActuals actuals; /* ARG_ACTUALS: (64, 96,128, pp=32) or (n*2) */
} AstArg;
typedef LIST(AstArg) AstArgs;

typedef enum AstNodeKind { AN_LAYER, AN_COMBINE, AN_RESIDUAL, AN_REPEAT, AN_GROUP } AstNodeKind;
typedef enum AstCombine { COMBINE_CONCAT, COMBINE_ADD, COMBINE_MUL, COMBINE_MAX } AstCombine;
typedef struct AstNode AstNode;
struct AstNode {
    AstNodeKind kind;
    Loc loc;
    Path head; AstArgs args;          /* AN_LAYER: layer kind, module use, tensor name or `in`, and its arguments */
    AstCombine combine; LIST(AstChain *) branches; /* AN_COMBINE */
    AstExpr *factor;                  /* AN_RESIDUAL: may be null; AN_REPEAT: the count */
    AstChain *chain;                  /* AN_RESIDUAL, AN_GROUP */
    AstNode *node;                    /* AN_REPEAT */
};
typedef struct AstUnit {
    AstNode *node;
    Path label;    /* label.text null when there is none */
    bool absolute; /* as "a.b": the whole path, whatever statement it stands in */
} AstUnit;
struct AstChain { Loc loc; LIST(AstUnit) units; };

typedef struct AstStmt { Loc loc; const char *name; /* null */ Loc name_loc; AstChain *chain; ShapeLit shape; bool rebind; /* made by an edit: `name` now means this chain's value */ } AstStmt;
typedef LIST(AstStmt *) AstStmts;

typedef struct AstSpan { /* of freeze, except, delete: a, or a .. b, or "glob*" */
    Loc loc; Path a, b; /* b.text null: single */ const char *glob; /* null unless a string */
} AstSpan;
typedef LIST(AstSpan) AstSpans;

typedef struct AstAddend { Loc loc; bool has_factor; double factor; AstExpr *number; /* bare number */ const char *string; AstChain *chain; } AstAddend;
typedef struct AstSetting { Loc loc; const char *key; Loc key_loc; LIST(AstAddend) sum; } AstSetting;
typedef LIST(AstSetting) AstSettings;

typedef struct AstFormal { const char *name; Loc loc; AstExpr *value; /* default, may be null */ } AstFormal;
typedef LIST(AstFormal) AstFormals;
typedef struct AstPair { const char *name; Loc loc; double number; const char *number_text; ShapeLit shape; Loc value_loc; } AstPair;

typedef enum AstEditKind { EDIT_STMT, EDIT_PARAM, EDIT_DEFAULT, EDIT_MODULE, EDIT_DELETE, EDIT_INSERT_AFTER, EDIT_INSERT_BEFORE } AstEditKind;
typedef struct AstEdit { AstEditKind kind; Loc loc; AstStmt *stmt; const char *name; Loc name_loc; AstExpr *value; AstSpans spans; Path at; AstChain *chain; struct AstItem *item; /* default, module */ } AstEdit;

typedef enum AstItemKind {
    AI_NET, AI_CONVENTIONS, AI_INCLUDE, AI_INPUT, AI_OUTPUT, AI_PARAM, AI_DEFAULT, AI_MODULE, AI_EXPECT,
    AI_FREEZE, AI_WEIGHTS, AI_VARIANT, AI_DATA, AI_TRAIN, AI_STMT
} AstItemKind;
typedef struct AstItem {
    AstItemKind kind;
    Loc loc;
    const char *name; Loc name_loc;  /* net, conventions, input, param, default (layer kind), module, variant, data */
    const char *string; Loc string_loc; /* include, weights, variant's base */
    ShapeLit shape;                  /* input */
    AstChain *chain;                 /* output; module of one chain */
    AstExpr *value, *from, *to;      /* param; range or null */
    AstArgs args;                    /* default; freeze's bn=batch */
    bool has_formals; AstFormals formals; bool has_stmts; AstStmts stmts; bool replaces; /* module; a variant's replaces an included one */
    LIST(AstPair) pairs;             /* expect */
    AstSpans spans, except;          /* freeze; weights: except */
    LIST(AstEdit) edits;             /* variant */
    AstSettings settings;            /* data, train */
    AstStmt *stmt;
} AstItem;
typedef struct AstFile { int file; const char *path; LIST(AstItem *) items; } AstFile;

/* Parses one file registered with diag_add_file.  Reports every syntax error it can recover from; null when there
 * was any.  Nesting deeper than 200 brackets is an error, not a stack overflow. */
AstFile *ast_parse(Arena *a, int file, const char *path);
void ast_print(const AstFile *f, FILE *out); /* --dump=ast */
#endif

/* Elaboration: AST to graph. What its files say to each other. */
#ifndef INCEPTC_ELAB_H
#define INCEPTC_ELAB_H
#include "frontend.h"

typedef enum Conventions { CONVENTIONS_NONE, CONVENTIONS_CAFFE, CONVENTIONS_TORCH, CONVENTIONS_TF } Conventions;

typedef enum ValueKind { VALUE_NUMBER, VALUE_KERNEL, VALUE_STRING, VALUE_WORD, VALUE_BAD } ValueKind;
typedef struct Value {
    ValueKind kind;
    double number;
    KernelLit kernel;
    const char *text; /* string, word */
} Value;

typedef struct Binding { /* a parameter's value, or a statement's tensor (null: poisoned) */
    const char *name;
    Value value;
    Tensor *tensor;
    Loc loc;
} Binding;

typedef struct Bindings { /* of one name the newest counts */
    LIST(Binding *) list;
    NameTable by_name;
} Bindings;

typedef struct Default {
    const char *kind;
    const AstArgs *args;
    const struct Default *before;
} Default;

typedef struct Module {
    const AstItem *item;
    const Default *defaults; /* where it was defined */
    bool open;               /* being elaborated: recursion */
} Module;

/* Names within one statement, module body or group. */
typedef struct Scope {
    const char *prefix; /* "" at the top */
    bool single;        /* one weighted unit: it is called as the prefix */
    bool indexed;       /* members of a labelled group: prefix.0, prefix.1 */
    const AstUnit *sole; /* the statement's only unit: it is called as the statement */
    bool output;        /* of `output`: its layers may be called as their kind */
    int next;
    NameTable kinds; /* of layers: how often each was used, an int */
} Scope;

typedef struct Frame { /* the file, or one use of a module */
    struct Frame *outer; /* of the use, for notes */
    const Module *module;
    Loc use;
    Tensor *in;
    bool has_in; /* of a module or residual: `in` means something; a null `in` is poisoned */
    const Default *defaults;
    Bindings params, tensors;
    Tensor *flow;
    Scope unnamed; /* statements without a name share their numbering */
} Frame;

typedef struct Elab {
    Arena *arena;
    Graph *g;
    const NetOptions *options;
    Conventions conventions;
    Frame top;
    LIST(Module *) modules;
    NameTable module_names;
    LIST(const char *) defined;  /* -D names that were used */
    bool redefined;              /* one of them has another value than the file gives: its `expect` does not hold */
    LIST(const char *) included; /* files read once */
    LIST(const char *) open;     /* files being read: recursion */
    LIST(const AstItem *) variants; /* whose base is itself a variant: edits that wait for the net, the outermost first */
    const AstItem *net, *output, *input;
    LIST(const AstItem *) late;  /* expect, freeze, weights, data, train: after all statements */
    int layers, depth;
    bool file_error;
} Elab;

/* v as an int; far values become +-2^30, which every range check refuses. */
static inline int elab_int(double v) { return v > 1 << 30 ? 1 << 30 : v < -(1 << 30) ? -(1 << 30) : v != v ? -(1 << 30) : (int)v; }

enum { MOST_LAYERS = 100000, MOST_USES = 64 };

/* The error's place, then the chain of module uses that led there. */
void elab_error(Elab *e, const Frame *f, Loc loc, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void elab_notes(const Frame *f);

/* elab_expr.c */
void elab_bind(Elab *e, Bindings *to, Binding b);
const Binding *elab_bound(const Bindings *b, const char *name); /* null: nothing is */
void elab_suggest_bound(Nearest *n, const Bindings *b);
Value elab_eval(Elab *e, const Frame *f, const AstExpr *x); /* VALUE_BAD after an error */
const Binding *elab_param(Elab *e, const Frame *f, const char *name);
void elab_no_param(Elab *e, const Frame *f, const char *name, Loc loc); /* an error, with the nearest name */
void elab_define_param(Elab *e, const AstItem *item);

/* elab_flags.c */
bool elab_reserved_word(const char *name); /* a flag of some layer */
bool elab_is_layer(const char *kind);
bool elab_is_weighted(const char *kind);
void elab_suggest_layers(Nearest *n);

/* elab_layers.c */
/* Appends layer `unit` to `in`; path is its name. Null after an error. */
Tensor *elab_layer(Elab *e, Frame *f, const AstNode *layer, Tensor *in, const char *path);
/* "conv3x3": how a layer without label is called. */
const char *elab_layer_kind(Elab *e, Frame *f, const AstNode *layer);

/* elab_flow.c */
Tensor *elab_chain(Elab *e, Frame *f, const AstChain *chain, Tensor *in, Scope *scope);
void elab_stmt(Elab *e, Frame *f, const AstStmt *s, const char *prefix);
Module *elab_module(const Elab *e, const char *name);
Tensor *elab_tensor(Elab *e, const Frame *f, const char *name, bool *poisoned);

/* elab_variant.c: the base's items with the edits applied; and without what it expects of its totals, which hold for it alone. */
void elab_variant(Elab *e, const AstItem *variant, AstFile *base);
void elab_variant_drop(AstFile *base);

/* elab_settings.c */
void elab_late(Elab *e); /* expect, freeze, weights, data, train */

/* The number of an addend: written, or a parameter's. False: it is no number. */
bool elab_addend_number(Elab *e, const AstAddend *t, double *v);
/* elab_view.c: the view into the graph; the source of a setting that check_setting has seen. */
void elab_view(Elab *e, const AstSetting *s);
void elab_source(Elab *e, const AstSetting *s, SourceSetting *out);

/* elab_text.c: in the arena */
const char *elab_setting_text(Elab *e, const AstSetting *s);

/* net_load.c */
AstFile *net_read(Elab *e, const char *path, const char *from, Loc loc);
#endif

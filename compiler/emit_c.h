/* The generated file: head, functions of every target, tables, and the interface. */
#ifndef INCEPTC_EMIT_C_H
#define INCEPTC_EMIT_C_H
#include "plan.h"

typedef struct EmitTarget {
    Plan *plan;
    Unit *unit;
} EmitTarget;
typedef struct Emit {
    Arena *arena;
    const Graph *graph;        /* after the passes */
    Totals totals;             /* of the logical network */
    uint64_t structure;        /* structure_hash of the logical network */
    const EmitTarget *targets; /* in the order of `targets` in plan.c */
    int n_targets;
    const char *header;        /* name of the header to mention, "net.h" */
    struct Embed *embed;       /* weights for the program; null: none */
    const struct EmitTrain *train; /* null without --train */
    Unit *packing;             /* emit_c's own: packing functions and pages that the file has so far */
} Emit;

typedef struct EmitLayer {
    const char *name, *op;
    Shape shape; /* of the result */
    int n_in;
    const int *in; /* places in the list, before this one */
} EmitLayer;

typedef struct EmitTrain { /* what --train adds */
    Graph *graph;              /* of a training step */
    const EmitTarget *targets;
    int n_targets;
    const EmitLayer *layers;   /* the network as written */
    int n_layers;
    const char *again;         /* RtTrain.again */
} EmitTrain;

/* The same bytes on every machine and day: no paths, no dates. */
void emit_c(const Emit *e, FILE *f);
void emit_header(const Emit *e, FILE *f);

/* ---- For emit_train.c ---- */
void emit_train(const Emit *e, FILE *f); /* functions and tables of training, the last of them `train` */
/* emit_layers.c: notes the layers of g, which train_graph has not touched yet; prints them as table `layers`. */
void emit_note_layers(Arena *a, const Graph *g, EmitTrain *t);
void emit_layers(const EmitTrain *t, FILE *f);
/* emit_netdef.c: table `netdef`; how many strings.  The n bytes at text as a C string. */
int emit_netdef(const Graph *g, FILE *f);
void emit_string(const char *text, size_t n, FILE *f);
/* Names t's functions and tables and prints them, without what packs weights and stands in the file already. */
void emit_functions(const Emit *e, const EmitTarget *t, FILE *f);
const char *emit_load_name(const EmitTarget *t); /* of the page that packs all weights, after that */
int emit_weights_table(const Graph *g, const char *name, FILE *f); /* how many; none: no table */
/* Segments and taps of those tensors that `is` names; how many. */
int emit_taps(const Plan *p, bool (*is)(const Plan *p, const Tensor *t), FILE *f);
void emit_step(Arena *a, const Plan *p, const Step *s, FILE *f); /* a row of the table of steps */
void emit_buffers(const Plan *p, FILE *f);
extern const char *const emit_rt_targets[], *const emit_rt_numerics[];
#endif

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
} Emit;

/* The same bytes on every machine and day: no paths, no dates. */
void emit_c(const Emit *e, FILE *f);
void emit_header(const Emit *e, FILE *f);
#endif

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
    uint64_t structure;        /* hash of the logical network */
    const EmitTarget *targets; /* in the order of `targets` in plan.c */
    int n_targets;
    const char *header;        /* name of the header to mention, "net.h" */
} Emit;

/* The same bytes on every machine and day: no paths, no dates. */
void emit_c(const Emit *e, FILE *f);
void emit_header(const Emit *e, FILE *f);
/* FNV-1a of the graph's text: changes with every operator, attribute, shape or name of a weight. */
uint64_t emit_structure_hash(const Graph *g);
#endif

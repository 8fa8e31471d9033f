/* What inceptc explain says of a layer: explain_layer.c what the text says of it and where, explain_step.c what computes it. */
#ifndef INCEPTC_EXPLAIN_H
#define INCEPTC_EXPLAIN_H
#include "../driver.h"

typedef struct Explain {
    Arena *a;
    const Graph *net; /* as the text says it */
    const Plan *plan; /* after the inference passes */
} Explain;

/* Prints the layer, or the layers of the module, that `name` names.  False: there is none; then *near has been tried with all names. */
bool explain_layer(const Explain *e, const char *name, Nearest *near);
/* The steps that compute the layer, with their ways, cost, memory and weights; how many there are. */
int explain_steps(const Explain *e, const char *layer);
/* "4 blocks x 6 groups", "2 groups x 28 rows": what a unit of work is. */
const char *explain_split(Arena *a, const Step *s);
#endif

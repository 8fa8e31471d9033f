/* What a rule finds in a network, and what a fix of it makes. */
#ifndef INCEPTC_ADVICE_FINDING_H
#define INCEPTC_ADVICE_FINDING_H
#include "../graph.h"

typedef LIST(const Node *) Nodes;
typedef struct Finding {
    Loc loc;              /* the layers of one text are one finding; line 0: it is about the whole network */
    Nodes nodes;
    int64_t macs, params; /* of these: only of those that multiply */
    const char *says;     /* the warning */
    const char *facts;    /* more numbers for the long form; may be null */
} Finding;
typedef LIST(Finding *) Findings;

typedef struct Fixed {
    const char *text;   /* of the variant, with what it expects; null: none */
    const char *failed; /* then why */
    Totals totals;
    int64_t activations;
} Fixed;
#endif

/* Design advice: the rules of the Inception papers, as warnings (-Wdesign) and at length (inceptc advise, the page of -o FILE.html). */
#ifndef INCEPTC_ADVICE_H
#define INCEPTC_ADVICE_H
#include "../frontend.h"
#include "finding.h"
#include <stdio.h>

/* What may stand behind -W: "design", "no-design-NAME", "error=design-NAME", "error".  The i-th, null after the last. */
const char *advice_word(int i);
/* Warns of g, not yet passed, as the n settings say in order; those that -Werror names are errors and count. */
void advice_warn(Arena *a, const Graph *g, const char *const *settings, int n);

/* A place that a fix cannot mend. */
typedef struct Unmended {
    Loc loc;
    const char *why;
} Unmended;
typedef struct AdviceFix {
    const char *what;
    LIST(Unmended) unmended; /* it is for the other places; without any `fixed` is empty */
    Fixed fixed;
} AdviceFix;
/* All that one rule has to say. */
typedef struct AdviceKind {
    const char *name, *help, *source, *why, *no_fix; /* as in the rule */
    Findings found;
    LIST(AdviceFix) fixes;
} AdviceKind;
typedef struct Advice {
    const Graph *g;
    Totals totals;
    int64_t activations;
    LIST(AdviceKind) kinds; /* that found something */
} Advice;

/* The advice on g, not yet passed, with fixes that were loaded and compared with it.  `o` is what g was loaded with; without settings
 * (n is 0) all kinds are shown. */
Advice advice_of(Arena *a, const Graph *g, const NetOptions *o, const char *const *settings, int n);
/* The long form on standard output. */
void advice_print(Arena *a, const Advice *advice);
/* docs/advise.schema.json */
void advice_json(const Advice *advice, FILE *f);

/* ---- Texts that the forms share ---- */

/* "9 multiply-accumulates (8.3 % of the network), 5 parameters (8.5 %)"; null where nothing multiplies */
const char *advice_cost(Arena *a, const Advice *advice, const Finding *f);
const char *advice_place(Arena *a, Loc loc); /* "a.net:3:14" */
/* "10 -> 9 (-10.0 %)" */
typedef struct AdviceChange {
    const char *name, *text;
} AdviceChange;
typedef LIST(AdviceChange) AdviceChanges;
AdviceChanges advice_changes(Arena *a, const Advice *advice, const Fixed *f);
#endif

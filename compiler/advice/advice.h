/* Design advice: the rules of the Inception papers, as warnings (-Wdesign) and in a long form (inceptc advise). */
#ifndef INCEPTC_ADVICE_H
#define INCEPTC_ADVICE_H
#include "../frontend.h"

/* What stands behind -W: "design", "no-design-NAME", "error=design-NAME".  When false, *best is the nearest one or null. */
bool advice_setting_known(const char *setting, const char **best);
/* Warns of g, not yet passed, as the n settings say in order; those that -Werror names are errors and count. */
void advice_warn(Arena *a, const Graph *g, const char *const *settings, int n);
/* The long form on standard output: numbers, sources, and fixes that were loaded and compared with g.  `o` is what g was loaded
 * with; without settings (n is 0) all kinds are shown. */
void advice_print(Arena *a, const Graph *g, const NetOptions *o, const char *const *settings, int n);
#endif

/* Name maps: what a foreign checkpoint calls a tensor, and how its axes lie.
 *
 * A map is text, a rule a line:   FOREIGN OWN [LAYOUT]     # comment
 *   FOREIGN  a pattern for the whole name.  A letter stands for itself, \x for x, . for any one character, [a-z_] for one of
 *            a class, [^.] for one not of it; * or + behind such a unit repeats it; ( ) around units captures.  An extended
 *            regular expression without alternatives and nesting.
 *   OWN      the name in our network, \1 .. \9 for the captures; "-" alone: the tensor is left out on purpose.
 *   LAYOUT   of the foreign tensor where ours is oihw or oi:  hwio, hwim (depthwise: ours has i*m outputs), io, and
 *            io:HxWxC or oi:HxWxC where i runs over rows, columns and channels and ours over channels, rows and columns;
 *            [1:] behind it leaves out output 0 (TensorFlow's background class).
 * The first rule that matches counts.  A line "@eps 0.001" says the epsilon of the source's batch norms.
 *
 * A rule whose FOREIGN and OWN both end in @ stands for one rule a role: for each earlier line "@role FOREIGN OWN [LAYOUT]",
 * with its endings in place of the @, and its layout.  "@role /weights .conv.weight hwio" lets "A@ b@" map A/weights. */
#ifndef INCEPTC_NAMES_H
#define INCEPTC_NAMES_H
#include "../../runtime/rt.h"
#include "name_pattern.h"

typedef enum LayoutKind { LAYOUT_OWN, LAYOUT_HWIO, LAYOUT_HWIM, LAYOUT_IO, LAYOUT_OI } LayoutKind;
typedef struct Layout {
    LayoutKind kind;
    int h, w, c;    /* of io:HxWxC and oi:HxWxC; h 0: no such part */
    int skip;       /* outputs left out in front */
} Layout;

typedef struct NameRule {
    const char *own; /* null: left out on purpose */
    Pattern pattern; /* of the foreign name */
    Pattern back;    /* of the own name */
    Layout layout;
    int line;
} NameRule;
typedef struct NameRole { /* the endings of a layer's weight */
    const char *foreign, *own;
    Layout layout;
} NameRole;
typedef struct NameMap {
    const char *path;
    LIST(NameRule) rules;
    LIST(NameRole) roles;
    double eps; /* of the source's batch norms; 0: not said */
} NameMap;

/* Reads a map; messages name file, line and column of what is wrong. */
RtStatus names_read(Arena *a, const char *path, NameMap *map, RtError *err);
/* As names_read, over text (borrowed). */
RtStatus names_parse(Arena *a, const char *path, const char *text, size_t size, NameMap *map, RtError *err);
/* The rule that matches `foreign`, and its own name in *own (null: left out on purpose); null when none matches. */
const NameRule *names_apply(Arena *a, const NameMap *map, const char *foreign, const char **own);
/* The other way: the foreign name of `own` by the first rule whose own form fits, or null.  FOREIGN must be literal outside of
 * its captures. */
const NameRule *names_reverse(Arena *a, const NameMap *map, const char *own, const char **foreign);
#endif

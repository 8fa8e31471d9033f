/* Which layer of one network is which of another. */
#ifndef INCEPTC_REPORT_MATCH_H
#define INCEPTC_REPORT_MATCH_H
#include "layers.h"

typedef struct Match {
    Layer **of_x, **of_y; /* by place: the other network's layer, or null */
    bool *moved;          /* by place of x: its partner stands elsewhere in the order */
    bool by_names_only;   /* too many layers to compare all with all */
} Match;

/* Blocks first, then the layers within: a block lies between two layers through which all flow goes (an inception module, a residual block,
 * a convolution of the stem).  Pairs are increasing in both orders, and the most alike in all: a path that the author chose counts
 * most, then window, channels and grid; layers of other kinds are no pair.  So equal names win where the order allows it, and renamed
 * layers are found by what they are.  Of the rest layers of one path are pairs; if they cross others, they have moved. */
Match match_layers(Arena *a, const Layers *x, const Layers *y);
#endif

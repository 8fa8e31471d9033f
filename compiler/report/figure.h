/* The figure of a module: items in a row below each other, branches side by side, as the paper draws it. */
#ifndef INCEPTC_REPORT_FIGURE_H
#define INCEPTC_REPORT_FIGURE_H
#include "layers.h"

/* What figure_walk tells, in the order of drawing.  Sequences and parallels nest. */
typedef struct FigureDraw {
    void (*item)(void *arg, const Layer *item);       /* a layer, or a module to be drawn by another walk */
    void (*sequence)(void *arg, bool begins);         /* of items below each other */
    void (*parallel)(void *arg, bool begins);         /* of sequences side by side; an empty one passes its input on */
    void (*row)(void *arg, bool begins);              /* of an item and what stands beside it */
    void (*side)(void *arg, bool begins);             /* what leaves the flow behind the item of its row: an auxiliary head */
    void *arg;
} FigureDraw;

/* Every member of the module is drawn once, whatever the graph. */
void figure_walk(Arena *a, const Layer *module, const FigureDraw *d);
#endif

/* The usual suspects: what differs between two implementations of one network, as changes of a layer to try out. */
#ifndef INCEPTC_SUSPECTS_H
#define INCEPTC_SUSPECTS_H
#include "interp.h"

typedef struct Change { /* a layer as the reference may have it */
    Node node;           /* same inputs and outputs by name, other attributes; inputs may be fewer or in another order */
    double *input;       /* null, or what input 0 is for this layer: all images; malloc */
    bool other_statistics; /* batchnorm: the batch's instead of the running ones, or the reverse */
    const char *text;    /* how the reference differs, as a sentence without its end */
} Change;

typedef struct Suspect {
    const char *kind; /* one word, for programs */
    /* The k-th way in which layer n may differ; false: there are no more.  `change` comes with node = *n. */
    bool (*change)(Interp *it, const Node *n, int k, Change *change);
} Suspect;
extern const Suspect suspects[];
extern const int n_suspects;
#endif

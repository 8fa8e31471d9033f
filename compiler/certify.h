/* certify's parts: the rows, our side from the interpreter or the compiled program, the explanation. */
#ifndef INCEPTC_CERTIFY_H
#define INCEPTC_CERTIFY_H
#include "compare.h"
#include "interp_io.h"
#include "options.h"
#include "reference.h"

typedef struct CertifyRow { /* a tensor that the reference has, in the network's order */
    const RefArray *array;
    bool compared; /* false: the compiled program does not keep it */
    bool fits, agrees;
    double bound;
    Comparison c;
} CertifyRow;

typedef struct Finding { /* what makes the first disagreement vanish, or what is known of it */
    const char *kind; /* "divisor", "padding", ...; null: nothing was looked for */
    const char *layer;
    Loc loc;
    const char *text;
} Finding;

typedef struct Certify {
    const Options *o;
    Arena *a;
    Graph *g;
    Reference ref;
    Images in;
    CertifyRow *rows;
    int n_rows;
    int *row_of; /* by tensor id: index of its row + 1, 0: none */
    Finding finding;
    RtError err; /* the first, when a status says so */
} Certify;

CertifyRow *certify_row(const Certify *c, const Tensor *t); /* or null */
/* The row's reference, to be freed with free((void *)value). */
RtStatus certify_sample(Certify *c, const CertifyRow *row, Sample *out);
/* ours: all images of the tensor. */
RtStatus certify_compare(Certify *c, CertifyRow *row, const double *ours);
/* An interpreter of the network with the images in place; weights follow when it is known what is needed. */
Interp *certify_interp(const Certify *c);
RtStatus certify_weights(Certify *c, Interp *it);
/* Fills the rows from the interpreter; from the program, built for o->target in a temporary folder. */
RtStatus certify_interpreted(Certify *c);
RtStatus certify_compiled(Certify *c);
/* Why `row`, the first that disagrees, does: every usual suspect is tried in every layer between it and what agrees. */
RtStatus suspects_try(Certify *c, const CertifyRow *row, Finding *out);

const CertifyRow *certify_first_disagreement(const Certify *c); /* or null */
void certify_print(const Certify *c);
void certify_print_json(const Certify *c);
#endif

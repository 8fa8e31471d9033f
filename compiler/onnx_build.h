/* Between onnx.c, which walks the graph and fills weights, and onnx_ops.c, which says what each operator is in ONNX. */
#ifndef INCEPTC_ONNX_BUILD_H
#define INCEPTC_ONNX_BUILD_H
#include "../formats/onnx_write.h"
#include "graph.h"

/* Where an initializer's numbers come from: a weight, or data that the form made. */
typedef struct OnnxSource {
    Tensor *weight;
    const void *data;
} OnnxSource;

typedef struct Onnx {
    Graph *graph;
    Arena *arena;
    OnnxModel model;
    LIST(OnnxSource) sources; /* by number of initializer */
    const Node *node;         /* the one being written */
    const char *const *name;  /* of nodes, by place in graph->nodes */
    int at;                   /* of node in graph->nodes */
    bool *flat;               /* by tensor id: written as n x C, not n x C x H x W */
    bool *stored;             /* by tensor id: the weight is an initializer */
    const char **reshaped;    /* by tensor id: its name in the other rank */
} Onnx;

typedef struct OnnxForm {
    void (*write)(Onnx *x, const Node *n); /* null: the operator has no form */
    bool keeps_flat;                       /* works on n x C too, when every input is that */
} OnnxForm;
const OnnxForm *onnx_form(OpKind op);

/* ---- What forms are built of.  Names of parts are "<output>/<what>"; tensors' own names have no slash. ---- */

/* Input k of the node, as n x C x H x W or n x C. */
const char *onnx_image(Onnx *x, int k);
const char *onnx_flat(Onnx *x, int k);
const char *onnx_input(Onnx *x, int k); /* of the rank that the node's output has */
const char *onnx_weight(Onnx *x, Tensor *t);
/* A constant of the given dimensions; numbers are rounded to float32. */
const char *onnx_floats(Onnx *x, const char *what, const double *v, const int *dim, int rank);
const char *onnx_scalar(Onnx *x, const char *what, double v);
const char *onnx_ints(Onnx *x, const char *what, const int64_t *v, int n);
/* A value between two nodes of one form: an image, or like the node's output with c channels. */
const char *onnx_part(Onnx *x, const char *what, int c, int h, int w);
const char *onnx_part_like(Onnx *x, const char *what, int c);
/* The form's last node, which computes the output, and one before it that computes part `out`. */
void onnx_result(Onnx *x, const char *op, const char *const *in, int n_in);
void onnx_step(Onnx *x, const char *op, const char *const *in, int n_in, const char *out);
#endif

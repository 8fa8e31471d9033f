/* The logical graph as an ONNX model: float32, opset 13, batch dimension `n`, weights inside. */
#ifndef INCEPTC_ONNX_H
#define INCEPTC_ONNX_H
#include "../runtime/rt.h"
#include "graph.h"

typedef struct OnnxOptions {
    const char *weights; /* a safetensors file; null: initialised weights of `seed` */
    uint64_t seed;
    bool unfused;        /* batch norms stay nodes */
    uint64_t structure;  /* hash of the logical network, for the model's metadata */
    const char *version; /* of the producer */
} OnnxOptions;

/* Runs remove-dead, and fold-batchnorm unless unfused, on g and writes what is left.  Weights that the graph computes are
 * evaluated in double and rounded once.  The file appears complete or not at all.  RT_ERROR_INPUT: an operator without a form in
 * ONNX, weights that do not fit, or more than 2 GiB. */
RtStatus onnx_export(Graph *g, const OnnxOptions *o, const char *path, RtError *err);
#endif

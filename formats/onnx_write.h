/* onnx_write.h - writing an ONNX model: opset 13, IR version 7, float32, weights inside as raw_data, never external.
 *
 * Nodes, values and the heads of initializers gather in memory; the initializers' numbers are asked for one by one while the file
 * is written, so the largest of them bounds the memory.  Fields stand in the order of their numbers: the bytes are those that
 * protobuf's own serializer makes of the same model. */
#ifndef FORMATS_ONNX_WRITE_H
#define FORMATS_ONNX_WRITE_H
#include "../runtime/rt.h"
#include "wire.h"

typedef enum OnnxType { ONNX_FLOAT = 1, ONNX_INT64 = 7 } OnnxType;
typedef struct OnnxInitializer {
    Wire head;      /* TensorProto without its raw_data */
    uint64_t bytes; /* of raw_data */
} OnnxInitializer;

typedef struct OnnxModel { /* start from { 0 }, end with onnx_free */
    Wire nodes, inputs, outputs, edges, metadata; /* fields of the graph; metadata of the model */
    Wire node, part;                              /* being built */
    OnnxInitializer *initializers;
    int n_initializers, room;
    bool failed; /* out of memory; onnx_write says so */
} OnnxModel;

/* Begins a node; its attributes follow; it is part of the model when the next begins or the model is written. */
void onnx_node(OnnxModel *m, const char *op, const char *name, const char *const *in, int n_in, const char *const *out, int n_out);
void onnx_attribute_int(OnnxModel *m, const char *name, int64_t v);
void onnx_attribute_ints(OnnxModel *m, const char *name, const int64_t *v, int n);
void onnx_attribute_float(OnnxModel *m, const char *name, float v);

typedef enum OnnxPlace { ONNX_INPUT, ONNX_OUTPUT, ONNX_EDGE } OnnxPlace;
/* A value and its shape: `batch` names the first dimension, dim has the others. */
void onnx_value(OnnxModel *m, OnnxPlace place, const char *name, const char *batch, const int *dim, int rank);
/* Its number (0, 1, ... in the order of calls) is what `fill` gets. */
void onnx_initializer(OnnxModel *m, OnnxType type, const char *name, const int *dim, int rank);
void onnx_metadata(OnnxModel *m, const char *key, const char *value);

/* Gives the numbers of initializer i: *data, as many as its shape says, lives until the next call. */
typedef RtStatus OnnxFill(void *context, int i, const void **data, RtError *err);
typedef struct OnnxNames {
    const char *graph, *producer, *version;
} OnnxNames;
/* The file appears complete or not at all. RT_ERROR_INPUT: more than the 2 GiB that protobuf allows, or fill's own status. */
RtStatus onnx_write(OnnxModel *m, const OnnxNames *names, const char *path, OnnxFill *fill, void *context, RtError *err);
void onnx_free(OnnxModel *m);
#endif

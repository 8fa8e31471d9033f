/* The arrays of a reference implementation: a folder of .npy, or one file of tensors (safetensors, .npz). */
#ifndef INCEPTC_REFERENCE_H
#define INCEPTC_REFERENCE_H
#include "../formats/tensor_file.h"
#include "graph.h"

/* An array called NAME.sampled, of k numbers, holds those at the flat positions floor(i * elements / k), i = 0..k-1, of the
 * tensor NAME of all images; any other array holds the whole of the tensor of its name. */
typedef struct RefArray {
    Tensor *tensor;
    bool sampled;
    const TensorFile *file;
    const TensorEntry *entry;
} RefArray;

typedef struct Reference {
    const char *path;
    LIST(TensorFile *) files;
    LIST(RefArray) arrays; /* in the order of their names */
    const TensorFile *input_file;
    const TensorEntry *input; /* the array called "input"; null: there is none */
} Reference;

/* Opens all that is at path and finds the tensor of every array; a name that g lacks is an error that names the nearest. */
RtStatus reference_open(Reference *r, const Graph *g, const char *path, RtError *err);
void reference_close(Reference *r);
/* All numbers of an array, as double: of a float64 array exactly. The caller frees them. */
RtStatus reference_values(const TensorFile *f, const TensorEntry *e, double **out, RtError *err);
/* Whether the array fits n images of its tensor; dimensions of 1 do not count: [2, 1000] fits two of 1000x1x1. */
bool reference_fits(const RefArray *r, int n);
#endif

/* Inputs and weights of the interpreter from and to files. */
#ifndef INCEPTC_INTERP_IO_H
#define INCEPTC_INTERP_IO_H
#include "../formats/tensor_file.h"
#include "../runtime/rt.h"
#include "interp.h"

typedef struct Images { /* n inputs of a network, one behind the other */
    int n;
    double *x;
} Images;
/* Appends a picture, prepared by the graph's view, or those that an .npy of float32 or float64 holds, prepared already. */
RtStatus images_read(Images *to, const Graph *g, const char *path, RtError *err);
/* Appends those of `count` numbers; path names them. */
RtStatus images_add(Images *to, const Graph *g, const char *path, const double *x, size_t count, RtError *err);
/* The graph's input, of the interpreter's one image. */
RtStatus interp_read_input(Interp *it, const char *path, RtError *err);
/* One weight, from an open file, by its name; a missing one or another shape is an error. */
RtStatus interp_read_weight(Interp *it, const TensorFile *f, Tensor *w, RtError *err);
/* Every weight that the interpreter needs, from any file of tensors, by its name; a missing one or another shape is an error. */
RtStatus interp_read_weights(Interp *it, const char *path, RtError *err);
/* Those that were needed, rounded to float32: a file for the program, which has no auxiliary heads. */
RtStatus interp_write_weights(Interp *it, const char *path, RtError *err);
#endif

/* tensor_read.h - between tensor_file.c and the readers of single formats.
 *
 * A reader fills entries (in any order) and meta of f from f->bytes; what it allocates lies in
 * f->room.  It returns false with err set.  err is never null here. */
#ifndef FORMATS_TENSOR_READ_H
#define FORMATS_TENSOR_READ_H
#include "tensor_file.h"
#include "zip.h"

bool tensor_read_npy(TensorFile *f, RtError *err);
bool tensor_read_npz(TensorFile *f, const Zip *z, RtError *err);

/* A copy of n bytes and a NUL in f->room, or null. */
char *tensor_text(TensorFile *f, const void *bytes, size_t n);
#endif

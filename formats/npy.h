/* npy.h - NumPy's array files, versions 1 to 3: little-endian float32 and float64 and uint8, C
 * order. Source: numpy/lib/format.py.  The header must hold exactly descr, fortran_order and shape,
 * and the file exactly the bytes that they ask for. */
#ifndef FORMATS_NPY_H
#define FORMATS_NPY_H
#include "../runtime/rt.h"
#include <stddef.h>

enum { NPY_RANK_MAX = 8 };
typedef enum NpyType { NPY_F32, NPY_F64, NPY_U8 } NpyType;
typedef struct NpyArray {
    NpyType type;
    int rank;
    size_t shape[NPY_RANK_MAX];
    size_t count; /* the product of shape */
    void *data;   /* malloc: the caller's, npy_free releases it */
} NpyArray;

/* RT_ERROR_FILE when the system refuses, RT_ERROR_INPUT when the file is not such an array. */
RtStatus npy_read(const char *path, NpyArray *out, RtError *err);
/* As npy_read, over borrowed bytes; path only names them. */
RtStatus npy_parse(const char *path, const void *bytes, size_t size, NpyArray *out, RtError *err);
void npy_free(NpyArray *a);
size_t npy_type_bytes(NpyType t);
/* Writes version 1 as numpy.save does; beside, then renamed. */
RtStatus npy_write(const char *path, NpyType type, int rank, const size_t *shape, const void *data,
                   RtError *err);
#endif

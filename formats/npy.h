/* npy.h - NumPy's array files, versions 1 to 3, little-endian.  Source: numpy/lib/format.py.  The
 * header must hold exactly descr, fortran_order and shape, and the file exactly the bytes that they
 * ask for. */
#ifndef FORMATS_NPY_H
#define FORMATS_NPY_H
#include "../runtime/rt.h"
#include <stdbool.h>
#include <stddef.h>

enum { NPY_RANK_MAX = 8 };
/* clang-format off */
#define NPY_TYPES(X) /* as the header says it, bytes */                                            \
    X(F32, "<f4", 4) X(F64, "<f8", 8) X(U8, "|u1", 1) X(F16, "<f2", 2)                             \
    X(I8, "|i1", 1) X(I16, "<i2", 2) X(I32, "<i4", 4) X(I64, "<i8", 8)                             \
    X(U16, "<u2", 2) X(U32, "<u4", 4) X(U64, "<u8", 8) X(BOOL, "|b1", 1)
typedef enum NpyType {
#define X(name, descr, bytes) NPY_##name,
    NPY_TYPES(X)
#undef X
} NpyType;
/* clang-format on */
typedef struct NpyArray {
    NpyType type;
    int rank;
    size_t shape[NPY_RANK_MAX];
    size_t count; /* the product of shape */
    void *data;   /* malloc: the caller's, npy_free releases it */
} NpyArray;

/* float32, float64 or uint8 in C order.  RT_ERROR_FILE when the system refuses, RT_ERROR_INPUT when
 * the file is not such an array. */
RtStatus npy_read(const char *path, NpyArray *out, RtError *err);
/* As npy_read, over borrowed bytes; path only names them. */
RtStatus npy_parse(const char *path, const void *bytes, size_t size, NpyArray *out, RtError *err);
void npy_free(NpyArray *a);
size_t npy_type_bytes(NpyType t);

typedef struct NpyView {
    NpyType type;
    bool fortran; /* the first index is the fastest */
    int rank;
    size_t shape[NPY_RANK_MAX];
    size_t count, size; /* the product of shape; bytes of data */
    const void *data;   /* in the borrowed bytes, aligned to nothing */
} NpyView;
/* As npy_parse, without a copy; any type and order.  For messages: the bytes begin at byte `at` of
 * the file; entry names the part of the file, or null. */
RtStatus npy_view(const char *path, const char *entry, size_t at, const void *bytes, size_t size,
                  NpyView *out, RtError *err);

/* Writes version 1 as numpy.save does; beside, then renamed. */
RtStatus npy_write(const char *path, NpyType type, int rank, const size_t *shape, const void *data,
                   RtError *err);
#endif

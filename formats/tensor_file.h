/* tensor_file.h - the tensors of a weights file, whatever its format.
 *
 * Read and checked, never executed: nothing in a file names code or another file.  Memory stays
 * within a small factor of the file's description of its tensors; their bytes are borrowed from the
 * mapped file.  Little-endian machines only, as everywhere here. */
#ifndef FORMATS_TENSOR_FILE_H
#define FORMATS_TENSOR_FILE_H
#include "room.h"
#include "safetensors.h"

typedef enum TensorFormat {
    TENSORS_SAFETENSORS,
    TENSORS_TORCH_ZIP,
    TENSORS_TORCH_LEGACY,
    TENSORS_NPZ,
    TENSORS_NPY
} TensorFormat;
const char *tensor_format_name(TensorFormat f); /* "safetensors", "PyTorch zip", ... */

enum { TENSOR_STRIDED_RANK_MAX = 64 }; /* of an entry with strides */
typedef struct TensorEntry {
    const char *name;
    SafetensorsDtype dtype;
    int rank;
    const uint64_t *shape;
    uint64_t count;        /* product of shape */
    const int64_t *stride; /* in elements, one a dimension; null: contiguous, last index fastest */
    const void *data; /* element (0, ..., 0); aligned to nothing; borrowed from the mapped file */
    uint64_t at;      /* byte of the file where the tensor is described, for messages */
} TensorEntry;

typedef struct TensorFile {
    const char *path;
    TensorFormat format;
    int n_entries, n_meta;
    TensorEntry *entries; /* sorted by name (strcmp) */
    SafetensorsMeta *meta; /* by key */
    /* the reader's own */
    const uint8_t *bytes;
    size_t size;
    int mapped;
    SafetensorsFile safetensors; /* holds names and shapes of that format */
    Room room;                   /* holds those of the others */
} TensorFile;

/* Maps and checks a file.  Format by content, not by extension.  RT_ERROR_FILE: the system refused;
 * RT_ERROR_INPUT: a rule is broken, and the message names file, byte, tensor, rule, what was found
 * and what was expected.  On success the caller ends it with tensor_file_close; path is borrowed. */
RtStatus tensor_file_open(TensorFile *f, const char *path, RtError *err);
/* As open, over borrowed bytes; path only names them. */
RtStatus tensor_file_parse(TensorFile *f, const char *path, const void *bytes, size_t size,
                           RtError *err);
void tensor_file_close(TensorFile *f);
const TensorEntry *tensor_file_find(const TensorFile *f, const char *name); /* or null */
const char *tensor_file_meta(const TensorFile *f, const char *key);         /* or null */

/* Elements in C order, own dtype, into out (count * element bytes). */
void tensor_entry_copy(const TensorEntry *e, void *out);
/* Elements in C order as float32: from F32, F16, BF16, F64 and from the integers I64 I32 I16 I8 U8
 * when float32 holds them exactly; else an error that names the type or the element. */
RtStatus tensor_entry_to_f32(const TensorFile *f, const TensorEntry *e, float *out, RtError *err);
#endif

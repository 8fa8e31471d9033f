/* safetensors.h - strict reader and byte-compatible writer of safetensors files.
 *
 *     u64 little-endian N | N bytes of UTF-8 JSON | tensor bytes to the end of the file
 *
 * The reader enforces every rule of the reference implementation and those the specification states
 * but the reference does not enforce (no duplicate keys, nothing unknown in a tensor's entry).
 * Values are not looked at: NaN and infinity are legal.  Limits of our own: 65,536 tensors, no
 * U+0000 in a string. */
#ifndef FORMATS_SAFETENSORS_H
#define FORMATS_SAFETENSORS_H
#include "../runtime/rt.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the reference's enum, by which files are sorted: narrow to wide. */
/* clang-format off */
#define SAFETENSORS_DTYPES(X)                                                                      \
    X(BOOL, 8) X(F4, 4) X(F6_E2M3, 6) X(F6_E3M2, 6) X(U8, 8) X(I8, 8)                              \
    X(F8_E5M2, 8) X(F8_E4M3, 8) X(F8_E8M0, 8) X(F8_E4M3FNUZ, 8) X(F8_E5M2FNUZ, 8)                  \
    X(I16, 16) X(U16, 16) X(F16, 16) X(BF16, 16)                                                   \
    X(I32, 32) X(U32, 32) X(F32, 32) X(C64, 64) X(F64, 64) X(I64, 64) X(U64, 64)
typedef enum SafetensorsDtype {
#define X(name, bits) SAFETENSORS_##name,
    SAFETENSORS_DTYPES(X)
#undef X
    SAFETENSORS_N_DTYPES
} SafetensorsDtype;
/* clang-format on */
/* A name in a message: its first 100 bytes, so that both sides of a message stay in sight. */
enum { SAFETENSORS_NAME_SHOWN = 100 };
const char *safetensors_dtype_name(SafetensorsDtype t);
int safetensors_dtype_bits(SafetensorsDtype t);

typedef struct SafetensorsTensor {
    const char *name;
    SafetensorsDtype dtype;
    int rank;
    const uint64_t *shape;
    uint64_t begin, end; /* in the data section */
    uint64_t count;      /* elements: the product of shape */
    const void *data;    /* aligned to nothing */
    size_t at;           /* byte of the file where its entry in the header begins */
} SafetensorsTensor;
typedef struct SafetensorsMeta {
    const char *key, *value;
} SafetensorsMeta;

typedef struct SafetensorsFile {
    const char *path;
    int n_tensors, n_meta;
    SafetensorsTensor *tensors; /* by name */
    SafetensorsMeta *meta;      /* by key */
    /* the reader's own */
    const uint8_t *bytes;
    size_t size;
    int mapped;
    char *strings;
    uint64_t *shapes;
} SafetensorsFile;

/* Maps and checks a file.  RT_ERROR_FILE: the system refused; RT_ERROR_INPUT: a rule is broken, and
 * the message names file, byte, tensor, rule, what was found and what was expected.  On success the
 * caller ends it with safetensors_close. */
RtStatus safetensors_open(SafetensorsFile *f, const char *path, RtError *err);
/* As open, over borrowed bytes; path only names them in messages. */
RtStatus safetensors_parse(SafetensorsFile *f, const char *path, const void *bytes, size_t size,
                           RtError *err);
void safetensors_close(SafetensorsFile *f);

const SafetensorsTensor *safetensors_find(const SafetensorsFile *f, const char *name); /* or null */
const char *safetensors_meta(const SafetensorsFile *f, const char *key);               /* or null */
/* The same, of metadata sorted by key. */
const char *safetensors_find_meta(const SafetensorsMeta *meta, int n, const char *key);
/* t's elements as float32 into out: from F32, F16, BF16 or F64; else an error that names the type.
 */
RtStatus safetensors_to_f32(const SafetensorsFile *f, const SafetensorsTensor *t, float *out,
                            RtError *err);
/* Whether elements of type t have a meaning as float32: F32 F16 BF16 F64 and I64 I32 I16 I8 U8. */
bool safetensors_converts(SafetensorsDtype t);
/* count elements of such a type, aligned to nothing, into out.  Returns count; less when element
 * out[i] is an integer that float32 does not hold exactly: then i. */
uint64_t safetensors_convert(SafetensorsDtype t, const void *from, uint64_t count, float *out);
/* "[64, 3, 7, 7]" into out, cut with "..." when it does not fit; returns out. */
const char *safetensors_shape_text(int rank, const uint64_t *shape, char *out, size_t size);

typedef struct SafetensorsItem {
    const char *name;
    SafetensorsDtype dtype;
    int rank;
    const uint64_t *shape;
    const void *data;
} SafetensorsItem;
/* Writes items, sorted as the reference sorts them, and metadata in the order given: the bytes are
 * those of the reference's serialize().  Whole sizes of a byte only.  The file appears complete or
 * not at all. */
RtStatus safetensors_write(const char *path, const SafetensorsItem *items, int n,
                           const SafetensorsMeta *meta, int n_meta, RtError *err);
/* As safetensors_write, into a file that the caller began and will commit; on an error r is aborted.
 * hashed: the metadata get a last entry "sha256", that of the whole file with 64 zeros in its place. */
struct Replace;
RtStatus safetensors_write_into(struct Replace *r, const SafetensorsItem *items, int n,
                                const SafetensorsMeta *meta, int n_meta, bool hashed, RtError *err);
/* Whether an open file's "sha256" is that of its bytes: then no bit of it has changed.  RT_ERROR_INPUT
 * when it is not, or when there is none. */
RtStatus safetensors_check_hash(const SafetensorsFile *f, RtError *err);
#endif

/* tensor_entry.c - the elements of a tensor in C order, whatever its strides. */
#include "tensor_file.h"
#include <inttypes.h>
#include <string.h>

enum { PIECE = 256 }; /* elements gathered at a time */

/* Where an odometer over all elements stands; rank >= 1 and count >= 1. */
typedef struct Walk {
    const TensorEntry *e;
    size_t bytes; /* of an element */
    const uint8_t *at;
    uint64_t index[TENSOR_STRIDED_RANK_MAX];
} Walk;

/* To the next element: the last index first; whatever wraps goes back to its beginning. */
static void step(Walk *w)
{
    const TensorEntry *e = w->e;
    for (int i = e->rank - 1; i >= 0; i--) {
        int64_t stride = e->stride[i] * (int64_t)w->bytes;
        if (++w->index[i] < e->shape[i]) {
            w->at += stride;
            return;
        }
        w->at -= stride * (int64_t)(e->shape[i] - 1);
        w->index[i] = 0;
    }
}

static void gather(Walk *w, uint64_t n, uint8_t *out)
{
    for (uint64_t i = 0; i < n; i++, step(w))
        memcpy(out + i * w->bytes, w->at, w->bytes);
}

static Walk begin(const TensorEntry *e)
{
    return (Walk){ .e = e, .bytes = (size_t)safetensors_dtype_bits(e->dtype) / 8, .at = e->data };
}

void tensor_entry_copy(const TensorEntry *e, void *out)
{
    if (e->count == 0)
        return;
    if (!e->stride) {
        memcpy(out, e->data, e->count * (uint64_t)safetensors_dtype_bits(e->dtype) / 8);
        return;
    }
    Walk w = begin(e);
    gather(&w, e->count, out);
}

/* As safetensors_convert: count, or the first element that float32 does not hold. */
static uint64_t convert(const TensorEntry *e, float *out)
{
    uint8_t piece[PIECE * 8];
    if (!e->stride || e->count == 0)
        return safetensors_convert(e->dtype, e->data, e->count, out);
    Walk w = begin(e);
    for (uint64_t done = 0; done < e->count; done += PIECE) {
        uint64_t n = e->count - done < PIECE ? e->count - done : PIECE;
        gather(&w, n, piece);
        uint64_t good = safetensors_convert(e->dtype, piece, n, out + done);
        if (good < n)
            return done + good;
    }
    return e->count;
}

RtStatus tensor_entry_to_f32(const TensorFile *f, const TensorEntry *e, float *out, RtError *err)
{
    const char *type = safetensors_dtype_name(e->dtype);
    if (!safetensors_converts(e->dtype))
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %" PRIu64 ": tensor '%.*s' is %s; expected F32, F16, BF16, F64, "
                        "I64, I32, I16, I8 or U8",
                        f->path, e->at, SAFETENSORS_NAME_SHOWN, e->name, type);
    uint64_t good = convert(e, out);
    if (good < e->count)
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %" PRIu64 ": tensor '%.*s', %s: element %" PRIu64
                        " is an integer that float32 does not hold exactly",
                        f->path, e->at, SAFETENSORS_NAME_SHOWN, e->name, type, good);
    return RT_OK;
}

/* safetensors_convert.c - elements of a file as float32. */
#include "safetensors.h"
#include <inttypes.h>
#include <string.h>

static uint64_t load(const uint8_t *p, size_t n_bytes)
{
    uint64_t u = 0;
    memcpy(&u, p, n_bytes);
    return u;
}

static float float_of(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* binary16: 5 bits of exponent with bias 15, 10 of fraction; subnormals are fraction * 2^-24. */
static float from_f16(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31)
        return float_of(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0) {
        float x = (float)fraction * 0x1p-24f;
        return sign ? -x : x;
    }
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

static float from_f64(const uint8_t *p)
{
    double x;
    memcpy(&x, p, sizeof x);
    return (float)x;
}

/* Two's complement of this many bytes into *out; whether float32 holds the value. */
static bool from_integer(const uint8_t *p, size_t n_bytes, bool is_signed, float *out)
{
    uint64_t u = load(p, n_bytes), sign = (uint64_t)1 << (8 * n_bytes - 1);
    int64_t v = is_signed ? (int64_t)((u ^ sign) - sign) : (int64_t)u;
    *out = (float)v;
    return *out < 0x1p63f && (int64_t)*out == v;
}

bool safetensors_converts(SafetensorsDtype t)
{
    return t == SAFETENSORS_F32 || t == SAFETENSORS_F16 || t == SAFETENSORS_BF16 ||
           t == SAFETENSORS_F64 || t == SAFETENSORS_I64 || t == SAFETENSORS_I32 ||
           t == SAFETENSORS_I16 || t == SAFETENSORS_I8 || t == SAFETENSORS_U8;
}

uint64_t safetensors_convert(SafetensorsDtype t, const void *from, uint64_t count, float *out)
{
    const uint8_t *p = from;
    size_t bytes = (size_t)safetensors_dtype_bits(t) / 8;
    if (t == SAFETENSORS_F32 && count)
        memcpy(out, p, count * 4);
    else if (t == SAFETENSORS_F16)
        for (uint64_t i = 0; i < count; i++)
            out[i] = from_f16((uint16_t)load(p + 2 * i, 2));
    else if (t == SAFETENSORS_BF16)
        for (uint64_t i = 0; i < count; i++)
            out[i] = float_of((uint32_t)load(p + 2 * i, 2) << 16);
    else if (t == SAFETENSORS_F64)
        for (uint64_t i = 0; i < count; i++)
            out[i] = from_f64(p + 8 * i);
    else if (t != SAFETENSORS_F32)
        for (uint64_t i = 0; i < count; i++)
            if (!from_integer(p + bytes * i, bytes, t != SAFETENSORS_U8, &out[i]))
                return i;
    return count;
}

RtStatus safetensors_to_f32(const SafetensorsFile *f, const SafetensorsTensor *t, float *out,
                            RtError *err)
{
    bool floats = t->dtype == SAFETENSORS_F32 || t->dtype == SAFETENSORS_F16 ||
                  t->dtype == SAFETENSORS_BF16 || t->dtype == SAFETENSORS_F64;
    if (!floats)
        return rt_error(err, RT_ERROR_INPUT,
                        "%s: byte %zu: tensor '%.*s' is %s; expected F32, F16, BF16 or F64",
                        f->path, t->at, SAFETENSORS_NAME_SHOWN, t->name,
                        safetensors_dtype_name(t->dtype));
    safetensors_convert(t->dtype, t->data, t->count, out);
    return RT_OK;
}

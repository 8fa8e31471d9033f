/* fuzz_safetensors.c - any bytes: the reader refuses them with a sentence, or what it accepts is
 * consistent and converts without a step outside.
 *     clang -fsanitize=fuzzer,address,undefined ... && ./fuzz tests/fuzz/corpus_safetensors */
#include "../../formats/safetensors.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(int ok)
{
    if (!ok)
        abort();
}

static void check_tensor(const SafetensorsFile *f, const SafetensorsTensor *t)
{
    const uint8_t *data = t->data;
    uint64_t bits = (uint64_t)safetensors_dtype_bits(t->dtype), size = t->end - t->begin;
    for (int i = 0; i < t->rank; i++)
        bits *= t->shape[i];
    require(bits == 8 * size && size <= f->size && data >= f->bytes &&
            data + size <= f->bytes + f->size);
    require(safetensors_find(f, t->name) == t);
    float *out = malloc(t->count <= size * 2 ? t->count * 4 + 1 : 1);
    require(out != NULL);
    safetensors_to_f32(f, t, out, NULL);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    SafetensorsFile f;
    RtError err = { RT_OK, "" };
    if (safetensors_parse(&f, "input", bytes, size, &err)) {
        require(err.status == RT_ERROR_INPUT && err.message[0] &&
                strlen(err.message) < sizeof err.message);
        return 0;
    }
    uint64_t sum = 0, header = 0;
    for (int i = 0; i < f.n_tensors; i++) {
        check_tensor(&f, &f.tensors[i]);
        sum += f.tensors[i].end - f.tensors[i].begin;
    }
    for (int i = 7; i >= 0; i--)
        header = header << 8 | bytes[i];
    require(8 + header + sum == size);
    for (int i = 0; i < f.n_meta; i++)
        require(safetensors_meta(&f, f.meta[i].key) == f.meta[i].value);
    safetensors_close(&f);
    return 0;
}

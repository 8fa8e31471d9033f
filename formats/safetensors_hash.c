#include "safetensors_hash.h"
#include "safetensors.h"
#include <string.h>

void safetensors_length_bytes(uint64_t size, uint8_t out[SAFETENSORS_LENGTH])
{
    for (int i = 0; i < SAFETENSORS_LENGTH; i++)
        out[i] = (uint8_t)(size >> 8 * i);
}

/* In a string of the header the quotes would be escaped, and a tensor of that name is followed by a brace. */
const char *safetensors_hash_place(const char *header, size_t size)
{
    static const char key[] = "\"" SAFETENSORS_HASH_KEY "\":\"";
    const char *found = memmem(header, size, key, sizeof key - 1);
    const char *place = found ? found + sizeof key - 1 : NULL;
    size_t left = found ? size - (size_t)(place - header) : 0;
    return left > SHA256_DIGITS && place[SHA256_DIGITS] == '"' ? place : NULL;
}

void safetensors_hash_begin(Sha256 *s, const char *header, size_t size)
{
    uint8_t length[SAFETENSORS_LENGTH];
    const char *place = safetensors_hash_place(header, size);
    size_t before = (size_t)(place - header);
    safetensors_length_bytes(size, length);
    sha256_begin(s);
    sha256_add(s, length, sizeof length);
    sha256_add(s, header, before);
    sha256_add(s, SAFETENSORS_NO_HASH, SHA256_DIGITS);
    sha256_add(s, place + SHA256_DIGITS, size - before - SHA256_DIGITS);
}

static uint64_t header_size(const SafetensorsFile *f)
{
    uint64_t size = 0;
    for (int i = SAFETENSORS_LENGTH - 1; i >= 0; i--)
        size = size << 8 | f->bytes[i];
    return size;
}

RtStatus safetensors_check_hash(const SafetensorsFile *f, RtError *err)
{
    const char *header = (const char *)f->bytes + SAFETENSORS_LENGTH;
    size_t size = (size_t)header_size(f); /* which the reader has checked */
    const char *place = safetensors_hash_place(header, size);
    char digits[SHA256_DIGITS + 1];
    Sha256 hash;
    if (!place)
        return rt_error(err, RT_ERROR_INPUT, "%s: the header has no \"" SAFETENSORS_HASH_KEY "\" to check the file by", f->path);
    safetensors_hash_begin(&hash, header, size);
    sha256_add(&hash, header + size, f->size - SAFETENSORS_LENGTH - size);
    sha256_end(&hash, digits);
    if (memcmp(digits, place, SHA256_DIGITS) == 0)
        return RT_OK;
    return rt_error(err, RT_ERROR_INPUT, "%s: damaged: the SHA-256 of its bytes is %.16s..., but the header says %.16s...", f->path,
                    digits, place);
}

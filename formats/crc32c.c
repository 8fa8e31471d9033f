/* crc32c.c - four bits a step: a table of sixteen is enough for what a training run logs. */
#include "crc32c.h"

/* The remainders of i, x^28 first, divided by the polynomial 0x1edc6f41 (its bits here in reverse: 0x82f63b78). */
static const uint32_t table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t c = ~0u;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        c = c >> 4 ^ table[c & 15];
        c = c >> 4 ^ table[c & 15];
    }
    return ~c;
}

uint32_t crc32c_masked(const void *bytes, size_t n)
{
    uint32_t c = crc32c(bytes, n);
    return (c >> 15 | c << 17) + 0xa282ead8u;
}

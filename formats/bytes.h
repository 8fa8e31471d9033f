/* bytes.h - little-endian numbers that are aligned to nothing. */
#ifndef FORMATS_BYTES_H
#define FORMATS_BYTES_H
#include <stddef.h>
#include <stdint.h>

/* n bytes, at most 8. */
static inline uint64_t bytes_le(const uint8_t *p, size_t n)
{
    uint64_t u = 0;
    while (n--)
        u = u << 8 | p[n];
    return u;
}
#endif

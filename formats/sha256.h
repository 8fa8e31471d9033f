/* sha256.h - SHA-256 as FIPS 180-4, section 6.2, defines it. */
#ifndef FORMATS_SHA256_H
#define FORMATS_SHA256_H
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_DIGITS = 64, SHA256_BLOCK = 64 };
typedef struct Sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[SHA256_BLOCK];
} Sha256;

void sha256_begin(Sha256 *s);
void sha256_add(Sha256 *s, const void *bytes, size_t size); /* bytes may be null when size is 0 */
/* Ends s; digits: 64 hexadecimal ones in small letters and a zero byte. */
void sha256_end(Sha256 *s, char digits[SHA256_DIGITS + 1]);
#endif

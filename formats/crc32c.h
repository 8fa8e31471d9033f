/* crc32c.h - the checksum of TensorFlow's record files: CRC-32C (Castagnoli), RFC 3720, appendix B.4. */
#ifndef FORMATS_CRC32C_H
#define FORMATS_CRC32C_H
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t n);
/* As record files store it: turned by 15 bits and shifted by a constant, for files that hold files with checksums. */
uint32_t crc32c_masked(const void *bytes, size_t n);
#endif

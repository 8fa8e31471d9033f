/* safetensors_hash.h - what writer and reader of a file's own hash share.
 *
 * The hash is SHA-256 of the whole file in which its own 64 digits are zeros; they stand in the header's metadata as
 * "sha256":"...", without spaces. */
#ifndef FORMATS_SAFETENSORS_HASH_H
#define FORMATS_SAFETENSORS_HASH_H
#include "sha256.h"

#define SAFETENSORS_HASH_KEY "sha256"
#define SAFETENSORS_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"
enum { SAFETENSORS_LENGTH = 8 };

/* The 8 bytes before a header of that size. */
void safetensors_length_bytes(uint64_t size, uint8_t out[SAFETENSORS_LENGTH]);
/* Where the 64 digits stand in a header; null when it has none. */
const char *safetensors_hash_place(const char *header, size_t size);
/* Begins the hash of a file with the length and the header, digits taken as zeros; the header has a place for them. */
void safetensors_hash_begin(Sha256 *s, const char *header, size_t size);
#endif

/* idx_files.h - writes small files of the MNIST family. */
#ifndef TESTS_IDX_FILES_H
#define TESTS_IDX_FILES_H
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

static inline void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, n, f);
    fclose(f);
}

static inline void put_gzip(const char *path, const char *mode, const void *bytes, size_t n)
{
    gzFile f = gzopen(path, mode);
    gzwrite(f, bytes, (unsigned)n);
    gzclose(f);
}

static inline size_t put_u32(uint8_t *b, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b[i] = (uint8_t)(v >> (24 - 8 * i));
    return 4;
}

/* n pictures of h x w whose byte k of picture i is 31 i + k; returns the size. */
static inline size_t idx_images(uint8_t *b, uint32_t n, uint32_t h, uint32_t w)
{
    size_t at = put_u32(b, 0x803);
    at += put_u32(b + at, n);
    at += put_u32(b + at, h);
    at += put_u32(b + at, w);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < h * w; k++)
            b[at++] = (uint8_t)(31 * i + k);
    return at;
}

/* Label i is 3 i % classes. */
static inline size_t idx_labels(uint8_t *b, uint32_t n, uint32_t classes)
{
    size_t at = put_u32(b, 0x801);
    at += put_u32(b + at, n);
    for (uint32_t i = 0; i < n; i++)
        b[at++] = (uint8_t)(3 * i % classes);
    return at;
}
#endif

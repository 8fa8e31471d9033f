/* UTF-8 as a terminal shows it. */
#ifndef INCEPTC_UTF8_H
#define INCEPTC_UTF8_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One character of a text as a terminal shows it. */
typedef struct Glyph {
    int n_bytes, width;
    bool plain; /* printed as it is; else as '?', a tab as ' ' */
} Glyph;

/* The code point at p (size > 0 bytes are there), its length in *n; UINT32_MAX and 1 when it is not UTF-8. */
uint32_t utf8_decode(const char *p, size_t size, int *n);
/* Control characters and those that reorder text (a way to make source read other than it is) are not plain. */
Glyph utf8_glyph(const char *p, size_t size);
#endif

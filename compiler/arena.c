#include "arena.h"
#include "diag.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

typedef struct Chunk {
    struct Chunk *next;
    size_t size, used;
    _Alignas(16) unsigned char data[];
} Chunk;

struct Arena {
    Chunk *chunks;
    size_t bytes;
};

static size_t bytes_of_all;

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "inceptc: error: out of memory (%zu bytes more were needed)\n", size);
    exit(EXIT_FILE);
}

Arena *arena_new(void)
{
    Arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory(sizeof *a);
    return a;
}

void arena_release(Arena *a)
{
    for (Chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a);
}

static void add_chunk(Arena *a, size_t size)
{
    size_t data = size > CHUNK ? size : CHUNK;
    if (data > SIZE_MAX - sizeof(Chunk))
        out_of_memory(size);
    Chunk *c = calloc(1, sizeof(Chunk) + data);
    if (!c)
        out_of_memory(size);
    c->size = data;
    c->next = a->chunks;
    a->chunks = c;
}

void *arena_alloc(Arena *a, size_t size)
{
    if (size > SIZE_MAX - 15)
        out_of_memory(size);
    size = (size + 15) & ~(size_t)15;
    if (!a->chunks || a->chunks->size - a->chunks->used < size)
        add_chunk(a, size);
    void *p = a->chunks->data + a->chunks->used;
    a->chunks->used += size;
    a->bytes += size;
    bytes_of_all += size;
    return p;
}

void *arena_array(Arena *a, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        out_of_memory(SIZE_MAX);
    return arena_alloc(a, n * size);
}

void *arena_grow(Arena *a, const void *old, size_t old_n, size_t new_n, size_t size)
{
    void *p = arena_array(a, new_n, size);
    if (old_n)
        memcpy(p, old, old_n * size);
    return p;
}

char *arena_strndup(Arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_strdup(Arena *a, const char *s) { return arena_strndup(a, s, strlen(s)); }

char *arena_vprintf(Arena *a, const char *fmt, va_list ap)
{
    va_list copy;
    va_copy(copy, ap);
    int n = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);
    if (n < 0)
        ICE("cannot format '%s'", fmt);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return p;
}

char *arena_printf(Arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *p = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return p;
}

size_t arena_bytes(const Arena *a) { return a->bytes; }
size_t arena_bytes_of_all(void) { return bytes_of_all; }

const char *arena_commas(Arena *a, int64_t v)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)v), k = 0;
    char *out = arena_alloc(a, 64);
    for (int i = 0; i < n; i++) {
        out[k++] = digits[i];
        if ((n - 1 - i) % 3 == 0 && i < n - 1 && digits[i] != '-')
            out[k++] = ',';
    }
    return out;
}

const char *number_text(double v, char out[NUMBER_TEXT])
{
    for (int digits = v > -1e9 && v < 1e9 && v == (int)v ? 10 : 1; digits <= 17; digits++) { /* 30, not 3e+01 */
        snprintf(out, NUMBER_TEXT, "%.*g", digits, v);
        if (strtod(out, NULL) == v)
            break;
    }
    return out;
}

const char *arena_number(Arena *a, double v) { return number_text(v, arena_alloc(a, NUMBER_TEXT)); }

bool text_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), k = strlen(suffix);
    return n > k && strcmp(s + n - k, suffix) == 0;
}

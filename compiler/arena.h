/* Compiler memory: arenas by lifetime, no free. */
#ifndef INCEPTC_ARENA_H
#define INCEPTC_ARENA_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_release(Arena *a);

/* Returns `size` zeroed bytes aligned to 16.  Never null: out of memory is reported and exits with 3. */
void *arena_alloc(Arena *a, size_t size);
/* Zeroed array of n elements; n * size is checked for overflow. */
void *arena_array(Arena *a, size_t n, size_t size);
/* Grows `old` (old_n elements) to new_n elements in a new place; old stays valid. */
void *arena_grow(Arena *a, const void *old, size_t old_n, size_t new_n, size_t size);
char *arena_strdup(Arena *a, const char *s);
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_printf(Arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *a, const char *fmt, va_list ap);
const char *arena_commas(Arena *a, int64_t v); /* 6998552 -> "6,998,552" */
/* The shortest decimal that reads back as v, into out; returns out. */
enum { NUMBER_TEXT = 32 };
const char *number_text(double v, char out[NUMBER_TEXT]);
const char *arena_number(Arena *a, double v); /* number_text in the arena */
/* Whether s is longer than suffix and ends with it. */
bool text_ends_with(const char *s, const char *suffix);
/* Bytes handed out so far, for the limits of elaborate; of all arenas, those too that are gone, for -ftime-report. */
size_t arena_bytes(const Arena *a);
size_t arena_bytes_of_all(void);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, n, T) ((T *)arena_array((a), (size_t)(n), sizeof(T)))

/* A growable list in an arena: struct { T *at; int n, cap; }. */
#define LIST(T) struct { T *at; int n, cap; }
#define LIST_PUSH(a, l, v) \
    do { \
        if ((l)->n == (l)->cap) { \
            int cap_ = (l)->cap ? 2 * (l)->cap : 8; \
            (l)->at = arena_grow((a), (l)->at, (size_t)(l)->n, (size_t)cap_, sizeof *(l)->at); \
            (l)->cap = cap_; \
        } \
        (l)->at[(l)->n++] = (v); \
    } while (0)
#endif

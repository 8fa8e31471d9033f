/* What names stand for: the hash table of the compiler. It lives in an arena and borrows its names. */
#ifndef INCEPTC_NAME_TABLE_H
#define INCEPTC_NAME_TABLE_H
#include "arena.h"

typedef struct NameTable { /* zeroed: empty */
    struct NameSlot *slot;
    int size, used; /* size is 0 or a power of two */
} NameTable;

/* What the name, or the first n bytes of `text`, stands for; null: nothing. */
void *name_table_find(const NameTable *t, const char *name);
void *name_table_find_n(const NameTable *t, const char *text, size_t n);
/* From now on the name stands for `value`, whatever it stood for; null: for nothing. */
void name_table_set(Arena *a, NameTable *t, const char *name, void *value);
#endif

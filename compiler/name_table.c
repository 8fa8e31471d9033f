#include "name_table.h"
#include <string.h>

enum { FIRST_SIZE = 8 };

typedef struct NameSlot {
    const char *name; /* null: empty */
    void *value;
} NameSlot;

static uint32_t hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h;
}

/* The slot of the name, or the empty one that it would take. */
static NameSlot *slot_of(const NameTable *t, const char *text, size_t n)
{
    for (uint32_t h = hash(text, n);; h++) {
        NameSlot *s = &t->slot[h & (uint32_t)(t->size - 1)];
        if (!s->name || (strncmp(s->name, text, n) == 0 && s->name[n] == '\0'))
            return s;
    }
}

static void grow(Arena *a, NameTable *t)
{
    NameTable old = *t;
    t->size = old.size ? 2 * old.size : FIRST_SIZE;
    t->slot = ARENA_ARRAY(a, t->size, NameSlot);
    for (int i = 0; i < old.size; i++)
        if (old.slot[i].name)
            *slot_of(t, old.slot[i].name, strlen(old.slot[i].name)) = old.slot[i];
}

void *name_table_find_n(const NameTable *t, const char *text, size_t n) { return t->size ? slot_of(t, text, n)->value : NULL; }

void *name_table_find(const NameTable *t, const char *name) { return name_table_find_n(t, name, strlen(name)); }

void name_table_set(Arena *a, NameTable *t, const char *name, void *value)
{
    if (2 * t->used >= t->size)
        grow(a, t);
    NameSlot *s = slot_of(t, name, strlen(name));
    t->used += !s->name;
    *s = (NameSlot){ name, value };
}

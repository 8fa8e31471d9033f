/* pickle.h - a machine for Python pickles of protocols 2 to 5 that has no way to call anything.
 *
 * It builds plain data.  A global is a row of the caller's table or an error; REDUCE and NEWOBJ only
 * note what would have been called with what.  Time is linear in the bytes read and memory is
 * bounded: an opcode makes at most a few values of 16 bytes, sharing through the memo costs nothing,
 * and all of it counts against the caller's budget.  Nothing recurses.
 * Source: Lib/pickletools.py of CPython 3.11. */
#ifndef FORMATS_PICKLE_H
#define FORMATS_PICKLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum PickleKind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,   /* i */
    PICKLE_LONG,  /* beyond 64 bits: n bytes at `at`, little-endian two's complement */
    PICKLE_FLOAT, /* not looked at */
    PICKLE_TEXT,  /* n bytes at `at`, UTF-8 */
    PICKLE_BYTES,
    PICKLE_TUPLE,  /* n items */
    PICKLE_LIST,   /* n items; also a set */
    PICKLE_DICT,   /* n pairs */
    PICKLE_GLOBAL, /* row i of the table */
    PICKLE_STORED, /* persistent id: value a; opcode at byte n */
    PICKLE_OBJECT  /* row a called with tuple b; opcode at byte n */
} PickleKind;
const char *pickle_kind_name(PickleKind k); /* "a tuple" */

typedef struct PickleValue {
    uint8_t kind;
    uint32_t n;
    union {
        int64_t i;
        uint64_t at; /* byte of the pickle */
        struct {
            uint32_t a, b; /* of a list or dict: its first and last cell */
        };
    };
} PickleValue;
typedef struct PickleCell { /* an item of a list, a key or a value of a dict */
    uint32_t value, next;   /* 0: the last */
} PickleCell;

typedef enum PickleRole {
    PICKLE_NAME,   /* may be named, not called */
    PICKLE_MAKER,  /* a call makes a PICKLE_OBJECT */
    PICKLE_MAPPING /* a call makes a PICKLE_DICT */
} PickleRole;
typedef struct PickleGlobal {
    const char *module, *name;
    PickleRole role;
    const char *refused; /* why it cannot be read; null when it can */
    int detail;          /* the caller's */
} PickleGlobal;

typedef struct Pickle {
    /* the caller's, set before pickle_run */
    const uint8_t *bytes;
    size_t size;
    const PickleGlobal *globals;
    int n_globals;
    size_t budget; /* bytes of memory */
    /* results */
    uint32_t root;
    uint32_t at; /* bytes read */
    PickleValue *values;
    PickleCell *cells; /* from 1 */
    uint32_t *items;   /* of tuples, from their value a */
    uint32_t n_values, n_cells, n_items;
    bool no_memory;
    uint32_t error_at;
    char error[512];
    /* the machine's */
    uint32_t *stack, *marks, *memo;
    uint32_t n_stack, n_marks, n_memo, values_room, cells_room, items_room, stack_room, marks_room,
        memo_room;
    uint32_t op_at; /* of the opcode being done */
    size_t used;
} Pickle;

/* Reads one pickle, up to its STOP.  On false, error and error_at say why (or no_memory); in both
 * cases the caller ends it with pickle_release. */
bool pickle_run(Pickle *p);
void pickle_release(Pickle *p);

static inline const PickleValue *pickle_item(const Pickle *p, const PickleValue *tuple, uint32_t i)
{
    return &p->values[p->items[tuple->a + i]];
}
bool pickle_text_is(const Pickle *p, const PickleValue *v, const char *text);
#endif

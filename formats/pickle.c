/* pickle.c - a table of opcodes, a stack, a memo. */
#include "pickle.h"
#include "bytes.h"
#include "json.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = { "None",     "a bool", "an integer", "a huge integer",
                                          "a float",  "a text", "bytes",      "a tuple",
                                          "a list",   "a dict", "a global",   "a persistent id",
                                          "an object" };
const char *pickle_kind_name(PickleKind k) { return kind_names[k]; }

__attribute__((format(printf, 3, 4))) static void say(Pickle *p, uint32_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->error, sizeof p->error, fmt, args);
    va_end(args);
    p->error_at = at;
}
#define broken(...) (say(__VA_ARGS__), false)

/* ---- Memory ---- */

/* Makes room for n + 1 elements, within the budget. */
static bool grow(Pickle *p, void *array, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return true;
    uint64_t more = (uint64_t)*room + *room / 2 + 64, bytes = (more - *room) * size;
    if (more > UINT32_MAX || bytes > p->budget - p->used)
        return broken(p, p->op_at, "its values take more than the %zu bytes allowed for this file",
                      p->budget);
    void *old;
    memcpy(&old, array, sizeof old);
    void *new = realloc(old, more * size);
    if (!new) {
        p->no_memory = true;
        return broken(p, p->op_at, "out of memory");
    }
    memcpy(array, &new, sizeof new);
    *room = (uint32_t)more;
    p->used += bytes;
    return true;
}

void pickle_release(Pickle *p)
{
    free(p->values);
    free(p->cells);
    free(p->items);
    free(p->stack);
    free(p->marks);
    free(p->memo);
    p->values = NULL;
    p->cells = NULL;
    p->items = p->stack = p->marks = p->memo = NULL;
}

/* ---- Values and the stack ---- */

static bool push(Pickle *p, uint32_t value)
{
    if (!grow(p, &p->stack, p->n_stack, &p->stack_room, sizeof *p->stack))
        return false;
    p->stack[p->n_stack++] = value;
    return true;
}

/* The values above the last mark, or all. */
static uint32_t above_mark(const Pickle *p)
{
    return p->n_stack - (p->n_marks ? p->marks[p->n_marks - 1] : 0);
}

static bool need(Pickle *p, uint32_t n)
{
    return above_mark(p) >= n ||
           broken(p, p->op_at, "an opcode that needs %" PRIu32 " values, but %" PRIu32 " are there",
                  n, above_mark(p));
}

static PickleValue *top(Pickle *p, uint32_t depth)
{
    return &p->values[p->stack[p->n_stack - 1 - depth]];
}

static bool add_value(Pickle *p, PickleValue v, uint32_t *id)
{
    if (!grow(p, &p->values, p->n_values, &p->values_room, sizeof *p->values))
        return false;
    p->values[*id = p->n_values++] = v;
    return true;
}

static bool make(Pickle *p, PickleValue v)
{
    uint32_t id;
    return add_value(p, v, &id) && push(p, id);
}

/* Takes off n values and puts v there. */
static bool replace(Pickle *p, uint32_t n, PickleValue v)
{
    p->n_stack -= n;
    return make(p, v);
}

static bool take(Pickle *p, uint64_t n, uint32_t *from)
{
    if (n > p->size - p->at)
        return broken(p, p->op_at, "an operand of %" PRIu64 " bytes, but %" PRIu64 " are left", n,
                      (uint64_t)(p->size - p->at));
    *from = p->at;
    p->at += (uint32_t)n;
    return true;
}

static bool take_number(Pickle *p, size_t n, uint64_t *out)
{
    uint32_t from;
    if (!take(p, n, &from))
        return false;
    *out = bytes_le(p->bytes + from, n);
    return true;
}

/* Takes off the last mark and does f with the values that were above it. */
static bool with_mark(Pickle *p, bool (*f)(Pickle *p, uint32_t n))
{
    if (!p->n_marks)
        return broken(p, p->op_at, "an opcode that needs a mark, but there is none");
    uint32_t n = above_mark(p);
    p->n_marks--;
    return f(p, n);
}

/* ---- Plain values ---- */

static bool op_none(Pickle *p) { return make(p, (PickleValue){ .kind = PICKLE_NONE }); }
static bool op_false(Pickle *p) { return make(p, (PickleValue){ .kind = PICKLE_BOOL }); }
static bool op_true(Pickle *p) { return make(p, (PickleValue){ .kind = PICKLE_BOOL, .i = 1 }); }

/* An integer of n bytes; sign: whether its highest bit is one. */
static bool integer(Pickle *p, size_t n, bool sign)
{
    uint64_t u;
    if (!take_number(p, n, &u))
        return false;
    if (sign && n && n < 8 && u >> (8 * n - 1))
        u |= ~UINT64_C(0) << 8 * n;
    return make(p, (PickleValue){ .kind = PICKLE_INT, .i = (int64_t)u });
}
static bool op_int1(Pickle *p) { return integer(p, 1, false); }
static bool op_int2(Pickle *p) { return integer(p, 2, false); }
static bool op_int4(Pickle *p) { return integer(p, 4, true); }

/* A length of `width` bytes and so many bytes of an integer. */
static bool long_integer(Pickle *p, size_t width)
{
    uint64_t n;
    uint32_t from;
    if (!take_number(p, width, &n))
        return false;
    if (n <= 8)
        return integer(p, (size_t)n, true);
    return take(p, n, &from) &&
           make(p, (PickleValue){ .kind = PICKLE_LONG, .n = (uint32_t)n, .at = from });
}
static bool op_long1(Pickle *p) { return long_integer(p, 1); }
static bool op_long4(Pickle *p) { return long_integer(p, 4); }

static bool op_float(Pickle *p)
{
    uint32_t from;
    return take(p, 8, &from) && make(p, (PickleValue){ .kind = PICKLE_FLOAT });
}

/* A length of `width` bytes and so many bytes. */
static bool counted(Pickle *p, PickleKind kind, size_t width)
{
    uint64_t n;
    uint32_t from;
    size_t bad;
    if (!take_number(p, width, &n) || !take(p, n, &from))
        return false;
    if (kind == PICKLE_TEXT && !json_is_utf8(p->bytes + from, n, &bad))
        return broken(p, from + (uint32_t)bad, "a text that is not UTF-8");
    return make(p, (PickleValue){ .kind = (uint8_t)kind, .n = (uint32_t)n, .at = from });
}
static bool op_text1(Pickle *p) { return counted(p, PICKLE_TEXT, 1); }
static bool op_text4(Pickle *p) { return counted(p, PICKLE_TEXT, 4); }
static bool op_text8(Pickle *p) { return counted(p, PICKLE_TEXT, 8); }
static bool op_bytes1(Pickle *p) { return counted(p, PICKLE_BYTES, 1); }
static bool op_bytes4(Pickle *p) { return counted(p, PICKLE_BYTES, 4); }
static bool op_bytes8(Pickle *p) { return counted(p, PICKLE_BYTES, 8); }

/* ---- Tuples, lists, dicts ---- */

static bool tuple(Pickle *p, uint32_t n)
{
    uint32_t first = p->n_items;
    if (!need(p, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!grow(p, &p->items, p->n_items, &p->items_room, sizeof *p->items))
            return false;
        p->items[p->n_items++] = p->stack[p->n_stack - n + i];
    }
    return replace(p, n, (PickleValue){ .kind = PICKLE_TUPLE, .n = n, .a = first });
}
static bool op_tuple0(Pickle *p) { return tuple(p, 0); }
static bool op_tuple1(Pickle *p) { return tuple(p, 1); }
static bool op_tuple2(Pickle *p) { return tuple(p, 2); }
static bool op_tuple3(Pickle *p) { return tuple(p, 3); }
static bool op_tuple(Pickle *p) { return with_mark(p, tuple); }

static bool op_list(Pickle *p) { return make(p, (PickleValue){ .kind = PICKLE_LIST }); }
static bool op_dict(Pickle *p) { return make(p, (PickleValue){ .kind = PICKLE_DICT }); }

/* Puts a cell behind the last one of v. */
static bool append(Pickle *p, PickleValue *v, uint32_t value)
{
    if (!p->n_cells)
        p->n_cells = 1;
    if (!grow(p, &p->cells, p->n_cells, &p->cells_room, sizeof *p->cells))
        return false;
    uint32_t id = p->n_cells++;
    p->cells[id] = (PickleCell){ .value = value };
    if (v->a)
        p->cells[v->b].next = id;
    else
        v->a = id;
    v->b = id;
    return true;
}

/* The n values on top go into the container below them; an object swallows them. */
static bool add_items(Pickle *p, uint32_t n, PickleKind kind)
{
    if (!need(p, n + 1))
        return false;
    PickleValue *v = top(p, n);
    uint32_t each = kind == PICKLE_DICT ? 2 : 1;
    if (n % each)
        return broken(p, p->op_at, "a key without a value");
    if (v->kind != kind && v->kind != PICKLE_OBJECT)
        return broken(p, p->op_at, "items for %s; expected %s", kind_names[v->kind],
                      kind_names[kind]);
    if (v->kind == kind) {
        for (uint32_t i = 0; i < n; i++)
            if (!append(p, v, p->stack[p->n_stack - n + i]))
                return false;
        v->n += n / each;
    }
    p->n_stack -= n;
    return true;
}
static bool to_list(Pickle *p, uint32_t n) { return add_items(p, n, PICKLE_LIST); }
static bool to_dict(Pickle *p, uint32_t n) { return add_items(p, n, PICKLE_DICT); }
static bool op_append(Pickle *p) { return to_list(p, 1); }
static bool op_setitem(Pickle *p) { return to_dict(p, 2); }
static bool op_appends(Pickle *p) { return with_mark(p, to_list); }
static bool op_setitems(Pickle *p) { return with_mark(p, to_dict); }

/* ---- Stack and memo ---- */

static bool op_mark(Pickle *p)
{
    if (!grow(p, &p->marks, p->n_marks, &p->marks_room, sizeof *p->marks))
        return false;
    p->marks[p->n_marks++] = p->n_stack;
    return true;
}
static bool drop(Pickle *p, uint32_t n)
{
    if (!need(p, n))
        return false;
    p->n_stack -= n;
    return true;
}
static bool op_pop(Pickle *p) { return drop(p, 1); }
static bool op_pop_mark(Pickle *p) { return with_mark(p, drop); }
static bool op_dup(Pickle *p) { return need(p, 1) && push(p, p->stack[p->n_stack - 1]); }

enum { NOTHING = 0xffffffff }; /* in the memo */

/* Python counts the memo up from 0, so a slot beyond the bytes read so far is not its work. */
static bool put(Pickle *p, uint64_t slot)
{
    if (!need(p, 1))
        return false;
    if (slot > p->op_at)
        return broken(p, p->op_at, "memo slot %" PRIu64 ", beyond any count of values so far", slot);
    while (p->n_memo <= slot) {
        if (!grow(p, &p->memo, p->n_memo, &p->memo_room, sizeof *p->memo))
            return false;
        p->memo[p->n_memo++] = NOTHING;
    }
    p->memo[slot] = p->stack[p->n_stack - 1];
    return true;
}
static bool op_memoize(Pickle *p) { return put(p, p->n_memo); }

static bool get(Pickle *p, uint64_t slot)
{
    if (slot >= p->n_memo || p->memo[slot] == NOTHING)
        return broken(p, p->op_at, "memo slot %" PRIu64 " was never filled", slot);
    return push(p, p->memo[slot]);
}

static bool with_slot(Pickle *p, size_t width, bool (*f)(Pickle *p, uint64_t slot))
{
    uint64_t slot;
    return take_number(p, width, &slot) && f(p, slot);
}
static bool op_put1(Pickle *p) { return with_slot(p, 1, put); }
static bool op_put4(Pickle *p) { return with_slot(p, 4, put); }
static bool op_get1(Pickle *p) { return with_slot(p, 1, get); }
static bool op_get4(Pickle *p) { return with_slot(p, 4, get); }

/* ---- Globals and what would be calls ---- */

static bool same(const char *s, const uint8_t *text, uint32_t n)
{
    return strlen(s) == n && memcmp(s, text, n) == 0;
}

static bool refuse_global(Pickle *p, const uint8_t *module, uint32_t m, const uint8_t *name,
                          uint32_t n, const char *why)
{
    bool is_class = n && name[0] >= 'A' && name[0] <= 'Z';
    int shown_m = m < 100 ? (int)m : 100, shown_n = n < 100 ? (int)n : 100;
    return broken(p, p->op_at, "global %.*s.%.*s is %s; refusing%s", shown_m, (const char *)module,
                  shown_n, (const char *)name, why ? why : "not a tensor constructor",
                  is_class && !why ? " (a whole module? save model.state_dict() instead)" : "");
}

/* The row of the table for this name; row is set when it may be used. */
static bool find_global(Pickle *p, const uint8_t *module, uint32_t m, const uint8_t *name,
                        uint32_t n, int *row)
{
    for (int i = 0; i < p->n_globals; i++) {
        const PickleGlobal *g = &p->globals[i];
        if (!same(g->name, name, n) || !same(g->module, module, m))
            continue;
        *row = i;
        return !g->refused || refuse_global(p, module, m, name, n, g->refused);
    }
    return refuse_global(p, module, m, name, n, NULL);
}

static bool take_line(Pickle *p, uint32_t *from, uint32_t *n)
{
    const uint8_t *end = memchr(p->bytes + p->at, '\n', p->size - p->at);
    if (!end)
        return broken(p, p->op_at, "a global's name that never ends");
    *from = p->at;
    *n = (uint32_t)(end - p->bytes) - p->at;
    p->at += *n + 1;
    return true;
}

static bool op_global(Pickle *p)
{
    uint32_t module, m, name, n;
    int row;
    return take_line(p, &module, &m) && take_line(p, &name, &n) &&
           find_global(p, p->bytes + module, m, p->bytes + name, n, &row) &&
           make(p, (PickleValue){ .kind = PICKLE_GLOBAL, .i = row });
}

static bool op_stack_global(Pickle *p)
{
    int row;
    if (!need(p, 2))
        return false;
    const PickleValue *module = top(p, 1), *name = top(p, 0);
    if (module->kind != PICKLE_TEXT || name->kind != PICKLE_TEXT)
        return broken(p, p->op_at, "a global named by %s and %s; expected texts",
                      kind_names[module->kind], kind_names[name->kind]);
    return find_global(p, p->bytes + module->at, module->n, p->bytes + name->at, name->n, &row) &&
           replace(p, 2, (PickleValue){ .kind = PICKLE_GLOBAL, .i = row });
}

/* OrderedDict([[key, value], ...]), as Python 2 wrote it. */
static bool fill_mapping(Pickle *p, const PickleValue *args, PickleValue *dict)
{
    if (args->n == 0)
        return true;
    const PickleValue *list = pickle_item(p, args, 0);
    if (args->n != 1 || list->kind != PICKLE_LIST)
        return broken(p, p->op_at, "a mapping made of %s; expected a list of pairs",
                      kind_names[list->kind]);
    for (uint32_t c = list->a; c; c = p->cells[c].next) {
        const PickleValue *pair = &p->values[p->cells[c].value];
        bool is_list = pair->kind == PICKLE_LIST;
        if (pair->n != 2 || (!is_list && pair->kind != PICKLE_TUPLE))
            return broken(p, p->op_at, "a mapping made of %s; expected a pair",
                          kind_names[pair->kind]);
        uint32_t key = is_list ? p->cells[pair->a].value : p->items[pair->a],
                 value = is_list ? p->cells[pair->b].value : p->items[pair->a + 1];
        if (!append(p, dict, key) || !append(p, dict, value))
            return false;
        dict->n++;
    }
    return true;
}

static bool op_reduce(Pickle *p)
{
    if (!need(p, 2))
        return false;
    const PickleValue *f = top(p, 1), *args = top(p, 0);
    if (f->kind != PICKLE_GLOBAL || args->kind != PICKLE_TUPLE)
        return broken(p, p->op_at, "a call of %s with %s; expected a global and a tuple",
                      kind_names[f->kind], kind_names[args->kind]);
    const PickleGlobal *g = &p->globals[f->i];
    if (g->role == PICKLE_NAME)
        return broken(p, p->op_at, "a call of %s.%s, which is a name only; refusing", g->module,
                      g->name);
    PickleValue v = { .kind = PICKLE_DICT };
    if (g->role == PICKLE_MAPPING && !fill_mapping(p, args, &v))
        return false;
    if (g->role == PICKLE_MAKER)
        v = (PickleValue){ .kind = PICKLE_OBJECT, .n = p->op_at, .a = (uint32_t)f->i,
                           .b = p->stack[p->n_stack - 1] };
    return replace(p, 2, v);
}

/* The state that an object or an ordered dict gets after it is made does not matter to tensors. */
static bool op_build(Pickle *p)
{
    if (!need(p, 2))
        return false;
    PickleKind kind = (PickleKind)top(p, 1)->kind;
    if (kind != PICKLE_OBJECT && kind != PICKLE_DICT)
        return broken(p, p->op_at, "a state for %s; expected an object", kind_names[kind]);
    p->n_stack--;
    return true;
}

static bool op_persistent(Pickle *p)
{
    return need(p, 1) && replace(p, 1, (PickleValue){ .kind = PICKLE_STORED, .n = p->op_at,
                                                      .a = p->stack[p->n_stack - 1] });
}

static bool op_frame(Pickle *p)
{
    uint64_t n;
    if (!take_number(p, 8, &n))
        return false;
    return n <= p->size - p->at || broken(p, p->op_at, "a frame of %" PRIu64 " bytes, but %" PRIu64
                                          " are left", n, (uint64_t)(p->size - p->at));
}

/* ---- The table ---- */

enum { OP_PROTO = 0x80, OP_STOP = '.' };
static const struct {
    const char *name;
    bool (*run)(Pickle *p); /* null: known, but no tensor needs it */
} ops[256] = {
    ['('] = { "MARK", op_mark },
    [')'] = { "EMPTY_TUPLE", op_tuple0 },
    ['0'] = { "POP", op_pop },
    ['1'] = { "POP_MARK", op_pop_mark },
    ['2'] = { "DUP", op_dup },
    ['B'] = { "BINBYTES", op_bytes4 },
    ['C'] = { "SHORT_BINBYTES", op_bytes1 },
    ['F'] = { "FLOAT", NULL },
    ['G'] = { "BINFLOAT", op_float },
    ['I'] = { "INT", NULL },
    ['J'] = { "BININT", op_int4 },
    ['K'] = { "BININT1", op_int1 },
    ['L'] = { "LONG", NULL },
    ['M'] = { "BININT2", op_int2 },
    ['N'] = { "NONE", op_none },
    ['P'] = { "PERSID", NULL },
    ['Q'] = { "BINPERSID", op_persistent },
    ['R'] = { "REDUCE", op_reduce },
    ['S'] = { "STRING", NULL },
    ['T'] = { "BINSTRING", op_text4 },
    ['U'] = { "SHORT_BINSTRING", op_text1 },
    ['V'] = { "UNICODE", NULL },
    ['X'] = { "BINUNICODE", op_text4 },
    [']'] = { "EMPTY_LIST", op_list },
    ['a'] = { "APPEND", op_append },
    ['b'] = { "BUILD", op_build },
    ['c'] = { "GLOBAL", op_global },
    ['d'] = { "DICT", NULL },
    ['e'] = { "APPENDS", op_appends },
    ['g'] = { "GET", NULL },
    ['h'] = { "BINGET", op_get1 },
    ['i'] = { "INST", NULL },
    ['j'] = { "LONG_BINGET", op_get4 },
    ['l'] = { "LIST", NULL },
    ['o'] = { "OBJ", NULL },
    ['p'] = { "PUT", NULL },
    ['q'] = { "BINPUT", op_put1 },
    ['r'] = { "LONG_BINPUT", op_put4 },
    ['s'] = { "SETITEM", op_setitem },
    ['t'] = { "TUPLE", op_tuple },
    ['u'] = { "SETITEMS", op_setitems },
    ['}'] = { "EMPTY_DICT", op_dict },
    [0x81] = { "NEWOBJ", op_reduce },
    [0x82] = { "EXT1", NULL },
    [0x83] = { "EXT2", NULL },
    [0x84] = { "EXT4", NULL },
    [0x85] = { "TUPLE1", op_tuple1 },
    [0x86] = { "TUPLE2", op_tuple2 },
    [0x87] = { "TUPLE3", op_tuple3 },
    [0x88] = { "NEWTRUE", op_true },
    [0x89] = { "NEWFALSE", op_false },
    [0x8a] = { "LONG1", op_long1 },
    [0x8b] = { "LONG4", op_long4 },
    [0x8c] = { "SHORT_BINUNICODE", op_text1 },
    [0x8d] = { "BINUNICODE8", op_text8 },
    [0x8e] = { "BINBYTES8", op_bytes8 },
    [0x8f] = { "EMPTY_SET", op_list },
    [0x90] = { "ADDITEMS", op_appends },
    [0x91] = { "FROZENSET", op_tuple },
    [0x92] = { "NEWOBJ_EX", NULL },
    [0x93] = { "STACK_GLOBAL", op_stack_global },
    [0x94] = { "MEMOIZE", op_memoize },
    [0x95] = { "FRAME", op_frame },
    [0x96] = { "BYTEARRAY8", op_bytes8 },
    [0x97] = { "NEXT_BUFFER", NULL },
    [0x98] = { "READONLY_BUFFER", NULL },
};

static bool take_protocol(Pickle *p)
{
    if (p->size < 2 || p->bytes[0] != OP_PROTO)
        return broken(p, 0, "a pickle must begin with PROTO (protocol 2 or later)");
    if (p->bytes[1] < 2 || p->bytes[1] > 5)
        return broken(p, 1, "pickle protocol %d; expected 2 to 5", p->bytes[1]);
    p->at = 2;
    return true;
}

bool pickle_run(Pickle *p)
{
    if (p->size > UINT32_MAX - 1)
        p->size = UINT32_MAX - 1; /* of a larger file, only the beginning can be pickles */
    if (!take_protocol(p))
        return false;
    while (p->at < p->size) {
        p->op_at = p->at;
        uint8_t op = p->bytes[p->at++];
        if (op == OP_STOP) {
            if (p->n_stack != 1 || p->n_marks)
                return broken(p, p->op_at, "STOP with %" PRIu32 " values and %" PRIu32
                              " marks; expected one value", p->n_stack, p->n_marks);
            p->root = p->stack[0];
            return true;
        }
        if (!ops[op].run)
            return broken(p, p->op_at, "opcode 0x%02x%s%s is in no pickle of tensors; refusing", op,
                          ops[op].name ? " " : "", ops[op].name ? ops[op].name : "");
        if (!ops[op].run(p))
            return false;
    }
    return broken(p, p->at, "the pickle ends without STOP");
}

bool pickle_text_is(const Pickle *p, const PickleValue *v, const char *text)
{
    return v->kind == PICKLE_TEXT && same(text, p->bytes + v->at, v->n);
}

/* The patterns of name maps: matched against a whole name in bounded time. */
#ifndef INCEPTC_NAME_PATTERN_H
#define INCEPTC_NAME_PATTERN_H
#include "../arena.h"

enum { PATTERN_CAPTURES = 9, PATTERN_UNITS = 200, PATTERN_STEPS = 20000, PATTERN_NAME = 1000 };
typedef enum UnitKind { UNIT_CHARS, UNIT_OPEN, UNIT_CLOSE } UnitKind;
typedef struct PatternUnit {
    UnitKind kind;
    unsigned char set[32]; /* UNIT_CHARS: bit c of the 256 */
    int literal;           /* the only character of the set, or -1 */
    bool repeats, may_miss; /* "+" repeats, "*" also may miss */
    int capture;           /* UNIT_OPEN, UNIT_CLOSE: 0 to 8 */
} PatternUnit;
typedef struct Pattern {
    LIST(PatternUnit) units;
    int n_captures;
} Pattern;
typedef struct Captured {
    const char *at[PATTERN_CAPTURES];
    int size[PATTERN_CAPTURES];
} Captured;

/* Null when text (size bytes) is a pattern, else what is wrong, and *column (from 1) where. */
const char *pattern_parse(Arena *a, const char *text, size_t size, Pattern *p, int *column);
/* Whether the whole of name matches; greedy units take what they can. False as well after PATTERN_STEPS trials and
 * for a name of more than PATTERN_NAME bytes. */
bool pattern_match(const Pattern *p, const char *name, Captured *out);
void pattern_add_literal(Arena *a, Pattern *p, char c);
#endif

#include "name_pattern.h"
#include <string.h>

/* ---- Parsing ---- */

typedef struct Reader {
    Arena *a;
    const char *text;
    size_t size, at;
    Pattern *p;
    int open_column; /* of the last "(" */
    const char *error;
} Reader;

static bool has(const PatternUnit *u, unsigned char c) { return u->set[c / 8] >> c % 8 & 1; }
static void put(PatternUnit *u, unsigned char c) { u->set[c / 8] |= (unsigned char)(1 << c % 8); }

static bool fail(Reader *r, const char *why)
{
    r->error = why;
    return false;
}

static PatternUnit literal(char c)
{
    PatternUnit u = { .kind = UNIT_CHARS, .literal = (unsigned char)c };
    put(&u, (unsigned char)c);
    return u;
}

void pattern_add_literal(Arena *a, Pattern *p, char c) { LIST_PUSH(a, &p->units, literal(c)); }

/* Behind "[". */
static bool read_class(Reader *r, PatternUnit *u)
{
    bool negated = r->at < r->size && r->text[r->at] == '^';
    r->at += negated;
    for (size_t first = r->at; r->at < r->size && (r->text[r->at] != ']' || r->at == first); r->at++) {
        unsigned char low = (unsigned char)r->text[r->at], high = low;
        if (r->at + 2 < r->size && r->text[r->at + 1] == '-' && r->text[r->at + 2] != ']') {
            high = (unsigned char)r->text[r->at + 2];
            r->at += 2;
        }
        if (high < low)
            return fail(r, "the range of this class is empty");
        for (int c = low; c <= high; c++)
            put(u, (unsigned char)c);
    }
    if (r->at >= r->size)
        return fail(r, "this class has no ']'");
    r->at++;
    for (int i = 0; negated && i < 32; i++)
        u->set[i] = (unsigned char)~u->set[i];
    return true;
}

static bool read_unit(Reader *r, int *open)
{
    PatternUnit u = { .kind = UNIT_CHARS, .literal = -1 };
    char c = r->text[r->at++];
    if (c == '(' || c == ')') {
        if ((c == '(') != (*open < 0))
            return fail(r, c == '(' ? "captures do not nest" : "this ')' has no '('");
        if (r->p->n_captures == PATTERN_CAPTURES && c == '(')
            return fail(r, "there are more than 9 captures");
        r->open_column = c == '(' ? (int)r->at : r->open_column;
        u.kind = c == '(' ? UNIT_OPEN : UNIT_CLOSE;
        u.capture = c == '(' ? r->p->n_captures++ : *open;
        *open = c == '(' ? u.capture : -1;
    } else if (c == '[') {
        if (!read_class(r, &u))
            return false;
    } else if (c == '.') {
        memset(u.set, 0xff, sizeof u.set);
    } else if (c == '\\') {
        if (r->at >= r->size)
            return fail(r, "nothing follows this '\\'");
        u = literal(r->text[r->at++]);
    } else if (strchr("*+?{}|^$", c)) {
        return fail(r, "this character has no meaning here; write '\\' before it if it stands for itself");
    } else {
        u = literal(c);
    }
    if (u.kind == UNIT_CHARS && r->at < r->size && (r->text[r->at] == '*' || r->text[r->at] == '+')) {
        u.may_miss = r->text[r->at++] == '*';
        u.repeats = true;
    }
    LIST_PUSH(r->a, &r->p->units, u);
    return true;
}

const char *pattern_parse(Arena *a, const char *text, size_t size, Pattern *p, int *column)
{
    Reader r = { a, text, size, 0, p, 0, NULL };
    *p = (Pattern){ 0 };
    int open = -1;
    while (r.at < size) {
        *column = (int)r.at + 1;
        if (p->units.n == PATTERN_UNITS)
            return "the pattern has more than 200 units";
        if (!read_unit(&r, &open))
            return r.error;
    }
    if (open >= 0)
        *column = r.open_column;
    return open >= 0 ? "a '(' is not closed" : NULL;
}

/* ---- Matching: backtracking over greedy units, with a bound ---- */

typedef struct Matcher {
    const Pattern *p;
    Captured *out;
    int steps;
} Matcher;

static bool match(Matcher *m, int unit, const char *s);

static bool match_repeated(Matcher *m, const PatternUnit *u, int unit, const char *s)
{
    const char *end = s;
    while (*end && has(u, (unsigned char)*end))
        end++;
    for (; end >= s + !u->may_miss; end--)
        if (match(m, unit + 1, end))
            return true;
    return false;
}

static bool match(Matcher *m, int unit, const char *s)
{
    if (++m->steps > PATTERN_STEPS)
        return false;
    if (unit == m->p->units.n)
        return *s == '\0';
    const PatternUnit *u = &m->p->units.at[unit];
    switch (u->kind) {
    case UNIT_OPEN:
        m->out->at[u->capture] = s;
        return match(m, unit + 1, s);
    case UNIT_CLOSE:
        if (!match(m, unit + 1, s))
            return false;
        m->out->size[u->capture] = (int)(s - m->out->at[u->capture]);
        return true;
    case UNIT_CHARS: break;
    }
    if (u->repeats)
        return match_repeated(m, u, unit, s);
    return *s && has(u, (unsigned char)*s) && match(m, unit + 1, s + 1);
}

bool pattern_match(const Pattern *p, const char *name, Captured *out)
{
    Matcher m = { p, out, 0 };
    *out = (Captured){ 0 };
    return strnlen(name, PATTERN_NAME + 1) <= PATTERN_NAME && match(&m, 0, name);
}

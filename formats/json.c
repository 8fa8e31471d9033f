/* json.c - strict JSON, RFC 8259, without numbers other than unsigned integers. */
#include "json.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool json_error(JsonReader *r, size_t at, const char *fmt, ...)
{
    if (r->failed)
        return false;
    r->failed = true;
    r->error_at = at;
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->error, sizeof r->error, fmt, args);
    va_end(args);
    return false;
}

void json_skip_space(JsonReader *r)
{
    while (r->at < r->size && memchr(" \t\n\r", r->text[r->at], 4))
        r->at++;
}

void json_describe(const JsonReader *r, char out[32])
{
    if (r->at >= r->size)
        snprintf(out, 32, "the end of the text");
    else if (r->text[r->at] > ' ' && r->text[r->at] < 0x7f)
        snprintf(out, 32, "'%c'", r->text[r->at]);
    else
        snprintf(out, 32, "byte 0x%02x", r->text[r->at]);
}

bool json_next_is(JsonReader *r, char c)
{
    json_skip_space(r);
    if (r->failed || r->at >= r->size || r->text[r->at] != (uint8_t)c)
        return false;
    r->at++;
    return true;
}

static bool expected(JsonReader *r, const char *what)
{
    char found[32];
    json_describe(r, found);
    return json_error(r, r->at, "expected %s, found %s", what, found);
}

bool json_take(JsonReader *r, char c)
{
    char what[] = { '\'', c, '\'', 0 };
    return json_next_is(r, c) || expected(r, what);
}

/* ---- Strings ---- */

static void put(JsonReader *r, uint32_t byte) { r->strings[r->strings_used++] = (char)byte; }

static void put_utf8(JsonReader *r, uint32_t c)
{
    if (c < 0x80) {
        put(r, c);
    } else if (c < 0x800) {
        put(r, 0xc0 | c >> 6);
        put(r, 0x80 | (c & 63));
    } else if (c < 0x10000) {
        put(r, 0xe0 | c >> 12);
        put(r, 0x80 | (c >> 6 & 63));
        put(r, 0x80 | (c & 63));
    } else {
        put(r, 0xf0 | c >> 18);
        put(r, 0x80 | (c >> 12 & 63));
        put(r, 0x80 | (c >> 6 & 63));
        put(r, 0x80 | (c & 63));
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex4(JsonReader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int digit = r->at < r->size ? hex_digit(r->text[r->at]) : -1;
        if (digit < 0)
            return expected(r, "four hexadecimal digits after '\\u'");
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* After "\u": one code point, from two escapes when the first is a high surrogate. */
static bool take_unicode(JsonReader *r, size_t start)
{
    uint32_t c, low;
    if (!take_hex4(r, &c))
        return false;
    if (c == 0)
        return json_error(r, start, "U+0000 in a string, which no name or value may hold");
    if (c >= 0xdc00 && c <= 0xdfff)
        return json_error(r, start, "a low surrogate \\u%04x without a high one before it", c);
    if (c >= 0xd800 && c <= 0xdbff) {
        bool pair = r->at + 1 < r->size && r->text[r->at] == '\\' && r->text[r->at + 1] == 'u';
        if (pair)
            r->at += 2;
        if (!pair || !take_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return json_error(r, start, "a high surrogate \\u%04x without a low one after it", c);
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(r, c);
    return true;
}

static bool take_escape(JsonReader *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t start = r->at++;
    uint8_t c = r->at < r->size ? r->text[r->at] : 0;
    if (c == 'u') {
        r->at++;
        return take_unicode(r, start);
    }
    const char *p = c ? strchr(from, c) : NULL;
    if (!p)
        return expected(r, "one of \"\\/bfnrtu after a backslash");
    put(r, (uint8_t)to[p - from]);
    r->at++;
    return true;
}

bool json_take_string(JsonReader *r, const char **out)
{
    json_skip_space(r);
    if (r->failed || r->at >= r->size || r->text[r->at] != '"')
        return expected(r, "a string");
    size_t start = r->at++, first = r->strings_used;
    while (r->at < r->size && r->text[r->at] != '"') {
        if (r->text[r->at] < 0x20)
            return json_error(r, r->at, "control byte 0x%02x in a string, which must be escaped",
                              r->text[r->at]);
        if (r->text[r->at] == '\\') {
            if (!take_escape(r))
                return false;
        } else {
            put(r, r->text[r->at++]);
        }
    }
    if (r->at >= r->size)
        return json_error(r, start, "a string that begins here has no closing quote");
    r->at++;
    put(r, 0);
    *out = r->strings + first;
    return true;
}

/* ---- Numbers ---- */

static bool is_digit(const JsonReader *r)
{
    return r->at < r->size && r->text[r->at] >= '0' && r->text[r->at] <= '9';
}

bool json_take_u64(JsonReader *r, uint64_t *out)
{
    json_skip_space(r);
    size_t start = r->at;
    if (r->failed || !is_digit(r))
        return expected(r, "an unsigned integer");
    uint64_t value = 0;
    for (; is_digit(r); r->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, r->text[r->at] - '0', &value))
            return json_error(r, start, "a number above 18446744073709551615");
    if (r->text[start] == '0' && r->at > start + 1)
        return json_error(r, start, "a number with a leading zero");
    if (r->at < r->size && memchr(".eE+-", r->text[r->at], 5))
        return json_error(
            r, start,
            "a number with a fraction, exponent or sign, where an unsigned integer belongs");
    *out = value;
    return true;
}

static void skip_digits(JsonReader *r)
{
    while (is_digit(r))
        r->at++;
}

static bool next_char_is(const JsonReader *r, const char *set) { return r->at < r->size && r->text[r->at] && strchr(set, r->text[r->at]); }

bool json_take_number(JsonReader *r, double *out)
{
    char text[64];
    json_skip_space(r);
    size_t start = r->at;
    r->at += next_char_is(r, "-");
    if (r->failed || !is_digit(r))
        return expected(r, "a number");
    skip_digits(r);
    if (next_char_is(r, "."))
        r->at++;
    skip_digits(r);
    if (next_char_is(r, "eE")) {
        r->at++;
        r->at += next_char_is(r, "+-");
        skip_digits(r);
    }
    if (r->at - start >= sizeof text)
        return json_error(r, start, "a number of more than 63 characters");
    memcpy(text, r->text + start, r->at - start);
    text[r->at - start] = '\0';
    *out = strtod(text, NULL);
    return true;
}

static bool skip_nested(JsonReader *r, int depth);

static bool skip_members(JsonReader *r, char end, int depth)
{
    const char *name;
    r->at++;
    if (json_next_is(r, end))
        return true;
    do
        if ((end == '}' && !(json_take_string(r, &name) && json_take(r, ':'))) || !skip_nested(r, depth + 1))
            return false;
    while (json_next_is(r, ','));
    return json_take(r, end);
}

static bool skip_nested(JsonReader *r, int depth)
{
    enum { MOST_DEPTH = 64 };
    static const char *const words[] = { "true", "false", "null" };
    const char *text;
    double number;
    json_skip_space(r);
    if (depth > MOST_DEPTH)
        return json_error(r, r->at, "nested more than %d deep", MOST_DEPTH);
    if (next_char_is(r, "{["))
        return skip_members(r, r->text[r->at] == '{' ? '}' : ']', depth);
    if (next_char_is(r, "\""))
        return json_take_string(r, &text);
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (r->size - r->at >= n && memcmp(r->text + r->at, words[i], n) == 0) {
            r->at += n;
            return true;
        }
    }
    return json_take_number(r, &number);
}

bool json_skip_value(JsonReader *r) { return skip_nested(r, 0); }

/* ---- UTF-8 ---- */

/* Bytes of the well-formed sequence at s (Unicode 15, table 3-7), 0 when there is none. */
static size_t sequence_length(const uint8_t *s, size_t size)
{
    static const struct {
        uint8_t first, last, low, high, length;
    } rows[] = {
        { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (s[0] < rows[i].first || s[0] > rows[i].last)
            continue;
        if (rows[i].length > size ||
            (rows[i].length > 1 && (s[1] < rows[i].low || s[1] > rows[i].high)))
            return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

bool json_is_utf8(const uint8_t *text, size_t size, size_t *bad)
{
    for (size_t i = 0; i < size;) {
        size_t n = text[i] < 0x80 ? 1 : sequence_length(text + i, size - i);
        if (!n) {
            *bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

/* ---- Writing ---- */

void json_write_string(FILE *f, const char *s)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    size_t left = strlen(s);
    fputc('"', f);
    while (left) {
        size_t n = sequence_length((const uint8_t *)s, left);
        const char *p = strchr(from, *s);
        if (p)
            fprintf(f, "\\%c", to[p - from]);
        else if ((unsigned char)*s < 0x20)
            fprintf(f, "\\u%04x", (unsigned)*s);
        else if (n)
            fwrite(s, 1, n, f);
        else
            fputs("\\ufffd", f);
        n += !n;
        s += n;
        left -= n;
    }
    fputc('"', f);
}

void json_write_number(FILE *f, double x, int digits)
{
    if (isfinite(x))
        fprintf(f, "%.*g", digits, x);
    else
        fputs("null", f);
}

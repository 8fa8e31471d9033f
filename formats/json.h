/* json.h - a strict pull reader for the JSON that our formats need (objects, arrays, strings,
 * unsigned integers of 64 bits) and the writing of strings and numbers.
 *
 * The caller knows the schema and asks for what must come next; there is no tree, so depth is the
 * schema's.  Every taking function returns false after the first thing that is not what was asked
 * for; then error and error_at (a byte of the text) say what and where. */
#ifndef FORMATS_JSON_H
#define FORMATS_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct JsonReader {
    const uint8_t *text;
    size_t size, at;
    char *strings; /* the caller's room for unescaped strings: size + 1 bytes always suffice */
    size_t strings_used;
    bool failed;
    size_t error_at;
    char error[256];
} JsonReader;

/* Keeps the first error; returns false. */
bool json_error(JsonReader *r, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void json_skip_space(JsonReader *r); /* space, tab, line feed, carriage return */
/* Consumes c if it is next, white space before it or not. */
bool json_next_is(JsonReader *r, char c);
bool json_take(JsonReader *r, char c);
/* A string, unescaped into r->strings and closed by NUL.  U+0000 and lone surrogates are refused.
 */
bool json_take_string(JsonReader *r, const char **out);
/* 0 or digits without a leading zero, below 2^64; a sign, fraction or exponent is refused. */
bool json_take_u64(JsonReader *r, uint64_t *out);
/* Any number, as a double. */
bool json_take_number(JsonReader *r, double *out);
/* Over a value of any kind, nested up to 64 deep. */
bool json_skip_value(JsonReader *r);
/* What stands at r->at, for messages: "'x'", "byte 0x07", "the end of the text". */
void json_describe(const JsonReader *r, char out[32]);

/* Whether all bytes are UTF-8 (RFC 3629: shortest forms, no surrogates); else *bad is the first
 * that is not. */
bool json_is_utf8(const uint8_t *text, size_t size, size_t *bad);

/* s as a JSON string with quotes, escaped as serde_json does. Bytes that are not UTF-8 become
 * U+FFFD. */
void json_write_string(FILE *f, const char *s);
void json_write_number(FILE *f, double x, int digits); /* null when not finite */
#endif

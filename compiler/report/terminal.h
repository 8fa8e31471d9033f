/* What standard output can show, and numbers in few characters. */
#ifndef INCEPTC_REPORT_TERMINAL_H
#define INCEPTC_REPORT_TERMINAL_H
#include "../arena.h"
#include <stdio.h>

enum { WIDTH_UNLIMITED = 1 << 20 };
/* Columns: $COLUMNS, else the terminal's; a file or a pipe takes any width. */
int terminal_width(void);
/* Whether the locale's characters are UTF-8: else lines are drawn in ASCII. */
bool terminal_is_utf8(void);
/* At most five characters: 999, 1.23k, 12.3M, 1.58G. */
const char *short_number(Arena *a, double v);
/* s cut to `width` characters, the last of them a mark that it was cut; s has no character of several columns. */
const char *cut_text(Arena *a, const char *s, int width, bool utf8);
/* s broken at spaces into lines of `width` characters; a longer word is a line. */
void print_wrapped(const char *s, int width, FILE *f);
int text_columns(const char *s); /* characters of UTF-8 */
#endif

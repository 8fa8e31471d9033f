#include "terminal.h"
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    long n = columns ? strtol(columns, NULL, 10) : 0;
    struct winsize w;
    if (n < 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0)
        n = w.ws_col;
    return n >= 1 && n < WIDTH_UNLIMITED ? (int)n : WIDTH_UNLIMITED;
}

bool terminal_is_utf8(void)
{
    return setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const char *short_number(Arena *a, double v)
{
    static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
    int u = 0;
    while (u < 6 && fabs(v) >= (u ? 999.5 : 1000)) {
        v /= 1000;
        u++;
    }
    int digits = !u ? 0 : fabs(v) < 9.995 ? 2 : fabs(v) < 99.95 ? 1 : 0;
    return arena_printf(a, "%.*f%s", digits, v, units[u]);
}

int text_columns(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

const char *cut_text(Arena *a, const char *s, int width, bool utf8)
{
    if (text_columns(s) <= width)
        return s;
    int n = 0;
    const char *end = s;
    while (n < width - 1 || ((unsigned char)*end & 0xc0) == 0x80) {
        n += ((unsigned char)*end & 0xc0) != 0x80;
        end++;
        if (n == width - 1 && ((unsigned char)*end & 0xc0) != 0x80)
            break;
    }
    return width < 1 ? "" : arena_printf(a, "%.*s%s", (int)(end - s), s, utf8 ? "\u2026" : "~");
}

void print_wrapped(const char *s, int width, FILE *f)
{
    for (int at = 0; *s;) {
        int n = (int)strcspn(s, " ");
        bool breaks = at && at + 1 + n > width;
        fprintf(f, "%s%.*s", breaks ? "\n" : at ? " " : "", n, s);
        at = breaks || !at ? n : at + 1 + n;
        s += n + (s[n] == ' ');
    }
    fputc('\n', f);
}

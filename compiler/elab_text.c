/* The text of a setting as the graph keeps it: one line, parameters replaced by their values, no comments. */
#include "elab.h"
#include <string.h>

static const char *place_in(const char *text, const char *end, int line, int col)
{
    for (; line > 1 && text < end; line--) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        text = next ? next + 1 : end;
    }
    return col - 1 < end - text ? text + col - 1 : end;
}

/* The end of blanks, line ends and comments. */
static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n#", *p))
        if (*p++ == '#')
            while (p < end && *p != '\n')
                p++;
    return p;
}

static bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* The end of a word, a number's digits, a string or a single byte. */
static const char *skip_token(const char *p, const char *end)
{
    if (*p == '"') {
        const char *close = memchr(p + 1, '"', (size_t)(end - p - 1));
        return close ? close + 1 : end;
    }
    const char *q = p;
    while (q < end && is_word(*q))
        q++;
    return q > p ? q : p + 1;
}

/* The number of the parameter that a word names, unless the word names an argument or a function. */
static bool param_value(Elab *e, const char *p, const char *q, const char *end, double *value)
{
    const char *next = skip_blank(q, end);
    if (!is_word(*p) || (*p >= '0' && *p <= '9') || (next < end && strchr("=(", *next)))
        return false;
    const Binding *b = elab_param(e, &e->top, arena_strndup(e->arena, p, (size_t)(q - p)));
    if (!b || b->value.kind != VALUE_NUMBER)
        return false;
    *value = b->value.number;
    return true;
}

const char *elab_setting_text(Elab *e, const AstSetting *s)
{
    size_t size;
    const char *text = diag_file_text(s->loc.file, &size), *out = "";
    const char *p = place_in(text, text + size, s->loc.line, s->loc.col);
    const char *end = place_in(text, text + size, s->loc.end_line, s->loc.end_col);
    while (p < end) {
        const char *q = skip_token(p, end), *next = skip_blank(q, end);
        const char *space = next > q && next < end ? " " : "";
        double value;
        if (param_value(e, p, q, end, &value))
            out = arena_printf(e->arena, "%s%.17g%s", out, value, space);
        else
            out = arena_printf(e->arena, "%s%.*s%s", out, (int)(q - p), p, space);
        p = next;
    }
    return out;
}

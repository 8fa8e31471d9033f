/* The author's lines: their tokens, comments and blanks; and ours, printed. */
#include "fmt.h"
#include "parser.h"
#include "utf8.h"
#include <stdlib.h>
#include <string.h>

int fmt_columns(const char *s, int n, int from)
{
    int col = from;
    for (int i = 0; i < n;) {
        Glyph g = utf8_glyph(s + i, (size_t)(n - i));
        col = s[i] == '\t' ? (col / 8 + 1) * 8 : col + g.width;
        i += g.n_bytes;
    }
    return col;
}

int fmt_width(const Fmt *f, const FmtLine *l, int n)
{
    int col = l->indent;
    for (int i = l->first; i < l->first + n; i++)
        col = fmt_columns(f->tokens.at[i].text, f->tokens.at[i].size, col + (i > l->first ? f->tokens.at[i].gap : 0));
    return col;
}

int fmt_paragraph_end(const Fmt *f, int i)
{
    while (i < f->lines.n && !f->lines.at[i].blank)
        i++;
    return i;
}

/* The comment of a line whose tokens end at p. */
static void read_comment(FmtLine *l, const char *start, const char *p, const char *end)
{
    const char *c = memchr(p, '#', (size_t)(end - p));
    if (!c)
        return;
    while (end > c && strchr(" \t\r", end[-1]))
        end--;
    l->comment = c;
    l->comment_size = (int)(end - c);
    l->comment_column = fmt_columns(start, (int)(c - start), 0);
}

/* The end of a statement has no text of its own unless it is written as a semicolon. */
static bool has_text(const Token *t, const char *text) { return t->kind != ';' || (t->end == t->start + 1 && text[t->start] == ';'); }

/* Takes the tokens from *next on that begin before `end` into a line; returns the end of the last one. */
static const char *read_tokens(Fmt *f, FmtLine *l, const char *text, const char *start, const char *end, const Tokens *tokens, int *next)
{
    const char *p = start;
    l->first = f->tokens.n;
    for (; *next < tokens->n && text + tokens->at[*next].start < end; ++*next) {
        const Token *t = &tokens->at[*next];
        if (has_text(t, text)) {
            FmtToken k = { .kind = t->kind, .text = text + t->start, .size = (int)(t->end - t->start), .blanks = (int)(text + t->start - p) };
            LIST_PUSH(f->arena, &f->tokens, k);
            p = text + t->end;
        }
        if (t->kind == ';' && f->tokens.n)
            f->tokens.at[f->tokens.n - 1].ends = true;
    }
    l->n = f->tokens.n - l->first;
    return p;
}

static void find_shape(const Fmt *f, FmtLine *l, const char *start)
{
    int colon = f->tokens.n - 2;
    l->shape = -1;
    if (l->n < 3 || f->tokens.at[colon].kind != ':' || f->tokens.at[colon + 1].kind != SHAPE)
        return;
    l->shape = colon;
    l->shape_column = fmt_columns(start, (int)(f->tokens.at[colon].text - start), 0);
}

static void add_line(Fmt *f, FmtLine l)
{
    const FmtLine *above = f->lines.n ? &f->lines.at[f->lines.n - 1] : NULL;
    l.blank = !l.n && !l.comment;
    l.follows = above && !l.n && l.comment && above->comment && (above->n || above->follows) && above->comment_column == l.comment_column;
    if (!l.blank || (above && !above->blank)) /* one blank line for several, none at the beginning */
        LIST_PUSH(f->arena, &f->lines, l);
}

void fmt_read(Fmt *f, const char *text, size_t size, const Tokens *tokens)
{
    int next = 0;
    for (const char *start = text, *stop = text + size, *end; start < stop; start = end + 1) {
        end = memchr(start, '\n', (size_t)(stop - start));
        end = end ? end : stop;
        FmtLine l = { 0 };
        read_comment(&l, start, read_tokens(f, &l, text, start, end, tokens, &next), end);
        find_shape(f, &l, start);
        add_line(f, l);
    }
    for (; next < tokens->n; next++) /* a newline's ';' is in its line; this is the end's */
        if (f->tokens.n)
            f->tokens.at[f->tokens.n - 1].ends = true;
    while (f->lines.n && f->lines.at[f->lines.n - 1].blank)
        f->lines.n--;
}

/* ---- Printing ---- */

static int put(FILE *out, int col, int at, const char *text, int size)
{
    fprintf(out, "%*s", at > col ? at - col : 0, "");
    fwrite(text, 1, (size_t)size, out); /* strings and comments may hold any byte */
    return fmt_columns(text, size, at > col ? at : col);
}

static void print_line(const Fmt *f, const FmtLine *l, FILE *out)
{
    int col = 0;
    for (int i = l->first; i < l->first + l->n; i++) {
        const FmtToken *t = &f->tokens.at[i];
        col = put(out, col, i == l->first ? l->indent : col + t->gap, t->text, t->size);
    }
    if (l->comment)
        put(out, col, l->comment_at, l->comment, l->comment_size);
    fputc('\n', out);
}

static bool same_tokens(Arena *a, const char *text, size_t size, const Fmt *f)
{
    Tokens tokens = { 0 };
    int k = 0, file = diag_add_file("the formatted text", text, size);
    if (!ast_parse_tokens(a, file, "the formatted text", &tokens))
        return false;
    Fmt g = { .arena = a };
    fmt_read(&g, text, size, &tokens);
    for (; k < f->tokens.n && k < g.tokens.n; k++) {
        const FmtToken *x = &f->tokens.at[k], *y = &g.tokens.at[k];
        if (x->kind != y->kind || x->ends != y->ends || x->size != y->size || memcmp(x->text, y->text, (size_t)x->size) != 0)
            return false;
    }
    return f->tokens.n == g.tokens.n;
}

const char *fmt_text(Arena *a, int file, size_t *length)
{
    size_t size;
    const char *text = diag_file_text(file, &size);
    Tokens tokens = { 0 };
    Fmt f = { .arena = a };
    if (!ast_parse_tokens(a, file, diag_file_name(file), &tokens))
        return NULL;
    size_t mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    fmt_read(&f, text + mark, size - mark, &tokens);
    fmt_space(&f);
    fmt_layout(&f);
    fmt_align(&f);
    char *buffer = NULL;
    FILE *out = open_memstream(&buffer, length);
    CHECK(out);
    for (int i = 0; i < f.lines.n; i++)
        print_line(&f, &f.lines.at[i], out);
    fclose(out);
    const char *formatted = arena_strndup(a, buffer, *length);
    free(buffer);
    CHECK(same_tokens(a, formatted, *length, &f));
    return formatted;
}

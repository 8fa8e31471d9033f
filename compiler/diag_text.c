/* Diagnostics for people: the message, the source line, carets. */
#include "diag_print.h"
#include "utf8.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 120 };

static DiagColor color;

static bool fixits;

void diag_set_color(DiagColor c) { color = c; }
void diag_set_fixits(bool on) { fixits = on; }

static bool colored(void)
{
    if (color != DIAG_COLOR_AUTO)
        return color == DIAG_COLOR_ALWAYS;
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(fileno(diag_stream())) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static const char *paint(const char *code) { return colored() ? code : ""; }

static void put_text(const char *s, size_t size, FILE *f)
{
    for (size_t i = 0; i < size;) {
        Glyph g = utf8_glyph(s + i, size - i);
        if (g.plain)
            fwrite(s + i, 1, (size_t)g.n_bytes, f);
        else
            fputc(s[i] == '\t' ? ' ' : '?', f);
        i += (size_t)g.n_bytes;
    }
}

static bool spans(Loc loc, size_t byte, size_t line_size)
{
    if (!loc.line)
        return false;
    size_t from = (size_t)loc.col - 1;
    size_t to = loc.end_line == loc.line ? (size_t)loc.end_col - 1 : line_size;
    return byte >= from && (byte < to || byte == from);
}

static bool starts(Loc loc, size_t byte) { return loc.line && byte == (size_t)loc.col - 1; }

/* The part of a line that is shown, and the carets below it, one char a column. */
typedef struct Window {
    size_t from, to; /* bytes of the line */
    char marks[2 * WINDOW + 8];
    int n_marks, first_end; /* the column after the first span */
} Window;

static size_t boundary(SourceLine line, size_t at)
{
    while (at > 0 && at < line.size && ((unsigned char)line.text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static void choose_window(Window *w, SourceLine line, size_t col)
{
    bool clipped = line.size > WINDOW;
    w->from = clipped && col > WINDOW / 2 ? boundary(line, col - WINDOW / 2) : 0;
    w->to = line.size - w->from > WINDOW ? boundary(line, w->from + WINDOW) : line.size;
}

static void mark(Window *w, SourceLine line, Loc loc, Loc second)
{
    int col = w->n_marks = w->first_end = 0;
    for (size_t i = w->from; i <= w->to;) {
        bool first = spans(loc, i, line.size), hit = first || spans(second, i, line.size);
        if (i == w->to && !(starts(loc, i) || starts(second, i)))
            break;
        Glyph g = i < w->to ? utf8_glyph(line.text + i, w->to - i) : (Glyph){ 1, 1, true };
        for (int k = 0; k < g.width; k++)
            w->marks[col++] = k == 0 && (starts(loc, i) || starts(second, i)) ? '^' : hit ? '~' : ' ';
        if (hit)
            w->n_marks = col;
        if (first)
            w->first_end = col;
        i += (size_t)g.n_bytes;
    }
}

/* Puts the label after the first span when it fits before the second, else on a line of its own. */
static void print_marks(const Window *w, const char *gutter, const char *label, FILE *f)
{
    int next = w->first_end; /* where the second span starts, if it stands behind the first */
    while (next < w->n_marks && w->marks[next] == ' ')
        next++;
    int room = next < w->n_marks ? next - w->first_end : INT_MAX, size = label ? (int)strlen(label) + 1 : 0;
    const char *green = paint("\033[1;32m"), *plain = paint("\033[0m");
    fprintf(f, "%s%s%.*s", gutter, green, w->first_end, w->marks);
    int col = w->first_end;
    if (label && size < room) {
        fprintf(f, " %s", label);
        col += size;
        label = NULL;
    }
    if (col < w->n_marks)
        fprintf(f, "%.*s", w->n_marks - col, w->marks + col);
    fprintf(f, "%s\n", plain);
    int caret = 0;
    while (caret < w->n_marks && w->marks[caret] != '^')
        caret++;
    if (label)
        fprintf(f, "%s%*s%s\n", gutter, caret, "", label);
}

static void show_source(const Message *m, FILE *f)
{
    Loc loc = m->loc;
    if (loc.file <= 0 || loc.line < 1 || loc.col < 1)
        return;
    SourceLine line = diag_source_line(loc);
    size_t col = (size_t)loc.col - 1;
    if (col > line.size)
        return;
    Window w;
    choose_window(&w, line, col);
    mark(&w, line, loc, m->second);
    const char *before = w.from > 0 ? "..." : "";
    char number[16], gutter[32];
    int width = snprintf(number, sizeof number, "%4d", loc.line);
    snprintf(gutter, sizeof gutter, "%*s | %*s", width, "", (int)strlen(before), "");
    fprintf(f, "%s | %s", number, before);
    put_text(line.text + w.from, w.to - w.from, f);
    fprintf(f, "%s\n", w.to < line.size ? "..." : "");
    print_marks(&w, gutter, m->label, f);
}

static const char *kind_color(const char *kind)
{
    return paint(kind[0] == 'e' ? "\033[1;31m" : kind[0] == 'w' ? "\033[1;35m" : "\033[1;36m");
}

static void put_quoted(const char *s, FILE *f)
{
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else
            fprintf(f, *p < 0x20 || *p > 0x7E ? "\\%03o" : "%c", *p);
    fputc('"', f);
}

/* fix-it:"a.net":{4:17-4:21}:"relu" */
static void put_fixit(const Message *m, FILE *f)
{
    fputs("fix-it:", f);
    put_quoted(diag_file_name(m->fix_loc.file), f);
    fprintf(f, ":{%d:%d-%d:%d}:", m->fix_loc.line, m->fix_loc.col, m->fix_loc.end_line, m->fix_loc.end_col);
    put_quoted(m->fix, f);
    fputc('\n', f);
}

static void print(const Message *m, FILE *f)
{
    const char *bold = paint("\033[1m"), *plain = paint("\033[0m");
    fputs(bold, f);
    if (m->loc.file) {
        const char *name = diag_file_name(m->loc.file);
        put_text(name, strlen(name), f);
        fprintf(f, ":%d:%d: ", m->loc.line, m->loc.col);
    } else {
        fputs(strcmp(m->kind, "note") == 0 ? "  " : "inceptc: ", f);
    }
    fprintf(f, "%s%s:%s%s ", kind_color(m->kind), m->kind, plain, bold);
    put_text(m->text, strlen(m->text), f);
    fputs(plain, f);
    if (m->option)
        fprintf(f, " [%s]", m->option);
    fputc('\n', f);
    show_source(m, f);
    if (m->fix && fixits)
        put_fixit(m, f);
}

static void finish(int code, FILE *f) { (void)code; (void)f; }

const DiagPrinter diag_text_printer = { print, finish };

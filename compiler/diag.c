#include "diag.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 4096, MAX_ERRORS = 20, MESSAGE = 2048, WINDOW = 100 };

typedef struct Source {
    const char *name, *text;
    size_t size;
} Source;

static Source sources[MAX_FILES];
static int n_sources = 1; /* 0 is "no place" */
static int errors, shown;
static bool stopped, last_shown;
static DiagFormat format;
static DiagColor color;
static int json_items; /* top-level objects printed */
static bool json_open; /* one of them is still open for children */
static bool json_children;

int diag_add_file(const char *name, const char *text, size_t size)
{
    if (n_sources == MAX_FILES)
        ICE("more than %d files", MAX_FILES - 1);
    sources[n_sources] = (Source){ name, text, size };
    return n_sources++;
}

const char *diag_file_name(int file) { return file > 0 && file < n_sources ? sources[file].name : "inceptc"; }

const char *diag_file_text(int file, size_t *size)
{
    *size = sources[file].size;
    return sources[file].text;
}

int diag_error_count(void) { return errors; }
bool diag_stopped(void) { return stopped; }
void diag_set_format(DiagFormat f) { format = f; }
void diag_set_color(DiagColor c) { color = c; }

static bool colored(void)
{
    if (color != DIAG_COLOR_AUTO)
        return color == DIAG_COLOR_ALWAYS;
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(2) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static const char *paint(const char *code) { return colored() ? code : ""; }

/* ---- Source lines and carets ---- */

typedef struct Line {
    const char *text;
    size_t size;
} Line;

static Line source_line(Loc loc)
{
    const Source *s = &sources[loc.file];
    const char *p = s->text, *end = s->text + s->size;
    for (int line = 1; line < loc.line && p; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return (Line){ "", 0 };
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((eol ? eol : end) - p);
    if (n && p[n - 1] == '\r')
        n--;
    return (Line){ p, n };
}

static bool continues(unsigned char c) { return (c & 0xC0) == 0x80; } /* not the first byte of a UTF-8 sequence */

/* Bytes [from, to) of the line with control bytes made visible as '?'; tabs become spaces. */
static void print_window(Line line, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)line.text[i];
        fputc(c == '\t' ? ' ' : c < 0x20 || c == 0x7F ? '?' : c, stderr);
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

static void print_carets(Line line, size_t from, size_t to, Loc loc, const char *label, Loc second)
{
    size_t last = (size_t)loc.col - 1;
    for (size_t i = from; i < to; i++)
        if (spans(loc, i, line.size) || spans(second, i, line.size))
            last = i;
    size_t label_at = label ? (size_t)loc.col + strlen(label) : 0;
    bool labelled = label && !second.line;
    (void)label_at;
    for (size_t i = from; i <= last; i++) {
        if (i < line.size && continues((unsigned char)line.text[i]))
            continue;
        bool caret = i == (size_t)loc.col - 1 || (second.line && i == (size_t)second.col - 1);
        fputc(caret ? '^' : spans(loc, i, line.size) || spans(second, i, line.size) ? '~' : ' ', stderr);
    }
    if (labelled)
        fprintf(stderr, " %s", label);
}

static void show_source(Loc loc, const char *label, Loc second)
{
    if (loc.file <= 0 || loc.file >= n_sources || loc.line < 1)
        return;
    Line line = source_line(loc);
    size_t col = (size_t)loc.col - 1;
    if (col > line.size)
        return;
    size_t from = col > WINDOW ? col - WINDOW / 2 : 0;
    size_t to = line.size - from > WINDOW + WINDOW / 2 ? from + WINDOW + WINDOW / 2 : line.size;
    fprintf(stderr, "%5d | ", loc.line);
    print_window(line, from, to);
    fprintf(stderr, "\n      | %s", paint("\033[1;32m"));
    print_carets(line, from, to, loc, label, second);
    fprintf(stderr, "%s\n", paint("\033[0m"));
    if (label && second.line)
        fprintf(stderr, "      | %*s%s\n", (int)(col - from), "", label);
}

/* ---- Text and JSON ---- */

static void json_text(const char *s)
{
    fputc('"', stderr);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(stderr, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(stderr, "\\u%04x", c);
        else
            fputc(c, stderr);
    }
    fputc('"', stderr);
}

static void json_close_item(void)
{
    if (!json_open)
        return;
    fprintf(stderr, "]}");
    json_open = false;
}

static void json_point(const char *name, const char *file, int line, int col)
{
    fprintf(stderr, "\"%s\":{\"file\":", name);
    json_text(file);
    fprintf(stderr, ",\"line\":%d,\"column\":%d}", line, col);
}

static void json_body(const char *kind, Loc loc, const char *option, const char *message)
{
    fprintf(stderr, "{\"kind\":\"%s\",\"message\":", kind);
    json_text(message);
    if (option) {
        fprintf(stderr, ",\"option\":");
        json_text(option);
    }
    fprintf(stderr, ",\"locations\":[");
    if (loc.file) {
        fputc('{', stderr);
        json_point("caret", diag_file_name(loc.file), loc.line, loc.col);
        fputc(',', stderr);
        json_point("finish", diag_file_name(loc.file), loc.end_line, loc.end_col > 1 ? loc.end_col - 1 : 1);
        fputc('}', stderr);
    }
    fprintf(stderr, "],\"children\":[");
}

static void json_emit(const char *kind, Loc loc, const char *option, const char *message)
{
    if (strcmp(kind, "note") == 0 && json_open) {
        if (json_children)
            fputc(',', stderr);
        json_children = true;
        json_body(kind, loc, option, message);
        fprintf(stderr, "]}");
        return;
    }
    json_close_item();
    fprintf(stderr, json_items++ ? ",\n" : "[");
    json_body(kind, loc, option, message);
    json_open = true;
    json_children = false;
}

void diag_finish(void)
{
    if (format != DIAG_JSON)
        return;
    json_close_item();
    fprintf(stderr, json_items ? "]\n" : "[]\n");
}

static const char *kind_color(const char *kind)
{
    return paint(kind[0] == 'e' ? "\033[1;31m" : kind[0] == 'w' ? "\033[1;35m" : "\033[1;36m");
}

static void emit(const char *kind, Loc loc, const char *option, const char *label, Loc second, const char *message)
{
    if (format == DIAG_JSON) {
        json_emit(kind, loc, option, message);
        return;
    }
    const char *bold = paint("\033[1m"), *plain = paint("\033[0m");
    if (loc.file)
        fprintf(stderr, "%s%s:%d:%d: ", bold, diag_file_name(loc.file), loc.line, loc.col);
    else
        fprintf(stderr, "%sinceptc: ", bold);
    fprintf(stderr, "%s%s:%s%s %s%s", kind_color(kind), kind, plain, bold, message, plain);
    if (option)
        fprintf(stderr, " [%s]", option);
    fputc('\n', stderr);
    show_source(loc, label, second);
}

/* Counts an error; false when enough have been shown. */
static bool count_error(void)
{
    errors++;
    if (shown < MAX_ERRORS) {
        shown++;
        return last_shown = true;
    }
    if (!stopped) {
        char text[64];
        snprintf(text, sizeof text, "too many errors (%d); the rest is not shown", MAX_ERRORS);
        emit("error", (Loc){ 0 }, NULL, NULL, (Loc){ 0 }, text);
    }
    stopped = true;
    return last_shown = false;
}

static void error_va(Loc loc, const char *label, Loc second, const char *fmt, va_list ap)
{
    if (!count_error())
        return;
    char message[MESSAGE];
    vsnprintf(message, sizeof message, fmt, ap);
    emit("error", loc, NULL, label, second, message);
}

void diag_error(Loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_va(loc, NULL, (Loc){ 0 }, fmt, ap);
    va_end(ap);
}

void diag_error_spans(Loc loc, const char *label, Loc second, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (second.file != loc.file || second.line != loc.line)
        second = (Loc){ 0 };
    error_va(loc, label, second, fmt, ap);
    va_end(ap);
}

void diag_warning(Loc loc, const char *option, const char *fmt, ...)
{
    char message[MESSAGE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    last_shown = true;
    emit("warning", loc, option, NULL, (Loc){ 0 }, message);
}

void diag_note(Loc loc, const char *fmt, ...)
{
    if (!last_shown)
        return;
    char message[MESSAGE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    emit("note", loc, NULL, NULL, (Loc){ 0 }, message);
}

void ice(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "inceptc: internal error: ");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n(%s:%d) This is a mistake of inceptc, not of your text. Please report it with the .net file.\n",
            file, line);
    va_end(ap);
    exit(EXIT_INTERNAL);
}

/* ---- Did you mean ---- */

/* Levenshtein distance with transpositions, of words up to 63 letters; more than `most`: most + 1. */
static int edit_distance(const char *a, const char *b, int most)
{
    enum { MAX = 64 };
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n >= MAX || m >= MAX || abs(n - m) > most)
        return most + 1;
    int rows[3][MAX];
    for (int k = 0; k <= m; k++)
        rows[0][k] = k;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int k = 1; k <= m; k++) {
            int best = up[k - 1] + (a[i - 1] != b[k - 1]);
            if (up[k] + 1 < best)
                best = up[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && up2[k - 2] + 1 < best)
                best = up2[k - 2] + 1;
            row[k] = best;
        }
    }
    return rows[n % 3][m];
}

void nearest_start(Nearest *s, const char *word) { *s = (Nearest){ word, NULL, 1 + (int)strlen(word) / 3 + 1 }; }

void nearest_try(Nearest *s, const char *candidate)
{
    if (s->distance <= 0)
        return;
    int d = edit_distance(s->word, candidate, s->distance - 1);
    if (d < s->distance) {
        s->distance = d;
        s->best = candidate;
    }
}

const char *nearest_result(const Nearest *s) { return s->best; }

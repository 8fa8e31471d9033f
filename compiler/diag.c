#include "diag.h"
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILES = 4096, MAX_ERRORS = 20, MESSAGE = 2048, WINDOW = 120 };

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
static FILE *stream; /* null: standard error */

static FILE *out(void) { return stream ? stream : stderr; }

void diag_set_stream(FILE *f) { stream = f; }

void diag_reset(void)
{
    n_sources = 1;
    errors = shown = json_items = 0;
    stopped = last_shown = json_open = json_children = false;
}

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
    return isatty(fileno(out())) && !(no && *no) && term && strcmp(term, "dumb") != 0;
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
    if (s->size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) /* columns count from behind the byte-order mark */
        p += 3;
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

/* One character of a text as a terminal shows it. */
typedef struct Glyph {
    int n_bytes, width;
    bool plain; /* printed as it is; else as '?', a tab as ' ' */
} Glyph;

typedef struct Interval {
    uint32_t from, to;
} Interval;

static bool within(const Interval *list, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (code >= list[i].from && code <= list[i].to)
            return true;
    return false;
}

/* Terminal columns of a code point: 0 for marks that combine, 2 for East Asian and pictures (Unicode TR 11). */
static int column_width(uint32_t code)
{
    static const Interval none[] = { { 0x300, 0x36F }, { 0x200B, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F } };
    static const Interval wide[] = { { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
                                     { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD } };
    if (within(none, sizeof none / sizeof *none, code))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

/* The code point at p (size > 0 bytes are there), its length in *n; UINT32_MAX and 1 when it is not UTF-8. */
static uint32_t decode(const char *p, size_t size, int *n)
{
    const unsigned char *u = (const unsigned char *)p;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    int length = u[0] < 0x80 ? 1 : u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : u[0] >= 0xC2 ? 2 : 0;
    uint32_t code = length < 2 ? u[0] : u[0] & (0x7Fu >> length);
    bool good = length > 0 && (size_t)length <= size && u[0] < 0xF5;
    for (int i = 1; good && i < length; i++) {
        good = (u[i] & 0xC0) == 0x80;
        code = code << 6 | (u[i] & 0x3F);
    }
    good = good && code >= least[length] && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
    *n = good ? length : 1;
    return good ? code : UINT32_MAX;
}

/* Control characters and those that reorder text (a way to make source read other than it is) are not plain. */
static Glyph glyph(const char *p, size_t size)
{
    static const Interval hidden[] = { { 0, 0x1F }, { 0x7F, 0x9F }, { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 },
                                       { UINT32_MAX, UINT32_MAX } };
    Glyph g;
    uint32_t code = decode(p, size, &g.n_bytes);
    g.plain = !within(hidden, sizeof hidden / sizeof *hidden, code);
    g.width = g.plain ? column_width(code) : 1;
    return g;
}

static void put_text(const char *s, size_t size)
{
    for (size_t i = 0; i < size;) {
        Glyph g = glyph(s + i, size - i);
        if (g.plain)
            fwrite(s + i, 1, (size_t)g.n_bytes, out());
        else
            fputc(s[i] == '\t' ? ' ' : '?', out());
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

static size_t boundary(Line line, size_t at)
{
    while (at > 0 && at < line.size && ((unsigned char)line.text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static void choose_window(Window *w, Line line, size_t col)
{
    bool clipped = line.size > WINDOW;
    w->from = clipped && col > WINDOW / 2 ? boundary(line, col - WINDOW / 2) : 0;
    w->to = line.size - w->from > WINDOW ? boundary(line, w->from + WINDOW) : line.size;
}

static void mark(Window *w, Line line, Loc loc, Loc second)
{
    int col = w->n_marks = w->first_end = 0;
    for (size_t i = w->from; i <= w->to;) {
        bool first = spans(loc, i, line.size), hit = first || spans(second, i, line.size);
        if (i == w->to && !(starts(loc, i) || starts(second, i)))
            break;
        Glyph g = i < w->to ? glyph(line.text + i, w->to - i) : (Glyph){ 1, 1, true };
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
static void print_marks(const Window *w, const char *gutter, const char *label)
{
    int next = w->first_end; /* where the second span starts, if it stands behind the first */
    while (next < w->n_marks && w->marks[next] == ' ')
        next++;
    int room = next < w->n_marks ? next - w->first_end : INT_MAX, size = label ? (int)strlen(label) + 1 : 0;
    const char *green = paint("\033[1;32m"), *plain = paint("\033[0m");
    fprintf(out(), "%s%s%.*s", gutter, green, w->first_end, w->marks);
    int col = w->first_end;
    if (label && size < room) {
        fprintf(out(), " %s", label);
        col += size;
        label = NULL;
    }
    if (col < w->n_marks)
        fprintf(out(), "%.*s", w->n_marks - col, w->marks + col);
    fprintf(out(), "%s\n", plain);
    int caret = 0;
    while (caret < w->n_marks && w->marks[caret] != '^')
        caret++;
    if (label)
        fprintf(out(), "%s%*s%s\n", gutter, caret, "", label);
}

static void show_source(Loc loc, const char *label, Loc second)
{
    if (loc.file <= 0 || loc.file >= n_sources || loc.line < 1 || loc.col < 1)
        return;
    Line line = source_line(loc);
    size_t col = (size_t)loc.col - 1;
    if (col > line.size)
        return;
    Window w;
    choose_window(&w, line, col);
    mark(&w, line, loc, second);
    const char *before = w.from > 0 ? "..." : "";
    char number[16], gutter[32];
    int width = snprintf(number, sizeof number, "%4d", loc.line);
    snprintf(gutter, sizeof gutter, "%*s | %*s", width, "", (int)strlen(before), "");
    fprintf(out(), "%s | %s", number, before);
    put_text(line.text + w.from, w.to - w.from);
    fprintf(out(), "%s\n", w.to < line.size ? "..." : "");
    print_marks(&w, gutter, label);
}

/* ---- Text and JSON ---- */

typedef struct Message {
    const char *kind, *text, *label, *option; /* label, option: may be null */
    Loc loc, second;
} Message;

static void json_text(const char *s)
{
    size_t size = strlen(s);
    fputc('"', out());
    for (size_t i = 0; i < size;) {
        int n;
        uint32_t code = decode(s + i, size - i, &n);
        if (code == '"' || code == '\\')
            fprintf(out(), "\\%c", (int)code);
        else if (code < 0x20 || code == 0x7F)
            fprintf(out(), "\\u%04x", (unsigned)code);
        else if (code == UINT32_MAX)
            fputs("\\ufffd", out());
        else
            fwrite(s + i, 1, (size_t)n, out());
        i += (size_t)n;
    }
    fputc('"', out());
}

static void json_close_item(void)
{
    if (!json_open)
        return;
    fprintf(out(), "]}");
    json_open = false;
}

static void json_point(const char *name, const char *file, int line, int col)
{
    fprintf(out(), "\"%s\":{\"file\":", name);
    json_text(file);
    fprintf(out(), ",\"line\":%d,\"column\":%d}", line, col);
}

static void json_location(Loc loc, const char *label)
{
    fputc('{', out());
    json_point("caret", diag_file_name(loc.file), loc.line, loc.col);
    fputc(',', out());
    json_point("finish", diag_file_name(loc.file), loc.end_line, loc.end_col > 1 ? loc.end_col - 1 : 1);
    if (label) {
        fputs(",\"label\":", out());
        json_text(label);
    }
    fputc('}', out());
}

static void json_body(const Message *m)
{
    fprintf(out(), "{\"kind\":\"%s\",\"message\":", m->kind);
    json_text(m->text);
    if (m->option) {
        fputs(",\"option\":", out());
        json_text(m->option);
    }
    fputs(",\"locations\":[", out());
    if (m->loc.file)
        json_location(m->loc, m->label);
    if (m->loc.file && m->second.line) {
        fputc(',', out());
        json_location(m->second, NULL);
    }
    fputs("],\"children\":[", out());
}

static void json_emit(const Message *m)
{
    if (strcmp(m->kind, "note") == 0 && json_open) {
        if (json_children)
            fputc(',', out());
        json_children = true;
        json_body(m);
        fputs("]}", out());
        return;
    }
    json_close_item();
    fputs(json_items++ ? ",\n" : "[", out());
    json_body(m);
    json_open = true;
    json_children = false;
}

void diag_finish(void)
{
    if (format != DIAG_JSON)
        return;
    json_close_item();
    fprintf(out(), json_items ? "]\n" : "[]\n");
}

static const char *kind_color(const char *kind)
{
    return paint(kind[0] == 'e' ? "\033[1;31m" : kind[0] == 'w' ? "\033[1;35m" : "\033[1;36m");
}

/* ---- A trial ---- */

static struct { bool on; int errors, shown; char text[MESSAGE]; } trial;

void diag_try(void)
{
    trial.on = true;
    trial.errors = errors;
    trial.shown = shown;
    *trial.text = '\0';
}

const char *diag_try_end(void)
{
    trial.on = false;
    errors = trial.errors;
    shown = trial.shown;
    stopped = false;
    return *trial.text ? trial.text : NULL;
}

static void emit(const Message *m)
{
    if (trial.on) {
        if (!*trial.text && *m->kind == 'e')
            snprintf(trial.text, sizeof trial.text, "%s", m->text);
        return;
    }
    if (format == DIAG_JSON) {
        json_emit(m);
        return;
    }
    const char *bold = paint("\033[1m"), *plain = paint("\033[0m");
    fputs(bold, out());
    if (m->loc.file) {
        const char *name = diag_file_name(m->loc.file);
        put_text(name, strlen(name));
        fprintf(out(), ":%d:%d: ", m->loc.line, m->loc.col);
    } else {
        fputs(strcmp(m->kind, "note") == 0 ? "  " : "inceptc: ", out());
    }
    fprintf(out(), "%s%s:%s%s ", kind_color(m->kind), m->kind, plain, bold);
    put_text(m->text, strlen(m->text));
    fputs(plain, out());
    if (m->option)
        fprintf(out(), " [%s]", m->option);
    fputc('\n', out());
    show_source(m->loc, m->label, m->second);
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
        emit(&(Message){ .kind = "error", .text = text });
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
    emit(&(Message){ "error", message, label, NULL, loc, second });
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
    emit(&(Message){ .kind = "warning", .text = message, .option = option, .loc = loc });
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
    emit(&(Message){ .kind = "note", .text = message, .loc = loc });
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

void nearest_start(Nearest *s, const char *word) { *s = (Nearest){ word, NULL, 2 + ((int)strlen(word) - 1) / 3 }; }

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

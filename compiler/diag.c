#include "diag.h"
#include "diag_print.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 4096, MAX_ERRORS = 20, MESSAGE = 2048 };

typedef struct Source {
    const char *name, *text;
    size_t size;
} Source;

static Source sources[MAX_FILES];
static int n_sources = 1; /* 0 is "no place" */
static int errors, shown;
static bool stopped, last_shown;
static const DiagPrinter *printer = &diag_text_printer;
static Loc fix_loc;
static const char *fix; /* of the next error */
static FILE *stream; /* null: standard error */

static struct {
    bool on, stopped, last_shown;
    int errors, shown; /* as they were before */
    char first[MESSAGE];
} trial;

FILE *diag_stream(void) { return stream ? stream : stderr; }

/* A message is written at once, that those of programs side by side stay whole. */
typedef struct Draft {
    FILE *f;
    char *text;
    size_t size;
} Draft;

static FILE *draft_begin(Draft *d)
{
    d->f = open_memstream(&d->text, &d->size);
    return d->f ? d->f : diag_stream();
}

static void draft_send(Draft *d)
{
    if (!d->f)
        return;
    fclose(d->f);
    fwrite(d->text, 1, d->size, diag_stream());
    free(d->text);
}

void diag_set_stream(FILE *f) { stream = f; }

void diag_reset(void)
{
    n_sources = 1;
    errors = shown = 0;
    stopped = last_shown = false;
}

void diag_forget_files(void) { n_sources = 1; }

int diag_add_file(const char *name, const char *text, size_t size)
{
    if (n_sources == MAX_FILES)
        ICE("more than %d files", MAX_FILES - 1);
    sources[n_sources] = (Source){ name, text, size };
    return n_sources++;
}

int diag_file_count(void) { return n_sources; }
const char *diag_file_name(int file) { return file > 0 && file < n_sources ? sources[file].name : "inceptc"; }

const char *diag_file_text(int file, size_t *size)
{
    *size = sources[file].size;
    return sources[file].text;
}

int diag_error_count(void) { return errors; }
bool diag_stopped(void) { return stopped; }

void diag_set_format(DiagFormat f)
{
    static const DiagPrinter *const printers[] = { [DIAG_TEXT] = &diag_text_printer, [DIAG_JSON] = &diag_json_printer,
                                                   [DIAG_SARIF] = &diag_sarif_printer };
    printer = printers[f];
}

static void emit(Message m)
{
    if (trial.on) {
        if (!*trial.first && m.kind[0] == 'e')
            snprintf(trial.first, sizeof trial.first, "%s", m.text);
        return;
    }
    if (strcmp(m.kind, "error") == 0) {
        bool here = fix && fix_loc.file == m.loc.file && fix_loc.line == m.loc.line && fix_loc.col == m.loc.col;
        m.fix_loc = fix_loc;
        m.fix = here ? fix : NULL; /* an error may have been kept back */
        fix = NULL;
    }
    Draft d;
    printer->print(&m, draft_begin(&d));
    draft_send(&d);
}

void diag_fix(Loc where, const char *word)
{
    fix_loc = where;
    fix = word;
}

void diag_finish(int code)
{
    Draft d;
    printer->finish(code, draft_begin(&d));
    draft_send(&d);
}

SourceLine diag_source_line(Loc loc)
{
    if (loc.file <= 0 || loc.file >= n_sources)
        return (SourceLine){ "", 0 };
    const Source *s = &sources[loc.file];
    const char *p = s->text, *end = s->text + s->size;
    if (s->size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) /* columns count from behind the byte-order mark */
        p += 3;
    for (int line = 1; line < loc.line && p; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return (SourceLine){ "", 0 };
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((eol ? eol : end) - p);
    if (n && p[n - 1] == '\r')
        n--;
    return (SourceLine){ p, n };
}

void diag_try(void)
{
    trial.on = true;
    trial.stopped = stopped;
    trial.last_shown = last_shown;
    trial.errors = errors;
    trial.shown = shown;
    *trial.first = '\0';
    stopped = false;
    errors = shown = 0;
}

const char *diag_tried(void)
{
    trial.on = false;
    stopped = trial.stopped;
    last_shown = trial.last_shown;
    errors = trial.errors;
    shown = trial.shown;
    return *trial.first ? trial.first : NULL;
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
        emit((Message){ .kind = "error", .text = text });
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
    emit((Message){ .kind = "error", .text = message, .label = label, .loc = loc, .second = second });
}

void diag_error(Loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_va(loc, NULL, (Loc){ 0 }, fmt, ap);
    va_end(ap);
}

void diag_error_unknown(const Nearest *near, Loc loc, const char *fmt, ...)
{
    char message[MESSAGE];
    const char *best = nearest_result(near);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    diag_fix(loc, best);
    if (best)
        diag_error(loc, "%s; did you mean '%s'?", message, best);
    else
        diag_error(loc, "%s", message);
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
    emit((Message){ .kind = "warning", .text = message, .option = option, .loc = loc });
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
    emit((Message){ .kind = "note", .text = message, .loc = loc });
}

void ice(const char *file, int line, const char *fmt, ...)
{
    char message[MESSAGE], text[2 * MESSAGE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    snprintf(text, sizeof text, "internal error: %s\n(%s:%d) This is a mistake of inceptc, not of your text. Please report it with the .net file.", message,
             file, line);
    if (printer == &diag_text_printer) {
        fprintf(stderr, "inceptc: %s\n", text);
    } else {
        emit((Message){ .kind = "error", .text = text });
        diag_finish(EXIT_INTERNAL);
    }
    exit(EXIT_INTERNAL);
}

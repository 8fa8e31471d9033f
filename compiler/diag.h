/* Diagnostics: located errors, warnings and notes with carets; counted; text, JSON or SARIF.
 *
 * A diagnostic is printed at once:   file:line:col: error: message
 *                                      21 | the source line
 *                                         |     ^~~~ label
 * A note without a place is indented:    note: message
 * Colour only on a terminal (or -fdiagnostics-color=always). */
#ifndef INCEPTC_DIAG_H
#define INCEPTC_DIAG_H
#include <stdbool.h>
#include <stdio.h>

/* A span of source text: bytes, columns counted from 1; one line, or the first line of several. */
typedef struct Loc {
    int file;              /* index from diag_add_file; 0 means "no place" */
    int line, col;         /* 1-based */
    int end_line, end_col; /* exclusive end column */
} Loc;

typedef enum DiagFormat { DIAG_TEXT, DIAG_JSON, DIAG_SARIF } DiagFormat;
typedef enum DiagColor { DIAG_COLOR_AUTO, DIAG_COLOR_ALWAYS, DIAG_COLOR_NEVER } DiagColor;

/* Exit codes of every program of the project. */
enum { EXIT_OK = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_FILE = 3, EXIT_INTERNAL = 4 };

/* Keeps `text` (size bytes, borrowed until the process ends) for the source lines of carets. */
int diag_add_file(const char *name, const char *text, size_t size);
const char *diag_file_name(int file);
/* Source text of a file and its size: the formatter and the --dump printers read it. */
const char *diag_file_text(int file, size_t *size);

/* One error with a caret span under loc.  At most `max_errors` (20) are printed, then one last line
 * says so and diag_stopped() becomes true. */
void diag_error(Loc loc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_warning(Loc loc, const char *option, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Belongs to the error or warning before it. */
void diag_note(Loc loc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As diag_error, with a text printed after the caret (`label`, may be null) and a second span on the
 * same line underlined too (second.line == 0: none). */
void diag_error_spans(Loc loc, const char *label, Loc second, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* From here to diag_tried nothing is printed and errors count for themselves: a text of the compiler's own is tried.
 * diag_tried gives the first error's message (good until the next diag_try), or null when there was none. */
void diag_try(void);
const char *diag_tried(void);
/* The next error, if it is at `where`, would be mended by `word` in place of what stands there; a null word: by nothing. */
void diag_fix(Loc where, const char *word);

int diag_error_count(void);
bool diag_stopped(void);
void diag_set_format(DiagFormat format);
void diag_set_color(DiagColor color);
/* Where diagnostics go (null: standard error); and all counts and files forgotten, for tests that compile many texts. */
void diag_set_stream(FILE *f);
void diag_reset(void);
/* The files are forgotten, so that many texts can be compiled one after the other; their places mean nothing any more. */
void diag_forget_files(void);
/* -fdiagnostics-parseable-fixits: after an error's text a line for its diag_fix, as GCC's and clang's. */
void diag_set_fixits(bool on);
/* Ends the stream of diagnostics: closes what JSON and SARIF have open. code: the exit code. */
void diag_finish(int code);

/* Ours, not the author's: asks for a report, exits with EXIT_INTERNAL. */
_Noreturn void ice(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define ICE(...) ice(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond) ((cond) ? (void)0 : ICE("%s", #cond))

/* The candidate nearest to `word` by edit distance, or null when none is near (distance <= 1 + len/3). */
typedef struct Nearest {
    const char *word;
    const char *best;
    int distance;
} Nearest;
void nearest_start(Nearest *s, const char *word);
void nearest_try(Nearest *s, const char *candidate);
const char *nearest_result(const Nearest *s);
/* The error that there is no such word, with the nearest one, if any, as a question and as the fix. */
void diag_error_unknown(const Nearest *near, Loc loc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#endif

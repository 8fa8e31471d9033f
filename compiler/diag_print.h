/* What diag.c gives its printers: one for people, one for each form that programs read. */
#ifndef INCEPTC_DIAG_PRINT_H
#define INCEPTC_DIAG_PRINT_H
#include "diag.h"

typedef struct Message {
    const char *kind, *text, *label, *option; /* kind: error, warning or note; label, option: may be null */
    Loc loc, second;
    Loc fix_loc;
    const char *fix; /* in place of what stands at fix_loc; may be null */
} Message;

typedef struct DiagPrinter {
    void (*print)(const Message *m, FILE *f);
    void (*finish)(int code, FILE *f); /* after the last message, with the exit code; begins anew, too */
} DiagPrinter;
extern const DiagPrinter diag_text_printer, diag_json_printer, diag_sarif_printer;

FILE *diag_stream(void); /* where messages go in the end: a printer's f is a draft */

typedef struct SourceLine {
    const char *text;
    size_t size;
} SourceLine;
/* The line of a place, without its end; empty when there is none. */
SourceLine diag_source_line(Loc loc);
int diag_file_count(void); /* one above the last file's number */
/* A JSON string; what is no UTF-8 is replaced. */
void diag_put_json(const char *s, FILE *f);
#endif

/* Diagnostics in GCC's JSON form: one array; notes are children of what they belong to. */
#include "diag_print.h"
#include "utf8.h"
#include <string.h>

static int items;  /* top-level objects printed */
static bool item_open;  /* one of them is still open for children */
static bool children;

void diag_put_json(const char *s, FILE *f)
{
    size_t size = strlen(s);
    fputc('"', f);
    for (size_t i = 0; i < size;) {
        int n;
        uint32_t code = utf8_decode(s + i, size - i, &n);
        if (code == '"' || code == '\\')
            fprintf(f, "\\%c", (int)code);
        else if (code < 0x20 || code == 0x7F)
            fprintf(f, "\\u%04x", (unsigned)code);
        else if (code == UINT32_MAX)
            fputs("\\ufffd", f);
        else
            fwrite(s + i, 1, (size_t)n, f);
        i += (size_t)n;
    }
    fputc('"', f);
}

static void close_item(FILE *f)
{
    if (!item_open)
        return;
    fprintf(f, "]}");
    item_open = false;
}

static void put_point(const char *name, const char *file, int line, int col, FILE *f)
{
    fprintf(f, "\"%s\":{\"file\":", name);
    diag_put_json(file, f);
    fprintf(f, ",\"line\":%d,\"column\":%d}", line, col);
}

static void put_location(Loc loc, const char *label, FILE *f)
{
    fputc('{', f);
    put_point("caret", diag_file_name(loc.file), loc.line, loc.col, f);
    fputc(',', f);
    put_point("finish", diag_file_name(loc.file), loc.end_line, loc.end_col > 1 ? loc.end_col - 1 : 1, f);
    if (label) {
        fputs(",\"label\":", f);
        diag_put_json(label, f);
    }
    fputc('}', f);
}

static void put_fixit(const Message *m, FILE *f)
{
    const char *file = diag_file_name(m->fix_loc.file);
    fputs(",\"fixits\":[{", f);
    put_point("start", file, m->fix_loc.line, m->fix_loc.col, f);
    fputc(',', f);
    put_point("next", file, m->fix_loc.end_line, m->fix_loc.end_col, f);
    fputs(",\"string\":", f);
    diag_put_json(m->fix, f);
    fputs("}]", f);
}

static void put_body(const Message *m, FILE *f)
{
    fprintf(f, "{\"kind\":\"%s\",\"message\":", m->kind);
    diag_put_json(m->text, f);
    if (m->option) {
        fputs(",\"option\":", f);
        diag_put_json(m->option, f);
    }
    fputs(",\"locations\":[", f);
    if (m->loc.file)
        put_location(m->loc, m->label, f);
    if (m->loc.file && m->second.line) {
        fputc(',', f);
        put_location(m->second, NULL, f);
    }
    fputc(']', f);
    if (m->fix)
        put_fixit(m, f);
    fputs(",\"children\":[", f);
}

static void print(const Message *m, FILE *f)
{
    if (strcmp(m->kind, "note") == 0 && item_open) {
        if (children)
            fputc(',', f);
        children = true;
        put_body(m, f);
        fputs("]}", f);
        return;
    }
    close_item(f);
    fputs(items++ ? ",\n" : "[", f);
    put_body(m, f);
    item_open = true;
    children = false;
}

static void finish(int code, FILE *f)
{
    (void)code;
    close_item(f);
    fprintf(f, items ? "]\n" : "[]\n");
    items = 0;
}

const DiagPrinter diag_json_printer = { print, finish };

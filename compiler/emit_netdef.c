/* The text that the network was compiled from, in the generated file: a run of training keeps it. */
#include "emit_c.h"
#include <string.h>

/* Question marks begin trigraphs; octal has three digits, after which a digit may follow. */
void emit_string(const char *text, size_t n, FILE *f)
{
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)text, *end = p + n; p < end; p++)
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p == '\n' || *p == '\t')
            fputs(*p == '\n' ? "\\n" : "\\t", f);
        else if (*p < ' ' || *p >= 127 || *p == '?')
            fprintf(f, "\\%03o", *p);
        else
            fputc(*p, f);
    fputc('"', f);
}

/* A line of the table for each line of the text; C compilers need not take strings of more than 4,095 bytes. */
static int print_text(const char *text, size_t size, FILE *f)
{
    enum { MOST = 2000 };
    int n = 0;
    for (size_t at = 0, piece; at < size; at += piece, n++) {
        const char *end = memchr(text + at, '\n', size - at);
        piece = end ? (size_t)(end - text) - at + 1 : size - at;
        piece = piece < MOST ? piece : MOST;
        fputs("    ", f);
        emit_string(text + at, piece, f);
        fputs(",\n", f);
    }
    return n;
}

/* Where one text does not say it all: a comment with its file and what -D set. */
static int print_heading(const Graph *g, int file, bool first, FILE *f)
{
    const char *name = diag_file_name(file), *slash = strrchr(name, '/');
    const char *heading = arena_printf(g->arena, "%s# %s%s\n", first ? "" : "\n", slash ? slash + 1 : name, first ? g->defines : "");
    return print_text(heading, strlen(heading), f);
}

int emit_netdef(const Graph *g, FILE *f)
{
    int n = 0;
    fprintf(f, "\nstatic const char *const netdef[] = { /* what this was compiled from */\n");
    for (int i = 0; i < g->texts.n; i++) {
        size_t size;
        const char *text = diag_file_text(g->texts.at[i], &size);
        if (g->texts.n > 1 || *g->defines)
            n += print_heading(g, g->texts.at[i], i == 0, f);
        n += print_text(text, size, f);
    }
    fprintf(f, "};\n");
    return n;
}

#include "tuning.h"
#include "cook_toom.h"
#include "diag.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "inceptc-tuning 1";
enum { LINE_MOST = 1000, WORDS_MOST = 8, ROWS_MOST = 100000 };

typedef struct Reader {
    Arena *a;
    const char *path;
    int line;
    Tuning *out;
} Reader;

static bool fail(const Reader *r, const char *what, const char *found)
{
    diag_error((Loc){ 0 }, "%s:%d: %s%s%s", r->path, r->line, what, *found ? ", not " : "", found);
    return false;
}

static bool take_form(Reader *r, char **word, int n, TuningRow *row)
{
    char end;
    if (n == 6 && strcmp(word[5], "direct") == 0)
        return true;
    if (n != 7 || sscanf(word[5], "F%dx%d%c", &row->mh, &row->mw, &end) != 2)
        return fail(r, "the way is 'direct', or 'F6x6 4': tile and blocks", n > 5 ? word[5] : "the end of the line");
    if (row->mh < 1 || row->mh > COOK_TOOM_MOST || row->mw < 1 || row->mw > COOK_TOOM_MOST)
        return fail(r, "a tile has 1 to 12 outputs each way", word[5]);
    if (sscanf(word[6], "%d%c", &row->blocks, &end) != 1 || row->blocks < 1)
        return fail(r, "blocks of tiles are a number from 1 on", word[6]);
    return true;
}

static bool take_row(Reader *r, char **word, int n)
{
    TuningRow row = { 0 };
    int level = 0;
    if (n < 6)
        return fail(r, "a row is TARGET LEVEL KERNEL INPUT OUTPUT WAY", "");
    const Target *t = target_find(word[0]);
    while (level < 3 && strcmp(numerics_names[level], word[1]) != 0)
        level++;
    if (!t)
        return fail(r, "targets are plain, x86-64-v3 and x86-64-v4", word[0]);
    if (level == 3)
        return fail(r, "levels are exact, safe and fast", word[1]);
    row.target = t->name;
    row.numerics = (Numerics)level;
    row.shape = arena_printf(r->a, "%s %s %s", word[2], word[3], word[4]);
    if (!take_form(r, word, n, &row))
        return false;
    if (r->out->rows.n == ROWS_MOST)
        return fail(r, "a record has 100000 rows at most", "");
    LIST_PUSH(r->a, &r->out->rows, row);
    return true;
}

/* One line without its end: a comment reaches from # on. */
static bool take_line(Reader *r, char *text)
{
    char *word[WORDS_MOST];
    int n = 0;
    text[strcspn(text, "#")] = '\0';
    for (char *w = strtok(text, " \t"); w; w = strtok(NULL, " \t")) {
        if (n == WORDS_MOST)
            return fail(r, "a row has 7 words at most", w);
        word[n++] = w;
    }
    return n == 0 || take_row(r, word, n);
}

static bool take_file(Reader *r, FILE *f)
{
    char text[LINE_MOST + 2];
    for (r->line = 1; fgets(text, sizeof text, f); r->line++) {
        size_t n = strcspn(text, "\r\n");
        if (n > LINE_MOST)
            return fail(r, "a line has 1000 bytes at most", "");
        if (!text[n])
            return fail(r, "the line has no end: the record is cut short; tune again, or end the line", "");
        text[n] = '\0';
        if (r->line == 1 && strcmp(text, magic) != 0)
            return fail(r, "a tuning record begins with 'inceptc-tuning 1'", *text ? text : "an empty line");
        if (r->line > 1 && !take_line(r, text))
            return false;
    }
    if (r->line == 1 && !ferror(f))
        return fail(r, "a tuning record begins with 'inceptc-tuning 1'", "an empty file");
    return true;
}

const Tuning *tuning_read(Arena *a, const char *path, bool *file_error)
{
    FILE *f = fopen(path, "r");
    *file_error = !f;
    if (!f) {
        diag_error((Loc){ 0 }, "cannot open '%s': %s", path, strerror(errno));
        return NULL;
    }
    Reader r = { a, path, 0, ARENA_NEW(a, Tuning) };
    bool good = take_file(&r, f);
    if (ferror(f)) {
        *file_error = true;
        good = false;
        diag_error((Loc){ 0 }, "cannot read '%s': %s", path, strerror(errno));
    }
    fclose(f);
    return good ? r.out : NULL;
}

void tuning_print_row(const TuningRow *r, FILE *f)
{
    fprintf(f, "%s %s %s ", r->target, numerics_names[r->numerics], r->shape);
    if (r->mh)
        fprintf(f, "F%dx%d %d", r->mh, r->mw, r->blocks);
    else
        fprintf(f, "direct");
}

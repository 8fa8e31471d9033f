/* metrics_text.c - metrics to be read: tables, CSV and a picture without letters. */
#include "metrics.h"
#include "text_width.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 80, NAME_MOST = 24, HEAD_LEAST = 4, PAIRS = 20, RECALL = 10 /* " | 100.0 %" */ };

static int64_t cell(const Metrics *m, int true_class, int predicted)
{
    return m->confusion[(size_t)true_class * (size_t)m->classes + (size_t)predicted];
}

typedef struct Name { char text[96]; } Name; /* of a class, cut to NAME_MOST code points */

static Name name_of(const char *const *names, int class)
{
    Name name;
    int filled;
    if (!names) {
        snprintf(name.text, sizeof name.text, "%d", class);
        return name;
    }
    int n = text_fit(names[class], NAME_MOST, &filled);
    n = n < (int)sizeof name.text ? n : (int)sizeof name.text - 1;
    memcpy(name.text, names[class], (size_t)n);
    name.text[n] = 0;
    return name;
}

/* s in exactly `width` columns: cut, or filled with spaces before or behind it. */
static void put_column(FILE *f, const char *s, int width, int right)
{
    int filled, n = text_fit(s, width, &filled);
    fprintf(f, "%*s%.*s%*s", right ? width - filled : 0, "", n, s, right ? 0 : width - filled, "");
}

static int widest_name(const Metrics *m, const char *const *names)
{
    int widest = 0;
    for (int c = 0; c < m->classes; c++) {
        int w = text_width(name_of(names, c).text);
        widest = w > widest ? w : widest;
    }
    return widest;
}

static int widest_count(const Metrics *m)
{
    int64_t most = 0;
    for (int c = 0; c < m->classes * m->classes; c++)
        most = m->confusion[c] > most ? m->confusion[c] : most;
    return snprintf(NULL, 0, "%" PRId64, most);
}

/* ---- The confusion matrix ---- */

/* Columns for a cell, so that the table is at most 80 wide; names at the head may be cut to four letters. 0: too many. */
static int choose_width(const Metrics *m, int name, int head)
{
    int count = widest_count(m), room = (COLUMNS - name - RECALL) / m->classes - 1;
    int least = head < HEAD_LEAST ? head : HEAD_LEAST, wanted = head > count ? head : count;
    least = least > count ? least : count;
    return room < least ? 0 : room < wanted ? room : wanted;
}

static void write_table(FILE *f, const Metrics *m, const char *const *names, int name, int width)
{
    put_column(f, "true", name, 0);
    for (int c = 0; c < m->classes; c++) {
        fputc(' ', f);
        put_column(f, name_of(names, c).text, width, 1);
    }
    fprintf(f, " |  recall\n");
    for (int t = 0; t < m->classes; t++) {
        put_column(f, name_of(names, t).text, name, 0);
        for (int c = 0; c < m->classes; c++)
            fprintf(f, " %*" PRId64, width, cell(m, t, c));
        fprintf(f, " | %5.1f %%\n", 100 * metrics_class(m, t).recall);
    }
}

typedef struct Pair {
    int64_t n;
    int true_class, predicted;
} Pair;

static int insert_pair(Pair *pairs, int held, Pair p)
{
    int at = held;
    while (at > 0 && pairs[at - 1].n < p.n)
        at--;
    if (at == PAIRS)
        return held;
    held += held < PAIRS;
    memmove(pairs + at + 1, pairs + at, (size_t)(held - 1 - at) * sizeof *pairs);
    pairs[at] = p;
    return held;
}

static void write_pairs(FILE *f, const Metrics *m, const char *const *names, int name)
{
    Pair pairs[PAIRS];
    int held = 0;
    for (int t = 0; t < m->classes; t++)
        for (int c = 0; c < m->classes; c++)
            if (t != c && cell(m, t, c))
                held = insert_pair(pairs, held, (Pair){ cell(m, t, c), t, c });
    put_column(f, "true", name, 0);
    fprintf(f, "  ");
    put_column(f, "taken for", name, 0);
    fprintf(f, "  %8s  of class\n", "images");
    for (int i = 0; i < held; i++) {
        ClassMetrics one = metrics_class(m, pairs[i].true_class);
        put_column(f, name_of(names, pairs[i].true_class).text, name, 0);
        fprintf(f, "  ");
        put_column(f, name_of(names, pairs[i].predicted).text, name, 0);
        fprintf(f, "  %8" PRId64 "   %5.1f %%\n", pairs[i].n, 100 * (double)pairs[i].n / (double)one.n);
    }
}

void metrics_write_confusion(FILE *f, const Metrics *m, const char *const *names)
{
    int head = widest_name(m, names), name = head > 4 ? head : 4; /* "true" */
    int width = choose_width(m, name, head);
    if (width)
        write_table(f, m, names, name, width);
    else
        write_pairs(f, m, names, name > 9 ? name : 9);
}

/* ---- Classes ---- */

static void write_class(FILE *f, const char *name, int width, ClassMetrics r)
{
    put_column(f, name, width, 0);
    fprintf(f, "  %9.4f  %9.4f  %9.4f  %8" PRId64 "\n", r.precision, r.recall, r.f1, r.n);
}

void metrics_write_classes(FILE *f, const Metrics *m, const char *const *names)
{
    int width = widest_name(m, names);
    width = width > 5 ? width : 5; /* "class" */
    put_column(f, "class", width, 0);
    fprintf(f, "  %9s  %9s  %9s  %8s\n", "precision", "recall", "F1", "images");
    for (int c = 0; c < m->classes; c++)
        write_class(f, name_of(names, c).text, width, metrics_class(m, c));
    write_class(f, "mean", width, metrics_macro(m));
}

/* ---- CSV ---- */

static void put_csv_name(FILE *f, const char *const *names, int class)
{
    if (!names) {
        fprintf(f, "%d", class);
    } else if (!strpbrk(names[class], ",\"\r\n")) {
        fputs(names[class], f);
    } else {
        fputc('"', f);
        for (const char *s = names[class]; *s; s++)
            fprintf(f, *s == '"' ? "\"\"" : "%c", *s);
        fputc('"', f);
    }
}

void metrics_write_csv(FILE *f, const Metrics *m, const char *const *names)
{
    fputs("true", f);
    for (int c = 0; c < m->classes; c++) {
        fputc(',', f);
        put_csv_name(f, names, c);
    }
    fputc('\n', f);
    for (int t = 0; t < m->classes; t++) {
        put_csv_name(f, names, t);
        for (int c = 0; c < m->classes; c++)
            fprintf(f, ",%" PRId64, cell(m, t, c));
        fputc('\n', f);
    }
}

/* ---- The picture ---- */

enum { SIDE = 640, CELL_MOST = 40, CELL_LINED = 8 }; /* pixels; cells of 8 and more have a line around them */

static void colour_of(double share, int diagonal, uint8_t rgb[3])
{
    static const uint8_t full[2][3] = { { 40, 40, 40 }, { 8, 60, 150 } }; /* of a share of 1; 0 is white */
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)(255 - share * (255 - full[diagonal][c]) + 0.5);
}

static void fill_cell(const Metrics *m, int t, int c, int64_t of_row, int side, RtImage *out)
{
    static const uint8_t line[3] = { 208, 208, 208 };
    uint8_t rgb[3];
    colour_of(of_row ? (double)cell(m, t, c) / (double)of_row : 0, t == c, rgb);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            int on_line = side >= CELL_LINED && (y == side - 1 || x == side - 1);
            size_t at = (size_t)(t * side + y) * (size_t)out->w + (size_t)(c * side + x);
            memcpy(out->rgb + 3 * at, on_line ? line : rgb, 3);
        }
}

RtStatus metrics_draw(const Metrics *m, RtImage *out, RtError *err)
{
    int side = SIDE / m->classes;
    side = side > CELL_MOST ? CELL_MOST : side < 1 ? 1 : side;
    int pixels = side * m->classes;
    *out = (RtImage){ pixels, pixels, malloc((size_t)pixels * (size_t)pixels * 3) };
    if (!out->rgb)
        return rt_error(err, RT_ERROR_FILE, "out of memory for a picture of %d x %d pixels", pixels, pixels);
    for (int t = 0; t < m->classes; t++) {
        int64_t of_row = metrics_class(m, t).n;
        for (int c = 0; c < m->classes; c++)
            fill_cell(m, t, c, of_row, side, out);
    }
    return RT_OK;
}

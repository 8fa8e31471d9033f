/* Adds what the compiler knows and the text does not say: the shape of each statement, the totals. */
#include "fmt_annotate.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct Insert {
    int line, col; /* before this byte */
    const char *text;
} Insert;
typedef LIST(Insert) Inserts;

/* Of 1 x 1 are classes and embeddings, in all netdefs a parameter: -D of another value shall go on to work. */
static bool is_picture(const Shape *s) { return s->rank == 3 && s->dim[1] * s->dim[2] > 1; }

static void add_shapes(Arena *a, const Graph *g, Inserts *out)
{
    for (int i = 0; i < g->flows.n; i++) {
        const Flow *w = &g->flows.at[i];
        if (w->loc.file == g->texts.at[0] && !w->declared && is_picture(&w->tensor->shape))
            LIST_PUSH(a, out, ((Insert){ w->loc.end_line, w->loc.end_col, arena_printf(a, " : %s", shape_text(a, &w->tensor->shape)) }));
    }
}

/* Behind the line of `output`, or of the variant's last brace. */
static void add_expect(Arena *a, const AstFile *f, const Graph *g, Inserts *out)
{
    int line = 0;
    for (int i = 0; i < f->items.n; i++) {
        const AstItem *item = f->items.at[i];
        if (item->kind == AI_EXPECT)
            return;
        if (item->kind == AI_OUTPUT || item->kind == AI_VARIANT)
            line = item->loc.end_line;
    }
    Totals t = graph_totals(g);
    const char *aux = t.aux_params ? arena_printf(a, ", aux_params %lld", (long long)t.aux_params) : "";
    LIST_PUSH(a, out, ((Insert){ line, INT_MAX, arena_printf(a, "\nexpect params %lld, macs %lld%s", (long long)t.params, (long long)t.macs, aux) }));
}

static int by_place(const void *x, const void *y)
{
    const Insert *a = x, *b = y;
    return a->line != b->line ? (a->line > b->line) - (a->line < b->line) : (a->col > b->col) - (a->col < b->col);
}

/* The text with the insertions, which are sorted; a column behind the line's end is its end. */
static const char *insert(Arena *a, const char *text, size_t size, const Inserts *list, size_t *length)
{
    size_t n = size;
    for (int i = 0; i < list->n; i++)
        n += strlen(list->at[i].text);
    char *out = arena_alloc(a, n + 1), *q = out;
    const char *p = text, *end = text + size;
    for (int i = 0, line = 1; p < end; line++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p)), *start = p;
        eol = eol ? eol : end;
        for (; i < list->n && list->at[i].line == line; i++) {
            const char *to = list->at[i].col - 1 < eol - start ? start + list->at[i].col - 1 : eol;
            q = (char *)memcpy(q, p, (size_t)(to - p)) + (to - p);
            q = stpcpy(q, list->at[i].text);
            p = to;
        }
        eol += eol < end;
        q = (char *)memcpy(q, p, (size_t)(eol - p)) + (eol - p);
        p = eol;
    }
    *length = (size_t)(q - out);
    return out;
}

int fmt_annotate(Arena *a, const char *path, const AstFile *f, const NetOptions *o, bool *file_error)
{
    Graph *g = net_load(a, path, o, file_error);
    if (!g)
        return -1;
    Inserts list = { 0 };
    add_shapes(a, g, &list);
    add_expect(a, f, g, &list);
    if (list.n)
        qsort(list.at, (size_t)list.n, sizeof *list.at, by_place);
    size_t size, length;
    const char *text = diag_file_text(f->file, &size);
    size_t mark = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* columns count from behind it */
    const char *out = insert(a, text + mark, size - mark, &list, &length);
    return diag_add_file(diag_file_name(f->file), out, length);
}

/* Blanks between the tokens of a line. */
#include "elab.h"
#include "fmt.h"
#include "parser.h"

/* What a bracket holds. */
typedef enum Holds { HOLDS_STATEMENTS, HOLDS_SETTINGS, HOLDS_CHAINS, HOLDS_FLAGS, HOLDS_ARGUMENTS, HOLDS_PARAMETERS } Holds;

enum { MOST_OPEN = MOST_NESTING + 2 };
typedef struct Walk {
    Fmt *f;
    Holds holds[MOST_OPEN]; /* the open brackets; [0] is the file */
    int depth;
    int statement; /* its first token */
    bool equal;    /* its = was seen */
    bool residual; /* the next brace is a residual's */
} Walk;

static const FmtToken *at(const Walk *w, int i) { return &w->f->tokens.at[i]; }
static int kind(const Walk *w, int i) { return i >= 0 && i < w->f->tokens.n ? at(w, i)->kind : 0; }
static Holds holds(const Walk *w) { return w->holds[w->depth]; }
static bool holds_statements(const Walk *w) { return holds(w) == HOLDS_STATEMENTS || holds(w) == HOLDS_SETTINGS; }

/* Whether an expression with operators may stand here. */
static bool holds_expression(const Walk *w)
{
    return holds(w) == HOLDS_ARGUMENTS || holds(w) == HOLDS_PARAMETERS || (holds_statements(w) && kind(w, w->statement) == PARAM);
}

/* Whether the tokens from `first` up to `end` are a path, or one word. */
static bool is_path(const Walk *w, int first, int end)
{
    for (int i = first + 1; i < end; i++)
        if ((kind(w, i) == '.') != ((i - first) % 2 == 1))
            return false;
    return (end - first) % 2 == 1;
}

/* The = of a statement, a setting or a module's parameter stands free, that of a flag or an argument does not. */
static bool is_free_equal(const Walk *w, int i)
{
    int first = kind(w, w->statement);
    return holds(w) == HOLDS_PARAMETERS ||
           (holds_statements(w) && !w->equal && (first == MODULE || first == PARAM || is_path(w, w->statement, i)));
}

static bool is_product(int kind) { return kind == '*' || kind == '/'; }

/* A minus without anything before it that it could be taken from. */
static bool is_sign(const Walk *w, int i)
{
    int before = kind(w, i - 1);
    return kind(w, i) == '-' && (!holds_expression(w) || before == '(' || before == ',' || before == '=' || before == '+' || before == '-' ||
                                 before == RANGE || before == DOTS || is_product(before));
}

/* A bracket that groups a chain: where a layer might stand, too. */
static bool is_group(const Walk *w, int i)
{
    int before = kind(w, i - 1), word = i - 1;
    while (kind(w, word - 1) == '.') /* the path before it */
        word -= 2;
    int lead = kind(w, word - 1);
    bool chains = holds(w) == HOLDS_CHAINS || holds_statements(w);
    return chains && (i == w->statement || before == ARROW || before == '|' || before == '{' || before == '(' || before == OUTPUT ||
                      lead == REPEAT || lead == AFTER || lead == BEFORE ||
                      (before == '=' && at(w, i - 1)->gap && kind(w, w->statement) != PARAM));
}

/* Arguments stand at their word; a count in brackets behind a flag without arguments does not. */
static bool takes_arguments(const Walk *w, const FmtToken *t)
{
    return t->kind == MAX || (t->kind == ID && (holds_expression(w) || !elab_reserved_word(arena_strndup(w->f->arena, t->text, (size_t)t->size))));
}

static int gap(const Walk *w, int i)
{
    int a = kind(w, i - 1), b = kind(w, i);
    if (a == '(' || b == ')' || b == ',' || b == ';' || a == '.' || b == '.')
        return 0;
    if (b == '=')
        return is_free_equal(w, i);
    if (a == '=')
        return at(w, i - 1)->gap;
    if (a == '-' && is_sign(w, i - 1))
        return 0;
    if (is_product(a) || is_product(b))
        return is_product(a) ? kind(w, i - 2) == KERNEL || b == KERNEL : a == KERNEL || kind(w, i + 1) == KERNEL; /* 3x3 / 2 is no 3x3/2 */
    return b != '(' || is_group(w, i) || !takes_arguments(w, at(w, i - 1));
}

static Holds bracket(const Walk *w, int i)
{
    int before = kind(w, i - 1), first = kind(w, w->statement);
    if (kind(w, i) == '(')
        return is_group(w, i) ? HOLDS_CHAINS : first == MODULE && i == w->statement + 2 ? HOLDS_PARAMETERS : HOLDS_ARGUMENTS;
    if (before == CONCAT || before == ADD || before == MUL || before == MAX || w->residual)
        return HOLDS_CHAINS;
    return first == DEFAULT ? HOLDS_FLAGS : first == DATA || first == TRAIN ? HOLDS_SETTINGS : HOLDS_STATEMENTS;
}

/* What the token changes for those behind it. */
static void step(Walk *w, int i)
{
    const FmtToken *t = at(w, i);
    w->equal |= t->kind == '=' && holds_statements(w);
    w->residual |= t->kind == RESIDUAL;
    if (t->kind == '{' || t->kind == '(') {
        Holds h = bracket(w, i);
        w->residual &= t->kind == '(';
        CHECK(w->depth + 1 < MOST_OPEN);
        w->holds[++w->depth] = h;
    }
    if (t->kind == '}' || t->kind == ')')
        w->depth--;
    if ((t->ends || t->kind == '{') && holds_statements(w)) {
        w->statement = i + 1;
        w->equal = false;
    }
}

/* ---- Settings: their = under each other ---- */

static void align_settings(Fmt *f, const int *rows, int n)
{
    int most = 0;
    for (int i = 0; i < n; i++)
        most = f->tokens.at[rows[i]].size > most ? f->tokens.at[rows[i]].size : most;
    for (int i = 0; i < n; i++)
        f->tokens.at[rows[i] + 1].gap = most - f->tokens.at[rows[i]].size + 1;
}

/* ---- Tables of numbers ---- */

typedef struct Row {
    int first, n; /* its first number's token, and how many */
} Row;

/* The first brackets of a statement's first line that hold numbers only, at least two. */
static Row find_row(const Fmt *f, const FmtLine *l)
{
    if (!l->n || !f->tokens.at[l->first].begins || f->tokens.at[l->first].setting)
        return (Row){ 0 };
    for (int i = l->first; i < l->first + l->n; i++) {
        int k = i + 1;
        if (f->tokens.at[i].kind != '(')
            continue;
        while (k + 1 < l->first + l->n && f->tokens.at[k].kind == NUM && f->tokens.at[k + 1].kind == ',')
            k += 2;
        if (k > i + 1 && k + 1 < l->first + l->n && f->tokens.at[k].kind == NUM && f->tokens.at[k + 1].kind == ')')
            return (Row){ i + 1, (k - i + 1) / 2 };
    }
    return (Row){ 0 };
}

/* Column `col` of a table: right-aligned. Returns whether its numbers differ in width. */
static bool column(Fmt *f, const Row *rows, int n, int col, bool apply)
{
    int width = 0, gap = col > 0;
    bool differ = false;
    for (int i = 0; i < n; i++) {
        const FmtToken *t = &f->tokens.at[rows[i].first + 2 * col];
        differ |= i > 0 && t->size != width;
        width = t->size > width ? t->size : width;
        gap = t->blanks < gap ? t->blanks : gap; /* numbers that belong together have none */
    }
    for (int i = 0; apply && i < n; i++) {
        FmtToken *t = &f->tokens.at[rows[i].first + 2 * col];
        t->gap = gap + width - t->size;
    }
    return differ;
}

/* Whether the author spaced the rows differently, as one does to align them. */
static bool was_aligned(const Fmt *f, const Row *rows, int n)
{
    for (int i = 1; i < n; i++)
        for (int c = 0; c < rows[0].n; c++)
            if (f->tokens.at[rows[i].first + 2 * c].blanks != f->tokens.at[rows[0].first + 2 * c].blanks)
                return true;
    return false;
}

static void align_rows(Fmt *f, const Row *rows, int n)
{
    bool differ = false;
    for (int c = 0; c < rows[0].n; c++)
        differ |= column(f, rows, n, c, false);
    for (int c = 0; differ && n > 1 && was_aligned(f, rows, n) && c < rows[0].n; c++)
        column(f, rows, n, c, true);
}

/* The lines of a paragraph with as many numbers in brackets are one table. */
static void align_numbers(Fmt *f, int from, int to)
{
    Row *all = ARENA_ARRAY(f->arena, to - from + 1, Row), *table = ARENA_ARRAY(f->arena, to - from + 1, Row);
    int n = 0;
    for (int i = from; i < to; i++) {
        Row r = find_row(f, &f->lines.at[i]);
        if (r.n > 1)
            all[n++] = r;
    }
    for (int i = 0; i < n; i++) {
        int size = 0, width = all[i].n;
        for (int k = i; k < n && width; k++)
            if (all[k].n == width) {
                table[size++] = all[k];
                all[k].n = 0;
            }
        if (size)
            align_rows(f, table, size);
    }
}

/* ---- All ---- */

static bool begins_line(const Fmt *f, int *line, int token)
{
    while (*line < f->lines.n && f->lines.at[*line].first + f->lines.at[*line].n <= token)
        ++*line;
    return *line < f->lines.n && f->lines.at[*line].first == token;
}

void fmt_space(Fmt *f)
{
    Walk w = { .f = f };
    int *rows = ARENA_ARRAY(f->arena, f->tokens.n + 1, int), n = 0, line = 0;
    for (int i = 0; i < f->tokens.n; i++) {
        FmtToken *t = &f->tokens.at[i];
        t->gap = i ? gap(&w, i) : 0;
        t->begins = i == w.statement && t->kind != '}';
        t->setting = holds(&w) == HOLDS_SETTINGS;
        if (holds(&w) == HOLDS_SETTINGS && t->kind == '=' && i == w.statement + 1 && begins_line(f, &line, i - 1))
            rows[n++] = i - 1;
        if (t->kind == '}' && holds(&w) == HOLDS_SETTINGS) {
            align_settings(f, rows, n);
            n = 0;
        }
        step(&w, i);
        t->block = t->kind == '{' && holds_statements(&w);
    }
    for (int i = 0, end; i < f->lines.n; i = end + 1) {
        end = fmt_paragraph_end(f, i);
        align_numbers(f, i, end);
    }
}

/* The tree of layers in columns, and the totals below it. */
#include "summary.h"
#include "terminal.h"
#include <string.h>

/* ---- Columns ---- */

typedef enum Column { COL_LAYER, COL_OPERATION, COL_OUTPUT, COL_PARAMS, COL_MACS, COL_SHARE, COL_FIELD, COL_BYTES, N_COLS } Column;
static const char *const titles[N_COLS] = { "layer", "operation", "output", "parameters", "MACs", "MACs %", "field", "bytes" };
static const char *const short_titles[N_COLS] = { "layer", "operation", "output", "par.", "MACs", "%", "field", "bytes" };
/* In which order columns go when lines are too short for all of them. */
static const Column dispensable[] = { COL_BYTES, COL_FIELD, COL_SHARE, COL_OPERATION, COL_OUTPUT, COL_MACS, COL_PARAMS };
enum { N_DISPENSABLE = sizeof dispensable / sizeof *dispensable, GAP = 2, SHORT_GAP = 1, LEAST_NAME = 16 };

typedef struct Row {
    const char *cell[N_COLS];
} Row;

typedef struct Tree {
    Arena *arena;
    const Layers *l;
    int depth;
    bool utf8, exact; /* numbers in full */
    LIST(Row) rows;
    bool shown[N_COLS];
    int width[N_COLS], gap;
} Tree;

static const char *count_text(const Tree *t, int64_t v) { return !v ? "-" : t->exact ? arena_commas(t->arena, v) : short_number(t->arena, (double)v); }

static const char *share_text(const Tree *t, const Layer *l)
{
    int64_t all = t->l->totals.macs;
    return l->main_macs && all ? arena_printf(t->arena, "%.1f", 100 * (double)l->main_macs / (double)all) : "-";
}

static void fill_row(Tree *t, Row *r, const Layer *l)
{
    Arena *a = t->arena;
    const char **c = r->cell;
    c[COL_OPERATION] = l->kind ? layer_operation(a, l) : "";
    c[COL_OUTPUT] = shape_text(a, &l->shape);
    c[COL_PARAMS] = count_text(t, l->params);
    c[COL_MACS] = count_text(t, l->macs);
    c[COL_SHARE] = share_text(t, l);
    c[COL_FIELD] = receptive_text(a, &l->receptive);
    c[COL_BYTES] = count_text(t, l->bytes);
}

/* `indent` stands before the members of l. */
static void add_rows(Tree *t, const Layer *l, const char *indent, int depth)
{
    static const char *const lines[2][4] = { { "|-", "`-", "| ", "  " }, { "├─", "└─", "│ ", "  " } };
    const char *const *line = lines[t->utf8];
    for (int i = 0; i < l->members.n; i++) {
        const Layer *m = l->members.at[i];
        bool last = i == l->members.n - 1;
        Row r;
        fill_row(t, &r, m);
        bool head = !m->main && l->main; /* the topmost of what inference leaves out */
        r.cell[COL_LAYER] = arena_printf(t->arena, "%s%s%s%s", indent, line[last], m->name, head ? " (aux)" : "");
        LIST_PUSH(t->arena, &t->rows, r);
        if (t->depth == DEPTH_ALL || depth < t->depth)
            add_rows(t, m, arena_printf(t->arena, "%s%s", indent, line[2 + last]), depth + 1);
    }
}

static int total_width(const Tree *t)
{
    int sum = -t->gap;
    for (int c = 0; c < N_COLS; c++)
        sum += t->shown[c] ? t->width[c] + t->gap : 0;
    return sum;
}

static void measure(Tree *t)
{
    for (int c = 0; c < N_COLS; c++) {
        t->width[c] = text_columns((t->exact ? titles : short_titles)[c]);
        for (int i = 0; i < t->rows.n; i++) {
            int n = text_columns(t->rows.at[i].cell[c]);
            t->width[c] = n > t->width[c] ? n : t->width[c];
        }
    }
}

static void collect(Tree *t, bool exact)
{
    t->exact = exact;
    t->gap = exact ? GAP : SHORT_GAP;
    t->rows.n = 0;
    Row root;
    fill_row(t, &root, t->l->root);
    root.cell[COL_LAYER] = t->l->root->name;
    LIST_PUSH(t->arena, &t->rows, root);
    if (t->depth)
        add_rows(t, t->l->root, "", 1);
    measure(t);
}

/* Names may be cut to LEAST_NAME, so that fewer columns must go. */
static void fit(Tree *t, int width)
{
    for (int c = 0; c < N_COLS; c++)
        t->shown[c] = true;
    collect(t, true);
    if (total_width(t) > width)
        collect(t, false);
    int wanted = t->width[COL_LAYER];
    t->width[COL_LAYER] = wanted < LEAST_NAME ? wanted : LEAST_NAME;
    for (int i = 0; i < N_DISPENSABLE && total_width(t) > width; i++)
        t->shown[dispensable[i]] = false;
    int room = width - total_width(t) + t->width[COL_LAYER];
    t->width[COL_LAYER] = wanted < room ? wanted : room;
}

static void print_row(const Tree *t, const Row *r, FILE *f)
{
    const char *pad = "";
    int spaces = 0; /* owed: no line ends with a space */
    for (int c = 0; c < N_COLS; c++) {
        if (!t->shown[c])
            continue;
        const char *s = c == COL_LAYER ? cut_text(t->arena, r->cell[c], t->width[c], t->utf8) : r->cell[c];
        int room = t->width[c] - text_columns(s);
        bool left = c <= COL_OUTPUT;
        spaces += left ? 0 : room;
        if (*s) {
            fprintf(f, "%*s%s", spaces, pad, s);
            spaces = 0;
        }
        spaces += (left ? room : 0) + t->gap;
    }
    fputc('\n', f);
}

/* ---- Totals ---- */

SummaryTotals summary_totals(const Summary *s, bool training)
{
    const Totals *n = &s->layers->totals;
    SummaryTotals t = { .params = n->params, .statistics = n->bn_stats, .macs = n->macs };
    for (int i = 0; i < s->layers->list.n; i++) {
        const Layer *l = s->layers->list.at[i];
        if (l->main || training) {
            t.frozen += l->frozen;
            t.activations += l->bytes;
        }
    }
    if (training) {
        t.params += n->aux_params;
        t.statistics += n->aux_bn_stats;
        t.macs += n->aux_macs;
    }
    t.file_bytes = 4 * (t.params + t.statistics);
    t.memory = training ? s->step_bytes : s->layers->plan->arena_bytes;
    return t;
}

typedef struct TotalsRow {
    const char *label;
    int64_t value[2];
} TotalsRow;

enum { LABEL = 22, VALUE = 17 };
static const char *const heads[] = { "inference", "training" };

static void print_wide(Arena *a, const TotalsRow *rows, int n_rows, int columns, FILE *f)
{
    fprintf(f, "\n%*s", LABEL, "");
    for (int k = 0; k < columns; k++)
        fprintf(f, "%*s", VALUE, heads[k]);
    for (int r = 0; r < n_rows; r++) {
        fprintf(f, "\n%-*s", LABEL, rows[r].label);
        for (int k = 0; k < columns; k++)
            fprintf(f, "%*s", VALUE, arena_commas(a, rows[r].value[k]));
    }
    fputc('\n', f);
}

static void print_narrow(Arena *a, const TotalsRow *rows, int n_rows, int columns, FILE *f)
{
    for (int r = 0; r < n_rows; r++) {
        fprintf(f, "\n%s\n", rows[r].label);
        for (int k = 0; k < columns; k++)
            fprintf(f, "  %s %s\n", heads[k], short_number(a, (double)rows[r].value[k]));
    }
}

static void print_totals(const Summary *s, int width, FILE *f)
{
    SummaryTotals i = summary_totals(s, false), t = summary_totals(s, true);
    const TotalsRow rows[] = {
        { "parameters", { i.params, t.params } },
        { "that train", { i.params - i.frozen, t.params - t.frozen } },
        { "that are frozen", { i.frozen, t.frozen } },
        { "batch statistics", { i.statistics, t.statistics } },
        { "MACs of an image", { i.macs, t.macs } },
        { "activations, bytes", { i.activations, t.activations } },
        { "weights file, bytes", { i.file_bytes, t.file_bytes } },
        { "memory, bytes", { i.memory, t.memory } },
    };
    int columns = s->step_bytes ? 2 : 1;
    bool wide = width >= LABEL + columns * VALUE;
    (wide ? print_wide : print_narrow)(s->layers->arena, rows, sizeof rows / sizeof *rows, columns, f);
    const Plan *p = s->layers->plan;
    const char *note = arena_printf(p->arena, "Memory: the arena of an image, %s, %s", p->target->name, numerics_names[plan_numerics(p)]);
    if (s->step_bytes)
        note = arena_printf(p->arena, "%s; a step of %d image%s", note, s->step_images, s->step_images == 1 ? "" : "s");
    if (s->untrainable)
        note = arena_printf(p->arena, "%s. It cannot train: %s", note, s->untrainable);
    fputc('\n', f);
    print_wrapped(arena_printf(p->arena, "%s.", note), width, f);
}

void summary_tree(const Summary *s, int depth, int width, bool utf8, FILE *f)
{
    Tree t = { .arena = s->layers->arena, .l = s->layers, .depth = depth, .utf8 = utf8 };
    Row head;
    fit(&t, width);
    memcpy(head.cell, t.exact ? titles : short_titles, sizeof head.cell);
    print_row(&t, &head, f);
    for (int i = 0; i < t.rows.n; i++)
        print_row(&t, &t.rows.at[i], f);
    print_totals(s, width, f);
}

#include "structure.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- The lines of a graph ---- */

typedef struct Lines {
    const Graph *g;
    int *line;     /* by tensor id: the line that makes it, 0 for the image */
    int n;
} Lines;

/* The value without the dropouts on its way, which inference does not have. */
static const Tensor *value_of(const Tensor *t)
{
    while (t->def && t->def->op == OP_DROPOUT)
        t = t->def->in[0];
    return t;
}

static void print_input(const Lines *l, const Tensor *t, FILE *f)
{
    t = value_of(t);
    if (t->kind == TENSOR_WEIGHT)
        fprintf(f, " %s:%s", t->name, shape_text(l->g->arena, &t->shape));
    else if (t->kind == TENSOR_INPUT)
        fprintf(f, " image");
    else
        fprintf(f, " %d", l->line[t->id] - (l->n + 1));
}

static void print_line(Lines *l, const Node *n, FILE *f)
{
    fprintf(f, "%s", op_name(n->op));
    for (int k = 0; k < n->n_out; k++)
        fprintf(f, "%s%s", k ? "," : " ", shape_text(l->g->arena, &n->out[k]->shape));
    fprintf(f, " of");
    for (int k = 0; k < n->n_in; k++)
        print_input(l, n->in[k], f);
    graph_print_attributes(n, false, f);
    fputc('\n', f);
    l->n++;
    for (int k = 0; k < n->n_out; k++)
        l->line[n->out[k]->id] = l->n;
}

static void print_all(const Graph *g, bool paths, FILE *f)
{
    Lines l = { .g = g, .line = ARENA_ARRAY(g->arena, g->next_id + 1, int) };
    bool *needed = ARENA_ARRAY(g->arena, g->next_id + 1, bool);
    graph_mark_needed(g, g->output, needed);
    const char *image = shape_text(g->arena, &g->input->shape);
    fprintf(f, "%simage %s\n", paths ? "image\t" : "", image);
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        if (!needed[n->id] || n->dead || n->op == OP_DROPOUT)
            continue;
        if (paths)
            fprintf(f, "%s\t", n->path);
        print_line(&l, n, f);
    }
}

static char *text_of(const Graph *g, bool paths)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        ICE("out of memory for the network's structure");
    print_all(g, paths, f);
    if (fclose(f) != 0)
        ICE("out of memory for the network's structure");
    char *copy = arena_strndup(g->arena, text, size);
    free(text);
    return copy;
}

const char *structure_text(const Graph *g) { return text_of(g, true); }

uint64_t structure_fnv(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (const char *s = text; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h;
}

uint64_t structure_hash(const Graph *g) { return structure_fnv(text_of(g, false)); }

const char *structure_hash_text(Arena *a, uint64_t hash) { return arena_printf(a, "%016" PRIx64, hash); }

/* ---- Differences ---- */

typedef struct Line {
    const char *path, *text;
} Line;
typedef LIST(Line) LineList;

static LineList split(Arena *a, const char *text)
{
    LineList list = { 0 };
    for (const char *s = text; *s;) {
        size_t n = strcspn(s, "\n"), tab = strcspn(s, "\t\n");
        Line line = { arena_strndup(a, s, tab), tab < n ? arena_strndup(a, s + tab + 1, n - tab - 1) : "" };
        LIST_PUSH(a, &list, line);
        s += n + (s[n] == '\n');
    }
    return list;
}

static bool same(const Line *x, const Line *y) { return strcmp(x->text, y->text) == 0; }

typedef struct Diff {
    Arena *a;
    const char *their_name, *our_name;
    int found, most;
    FILE *f;
} Diff;

static bool counts(Diff *d) { return ++d->found <= d->most; }

/* The words of x that y lacks, by a space each. */
static const char *words_without(Arena *a, const char *x, const char *y)
{
    const char *out = "";
    for (const char *s = x; *s;) {
        size_t n = strcspn(s, " ");
        const char *word = arena_strndup(a, s, n), *padded = arena_printf(a, " %s ", word);
        if (n && !strstr(arena_printf(a, " %s ", y), padded))
            out = arena_printf(a, "%s%s%s", out, *out ? " " : "", word);
        s += n + (s[n] == ' ');
    }
    return out;
}

static void changed(Diff *d, const Line *theirs, const Line *ours)
{
    if (!counts(d))
        return;
    const char *x = words_without(d->a, theirs->text, ours->text), *y = words_without(d->a, ours->text, theirs->text);
    fprintf(d->f, "%s (%.*s): %s in %s, %s in %s\n", ours->path, (int)strcspn(ours->text, " "), ours->text, *x ? x : "nothing more",
            d->their_name, *y ? y : "nothing more", d->our_name);
}

static void alone(Diff *d, const Line *line, const char *name)
{
    if (counts(d))
        fprintf(d->f, "%s: only in %s: %s\n", line->path, name, line->text);
}

/* Lines x[0, nx) and y[0, ny) that have no equal partner: paired by path, in order. */
static void unmatched(Diff *d, const Line *x, int nx, const Line *y, int ny)
{
    int j = 0;
    for (int i = 0; i < nx; i++) {
        int k = j;
        while (k < ny && strcmp(x[i].path, y[k].path) != 0)
            k++;
        if (k == ny) {
            alone(d, &x[i], d->their_name);
            continue;
        }
        while (j < k)
            alone(d, &y[j++], d->our_name);
        changed(d, &x[i], &y[j++]);
    }
    while (j < ny)
        alone(d, &y[j++], d->our_name);
}

enum { TABLE_MOST = 16 << 20 }; /* entries; beyond it all lines count as unmatched */

/* length[i * (ny + 1) + j]: of the longest common subsequence of x[i ..) and y[j ..). */
static int *common_lengths(const Line *x, int nx, const Line *y, int ny)
{
    int *length = (int64_t)(nx + 1) * (ny + 1) > TABLE_MOST ? NULL : calloc((size_t)(nx + 1) * (size_t)(ny + 1), sizeof *length);
    for (int i = nx - 1; length && i >= 0; i--)
        for (int j = ny - 1; j >= 0; j--) {
            int *at = &length[i * (ny + 1) + j], down = at[ny + 1], right = at[1];
            *at = same(&x[i], &y[j]) ? at[ny + 2] + 1 : down > right ? down : right;
        }
    return length;
}

static void compare(Diff *d, const Line *x, int nx, const Line *y, int ny)
{
    int *length = common_lengths(x, nx, y, ny), i = 0, j = 0, i0 = 0, j0 = 0;
    while (length && i < nx && j < ny) {
        if (same(&x[i], &y[j])) {
            unmatched(d, x + i0, i - i0, y + j0, j - j0);
            i0 = ++i, j0 = ++j;
        } else if (length[(i + 1) * (ny + 1) + j] >= length[i * (ny + 1) + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    unmatched(d, x + i0, nx - i0, y + j0, ny - j0);
    free(length);
}

int structure_diff(Arena *a, const char *theirs, const char *ours, const char *their_name, const char *our_name, int most, FILE *f)
{
    LineList x = split(a, theirs), y = split(a, ours);
    Diff d = { a, their_name, our_name, 0, most, f };
    compare(&d, x.at, x.n, y.at, y.n);
    if (d.found > most)
        fprintf(f, "and %d more differences\n", d.found - most);
    return d.found;
}

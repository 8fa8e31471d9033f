/* What stands at the ends of lines: shapes under each other, then comments. In a paragraph the author's column holds when more than
 * half of the lines are at it; else it is three behind the longest. Lines over LONG columns have no say, and what does not reach the
 * column stands three behind its line. */
#include "fmt.h"

enum { LONG = 80, APART = 3 };

typedef struct End {
    int width;  /* of what stands before it */
    int author; /* the column that it had */
    int *at;    /* gets its column */
} End;

static bool votes(const End *e) { return e->width <= LONG; }

/* The only column that more than half of those with a say may be at (Boyer and Moore's vote). */
static int candidate(const End *ends, int n)
{
    int col = 0, lead = 0;
    for (int i = 0; i < n; i++) {
        if (!votes(&ends[i]))
            continue;
        if (lead == 0)
            col = ends[i].author;
        lead += ends[i].author == col ? 1 : -1;
    }
    return col;
}

/* The column of more than half, if it is far enough from each of these; else 0. */
static int kept_column(const End *ends, int n)
{
    int col = candidate(ends, n), all = 0, there = 0;
    for (int i = 0; i < n; i++) {
        all += votes(&ends[i]);
        if (!votes(&ends[i]) || ends[i].author != col)
            continue;
        if (ends[i].width + APART > col)
            return 0;
        there++;
    }
    return 2 * there > all ? col : 0;
}

static void align(const End *ends, int n)
{
    int col = kept_column(ends, n);
    bool kept = col > 0;
    for (int i = 0; i < n && !kept; i++)
        if (votes(&ends[i]) && ends[i].width + APART > col)
            col = ends[i].width + APART;
    for (int i = 0; i < n; i++)
        *ends[i].at = ends[i].width + APART <= col ? col : ends[i].width + APART;
}

static void align_shapes(Fmt *f, int from, int to, End *ends)
{
    int n = 0;
    for (int i = from; i < to; i++) {
        FmtLine *l = &f->lines.at[i];
        if (l->shape >= 0)
            ends[n++] = (End){ fmt_width(f, l, l->shape - l->first), l->shape_column, &l->shape_at };
    }
    align(ends, n);
    for (int i = from; i < to; i++) {
        FmtLine *l = &f->lines.at[i];
        if (l->shape >= 0)
            f->tokens.at[l->shape].gap = l->shape_at - fmt_width(f, l, l->shape - l->first);
    }
}

static void align_comments(Fmt *f, int from, int to, End *ends)
{
    int n = 0;
    for (int i = from; i < to; i++) {
        FmtLine *l = &f->lines.at[i];
        l->comment_at = l->indent;
        if (l->comment && l->n)
            ends[n++] = (End){ fmt_width(f, l, l->n), l->comment_column, &l->comment_at };
    }
    align(ends, n);
    for (int i = from; i < to; i++)
        if (f->lines.at[i].follows)
            f->lines.at[i].comment_at = f->lines.at[i - 1].comment_at;
}

void fmt_align(Fmt *f)
{
    End *ends = ARENA_ARRAY(f->arena, f->lines.n + 1, End);
    for (int i = 0, end; i < f->lines.n; i = end + 1) {
        end = fmt_paragraph_end(f, i);
        align_shapes(f, i, end, ends);
        align_comments(f, i, end, ends);
    }
}

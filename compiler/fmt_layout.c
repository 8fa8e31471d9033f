/* The indentation of lines. A step is two columns; what goes on with something stands under it:
 *
 *     module m =
 *       concat { conv 1x1 4 -> conv 3x3 8
 *                -> conv 3x3 8             # the arrow under its chain
 *              | maxpool 3x3 }             # the stroke under the brace */
#include "fmt.h"
#include "parser.h"

enum { STEP = 2, MOST_OPEN = MOST_NESTING + 2 };

typedef struct Level {
    int bracket;     /* column of the bracket that opened it */
    bool round, block;
    bool last;       /* the bracket ends its line */
    int outer;       /* indentation of its line */
    int statement;   /* indentation of the statement within */
    int chain, first_chain; /* columns where the chain within and the first branch begin */
} Level;

typedef struct Layout {
    Fmt *f;
    Level levels[MOST_OPEN]; /* [0]: the file */
    int depth;
} Layout;

/* Of a line that goes on in the midst of something, by the token before it. */
static int inner_indent(const Level *v, int before)
{
    switch (before) {
    case '{': case '(': return v->outer + STEP;
    case ARROW: case '|': return v->chain;
    case '=': return v->statement + STEP;
    default: return !v->round ? v->statement + STEP : v->last ? v->outer + STEP : v->bracket + 1;
    }
}

static int indent(const Layout *l, int i)
{
    const FmtToken *t = &l->f->tokens.at[i];
    const Level *v = &l->levels[l->depth];
    if (t->begins)
        return l->depth ? v->outer + STEP : 0;
    switch (t->kind) {
    case '}': case ')': return v->last || v->block ? v->outer : v->bracket;
    case '|': return v->last ? v->first_chain : v->bracket;
    case ARROW: case ':': return v->chain;
    default: return inner_indent(v, i ? t[-1].kind : 0);
    }
}

/* Whether a chain begins behind this token. */
static bool leads(const FmtToken *t) { return t->kind == '{' || t->kind == '(' || t->kind == '|' || t->kind == OUTPUT || (t->kind == '=' && t->gap); }

/* Token i of a line stands at column col. */
static void place(Layout *l, const FmtLine *line, int i, int col)
{
    const FmtToken *t = &l->f->tokens.at[i];
    Level *v = &l->levels[l->depth];
    if (t->begins)
        v->statement = line->indent;
    if (t->begins || (i && leads(&t[-1])))
        v->chain = col;
    if (i && t[-1].kind == '{')
        v->first_chain = col;
    if (t->kind == '{' || t->kind == '(') {
        CHECK(l->depth + 1 < MOST_OPEN);
        l->levels[++l->depth] = (Level){ col, t->kind == '(', t->block, i == line->first + line->n - 1, line->indent, line->indent, col, col };
    }
    if (t->kind == '}' || t->kind == ')')
        l->depth--;
}

/* A comment alone stands where the next line begins, at the end of a bracket one step within. */
static void place_comments(Fmt *f)
{
    int next = 0;
    for (int i = f->lines.n - 1; i >= 0; i--) {
        FmtLine *line = &f->lines.at[i];
        if (line->n) {
            int kind = f->tokens.at[line->first].kind;
            next = line->indent + (kind == '}' || kind == ')' ? STEP : 0);
        } else {
            line->indent = next;
        }
    }
}

void fmt_layout(Fmt *f)
{
    Layout l = { .f = f };
    for (int i = 0; i < f->lines.n; i++) {
        FmtLine *line = &f->lines.at[i];
        if (line->n)
            line->indent = indent(&l, line->first);
        for (int k = line->first, col = line->indent; k < line->first + line->n; k++) {
            const FmtToken *t = &f->tokens.at[k];
            col += k > line->first ? t->gap : 0;
            place(&l, line, k, col);
            col = fmt_columns(t->text, t->size, col);
        }
    }
    place_comments(f);
}

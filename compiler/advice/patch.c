#include "patch.h"
#include <stdlib.h>
#include <string.h>

static void change(Patch *p, Loc loc, size_t from, size_t to, const char *text, const Nodes *nodes)
{
    Change c = { from, to, loc, text, nodes };
    LIST_PUSH(p->arena, &p->changes, c);
}

void patch_insert(Patch *p, Loc before, const char *text, const Nodes *nodes)
{
    change(p, before, source_offset(before, false), source_offset(before, false), text, nodes);
}

void patch_append(Patch *p, Loc after, const char *text, const Nodes *nodes)
{
    change(p, after, source_offset(after, true), source_offset(after, true), text, nodes);
}

void patch_replace(Patch *p, Loc old, const char *text, const Nodes *nodes)
{
    change(p, old, source_offset(old, false), source_offset(old, true), text, nodes);
}

/* ---- Pieces with their changes ---- */

typedef struct Work {
    Patch *p;
    LIST(Piece) pieces; /* to be written, modules first */
    LIST(Loc) renamed;  /* statements that use the new module */
} Work;

static Loc piece_loc(const Piece *x) { return x->stmt ? x->stmt->loc : x->module->loc; }

/* Up to the end of what it says, without the declared shape where that may be wrong now; without a comment behind it. */
static Loc piece_span(const Patch *p, const Piece *x)
{
    Loc loc = piece_loc(x), end = x->stmt ? x->stmt->chain->loc : x->module->chain ? x->module->chain->loc : loc;
    if (x->stmt && x->stmt->shape.present && !p->reshapes)
        end = x->stmt->shape.loc;
    loc.end_line = end.end_line;
    loc.end_col = end.end_col;
    return loc;
}

static bool same_piece(const Piece *a, const Piece *b) { return a->module == b->module && a->stmt == b->stmt; }

static void want_piece(Work *w, const Piece *x)
{
    for (int i = 0; i < w->pieces.n; i++)
        if (same_piece(&w->pieces.at[i], x))
            return;
    LIST_PUSH(w->p->arena, &w->pieces, *x);
}

static const char *fail(Patch *p, const char *fmt, const char *name)
{
    p->failed = p->failed ? p->failed : arena_printf(p->arena, fmt, name);
    return NULL;
}

static int in_file_order(const void *a, const void *b)
{
    const Change *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to != y->to ? (x->to < y->to ? -1 : 1) : 0;
}

/* Every line but the first two columns further to the right. */
static void write_indented(FILE *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fputc(text[i], out);
        if (text[i] == '\n')
            fputs("  ", out);
    }
}

/* The text of a piece with its changes. */
static void write_piece(const Patch *p, const Piece *x, FILE *out)
{
    Loc span = piece_span(p, x);
    size_t size, at = source_offset(span, false), end = source_offset(span, true);
    const char *text = diag_file_text(span.file, &size);
    fputs("  ", out);
    for (int i = 0; i < p->changes.n; i++) {
        const Change *c = &p->changes.at[i];
        if (c->loc.file != span.file || c->from < at || c->to > end)
            continue;
        write_indented(out, text + at, c->from - at);
        fputs(c->text, out);
        at = c->to;
    }
    write_indented(out, text + at, end - at);
    fputc('\n', out);
}

/* ---- Modules that are right in some of their uses ---- */

/* Layers of the same text as those of c that c was not made for. */
static int others(const Patch *p, const Change *c) { return p->view->instances[p->view->text_of[c->nodes->at[0]->id]] - c->nodes->n; }

/* The same in the statement at `stmt`. */
static int others_in(const Patch *p, const Change *c, Loc stmt)
{
    int n = 0;
    const Node *first = c->nodes->at[0];
    for (int i = 0; i < p->view->g->nodes.n; i++) {
        const Node *x = p->view->g->nodes.at[i];
        n += x->op == first->op && p->view->text_of[x->id] == p->view->text_of[first->id] && view_same(x->stmt, stmt);
    }
    for (int i = 0; i < c->nodes->n; i++)
        n -= view_same(c->nodes->at[i]->stmt, stmt);
    return n;
}

static bool is_own(const AstFile *f) /* not included: its defaults are those of the statements */
{
    for (int i = 0; i < f->items.n; i++)
        if (f->items.at[i]->kind == AI_NET || f->items.at[i]->kind == AI_VARIANT)
            return true;
    return false;
}

static int rename_in(Patch *p, const AstChain *c, const char *name, const char *new_name);

static int rename_node(Patch *p, const AstNode *n, const char *name, const char *new_name)
{
    if (n->kind == AN_LAYER && strcmp(n->head.text, name) == 0) {
        patch_replace(p, n->head.loc, new_name, NULL);
        return 1;
    }
    int sum = (n->node ? rename_node(p, n->node, name, new_name) : 0) + (n->chain ? rename_in(p, n->chain, name, new_name) : 0);
    for (int i = 0; i < n->branches.n; i++)
        sum += rename_in(p, n->branches.at[i], name, new_name);
    return sum;
}

static int rename_in(Patch *p, const AstChain *c, const char *name, const char *new_name)
{
    int sum = 0;
    for (int i = 0; i < c->units.n; i++)
        sum += rename_node(p, c->units.at[i].node, name, new_name);
    return sum;
}

/* The statement at `stmt` uses `new_name` instead of the module. */
static void use_new(Work *w, const Piece *x, Loc stmt, const char *new_name)
{
    Patch *p = w->p;
    for (int i = 0; i < w->renamed.n; i++)
        if (view_same(w->renamed.at[i], stmt))
            return;
    LIST_PUSH(p->arena, &w->renamed, stmt);
    const Piece *user = source_piece(p->source, stmt);
    if (!user || !user->stmt || rename_in(p, user->stmt->chain, x->module->name, new_name) == 0)
        fail(p, "module '%s' is right in some of its uses, and the others stand in another module", x->module->name);
    else
        want_piece(w, user);
}

static bool belongs(const Patch *p, const Change *c, const Piece *x)
{
    const Piece *y = source_piece(p->source, c->loc);
    return y && same_piece(x, y);
}

/* A new module beside the old one, for those statements where the changes are wanted. */
static void split_module(Work *w, const Piece *x)
{
    Patch *p = w->p;
    const char *new_name = arena_printf(p->arena, "%s_%s", x->module->name, p->suffix);
    int n = p->changes.n;
    if (!is_own(x->file)) {
        fail(p, "module '%s' is right in some of its uses, and it stands in an included file with defaults of its own", x->module->name);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (!p->changes.at[i].nodes || !belongs(p, &p->changes.at[i], x))
            continue;
        const Nodes *nodes = p->changes.at[i].nodes;
        for (int k = 0; k < nodes->n; k++)
            use_new(w, x, nodes->at[k]->stmt, new_name);
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < w->renamed.n; k++)
            if (p->changes.at[i].nodes && belongs(p, &p->changes.at[i], x) && others_in(p, &p->changes.at[i], w->renamed.at[k]))
                fail(p, "a statement uses module '%s' where it is right and where it is not", x->module->name);
    w->renamed.n = 0;
    patch_replace(p, x->module->name_loc, new_name, NULL);
}

static bool right_somewhere(const Patch *p, const Piece *x)
{
    for (int i = 0; i < p->changes.n; i++) {
        const Change *c = &p->changes.at[i];
        if (c->nodes && belongs(p, c, x) && others(p, c))
            return true;
    }
    return false;
}

/* ---- The variant ---- */

/* Statements of the net that declare a shape. */
static void want_shaped(Work *w)
{
    const Patch *p = w->p;
    Loc last = { 0 };
    for (int i = 0; i < p->view->g->nodes.n; i++) {
        Loc stmt = p->view->g->nodes.at[i]->stmt;
        const Piece *x = view_same(stmt, last) ? NULL : source_piece(p->source, stmt);
        if (x && x->stmt && x->stmt->name && x->stmt->shape.present)
            want_piece(w, x);
        last = stmt;
    }
}

static void find_pieces(Work *w)
{
    Patch *p = w->p;
    for (int i = 0, n = p->changes.n; i < n; i++) {
        const Piece *x = source_piece(p->source, p->changes.at[i].loc);
        if (!x)
            fail(p, "%s", "the layer stands in an edit that inserts it: a variant of this variant cannot reach it");
        else
            want_piece(w, x);
    }
    for (int i = 0, n = w->pieces.n; i < n && !p->failed; i++)
        if (w->pieces.at[i].module && right_somewhere(p, &w->pieces.at[i]))
            split_module(w, &w->pieces.at[i]);
    if (p->changes.n)
        qsort(p->changes.at, (size_t)p->changes.n, sizeof *p->changes.at, in_file_order);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void write_pieces(Work *w, bool statements, FILE *out)
{
    for (int i = 0; i < w->pieces.n; i++) {
        const Piece *x = &w->pieces.at[i];
        if ((x->stmt != NULL) != statements)
            continue;
        if (x->stmt && !x->stmt->name)
            fail(w->p, "the statement '%s' has no name that a variant could replace it by", source_text(w->p->arena, x->stmt->chain->loc));
        write_piece(w->p, x, out);
    }
}

static const char *variant_text(Work *w)
{
    Patch *p = w->p;
    const Graph *g = p->view->g;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK(out);
    fprintf(out, "variant %s_%s of \"%s\" {\n", g->name, p->suffix, file_name(g->source));
    for (int i = 0; i < p->lines.n; i++)
        fprintf(out, "  %s\n", p->lines.at[i]);
    write_pieces(w, false, out);
    write_pieces(w, true, out);
    fprintf(out, "}\n%s", p->train ? p->train : "");
    fclose(out);
    const char *kept = arena_strndup(p->arena, text, size);
    free(text);
    return kept;
}

static const char *beside(Arena *a, const Graph *g)
{
    int folder = (int)(file_name(g->source) - g->source);
    return arena_printf(a, "%.*sfixed.net", folder, g->source);
}

static const char *expected(Arena *a, const Totals *t)
{
    const char *aux = t->aux_params ? arena_printf(a, ", aux_params %lld", (long long)t->aux_params) : "";
    return arena_printf(a, "expect params %lld, macs %lld%s\n", (long long)t->params, (long long)t->macs, aux);
}

/* Loads the variant of the pieces of w: null after an error, whose text is in f->failed. */
static Graph *load(Work *w, const NetOptions *o, Fixed *f)
{
    Patch *p = w->p;
    const char *text = variant_text(w);
    if ((f->failed = p->failed))
        return NULL;
    NetOptions own = *o;
    own.text = text;
    own.text_size = strlen(text);
    own.names_files = true;
    bool file_error;
    diag_try();
    Graph *g = net_load(p->arena, beside(p->arena, p->view->g), &own, &file_error);
    const char *wrong = diag_tried();
    f->text = g ? text : NULL;
    f->failed = g ? NULL : arena_printf(p->arena, "it was tried, and does not fit: %s", wrong ? wrong : "?");
    return g;
}

/* A net of more statements is a list that a program wrote: its statements are not all said again. */
enum { MOST_PIECES = 2000 };

Fixed patch_apply(Patch *p, const NetOptions *o)
{
    Fixed f = { 0 };
    Work w = { .p = p };
    if (strcmp(p->view->g->source, "-") == 0)
        fail(p, "%s", "a variant names the net's file, and this net came from standard input");
    if (!p->failed)
        find_pieces(&w);
    if ((f.failed = p->failed))
        return f;
    Graph *g = load(&w, o, &f);
    if (!g && p->reshapes && !p->failed && p->source->pieces.n <= MOST_PIECES) { /* other statements declare wrong shapes now */
        want_shaped(&w);
        g = load(&w, o, &f);
    }
    if (!g)
        return f;
    f.totals = graph_totals(g);
    f.activations = view_activations(p->arena, g);
    f.text = arena_printf(p->arena, "%s%s", f.text, o->defines.n ? "" : expected(p->arena, &f.totals));
    return f;
}

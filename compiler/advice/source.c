#include "source.h"
#include <string.h>

static void add_piece(Source *s, const AstFile *f, const AstItem *module, const AstStmt *stmt)
{
    Piece p = { f, module, stmt };
    LIST_PUSH(s->arena, &s->pieces, p);
}

static void add_item(Source *s, const AstFile *f, const AstItem *item)
{
    if (item->kind == AI_MODULE)
        add_piece(s, f, item, NULL);
    if (item->kind == AI_STMT)
        add_piece(s, f, NULL, item->stmt);
    if (item->kind == AI_TRAIN)
        LIST_PUSH(s->arena, &s->trains, item);
    for (int i = 0; i < item->edits.n; i++) {
        const AstEdit *e = &item->edits.at[i];
        if (e->kind == EDIT_MODULE)
            add_piece(s, f, e->item, NULL);
        if (e->kind == EDIT_STMT)
            add_piece(s, f, NULL, e->stmt);
    }
}

Source *source_new(Arena *a, const Graph *g)
{
    Source *s = ARENA_NEW(a, Source);
    s->arena = a;
    for (int i = 0; i < g->texts.n; i++) {
        const AstFile *f = ast_parse(a, g->texts.at[i], diag_file_name(g->texts.at[i]));
        CHECK(f); /* it was read before */
        for (int k = 0; k < f->items.n; k++)
            add_item(s, f, f->items.at[k]);
    }
    return s;
}

/* ---- Text ---- */

size_t source_offset(Loc loc, bool end)
{
    size_t size;
    const char *text = diag_file_text(loc.file, &size), *p = text;
    if (size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        p += 3;
    for (int line = 1; line < (end ? loc.end_line : loc.line); line++)
        p = (const char *)memchr(p, '\n', size - (size_t)(p - text)) + 1;
    return (size_t)(p - text) + (size_t)(end ? loc.end_col : loc.col) - 1;
}

const char *source_text(Arena *a, Loc loc)
{
    size_t size, from = source_offset(loc, false), to = source_offset(loc, true);
    const char *text = diag_file_text(loc.file, &size);
    return arena_strndup(a, text + from, (to < size ? to : size) - from);
}

/* ---- Places ---- */

static bool in_chain(const AstChain *c, Loc loc, bool reads_in, Spot *p);

static bool in_node(const AstNode *n, Loc loc, bool reads_in, Spot *p)
{
    if (n->kind == AN_REPEAT)
        return in_node(n->node, loc, reads_in, p);
    if (n->chain && in_chain(n->chain, loc, reads_in || n->kind == AN_RESIDUAL, p))
        return true;
    for (int i = 0; i < n->branches.n; i++)
        if (in_chain(n->branches.at[i], loc, reads_in, p))
            return true;
    return false;
}

static bool in_chain(const AstChain *c, Loc loc, bool reads_in, Spot *p)
{
    for (int i = 0; i < c->units.n; i++) {
        const AstNode *n = c->units.at[i].node;
        if (view_same(n->loc, loc)) {
            *p = (Spot){ p->piece, n, c, i, reads_in && i == 0 };
            return true;
        }
        if (in_node(n, loc, reads_in && i == 0, p))
            return true;
    }
    return false;
}

bool source_find(const Source *s, Loc loc, Spot *out)
{
    for (int i = 0; i < s->pieces.n; i++) {
        const Piece *p = &s->pieces.at[i];
        *out = (Spot){ .piece = *p };
        if (p->stmt ? in_chain(p->stmt->chain, loc, false, out) : p->module->chain && in_chain(p->module->chain, loc, true, out))
            return true;
        for (int k = 0; p->module && k < p->module->stmts.n; k++)
            if (in_chain(p->module->stmts.at[k]->chain, loc, k == 0, out))
                return true;
    }
    return false;
}

static bool holds(Loc whole, Loc part)
{
    return whole.file == part.file && (part.line > whole.line || (part.line == whole.line && part.col >= whole.col)) &&
           (part.line < whole.end_line || (part.line == whole.end_line && part.col < whole.end_col));
}

const Piece *source_piece(const Source *s, Loc loc)
{
    for (int i = 0; i < s->pieces.n; i++)
        if (holds(s->pieces.at[i].stmt ? s->pieces.at[i].stmt->loc : s->pieces.at[i].module->loc, loc))
            return &s->pieces.at[i];
    return NULL;
}

/* The last one wins: files come after those that edit them, so the first is looked for. */
const AstItem *source_module(const Source *s, const char *name)
{
    for (int i = 0; i < s->pieces.n; i++)
        if (s->pieces.at[i].module && strcmp(s->pieces.at[i].module->name, name) == 0)
            return s->pieces.at[i].module;
    return NULL;
}

/* ---- Arguments ---- */

const char *source_word(const AstArg *arg) { return arg->kind == ARG_ATOM && arg->value->kind == AE_PATH ? arg->value->path.text : ""; }

static void take_flag(Arena *a, LayerText *t, const AstArg *arg)
{
    const char *w = source_word(arg);
    if (strcmp(w, "linear") == 0)
        t->linear = arg;
    else if (strcmp(w, "relu") == 0)
        t->relu = arg;
    else if (strcmp(w, "same") != 0 && strcmp(w, "valid") != 0 && !(arg->kind == ARG_NAMED && strcmp(arg->name, "groups") == 0))
        t->flags = arena_printf(a, "%s %s", t->flags, source_text(a, arg->loc));
}

bool source_layer(Arena *a, const AstNode *n, LayerText *out)
{
    *out = (LayerText){ .flags = "" };
    if (n->kind != AN_LAYER || n->args.n < 1 || n->args.at[0].kind != ARG_KERNEL)
        return false;
    bool conv = strcmp(n->head.text, "conv") == 0;
    out->kernel = &n->args.at[0];
    out->count = conv && n->args.n > 1 ? &n->args.at[1] : NULL;
    for (int i = conv ? 2 : 1; i < n->args.n; i++) {
        const AstArg *next = i + 1 < n->args.n ? &n->args.at[i + 1] : NULL;
        if (strcmp(source_word(&n->args.at[i]), "pad") != 0) {
            take_flag(a, out, &n->args.at[i]);
        } else if (next) {
            out->padded_otherwise = next->kind != ARG_ATOM || next->value->kind != AE_NUMBER;
            out->pad = next->value;
            i++;
        }
    }
    return !conv || out->count;
}

static const AstNode *use_in_node(const AstNode *n, const char *module);

static const AstNode *use_in(const AstChain *c, const char *module)
{
    for (int i = 0; i < c->units.n; i++) {
        const AstNode *use = use_in_node(c->units.at[i].node, module);
        if (use)
            return use;
    }
    return NULL;
}

static const AstNode *use_in_node(const AstNode *n, const char *module)
{
    if (n->kind == AN_LAYER)
        return strcmp(n->head.text, module) == 0 ? n : NULL;
    const AstNode *use = n->node ? use_in_node(n->node, module) : n->chain ? use_in(n->chain, module) : NULL;
    for (int i = 0; !use && i < n->branches.n; i++)
        use = use_in(n->branches.at[i], module);
    return use;
}

static const AstExpr *actual_of(const AstNode *use, const AstItem *module, const char *formal)
{
    if (use->args.n != 1 || use->args.at[0].kind != ARG_ACTUALS)
        return NULL;
    const AstActuals *list = &use->args.at[0].actuals;
    for (int i = 0; i < list->n; i++) {
        const char *name = list->at[i].name ? list->at[i].name : i < module->formals.n ? module->formals.at[i].name : "";
        if (strcmp(name, formal) == 0)
            return list->at[i].value;
    }
    return NULL;
}

const AstExpr *source_number(const Source *s, const Spot *p, const AstExpr *expr, Loc stmt)
{
    const Piece *piece = source_piece(s, stmt);
    if (expr->kind == AE_PATH && p->piece.module && piece && piece->stmt) {
        const AstNode *use = use_in(piece->stmt->chain, p->piece.module->name);
        expr = use ? actual_of(use, p->piece.module, expr->path.text) : NULL;
    }
    return expr && expr->kind == AE_NUMBER ? expr : NULL;
}

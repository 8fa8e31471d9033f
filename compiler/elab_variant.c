/* Variants: the edits are applied to the statements of the base before anything is elaborated. */
#include "elab.h"
#include <string.h>

static int find_stmt(const AstFile *f, const char *name)
{
    for (int i = 0; i < f->items.n; i++)
        if (f->items.at[i]->kind == AI_STMT && f->items.at[i]->stmt->name && strcmp(f->items.at[i]->stmt->name, name) == 0)
            return i;
    return -1;
}

/* Index of the statement, or -1 after an error with a suggestion. */
static int want_stmt(const AstFile *base, const char *name, Loc loc, const char *verb)
{
    int at = find_stmt(base, name);
    if (at >= 0)
        return at;
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < base->items.n; i++)
        if (base->items.at[i]->kind == AI_STMT && base->items.at[i]->stmt->name)
            nearest_try(&near, base->items.at[i]->stmt->name);
    diag_error_unknown(&near, loc, "%s: the base has no tensor named '%s'", verb, name);
    return -1;
}

static void insert_item(Elab *e, AstFile *f, int at, AstItem *item)
{
    LIST_PUSH(e->arena, &f->items, item);
    for (int i = f->items.n - 1; i > at; i--)
        f->items.at[i] = f->items.at[i - 1];
    f->items.at[at] = item;
}

static AstItem *new_stmt(Elab *e, Loc loc, const char *name, AstChain *chain, bool rebind)
{
    AstItem *item = ARENA_NEW(e->arena, AstItem);
    AstStmt *s = ARENA_NEW(e->arena, AstStmt);
    *s = (AstStmt){ .loc = loc, .name = name, .name_loc = loc, .chain = chain, .rebind = rebind };
    *item = (AstItem){ .kind = AI_STMT, .loc = loc, .stmt = s };
    return item;
}

/* A chain that is the identity: `in`. */
static AstChain *identity(Elab *e, Loc loc)
{
    AstChain *c = ARENA_NEW(e->arena, AstChain);
    AstNode *n = ARENA_NEW(e->arena, AstNode);
    *n = (AstNode){ .kind = AN_LAYER, .loc = loc, .head = { "in", loc } };
    AstUnit u = { .node = n };
    c->loc = loc;
    LIST_PUSH(e->arena, &c->units, u);
    return c;
}

/* Whether a statement begins with the name of another: then it leaves the main flow alone. */
static bool is_side_flow(const AstFile *f, const AstStmt *s)
{
    const AstNode *n = s->chain->units.at[0].node;
    return n->kind == AN_LAYER && !n->args.n && find_stmt(f, n->head.text) >= 0;
}

static void edit_delete(Elab *e, AstFile *base, const AstEdit *edit)
{
    for (int i = 0; i < edit->spans.n; i++) {
        const AstSpan *s = &edit->spans.at[i];
        const char *name = s->glob ? s->glob : s->a.text;
        int at = want_stmt(base, name, s->loc, "delete");
        if (at < 0)
            continue;
        AstStmt *old = base->items.at[at]->stmt;
        if (is_side_flow(base, old)) {
            for (int k = at; k + 1 < base->items.n; k++)
                base->items.at[k] = base->items.at[k + 1];
            base->items.n--;
            continue;
        }
        base->items.at[at] = new_stmt(e, s->loc, name, identity(e, s->loc), true); /* its readers read what it read */
    }
}

static void edit_stmt(Elab *e, AstFile *base, const AstEdit *edit)
{
    AstItem *item = ARENA_NEW(e->arena, AstItem);
    *item = (AstItem){ .kind = AI_STMT, .loc = edit->loc, .stmt = edit->stmt };
    int at = edit->stmt->name ? find_stmt(base, edit->stmt->name) : -1;
    if (at >= 0)
        base->items.at[at] = item;
    else
        LIST_PUSH(e->arena, &base->items, item);
}

static void edit_param(Elab *e, AstFile *base, const AstEdit *edit)
{
    Nearest near;
    nearest_start(&near, edit->name);
    for (int i = 0; i < base->items.n; i++) {
        AstItem *item = base->items.at[i];
        if (item->kind != AI_PARAM)
            continue;
        nearest_try(&near, item->name);
        if (strcmp(item->name, edit->name) == 0) {
            AstItem *copy = arena_grow(e->arena, item, 1, 1, sizeof *item);
            copy->value = edit->value;
            base->items.at[i] = copy;
            return;
        }
    }
    diag_error_unknown(&near, edit->name_loc, "the base has no parameter '%s'", edit->name);
}

/* In front of the first module or layer, and again behind each later default of the same layer, so that it wins everywhere. */
static void edit_default(Elab *e, AstFile *base, const AstEdit *edit)
{
    bool placed = false;
    for (int i = 0; i < base->items.n; i++) {
        const AstItem *item = base->items.at[i];
        if (!placed && (item->kind == AI_MODULE || item->kind == AI_STMT)) {
            insert_item(e, base, i++, edit->item);
            placed = true;
        } else if (placed && item->kind == AI_DEFAULT && strcmp(item->name, edit->item->name) == 0) {
            insert_item(e, base, ++i, edit->item);
        }
    }
}

/* In the place of the base's module of that name; else before the first statement: behind all includes, of which one may
 * define it. */
static void edit_module(Elab *e, AstFile *base, const AstEdit *edit)
{
    int first = 0;
    while (first < base->items.n && base->items.at[first]->kind != AI_STMT)
        first++;
    for (int i = 0; i < base->items.n; i++)
        if (base->items.at[i]->kind == AI_MODULE && strcmp(base->items.at[i]->name, edit->item->name) == 0) {
            edit->item->replaces = base->items.at[i]->replaces;
            base->items.at[i] = edit->item;
            return;
        }
    edit->item->replaces = true;
    insert_item(e, base, first, edit->item);
}

static void edit_insert(Elab *e, AstFile *base, const AstEdit *edit, bool after)
{
    int at = want_stmt(base, edit->at.text, edit->at.loc, after ? "insert after" : "insert before");
    if (at < 0)
        return;
    const char *name = after ? edit->at.text : NULL;
    insert_item(e, base, after ? at + 1 : at, new_stmt(e, edit->loc, name, edit->chain, after));
}

void elab_variant_drop(AstFile *base)
{
    int k = 0;
    for (int i = 0; i < base->items.n; i++)
        if (base->items.at[i]->kind != AI_EXPECT)
            base->items.at[k++] = base->items.at[i];
    base->items.n = k;
}

void elab_variant(Elab *e, const AstItem *v, AstFile *base)
{
    for (int i = 0; i < base->items.n; i++)
        if (base->items.at[i]->kind == AI_NET) {
            AstItem *net = arena_grow(e->arena, base->items.at[i], 1, 1, sizeof *net);
            net->name = v->name;
            net->name_loc = v->name_loc;
            base->items.at[i] = net;
        }
    for (int i = 0; i < v->edits.n; i++) {
        const AstEdit *edit = &v->edits.at[i];
        switch (edit->kind) {
        case EDIT_STMT: edit_stmt(e, base, edit); break;
        case EDIT_PARAM: edit_param(e, base, edit); break;
        case EDIT_DEFAULT: edit_default(e, base, edit); break;
        case EDIT_MODULE: edit_module(e, base, edit); break;
        case EDIT_DELETE: edit_delete(e, base, edit); break;
        case EDIT_INSERT_AFTER: edit_insert(e, base, edit, true); break;
        case EDIT_INSERT_BEFORE: edit_insert(e, base, edit, false); break;
        }
    }
}

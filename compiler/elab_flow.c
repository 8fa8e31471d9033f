/* Chains, branches, modules, repeats, and the names of what they make. */
#include "elab.h"
#include "parse.h"
#include <math.h>
#include <string.h>

static const struct { const char *name; OpKind op; } combines[] = {
    [COMBINE_CONCAT] = { "concat", OP_CONCAT }, [COMBINE_ADD] = { "add", OP_ADD }, [COMBINE_MUL] = { "mul", OP_MUL },
    [COMBINE_MAX] = { "max", OP_MAX },
};

static int find_combine(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(combines[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- Names ---- */

static const char *join(Elab *e, const char *prefix, const char *name)
{
    return *prefix ? arena_printf(e->arena, "%s.%s", prefix, name) : name;
}

/* `kind` in this scope, with _2, _3, ... from the second use on. */
static const char *numbered(Elab *e, Scope *s, const char *kind)
{
    int *uses = name_table_find(&s->kinds, kind);
    if (uses)
        return arena_printf(e->arena, "%s_%d", kind, ++*uses);
    bool taken = !*s->prefix && ((elab_is_layer(kind) && !s->output) || find_combine(kind) >= 0); /* a tensor is not called as a layer */
    uses = ARENA_NEW(e->arena, int);
    *uses = 1;
    name_table_set(e->arena, &s->kinds, kind, uses);
    return taken ? arena_printf(e->arena, "%s_1", kind) : kind;
}

/* A path that no tensor has: a module used alone in a statement hands the statement's name to its own layers. */
static const char *free_path(Elab *e, Scope *s, const char *kind)
{
    const char *path = join(e, s->prefix, numbered(e, s, kind));
    while (*s->prefix && graph_find(e->g, path))
        path = join(e, s->prefix, numbered(e, s, kind));
    return path;
}

Module *elab_module(const Elab *e, const char *name) { return name_table_find(&e->module_names, name); }

/* Units that carry weights of their own: layers, uses of modules, repeats; groups and branches count what they hold. */
static int weighted_units(Elab *e, const AstChain *c);

static int weighted_unit(Elab *e, const AstNode *n)
{
    int sum = 0;
    switch (n->kind) {
    case AN_LAYER: return elab_is_weighted(n->head.text) || (!elab_is_layer(n->head.text) && elab_module(e, n->head.text));
    case AN_REPEAT: return 1;
    case AN_GROUP: case AN_RESIDUAL: return weighted_units(e, n->chain);
    case AN_COMBINE:
        for (int i = 0; i < n->branches.n; i++)
            sum += weighted_units(e, n->branches.at[i]);
        return sum;
    }
    return 0;
}

static int weighted_units(Elab *e, const AstChain *c)
{
    int sum = 0;
    for (int i = 0; i < c->units.n; i++)
        sum += weighted_unit(e, c->units.at[i].node);
    return sum;
}

static Scope new_scope(Elab *e, const char *prefix, const AstChain *c)
{
    return (Scope){ .prefix = prefix, .single = *prefix && c && weighted_units(e, c) == 1 };
}

/* Names and numbers with dots between, and alone no word of the language: what a statement may be called. The path of a
 * group or a repeat only begins those of its members. */
static bool is_path(const char *text, bool prefix)
{
    bool first = true;
    for (const char *p = text; *p; p++) {
        bool digit = *p >= '0' && *p <= '9', letter = *p == '_' || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
        if (!letter && !(digit && p > text) && !(*p == '.' && !first && p[1] && p[1] != '.'))
            return false;
        first = *p == '.';
    }
    return *text && (prefix || strchr(text, '.') || !(lexer_keyword(text) || elab_is_layer(text) || strcmp(text, "in") == 0));
}

static const char *label_path(Elab *e, const Scope *s, const AstUnit *u)
{
    const char *path = u->absolute ? u->label.text : join(e, s->prefix, u->label.text);
    if (!is_path(path, u->node->kind == AN_REPEAT || u->node->kind == AN_GROUP))
        elab_error(e, NULL, u->label.loc, "a layer may not be called '%s': a path is names with dots between, and no word of the language", path);
    const Tensor *other = u->absolute || u->node->kind != AN_LAYER ? NULL : graph_find(e->g, path);
    if (other) {
        elab_error(e, NULL, u->label.loc, "'%s' is the name of another layer", path);
        diag_note(other->loc, "it is here");
        return arena_printf(e->arena, "%s_twice", path); /* no second message about its weights */
    }
    return path;
}

/* The path of a unit: its label, its index in a labelled group, the statement's own name, or its kind. */
static const char *unit_path(Elab *e, Scope *s, const AstUnit *u, const char *kind, bool weighted)
{
    int index = s->next++;
    if (u->label.text)
        return label_path(e, s, u);
    if (s->indexed)
        return arena_printf(e->arena, "%s.%d", s->prefix, index);
    if ((s->single && weighted) || s->sole == u)
        return s->prefix;
    return free_path(e, s, kind);
}

/* ---- Tensors by name ---- */

Tensor *elab_tensor(Elab *e, const Frame *f, const char *name, bool *poisoned)
{
    const Binding *b = elab_bound(&f->tensors, name);
    if (!b && f != &e->top)
        b = elab_bound(&e->top.tensors, name);
    *poisoned = b && !b->tensor;
    if (b)
        return b->tensor;
    Tensor *t = graph_find(e->g, name);
    return t && t->kind != TENSOR_WEIGHT ? t : NULL;
}

static bool is_tensor(Elab *e, const Frame *f, const AstNode *n)
{
    bool poisoned;
    if (n->kind != AN_LAYER || n->args.n || elab_module(e, n->head.text))
        return false;
    if (elab_is_layer(n->head.text)) /* torchvision calls its last layer fc: without arguments that is the tensor */
        return strcmp(n->head.text, "fc") == 0 && elab_bound(&e->top.tensors, "fc");
    return elab_tensor(e, f, n->head.text, &poisoned) || poisoned;
}

static Tensor *unknown(Elab *e, Frame *f, const AstNode *n)
{
    Nearest near;
    nearest_start(&near, n->head.text);
    elab_suggest_layers(&near);
    for (int i = 0; i < e->modules.n; i++)
        nearest_try(&near, e->modules.at[i]->item->name);
    elab_suggest_bound(&near, &f->tensors);
    elab_suggest_bound(&near, &e->top.tensors);
    const char *best = nearest_result(&near);
    diag_fix(n->head.loc, best);
    if (best)
        elab_error(e, f, n->head.loc, "there is no layer, module or tensor '%s'; did you mean '%s'?", n->head.text, best);
    else
        elab_error(e, f, n->head.loc, "there is no layer, module or tensor '%s'", n->head.text);
    return NULL;
}

/* ---- Modules ---- */

static const AstActuals *actuals_of(const AstNode *n)
{
    static const AstActuals none;
    return n->args.n == 1 && n->args.at[0].kind == ARG_ACTUALS ? &n->args.at[0].actuals : &none;
}

static int find_formal(const Module *m, const char *name)
{
    for (int i = 0; i < m->item->formals.n; i++)
        if (strcmp(m->item->formals.at[i].name, name) == 0)
            return i;
    return -1;
}

static bool unknown_formal(Elab *e, Frame *f, const Module *m, const AstActual *a)
{
    Nearest near;
    nearest_start(&near, a->name);
    for (int i = 0; i < m->item->formals.n; i++)
        nearest_try(&near, m->item->formals.at[i].name);
    const char *best = nearest_result(&near);
    diag_fix(a->name_loc, best);
    if (best)
        elab_error(e, f, a->name_loc, "module '%s' has no parameter '%s'; did you mean '%s'?", m->item->name, a->name, best);
    else
        elab_error(e, f, a->name_loc, "module '%s' has no parameter '%s'", m->item->name, a->name);
    return false;
}

static bool too_many(Elab *e, Frame *f, const Module *m, const AstNode *n)
{
    elab_error(e, f, n->loc, "module '%s' takes %d argument%s, not %d", m->item->name, m->item->formals.n, m->item->formals.n == 1 ? "" : "s",
               actuals_of(n)->n);
    diag_note(m->item->name_loc, "it is defined here");
    return false;
}

/* Values of the parameters: by place, then by name, then the defaults. */
static bool bind(Elab *e, Frame *f, Frame *inner, const Module *m, const AstNode *n)
{
    const AstActuals *actuals = actuals_of(n);
    int count = m->item->formals.n;
    Value *value = ARENA_ARRAY(e->arena, count + 1, Value);
    bool *given = ARENA_ARRAY(e->arena, count + 1, bool), ok = true;
    for (int i = 0; i < actuals->n; i++) {
        const AstActual *a = &actuals->at[i];
        int at = a->name ? find_formal(m, a->name) : i;
        if (a->name && at < 0)
            return unknown_formal(e, f, m, a);
        if (at >= count)
            return too_many(e, f, m, n);
        if (given[at]) {
            elab_error(e, f, a->value->loc, "parameter '%s' is given twice", m->item->formals.at[at].name);
            return false;
        }
        given[at] = true;
        value[at] = elab_eval(e, f, a->value);
        ok &= value[at].kind != VALUE_BAD;
    }
    for (int i = 0; i < count; i++) {
        const AstFormal *p = &m->item->formals.at[i];
        if (!given[i] && !p->value) {
            elab_error(e, f, n->loc, "module '%s' needs a value for '%s'", m->item->name, p->name);
            diag_note(p->loc, "the parameter is declared here");
            return false;
        }
        if (!given[i])
            value[i] = elab_eval(e, inner, p->value);
        elab_bind(e, &inner->params, (Binding){ .name = p->name, .value = value[i], .loc = p->loc });
    }
    return ok;
}

static Tensor *module_body(Elab *e, Frame *inner, const Module *m, const char *path)
{
    if (!m->item->has_stmts) {
        Scope s = new_scope(e, path, m->item->chain);
        return elab_chain(e, inner, m->item->chain, inner->in, &s);
    }
    inner->flow = inner->in;
    for (int i = 0; i < m->item->stmts.n && !diag_stopped(); i++)
        elab_stmt(e, inner, m->item->stmts.at[i], path);
    return inner->flow;
}

static Tensor *use_module(Elab *e, Frame *f, Module *m, const AstNode *n, Tensor *in, const char *path)
{
    if (m->open || e->depth >= MOST_USES) {
        elab_error(e, f, n->loc, "module '%s' uses itself", m->item->name);
        return NULL;
    }
    if (n->args.n && !(n->args.n == 1 && n->args.at[0].kind == ARG_ACTUALS)) {
        elab_error(e, f, n->args.at[0].loc, "a module's arguments stand in brackets: %s(...)", m->item->name);
        return NULL;
    }
    Frame inner = { .outer = f, .module = m, .use = n->loc, .in = in, .has_in = true, .defaults = m->defaults };
    if (!bind(e, f, &inner, m, n))
        return NULL;
    m->open = true;
    e->depth++;
    Tensor *y = module_body(e, &inner, m, path);
    e->depth--;
    m->open = false;
    return y;
}

/* ---- Combine, residual, repeat ---- */

static void mismatch(Elab *e, Frame *f, const AstNode *n, AstCombine kind, Tensor **x, int bad)
{
    Arena *a = e->arena;
    elab_error(e, f, n->loc, "cannot %s branches of %s and %s", combines[kind].name, shape_text(a, &x[0]->shape), shape_text(a, &x[bad]->shape));
    diag_note(x[0]->loc, "branch 1, '%s', is %s", x[0]->name, shape_text(a, &x[0]->shape));
    diag_note(x[bad]->loc, "branch %d, '%s', is %s", bad + 1, x[bad]->name, shape_text(a, &x[bad]->shape));
}

static Tensor *combine_tensors(Elab *e, Frame *f, const AstNode *n, AstCombine kind, Tensor **x, int count, const char *path)
{
    for (int i = 1; i < count; i++) {
        Shape s = x[i]->shape;
        if (kind == COMBINE_CONCAT)
            s.dim[0] = x[0]->shape.dim[0];
        if (!shape_equal(&s, &x[0]->shape)) {
            mismatch(e, f, n, kind, x, i);
            return NULL;
        }
    }
    Node *c = graph_node(e->g, combines[kind].op, path, x, count, 1, n->loc);
    const char *wrong = graph_infer(e->g, c);
    if (wrong)
        elab_error(e, f, n->loc, "%s", wrong);
    return wrong ? NULL : c->out[0];
}

/* Of the node that joins branches: they were named first. */
static const char *combine_path(Elab *e, Scope *scope, const AstUnit *u, const char *kind)
{
    if (u->label.text)
        return label_path(e, scope, u);
    return scope->sole == u ? scope->prefix : free_path(e, scope, kind);
}

static Tensor *combine(Elab *e, Frame *f, const AstNode *n, Tensor *in, Scope *scope, const AstUnit *u)
{
    Scope labelled = new_scope(e, u->label.text ? label_path(e, scope, u) : "", NULL);
    Scope *s = u->label.text ? &labelled : scope;
    Tensor **x = ARENA_ARRAY(e->arena, n->branches.n, Tensor *);
    bool poisoned = false;
    for (int i = 0; i < n->branches.n && !diag_stopped(); i++) {
        x[i] = elab_chain(e, f, n->branches.at[i], in, s);
        poisoned |= !x[i];
    }
    if (poisoned || diag_stopped())
        return NULL;
    const char *path = combine_path(e, scope, u, combines[n->combine].name);
    return combine_tensors(e, f, n, n->combine, x, n->branches.n, path);
}

static Tensor *residual(Elab *e, Frame *f, const AstNode *n, Tensor *in, Scope *scope, const AstUnit *u)
{
    Value scale = n->factor ? elab_eval(e, f, n->factor) : (Value){ .kind = VALUE_NUMBER, .number = 1 };
    if (scale.kind != VALUE_NUMBER) {
        if (scale.kind == VALUE_WORD)
            elab_no_param(e, f, scale.text, n->factor->loc);
        else if (scale.kind != VALUE_BAD)
            elab_error(e, f, n->factor->loc, "the factor of a residual is a number");
        return NULL;
    }
    Scope labelled = new_scope(e, u->label.text ? label_path(e, scope, u) : "", NULL);
    Frame local = *f;
    local.has_in = true;
    local.in = in; /* in.c is the residual's input: the width to come back to */
    Tensor *y = elab_chain(e, &local, n->chain, in, u->label.text ? &labelled : scope);
    f->tensors = local.tensors;
    if (!y || !in)
        return NULL;
    if (!shape_equal(&y->shape, &in->shape)) {
        elab_error(e, f, n->loc, "a residual adds %s to its input of %s", shape_text(e->arena, &y->shape), shape_text(e->arena, &in->shape));
        diag_note(y->loc, "the branch ends here");
        diag_note(in->loc, "the input '%s' comes from here", in->name);
        return NULL;
    }
    Tensor *x[] = { in, y };
    const char *path = combine_path(e, scope, u, "add");
    Node *add = graph_node(e->g, OP_ADD, path, x, 2, 1, n->loc);
    add->scale = ARENA_ARRAY(e->arena, 2, double);
    add->scale[0] = 1;
    add->scale[1] = scale.number;
    CHECK(!graph_infer(e->g, add));
    return add->out[0];
}

static Tensor *elab_unit(Elab *e, Frame *f, const AstUnit *u, Tensor *in, Scope *scope);

static const char *kind_of(Elab *e, Frame *f, const AstNode *n)
{
    switch (n->kind) {
    case AN_LAYER: return elab_is_layer(n->head.text) ? elab_layer_kind(e, f, n) : n->head.text;
    case AN_COMBINE: return combines[n->combine].name;
    case AN_RESIDUAL: return "add";
    case AN_REPEAT: return kind_of(e, f, n->node);
    case AN_GROUP: return "group";
    }
    return "";
}

static Tensor *one_copy(Elab *e, Frame *f, const AstNode *n, Tensor *in, const char *path)
{
    AstUnit u = { .node = (AstNode *)n, .label = { path, n->loc }, .absolute = true };
    Scope s = { .prefix = "" };
    return elab_unit(e, f, &u, in, &s);
}

static Tensor *repeat(Elab *e, Frame *f, const AstNode *n, Tensor *in, const char *path)
{
    Value count = elab_eval(e, f, n->factor);
    if (count.kind == VALUE_BAD)
        return NULL;
    if (count.kind == VALUE_WORD) {
        elab_no_param(e, f, count.text, n->factor->loc);
        return NULL;
    }
    if (count.kind != VALUE_NUMBER || count.number < 1 || count.number != floor(count.number) || count.number > MOST_LAYERS) {
        elab_error(e, f, n->factor->loc, "repeat needs a whole number from 1 to %d", MOST_LAYERS);
        return NULL;
    }
    Tensor *x = in;
    for (int i = 0; i < (int)count.number && x && !diag_stopped(); i++)
        x = one_copy(e, f, n->node, x, arena_printf(e->arena, "%s.%d", path, i));
    return x;
}

/* ---- Chains ---- */

static Tensor *group(Elab *e, Frame *f, const AstUnit *u, Tensor *in, Scope *scope)
{
    if (!u->label.text)
        return elab_chain(e, f, u->node->chain, in, scope);
    Scope s = { .prefix = label_path(e, scope, u), .indexed = true };
    return elab_chain(e, f, u->node->chain, in, &s);
}

static Tensor *elab_unit(Elab *e, Frame *f, const AstUnit *u, Tensor *in, Scope *scope)
{
    const AstNode *n = u->node;
    switch (n->kind) {
    case AN_COMBINE: return combine(e, f, n, in, scope, u);
    case AN_RESIDUAL: return residual(e, f, n, in, scope, u);
    case AN_GROUP: return group(e, f, u, in, scope);
    case AN_REPEAT: return repeat(e, f, n, in, unit_path(e, scope, u, kind_of(e, f, n), true));
    case AN_LAYER: break;
    }
    const char *head = n->head.text;
    if (strcmp(head, "in") == 0 && !n->args.n)
        return in;
    Module *m = elab_is_layer(head) ? NULL : elab_module(e, head);
    if (elab_is_layer(head))
        return elab_layer(e, f, n, in, unit_path(e, scope, u, kind_of(e, f, n), elab_is_weighted(head)));
    if (m)
        return use_module(e, f, m, n, in, unit_path(e, scope, u, head, true));
    return unknown(e, f, n);
}

Tensor *elab_chain(Elab *e, Frame *f, const AstChain *chain, Tensor *in, Scope *scope)
{
    Tensor *x = in;
    for (int i = 0; i < chain->units.n && !diag_stopped(); i++) {
        const AstUnit *u = &chain->units.at[i];
        if (i == 0 && is_tensor(e, f, u->node)) {
            bool poisoned;
            x = elab_tensor(e, f, u->node->head.text, &poisoned);
            continue;
        }
        x = elab_unit(e, f, u, x, scope);
    }
    return x;
}

/* ---- Statements ---- */

static void check_shape(Elab *e, Frame *f, const AstStmt *s, Tensor *x)
{
    const int *d = x->shape.dim;
    if (d[0] == s->shape.dim[0] && d[1] == s->shape.dim[1] && d[2] == s->shape.dim[2])
        return;
    const char *name = s->name ? s->name : x->name;
    const char *declared = arena_printf(e->arena, "%lldx%lldx%lld", (long long)s->shape.dim[0], (long long)s->shape.dim[1], (long long)s->shape.dim[2]);
    bool concat = x->def && x->def->op == OP_CONCAT && d[1] == s->shape.dim[1] && d[2] == s->shape.dim[2];
    const char *label = NULL;
    for (int i = 0; concat && i < x->def->n_in; i++)
        label = arena_printf(e->arena, i ? "%s + %d" : "%s%d", i ? label : "", x->def->in[i]->shape.dim[0]);
    if (label)
        label = arena_printf(e->arena, "%s = %d", label, d[0]);
    if (concat)
        diag_error_spans(s->chain->loc, label, s->shape.loc, "%s is declared %s, but its branches give %d channels", name, declared, d[0]);
    else
        diag_error_spans(s->chain->loc, NULL, s->shape.loc, "%s is declared %s, but it is %s", name, declared, shape_text(e->arena, &x->shape));
    elab_notes(f);
    if (x->loc.line && x->loc.line != s->chain->loc.line)
        diag_note(x->loc, concat ? "the branches are here" : "it is computed here");
}

static bool check_name(Elab *e, Frame *f, const AstStmt *s)
{
    const Binding *old = elab_bound(&f->tensors, s->name);
    bool layer = elab_is_layer(s->name);
    const Module *m = elab_module(e, s->name);
    if (layer && strcmp(s->name, "fc") != 0) /* torchvision's last layer is called fc */
        elab_error(e, f, s->name_loc, "a tensor may not be called '%s': that is a layer", s->name);
    else if (m)
        elab_error(e, f, s->name_loc, "a tensor may not be called '%s': that is a module", s->name);
    else if (strcmp(s->name, "in") == 0)
        elab_error(e, f, s->name_loc, "a tensor may not be called 'in': that is a module's input");
    else if (old)
        elab_error(e, f, s->name_loc, "'%s' is defined twice", s->name);
    else
        return true;
    if (m)
        diag_note(m->item->name_loc, "the module is defined here");
    if (old && !m)
        diag_note(old->loc, "it was defined here first");
    return false;
}

/* The tensor of a statement is called as the statement, when it is new and nothing else has the name. */
static void name_tensor(Elab *e, Tensor *y, Tensor *before, const char *name)
{
    Tensor *other = graph_find(e->g, name);
    if (!y->def || y == before || other == y)
        return;
    if (!other)
        graph_name_output(e->g, y->def, y->def_index, name);
    else if (other->kind == TENSOR_RESULT)
        graph_take_name(e->g, y, other);
}

/* The only unit of a chain besides the tensor that it may begin with. */
static const AstUnit *sole_unit(Elab *e, Frame *f, const AstChain *c)
{
    int first = is_tensor(e, f, c->units.at[0].node) && c->units.n > 1;
    return c->units.n == first + 1 ? &c->units.at[first] : NULL;
}

void elab_stmt(Elab *e, Frame *f, const AstStmt *s, const char *prefix)
{
    bool side = is_tensor(e, f, s->chain->units.at[0].node) && s->chain->units.at[0].node->kind == AN_LAYER;
    if (s->name && !s->rebind && !check_name(e, f, s)) {
        f->flow = NULL; /* what follows from it is silent */
        return;
    }
    bool named = s->name && !s->rebind;
    Scope scope = named ? new_scope(e, join(e, prefix, s->name), s->chain) : (Scope){ 0 };
    scope.sole = named ? sole_unit(e, f, s->chain) : NULL;
    f->unnamed.prefix = prefix;
    Tensor *y = elab_chain(e, f, s->chain, f->flow, named ? &scope : &f->unnamed);
    if (y && s->shape.present)
        check_shape(e, f, s, y);
    if (y && f == &e->top && !s->rebind)
        LIST_PUSH(e->arena, &e->g->flows, ((Flow){ s->chain->loc, s->shape.present, y }));
    if (s->name) {
        elab_bind(e, &f->tensors, (Binding){ .name = s->name, .tensor = y, .loc = s->name_loc });
        if (y && !s->rebind)
            name_tensor(e, y, f->flow, join(e, prefix, s->name));
    }
    if (!side)
        f->flow = y;
}

/* The AST as an indented list: --dump=ast. */
#include "ast.h"

static const char *const items[] = { "net", "conventions", "include", "input", "output", "param", "default", "module", "expect", "freeze", "weights",
                                     "variant", "data", "train", "statement" };
static const char *const combines[] = { "concat", "add", "mul", "max" };

static void line(FILE *f, int depth, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void line(FILE *f, int depth, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(f, "%*s", 2 * depth, "");
    vfprintf(f, fmt, ap);
    fputc('\n', f);
    va_end(ap);
}

static void print_expr(const AstExpr *e, int depth, FILE *f)
{
    switch (e->kind) {
    case AE_NUMBER: line(f, depth, "number %s", e->number_text); break;
    case AE_KERNEL:
        line(f, depth, "kernel %lldx%lld stride %lldx%lld", (long long)e->kernel.kh, (long long)e->kernel.kw, (long long)e->kernel.sh,
             (long long)e->kernel.sw);
        break;
    case AE_PATH: line(f, depth, "path %s", e->path.text); break;
    case AE_STRING: line(f, depth, "string \"%s\"", e->string); break;
    case AE_CALL:
        line(f, depth, "call %s", e->path.text);
        for (int i = 0; i < e->actuals.n; i++)
            print_expr(e->actuals.at[i].value, depth + 1, f);
        break;
    case AE_BINARY:
        line(f, depth, "%c", e->op);
        print_expr(e->a, depth + 1, f);
        print_expr(e->b, depth + 1, f);
        break;
    case AE_NEGATE: line(f, depth, "negate"); print_expr(e->a, depth + 1, f); break;
    }
}

static void print_args(const AstArgs *args, int depth, FILE *f)
{
    for (int i = 0; i < args->n; i++) {
        const AstArg *a = &args->at[i];
        if (a->kind == ARG_NAMED)
            line(f, depth, "%s =", a->name);
        if (a->kind != ARG_ACTUALS) {
            print_expr(a->value, depth + (a->kind == ARG_NAMED), f);
            continue;
        }
        line(f, depth, "arguments");
        for (int k = 0; k < a->actuals.n; k++) {
            if (a->actuals.at[k].name)
                line(f, depth + 1, "%s =", a->actuals.at[k].name);
            print_expr(a->actuals.at[k].value, depth + 1 + (a->actuals.at[k].name != NULL), f);
        }
    }
}

static void print_chain(const AstChain *c, int depth, FILE *f);

static void print_node(const AstNode *n, int depth, FILE *f)
{
    switch (n->kind) {
    case AN_LAYER:
        line(f, depth, "layer %s", n->head.text);
        print_args(&n->args, depth + 1, f);
        break;
    case AN_COMBINE:
        line(f, depth, "%s", combines[n->combine]);
        for (int i = 0; i < n->branches.n; i++) {
            line(f, depth + 1, "branch");
            print_chain(n->branches.at[i], depth + 2, f);
        }
        break;
    case AN_RESIDUAL:
        line(f, depth, "residual");
        if (n->factor)
            print_expr(n->factor, depth + 1, f);
        print_chain(n->chain, depth + 1, f);
        break;
    case AN_REPEAT:
        line(f, depth, "repeat");
        print_expr(n->factor, depth + 1, f);
        print_node(n->node, depth + 1, f);
        break;
    case AN_GROUP:
        line(f, depth, "group");
        print_chain(n->chain, depth + 1, f);
        break;
    }
}

static void print_chain(const AstChain *c, int depth, FILE *f)
{
    for (int i = 0; i < c->units.n; i++) {
        print_node(c->units.at[i].node, depth, f);
        if (c->units.at[i].label.text)
            line(f, depth + 1, "as %s", c->units.at[i].label.text);
    }
}

static void print_stmt(const AstStmt *s, int depth, FILE *f)
{
    if (s->name)
        line(f, depth, "name %s", s->name);
    print_chain(s->chain, depth, f);
    if (s->shape.present)
        line(f, depth, "shape %lldx%lldx%lld", (long long)s->shape.dim[0], (long long)s->shape.dim[1], (long long)s->shape.dim[2]);
}

static void print_spans(const AstSpans *spans, const char *what, FILE *f)
{
    for (int i = 0; i < spans->n; i++) {
        const AstSpan *s = &spans->at[i];
        if (s->glob)
            line(f, 1, "%s \"%s\"", what, s->glob);
        else
            line(f, 1, s->b.text ? "%s %s .. %s" : "%s %s%s", what, s->a.text, s->b.text ? s->b.text : "");
    }
}

static void print_settings(const AstSettings *list, FILE *f)
{
    for (int i = 0; i < list->n; i++) {
        line(f, 1, "%s =", list->at[i].key);
        for (int k = 0; k < list->at[i].sum.n; k++) {
            const AstAddend *a = &list->at[i].sum.at[k];
            if (a->has_factor)
                line(f, 2, "times %g", a->factor);
            if (a->number)
                print_expr(a->number, 2, f);
            if (a->string)
                line(f, 2, "string \"%s\"", a->string);
            if (a->chain)
                print_chain(a->chain, 2, f);
        }
    }
}

static void print_formals(const AstItem *it, int depth, FILE *f)
{
    for (int i = 0; i < it->formals.n; i++)
        line(f, depth, "parameter %s", it->formals.at[i].name);
}

static void print_body(const AstItem *it, int depth, FILE *f)
{
    if (it->chain)
        print_chain(it->chain, depth, f);
    for (int i = 0; i < it->stmts.n; i++)
        print_stmt(it->stmts.at[i], depth, f);
}

static void print_edits(const AstItem *v, FILE *f)
{
    static const char *const kinds[] = { "statement", "param", "default", "module", "delete", "insert after", "insert before" };
    for (int i = 0; i < v->edits.n; i++) {
        const AstEdit *e = &v->edits.at[i];
        const char *name = e->item ? e->item->name : e->name ? e->name : e->at.text;
        line(f, 1, "%s %s", kinds[e->kind], name ? name : "");
        if (e->item) {
            print_formals(e->item, 2, f);
            print_args(&e->item->args, 2, f);
            print_body(e->item, 2, f);
        }
        print_spans(&e->spans, "name", f);
        if (e->stmt)
            print_stmt(e->stmt, 2, f);
        if (e->value)
            print_expr(e->value, 2, f);
        if (e->chain)
            print_chain(e->chain, 2, f);
    }
}

static void print_item(const AstItem *it, FILE *f)
{
    line(f, 0, "%s %s", items[it->kind], it->name ? it->name : it->string ? it->string : "");
    if (it->shape.present)
        line(f, 1, "shape %lldx%lldx%lld", (long long)it->shape.dim[0], (long long)it->shape.dim[1], (long long)it->shape.dim[2]);
    print_formals(it, 1, f);
    if (it->value)
        print_expr(it->value, 1, f);
    if (it->from) {
        print_expr(it->from, 1, f);
        print_expr(it->to, 1, f);
    }
    print_args(&it->args, 1, f);
    print_body(it, 1, f);
    for (int i = 0; i < it->pairs.n; i++)
        line(f, 1, "%s %s", it->pairs.at[i].name, it->pairs.at[i].number_text ? it->pairs.at[i].number_text : "a shape");
    print_spans(&it->spans, "name", f);
    print_spans(&it->except, "except", f);
    print_edits(it, f);
    print_settings(&it->settings, f);
    if (it->stmt)
        print_stmt(it->stmt, 1, f);
}

void ast_print(const AstFile *file, FILE *out)
{
    for (int i = 0; i < file->items.n; i++)
        print_item(file->items.at[i], out);
}

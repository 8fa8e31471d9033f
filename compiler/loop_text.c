/* The loop IR as text for --dump=loops: one statement a line, expressions fully bracketed, types and extents
 * shown, nothing hidden that a printer of C would hide (unused dims, splats, addresses). */
#include "loop.h"

static const char *type_text(Type t)
{
    switch (t) {
    case TY_INT: return "int";
    case TY_F32: return "f32";
    case TY_F64: return "f64";
    case TY_V8: return "v8";
    case TY_V16: return "v16";
    }
    return "?";
}

static const char *kind_text(ExprKind k)
{
    switch (k) {
    case EX_ADD: return "+";
    case EX_SUB: return "-";
    case EX_MUL: return "*";
    case EX_DIV: return "/";
    case EX_MOD: return "%";
    case EX_LT: return "<";
    case EX_LE: return "<=";
    case EX_EQ: return "==";
    case EX_AND: return "&&";
    case EX_MIN: return "min";
    case EX_MAX: return "max";
    case EX_FMA: return "fma";
    case EX_NEG: return "neg";
    case EX_SQRT: return "sqrt";
    case EX_SELECT: return "select";
    case EX_WHERE_LT: return "where_lt";
    case EX_WHERE_LE: return "where_le";
    case EX_SPLAT: return "splat";
    case EX_LANES: return "lanes";
    case EX_INT: case EX_FLOAT: case EX_VAR: case EX_LOAD: case EX_ADDRESS: case EX_CONVERT: case EX_CALL: break;
    }
    return "?";
}

static void print_expr(const Expr *e, FILE *f);

static void print_list(const char *name, const Expr *e, FILE *f)
{
    const Expr *args[] = { e->a, e->b, e->c };
    fprintf(f, "%s(", name);
    for (int i = 0; i < 3 && args[i]; i++) {
        fprintf(f, "%s", i ? ", " : "");
        print_expr(args[i], f);
    }
    fprintf(f, ")");
}

static void print_place(const Var *v, const Expr *index, FILE *f)
{
    fprintf(f, "%s[", v->name);
    print_expr(index, f);
    fprintf(f, "]");
}

static void print_expr(const Expr *e, FILE *f)
{
    switch (e->kind) {
    case EX_INT: fprintf(f, "%lld", (long long)e->ival); break;
    case EX_FLOAT: fprintf(f, "%.17g", e->fval); break;
    case EX_VAR: fprintf(f, "%s", e->var->name); break;
    case EX_LOAD:
        if (loop_elements(e->var, e->type) > 1)
            fprintf(f, "%s:", type_text(e->type));
        print_place(e->var, e->a, f);
        break;
    case EX_ADDRESS:
        fprintf(f, "&");
        print_place(e->var, e->a, f);
        break;
    case EX_ADD: case EX_SUB: case EX_MUL: case EX_DIV: case EX_MOD: case EX_LT: case EX_LE: case EX_EQ: case EX_AND:
        fprintf(f, "(");
        print_expr(e->a, f);
        fprintf(f, " %s ", kind_text(e->kind));
        print_expr(e->b, f);
        fprintf(f, ")");
        break;
    case EX_SPLAT: case EX_MIN: case EX_MAX: case EX_FMA: case EX_NEG: case EX_SQRT: case EX_SELECT:
    case EX_WHERE_LT: case EX_WHERE_LE:
        print_list(kind_text(e->kind), e, f);
        break;
    case EX_LANES:
        print_list(kind_text(e->kind), e, f);
        fprintf(f, "[%lld..]", (long long)e->ival);
        break;
    case EX_CONVERT: print_list(type_text(e->type), e, f); break;
    case EX_CALL: print_list(e->callee, e, f); break;
    }
}

static void print_body(const Body *b, int indent, FILE *f);

static void print_call(const Stmt *s, FILE *f)
{
    fprintf(f, "call %s(", s->func ? s->func->name : s->callee);
    for (int i = 0; i < s->n_args; i++) {
        fprintf(f, "%s", i ? ", " : "");
        print_expr(s->args[i], f);
    }
    fprintf(f, ")\n");
}

static void print_for(const Stmt *s, int indent, FILE *f)
{
    fprintf(f, "for %s = ", s->var->name);
    print_expr(s->from, f);
    fprintf(f, " .. ");
    print_expr(s->to, f);
    if (s->step != 1)
        fprintf(f, " step %lld", (long long)s->step);
    if (s->unroll)
        fprintf(f, " unrolled");
    fprintf(f, "\n");
    print_body(&s->body, indent + 2, f);
}

static void print_if(const Stmt *s, int indent, FILE *f)
{
    fprintf(f, "if ");
    print_expr(s->index, f);
    fprintf(f, "\n");
    print_body(&s->body, indent + 2, f);
    if (s->other.n) {
        fprintf(f, "%*selse\n", indent, "");
        print_body(&s->other, indent + 2, f);
    }
}

static void print_switch(const Stmt *s, int indent, FILE *f)
{
    fprintf(f, "switch ");
    print_expr(s->index, f);
    fprintf(f, "\n");
    for (int i = 0; i < s->cases.n; i++) {
        const Case *c = &s->cases.at[i];
        fprintf(f, "%*scase %lld%s%s\n", indent, "", (long long)c->value, c->comment ? "  # " : "",
                c->comment ? c->comment : "");
        print_body(&c->stmt->body, indent + 2, f);
    }
}

/* "let x : v16 = value", "xr : pointer = &x[...]" */
static void print_assignment(const Stmt *s, const char *word, FILE *f)
{
    bool pointer = s->var->kind == VAR_POINTER_IN || s->var->kind == VAR_POINTER_OUT;
    fprintf(f, "%s%s", word, s->var->name);
    if (s->kind != ST_SET)
        fprintf(f, " : %s", pointer ? "pointer" : type_text(s->var->type));
    fprintf(f, " = ");
    print_expr(s->value, f);
    fprintf(f, "\n");
}

static void print_stmt(const Stmt *s, int indent, FILE *f)
{
    if (s->kind != ST_BLANK)
        fprintf(f, "%*s", indent, "");
    switch (s->kind) {
    case ST_FOR: print_for(s, indent, f); break;
    case ST_LET: print_assignment(s, "let ", f); break;
    case ST_VAR: print_assignment(s, "var ", f); break;
    case ST_SET: print_assignment(s, "set ", f); break;
    case ST_STORE:
        if (loop_elements(s->var, s->value->type) > 1)
            fprintf(f, "%s:", type_text(s->value->type));
        print_place(s->var, s->index, f);
        fprintf(f, " = ");
        print_expr(s->value, f);
        fprintf(f, "\n");
        break;
    case ST_ADVANCE:
        fprintf(f, "advance %s by ", s->var->name);
        print_expr(s->index, f);
        fprintf(f, "\n");
        break;
    case ST_CALL: print_call(s, f); break;
    case ST_IF: print_if(s, indent, f); break;
    case ST_COMMENT: fprintf(f, "# %s\n", s->text); break;
    case ST_SWITCH: print_switch(s, indent, f); break;
    case ST_BLANK: break;
    case ST_PREFETCH:
        fprintf(f, "prefetch ");
        print_place(s->var, s->index, f);
        fprintf(f, "\n");
        break;
    }
}

static void print_body(const Body *b, int indent, FILE *f)
{
    for (int i = 0; i < b->n; i++)
        print_stmt(b->at[i], indent, f);
}

static const char *param_text(VarKind k)
{
    switch (k) {
    case VAR_PARAM_INT: return "int";
    case VAR_PARAM_F32: return "f32";
    case VAR_PARAM_F64: return "f64";
    case VAR_PARAM_IN: return "in";
    case VAR_PARAM_OUT: return "out";
    case VAR_PARAM_INTS: return "ints";
    case VAR_PARAM_ROWS: return "rows";
    case VAR_PARAM_CTX: case VAR_PARAM_TRAIN_CTX: return "context";
    case VAR_LOCAL: case VAR_POINTER_IN: case VAR_POINTER_OUT: case VAR_TABLE: case VAR_ARRAY: case VAR_DIM: break;
    }
    return "?";
}

static void print_table(const Var *t, FILE *f)
{
    fprintf(f, "table %s[%lld] =", t->name, (long long)t->extent);
    for (int k = 0; k < t->extent; k++)
        fprintf(f, " %d", t->table[k]);
    fprintf(f, "\n");
}

static void print_func(const Func *fn, FILE *f)
{
    for (int i = 0; i < fn->tables.n; i++)
        print_table(fn->tables.at[i], f);
    fprintf(f, "func %s(", fn->name);
    for (int i = 0; i < fn->params.n; i++) {
        const Var *p = fn->params.at[i];
        fprintf(f, "%s%s %s", i ? ", " : "", param_text(p->kind), p->name);
        if (p->extent)
            fprintf(f, "[%lld]", (long long)p->extent);
    }
    fprintf(f, ")%s%s\n", fn->vector == TY_F32 ? "" : " for ", fn->vector == TY_F32 ? "" : type_text(fn->vector));
    for (int i = 0; i < fn->dims.n; i++)
        fprintf(f, "  dim %s = %lld%s\n", fn->dims.at[i]->name, (long long)fn->dims.at[i]->value,
                fn->dims.at[i]->used ? "" : "  # not used");
    for (int i = 0; i < fn->arrays.n; i++)
        fprintf(f, "  array %s %s[%lld]\n", type_text(fn->arrays.at[i]->type), fn->arrays.at[i]->name, (long long)fn->arrays.at[i]->extent);
    print_body(&fn->body, 2, f);
}

void loop_print(const Unit *u, FILE *f)
{
    for (int i = 0; i < u->tables.n; i++)
        print_table(u->tables.at[i], f);
    for (int i = 0; i < u->funcs.n; i++)
        print_func(u->funcs.at[i], f);
}

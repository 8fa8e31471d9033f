#include "print_c.h"
#include "diag.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100 };

/* Text of one statement is built in a buffer so that long lines can be broken at commas. */
typedef struct Text {
    char *at;
    size_t n, cap;
} Text;

static void put(Text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(Text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[512];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    CHECK(n >= 0 && (size_t)n < sizeof small);
    if (t->n + (size_t)n + 1 > t->cap) {
        t->cap = 2 * (t->n + (size_t)n + 1);
        t->at = realloc(t->at, t->cap);
        CHECK(t->at);
    }
    memcpy(t->at + t->n, small, (size_t)n + 1);
    t->n += (size_t)n;
}

/* How good a place the space at i is to break a line: after a comma or a '=', before an operator, not at all. */
static int break_rank(const Text *t, size_t i)
{
    if (t->at[i] != ' ' || i == 0 || i + 1 >= t->n)
        return 0;
    return t->at[i - 1] == ',' || (i > 2 && t->at[i - 1] == '=' && t->at[i - 3] == ']') ? 3 : strchr("?:+-", t->at[i + 1]) ? 2 : strchr("*/", t->at[i + 1]) ? 1 : 0;
}

/* The last of the best places in text[at, at + room), inside as few brackets as possible; 0: there is none. */
static size_t find_break(const Text *t, size_t at, size_t room)
{
    size_t cut = 0;
    int best = INT_MIN, depth = 0;
    for (size_t i = at; i < t->n && i - at < room; i++) {
        depth += strchr("([", t->at[i]) ? 1 : strchr(")]", t->at[i]) ? -1 : 0;
        int rank = break_rank(t, i), score = rank - 4 * depth;
        if (rank && i - at > room / 6 && score >= best) {
            best = score;
            cut = i;
        }
    }
    return cut;
}

/* Prints `  text`, broken where it is too long. */
static void flush(Text *t, int indent, FILE *f)
{
    size_t at = 0, cut;
    int pad = indent;
    while (t->n - at + (size_t)pad > COLUMNS && (cut = find_break(t, at, (size_t)(COLUMNS > pad + 20 ? COLUMNS - pad + 1 : 20)))) {
        fprintf(f, "%*s%.*s\n", pad, "", (int)(cut - at), t->at + at);
        at = cut + 1;
        pad = indent + 4;
    }
    fprintf(f, "%*s%s\n", pad, "", t->n ? t->at + at : "");
    t->n = 0;
}

/* ---- Expressions ---- */

static const char *vector_name(Type t) { return t == TY_V16 ? "v16" : "v8"; }

static const char *type_name(Type t)
{
    switch (t) {
    case TY_INT: return "int";
    case TY_F32: return "float";
    case TY_F64: return "double";
    case TY_V8: return "v8";
    case TY_V16: return "v16";
    }
    return "";
}

enum { P_SELECT = 1, P_AND, P_EQ, P_LT, P_ADD, P_MUL, P_UNARY, P_ATOM };

static void print_float(Text *t, double v, Type type)
{
    char s[40];
    if (v != v || v - v != 0) {
        put(t, v != v ? "NAN" : v > 0 ? "INFINITY" : "-INFINITY");
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, v);
        if (type == TY_F64 ? strtod(s, NULL) == v : strtof(s, NULL) == (float)v)
            break;
    }
    put(t, "%s%s%s", s, strpbrk(s, ".e") ? "" : ".0", type == TY_F64 ? "" : "f");
}

static void print_expr(Text *t, const Expr *e, int above);

static void print_infix(Text *t, const Expr *e, const char *op, int own, int above)
{
    if (own < above)
        put(t, "(");
    print_expr(t, e->a, own);
    put(t, " %s ", op);
    print_expr(t, e->b, own + 1);
    if (own < above)
        put(t, ")");
}

static void print_vector_call(Text *t, const Expr *e, const char *op)
{
    put(t, "%s_%s(", vector_name(e->type), op);
    const Expr *args[] = { e->a, e->b, e->c };
    for (int i = 0; i < 3 && args[i]; i++) {
        put(t, i ? ", " : "%s", "");
        print_expr(t, args[i], 0);
    }
    put(t, ")");
}

static void print_arith(Text *t, const Expr *e, const char *op, const char *name, int own, int above)
{
    if (type_lanes(e->type) > 1)
        print_vector_call(t, e, name);
    else
        print_infix(t, e, op, own, above);
}

static void print_choice(Text *t, const Expr *e, const char *op, int above)
{
    if (type_lanes(e->type) > 1) {
        print_vector_call(t, e, e->kind == EX_MIN ? "min" : "max");
        return;
    }
    if (above > 0)
        put(t, "(");
    print_expr(t, e->a, P_LT);
    put(t, " %s ", op);
    print_expr(t, e->b, P_LT + 1);
    put(t, " ? ");
    print_expr(t, e->a, P_SELECT + 1);
    put(t, " : ");
    print_expr(t, e->b, P_SELECT);
    if (above > 0)
        put(t, ")");
}

static void print_load(Text *t, const Expr *e)
{
    bool zero = e->a->kind == EX_INT && e->a->ival == 0;
    if (loop_elements(e->var, e->type) == 1) {
        put(t, "%s[", e->var->name);
        print_expr(t, e->a, 0);
        put(t, "]");
        return;
    }
    put(t, "%s_load(%s", vector_name(e->type), e->var->name);
    if (!zero) {
        put(t, " + ");
        print_expr(t, e->a, P_ADD);
    }
    put(t, ")");
}

static void print_address(Text *t, const Expr *e, int above)
{
    if (e->var->kind == VAR_PARAM_ROWS) {
        put(t, "%s[", e->var->name);
        print_expr(t, e->a, 0);
        put(t, "]");
        return;
    }
    bool zero = e->a->kind == EX_INT && e->a->ival == 0;
    if (!zero && above > P_ADD)
        put(t, "(");
    put(t, "%s", e->var->name);
    if (!zero) {
        put(t, " + ");
        print_expr(t, e->a, P_ADD);
    }
    if (!zero && above > P_ADD)
        put(t, ")");
}

static void print_select(Text *t, const Expr *e, int above)
{
    if (above > P_SELECT)
        put(t, "(");
    print_expr(t, e->a, P_SELECT + 1);
    put(t, " ? ");
    print_expr(t, e->b, P_SELECT + 1);
    put(t, " : ");
    print_expr(t, e->c, P_SELECT);
    if (above > P_SELECT)
        put(t, ")");
}

static void print_call(Text *t, const Expr *e)
{
    put(t, "%s(", e->callee);
    const Expr *args[] = { e->a, e->b, e->c };
    for (int i = 0; i < 3 && args[i]; i++) {
        put(t, i ? ", " : "%s", "");
        print_expr(t, args[i], 0);
    }
    put(t, ")");
}

static void print_sqrt(Text *t, const Expr *e)
{
    if (type_lanes(e->type) > 1) {
        print_vector_call(t, e, "sqrt");
        return;
    }
    put(t, e->type == TY_F64 ? "sqrt(" : "sqrtf(");
    print_expr(t, e->a, 0);
    put(t, ")");
}

static void print_lanes(Text *t, const Expr *e)
{
    put(t, "%s_lanes(", vector_name(e->type));
    print_expr(t, e->a, 0);
    put(t, ", ");
    print_expr(t, e->b, 0);
    put(t, ", %lld)", (long long)e->ival);
}

static void print_splat(Text *t, const Expr *e)
{
    put(t, "%s_set1(", vector_name(e->type));
    print_expr(t, e->a, 0);
    put(t, ")");
}

static void print_expr(Text *t, const Expr *e, int above)
{
    switch (e->kind) {
    case EX_INT: put(t, e->ival < 0 && above > P_ADD ? "(%lld)" : "%lld", (long long)e->ival); break;
    case EX_FLOAT: print_float(t, e->fval, e->type); break;
    case EX_VAR: put(t, "%s", e->var->name); break;
    case EX_LOAD: print_load(t, e); break;
    case EX_ADDRESS: print_address(t, e, above); break;
    case EX_SPLAT: print_splat(t, e); break;
    case EX_ADD: print_arith(t, e, "+", "add", P_ADD, above); break;
    case EX_SUB: print_arith(t, e, "-", "sub", P_ADD, above); break;
    case EX_MUL: print_arith(t, e, "*", "mul", P_MUL, above); break;
    case EX_DIV: print_arith(t, e, "/", "div", P_MUL, above); break;
    case EX_MOD: print_infix(t, e, "%", P_MUL, above); break;
    case EX_MIN: print_choice(t, e, "<", above); break;
    case EX_MAX: print_choice(t, e, ">", above); break;
    case EX_FMA: print_vector_call(t, e, "fma"); break;
    case EX_WHERE_LT: print_vector_call(t, e, "where_lt"); break;
    case EX_WHERE_LE: print_vector_call(t, e, "where_le"); break;
    case EX_NEG: put(t, "-"); print_expr(t, e->a, P_UNARY); break;
    case EX_SQRT: print_sqrt(t, e); break;
    case EX_LANES: print_lanes(t, e); break;
    case EX_LT: print_infix(t, e, "<", P_LT, above); break;
    case EX_LE: print_infix(t, e, "<=", P_LT, above); break;
    case EX_EQ: print_infix(t, e, "==", P_EQ, above); break;
    case EX_AND: print_infix(t, e, "&&", P_AND, above); break;
    case EX_SELECT: print_select(t, e, above); break;
    case EX_CONVERT: put(t, "(%s)", type_name(e->type)); print_expr(t, e->a, P_UNARY); break;
    case EX_CALL: print_call(t, e); break;
    }
}

/* ---- Statements ---- */

static void print_body(const Body *b, int indent, FILE *f);

static bool one_line(const Body *b)
{
    return b->n == 1 && b->at[0]->kind != ST_IF && b->at[0]->kind != ST_COMMENT && b->at[0]->kind != ST_SWITCH;
}

/* ` {` ... `}` around a body, or nothing around a single statement; the head stands behind `pad` blanks. */
static void print_block(const Body *b, Text *head, int pad, int indent, FILE *f)
{
    bool braces = !one_line(b);
    if (braces)
        put(head, " {");
    flush(head, pad, f);
    print_body(b, indent + 4, f);
    if (braces)
        fprintf(f, "%*s}", indent, "");
}

static void print_for(const Stmt *s, int indent, FILE *f)
{
    Text t = { 0 };
    const char *v = s->var->name;
    put(&t, "%sfor (int %s = ", s->unroll ? "RT_UNROLL " : "", v);
    print_expr(&t, s->from, 0);
    put(&t, "; %s < ", v);
    print_expr(&t, s->to, P_LT + 1);
    put(&t, s->step == 1 ? "; %s++)" : "; %s += ", v);
    if (s->step != 1)
        put(&t, "%lld)", (long long)s->step);
    print_block(&s->body, &t, indent, indent, f);
    if (!one_line(&s->body))
        fprintf(f, "\n");
    free(t.at);
}

static bool is_chain(const Body *b) { return b->n == 1 && b->at[0]->kind == ST_IF; }

/* The head stands behind `pad` blanks: none after `else`. */
static void print_if(const Stmt *s, int pad, int indent, FILE *f)
{
    Text t = { 0 };
    put(&t, "if (");
    print_expr(&t, s->index, 0);
    put(&t, ")");
    print_block(&s->body, &t, pad, indent, f);
    bool braces = !one_line(&s->body);
    if (s->other.n) {
        if (braces)
            fprintf(f, " else");
        else
            fprintf(f, "%*selse", indent, "");
    }
    if (is_chain(&s->other)) {
        fprintf(f, " ");
        print_if(s->other.at[0], 0, indent, f);
        braces = false;
    } else if (s->other.n) {
        print_block(&s->other, &t, 0, indent, f);
        braces = !one_line(&s->other);
    }
    if (braces)
        fprintf(f, "\n");
    free(t.at);
}

static void text_call(Text *t, const Stmt *s)
{
    put(t, "%s(", s->func ? s->func->name : s->callee);
    for (int i = 0; i < s->n_args; i++) {
        if (i)
            put(t, ", ");
        print_expr(t, s->args[i], 0);
    }
    put(t, ");");
}

static const char *declared_type(const Var *v)
{
    if (v->kind == VAR_POINTER_IN)
        return v->type == TY_INT ? "const int *" : "const float *";
    if (v->kind == VAR_POINTER_OUT)
        return "float *";
    return type_name(v->type);
}

static void text_declaration(Text *t, const Stmt *s)
{
    bool pointer = s->var->kind == VAR_POINTER_IN || s->var->kind == VAR_POINTER_OUT;
    const char *constant = s->kind == ST_LET && !pointer ? "const " : "";
    put(t, "%s%s%s%s = ", constant, declared_type(s->var), pointer ? "" : " ", s->var->name);
    print_expr(t, s->value, 0);
    put(t, ";");
}

static bool same_var(const Expr *e, const Var *v) { return e->kind == EX_VAR && e->var == v; }

static void text_set(Text *t, const Stmt *s)
{
    const Expr *v = s->value;
    bool adds = (v->kind == EX_ADD || v->kind == EX_SUB) && type_lanes(v->type) == 1 && same_var(v->a, s->var);
    put(t, "%s %s ", s->var->name, !adds ? "=" : v->kind == EX_ADD ? "+=" : "-=");
    print_expr(t, adds ? v->b : v, 0);
    put(t, ";");
}

static bool same_expr(const Expr *a, const Expr *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->type != b->type || a->var != b->var || a->ival != b->ival)
        return false;
    if (a->kind == EX_FLOAT || a->kind == EX_CALL)
        return false;
    return same_expr(a->a, b->a) && same_expr(a->b, b->b) && same_expr(a->c, b->c);
}

static void text_store(Text *t, const Stmt *s)
{
    bool zero = s->index->kind == EX_INT && s->index->ival == 0;
    if (loop_elements(s->var, s->value->type) > 1) {
        put(t, "%s_store(%s", vector_name(s->value->type), s->var->name);
        if (!zero) {
            put(t, " + ");
            print_expr(t, s->index, P_ADD);
        }
        put(t, ", ");
        print_expr(t, s->value, 0);
        put(t, ");");
        return;
    }
    const Expr *v = s->value;
    bool adds = v->kind == EX_ADD && type_lanes(v->type) == 1 && v->a->kind == EX_LOAD && v->a->var == s->var && same_expr(v->a->a, s->index);
    put(t, "%s[", s->var->name);
    print_expr(t, s->index, 0);
    put(t, adds ? "] += " : "] = ");
    print_expr(t, adds ? v->b : v, 0);
    put(t, ";");
}

static void text_advance(Text *t, const Stmt *s)
{
    put(t, "%s += ", s->var->name);
    print_expr(t, s->index, 0);
    put(t, ";");
}

static void text_prefetch(Text *t, const Stmt *s)
{
    put(t, "RT_PREFETCH(%s + ", s->var->name);
    print_expr(t, s->index, 0);
    put(t, ");");
}

/* A line where it fits. */
static void print_case(const Case *c, int indent, FILE *f)
{
    const Body *b = &c->stmt->body;
    Text t = { 0 };
    bool one = b->n == 1 && b->at[0]->kind == ST_CALL;
    if (one) {
        put(&t, "case %lld: ", (long long)c->value);
        text_call(&t, b->at[0]);
        put(&t, " break;");
        if (c->comment)
            put(&t, " /* %s */", c->comment);
    }
    if (one && t.n + (size_t)indent <= COLUMNS) {
        flush(&t, indent, f);
    } else {
        t.n = 0;
        put(&t, "case %lld:", (long long)c->value);
        if (c->comment)
            put(&t, " /* %s */", c->comment);
        flush(&t, indent, f);
        print_body(b, indent + 4, f);
        fprintf(f, "%*sbreak;\n", indent + 4, "");
    }
    free(t.at);
}

static void print_switch(const Stmt *s, int indent, FILE *f)
{
    Text t = { 0 };
    put(&t, "switch (");
    print_expr(&t, s->index, 0);
    put(&t, ") {");
    flush(&t, indent, f);
    for (int i = 0; i < s->cases.n; i++)
        print_case(&s->cases.at[i], indent, f);
    fprintf(f, "%*s}\n", indent, "");
    free(t.at);
}

static void print_simple(const Stmt *s, int indent, FILE *f)
{
    Text t = { 0 };
    switch ((int)s->kind) {
    case ST_LET: case ST_VAR: text_declaration(&t, s); break;
    case ST_SET: text_set(&t, s); break;
    case ST_STORE: text_store(&t, s); break;
    case ST_ADVANCE: text_advance(&t, s); break;
    case ST_CALL: text_call(&t, s); break;
    case ST_PREFETCH: text_prefetch(&t, s); break;
    default: ICE("statement %d is not simple", s->kind);
    }
    flush(&t, indent, f);
    free(t.at);
}

static void print_stmt(const Stmt *s, int indent, FILE *f)
{
    switch (s->kind) {
    case ST_FOR: print_for(s, indent, f); break;
    case ST_IF: print_if(s, indent, indent, f); break;
    case ST_SWITCH: print_switch(s, indent, f); break;
    case ST_COMMENT: fprintf(f, "%*s/* %s */\n", indent, "", s->text); break;
    case ST_BLANK: fprintf(f, "\n"); break;
    case ST_LET: case ST_VAR: case ST_SET: case ST_STORE: case ST_ADVANCE: case ST_CALL: case ST_PREFETCH:
        print_simple(s, indent, f);
        break;
    }
}

static void print_body(const Body *b, int indent, FILE *f)
{
    for (int i = 0; i < b->n; i++)
        print_stmt(b->at[i], indent, f);
}

/* ---- Functions and tables ---- */

static const char *param_type(const Var *v)
{
    switch ((int)v->kind) {
    case VAR_PARAM_INT: return "int ";
    case VAR_PARAM_F32: return "float ";
    case VAR_PARAM_F64: return "double ";
    case VAR_PARAM_IN: return "const float *restrict ";
    case VAR_PARAM_OUT: return "float *restrict ";
    case VAR_PARAM_INTS: return "const int *restrict ";
    case VAR_PARAM_ROWS: return "const float *const *";
    case VAR_PARAM_CTX: return "const RtContext *";
    case VAR_PARAM_TRAIN_CTX: return "const RtTrainContext *";
    default: ICE("'%s' is no parameter", v->name);
    }
}

static void print_dims(const Func *fn, FILE *f)
{
    Text t = { 0 };
    for (int i = 0; i < fn->dims.n; i++) {
        const Var *d = fn->dims.at[i];
        if (d->used)
            put(&t, "%s%s = %lld", t.n ? ", " : "enum { ", d->name, (long long)d->value);
    }
    if (t.n) {
        put(&t, " };");
        flush(&t, 4, f);
        fprintf(f, "\n");
    }
    free(t.at);
}

static void print_arrays(const Func *fn, FILE *f)
{
    for (int i = 0; i < fn->arrays.n; i++)
        fprintf(f, "    %s %s[%lld];\n", type_name(fn->arrays.at[i]->type), fn->arrays.at[i]->name, (long long)fn->arrays.at[i]->extent);
}

static void print_func(const Func *fn, FILE *f)
{
    Text t = { 0 };
    for (int i = 0; i < fn->tables.n; i++)
        print_c_table(fn->tables.at[i], f);
    fprintf(f, "\n");
    print_c_comment(fn->comment, f);
    const char *isa = fn->vector == TY_V16 ? "RT_V4 " : fn->vector == TY_V8 ? "RT_V3 " : fn->packs ? "RT_APART " : "";
    put(&t, "%s%svoid %s(", fn->external ? "" : "static ", isa, fn->name);
    for (int i = 0; i < fn->params.n; i++)
        put(&t, "%s%s%s", i ? ", " : "", param_type(fn->params.at[i]), fn->params.at[i]->name);
    put(&t, ")");
    flush(&t, 0, f);
    free(t.at);
    fprintf(f, "{\n");
    for (int i = 0; i < fn->params.n; i++) /* a page of a net without weights, say: the signature is the interface's */
        if (!fn->params.at[i]->used && fn->params.at[i]->kind != VAR_PARAM_CTX && fn->params.at[i]->kind != VAR_PARAM_TRAIN_CTX)
            fprintf(f, "    (void)%s;\n", fn->params.at[i]->name);
    print_dims(fn, f);
    print_arrays(fn, f);
    print_body(&fn->body, 4, f);
    fprintf(f, "}\n");
}

void print_c_unit(const Unit *u, FILE *f)
{
    for (int i = 0; i < u->tables.n; i++)
        print_c_table(u->tables.at[i], f);
    for (int i = 0; i < u->funcs.n; i++)
        print_func(u->funcs.at[i], f);
}

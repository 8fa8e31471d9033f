/* Parameters and arithmetic. */
#include "elab.h"
#include "words.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Value number(double v) { return (Value){ .kind = VALUE_NUMBER, .number = v }; }
static const Value bad = { .kind = VALUE_BAD };

void elab_notes(const Frame *f)
{
    for (int depth = 0; f && f->module && depth < 8; f = f->outer, depth++)
        diag_note(f->use, "in this use of module '%s'", f->module->item->name);
}

void elab_error(Elab *e, const Frame *f, Loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(e->arena, fmt, ap);
    va_end(ap);
    diag_error(loc, "%s", text);
    elab_notes(f);
}

void elab_bind(Elab *e, Bindings *to, Binding b)
{
    Binding *own = ARENA_NEW(e->arena, Binding);
    *own = b;
    LIST_PUSH(e->arena, &to->list, own);
    name_table_set(e->arena, &to->by_name, own->name, own);
}

const Binding *elab_bound(const Bindings *b, const char *name) { return name_table_find(&b->by_name, name); }

void elab_suggest_bound(Nearest *n, const Bindings *b)
{
    for (int i = 0; i < b->list.n; i++)
        nearest_try(n, b->list.at[i]->name);
}

const Binding *elab_param(Elab *e, const Frame *f, const char *name)
{
    const Binding *own = elab_bound(&f->params, name);
    return own ? own : elab_bound(&e->top.params, name);
}

/* in.c, in.h, in.w: the shape of a module's input. */
static Value input_number(Elab *e, const Frame *f, const AstExpr *x)
{
    static const char letters[] = "chw";
    const char *dot = strchr(x->path.text, '.');
    const char *at = dot && dot[1] && !dot[2] ? strchr(letters, dot[1]) : NULL;
    if (!at) {
        elab_error(e, f, x->loc, "the input has c, h and w, not '%s'", dot ? dot + 1 : "");
        return bad;
    }
    if (!f->has_in)
        elab_error(e, f, x->loc, "'%s' stands in modules and residuals only: there is no 'in' here", x->path.text);
    return f->in ? number(f->in->shape.dim[at - letters]) : bad;
}

static Value named(Elab *e, const Frame *f, const AstExpr *x)
{
    const char *name = x->path.text;
    if (strncmp(name, "in.", 3) == 0)
        return input_number(e, f, x);
    const Binding *b = elab_param(e, f, name);
    return b ? b->value : (Value){ .kind = VALUE_WORD, .text = name };
}

void elab_no_param(Elab *e, const Frame *f, const char *name, Loc loc)
{
    Nearest near;
    nearest_start(&near, name);
    elab_suggest_bound(&near, &f->params);
    elab_suggest_bound(&near, &e->top.params);
    const char *best = nearest_result(&near);
    diag_fix(loc, best);
    elab_error(e, f, loc, best ? "there is no parameter '%s'; did you mean '%s'?" : "there is no parameter '%s'%s", name, best ? best : "");
}

static Value want_number(Elab *e, const Frame *f, const AstExpr *x)
{
    Value v = elab_eval(e, f, x);
    if (v.kind == VALUE_NUMBER || v.kind == VALUE_BAD)
        return v;
    if (v.kind == VALUE_WORD)
        elab_no_param(e, f, v.text, x->loc);
    else
        elab_error(e, f, x->loc, "a number is needed here");
    return bad;
}

static Value arithmetic(Elab *e, const Frame *f, const AstExpr *x)
{
    Value a = want_number(e, f, x->a), b = x->b ? want_number(e, f, x->b) : number(0);
    if (a.kind == VALUE_BAD || b.kind == VALUE_BAD)
        return bad;
    if (!x->b)
        return number(-a.number);
    switch (x->op) {
    case '+': return number(a.number + b.number);
    case '-': return number(a.number - b.number);
    case '*': return number(a.number * b.number);
    default: break;
    }
    if (b.number == 0) {
        elab_error(e, f, x->loc, "division by zero");
        return bad;
    }
    return number(a.number / b.number);
}

static double round8(double v) { return fmax(8, floor((v + 4) / 8) * 8); }

typedef struct Function {
    const char *name;
    int args;
    double (*one)(double);
    double (*two)(double, double);
} Function;
static const Function functions[] = {
    { "round8", 1, round8, NULL }, { "floor", 1, floor, NULL }, { "ceil", 1, ceil, NULL }, { "round", 1, round, NULL },
    { "min", 2, NULL, fmin }, { "max", 2, NULL, fmax },
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

const char *word_function(int i) { return i < N_FUNCTIONS ? functions[i].name : NULL; }

static Value call(Elab *e, const Frame *f, const AstExpr *x)
{
    Nearest near;
    nearest_start(&near, x->path.text);
    for (int i = 0; i < N_FUNCTIONS; i++) {
        const Function *fn = &functions[i];
        nearest_try(&near, fn->name);
        if (strcmp(fn->name, x->path.text) != 0)
            continue;
        if (x->actuals.n != fn->args) {
            elab_error(e, f, x->loc, "%s takes %d argument%s, not %d", fn->name, fn->args, fn->args > 1 ? "s" : "", x->actuals.n);
            return bad;
        }
        Value a = want_number(e, f, x->actuals.at[0].value);
        Value b = fn->args > 1 ? want_number(e, f, x->actuals.at[1].value) : a;
        if (a.kind == VALUE_BAD || b.kind == VALUE_BAD)
            return bad;
        return number(fn->one ? fn->one(a.number) : fn->two(a.number, b.number));
    }
    const char *best = nearest_result(&near);
    diag_fix(x->path.loc, best);
    elab_error(e, f, x->path.loc, best ? "there is no function '%s'; did you mean '%s'?" : "there is no function '%s'%s", x->path.text, best ? best : "");
    return bad;
}

Value elab_eval(Elab *e, const Frame *f, const AstExpr *x)
{
    switch (x->kind) {
    case AE_NUMBER: return number(x->number);
    case AE_KERNEL: return (Value){ .kind = VALUE_KERNEL, .kernel = x->kernel };
    case AE_STRING: return (Value){ .kind = VALUE_STRING, .text = x->string };
    case AE_PATH: return named(e, f, x);
    case AE_CALL: return call(e, f, x);
    case AE_BINARY: case AE_NEGATE: return arithmetic(e, f, x);
    }
    return bad;
}

static const NetDefine *find_define(Elab *e, const char *name)
{
    for (int i = e->options->defines.n - 1; i >= 0; i--)
        if (strcmp(e->options->defines.at[i].name, name) == 0)
            return &e->options->defines.at[i];
    return NULL;
}

static Value defined_value(Elab *e, const NetDefine *d)
{
    char *end;
    Value v = number(strtod(d->value, &end));
    LIST_PUSH(e->arena, &e->defined, d->name);
    if (*end || end == d->value) {
        diag_error((Loc){ 0 }, "-D %s=%s: '%s' is not a number", d->name, d->value, d->value);
        return bad;
    }
    return v;
}

static void check_range(Elab *e, const AstItem *item, Value v)
{
    if (!item->from || v.kind != VALUE_NUMBER)
        return;
    Value from = want_number(e, &e->top, item->from), to = want_number(e, &e->top, item->to);
    if (from.kind == VALUE_BAD || to.kind == VALUE_BAD)
        return;
    if (v.number < from.number || v.number > to.number)
        diag_error(item->name_loc, "parameter '%s' is %g, outside its range %g .. %g", item->name, v.number, from.number, to.number);
}

void elab_define_param(Elab *e, const AstItem *item)
{
    const Binding *old = elab_bound(&e->top.params, item->name);
    if (old) {
        diag_error(item->name_loc, "parameter '%s' is declared twice", item->name);
        diag_note(old->loc, "it was declared here first");
        return;
    }
    if (elab_reserved_word(item->name))
        diag_error(item->name_loc, "a parameter may not be called '%s': that is a flag of layers", item->name);
    const NetDefine *d = find_define(e, item->name);
    Binding b = { .name = item->name, .loc = item->name_loc };
    Value written = elab_eval(e, &e->top, item->value);
    b.value = d ? defined_value(e, d) : written;
    e->redefined |= b.value.kind != written.kind || b.value.number != written.number;
    if (b.value.kind == VALUE_WORD) {
        diag_error(item->value->loc, "'%s' is not a value", b.value.text);
        b.value = bad;
    }
    check_range(e, item, b.value);
    elab_bind(e, &e->top.params, b);
    NetParam p = { b.name, b.value.number };
    if (b.value.kind == VALUE_NUMBER)
        LIST_PUSH(e->arena, &e->g->params, p);
}

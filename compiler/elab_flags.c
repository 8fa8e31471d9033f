/* One table of layers and one of their flags: a use of a layer and its defaults as a Spec. */
#include "elab_spec.h"
#include "words.h"
#include <string.h>

const char *const layer_names[N_LAYERS] = {
    "conv", "fc", "maxpool", "avgpool", "globalavgpool", "adaptivepool", "lrn", "relu", "batchnorm", "dropout", "softmax",
    "l2norm", "normalize",
};
enum { CONV = 1 << L_CONV, FC = 1 << L_FC, POOLS = 1 << L_MAXPOOL | 1 << L_AVGPOOL, BN = 1 << L_BATCHNORM };
enum { AVG = 1 << L_AVGPOOL, LRN_ = 1 << L_LRN, L2 = 1 << L_L2NORM, NORM = 1 << L_NORMALIZE };

int elab_find_layer(const char *kind)
{
    for (int i = 0; i < N_LAYERS; i++)
        if (strcmp(layer_names[i], kind) == 0)
            return i;
    return -1;
}

bool elab_is_layer(const char *kind) { return elab_find_layer(kind) >= 0; }
bool elab_is_weighted(const char *kind)
{
    int k = elab_find_layer(kind);
    return k == L_CONV || k == L_FC || k == L_BATCHNORM;
}

void elab_suggest_layers(Nearest *n)
{
    for (int i = 0; i < N_LAYERS; i++)
        nearest_try(n, layer_names[i]);
}

/* ---- Flags ---- */

typedef void Flag(Spec *s, const double *v, int n);
static void f_same(Spec *s, const double *v, int n) { (void)v; (void)n; s->pad = PAD_SAME; }
static void f_valid(Spec *s, const double *v, int n) { (void)v; (void)n; s->pad = PAD_VALID; }
static void f_pad(Spec *s, const double *v, int n)
{
    s->pad = PAD_GIVEN;
    for (int i = 0; i < 4; i++)
        s->pads[i] = elab_int(n == 1 ? v[0] : n == 2 ? v[i / 2] : v[i]);
}
static void f_relu(Spec *s, const double *v, int n) { (void)v; (void)n; s->relu = true; }
static void f_linear(Spec *s, const double *v, int n) { (void)v; (void)n; s->relu = false; }
static void f_bn(Spec *s, const double *v, int n) { (void)v; (void)n; s->bn = true; }
static void f_nobn(Spec *s, const double *v, int n) { (void)v; (void)n; s->bn = false; }
static void f_gamma(Spec *s, const double *v, int n) { (void)v; (void)n; s->no_gamma = false; }
static void f_nogamma(Spec *s, const double *v, int n) { (void)v; (void)n; s->no_gamma = true; }
static void f_bias(Spec *s, const double *v, int n) { s->bias = 1; s->bias_init = n ? v[0] : 0; }
static void f_nobias(Spec *s, const double *v, int n) { (void)v; (void)n; s->bias = 0; }
static void f_ceil(Spec *s, const double *v, int n) { (void)v; (void)n; s->ceil_set = s->ceil = true; }
static void f_floor(Spec *s, const double *v, int n) { (void)v; (void)n; s->ceil_set = true; s->ceil = false; }
static void f_count(Spec *s, const double *v, int n) { (void)v; (void)n; s->count_pad_set = s->count_pad = true; }
static void f_nocount(Spec *s, const double *v, int n) { (void)v; (void)n; s->count_pad_set = true; s->count_pad = false; }
static void f_eps(Spec *s, const double *v, int n) { (void)n; s->eps = v[0]; }
static void f_momentum(Spec *s, const double *v, int n) { (void)n; s->momentum = v[0]; }
static void f_groups(Spec *s, const double *v, int n) { (void)n; s->groups = v[0] >= 1 && v[0] < 1e9 ? (int)v[0] : 0; }
static void f_std(Spec *s, const double *v, int n)
{
    s->std = v[0];
    for (int i = 0; i < n && i < 3; i++)
        s->dev[s->n_dev = i] = v[i];
    s->n_dev = n;
}
static void f_cut(Spec *s, const double *v, int n) { (void)n; s->cut = v[0]; }
static void f_alpha(Spec *s, const double *v, int n) { (void)n; s->alpha = v[0]; }
static void f_beta(Spec *s, const double *v, int n) { (void)n; s->beta = v[0]; }
static void f_k(Spec *s, const double *v, int n) { (void)n; s->k = v[0]; }
static void f_size(Spec *s, const double *v, int n) { (void)n; s->size = v[0]; }
static void f_mean(Spec *s, const double *v, int n)
{
    for (int i = 0; i < n && i < 3; i++)
        s->mean[i] = v[i];
    s->n_mean = n;
}

typedef struct FlagRow {
    const char *name;
    const char *property; /* of the layer, for explain: flags of one property exclude each other */
    int layers;   /* bit set of LayerKind */
    int least, most; /* numbers it takes */
    Flag *set;    /* null: init, a word */
} FlagRow;
static const FlagRow flags[] = {
    { "same", "padding", CONV | POOLS, 0, 0, f_same }, { "valid", "padding", CONV | POOLS, 0, 0, f_valid },
    { "pad", "padding", CONV | POOLS, 1, 4, f_pad }, { "relu", "activation", CONV | FC, 0, 0, f_relu },
    { "linear", "activation", CONV | FC, 0, 0, f_linear }, { "bn", "batch norm", CONV | FC, 0, 0, f_bn },
    { "nobn", "batch norm", CONV | FC, 0, 0, f_nobn }, { "gamma", "gamma", CONV | FC | BN, 0, 0, f_gamma },
    { "nogamma", "gamma", CONV | FC | BN, 0, 0, f_nogamma }, { "bias", "bias", CONV | FC, 0, 1, f_bias },
    { "nobias", "bias", CONV | FC, 0, 0, f_nobias }, { "ceil", "rounding", POOLS, 0, 0, f_ceil },
    { "floor", "rounding", POOLS, 0, 0, f_floor }, { "count_pad", "divisor", AVG, 0, 0, f_count },
    { "nocount_pad", "divisor", AVG, 0, 0, f_nocount }, { "eps", "eps", CONV | FC | BN | L2, 1, 1, f_eps },
    { "momentum", "momentum", CONV | FC | BN, 1, 1, f_momentum }, { "groups", "groups", CONV, 1, 1, f_groups },
    { "init", "init", CONV | FC, 0, 0, NULL }, { "std", "std", CONV | FC | NORM, 1, 3, f_std },
    { "cut", "cut", CONV | FC, 1, 1, f_cut }, { "alpha", "alpha", LRN_, 1, 1, f_alpha },
    { "beta", "beta", LRN_, 1, 1, f_beta }, { "k", "k", LRN_, 1, 1, f_k },
    { "size", "count", LRN_, 1, 1, f_size }, { "mean", "mean", NORM, 1, 3, f_mean },
};
enum { N_FLAGS = sizeof flags / sizeof *flags };

const char *word_layer(int i) { return i < N_LAYERS ? layer_names[i] : NULL; }

/* Flag i of those that stand alone, or of those that take a value. */
static const char *flag_of(int i, bool alone)
{
    for (int k = 0; k < N_FLAGS; k++)
        if ((alone ? flags[k].least == 0 && flags[k].set != NULL : flags[k].most > 0 || !flags[k].set) && i-- == 0)
            return flags[k].name;
    return NULL;
}

const char *word_flag(int i) { return flag_of(i, true); }
const char *word_value_flag(int i) { return flag_of(i, false); }

bool elab_reserved_word(const char *name)
{
    for (int i = 0; i < N_FLAGS; i++)
        if (strcmp(flags[i].name, name) == 0 && flags[i].most == 0)
            return true;
    return false;
}

void spec_error(Spec *s, Loc loc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(s->e->arena, fmt, ap);
    va_end(ap);
    elab_error(s->e, s->f, loc, "%s", text);
    s->bad = true;
}

static void no_param(Spec *s, Value word, Loc loc)
{
    elab_no_param(s->e, s->f, word.text, loc);
    s->bad = true;
}

static const FlagRow *find_flag(Spec *s, LayerKind kind, const char *name, Loc loc)
{
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < N_FLAGS; i++) {
        if (!(flags[i].layers >> kind & 1))
            continue;
        nearest_try(&near, flags[i].name);
        if (strcmp(flags[i].name, name) == 0)
            return &flags[i];
    }
    elab_suggest_bound(&near, &s->f->params);
    elab_suggest_bound(&near, &s->e->top.params);
    const char *best = nearest_result(&near);
    diag_fix(loc, best);
    spec_error(s, loc, best ? "%s has no flag '%s'; did you mean '%s'?" : "%s has no flag '%s'%s", layer_names[kind], name, best ? best : "");
    return NULL;
}

/* Numbers behind a flag: (a, b) or one bare number. Returns how many arguments were taken; *n is -1 after an error. */
static int take_numbers(Spec *s, const AstArgs *args, int at, const FlagRow *row, double *v, int *n)
{
    *n = 0;
    if (row->most == 0 || at >= args->n)
        return 0;
    const AstArg *a = &args->at[at];
    bool good = true;
    if (a->kind == ARG_ACTUALS) {
        for (int i = 0; i < a->actuals.n; i++) {
            Value x = elab_eval(s->e, s->f, a->actuals.at[i].value);
            if (x.kind == VALUE_NUMBER)
                v[*n < 4 ? *n : 0] = x.number; /* a fifth is an error */
            else if (x.kind == VALUE_WORD)
                no_param(s, x, a->actuals.at[i].value->loc);
            else if (x.kind != VALUE_BAD)
                spec_error(s, a->actuals.at[i].value->loc, "%s wants numbers", row->name);
            good &= x.kind == VALUE_NUMBER;
            *n += good;
        }
        s->bad |= !good;
        *n = good ? *n : -1;
        return 1;
    }
    if (row->least && a->kind == ARG_ATOM) {
        Value x = elab_eval(s->e, s->f, a->value);
        if (x.kind == VALUE_NUMBER) {
            v[(*n)++] = x.number;
            return 1;
        }
    }
    return 0;
}

/* The last one that says a property counts. */
static void said(Spec *s, const char *property, const char *text, Loc loc)
{
    FlagOrigin own = { property, text, loc, s->in_default };
    for (int i = 0; i < s->origins.said.n; i++)
        if (strcmp(s->origins.said.at[i].property, property) == 0) {
            s->origins.said.at[i] = own;
            return;
        }
    LIST_PUSH(s->e->arena, &s->origins.said, own);
}

/* "pad(1, 2)", "eps=0.001", "bn" */
static const char *flag_text(Spec *s, const FlagRow *row, const double *v, int n)
{
    const char *out = row->name;
    for (int i = 0; i < n; i++)
        out = arena_printf(s->e->arena, "%s%s%s", out, i ? ", " : n > 1 ? "(" : "=", arena_number(s->e->arena, v[i]));
    return n > 1 ? arena_printf(s->e->arena, "%s)", out) : out;
}

static void apply_flag(Spec *s, const FlagRow *row, const double *v, int n, Loc loc)
{
    if (row->set == f_pad && n == 3) {
        spec_error(s, loc, "pad takes 1, 2 or 4 numbers, not 3");
    } else if (n < row->least || n > row->most) {
        spec_error(s, loc, row->least == row->most ? "%s takes %d number%s" : n > row->most ? "%s takes at most %d number%s" : "%s takes at least %d number%s",
                   row->name, n > row->most ? row->most : row->least, (n > row->most ? row->most : row->least) == 1 ? "" : "s");
    } else {
        row->set(s, v, n);
        said(s, row->property, flag_text(s, row, v, n), loc);
    }
}

static void take_named(Spec *s, LayerKind kind, const AstArg *a)
{
    const FlagRow *row = find_flag(s, kind, a->name, a->loc);
    if (!row)
        return;
    Value x = elab_eval(s->e, s->f, a->value);
    if (!row->set) {
        s->init_loc = a->value->loc;
        if (x.kind == VALUE_WORD || x.kind == VALUE_STRING)
            said(s, row->property, arena_printf(s->e->arena, "init=%s", s->init = x.text), a->loc);
        else
            spec_error(s, a->loc, "init wants the name of an initialiser");
    } else if (x.kind == VALUE_NUMBER) {
        apply_flag(s, row, &x.number, 1, a->loc);
    } else if (x.kind == VALUE_WORD) {
        no_param(s, x, a->value->loc);
    } else if (x.kind != VALUE_BAD) {
        spec_error(s, a->loc, "%s wants a number", a->name);
    } else {
        s->bad = true;
    }
}

static void take_value(Spec *s, Value x, Loc loc)
{
    if (x.kind == VALUE_KERNEL && s->given_kernel) {
        spec_error(s, loc, "a second kernel size; one is enough");
    } else if (x.kind == VALUE_NUMBER && s->given_count) {
        spec_error(s, loc, "a second number, %g; the first was %g", x.number, s->count);
    } else if (x.kind == VALUE_KERNEL) {
        s->given_kernel = true;
        s->kernel = x.kernel;
        s->has_kernel = true;
        said(s, "kernel", "", loc);
    } else if (x.kind == VALUE_NUMBER) {
        s->given_count = true;
        s->count = x.number;
        s->has_count = true;
        said(s, "count", "", loc);
    } else if (x.kind == VALUE_STRING) {
        spec_error(s, loc, "a string has no meaning here");
    } else if (x.kind == VALUE_WORD) {
        no_param(s, x, loc);
    } else {
        s->bad = true;
    }
}

static void take_args(Spec *s, LayerKind kind, const AstArgs *args)
{
    for (int i = 0; i < args->n; i++) {
        const AstArg *a = &args->at[i];
        if (a->kind == ARG_NAMED) {
            take_named(s, kind, a);
            continue;
        }
        if (a->kind == ARG_ACTUALS) {
            if (a->actuals.n == 1 && !a->actuals.at[0].name)
                take_value(s, elab_eval(s->e, s->f, a->actuals.at[0].value), a->loc);
            else
                spec_error(s, a->loc, "%s takes no list here", layer_names[kind]);
            continue;
        }
        Value x = elab_eval(s->e, s->f, a->value);
        if (x.kind != VALUE_WORD) {
            take_value(s, x, a->loc);
            continue;
        }
        const FlagRow *row = find_flag(s, kind, x.text, a->loc);
        double v[4];
        int n;
        i += row ? take_numbers(s, args, i + 1, row, v, &n) : 0;
        if (row && row->set && n >= 0)
            apply_flag(s, row, v, n, a->loc);
        else if (row && !row->set)
            spec_error(s, a->loc, "say init=NAME");
    }
}

static void take_defaults(Spec *s, LayerKind kind, const Default *d)
{
    if (!d)
        return;
    take_defaults(s, kind, d->before);
    if (strcmp(d->kind, layer_names[kind]) == 0)
        take_args(s, kind, d->args);
}

Spec elab_spec(Elab *e, Frame *f, const AstNode *node, LayerKind kind, const char *path)
{
    bool tf = e->conventions == CONVENTIONS_TF;
    Spec s = { .e = e, .f = f, .node = node, .path = path, .bias = -1, .groups = 1, .eps = tf ? 1e-3 : 1e-5,
               .momentum = tf ? 0.0003 : 0.1, .alpha = 1e-4, .beta = 0.75, .k = 1, .size = 5, .std = 0.1, .cut = 2 };
    s.kernel.sh = s.kernel.sw = 1;
    if (kind == L_L2NORM)
        s.eps = 0;
    s.origins = (LayerOrigins){ .path = path, .kind = layer_names[kind], .use = f->module ? f->use : (Loc){ 0 } };
    s.in_default = true;
    take_defaults(&s, kind, f->defaults);
    s.given_kernel = s.given_count = s.in_default = false;
    take_args(&s, kind, &node->args);
    LIST_PUSH(e->arena, &e->g->origins, s.origins);
    return s;
}

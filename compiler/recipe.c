#include "recipe.h"
#include "emit_c.h"
#include "words.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- What a setting may say ---- */

typedef enum Range { POSITIVE, NOT_NEGATIVE, SHARE, FACTOR, FLAG, COUNT, TEXT } Range; /* FLAG and COUNT are ints */
enum { COUNT_MAX = 1 << 30 };
static const char *const range_texts[] = {
    [POSITIVE] = "a number above 0", [NOT_NEGATIVE] = "a number from 0", [SHARE] = "a number from 0 to below 1",
    [FACTOR] = "a number above 0 and at most 1", [FLAG] = "0 or 1", [COUNT] = "a whole number from 1 to 1073741824",
    [TEXT] = "a text such as \"runs/x\"",
};

static bool in_range(Range range, double v)
{
    switch (range) {
    case POSITIVE: return v > 0 && v < INFINITY;
    case NOT_NEGATIVE: return v >= 0 && v < INFINITY;
    case SHARE: return v >= 0 && v < 1;
    case FACTOR: return v > 0 && v <= 1;
    case FLAG: return v == 0 || v == 1;
    case COUNT: return v >= 1 && v <= COUNT_MAX && v == floor(v);
    case TEXT: break;
    }
    return false;
}

typedef struct Argument {
    const char *name;
    size_t field; /* of RtRecipe */
    Range range;
    double fallback; /* NAN: must be given */
} Argument;

enum { ARGUMENTS_MAX = 6 };
typedef struct Form { /* one thing that `opt`, `lr` or `log` may be; its first argument may stand without a name */
    const char *key, *name;
    int value; /* RtOptimizer or RtSchedule */
    Argument args[ARGUMENTS_MAX];
} Form;

#define F(field) offsetof(RtRecipe, field)
#define RATE(v) { "lr", F(lr), POSITIVE, v }
#define MOMENTUM { "momentum", F(momentum), SHARE, 0 }
#define EPS { "eps", F(eps), NOT_NEGATIVE, 1e-8 }
#define DECAY(v) { "decay", F(decay), NOT_NEGATIVE, v }
#define BETAS { "beta1", F(beta1), SHARE, 0.9 }, { "beta2", F(beta2), SHARE, 0.999 }
#define END { "end", F(lr_end), NOT_NEGATIVE, 0 }
#define EVERY(v) { "every", F(lr_every), POSITIVE, v }
static const Form forms[] = {
    { "opt", "sgd", RT_SGD, { RATE(1e-3), MOMENTUM, { "nesterov", F(nesterov), FLAG, 0 }, DECAY(0) } },
    { "opt", "adam", RT_ADAM, { RATE(1e-3), BETAS, EPS, DECAY(0) } },
    { "opt", "adamw", RT_ADAMW, { RATE(1e-3), BETAS, EPS, DECAY(0.01) } },
    { "opt", "rmsprop", RT_RMSPROP,
      { RATE(0.01), { "alpha", F(beta2), SHARE, 0.99 }, MOMENTUM, EPS, { "tf", F(eps_inside), FLAG, 0 }, DECAY(0) } },
    { "lr", "constant", RT_LR_CONSTANT, { { 0 } } },
    { "lr", "step", RT_LR_STEP, { { "factor", F(lr_power), FACTOR, 0.1 }, EVERY(30) } },
    { "lr", "exponential", RT_LR_EXPONENTIAL, { { "factor", F(lr_power), FACTOR, NAN }, EVERY(1) } },
    { "lr", "poly", RT_LR_POLY, { { "power", F(lr_power), POSITIVE, 1 }, END } },
    { "lr", "cosine", RT_LR_COSINE, { END } },
    { "log", "tensorboard", 0, { { "folder", F(log), TEXT, NAN }, { "every", F(log_every), COUNT, 50 } } },
};
enum { N_FORMS = sizeof forms / sizeof *forms };

const char *word_argument(int i)
{
    for (int k = 0; k < N_FORMS; k++)
        for (int n = 0; n < ARGUMENTS_MAX && forms[k].args[n].name; n++)
            if (i-- == 0)
                return forms[k].args[n].name;
    return NULL;
}

/* ---- Reading ---- */

typedef struct Reader {
    Elab *e;
    RtRecipe *recipe;
    const Form *form; /* that is being read */
    unsigned given;            /* bit k: its argument k */
    bool opt_has_rate, opt_has_decay;
} Reader;

static void put_number(RtRecipe *r, const Argument *a, double v)
{
    void *field = (char *)r + a->field;
    if (a->range == FLAG || a->range == COUNT)
        *(int *)field = (int)v;
    else if (a->range != TEXT)
        *(double *)field = v;
}

static void unknown_argument(const Form *form, const char *name, Loc loc)
{
    Nearest near;
    nearest_start(&near, name);
    char all[128] = "";
    for (int i = 0; i < ARGUMENTS_MAX && form->args[i].name; i++) {
        nearest_try(&near, form->args[i].name);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", form->args[i].name);
    }
    const char *best = nearest_result(&near);
    diag_fix(loc, best);
    if (best)
        diag_error(loc, "%s has no argument '%s'; did you mean '%s'?", form->name, name, best);
    else
        diag_error(loc, "%s has no argument '%s', only %s", form->name, name, *all ? all : "its name");
}

/* The argument of that name; the first one for a null name. */
static const Argument *find_argument(const Reader *r, const char *name, Loc loc)
{
    const Argument *args = r->form->args;
    for (int i = 0; i < ARGUMENTS_MAX && args[i].name && name; i++)
        if (strcmp(args[i].name, name) == 0)
            return &args[i];
    if (name)
        unknown_argument(r->form, name, loc);
    else if (!args[0].name)
        diag_error(loc, "%s takes no arguments", r->form->name);
    return name || !args[0].name ? NULL : &args[0];
}

static void read_value(Reader *r, const Argument *a, const AstExpr *x)
{
    Value v = elab_eval(r->e, &r->e->top, x);
    if (a->range == TEXT && v.kind == VALUE_STRING)
        *(const char **)((char *)r->recipe + a->field) = v.text;
    else if (v.kind == VALUE_NUMBER && in_range(a->range, v.number))
        put_number(r->recipe, a, v.number);
    else if (v.kind == VALUE_NUMBER)
        diag_error(x->loc, "%s of %s is %g; it needs %s", a->name, r->form->name, v.number, range_texts[a->range]);
    else if (v.kind != VALUE_BAD)
        diag_error(x->loc, "%s of %s needs %s", a->name, r->form->name, range_texts[a->range]);
}

static void read_argument(Reader *r, const char *name, Loc loc, const AstExpr *x, int place)
{
    if (!name && place > 0) {
        diag_error(loc, "only the first argument of %s may stand without its name", r->form->name);
        return;
    }
    const Argument *a = find_argument(r, name, loc);
    if (!a)
        return;
    unsigned bit = 1u << (a - r->form->args);
    if (r->given & bit)
        diag_error(loc, "%s of %s is given twice", a->name, r->form->name);
    r->given |= bit;
    read_value(r, a, x);
}

static void read_arguments(Reader *r, const AstArgs *args)
{
    int place = 0;
    for (int i = 0; i < args->n; i++) {
        const AstArg *a = &args->at[i];
        if (a->kind != ARG_ACTUALS)
            read_argument(r, a->kind == ARG_NAMED ? a->name : NULL, a->loc, a->value, place++);
        for (int k = 0; a->kind == ARG_ACTUALS && k < a->actuals.n; k++) {
            const AstActual *b = &a->actuals.at[k];
            read_argument(r, b->name, b->name ? b->name_loc : b->value->loc, b->value, place++);
        }
    }
}

static bool was_given(const Reader *r, const char *name)
{
    for (int i = 0; i < ARGUMENTS_MAX && r->form->args[i].name; i++)
        if (strcmp(r->form->args[i].name, name) == 0)
            return r->given >> i & 1;
    return false;
}

static void check_required(const Reader *r, const AstNode *n)
{
    const Argument *first = &r->form->args[0];
    if (first->name && isnan(first->fallback) && !(r->given & 1))
        diag_error(n->loc, "%s needs its %s: %s", r->form->name, first->name,
                   first->range == TEXT ? "tensorboard(\"runs/x\")" : "exponential(0.94, every=2)");
}

static void read_form(Reader *r, const AstNode *n)
{
    const Form *form = r->form;
    int errors = diag_error_count();
    r->given = 0;
    for (int i = 0; i < ARGUMENTS_MAX && form->args[i].name; i++)
        put_number(r->recipe, &form->args[i], form->args[i].fallback);
    read_arguments(r, &n->args);
    check_required(r, n);
    if (strcmp(form->key, "opt") == 0) {
        r->recipe->optimizer = (RtOptimizer)form->value;
        r->opt_has_rate = was_given(r, "lr");
        r->opt_has_decay = was_given(r, "decay");
        if (r->recipe->nesterov && r->recipe->momentum == 0 && diag_error_count() == errors)
            diag_error(n->loc, "nesterov needs a momentum above 0, such as momentum=0.9");
    } else if (strcmp(form->key, "lr") == 0) {
        r->recipe->schedule = (RtSchedule)form->value;
    }
}

static const Form *find_form(const char *key, const char *name)
{
    for (int i = 0; i < N_FORMS; i++)
        if (strcmp(forms[i].key, key) == 0 && strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

/* A setting that is a number: lr and decay may stand in opt, too, but not in both. */
static void read_number(Reader *r, const AstSetting *s, double v)
{
    RtRecipe *x = r->recipe;
    const struct { const char *key; double *real; int *whole; } rows[] = {
        { "lr", &x->lr, NULL }, { "decay", &x->decay, NULL }, { "clip", &x->clip, NULL }, { "ema", &x->ema, NULL },
        { "warmup", &x->warmup, NULL }, { "batch", NULL, &x->batch }, { "epochs", NULL, &x->epochs },
    };
    if ((strcmp(s->key, "lr") == 0 && r->opt_has_rate) || (strcmp(s->key, "decay") == 0 && r->opt_has_decay))
        diag_error(s->loc, "%s is %g here and %g in opt; say it once", s->key, v, s->key[0] == 'l' ? x->lr : x->decay);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].key, s->key) == 0) {
            if (rows[i].real)
                *rows[i].real = v;
            else
                *rows[i].whole = elab_int(v);
        }
    if (strcmp(s->key, "steps") == 0)
        x->steps = elab_int(v);
    if (strcmp(s->key, "seed") == 0 && v >= 0 && v <= 0x1p53)
        x->seed = (uint64_t)v;
}

int64_t recipe_size(const char *text)
{
    static const char units[] = "KMGT";
    char *end;
    double v = *text >= '0' && *text <= '9' ? strtod(text, &end) : 0; /* neither "-1G" nor "infG" */
    const char *unit = v > 0 && v < 0x1p20 && *end ? strchr(units, *end) : NULL;
    if (!unit || end[1])
        return 0;
    for (const char *u = units; u <= unit; u++)
        v *= 1024;
    return (int64_t)v;
}

static void read_memory(Reader *r, const AstAddend *t)
{
    if (!t->string)
        return;
    r->recipe->memory = recipe_size(t->string);
    if (!r->recipe->memory)
        diag_error(t->loc, "memory is \"%s\"; it needs a size such as \"512M\" or \"1.5G\"", t->string);
}

static void read_setting(Reader *r, const AstSetting *s)
{
    const AstAddend *t = &s->sum.at[0];
    const AstNode *n = t->chain ? t->chain->units.at[0].node : NULL;
    double v;
    if (strcmp(s->key, "loss") == 0 || s->sum.n != 1)
        return;
    if (elab_addend_number(r->e, t, &v)) {
        read_number(r, s, v);
        return;
    }
    if (strcmp(s->key, "memory") == 0)
        read_memory(r, t);
    r->form = n && n->kind == AN_LAYER ? find_form(s->key, n->head.text) : NULL;
    if (r->form && t->chain->units.n == 1 && !t->has_factor)
        read_form(r, n);
    else if (r->form)
        diag_error(s->loc, "%s takes one name with its arguments, such as %s", s->key, r->form->name);
}

static void check_twice(const AstItem *train, int i)
{
    for (int k = 0; k < i; k++)
        if (strcmp(train->settings.at[k].key, train->settings.at[i].key) == 0) {
            diag_error(train->settings.at[i].key_loc, "%s is set twice", train->settings.at[i].key);
            diag_note(train->settings.at[k].key_loc, "it is set here first");
            return;
        }
}

/* What only all settings together show. */
static void check_together(const RtRecipe *r, const AstItem *train)
{
    for (int i = 0; i < train->settings.n; i++) {
        const AstSetting *s = &train->settings.at[i];
        if (strcmp(s->key, "warmup") == 0 && r->warmup > r->epochs)
            diag_error(s->loc, "warmup is %g epochs, but training has %d", r->warmup, r->epochs);
        if (strcmp(s->key, "ema") == 0 && r->ema == 1)
            diag_error(s->loc, "ema is 1: the average would never move; it needs %s", range_texts[SHARE]);
        if (strcmp(s->key, "lr") == 0 && r->lr_end > r->lr)
            diag_error(s->loc, "the rate would grow, from %g to end=%g", r->lr, r->lr_end);
    }
}

/* As if train {} said `opt = sgd` and `lr = constant`. */
static RtRecipe defaults(void)
{
    RtRecipe r = { .batch = 32, .epochs = 10, .seed = 1 };
    for (int i = 0; i < ARGUMENTS_MAX && forms[0].args[i].name; i++)
        put_number(&r, &forms[0].args[i], forms[0].args[i].fallback);
    return r;
}

void recipe_read(Elab *e, const AstItem *train)
{
    Reader r = { .e = e, .recipe = ARENA_NEW(e->arena, RtRecipe) };
    *r.recipe = defaults();
    for (int i = 0; i < train->settings.n; i++) /* first, because it says rate and decay */
        if (strcmp(train->settings.at[i].key, "opt") == 0)
            read_setting(&r, &train->settings.at[i]);
    for (int i = 0; i < train->settings.n; i++) {
        check_twice(train, i);
        if (strcmp(train->settings.at[i].key, "opt") != 0)
            read_setting(&r, &train->settings.at[i]);
    }
    check_together(r.recipe, train);
    e->g->recipe = r.recipe;
}

/* ---- Writing ---- */

static void emit_number(const char *name, double v, FILE *f)
{
    char text[NUMBER_TEXT];
    if (v != 0)
        fprintf(f, "        .%s = %s,\n", name, number_text(v, text));
}

static void emit_whole(const char *name, int64_t v, FILE *f)
{
    if (v != 0)
        fprintf(f, "        .%s = %lld,\n", name, (long long)v);
}

static void emit_quoted(const char *text, FILE *f) { emit_string(text, strlen(text), f); }

static void emit_text(const char *name, const char *text, FILE *f)
{
    if (!text)
        return;
    fprintf(f, "        .%s = ", name);
    emit_quoted(text, f);
    fprintf(f, ",\n");
}

/* Where data {} says that pictures come from. */
static void emit_source(const char *key, const SourceSetting *s, FILE *f)
{
    if (s->kind == SOURCE_NONE)
        return;
    fprintf(f, "        .%s = { %s, ", key, s->kind == SOURCE_IDX ? "RT_SOURCE_IDX" : "RT_SOURCE_FOLDER");
    emit_quoted(s->path, f);
    fprintf(f, ", ");
    if (s->labels)
        emit_quoted(s->labels, f);
    else
        fprintf(f, "NULL");
    fprintf(f, " },\n");
}

static const char *const optimizer_names[] = { "RT_SGD", "RT_ADAM", "RT_ADAMW", "RT_RMSPROP" };
static const char *const schedule_names[] = { "RT_LR_CONSTANT", "RT_LR_STEP", "RT_LR_POLY", "RT_LR_EXPONENTIAL", "RT_LR_COSINE" };

static void emit_optimizer(const RtRecipe *r, FILE *f)
{
    fprintf(f, "        .optimizer = %s,\n", optimizer_names[r->optimizer]);
    emit_number("lr", r->lr, f);
    emit_number("momentum", r->momentum, f);
    emit_whole("nesterov", r->nesterov, f);
    emit_number("beta1", r->beta1, f);
    emit_number("beta2", r->beta2, f);
    emit_number("eps", r->eps, f);
    emit_whole("eps_inside", r->eps_inside, f);
    emit_number("decay", r->decay, f);
}

static void emit_schedule(const RtRecipe *r, FILE *f)
{
    fprintf(f, "        .schedule = %s,\n", schedule_names[r->schedule]);
    emit_number("lr_power", r->lr_power, f);
    emit_number("lr_every", r->lr_every, f);
    emit_number("lr_end", r->lr_end, f);
    emit_number("warmup", r->warmup, f);
}

void recipe_emit(const Graph *g, FILE *f)
{
    RtRecipe usual = defaults();
    const RtRecipe *r = g->recipe ? g->recipe : &usual;
    fprintf(f, "{\n");
    emit_optimizer(r, f);
    emit_schedule(r, f);
    emit_number("clip", r->clip, f);
    emit_number("ema", r->ema, f);
    emit_whole("batch", r->batch, f);
    emit_whole("epochs", r->epochs, f);
    emit_whole("steps", r->steps, f);
    emit_whole("memory", r->memory, f);
    fprintf(f, "        .seed = %llu,\n", (unsigned long long)r->seed);
    emit_source("train", &g->train_source, f);
    emit_source("valid", &g->valid_source, f);
    emit_source("test", &g->test_source, f);
    emit_text("log", r->log, f);
    emit_whole("log_every", r->log_every, f);
    emit_text("weights", g->weights_file, f);
    fprintf(f, "    }");
}

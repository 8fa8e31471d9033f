/* Pictures: where data {} says they come from, and the view that prepares them. */
#include "elab.h"
#include "words.h"
#include <string.h>

/* ---- folder("...") and idx("images", "labels") ---- */

static const char *text_of(Elab *e, const AstActuals *a, int i)
{
    Value v = elab_eval(e, &e->top, a->at[i].value);
    return v.kind == VALUE_STRING && !a->at[i].name && *v.text ? v.text : NULL;
}

void elab_source(Elab *e, const AstSetting *s, SourceSetting *out)
{
    const AstChain *c = s->sum.n == 1 ? s->sum.at[0].chain : NULL;
    const AstNode *n = c && c->units.n ? c->units.at[0].node : NULL;
    if (!n || n->kind != AN_LAYER)
        return; /* check_setting said so */
    bool idx = strcmp(n->head.text, "idx") == 0;
    if (!idx && strcmp(n->head.text, "folder") != 0)
        return;
    int want = idx ? 2 : 1;
    const AstActuals *a = n->args.n == 1 && n->args.at[0].kind == ARG_ACTUALS ? &n->args.at[0].actuals : NULL;
    *out = (SourceSetting){ .kind = idx ? SOURCE_IDX : SOURCE_FOLDER, .loc = s->loc };
    if (a && a->n == want && c->units.n == 1 && !s->sum.at[0].has_factor) {
        out->path = text_of(e, a, 0);
        out->labels = idx ? text_of(e, a, 1) : NULL;
    }
    if (!out->path || (idx && !out->labels))
        diag_error(n->loc, idx ? "%s takes the files of pictures and of labels: idx(\"images\", \"labels\")"
                               : "%s takes one directory, which holds one a class: folder(\"pictures\")", s->key);
}

/* ---- The view ---- */

typedef enum StepWord { STEP_EXACT, STEP_RANDOM, STEP_BICUBIC, N_STEP_WORDS } StepWord;
static const char *const step_words[N_STEP_WORDS] = { "exact", "random", "bicubic" };

static bool has_text(const AstNode *n, const char *word)
{
    for (int i = 0; i < n->args.n; i++)
        if (n->args.at[i].kind == ARG_ATOM && n->args.at[i].value->kind == AE_PATH && strcmp(n->args.at[i].value->path.text, word) == 0)
            return true;
    return false;
}

static void view_size(Elab *e, const AstNode *n, ViewStep *v)
{
    for (int i = 0; i < n->args.n; i++) {
        const AstArg *a = &n->args.at[i];
        if (a->kind == ARG_KERNEL) {
            v->h = (int)a->value->kernel.kh;
            v->w = (int)a->value->kernel.kw;
        } else if (a->kind == ARG_ATOM && !(a->value->kind == AE_PATH && !elab_param(e, &e->top, a->value->path.text))) {
            Value x = elab_eval(e, &e->top, a->value);
            if (x.kind == VALUE_NUMBER)
                v->h = v->w = elab_int(x.number);
        }
    }
    if (v->h < 1 || v->w < 1 || v->h > 1 << 16 || v->w > 1 << 16)
        diag_error(n->loc, "%s needs a size in pixels", n->head.text);
}

/* Three numbers into out, or where `one` allows it one for all three; wants: what to say when there are others. */
static void triple(Elab *e, const AstActuals *a, Loc loc, bool one, const char *wants, double *out)
{
    if (a->n != 3 && !(one && a->n == 1))
        diag_error(loc, "%s", wants);
    for (int i = 0; i < a->n && i < 3; i++) {
        Value x = elab_eval(e, &e->top, a->at[i].value);
        if (x.kind == VALUE_NUMBER)
            out[i] = x.number;
        else if (x.kind != VALUE_BAD)
            diag_error(a->at[i].value->loc, "a number is needed here");
    }
    for (int i = 1; i < 3 && a->n == 1; i++)
        out[i] = out[0];
}

static void channel_numbers(Elab *e, const AstActuals *a, Loc loc, double *out)
{
    triple(e, a, loc, true, "three numbers are needed, one a channel, or one for all", out);
}

/* normalize(mean(...), std(...)) of pixels in 0..1, or mean(...) alone of pixels in 0..255. */
static void view_normalize(Elab *e, const AstNode *n, ViewStep *v)
{
    v->std[0] = v->std[1] = v->std[2] = 1;
    if (strcmp(n->head.text, "mean") == 0) {
        v->raw_255 = true;
        if (n->args.n && n->args.at[0].kind == ARG_ACTUALS)
            channel_numbers(e, &n->args.at[0].actuals, n->loc, v->mean);
        return;
    }
    if (n->args.n != 1 || n->args.at[0].kind != ARG_ACTUALS) {
        diag_error(n->loc, "normalize wants (mean(...), std(...))");
        return;
    }
    const AstActuals *a = &n->args.at[0].actuals;
    for (int i = 0; i < a->n; i++) {
        const AstExpr *x = a->at[i].value;
        if (x->kind == AE_CALL && strcmp(x->path.text, "mean") == 0)
            channel_numbers(e, &x->actuals, x->loc, v->mean);
        else if (x->kind == AE_CALL && strcmp(x->path.text, "std") == 0)
            channel_numbers(e, &x->actuals, x->loc, v->std);
        else
            diag_error(x->loc, "normalize wants (mean(...), std(...))");
    }
    for (int i = 0; i < 3; i++)
        if (!(v->std[i] > 0))
            diag_error(n->loc, "std is %g; it must be above 0", v->std[i]);
}

static void view_pad(Elab *e, const AstNode *n, ViewStep *v)
{
    enum { MOST_PAD = 4096 };
    view_size(e, n, v);
    if (v->h != v->w || v->h > MOST_PAD)
        diag_error(n->loc, "pad takes the pixels on each side: one number from 1 to %d", MOST_PAD);
}

static void view_jitter(Elab *e, const AstNode *n, ViewStep *v)
{
    if (n->args.n != 1 || n->args.at[0].kind != ARG_ACTUALS) {
        diag_error(n->loc, "jitter wants (brightness, contrast, saturation), such as (0.4, 0.4, 0.4)");
        return;
    }
    triple(e, &n->args.at[0].actuals, n->loc, false, "three strengths are needed: of brightness, contrast and saturation", v->mean);
    for (int i = 0; i < 3; i++)
        if (!(v->mean[i] >= 0 && v->mean[i] <= 100))
            diag_error(n->loc, "a strength of jitter is %g; it must be from 0 to 100", v->mean[i]);
}

static bool has_word(const AstNode *n, StepWord word) { return has_text(n, step_words[word]); }

/* The arguments of a step; words among them choose another kind. */
static void view_arguments(Elab *e, const AstNode *n, ViewStep *v)
{
    switch (v->kind) {
    case VIEW_RESIZE: case VIEW_CROP: case VIEW_CENTERCROP: case VIEW_RANDOM_RESIZED_CROP: view_size(e, n, v); break;
    case VIEW_NORMALIZE: view_normalize(e, n, v); break;
    case VIEW_PAD: view_pad(e, n, v); break;
    case VIEW_COLOR_JITTER: view_jitter(e, n, v); break;
    case VIEW_FLIP: case VIEW_BGR: case VIEW_RESIZE_EXACT: case VIEW_RANDOM_CROP: break;
    }
    if (v->kind == VIEW_RESIZE && has_word(n, STEP_EXACT))
        v->kind = VIEW_RESIZE_EXACT;
    if (v->kind == VIEW_CROP && has_word(n, STEP_RANDOM))
        v->kind = VIEW_RANDOM_CROP;
    v->bicubic = has_word(n, STEP_BICUBIC);
}

static const struct { const char *name; ViewKind kind; } steps[] = {
    { "resize", VIEW_RESIZE }, { "crop", VIEW_CROP }, { "centercrop", VIEW_CENTERCROP }, { "flip", VIEW_FLIP },
    { "normalize", VIEW_NORMALIZE }, { "mean", VIEW_NORMALIZE }, { "bgr", VIEW_BGR },
    { "resizedcrop", VIEW_RANDOM_RESIZED_CROP }, { "pad", VIEW_PAD }, { "jitter", VIEW_COLOR_JITTER },
};
enum { N_STEPS = sizeof steps / sizeof *steps };

const char *word_step(int i) { return i < N_STEPS ? steps[i].name : NULL; }
const char *word_step_word(int i) { return i < N_STEP_WORDS ? step_words[i] : NULL; }

static void view_step(Elab *e, const AstNode *n)
{
    ViewStep v = { .loc = n->loc };
    Nearest near;
    nearest_start(&near, n->head.text);
    for (int i = 0; i < N_STEPS; i++) {
        nearest_try(&near, steps[i].name);
        if (strcmp(steps[i].name, n->head.text) != 0)
            continue;
        v.kind = steps[i].kind;
        view_arguments(e, n, &v);
        LIST_PUSH(e->arena, &e->g->view, v);
        if (has_text(n, "bgr"))
            LIST_PUSH(e->arena, &e->g->view, ((ViewStep){ .kind = VIEW_BGR, .loc = n->loc }));
        return;
    }
    diag_error_unknown(&near, n->head.loc, "a view has no step '%s'", n->head.text);
}

void elab_view(Elab *e, const AstSetting *s)
{
    const AstChain *c = s->sum.n == 1 && !s->sum.at[0].has_factor ? s->sum.at[0].chain : NULL;
    bool good = c != NULL;
    for (int i = 0; good && i < c->units.n; i++)
        good = c->units.at[i].node->kind == AN_LAYER;
    if (!good)
        diag_error(s->loc, "a view is steps with arrows between them: resize 256 -> centercrop 224");
    for (int i = 0; good && i < c->units.n; i++)
        view_step(e, c->units.at[i].node);
}

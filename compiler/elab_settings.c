/* What stands after the network: expect, weights, freeze, data and train. Checked and kept in the graph. */
#include "elab.h"
#include "recipe.h"
#include "words.h"
#include <fnmatch.h>
#include <math.h>
#include <string.h>

/* ---- expect ---- */

typedef struct Total {
    const char *key, *noun;
    int64_t value;
} Total;

/* Total i; its key is null behind the last one. */
static Total total(const Totals *t, int i)
{
    const Total rows[] = {
        { "params", "parameters", t->params }, { "macs", "multiply-accumulates", t->macs },
        { "aux_params", "auxiliary parameters", t->aux_params }, { "aux_macs", "auxiliary multiply-accumulates", t->aux_macs },
        { "bn_stats", "batch norm statistics", t->bn_stats }, { "aux_bn_stats", "auxiliary batch norm statistics", t->aux_bn_stats },
        { "convs", "convolutions", t->n_conv }, { "depth", "layers in depth", t->depth }, { 0 },
    };
    return rows[i];
}

const char *word_total(int i) { return total(&(Totals){ 0 }, i).key; }

static bool total_of(const Totals *t, const char *key, int64_t *value, const char **noun)
{
    int i = 0;
    while (total(t, i).key && strcmp(total(t, i).key, key) != 0)
        i++;
    *value = total(t, i).value;
    *noun = total(t, i).noun;
    return *noun != NULL;
}

static void unknown_total(const AstPair *p)
{
    Nearest near;
    nearest_start(&near, p->name);
    for (int i = 0; word_total(i); i++)
        nearest_try(&near, word_total(i));
    diag_error_unknown(&near, p->loc, "expect knows no '%s'", p->name);
}

static void expect(Elab *e, const AstItem *item, const Totals *t)
{
    Arena *a = e->arena;
    for (int i = 0; i < item->pairs.n; i++) {
        const AstPair *p = &item->pairs.at[i];
        int64_t value, want = fabs(p->number) < 1e15 ? (int64_t)p->number : -1; /* no total is that large */
        const char *noun;
        if (p->shape.present || !total_of(t, p->name, &value, &noun)) {
            unknown_total(p);
            continue;
        }
        Expect x = { p->name, want, p->loc, p->value_loc };
        LIST_PUSH(a, &e->g->expects, x);
        if (value != want && !e->redefined)
            diag_error(p->value_loc, "the net has %s %s, %s %s than expected", arena_commas(a, value), noun,
                       arena_commas(a, value > want ? value - want : want - value), value > want ? "more" : "fewer");
    }
}

/* ---- Selections by name ---- */

static bool under(const char *name, const char *path)
{
    size_t n = strlen(path);
    return strncmp(name, path, n) == 0 && (name[n] == '.' || name[n] == '\0');
}

/* Nodes on a path from a to b: reachable from a and needed by b. */
static void mark_between(Elab *e, Tensor *from, Tensor *to, char *marked)
{
    Graph *g = e->g;
    char *after = ARENA_ARRAY(e->arena, g->next_id + 1, char), *before = ARENA_ARRAY(e->arena, g->next_id + 1, char);
    after[from->id] = 1;
    for (int i = 0; i < g->nodes.n; i++)
        for (int k = 0; k < g->nodes.at[i]->n_in; k++)
            if (after[g->nodes.at[i]->in[k]->id])
                after[g->nodes.at[i]->id] = after[g->nodes.at[i]->out[0]->id] = 1;
    if (!after[to->id])
        return;
    before[to->id] = 1;
    for (int i = g->nodes.n - 1; i >= 0; i--)
        if (before[g->nodes.at[i]->out[0]->id])
            for (int k = before[g->nodes.at[i]->id] = 0; k < g->nodes.at[i]->n_in; k++)
                before[g->nodes.at[i]->in[k]->id] = before[g->nodes.at[i]->id] = 1;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        marked[n->id] = (after[n->id] && before[n->id]) || n->out[0] == from || n->out[0] == to;
    }
}

static void suggest(Elab *e, Loc loc, const char *verb, const char *name)
{
    Nearest near;
    nearest_start(&near, name);
    elab_suggest_bound(&near, &e->top.tensors);
    for (int i = 0; i < e->g->tensors.n; i++)
        nearest_try(&near, e->g->tensors.at[i]->name);
    diag_error_unknown(&near, loc, "%s matches nothing: no tensor named '%s'", verb, name);
}

/* Marks the weights that a span selects; reports one that selects none. */
static void select_span(Elab *e, const AstSpan *s, const char *verb, char *chosen)
{
    Graph *g = e->g;
    int hits = 0;
    char *between = NULL;
    if (s->b.text) {
        bool poisoned;
        Tensor *a = elab_tensor(e, &e->top, s->a.text, &poisoned), *b = elab_tensor(e, &e->top, s->b.text, &poisoned);
        if (!a || !b) {
            suggest(e, a ? s->b.loc : s->a.loc, verb, a ? s->b.text : s->a.text);
            return;
        }
        between = ARENA_ARRAY(e->arena, g->next_id + 1, char);
        mark_between(e, a, b, between);
    }
    for (int i = 0; i < g->tensors.n; i++) {
        Tensor *w = g->tensors.at[i];
        if (w->kind != TENSOR_WEIGHT)
            continue;
        bool hit = s->glob ? fnmatch(s->glob, w->name, 0) == 0 : between ? w->users.n && between[w->users.at[0]->id] : under(w->name, s->a.text);
        chosen[w->id] |= hit;
        hits += hit;
    }
    if (!hits && between)
        diag_error(s->loc, "%s matches nothing: no layer with weights lies on a path from '%s' to '%s'", verb, s->a.text, s->b.text);
    else if (!hits)
        suggest(e, s->loc, verb, s->glob ? s->glob : s->a.text);
}

static void freeze(Elab *e, const AstItem *item)
{
    Graph *g = e->g;
    char *in = ARENA_ARRAY(e->arena, g->next_id + 1, char), *out = ARENA_ARRAY(e->arena, g->next_id + 1, char);
    for (int i = 0; i < item->spans.n; i++) {
        const AstSpan *s = &item->spans.at[i];
        if (!s->glob && !s->b.text && strcmp(s->a.text, "all") == 0)
            memset(in, 1, (size_t)g->next_id + 1);
        else
            select_span(e, s, "freeze", in);
    }
    for (int i = 0; i < item->except.n; i++)
        select_span(e, &item->except.at[i], "freeze", out);
    for (int i = 0; i < g->tensors.n; i++)
        if (g->tensors.at[i]->kind == TENSOR_WEIGHT && in[g->tensors.at[i]->id] && !out[g->tensors.at[i]->id])
            g->tensors.at[i]->trains = false;
    for (int i = 0; i < item->args.n; i++) {
        const AstArg *a = &item->args.at[i];
        const char *v = a->kind == ARG_NAMED && a->value->kind == AE_PATH ? a->value->path.text : "";
        if (a->kind != ARG_NAMED || strcmp(a->name, "bn") != 0 || (strcmp(v, "batch") != 0 && strcmp(v, "running") != 0))
            diag_error(a->loc, "freeze takes bn=batch or bn=running");
        else
            g->freeze_bn_batch = strcmp(v, "batch") == 0;
    }
}

static void weights(Elab *e, const AstItem *item)
{
    char *chosen = ARENA_ARRAY(e->arena, e->g->next_id + 1, char);
    e->g->weights_file = item->string;
    for (int i = 0; i < item->except.n; i++)
        select_span(e, &item->except.at[i], "except", chosen);
    for (int i = 0; i < e->g->tensors.n; i++)
        e->g->tensors.at[i]->fresh |= chosen[e->g->tensors.at[i]->id];
}

/* ---- Settings ---- */

static void loss_term(Elab *e, const AstAddend *t)
{
    const AstNode *n = t->chain && t->chain->units.n == 1 ? t->chain->units.at[0].node : NULL;
    bool call = n && n->kind == AN_LAYER && strcmp(n->head.text, "xent") == 0 && n->args.n == 1 && n->args.at[0].kind == ARG_ACTUALS;
    if (!call) {
        diag_error(t->loc, "a term of the loss is NUMBER*xent(tensor) or xent(tensor, smooth=0.1)");
        return;
    }
    Head h = { .weight = t->has_factor ? t->factor : 1, .loc = t->loc };
    const AstActuals *a = &n->args.at[0].actuals;
    for (int i = 0; i < a->n; i++) {
        const AstExpr *x = a->at[i].value;
        if (a->at[i].name && strcmp(a->at[i].name, "smooth") == 0 && x->kind == AE_NUMBER) {
            h.smooth = x->number;
            continue;
        }
        bool poisoned = false;
        if (i == 0 && x->kind == AE_PATH)
            h.logits = elab_tensor(e, &e->top, x->path.text, &poisoned);
        if (i > 0 || x->kind != AE_PATH)
            diag_error(x->loc, "xent takes a tensor and smooth=NUMBER");
        else if (!h.logits && !poisoned)
            suggest(e, x->loc, "loss", x->path.text);
    }
    if (h.smooth < 0 || h.smooth >= 1)
        diag_error(t->loc, "smooth is from 0 to below 1, not %g", h.smooth);
    if (h.logits)
        LIST_PUSH(e->arena, &e->g->heads, h);
}

/* A setting is one of some words, a number in a range, a string; the loss is looked at by itself. */
typedef struct SettingRow {
    const char *name, *what; /* what: of the words */
    const char *words[6];
    bool number, whole, string;
    double least, most;
} SettingRow;
static const SettingRow train_rows[] = {
    { .name = "loss" },
    { .name = "opt", .what = "optimiser", .words = { "sgd", "adam", "adamw", "rmsprop" } },
    { .name = "lr", .what = "schedule", .words = { "constant", "poly", "exponential", "cosine", "step" }, .number = true, .most = INFINITY },
    { .name = "batch", .number = true, .whole = true, .least = 1, .most = 1 << 20 },
    { .name = "epochs", .number = true, .whole = true, .least = 1, .most = 1 << 30 },
    { .name = "steps", .number = true, .whole = true, .least = 1, .most = 1 << 30 },
    { .name = "log", .what = "log", .words = { "tensorboard" } },
    { .name = "memory", .string = true },
    { .name = "seed", .number = true, .whole = true, .most = 9007199254740992 },
    { .name = "clip", .number = true, .most = INFINITY },
    { .name = "ema", .number = true, .most = 1 },
    { .name = "warmup", .number = true, .most = INFINITY },
    { .name = "decay", .number = true, .most = INFINITY },
};

static const SettingRow data_rows[] = {
    { .name = "view" },
    { .name = "train", .what = "source of pictures", .words = { "folder", "idx" } },
    { .name = "valid", .what = "source of pictures", .words = { "folder", "idx" } },
    { .name = "classes", .number = true, .whole = true, .string = true, .least = 1, .most = 1 << 24 },
    { .name = "test", .what = "source of pictures", .words = { "folder", "idx" } },
};
enum { N_TRAIN = sizeof train_rows / sizeof *train_rows, N_DATA = sizeof data_rows / sizeof *data_rows };

const char *word_setting(int i) { return i < N_TRAIN ? train_rows[i].name : i < N_TRAIN + N_DATA ? data_rows[i - N_TRAIN].name : NULL; }

/* Word i of all that settings may be. */
const char *word_value(int i)
{
    for (int k = 0; k < N_TRAIN + N_DATA; k++) {
        const SettingRow *row = k < N_TRAIN ? &train_rows[k] : &data_rows[k - N_TRAIN];
        for (int n = 0; row->words[n]; n++)
            if (i-- == 0)
                return row->words[n];
    }
    return NULL;
}

static const SettingRow *find_setting(const AstSetting *s, const SettingRow *rows, int n, const char *where)
{
    Nearest near;
    nearest_start(&near, s->key);
    for (int i = 0; i < n; i++) {
        nearest_try(&near, rows[i].name);
        if (strcmp(rows[i].name, s->key) == 0)
            return &rows[i];
    }
    diag_error_unknown(&near, s->key_loc, "%s has no setting '%s'", where, s->key);
    return NULL;
}

static void check_word(const SettingRow *row, const char *word, Loc loc)
{
    Nearest near;
    nearest_start(&near, word);
    const char *list = "";
    char all[128] = "";
    for (int i = 0; row->words[i]; i++, list = ", ") {
        nearest_try(&near, row->words[i]);
        if (strcmp(row->words[i], word) == 0)
            return;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", list, row->words[i]);
    }
    const char *best = nearest_result(&near);
    diag_fix(loc, best);
    if (best)
        diag_error(loc, "there is no %s '%s'; did you mean '%s'?", row->what, word, best);
    else
        diag_error(loc, "there is no %s '%s', only %s", row->what, word, all);
}

bool elab_addend_number(Elab *e, const AstAddend *t, double *v)
{
    const AstNode *n = t->chain && t->chain->units.n == 1 ? t->chain->units.at[0].node : NULL;
    const Binding *b = n && n->kind == AN_LAYER && !n->args.n && !t->has_factor ? elab_param(e, &e->top, n->head.text) : NULL;
    Value x = t->number ? elab_eval(e, &e->top, t->number) : b ? b->value : (Value){ .kind = VALUE_WORD };
    *v = x.number;
    return x.kind == VALUE_NUMBER;
}

static void check_setting(Elab *e, const AstSetting *s, const SettingRow *row)
{
    const AstAddend *t = &s->sum.at[0];
    const AstNode *n = t->chain ? t->chain->units.at[0].node : NULL;
    double v;
    if (s->sum.n != 1) {
        diag_error(s->loc, "%s takes one value, not a sum", s->key);
    } else if (elab_addend_number(e, t, &v)) {
        if (!row->number)
            diag_error(s->loc, "%s takes no number", s->key);
        else if (v < row->least || v > row->most || v != v || (row->whole && v != floor(v)))
            diag_error(s->loc, "%s is %g; it needs a%s number from %g%s", s->key, v, row->whole ? " whole" : "", row->least,
                       row->most < INFINITY ? arena_printf(e->arena, " to %.16g", row->most) : "");
    } else if (t->string ? !row->string : !(n && n->kind == AN_LAYER && row->words[0])) {
        diag_error(s->loc, "%s wants %s", s->key, row->number ? "a number" : row->string ? "a text such as \"1G\"" : "a name");
    } else if (!t->string) {
        check_word(row, n->head.text, n->head.loc);
    }
}

static void train(Elab *e, const AstItem *item)
{
    for (int i = 0; i < item->settings.n; i++) {
        const AstSetting *s = &item->settings.at[i];
        const SettingRow *row = find_setting(s, train_rows, N_TRAIN, "train");
        if (!row)
            continue;
        bool loss = strcmp(s->key, "loss") == 0;
        for (int k = 0; k < s->sum.n && loss; k++)
            loss_term(e, &s->sum.at[k]);
        if (!loss)
            check_setting(e, s, row);
        Setting out = { s->key, elab_setting_text(e, s), s->loc };
        LIST_PUSH(e->arena, &e->g->train, out);
    }
    recipe_read(e, item);
}

/* ---- data ---- */

static SourceSetting *source_of(Graph *g, const char *key)
{
    return strcmp(key, "train") == 0 ? &g->train_source : strcmp(key, "valid") == 0 ? &g->valid_source : strcmp(key, "test") == 0 ? &g->test_source : NULL;
}

static void data(Elab *e, const AstItem *item)
{
    e->g->data_name = item->name;
    for (int i = 0; i < item->settings.n; i++) {
        const AstSetting *s = &item->settings.at[i];
        const SettingRow *row = find_setting(s, data_rows, N_DATA, "data");
        if (!row)
            continue;
        if (strcmp(s->key, "view") == 0)
            elab_view(e, s);
        else
            check_setting(e, s, row);
        if (source_of(e->g, s->key))
            elab_source(e, s, source_of(e->g, s->key));
        Setting out = { s->key, elab_setting_text(e, s), s->loc };
        LIST_PUSH(e->arena, &e->g->data, out);
    }
}

/* The last data {} and train {} count: a variant's own replace the base's. */
static bool is_last(const Elab *e, int i)
{
    AstItemKind kind = e->late.at[i]->kind;
    for (int k = i + 1; k < e->late.n; k++)
        if (e->late.at[k]->kind == kind)
            return false;
    return true;
}

void elab_late(Elab *e)
{
    Totals t = graph_totals(e->g);
    for (int i = 0; i < e->late.n; i++) {
        const AstItem *item = e->late.at[i];
        switch ((int)item->kind) {
        case AI_EXPECT: expect(e, item, &t); break;
        case AI_FREEZE: freeze(e, item); break;
        case AI_WEIGHTS: weights(e, item); break;
        case AI_DATA: if (is_last(e, i)) data(e, item); break;
        case AI_TRAIN: if (is_last(e, i)) train(e, item); break;
        default: break;
        }
    }
}

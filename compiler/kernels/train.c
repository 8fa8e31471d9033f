#include "train.h"
#include <string.h>

static void check_maps(const Step *s)
{
    const Place *first = s->n_in ? s->in[0] : s->out[0];
    if (!train_wants_one_map(s->kernel))
        return;
    for (int i = 1; i < s->n_in; i++)
        if (!place_same_map(first, s->in[i]))
            ICE("%s '%s': input %d lies otherwise than the first", kernel_name(s->kernel), s->name, i);
    for (int i = 0; i < s->n_out; i++)
        if (!place_same_map(first, s->out[i]))
            ICE("%s '%s': its result lies otherwise than its input", kernel_name(s->kernel), s->name);
}

static const char *places_key(Arena *a, const Step *s)
{
    const char *key = "";
    for (int i = 0; i < s->n_in; i++)
        key = arena_printf(a, "%s %s", key, place_key(a, s->in[i]));
    for (int i = 0; i < s->n_out; i++)
        key = arena_printf(a, "%s %s", key, place_key(a, s->out[i]));
    return arena_printf(a, "%s%s%s", key, s->bias ? " beta" : "", s->weights ? " gamma" : "");
}

/* Word k of a text, or its last. */
static const char *word(Arena *a, const char *words, int k)
{
    for (const char *next; k > 0 && (next = strchr(words, ' ')); k--)
        words = next + 1;
    return arena_strndup(a, words, strcspn(words, " "));
}

static void place_params(TrainKernel *t, const char *names)
{
    Arena *a = t->l->unit->arena;
    bool many = t->s->kernel == KERNEL_INTERLEAVE; /* as many phases as there are: one name */
    for (int i = 0; i < t->s->n_in; i++)
        t->in[i] = loop_param(t->l, VAR_PARAM_IN, many ? arena_printf(a, "%s%d", word(a, names, 0), i) : word(a, names, i), 0);
    t->beta = t->s->bias ? loop_param(t->l, VAR_PARAM_IN, "beta", 0) : NULL;
    t->gamma = t->s->weights ? loop_param(t->l, VAR_PARAM_IN, "gamma", 0) : NULL;
    for (int i = 0; i < t->s->n_out; i++)
        t->out[i] = loop_param(t->l, VAR_PARAM_OUT, word(a, names, many ? 1 : t->s->n_in + i), 0);
}

static void place_args(TrainKernel *t)
{
    LowerContext *c = t->c;
    for (int i = 0; i < t->s->n_in; i++)
        t->args[t->n_args++] = place_address(c, t->s->in[i], 0, 0);
    if (t->s->bias)
        t->args[t->n_args++] = loop_address(c->page, c->weights, loop_int(c->page, t->s->bias->offset));
    if (t->s->weights)
        t->args[t->n_args++] = loop_address(c->page, c->weights, loop_int(c->page, t->s->weights->offset));
    for (int i = 0; i < t->s->n_out; i++)
        t->args[t->n_args++] = place_address(c, t->s->out[i], 0, 0);
}

bool train_begin(TrainKernel *t, LowerContext *c, Step *s, const char *name, const char *names, const char *key, const char *comment)
{
    Unit *u = c->page->unit;
    Arena *a = u->arena;
    check_maps(s);
    *t = (TrainKernel){ .c = c, .s = s };
    const int *d = s->node->in[s->n_in ? 0 : s->node->n_in - 1]->shape.dim;
    t->type = c->plan->target->vector;
    t->lanes = type_lanes(t->type);
    t->vectors = c->plan->target->block / t->lanes;
    place_args(t);
    const char *full = arena_printf(a, "%s %s%s", name, key, places_key(a, s));
    t->f = unit_find_func(u, full);
    if (t->f)
        return false;
    t->f = unit_func(u, full, arena_printf(a, "%s_%dx%dx%d", name, d[0], d[1], d[2]), comment, t->type);
    t->l = t->k.l = lower_new(u, t->f);
    place_params(t, names);
    return true;
}

Var *train_int(TrainKernel *t, const char *name, Expr *value)
{
    t->args[t->n_args++] = value;
    return t->l ? loop_param(t->l, VAR_PARAM_INT, name, 0) : NULL;
}

static Var *row_param(TrainKernel *t, const char *name, Var *rows, const Tensor *w)
{
    t->args[t->n_args++] = loop_address(t->c->page, rows, loop_int(t->c->page, t->c->row[w->id]));
    return t->l ? loop_param(t->l, VAR_PARAM_OUT, name, 0) : NULL;
}

Var *train_gradient(TrainKernel *t, const char *name, const Tensor *gradient)
{
    return gradient->primal ? row_param(t, name, t->c->grads, gradient->primal) : NULL;
}

Var *train_row(TrainKernel *t, const char *name, const Tensor *weight) { return row_param(t, name, t->c->raw, weight); }

void train_units(TrainKernel *t) { kernel_units_begin(&t->k, t->s->units); }

void train_call(TrainKernel *t)
{
    if (t->l)
        kernel_units_end(&t->k);
    kernel_call(t->c, t->f, t->args, t->n_args);
}

Expr *train_rows(TrainKernel *t, Expr **block)
{
    Lower *l = t->l;
    train_units(t);
    Expr *h = loop_var(l, loop_dim(l, "H", t->s->out[0]->buffer->h)), *u = loop_var(l, t->k.u);
    *block = loop_var(l, loop_let(l, "block", loop_div(l, u, h)));
    return loop_var(l, loop_let(l, "oy", loop_bin(l, EX_MOD, u, h)));
}

Expr *train_at(TrainKernel *t, const Place *p, const char *letter, Expr *block, Expr *y, Expr *x, int v)
{
    Lower *l = t->l;
    Arena *a = l->unit->arena;
    const Buffer *b = p->buffer;
    Expr *at = loop_mul(l, block, loop_var(l, loop_dim(l, arena_printf(a, "%s_PLANE", letter), b->plane)));
    at = loop_add(l, at, loop_mul(l, y, loop_var(l, loop_dim(l, arena_printf(a, "%s_ROW", letter), b->row))));
    at = loop_add(l, at, loop_mul(l, x, loop_int(l, b->block)));
    return loop_add(l, at, loop_int(l, v * t->lanes));
}

Expr *train_channel(TrainKernel *t, Expr *block, int v)
{
    return loop_add(t->l, loop_mul(t->l, block, loop_int(t->l, t->c->plan->target->block)), loop_int(t->l, v * t->lanes));
}

Var *train_for(TrainKernel *t, const char *name, int n)
{
    return loop_for_begin(t->l, name, loop_int(t->l, 0), loop_int(t->l, n), 1);
}

BatchPart train_batch_part(TrainKernel *t)
{
    LowerContext *c = t->c;
    BatchPart b = { .index = train_int(t, "index", loop_var(c->page, c->index)) };
    if (t->s->images > 1)
        b.count = train_int(t, "count", loop_var(c->page, c->count));
    b.n = train_int(t, "n", loop_var(c->page, c->images));
    return b;
}

void train_see_images(TrainKernel *t, int i, int y, int x)
{
    t->args[i] = place_address_of_images(t->c, t->s->in[i], y, x, t->s->images);
}

static Var *memory_param(TrainKernel *t, const char *name, Var *memory, int64_t at)
{
    t->args[t->n_args++] = loop_address(t->c->page, memory, loop_int(t->c->page, at));
    return t->l ? loop_param(t->l, VAR_PARAM_OUT, name, 0) : NULL;
}

Var *train_sums(TrainKernel *t) { return memory_param(t, "sums", t->c->shared, t->s->sums->offset); }

Var *train_scratch(TrainKernel *t, const char *name, int64_t at) { return memory_param(t, name, t->c->scratch, at); }

void train_if_first(TrainKernel *t, const BatchPart *b) { loop_if_begin(t->l, loop_bin(t->l, EX_EQ, loop_var(t->l, b->index), loop_int(t->l, 0))); }

void train_if_last(TrainKernel *t, const BatchPart *b)
{
    Expr *end = loop_add(t->l, loop_var(t->l, b->index), b->count ? loop_var(t->l, b->count) : loop_int(t->l, 1));
    loop_if_begin(t->l, loop_bin(t->l, EX_EQ, end, loop_var(t->l, b->n)));
}

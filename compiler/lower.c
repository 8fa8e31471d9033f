/* The two pages of a target: every step one case in table order; every packed weight one call. */
#include "lower.h"
#include "kernels/train.h"

int lower_weight_index(const LoadLower *c, const Tensor *t)
{
    CHECK(c->index[t->id] >= 0);
    return c->index[t->id];
}

static KernelLower *const kernel_lower[] = {
    [KERNEL_INPUT] = kernel_lower_input, [KERNEL_CONV] = kernel_lower_conv,
    [KERNEL_COOK_TOOM] = kernel_lower_cook_toom, [KERNEL_MAXPOOL] = kernel_lower_maxpool,
    [KERNEL_AVGPOOL] = kernel_lower_avgpool, [KERNEL_GLOBALAVGPOOL] = kernel_lower_globalavgpool,
    [KERNEL_ADAPTIVEAVGPOOL] = kernel_lower_adaptiveavgpool, [KERNEL_BATCHNORM] = kernel_lower_batchnorm,
    [KERNEL_RELU] = kernel_lower_relu, [KERNEL_ADD] = kernel_lower_add, [KERNEL_MUL] = kernel_lower_mul,
    [KERNEL_MAX] = kernel_lower_max, [KERNEL_LRN] = kernel_lower_lrn, [KERNEL_L2NORM] = kernel_lower_l2norm,
    [KERNEL_SOFTMAX] = kernel_lower_softmax, [KERNEL_NORMALIZE] = kernel_lower_normalize,
    [KERNEL_COPY] = kernel_lower_copy, [KERNEL_OUTPUT] = kernel_lower_output,
    [KERNEL_WEIGHT_GRAD] = kernel_lower_weight_grad,
    [KERNEL_BIAS_GRAD] = kernel_lower_bias_grad, [KERNEL_INTERLEAVE] = kernel_lower_interleave,
    [KERNEL_BN_PARTS] = kernel_lower_bn_parts, [KERNEL_BN_STATS] = kernel_lower_bn_stats, [KERNEL_BN_APPLY] = kernel_lower_bn_apply,
    [KERNEL_BN_GRAD_PARTS] = kernel_lower_bn_grad_parts, [KERNEL_BN_GRAD_STATS] = kernel_lower_bn_grad_stats, [KERNEL_BN_GRAD] = kernel_lower_bn_grad,
    [KERNEL_RELU_GRAD] = kernel_lower_relu_grad, [KERNEL_MAXPOOL_GRAD] = kernel_lower_maxpool_grad, [KERNEL_MAXPOOL_INDEX] = kernel_lower_maxpool_index, [KERNEL_MAXPOOL_INDEX_GRAD] = kernel_lower_maxpool_index_grad,
    [KERNEL_AVGPOOL_GRAD] = kernel_lower_avgpool_grad,
    [KERNEL_GLOBALAVGPOOL_GRAD] = kernel_lower_globalavgpool_grad, [KERNEL_ADAPTIVEAVGPOOL_GRAD] = kernel_lower_adaptiveavgpool_grad,
    [KERNEL_LRN_GRAD] = kernel_lower_lrn_grad, [KERNEL_L2NORM_GRAD] = kernel_lower_l2norm_grad, [KERNEL_SOFTMAX_GRAD] = kernel_lower_softmax_grad, [KERNEL_DROPOUT] = kernel_lower_dropout, [KERNEL_CROSSENTROPY] = kernel_lower_crossentropy,
    [KERNEL_CROSSENTROPY_GRAD] = kernel_lower_crossentropy_grad,
};

/* The members of the context of inference that a page reads. */
static void page_of_inference(LowerContext *c, Var *ctx)
{
    const Plan *p = c->plan;
    Lower *l = c->page;
    c->arena = loop_context(l, ctx, "arena", true, p->arena_bytes / 4);
    c->weights = loop_context(l, ctx, "weights", false, p->weights_bytes / 4);
    c->scratch = loop_context(l, ctx, "scratch", true, p->scratch_floats);
    c->input = loop_context(l, ctx, "x", false, shape_elems(&p->graph->input->shape));
    c->output = loop_context(l, ctx, "y", true, shape_elems(&p->graph->output->shape));
}

static void page_of_training(LowerContext *c, Var *ctx)
{
    const Plan *p = c->plan;
    Lower *l = c->page;
    Tensor **w;
    int n = graph_weights(p->graph, &w), *floats = ARENA_ARRAY(p->arena, n, int), *row = ARENA_ARRAY(p->arena, p->graph->next_id + 1, int);
    for (int i = 0; i < n; i++) {
        row[w[i]->id] = i;
        floats[i] = (int)shape_elems(&w[i]->shape);
    }
    c->row = row;
    c->ctx = ctx;
    c->arena = loop_context(l, ctx, "image.arena", true, p->arena_bytes / 4);
    c->weights = loop_context(l, ctx, "image.weights", false, p->weights_bytes / 4);
    c->scratch = loop_context(l, ctx, "image.scratch", true, p->scratch_floats);
    c->input = loop_context(l, ctx, "image.x", false, shape_elems(&p->graph->input->shape));
    c->shared = loop_context(l, ctx, "shared", true, p->shared_bytes / 4);
    c->raw = loop_context_rows(l, ctx, "raw", floats, n);
    c->grads = loop_context_rows(l, ctx, "grads", floats, n);
    c->labels = loop_context_ints(l, ctx, "labels", 1);
    c->losses = loop_context(l, ctx, "losses", true, p->graph->heads.n);
    c->index = loop_context_int(l, ctx, "index");
    c->count = loop_context_int(l, ctx, "count");
    c->images = loop_context_int(l, ctx, "n");
}

/* The functions are defined before the page that calls them, so the page is built aside and appended. */
static void lower_steps(Unit *u, Plan *p)
{
    Arena *a = u->arena;
    bool training = p->options.training;
    const char *name = arena_printf(a, "%s_%s_step", p->graph->name, p->target->symbol);
    Func *f = unit_func_later(u, name, name, training ? "Does part `part` of `parts` of one step of training for one image."
                                                      : "Does part `part` of `parts` of one step: the network's contents page.", TY_F32);
    Lower *l = lower_new(u, f);
    LowerContext c = { .plan = p, .page = l };
    Var *ctx = loop_param(l, training ? VAR_PARAM_TRAIN_CTX : VAR_PARAM_CTX, "c", 0);
    Var *step = loop_param(l, VAR_PARAM_INT, "step", 0);
    c.part = loop_param(l, VAR_PARAM_INT, "part", 0);
    c.parts = loop_param(l, VAR_PARAM_INT, "parts", 0);
    if (training)
        page_of_training(&c, ctx);
    else
        page_of_inference(&c, ctx);
    Stmt *sw = loop_switch(l, loop_var(l, step));
    for (int i = 0; i < p->steps.n; i++) {
        Step *s = p->steps.at[i];
        loop_case_begin(l, sw, i, arena_printf(a, "%s: %s", s->name, plan_step_shape(a, p, s)));
        kernel_lower[s->kernel](&c, s);
        loop_case_end(l);
    }
    unit_append(u, f);
}

/* Training packs after every step: one case for each packed weight.  What never changes comes first, so that later calls begin
 * behind it. */
static void load_from(LoadLower *c, const Plan *p, Expr *first)
{
    Lower *l = c->page;
    Expr *part = loop_var(l, c->part), *parts = loop_var(l, c->parts);
    Expr *units = loop_sub(l, loop_int(l, p->packed.n), first), *next = loop_add(l, part, loop_int(l, 1));
    Var *begin = loop_let(l, "begin", loop_add(l, first, loop_rt_begin(l, units, part, parts)));
    Var *end = loop_let(l, "end", loop_add(l, first, loop_rt_begin(l, units, next, parts)));
    Stmt *sw = loop_switch(l, loop_var(l, loop_for_begin(l, "u", loop_var(l, begin), loop_var(l, end), 1)));
    for (int once = 1, n = 0; once >= 0; once--)
        for (int i = 0; i < p->packed.n; i++) {
            if (train_packs_once(p, p->packed.at[i]) != once)
                continue;
            loop_case_begin(l, sw, n++, p->packed.at[i]->node->path);
            lower_load_packed(c, p->packed.at[i]);
            loop_case_end(l);
        }
    loop_for_end(l);
}

static void lower_load(Unit *u, Plan *p)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, "%s_%s_load", p->graph->name, p->target->symbol);
    LoadLower c = { .unit = u, .target = p->target, .plan = p };
    c.n_weights = graph_weights(p->graph, &c.weights);
    c.index = ARENA_ARRAY(a, p->graph->next_id + 1, int);
    for (int i = 0; i < c.n_weights; i++)
        c.index[c.weights[i]->id] = i;
    Func *f = unit_func_later(u, name, name,
        "Packs part `part` of `parts` of all weights: raw[i] is row i of the weights table, packed is zeroed.", TY_F32);
    f->loads = true;
    c.page = lower_new(u, f);
    c.raw = loop_param(c.page, VAR_PARAM_ROWS, "raw", c.n_weights);
    c.packed = loop_param(c.page, VAR_PARAM_OUT, "packed", p->weights_bytes / 4);
    Var *first = p->options.training ? loop_param(c.page, VAR_PARAM_INT, "first", 0) : NULL;
    c.part = loop_param(c.page, VAR_PARAM_INT, "part", 0);
    c.parts = loop_param(c.page, VAR_PARAM_INT, "parts", 0);
    if (first)
        load_from(&c, p, loop_var(c.page, first));
    else {
        for (int i = 0; i < p->packed.n; i++)
            lower_load_packed(&c, p->packed.at[i]);
        load_rows(&c);
    }
    unit_append(u, f);
}

Unit *lower_plan(Arena *a, Plan *p)
{
    Unit *u = unit_new(a);
    lower_load(u, p);
    lower_steps(u, p);
    return u;
}

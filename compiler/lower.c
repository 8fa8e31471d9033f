/* The two pages of a target: every step one case in table order; every packed weight one call. */
#include "lower.h"
#include "kernels/kernels.h"

int lower_weight_index(const LoadLower *c, const Tensor *t)
{
    CHECK(c->index[t->id] >= 0);
    return c->index[t->id];
}

static KernelLower *const kernel_lower[] = {
    [KERNEL_INPUT] = kernel_lower_input, [KERNEL_CONV] = kernel_lower_conv,
    [KERNEL_COOK_TOOM] = kernel_lower_cook_toom, [KERNEL_CONV_GROUPED] = kernel_lower_conv_grouped, [KERNEL_MAXPOOL] = kernel_lower_maxpool,
    [KERNEL_AVGPOOL] = kernel_lower_avgpool, [KERNEL_GLOBALAVGPOOL] = kernel_lower_globalavgpool,
    [KERNEL_ADAPTIVEAVGPOOL] = kernel_lower_adaptiveavgpool, [KERNEL_BATCHNORM] = kernel_lower_batchnorm,
    [KERNEL_RELU] = kernel_lower_relu, [KERNEL_ADD] = kernel_lower_add, [KERNEL_MUL] = kernel_lower_mul,
    [KERNEL_MAX] = kernel_lower_max, [KERNEL_LRN] = kernel_lower_lrn, [KERNEL_L2NORM] = kernel_lower_l2norm,
    [KERNEL_SOFTMAX] = kernel_lower_softmax, [KERNEL_NORMALIZE] = kernel_lower_normalize,
    [KERNEL_COPY] = kernel_lower_copy, [KERNEL_OUTPUT] = kernel_lower_output,
};

/* The functions are defined before the page that calls them, so the page is built aside and appended. */
static void lower_steps(Unit *u, Plan *p)
{
    Arena *a = u->arena;
    const char *name = arena_printf(a, "%s_%s_step", p->graph->name, p->target->symbol);
    Func *f = unit_func_later(u, name, name, "Does part `part` of `parts` of one step: the network's contents page.",
                              TY_F32);
    Lower *l = lower_new(u, f);
    LowerContext c = { .plan = p, .page = l };
    Var *ctx = loop_param(l, VAR_PARAM_CTX, "c", 0);
    Var *step = loop_param(l, VAR_PARAM_INT, "step", 0);
    c.part = loop_param(l, VAR_PARAM_INT, "part", 0);
    c.parts = loop_param(l, VAR_PARAM_INT, "parts", 0);
    const Tensor *x = p->graph->input, *y = p->graph->output;
    c.arena = loop_context(l, ctx, "arena", true, p->arena_bytes / 4);
    c.weights = loop_context(l, ctx, "weights", false, p->weights_bytes / 4);
    c.scratch = loop_context(l, ctx, "scratch", true, p->scratch_floats);
    c.input = loop_context(l, ctx, "x", false, shape_elems(&x->shape));
    c.output = loop_context(l, ctx, "y", true, shape_elems(&y->shape));
    Stmt *sw = loop_switch(l, loop_var(l, step));
    for (int i = 0; i < p->steps.n; i++) {
        Step *s = p->steps.at[i];
        loop_case_begin(l, sw, i, arena_printf(a, "%s: %s", s->name, plan_step_shape(a, p, s)));
        kernel_lower[s->kernel](&c, s);
        loop_case_end(l);
    }
    unit_append(u, f);
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
        "Packs all weights: raw[i] is row i of the weights table, packed is zeroed.", TY_F32);
    c.page = lower_new(u, f);
    c.raw = loop_param(c.page, VAR_PARAM_ROWS, "raw", c.n_weights);
    c.packed = loop_param(c.page, VAR_PARAM_OUT, "packed", p->weights_bytes / 4);
    for (int i = 0; i < p->packed.n; i++)
        lower_load_packed(&c, p->packed.at[i]);
    unit_append(u, f);
}

Unit *lower_plan(Arena *a, Plan *p)
{
    Unit *u = unit_new(a);
    lower_load(u, p);
    lower_steps(u, p);
    return u;
}

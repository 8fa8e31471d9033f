/* A step of the plan: which kernel and why, what it costs, what it took in, where its memory lies. */
#include "explain.h"
#include "../kernels/kernels.h"
#include <string.h>

enum { SHOWN = 6 };

const char *explain_split(Arena *a, const Step *s)
{
    if (s->kernel == KERNEL_COOK_TOOM)
        return arena_printf(a, "%d blocks x %d groups", s->fast.blocks, s->units / s->fast.blocks);
    if (s->kernel != KERNEL_CONV)
        return arena_printf(a, "%d", s->units);
    int blocks = 0;
    for (int k = 0; k < s->n_out; k++)
        blocks += place_span(s->out[k]) / s->out[k]->buffer->block;
    int groups = (blocks + s->tile_blocks - 1) / s->tile_blocks;
    return s->units % groups ? arena_printf(a, "%d", s->units) : arena_printf(a, "%d groups x %d", groups, s->units / groups);
}

static const char *form_text(Arena *a, const FastConv *f)
{
    return f->mh ? arena_printf(a, "F(%dx%d), %dx%d tiles in %d block%s", f->mh, f->mw, f->rows, f->columns, f->blocks, f->blocks == 1 ? "" : "s")
                 : "direct";
}

static void print_way(Arena *a, const char *rank, const Candidate *way, const Step *chosen_by)
{
    printf("    %3s %-36s %8.4f ms%s\n", rank, form_text(a, &way->form), cost_milliseconds(way->cycles),
           !chosen_by ? "" : chosen_by->recorded ? "  <- chosen, by the tuning record" : "  <- chosen");
}

static bool is_chosen(const Step *s, const FastConv *f)
{
    return s->kernel == KERNEL_COOK_TOOM ? f->mh == s->fast.mh && f->mw == s->fast.mw && f->blocks == s->fast.blocks : !f->mh;
}

static void print_candidates(Arena *a, const Plan *p, const Step *s)
{
    Candidate list[MOST_CANDIDATES];
    const char *why = kernel_why_direct(p, s);
    if (why) {
        printf("    only direct: %s\n", why);
        return;
    }
    int n = kernel_candidates(p, s, list);
    bool listed = false;
    printf("    ways that %s allows, by the model on %d threads:\n", numerics_names[p->options.numerics], COST_THREADS);
    for (int i = 0; i < n; i++) {
        bool chosen = is_chosen(s, &list[i].form);
        listed |= chosen;
        if (i < SHOWN || chosen || !list[i].form.mh)
            print_way(a, arena_printf(a, "%d.", i + 1), &list[i], chosen ? s : NULL);
    }
    if (!listed) /* a record may have another number of blocks */
        print_way(a, "", &(Candidate){ s->fast, cost_fast(s, &s->fast) }, s);
}

/* ---- What the step took in from its neighbours ---- */

static bool has_op(const Graph *g, const char *path, OpKind op)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (!g->nodes.at[i]->dead && g->nodes.at[i]->op == op && strcmp(g->nodes.at[i]->path, path) == 0)
            return true;
    return false;
}

static void print_fused(const Explain *e, const Step *s, const char *layer)
{
    const Node *n = s->node;
    if (!n)
        return;
    if (n->n_out > 1)
        printf("    one product of %d layers with the same input: %s\n", n->n_out, s->name);
    if (n->op != OP_BATCHNORM && has_op(e->net, layer, OP_BATCHNORM) && !has_op(e->plan->graph, layer, OP_BATCHNORM))
        printf("    its batch norm is inside its weights and bias\n");
    if (n->op == OP_SPACE_TO_DEPTH)
        printf("    writes each pixel of %d x %d squares as channels of their own\n", n->window.sh, n->window.sw);
    if (node_macs(n) && tensor_is_spread(n->in[1]))
        printf("    its stride is in its input, squares of pixels as channels: fewer taps, at stride 1\n");
    if (n->epilogue.residual)
        printf("    adds the residual with scale %g before it stores\n", n->epilogue.scale);
    if (n->epilogue.relu)
        printf("    applies the ReLU before it stores\n");
    if (n->op == OP_AVGPOOL && n->epilogue.bias)
        printf("    stands behind the 1x1 convolution that read it: the same sum, of fewer channels\n");
}

/* ---- Memory ---- */

static void print_place(const char *what, const Place *p)
{
    const Buffer *b = p->buffer;
    int first = p->segments[0].physical, last = p->segments[p->n_segments - 1].physical + p->segments[p->n_segments - 1].n;
    printf("    %-8s %s %dx%dx%d, bytes %lld to %lld of the arena, steps %d to %d", what, b->name, b->channels, b->h, b->w,
           (long long)(4 * b->offset), (long long)(4 * (b->offset + b->floats)), b->first, b->last);
    if (first > 0 || last < b->channels)
        printf(", its channels %d to %d", first, last - 1);
    if (b->bordered)
        printf(", border %d,%d,%d,%d", b->top, b->bottom, b->left, b->right);
    printf("\n");
}

static void print_memory(const Step *s)
{
    for (int i = 0; i < s->n_in; i++)
        print_place("reads", s->in[i]);
    if (s->residual)
        print_place("adds", s->residual);
    for (int i = 0; i < s->n_out; i++)
        print_place("writes", s->out[i]);
    if (s->weights)
        printf("    weights  packed in bytes %lld to %lld\n", (long long)(4 * s->weights->offset), (long long)(4 * (s->weights->offset + s->weights->floats)));
}

static void print_step(const Explain *e, const Step *s, const char *layer)
{
    const Plan *p = e->plan;
    Cost c = cost_step(p, s);
    printf("  step %d, %s: %s, output %s\n", s->index, s->name, plan_step_kernel(e->a, p, s), plan_step_shape(e->a, p, s));
    print_fused(e, s, layer);
    printf("    units of work %s; expected %.4f ms: arithmetic %.4f on one thread, waiting for memory %.4f\n", explain_split(e->a, s),
           cost_step_milliseconds(p, s), cost_milliseconds(c.work), cost_milliseconds(c.memory));
    printf("    moves %.3f MB, of these packed weights %.3f; scratch %.3f a thread\n", 1e-6 * (double)cost_bytes(s),
           s->weights ? 4e-6 * (double)s->weights->floats : 0, 4e-6 * (double)s->scratch_floats);
    print_memory(s);
    if (s->kernel == KERNEL_CONV || s->kernel == KERNEL_COOK_TOOM)
        print_candidates(e->a, p, s);
}

/* A step has the path of its layer, or those of a merge: "a+b". */
static bool computes(const Step *s, const char *layer)
{
    size_t n = strlen(layer);
    for (const char *at = s->name; (at = strstr(at, layer)); at++)
        if ((at == s->name || at[-1] == '+') && (at[n] == '\0' || at[n] == '+'))
            return true;
    return false;
}

int explain_steps(const Explain *e, const char *layer)
{
    int n = 0;
    for (int i = 0; i < e->plan->steps.n; i++)
        if (computes(e->plan->steps.at[i], layer)) {
            print_step(e, e->plan->steps.at[i], layer);
            n++;
        }
    return n;
}

#include "passes.h"
#include "phase.h"
#include <string.h>

typedef struct PassRow {
    const char *name;
    Pass *run;
    bool fast; /* helps Cook-Toom's transforms alone */
} PassRow;

static const PassRow inference[] = {
    { "remove-dead", pass_remove_dead, false },         /* heads that the output does not need, dropout */
    { "fold-constants", pass_fold_constants, false },   /* input scaling into the first convolution */
    { "fold-batchnorm", pass_fold_batchnorm, false },   /* batch norm into the weights */
    { "reorder-avgpool", pass_reorder_avgpool, false }, /* average pool after its 1x1 */
    { "merge-siblings", pass_merge_siblings, false },   /* the 1x1s of a module as one product */
    { "fuse-activation", pass_fuse_activation, false }, /* ReLU and residual into the producer */
    { "concat-in-place", pass_concat_in_place, false }, /* branches write their slice */
    { "space-to-depth", pass_space_to_depth, true },  /* a strided convolution of the image at stride 1 */
};
enum { N_PASSES = sizeof inference / sizeof *inference };

int passes_count(void) { return N_PASSES; }
const char *pass_name(int i) { return inference[i].name; }

static bool is_off(const PassOptions *o, const char *name)
{
    for (const char *const *p = o->off; p && *p; p++)
        if (strcmp(*p, name) == 0)
            return true;
    return false;
}

void passes_run_inference(Graph *g, const PassOptions *o)
{
    graph_compact(g);
    graph_verify(g, "elaboration");
    for (int i = 0; i < N_PASSES; i++) {
        if (!is_off(o, inference[i].name) && (o->fast || !inference[i].fast)) {
            const char *outer = phase_enter(arena_printf(g->arena, "pass %s", inference[i].name));
            inference[i].run(g);
            graph_verify(g, inference[i].name);
            phase_enter(outer);
        }
        if (o->dump_after && strcmp(o->dump_after, inference[i].name) == 0)
            graph_print(g, o->dump_file);
    }
}

bool pass_run_by_name(Graph *g, const char *name)
{
    for (int i = 0; i < N_PASSES; i++)
        if (strcmp(inference[i].name, name) == 0) {
            inference[i].run(g);
            graph_verify(g, name);
            return true;
        }
    return false;
}

static bool is_kept(const Graph *g, const Tensor *t)
{
    if (t == g->output || t == g->logits)
        return true;
    for (int i = 0; i < g->heads.n; i++)
        if (g->heads.at[i].logits == t)
            return true;
    for (int i = 0; i < g->marks.n; i++)
        if (g->marks.at[i] == t)
            return true;
    return false;
}

Node *pass_only_user(const Graph *g, const Tensor *t)
{
    return t->users.n == 1 && !is_kept(g, t) ? t->users.at[0] : NULL;
}

void pass_replace(Graph *g, Tensor *x, Tensor *y)
{
    graph_replace_uses(g, x, y);
    if (y->kind == TENSOR_RESULT)
        graph_take_name(g, y, x);
}

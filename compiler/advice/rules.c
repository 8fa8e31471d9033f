/* The rules in the order of their warnings, and what they share. */
#include "rules.h"

#define GOING_DEEPER "Szegedy et al. 2014, \"Going Deeper with Convolutions\" (arXiv 1409.4842)"
#define BATCH_NORM "Ioffe and Szegedy 2015, \"Batch Normalization\" (arXiv 1502.03167)"
#define RETHINKING "Szegedy et al. 2015, \"Rethinking the Inception Architecture\" (arXiv 1512.00567)"
#define INCEPTION_V4 "Szegedy et al. 2016, \"Inception-v4, Inception-ResNet\" (arXiv 1602.07261)"

const Rule advice_rules[] = {
    { "bottleneck", "a pool halves the grid before the channels grow", RETHINKING ", sections 2 and 5",
      "What the pool throws away no later layer can have back. Expanding first works on the large grid and stores it; convolutions of "
      "stride 2 beside the pool work on the small one.",
      find_bottleneck,
      { { "expand", "method 1: expand, then pool", fix_expand },
        { "parallel", "method 2: a convolution of stride 2 beside the pool", fix_parallel } }, NULL },
    { "naive-module", "a large convolution on many channels without a 1x1 reduction", GOING_DEEPER ", section 4",
      "A 1x1 convolution to fewer channels before it costs little and divides the cost of what follows.",
      find_naive, { { "reduced", "a 1x1 reduction, to the part of the input that is the median of table 1", fix_naive } }, NULL },
    { "pool-projection", "the pool of a module passes all its channels on", GOING_DEEPER ", section 4",
      "The output is then as wide as the input and the convolutions together: an \"inevitable increase\" from stage to stage.",
      find_pool_projection,
      { { "projected", "a 1x1 projection behind the pool, to the part of the input that is the median of table 1", fix_pool_projection } },
      NULL },
    { "large-kernel", "a 5x5 or 7x7 where 3x3 in a row would do", RETHINKING ", section 3.1",
      "The same window, one more activation, and 28 % less work for 5x5 (45 % for 7x7).",
      find_large_kernel, { { "large_kernel", "3x3 in a row, with the narrower of the two widths between them", fix_large_kernel } }, NULL },
    { "square-kernel", "an nxn on a medium grid where 1xn and nx1 would do", RETHINKING ", section 3.2",
      "A 1xn and an nx1 in a row see the same window for 2/n of the work. That did well on grids of 12 to 20 and not on larger ones.",
      find_square, { { "square_kernel", "1xn and nx1 in a row, with the narrower of the two widths between them", fix_square } }, NULL },
    { "asymmetric-grid", "1xn or nx1 on a grid for which they are no good", RETHINKING ", section 3.2",
      "On early layers the factorisation \"does not work well\"; on the smallest grid the papers put 1xn and nx1 side by side instead.",
      find_asymmetric_grid, { { 0 } }, "the square kernel costs more, and whether it is worth it only training tells" },
    { "linear-factor", "no activation between the parts of a factorised convolution", RETHINKING ", section 3.1",
      "With ReLU in both parts they measured 77.2 % top-1, with a linear first part 76.2 %.",
      find_linear_factor, { { "activated", "a ReLU", fix_linear_factor } }, NULL },
    { "fully-connected", "a large fully connected layer where an average pool would do", GOING_DEEPER ", section 5",
      "Average pooling before the classifier gave 0.6 % top-1 and saves nearly all of its weights.",
      find_fully_connected, { { "pooled", "a global average pool before it", fix_fully_connected } }, NULL },
    { "batchnorm", "a deep network without batch normalisation", BATCH_NORM ", section 4.2",
      "Inception reached its accuracy in a fourteenth of the steps, and went beyond it.",
      find_batchnorm, { { "batchnorm", "batch normalisation, and no bias before it", fix_batchnorm } }, NULL },
    { "auxiliary", "a deep network that is not residual, and no auxiliary head", GOING_DEEPER ", section 5; " RETHINKING ", section 4",
      "A head in the middle regularises: with batch normalisation in it, 0.4 % top-1 of Inception-v3. It costs nothing in inference.",
      find_auxiliary, { { "auxiliary", "a head as Inception-v3 has it, 0.4 of the loss", fix_auxiliary } }, NULL },
    { "residual-scale", "a residual block of more than 1000 filters adds its branch unscaled", INCEPTION_V4 ", section 3.3",
      "Such networks \"died\" early in training; factors of 0.1 to 0.3 kept them stable.",
      find_residual_scale, { { "scaled", "a factor of 0.2", fix_residual_scale } }, NULL },
    { "residual-activation", "the last 1x1 of a residual branch has an activation", INCEPTION_V4 ", section 3.2",
      "The filter-expansion layer has none there: behind a ReLU the branch can add and never subtract.",
      find_residual_activation, { { "linear", "no activation", fix_residual_activation } }, NULL },
    { "lrn", "local response normalisation beside batch normalisation", BATCH_NORM ", section 4.2.1",
      "With batch normalisation they removed it: it is not necessary any more.",
      find_lrn, { { "without_lrn", "without it", fix_lrn } }, NULL },
    { "vector-width", "a count of channels that leaves vector lanes empty",
      "inceptc's own kernels, which compute blocks of 16 channels (docs/kernels.md)",
      "Channels are computed sixteen at a time; a count that is no multiple of 16 takes the time of the next one.",
      find_vector_width, { { "filled", "the next multiple of 16: more parameters in the same time", fix_vector_width } }, NULL },
    { "balance", "one grid takes most of the work", RETHINKING ", section 2, principle 4",
      "Width and depth should grow together: work that is piled on one grid is better spread over the others.",
      find_balance, { { 0 } }, "what to widen and what to narrow is a question of what the network is for" },
};
const int n_advice_rules = sizeof advice_rules / sizeof *advice_rules;

Finding *finding_at(View *v, Findings *found, const Node *place, const Node *n)
{
    struct Found *entry = &v->found[v->text_of[place->id]];
    if (entry->rule != v->rule) {
        *entry = (struct Found){ ARENA_NEW(v->arena, Finding), v->rule };
        entry->finding->loc = place->loc;
        LIST_PUSH(v->arena, found, entry->finding);
    }
    Finding *f = entry->finding;
    LIST_PUSH(v->arena, &f->nodes, n);
    f->macs += node_macs(n);
    f->params += node_macs(n) ? node_params(n) : 0;
    return f;
}

void finding_say(View *v, Finding *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    f->says = arena_vprintf(v->arena, fmt, ap);
    va_end(ap);
}

const char *finding_cost(View *v, const Finding *f)
{
    return arena_printf(v->arena, "%d layer%s, %.1f %% of the multiply-accumulates", f->nodes.n, f->nodes.n == 1 ? "" : "s",
                        view_share(f->macs, v->totals.macs));
}

void find_layers(View *v, Findings *found, bool (*wrong)(View *v, const Layer *l))
{
    for (int i = 0; i < v->layers.n; i++)
        if (wrong(v, &v->layers.at[i]))
            finding_at(v, found, v->layers.at[i].node, v->layers.at[i].node);
}

const char *layer_flags(Patch *p, const Node *conv)
{
    Spot spot;
    LayerText t;
    if (!conv || conv->op != OP_CONV || !source_find(p->source, conv->loc, &spot) || !source_layer(p->arena, spot.node, &t))
        return "";
    return arena_printf(p->arena, "%s%s%s", t.flags, t.relu ? " relu" : "", t.linear ? " linear" : "");
}

bool finding_spot(Patch *p, const Finding *f, Spot *spot, LayerText *text)
{
    if (!source_find(p->source, f->loc, spot))
        p->failed = "the layer stands in an edit that inserts it: a variant of this variant cannot reach it";
    else if (!text || source_layer(p->arena, spot->node, text))
        return true;
    else
        p->failed = "the layer is not written as kernel, count and flags";
    return false;
}

/* tiny_network.c - a network written by hand, as the compiler would write it: y = W x + b over an
 * input of 2 x 3 x 3, four outputs, one step, two targets.  The second target packs W by columns
 * and is named x86-64-v3 though it is plain C, so that the head of the weights decides which code
 * reads them. */
#include "tiny_network.h"

enum { IN = 2 * 3 * 3, OUT = 4, GAP = 16 };

static const RtWeight weights[] = {
    { "fc.weight", 2, { OUT, IN }, RT_INIT_TORCH, 0, 0, IN, OUT, 1 },
    { "fc.bias", 1, { OUT }, RT_INIT_CONSTANT, 0.25, 0, IN, OUT, 1 },
};

/* plain: W by rows, then b; the sum is kept in the arena, where the tap reads it. */
static void plain_step(const RtContext *c, int step, int part, int parts)
{
    (void)step;
    for (int o = rt_begin(OUT, part, parts); o < rt_begin(OUT, part + 1, parts); o++) {
        float sum = c->weights[OUT * IN + o];
        for (int i = 0; i < IN; i++)
            sum += c->weights[o * IN + i] * c->x[i];
        c->arena[o] = sum;
        c->y[o] = sum;
    }
}

static void plain_load(const float *const *raw, float *packed, int part, int parts)
{
    for (int i = rt_begin(OUT * IN, part, parts); i < rt_begin(OUT * IN, part + 1, parts); i++)
        packed[i] = raw[0][i];
    for (int o = rt_begin(OUT, part, parts); o < rt_begin(OUT, part + 1, parts); o++)
        packed[OUT * IN + o] = raw[1][o];
}

/* v3: W by columns of OUT; logical channels 0, 1 are physical 0, 1 and 2, 3 are physical 16, 17. */
static void v3_step(const RtContext *c, int step, int part, int parts)
{
    (void)step;
    for (int o = rt_begin(OUT, part, parts); o < rt_begin(OUT, part + 1, parts); o++) {
        float sum = 0;
        for (int i = 0; i < IN; i++)
            sum += c->weights[i * OUT + o] * c->x[i];
        sum += c->weights[OUT * IN + o];
        c->arena[o < 2 ? o : o - 2 + GAP] = sum;
        c->y[o] = sum;
    }
}

static void v3_load(const float *const *raw, float *packed, int part, int parts)
{
    for (int i = rt_begin(IN, part, parts); i < rt_begin(IN, part + 1, parts); i++)
        for (int o = 0; o < OUT; o++)
            packed[i * OUT + o] = raw[0][o * IN + i];
    for (int o = rt_begin(OUT, part, parts); o < rt_begin(OUT, part + 1, parts); o++)
        packed[OUT * IN + o] = raw[1][o];
}

static const RtStep steps[] = { { "fc", "linear", "4x1x1", OUT, OUT *IN } };
static const int plain_segments[] = { 0, 0, 4 }, v3_segments[] = { 0, 0, 2, 2, 16, 2 };
static const RtTap plain_taps[] = { { "fc", 4, 1, 1, 1, 0, 1, 1, 0, 0, 1, plain_segments } };
static const RtTap v3_taps[] = { { "fc", 4, 1, 1, 16, 0, 16, 16, 0, 0, 2, v3_segments } };
static const RtPlan plans[] = {
    { RT_TARGET_PLAIN, RT_NUMERICS_EXACT, 0x77, 16, 0, OUT *IN + OUT, 1, 1, 0, steps, plain_taps, plain_step, plain_load },
    { RT_TARGET_V3, RT_NUMERICS_EXACT, 0x78, 32, 0, OUT *IN + OUT, 1, 1, 0, steps, v3_taps, v3_step, v3_load },
};
static const RtView view[] = { { .kind = RT_VIEW_RESIZE_EXACT, .h = 3, .w = 3 } };

const RtNetwork tiny_network = {
    .name = "tiny",
    .c = 2,
    .h = 3,
    .w = 3,
    .outputs = OUT,
    .softmax = 0,
    .logits = "fc",
    .params = OUT * IN + OUT,
    .macs = OUT * IN,
    .structure = 0x1234,
    .n_weights = 2,
    .n_plans = 2,
    .n_view = 1,
    .weights = weights,
    .plans = plans,
    .view = view,
};

/* test_recipe.c - train {} as the generated file has it: values by hand, defaults of torch, and again from the explicit form. */
#include "../../compiler/recipe.h"
#include "expect.h"
#include <stdlib.h>
#include <string.h>

static Graph *load(Arena *a, const char *text)
{
    NetOptions o = { .text = text, .text_size = strlen(text) };
    bool file_error;
    Graph *g = net_load(a, "t.net", &o, &file_error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static Graph *load_train(Arena *a, const char *settings)
{
    return load(a, arena_printf(a, "net t\nconventions torch\nparam rate = 0.25\ninput image 3x8x8\nlogits = globalavgpool -> fc 5\n"
                                   "output logits -> softmax\n%s", settings));
}

/* In the arena. */
static const char *text_of(Arena *a, const Graph *g, void (*print)(const Graph *, FILE *))
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    print(g, f);
    fclose(f);
    const char *copy = arena_strdup(a, text);
    free(text);
    return copy;
}

static void emits(const char *settings, const char *want)
{
    Arena *a = arena_new();
    Graph *g = load_train(a, settings);
    const char *got = text_of(a, g, recipe_emit);
    CU_ASSERT_STRING_EQUAL(got, want);
    if (strcmp(got, want) != 0)
        printf("\n%s\n", got);
    got = text_of(a, load(a, text_of(a, g, net_print)), recipe_emit); /* the explicit form says the same */
    CU_ASSERT_STRING_EQUAL(got, want);
    arena_release(a);
}

#define TAIL "        .batch = 32,\n        .epochs = 10,\n        .seed = 1,\n    }"
#define CONSTANT "        .schedule = RT_LR_CONSTANT,\n"
static void defaults_are_those_of_torch(void)
{
    emits("train { loss = xent(logits)\n }", "{\n        .optimizer = RT_SGD,\n        .lr = 0.001,\n" CONSTANT TAIL);
    emits("train { loss = xent(logits)\n opt = adam\n }",
          "{\n        .optimizer = RT_ADAM,\n        .lr = 0.001,\n        .beta1 = 0.9,\n        .beta2 = 0.999,\n        .eps = 1e-08,\n" CONSTANT TAIL);
    emits("train { loss = xent(logits)\n opt = adamw\n }",
          "{\n        .optimizer = RT_ADAMW,\n        .lr = 0.001,\n        .beta1 = 0.9,\n        .beta2 = 0.999,\n        .eps = 1e-08,\n"
          "        .decay = 0.01,\n" CONSTANT TAIL);
    emits("train { loss = xent(logits)\n opt = rmsprop\n }",
          "{\n        .optimizer = RT_RMSPROP,\n        .lr = 0.01,\n        .beta2 = 0.99,\n        .eps = 1e-08,\n" CONSTANT TAIL);
    emits("", "{\n        .optimizer = RT_SGD,\n        .lr = 0.001,\n" CONSTANT TAIL);
}

static void schedules_have_their_numbers(void)
{
    static const struct { const char *lr, *want; } rows[] = {
        { "constant", CONSTANT },
        { "poly", "        .schedule = RT_LR_POLY,\n        .lr_power = 1,\n" },
        { "poly 0.5", "        .schedule = RT_LR_POLY,\n        .lr_power = 0.5,\n" },
        { "poly(0.5, end=1e-4)", "        .schedule = RT_LR_POLY,\n        .lr_power = 0.5,\n        .lr_end = 0.0001,\n" },
        { "step", "        .schedule = RT_LR_STEP,\n        .lr_power = 0.1,\n        .lr_every = 30,\n" },
        { "exponential 0.94", "        .schedule = RT_LR_EXPONENTIAL,\n        .lr_power = 0.94,\n        .lr_every = 1,\n" },
        { "exponential(0.94, every=2)", "        .schedule = RT_LR_EXPONENTIAL,\n        .lr_power = 0.94,\n        .lr_every = 2,\n" },
        { "cosine", "        .schedule = RT_LR_COSINE,\n" },
        { "cosine(end=1e-5)", "        .schedule = RT_LR_COSINE,\n        .lr_end = 1e-05,\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *a = arena_new();
        emits(arena_printf(a, "train { loss = xent(logits)\n lr = %s\n opt = sgd(rate*2)\n }", rows[i].lr),
              arena_printf(a, "{\n        .optimizer = RT_SGD,\n        .lr = 0.5,\n%s%s", rows[i].want, TAIL));
        arena_release(a);
    }
}

static void every_setting_reaches_the_file(void)
{
    emits("weights \"w?.st\" except logits\ndata d {\n train = folder(\"data/train\")\n valid = folder(\"va\\l\")\n }\n"
          "train {\n loss = xent(logits)\n opt = rmsprop(momentum=0.9, alpha=0.8, eps=1.0, tf=1)\n lr = rate\n decay = 2e-4\n warmup = 0.5\n clip = 2\n"
          " ema = 0.9999\n batch = 64\n epochs = 100\n steps = 1000\n memory = \"1.5G\"\n seed = 9007199254740992\n log = tensorboard(\"runs/x\", every=40)\n }",
          "{\n        .optimizer = RT_RMSPROP,\n        .lr = 0.25,\n        .momentum = 0.9,\n        .beta2 = 0.8,\n        .eps = 1,\n"
          "        .eps_inside = 1,\n        .decay = 0.0002,\n" CONSTANT
          "        .warmup = 0.5,\n        .clip = 2,\n        .ema = 0.9999,\n        .batch = 64,\n        .epochs = 100,\n        .steps = 1000,\n"
          "        .memory = 1610612736,\n"
          "        .seed = 9007199254740992,\n        .train = { RT_SOURCE_FOLDER, \"data/train\", NULL },\n"
          "        .valid = { RT_SOURCE_FOLDER, \"va\\\\l\", NULL },\n        .log = \"runs/x\",\n        .log_every = 40,\n"
          "        .weights = \"w\\077.st\",\n    }");
    emits("train { loss = xent(logits)\n opt = sgd(0.1, momentum=0.9, nesterov=1, decay=1e-4)\n log = tensorboard \"r\"\n }",
          "{\n        .optimizer = RT_SGD,\n        .lr = 0.1,\n        .momentum = 0.9,\n        .nesterov = 1,\n        .decay = 0.0001,\n" CONSTANT
          "        .batch = 32,\n        .epochs = 10,\n        .seed = 1,\n        .log = \"r\",\n        .log_every = 50,\n    }");
}

static const Test tests[] = {
    TEST(defaults_are_those_of_torch),
    TEST(schedules_have_their_numbers),
    TEST(every_setting_reaches_the_file),
};

int main(void) { return run_tests("recipe", tests, sizeof tests / sizeof *tests); }

/* test_language.c - data {} as the graph keeps it: sources and steps of the view; the explicit form says the same again. */
#include "../../compiler/frontend.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "net t\nconventions torch\ninput image 1x28x28\nparam side = 28\nlogits = globalavgpool -> fc 5\noutput logits\n"
    "data d {\n"
    "  train = idx(\"some images\", \"labels.gz\")\n"
    "  valid = folder(\"val\")\n"
    "  view = pad 4 -> crop side random -> flip random -> resizedcrop 30x28 bicubic -> jitter(0.4, side / 56, 0) ->\n"
    "    normalize(mean(0.1307), std(0.25, 0.5, 0.75)) -> mean(9) -> resizedcrop 28\n"
    "}\n";

static Graph *load(Arena *a, const char *text)
{
    NetOptions o = { .text = text, .text_size = strlen(text) };
    bool file_error;
    Graph *g = net_load(a, "t.net", &o, &file_error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    return g;
}

static void check_sources(const Graph *g)
{
    CU_ASSERT_EQUAL(g->train_source.kind, SOURCE_IDX);
    CU_ASSERT_STRING_EQUAL(g->train_source.path, "some images");
    CU_ASSERT_STRING_EQUAL(g->train_source.labels, "labels.gz");
    CU_ASSERT_EQUAL(g->valid_source.kind, SOURCE_FOLDER);
    CU_ASSERT_STRING_EQUAL(g->valid_source.path, "val");
    CU_ASSERT_PTR_NULL(g->valid_source.labels);
    CU_ASSERT_EQUAL(g->test_source.kind, SOURCE_NONE);
}

static void check_view(const Graph *g)
{
    static const ViewStep want[] = {
        { VIEW_PAD, 4, 4 }, { VIEW_RANDOM_CROP, 28, 28 }, { VIEW_FLIP }, { VIEW_RANDOM_RESIZED_CROP, 30, 28, .bicubic = true },
        { VIEW_COLOR_JITTER, .mean = { 0.4, 0.5, 0 } }, { VIEW_NORMALIZE, .mean = { 0.1307, 0.1307, 0.1307 }, .std = { 0.25, 0.5, 0.75 } },
        { VIEW_NORMALIZE, .raw_255 = true, .mean = { 9, 9, 9 }, .std = { 1, 1, 1 } }, { VIEW_RANDOM_RESIZED_CROP, 28, 28 },
    };
    CU_ASSERT_EQUAL_FATAL(g->view.n, sizeof want / sizeof *want);
    for (int i = 0; i < g->view.n; i++) {
        const ViewStep *v = &g->view.at[i], *w = &want[i];
        CU_ASSERT(v->kind == w->kind && v->h == w->h && v->w == w->w && v->bicubic == w->bicubic && v->raw_255 == w->raw_255);
        CU_ASSERT_EQUAL(memcmp(v->mean, w->mean, sizeof v->mean), 0);
        CU_ASSERT_EQUAL(memcmp(v->std, w->std, sizeof v->std), 0);
    }
}

static void data_is_in_the_graph(void)
{
    Arena *a = arena_new();
    const Graph *g = load(a, source);
    check_sources(g);
    check_view(g);
    arena_release(a);
}

static void the_explicit_form_says_the_same(void)
{
    Arena *a = arena_new();
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    net_print(load(a, source), f);
    fclose(f);
    const Graph *g = load(a, text);
    check_sources(g);
    check_view(g);
    arena_release(a);
    free(text);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite suite = CU_add_suite("language", NULL, NULL);
    CU_add_test(suite, "data is in the graph", data_is_in_the_graph);
    CU_add_test(suite, "the explicit form says the same", the_explicit_form_says_the_same);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

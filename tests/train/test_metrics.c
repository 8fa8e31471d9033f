/* test_metrics.c - metrics computed by hand, their tables letter by letter, their picture there and back. */
#include "../../runtime/train/metrics.h"
#include "expect.h"
#include <math.h>
#include <stdlib.h>

/* Six images of three classes: 0 0 0 1 1 2 taken for 0 0 1 1 0 0. */
static const float scores[] = {
    0.8f, 0.1f, 0.1f, 0.5f, 0.5f, 0.0f, 0.2f, 0.7f, 0.1f, 0.1f, 0.9f, 0.0f, 0.6f, 0.3f, 0.1f, 0.5f, 0.3f, 0.2f,
};
static const int labels[] = { 0, 0, 0, 1, 1, 2 };

static void add_six(Metrics *m)
{
    CU_ASSERT_EQUAL(metrics_open(m, 3, 2, 2, NULL), RT_OK);
    metrics_add(m, scores, labels, 4); /* two batches */
    metrics_add(m, scores + 12, labels + 4, 2);
    metrics_add_losses(m, (const float[]){ 1, 10, 2, 20 }, 2);
    metrics_add_losses(m, (const float[]){ 6, 30 }, 1);
}

static void expect_near(double got, double want) { CU_ASSERT_DOUBLE_EQUAL(got, want, 1e-12); }

static void metrics_agree_with_hand(void)
{
    Metrics m;
    add_six(&m);
    static const int64_t confusion[] = { 2, 1, 0, 1, 1, 0, 1, 0, 0 };
    CU_ASSERT_EQUAL(memcmp(m.confusion, confusion, sizeof confusion), 0);
    expect_near(metrics_top1(&m), 3.0 / 6);
    expect_near(metrics_topk(&m), 5.0 / 6);
    expect_near(metrics_loss(&m, 0), 3);
    expect_near(metrics_loss(&m, 1), 20);
    ClassMetrics c = metrics_class(&m, 0), none = metrics_class(&m, 2);
    CU_ASSERT(c.n == 3 && c.predicted == 4);
    expect_near(c.precision, 0.5);
    expect_near(c.recall, 2.0 / 3);
    expect_near(c.f1, 4.0 / 7);
    CU_ASSERT(none.n == 1 && none.predicted == 0 && none.precision == 0 && none.recall == 0 && none.f1 == 0);
    ClassMetrics mean = metrics_macro(&m);
    expect_near(mean.precision, (0.5 + 0.5 + 0) / 3);
    expect_near(mean.recall, (2.0 / 3 + 0.5 + 0) / 3);
    expect_near(mean.f1, (4.0 / 7 + 0.5 + 0) / 3);
    metrics_reset(&m);
    CU_ASSERT(m.n == 0 && m.confusion[0] == 0 && isnan(metrics_top1(&m)) && isnan(metrics_loss(&m, 0)));
    metrics_close(&m);
}

static void classes_that_do_not_occur_stay_out_of_means(void)
{
    Metrics m;
    metrics_open(&m, 4, 1, 0, NULL);
    metrics_add(&m, (const float[]){ 1, 0, 0, 0, 0, 1, 0, 0 }, (const int[]){ 0, 1 }, 2);
    expect_near(metrics_macro(&m).recall, 1);
    metrics_close(&m);
}

static void not_a_number_ranks_last(void)
{
    Metrics m;
    metrics_open(&m, 3, 2, 0, NULL);
    metrics_add(&m, (const float[]){ NAN, -5, -7 }, (const int[]){ 1 }, 1);
    metrics_add(&m, (const float[]){ NAN, -5, -7 }, (const int[]){ 0 }, 1);
    CU_ASSERT(m.top1 == 1 && m.topk == 1);
    metrics_close(&m);
}

typedef void Writer(FILE *f, const Metrics *m, const char *const *names);
static void expect_written(Writer *write, const Metrics *m, const char *const *names, const char *want)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    write(f, m, names);
    fclose(f);
    expect_text(text, want);
    free(text);
}

static const char *const names[] = { "cat", "d\xc3\xb6g", "a \"fox\", red" };

static void confusion_of_few_classes_is_a_table(void)
{
    Metrics m;
    add_six(&m);
    expect_written(metrics_write_confusion, &m, names,
                   "true                  cat          d\xc3\xb6g a \"fox\", red |  recall\n"
                   "cat                     2            1            0 |  66.7 %\n"
                   "d\xc3\xb6g                     1            1            0 |  50.0 %\n"
                   "a \"fox\", red            1            0            0 |   0.0 %\n");
    expect_written(metrics_write_confusion, &m, NULL,
                   "true 0 1 2 |  recall\n"
                   "0    2 1 0 |  66.7 %\n"
                   "1    1 1 0 |  50.0 %\n"
                   "2    1 0 0 |   0.0 %\n");
    metrics_close(&m);
}

/* 12 classes of long names: heads are cut. 40: pairs. */
static void confusion_fits_80_columns(void)
{
    static const char *long_names[40];
    for (int i = 0; i < 40; i++)
        long_names[i] = i % 2 ? "golden_retriever" : "tabby";
    for (int classes = 2; classes <= 40; classes++) {
        Metrics m;
        char *text = NULL;
        size_t n, widest = 0;
        metrics_open(&m, classes, 1, 0, NULL);
        m.confusion[1] = 12345;
        FILE *f = open_memstream(&text, &n);
        metrics_write_confusion(f, &m, long_names);
        fclose(f);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
            widest = strlen(line) > widest ? strlen(line) : widest;
        CU_ASSERT(widest <= 80);
        free(text);
        metrics_close(&m);
    }
}

static void confusion_of_many_classes_is_its_worst_pairs(void)
{
    Metrics m;
    metrics_open(&m, 100, 1, 0, NULL);
    m.confusion[3 * 100 + 3] = 50;
    m.confusion[3 * 100 + 7] = 10;
    m.confusion[99 * 100 + 0] = 30;
    for (int i = 20; i < 60; i++)
        m.confusion[i * 100 + 5] = 1;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    metrics_write_confusion(f, &m, NULL);
    fclose(f);
    static const char want[] = "true       taken for    images  of class\n"
                               "99         0                30   100.0 %\n"
                               "3          7                10    16.7 %\n"
                               "20         5                 1   100.0 %\n";
    CU_ASSERT_EQUAL(strncmp(text, want, sizeof want - 1), 0);
    int lines = 0;
    for (char *c = text; *c; c++)
        lines += *c == '\n';
    CU_ASSERT_EQUAL(lines, 21);
    free(text);
    metrics_close(&m);
}

static void classes_and_csv_are_as_expected(void)
{
    Metrics m;
    add_six(&m);
    expect_written(metrics_write_classes, &m, names,
                   "class         precision     recall         F1    images\n"
                   "cat              0.5000     0.6667     0.5714         3\n"
                   "d\xc3\xb6g              0.5000     0.5000     0.5000         2\n"
                   "a \"fox\", red     0.0000     0.0000     0.0000         1\n"
                   "mean             0.3333     0.3889     0.3571         6\n");
    expect_written(metrics_write_csv, &m, names,
                   "true,cat,d\xc3\xb6g,\"a \"\"fox\"\", red\"\n"
                   "cat,2,1,0\n"
                   "d\xc3\xb6g,1,1,0\n"
                   "\"a \"\"fox\"\", red\",1,0,0\n");
    metrics_close(&m);
}

static void picture_shows_shares_of_rows(void)
{
    Metrics m;
    RtImage p;
    add_six(&m);
    CU_ASSERT_EQUAL(metrics_draw(&m, &p, NULL), RT_OK);
    CU_ASSERT(p.w == 120 && p.h == 120);
    static const uint8_t grey[] = { 183, 183, 183 }, blue[] = { 90, 125, 185 }; /* shares 1/3 and 2/3 */
    CU_ASSERT_EQUAL(memcmp(p.rgb + 3 * (20 * 120 + 60), grey, 3), 0);
    CU_ASSERT_EQUAL(memcmp(p.rgb + 3 * (20 * 120 + 20), blue, 3), 0);
    rt_image_free(&p);
    metrics_close(&m);
}

static void noise_survives_png(void)
{
    enum { W = 211, H = 57, N = W * H * 3 };
    static uint8_t noise[N];
    RtImage image = { W, H, noise }, back = { 0 };
    uint8_t *png = NULL;
    size_t size = 0;
    for (uint32_t i = 0, seed = 1; i < N; i++)
        noise[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    CU_ASSERT_EQUAL(rt_image_encode_png(&image, &png, &size, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_image_decode("png", png, size, &back, NULL), RT_OK);
    CU_ASSERT(back.rgb && back.w == W && back.h == H && memcmp(back.rgb, noise, N) == 0);
    free(png);
    rt_image_free(&back);
}

static const Test tests[] = {
    TEST(metrics_agree_with_hand),
    TEST(classes_that_do_not_occur_stay_out_of_means),
    TEST(not_a_number_ranks_last),
    TEST(confusion_of_few_classes_is_a_table),
    TEST(confusion_fits_80_columns),
    TEST(confusion_of_many_classes_is_its_worst_pairs),
    TEST(classes_and_csv_are_as_expected),
    TEST(picture_shows_shares_of_rows),
    TEST(noise_survives_png),
};

int main(void) { return run_tests("metrics", tests, sizeof tests / sizeof tests[0]); }

/* test_loader.c - batches: the same whoever reads them, each picture once an epoch, resumed where they were left, bad pictures listed. */
#include "../../runtime/train/loader.h"
#include "../../runtime/train/view.h"
#include "idx_files.h"
#include "../suite.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 53, SIDE = 6, BATCH = 8, CLASSES = 10, PER_CLASS = 12 };
static const RtView augmenting[] = {
    { .kind = RT_VIEW_PAD, .h = 2, .w = 2 }, { .kind = RT_VIEW_RANDOM_CROP, .h = SIDE, .w = SIDE }, { .kind = RT_VIEW_FLIP },
    { .kind = RT_VIEW_NORMALIZE, .mean = { 0.5, 0.5, 0.5 }, .std = { 0.25, 0.25, 0.25 } },
};
static RtDataset digits, photos; /* idx; a folder of two classes with four bad files */
static const RtDataset *data;    /* of the loader that was opened last */

static RtLoaderOptions training(const RtDataset *of, int workers)
{
    return (RtLoaderOptions){ .data = of, .view = augmenting, .n_view = 4, .c = 1, .h = SIDE, .w = SIDE, .batch = BATCH,
                              .workers = workers, .seed = 7, .shuffle = 1, .training = 1 };
}

static RtLoader *opened(RtLoaderOptions o)
{
    RtLoader *l = NULL;
    RtError err;
    CU_ASSERT_EQUAL_FATAL(rt_loader_open(&o, &l, &err), RT_OK);
    data = o.data;
    return l;
}

typedef struct Record { /* all that the batches of an epoch said, and which pictures they had */
    char *text;
    size_t size, batches, pictures;
    int seen[256];
} Record;

static void record_batch(Record *r, FILE *f, const RtBatch *b, size_t image)
{
    fwrite(&b->n, sizeof b->n, 1, f);
    fwrite(&b->position, sizeof b->position, 1, f);
    fwrite(&b->end, sizeof b->end, 1, f);
    fwrite(b->x, sizeof *b->x * image, (size_t)b->n, f);
    fwrite(b->labels, sizeof *b->labels, (size_t)b->n, f);
    fwrite(b->samples, sizeof *b->samples, (size_t)b->n, f);
    for (int i = 0; i < b->n; i++) {
        CU_ASSERT_EQUAL(b->labels[i], data->labels[b->samples[i]]);
        r->seen[b->samples[i]]++;
    }
    r->batches++;
    r->pictures += (size_t)b->n;
}

static Record record(RtLoader *l, uint32_t epoch, size_t first)
{
    Record r = { 0 };
    RtError err;
    const RtBatch *b;
    FILE *f = open_memstream(&r.text, &r.size);
    CU_ASSERT_EQUAL_FATAL(rt_loader_begin(l, epoch, first, &err), RT_OK);
    while (rt_loader_next(l, &b, &err) == RT_OK && b)
        record_batch(&r, f, b, SIDE * SIDE);
    fclose(f);
    return r;
}

static int equal(const Record *a, const Record *b) { return a->size == b->size && memcmp(a->text, b->text, a->size) == 0; }

static void batches_do_not_depend_on_workers(const RtDataset *of)
{
    static const int workers[] = { 0, 1, 3, 3, 20 };
    Record want[3] = { { 0 } };
    for (int i = 0; i < 5; i++) {
        RtLoader *l = opened(training(of, workers[i]));
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            Record r = record(l, epoch, 0);
            CU_ASSERT(i == 0 || equal(&r, &want[epoch]));
            if (i == 0)
                want[epoch] = r;
            else
                free(r.text);
        }
        rt_loader_close(l);
    }
    CU_ASSERT_FALSE(equal(&want[0], &want[1]));
    CU_ASSERT_FALSE(equal(&want[1], &want[2]));
    for (int i = 0; i < 3; i++)
        free(want[i].text);
}

static void workers_give_the_same_batches(void)
{
    batches_do_not_depend_on_workers(&digits);
    batches_do_not_depend_on_workers(&photos);
}

static void each_picture_comes_once_an_epoch(void)
{
    RtLoader *l = opened(training(&digits, 2));
    CU_ASSERT_EQUAL(rt_loader_batches(l), 7);
    for (uint32_t epoch = 0; epoch < 20; epoch++) {
        Record r = record(l, epoch, 0);
        CU_ASSERT_EQUAL(r.batches, 7); /* the last one has 5 pictures */
        CU_ASSERT_EQUAL(r.pictures, N);
        for (int i = 0; i < N; i++)
            CU_ASSERT_EQUAL(r.seen[i], 1);
        free(r.text);
    }
    rt_loader_close(l);
}

/* Over 2000 epochs each picture comes first about equally often (chi-square with 52 degrees of freedom), and one an epoch
 * is in the place of its number. */
static void orders_are_even(void)
{
    int first[N] = { 0 }, in_place = 0;
    double chi = 0, expected = 2000.0 / N;
    RtLoaderOptions o = training(&digits, 0);
    o.batch = N;
    RtLoader *l = opened(o);
    RtError err;
    const RtBatch *b;
    for (uint32_t epoch = 0; epoch < 2000; epoch++) {
        rt_loader_begin(l, epoch, 0, &err);
        CU_ASSERT_FATAL(rt_loader_next(l, &b, &err) == RT_OK && b && b->n == N);
        first[b->samples[0]]++;
        for (int i = 0; i < N; i++)
            in_place += b->samples[i] == (uint64_t)i;
    }
    for (int i = 0; i < N; i++)
        chi += (first[i] - expected) * (first[i] - expected) / expected;
    CU_ASSERT(chi > 20 && chi < 100);
    CU_ASSERT(in_place > 1800 && in_place < 2200);
    rt_loader_close(l);
}

static void seeds_give_other_orders(void)
{
    RtLoaderOptions o = training(&digits, 0);
    o.training = 0;
    RtLoader *a = opened(o);
    o.seed += (uint64_t)1 << 32;
    RtLoader *b = opened(o);
    Record x = record(a, 0, 0), y = record(b, 0, 0);
    CU_ASSERT_FALSE(equal(&x, &y));
    free(x.text);
    free(y.text);
    rt_loader_close(a);
    rt_loader_close(b);
}

/* Without shuffling and random steps: the data set itself. */
static void validation_is_the_data_set_in_order(void)
{
    RtLoaderOptions o = training(&digits, 3);
    o.shuffle = o.training = 0;
    RtLoader *l = opened(o);
    RtError err;
    const RtBatch *b;
    size_t n = 0;
    rt_loader_begin(l, 5, 0, &err);
    for (; rt_loader_next(l, &b, &err) == RT_OK && b; n += (size_t)b->n)
        for (int i = 0; i < b->n; i++) {
            CU_ASSERT_EQUAL(b->samples[i], n + (size_t)i);
            CU_ASSERT_EQUAL(b->labels[i], digits.labels[n + (size_t)i]);
            for (size_t k = 0; k < SIDE * SIDE; k++)
                CU_ASSERT_EQUAL(b->x[(size_t)i * SIDE * SIDE + k], ((float)digits.pixels[(n + (size_t)i) * SIDE * SIDE + k] / 255.0f - 0.5f) / 0.25f);
        }
    CU_ASSERT_EQUAL(n, N);
    rt_loader_close(l);
}

/* From the end of each batch the rest is what would have followed, whatever the loader did before. */
static void resumed_epochs_end_as_whole_ones(void)
{
    RtLoader *l = opened(training(&photos, 0)), *other = opened(training(&photos, 3));
    Record whole = record(l, 4, 0);
    RtError err;
    const RtBatch *b;
    size_t ends[64], at[64], n = 0, bytes = 0;
    rt_loader_begin(l, 4, 0, &err);
    while (rt_loader_next(l, &b, &err) == RT_OK && b) {
        bytes += sizeof b->n + 2 * sizeof b->end + (size_t)b->n * (SIDE * SIDE * sizeof *b->x + sizeof *b->labels + sizeof *b->samples);
        ends[n] = b->end;
        at[n++] = bytes;
    }
    CU_ASSERT_EQUAL(bytes, whole.size);
    for (size_t i = 0; i < n; i++) {
        rt_loader_begin(other, 9, 0, &err); /* left in the middle */
        rt_loader_next(other, &b, &err);
        Record tail = record(other, 4, ends[i]);
        CU_ASSERT_EQUAL(tail.size, whole.size - at[i]);
        CU_ASSERT(tail.size == whole.size - at[i] && memcmp(tail.text, whole.text + at[i], tail.size) == 0);
        free(tail.text);
    }
    CU_ASSERT_EQUAL(rt_loader_begin(other, 4, photos.n_samples + 1, &err), RT_ERROR_USAGE);
    CU_ASSERT_EQUAL(rt_loader_begin(other, 4, photos.n_samples, &err), RT_OK);
    CU_ASSERT(rt_loader_next(other, &b, &err) == RT_OK && !b);
    free(whole.text);
    rt_loader_close(l);
    rt_loader_close(other);
}

/* ---- Bad pictures ---- */

static int is_bad(uint64_t sample) { return sample == 0 || sample == 5 || sample == 13 || sample == 20; }

static void bad_pictures_are_left_out_and_listed_once(void)
{
    RtLoader *l = opened(training(&photos, 3));
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        Record r = record(l, epoch, 0);
        CU_ASSERT_EQUAL(r.pictures, photos.n_samples - 4);
        for (uint64_t i = 0; i < photos.n_samples; i++)
            CU_ASSERT_EQUAL(r.seen[i], !is_bad(i));
        free(r.text);
    }
    size_t n;
    const RtBadSample *bad = rt_loader_bad(l, &n);
    CU_ASSERT_EQUAL(n, 4);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT(is_bad(bad[i].sample));
        CU_ASSERT_STRING_EQUAL(bad[i].name, photos.paths[bad[i].sample]);
        CU_ASSERT_PTR_NOT_NULL(strstr(bad[i].reason, bad[i].name));
        for (size_t k = 0; k < i; k++)
            CU_ASSERT_NOT_EQUAL(bad[i].sample, bad[k].sample);
    }
    rt_loader_close(l);
}

static void a_batch_of_bad_ones_is_passed_over(void)
{
    RtLoaderOptions o = training(&photos, 2);
    o.batch = 1;
    RtLoader *l = opened(o);
    Record r = record(l, 0, 0);
    CU_ASSERT_EQUAL(r.batches, photos.n_samples - 4);
    CU_ASSERT_EQUAL(r.pictures, photos.n_samples - 4);
    free(r.text);
    rt_loader_close(l);
}

static void strict_gives_the_first_error(void)
{
    for (int workers = 0; workers < 4; workers += 3) {
        RtLoaderOptions o = training(&photos, workers);
        o.strict = 1;
        o.shuffle = 0;
        RtLoader *l = opened(o);
        RtError err;
        const RtBatch *b;
        rt_loader_begin(l, 0, 1, &err);
        CU_ASSERT_EQUAL(rt_loader_next(l, &b, &err), RT_ERROR_INPUT);
        CU_ASSERT_PTR_NULL(b);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, photos.paths[5]));
        rt_loader_close(l);
    }
}

static void a_view_that_fits_no_picture_is_an_error(void)
{
    RtLoaderOptions o = training(&digits, 2);
    o.h = SIDE + 1;
    RtLoader *l = opened(o);
    RtError err;
    const RtBatch *b;
    rt_loader_begin(l, 0, 0, &err);
    CU_ASSERT_EQUAL(rt_loader_next(l, &b, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "none of the 53 pictures can be used; the first: digits, picture "));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "the view makes 6 x 6 pixels, the network's input has 6 x 7"));
    rt_loader_close(l);
}

/* ---- Threads ---- */

static void closing_at_any_time_ends(void)
{
    RtError err;
    const RtBatch *b;
    for (int i = 0; i < 200; i++) {
        RtLoader *l = opened(training(i % 2 ? &photos : &digits, 1 + i % 4));
        if (i % 5)
            rt_loader_begin(l, 0, 0, &err);
        for (int k = 0; k < i % 9; k++)
            CU_ASSERT_EQUAL(rt_loader_next(l, &b, &err), RT_OK);
        rt_loader_close(l);
    }
    rt_loader_close(NULL);
}

static void epochs_that_are_left_do_not_leak_into_the_next(void)
{
    RtLoader *l = opened(training(&digits, 3)), *plain = opened(training(&digits, 0));
    RtError err;
    const RtBatch *b;
    Record want = record(plain, 3, 0);
    for (int i = 0; i < 100; i++) {
        rt_loader_begin(l, 100 + (uint32_t)i, 0, &err);
        for (int k = 0; k < i % 8; k++)
            rt_loader_next(l, &b, &err);
        Record r = record(l, 3, 0);
        CU_ASSERT(equal(&r, &want));
        free(r.text);
    }
    free(want.text);
    rt_loader_close(l);
    rt_loader_close(plain);
}

static void the_wait_is_measured(void)
{
    RtLoader *l = opened(training(&digits, 0));
    CU_ASSERT_EQUAL(rt_loader_wait_share(l), 0);
    Record r = record(l, 0, 0);
    double busy = rt_loader_wait_share(l);
    usleep(200 * 1000);
    CU_ASSERT(busy > 0 && busy <= 1);
    CU_ASSERT(rt_loader_wait_share(l) < busy);
    free(r.text);
    rt_loader_close(l);
}

static void sizes_below_one_are_refused(void)
{
    RtError err;
    RtLoader *l;
    RtLoaderOptions o = training(&digits, 0);
    o.batch = 0;
    CU_ASSERT_EQUAL(rt_loader_open(&o, &l, &err), RT_ERROR_USAGE);
    o = training(&digits, -1);
    CU_ASSERT_EQUAL(rt_loader_open(&o, &l, &err), RT_ERROR_USAGE);
    o = training(&digits, 0);
    o.w = 0;
    CU_ASSERT_EQUAL(rt_loader_open(&o, &l, &err), RT_ERROR_USAGE);
    o = training(&digits, 0);
    o.batch = 1 << 30;
    o.h = o.w = 1 << 16;
    CU_ASSERT_EQUAL(rt_loader_open(&o, &l, &err), RT_ERROR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "out of memory"));
    CU_ASSERT_PTR_NULL(l);
}

static const Test tests[] = {
    { "workers give the same batches", workers_give_the_same_batches },
    { "each picture comes once an epoch", each_picture_comes_once_an_epoch },
    { "orders are even", orders_are_even },
    { "seeds give other orders", seeds_give_other_orders },
    { "validation is the data set in order", validation_is_the_data_set_in_order },
    { "resumed epochs end as whole ones", resumed_epochs_end_as_whole_ones },
    { "bad pictures are left out and listed once", bad_pictures_are_left_out_and_listed_once },
    { "a batch of bad ones is passed over", a_batch_of_bad_ones_is_passed_over },
    { "strict gives the first error", strict_gives_the_first_error },
    { "a view that fits no picture is an error", a_view_that_fits_no_picture_is_an_error },
    { "closing at any time ends", closing_at_any_time_ends },
    { "epochs that are left do not leak into the next", epochs_that_are_left_do_not_leak_into_the_next },
    { "the wait is measured", the_wait_is_measured },
    { "sizes below one are refused", sizes_below_one_are_refused },
};

/* Of two classes with PER_CLASS pictures each; the bad ones are empty, cut, a text, and a link to nowhere. */
static void write_photos(void)
{
    mkdir("photos", 0700);
    mkdir("photos/a", 0700);
    mkdir("photos/b", 0700);
    for (int i = 0; i < 2 * PER_CLASS; i++) {
        char path[64], bytes[128];
        snprintf(path, sizeof path, "photos/%c/%02d.pgm", i < PER_CLASS ? 'a' : 'b', i);
        int head = snprintf(bytes, sizeof bytes, "P5\n%d %d\n255\n", SIDE, SIDE);
        for (int k = 0; k < SIDE * SIDE; k++)
            bytes[head + k] = (char)(17 * i + 3 * k);
        size_t size = (size_t)head + SIDE * SIDE;
        if (i != 20 || symlink("nowhere", path) != 0)
            put_file(path, i == 5 ? "a text" : bytes, i == 0 ? 0 : i == 5 ? 6 : i == 13 ? size - 9 : size);
    }
}

static void write_digits(void)
{
    static uint8_t b[16 + N * SIDE * SIDE];
    put_file("digits", b, idx_images(b, N, SIDE, SIDE));
    put_file("labels", b, idx_labels(b, N, CLASSES));
}

static RtStatus open_all(void)
{
    RtError err = { 0 };
    RtSource idx = { RT_SOURCE_IDX, "digits", "labels" }, folder = { RT_SOURCE_FOLDER, "photos", NULL };
    write_photos();
    write_digits();
    if (rt_dataset_open(&idx, &digits, &err) == RT_OK && rt_dataset_open(&folder, &photos, &err) == RT_OK)
        return RT_OK;
    printf("%s\n", err.message);
    return err.status;
}

int main(void)
{
    char dir[] = "/tmp/test_loader_XXXXXX", remove[64];
    if (!mkdtemp(dir) || chdir(dir) != 0 || open_all() != RT_OK)
        return 2;
    alarm(60); /* what hangs is a failure */
    int failed = run_tests("loader", tests, sizeof tests / sizeof *tests);
    rt_dataset_close(&digits);
    rt_dataset_close(&photos);
    snprintf(remove, sizeof remove, "rm -rf %s", dir);
    return system(remove) != 0 || failed ? 1 : 0;
}

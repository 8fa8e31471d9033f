/* test_data.c - files of the MNIST family: the bytes that the test wrote come back, plain and packed; every damage is an error that
 * names file and byte. */
#include "../../runtime/train/dataset.h"
#include "idx_files.h"
#include "../suite.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 20, H = 5, W = 7, CLASSES = 10, IMAGES = 16 + N * H * W, LABELS = 8 + N };
static uint8_t images[IMAGES], labels[LABELS];

static RtStatus open_files(const char *x, const char *y, RtDataset *d, RtError *err)
{
    RtSource source = { RT_SOURCE_IDX, x, y };
    *err = (RtError){ 0 };
    return rt_dataset_open(&source, d, err);
}

/* Opening x and y must fail with `status`, and its sentence must contain `text`. */
static void refused(const char *x, const char *y, RtStatus status, const char *text)
{
    RtDataset d;
    RtError err;
    RtStatus s = open_files(x, y, &d, &err);
    CU_ASSERT_EQUAL(s, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, text));
    if (s != status || !strstr(err.message, text))
        printf("\n  '%s' was expected in: %s\n", text, err.message);
    if (s == RT_OK)
        rt_dataset_close(&d);
    else
        CU_ASSERT(!d.pixels && !d.labels && !d.classes && d.n_samples == 0);
}

static void is_what_was_written(const char *x, const char *y)
{
    RtDataset d;
    RtError err;
    CU_ASSERT_EQUAL_FATAL(open_files(x, y, &d, &err), RT_OK);
    CU_ASSERT_EQUAL(d.n_samples, N);
    CU_ASSERT_EQUAL(d.n_classes, CLASSES);
    CU_ASSERT_STRING_EQUAL(d.classes[9], "9");
    for (size_t i = 0; i < N; i++) {
        RtImage image;
        CU_ASSERT_EQUAL(d.labels[i], labels[8 + i]);
        CU_ASSERT_EQUAL_FATAL(rt_dataset_read(&d, i, &image, &err), RT_OK);
        CU_ASSERT(image.w == W && image.h == H);
        for (size_t k = 0; k < 3 * H * W; k++)
            CU_ASSERT_EQUAL(image.rgb[k], images[16 + i * H * W + k / 3]);
        rt_image_free(&image);
    }
    char name[64];
    rt_dataset_name(&d, 12, name, sizeof name);
    CU_ASSERT_PTR_NOT_NULL(strstr(name, ", picture 12"));
    rt_dataset_close(&d);
}

static void plain_and_packed_files_give_the_bytes_written(void)
{
    is_what_was_written("x", "y");
    is_what_was_written("x.gz", "y.gz");
    is_what_was_written("x", "y.gz");
}

static void packed_in_two_members_is_read(void)
{
    unlink("two.gz");
    put_gzip("two.gz", "wb", images, 333);
    put_gzip("two.gz", "ab", images + 333, IMAGES - 333);
    is_what_was_written("two.gz", "y");
}

static void every_length_of_a_cut_file_is_refused(void)
{
    char text[128];
    for (size_t n = 0; n < IMAGES; n++) {
        put_file("cut", images, n);
        snprintf(text, sizeof text, "byte %zu", n);
        refused("cut", "y", RT_ERROR_INPUT, text);
    }
    for (size_t n = 0; n < LABELS; n++) {
        put_file("cut", labels, n);
        snprintf(text, sizeof text, n < 8 ? "cut: ends at byte %zu," : "cut: byte %zu: the file ends here; its header says 20 labels, 28 bytes", n);
        refused("x", "cut", RT_ERROR_INPUT, text);
    }
}

static size_t read_file(const char *path, uint8_t *b, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = fread(b, 1, room, f);
    fclose(f);
    return n;
}

static void every_length_of_a_cut_packed_file_is_refused(void)
{
    uint8_t packed[4096];
    char text[128];
    size_t n = read_file("x.gz", packed, sizeof packed);
    for (size_t i = 0; i < n; i++) { /* one byte does not say that it is gzip */
        put_file("cut.gz", packed, i);
        snprintf(text, sizeof text, i < 2 ? "cut.gz: ends at byte %zu," : "cut.gz: byte %zu: the gzip file ends within its data", i);
        refused("cut.gz", "y", RT_ERROR_INPUT, text);
    }
}

/* A flipped bit leads to an error, or to the same bytes (of the header of gzip that nobody needs). */
static void every_flipped_bit_of_a_packed_file_is_seen(void)
{
    uint8_t packed[4096];
    size_t n = read_file("x.gz", packed, sizeof packed), same = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        RtDataset d;
        RtError err;
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put_file("bit.gz", packed, n);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (open_files("bit.gz", "y", &d, &err) != RT_OK) {
            CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "bit.gz: "));
            continue;
        }
        CU_ASSERT_EQUAL(memcmp(d.pixels, images + 16, N * H * W), 0);
        rt_dataset_close(&d);
        same++;
    }
    CU_ASSERT(same < 8 * 10);
}

static void more_bytes_than_the_header_says_are_refused(void)
{
    uint8_t longer[IMAGES + 1] = { 0 };
    memcpy(longer, images, IMAGES);
    put_file("long", longer, IMAGES + 1);
    put_gzip("long.gz", "wb", longer, IMAGES + 1);
    refused("long", "y", RT_ERROR_INPUT, "long: byte 716: the file goes on here; its header says 20 pictures of 5 x 7, 716 bytes in all");
    refused("long.gz", "y", RT_ERROR_INPUT, "long.gz: byte 716: the file goes on (unpacked) here");
}

/* Writes the images with another number at byte `at`, plain and packed; both must be refused. */
static void changed(size_t at, uint32_t value, const char *text)
{
    uint8_t b[IMAGES];
    memcpy(b, images, sizeof b);
    put_u32(b + at, value);
    put_file("changed", b, sizeof b);
    put_gzip("changed.gz", "wb", b, sizeof b);
    refused("changed", "y", RT_ERROR_INPUT, text);
    refused("changed.gz", "y", RT_ERROR_INPUT, "changed.gz: byte ");
}

static void wrong_numbers_in_the_header_are_refused(void)
{
    changed(0, 0x03080000, "changed: byte 0: the file begins with 0x03080000; an idx file of pictures begins with 0x00000803");
    changed(0, 0x12340803, "begins with 0x12340803");
    changed(0, 0x00000802, "begins with 0x00000802");
    changed(0, 0x00000d03, "begins with 0x00000d03");
    changed(4, 0, "changed: byte 4: 0 pictures");
    changed(4, N + 1, "changed: byte 716: the file ends here; its header says 21 pictures");
    changed(4, N - 1, "changed: byte 681: the file goes on here");
    changed(4, 0xffffffff, "changed: byte 4: 4294967295 pictures");
    changed(8, 0, "changed: byte 8: 0 rows");
    changed(8, 0xffffffff, "changed: byte 8: 4294967295 rows");
    changed(12, 0, "changed: byte 12: 0 columns");
    changed(12, 8193, "changed: byte 12: 8193 columns");
}

static void files_that_do_not_belong_together_are_refused(void)
{
    uint8_t b[8 + N + 1];
    refused("y", "x", RT_ERROR_INPUT, "y: byte 0: 0x00000801 begins a file of labels, one of pictures (0x00000803) was expected");
    put_file("more", b, idx_labels(b, N + 1, CLASSES));
    refused("x", "more", RT_ERROR_INPUT, "more: byte 4: 21 labels, but x has 20 pictures (byte 4)");
    put_file("zeros", b, idx_labels(b, N, 1));
    refused("x", "zeros", RT_ERROR_INPUT, "zeros: every label from byte 8 on is 0");
}

static void what_is_no_file_is_refused(void)
{
    refused("nowhere", "y", RT_ERROR_FILE, "nowhere: cannot read: No such file");
    refused(".", "y", RT_ERROR_FILE, "cannot read");
    mkfifo("pipe", 0600);
    refused("pipe", "y", RT_ERROR_FILE, "not a regular file");
}

/* In 1 GiB of address space, headers that promise 35 GiB must not be believed. */
static void a_header_that_promises_too_much_is_refused_before_memory_is_asked_for(void)
{
    struct rlimit before, limit;
    getrlimit(RLIMIT_AS, &before);
    limit = before;
    limit.rlim_cur = 1 << 30;
    if (getenv("ASAN_OPTIONS") == NULL)
        setrlimit(RLIMIT_AS, &limit);
    changed(4, 1 << 30, "byte 716: the file ends here");
    refused("changed.gz", "y", RT_ERROR_INPUT, "bytes of gzip cannot hold them");
    setrlimit(RLIMIT_AS, &before);
}

/* Opens a folder that has one file for each of the classes. */
static RtDataset folder(const char *dir, const char *const *classes)
{
    char path[64];
    RtDataset d;
    RtError err;
    RtSource source = { RT_SOURCE_FOLDER, dir, NULL };
    mkdir(dir, 0700);
    for (; *classes; classes++) {
        snprintf(path, sizeof path, "%s/%s", dir, *classes);
        mkdir(path, 0700);
        snprintf(path, sizeof path, "%s/%s/a.png", dir, *classes);
        put_file(path, "", 0);
    }
    CU_ASSERT_EQUAL_FATAL(rt_dataset_open(&source, &d, &err), RT_OK);
    return d;
}

static void validation_is_numbered_by_the_names_of_training(void)
{
    RtDataset train = folder("train", (const char *const[]){ "bee", "cat", "dog", "eel", NULL });
    RtDataset valid = folder("valid", (const char *const[]){ "cat", "eel", NULL }), other = folder("other", (const char *const[]){ "bee", "fox", NULL });
    RtError err;
    CU_ASSERT(valid.labels[0] == 0 && valid.labels[1] == 1);
    CU_ASSERT_EQUAL(rt_dataset_number_as(&valid, &train, &err), RT_OK);
    CU_ASSERT(valid.labels[0] == 1 && valid.labels[1] == 3 && valid.n_classes == 4);
    CU_ASSERT_STRING_EQUAL(valid.classes[3], "eel");
    CU_ASSERT_EQUAL(rt_dataset_number_as(&other, &train, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "other/fox/a.png: its class 'fox' is not among the 4 classes of the training pictures ('bee' to 'eel')"));
    rt_dataset_close(&train);
    rt_dataset_close(&valid);
    rt_dataset_close(&other);
}

static const Test tests[] = {
    { "plain and packed files give the bytes written", plain_and_packed_files_give_the_bytes_written },
    { "packed in two members is read", packed_in_two_members_is_read },
    { "every length of a cut file is refused", every_length_of_a_cut_file_is_refused },
    { "every length of a cut packed file is refused", every_length_of_a_cut_packed_file_is_refused },
    { "every flipped bit of a packed file is seen", every_flipped_bit_of_a_packed_file_is_seen },
    { "more bytes than the header says are refused", more_bytes_than_the_header_says_are_refused },
    { "wrong numbers in the header are refused", wrong_numbers_in_the_header_are_refused },
    { "files that do not belong together are refused", files_that_do_not_belong_together_are_refused },
    { "validation is numbered by the names of training", validation_is_numbered_by_the_names_of_training },
    { "what is no file is refused", what_is_no_file_is_refused },
    { "a header that promises too much is refused before memory is asked for",
      a_header_that_promises_too_much_is_refused_before_memory_is_asked_for },
};

static void write_files(void)
{
    put_file("x", images, idx_images(images, N, H, W));
    put_file("y", labels, idx_labels(labels, N, CLASSES));
    put_gzip("x.gz", "wb9", images, IMAGES);
    put_gzip("y.gz", "wb9", labels, LABELS);
}

int main(void)
{
    char dir[] = "/tmp/test_data_XXXXXX", remove[64];
    if (!mkdtemp(dir) || chdir(dir) != 0)
        return 2;
    write_files();
    alarm(60); /* what hangs is a failure */
    int failed = run_tests("data", tests, sizeof tests / sizeof *tests);
    snprintf(remove, sizeof remove, "rm -rf %s", dir);
    return system(remove) != 0 || failed ? 1 : 0;
}

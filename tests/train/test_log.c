/* test_log.c - what a training run writes and shows: checksums against known answers, texts letter by letter.
 * Whether TensorBoard reads the files: tests/peers/events_peers.py. */
#include "../../formats/crc32c.h"
#include "../../formats/histogram.h"
#include "../../runtime/train/progress.h"
#include "../../runtime/train/runlog.h"
#include "expect.h"
#include <float.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/test_log.XXXXXX";

static const char *in_directory(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

/* The file, closed by NUL, to be freed; null when there is none. */
static char *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *bytes = f ? calloc(1, 1 << 20) : NULL;
    size_t n = bytes ? fread(bytes, 1, (1 << 20) - 1, f) : 0;
    if (f)
        fclose(f);
    if (size)
        *size = n;
    return bytes;
}

static void expect_file(const char *name, const char *want)
{
    char *got = read_file(in_directory(name), NULL);
    expect_text(got, want);
    free(got);
}

/* ---- Checksums ---- */

static void crc32c_gives_the_known_answers(void) /* RFC 3720, B.4; TensorBoard's pywrap_tensorflow_test, masked */
{
    uint8_t bytes[32] = { 0 };
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    CU_ASSERT_EQUAL(crc32c(bytes, 32), 0x46dd794e);
    CU_ASSERT_EQUAL(crc32c("123456789", 9), 0xe3069283);
    CU_ASSERT_EQUAL(crc32c("", 0), 0);
    CU_ASSERT_EQUAL(crc32c_masked("\x1a\x11" "CRC test, one two", 19), 0x5794d08a);
}

/* ---- Histograms ---- */

static double held(const Histogram *h)
{
    double sum = 0;
    for (int i = 0; i < h->n_buckets; i++)
        sum += h->count[i];
    return sum;
}

static void histogram_counts_below_limits(void)
{
    Histogram h;
    histogram_of((const float[]){ 0, 0, 1, -1, NAN, INFINITY }, 6, &h);
    CU_ASSERT(h.n == 4 && h.min == -1 && h.max == 1 && h.sum == 0 && h.sum_squares == 2);
    CU_ASSERT_EQUAL(h.n_buckets, 5); /* [..-1..), empty, [0, 1e-12), empty, [..1..) */
    static const double count[] = { 1, 0, 2, 0, 1 };
    CU_ASSERT_EQUAL(memcmp(h.count, count, sizeof count), 0);
    CU_ASSERT(h.limit[0] > -1 && h.limit[0] < -0.9 && h.limit[1] == 0 && h.limit[2] == 1e-12);
    CU_ASSERT(h.limit[3] <= 1 && h.limit[4] > 1 && fabs(h.limit[4] / h.limit[3] - 1.1) < 1e-12);
}

static void histogram_joins_what_is_too_fine(void)
{
    static float x[60000];
    Histogram h;
    for (int i = 0; i < 60000; i++)
        x[i] = (float)(pow(10, i % 3000 / 100.0 - 12) * (i % 2 ? -1 : 1));
    histogram_of(x, 60000, &h);
    CU_ASSERT(h.n_buckets > HISTOGRAM_MOST / 4 && h.n_buckets <= HISTOGRAM_MOST);
    CU_ASSERT_EQUAL(held(&h), 60000);
    double below = 0;
    for (int i = 0; i < 60000; i++)
        below += (double)x[i] < h.limit[h.n_buckets / 3];
    double counted = 0;
    for (int i = 0; i <= h.n_buckets / 3; i++)
        counted += h.count[i];
    CU_ASSERT_EQUAL(below, counted);
}

static void histogram_of_extremes_is_finite(void)
{
    Histogram h;
    histogram_of((const float[]){ FLT_MAX, -FLT_MAX }, 2, &h);
    CU_ASSERT(held(&h) == 2 && h.limit[h.n_buckets - 1] < 1e39);
    CU_ASSERT(h.limit[h.n_buckets - 1] > (double)FLT_MAX);
    histogram_of(NULL, 0, &h);
    CU_ASSERT(h.n == 0 && h.n_buckets == 0 && h.min == 0 && h.max == 0);
}

/* ---- Event files ---- */

/* Walks the frames and checks both sums; the number of records, -1 when something is wrong.  *last is the last one. */
static int count_records(const uint8_t *bytes, size_t size, const uint8_t **last)
{
    int n = 0;
    *last = bytes;
    for (size_t at = 0; at < size; n++) {
        uint64_t length;
        uint32_t head, tail;
        if (size - at < 16)
            return -1;
        memcpy(&length, bytes + at, 8);
        memcpy(&head, bytes + at + 8, 4);
        if (length > size - at - 16)
            return -1;
        memcpy(&tail, bytes + at + 12 + length, 4);
        if (head != crc32c_masked(bytes + at, 8) || tail != crc32c_masked(bytes + at + 12, length))
            return -1;
        *last = bytes + at + 12;
        at += 16 + length;
    }
    return n;
}

static void event_file_holds_framed_records(void)
{
    RtError err;
    Events e;
    const uint8_t *last;
    size_t size;
    CU_ASSERT_EQUAL(events_open(&e, directory, &err), RT_OK);
    char *path = strdup(e.file.path);
    CU_ASSERT_EQUAL(events_scalar(&e, 300, "loss", 0.5, &err), RT_OK);
    char *bytes = read_file(path, &size);
    CU_ASSERT_EQUAL(count_records((uint8_t *)bytes, size, &last), 1); /* the other one waits */
    CU_ASSERT(memcmp(last + 9, "\x10\x00\x1a\x0d" "brain.Event:2", 17) == 0);
    free(bytes);
    CU_ASSERT_EQUAL(events_close(&e, &err), RT_OK);
    bytes = read_file(path, &size);
    CU_ASSERT_EQUAL(count_records((uint8_t *)bytes, size, &last), 2);
    CU_ASSERT(memcmp(last + 9, "\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", 18) == 0);
    free(bytes);
    unlink(path);
    free(path);
}

static void later_event_files_have_later_names(void)
{
    RtError err;
    Events e;
    char old[4096];
    snprintf(old, sizeof old, "%s", in_directory("events.out.tfevents.4000000000.host.1.0"));
    fclose(fopen(old, "w"));
    CU_ASSERT_EQUAL(events_open(&e, directory, &err), RT_OK);
    CU_ASSERT(strstr(e.file.path, "/events.out.tfevents.4000000001.") != NULL);
    unlink(e.file.path);
    events_close(&e, NULL);
    unlink(old);
}

/* In a file that may grow to 5000 bytes: an error, once, and whole records. */
static void full_disk_is_said_once(void)
{
    RtError err;
    Events e;
    const uint8_t *last;
    size_t size;
    struct rlimit limit, small;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = (struct rlimit){ 5000, limit.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL(events_open(&e, directory, &err), RT_OK);
    char *path = strdup(e.file.path);
    setrlimit(RLIMIT_FSIZE, &small);
    int errors = 0;
    for (int i = 0; i < 400; i++) {
        CU_ASSERT_EQUAL(events_scalar(&e, i, "loss", i, &err), RT_OK);
        if (events_flush(&e, &err)) {
            errors++;
            CU_ASSERT(strstr(err.message, path) && strstr(err.message, "cannot write: File too large; nothing more is written to it"));
        }
    }
    setrlimit(RLIMIT_FSIZE, &limit);
    CU_ASSERT_EQUAL(errors, 1);
    CU_ASSERT_EQUAL(events_sync(&e, &err), RT_OK);
    CU_ASSERT_EQUAL(events_close(&e, &err), RT_OK);
    char *bytes = read_file(path, &size);
    CU_ASSERT(size > 4900 && size <= 5000);
    CU_ASSERT(count_records((uint8_t *)bytes, size, &last) > 80);
    free(bytes);
    unlink(path);
    free(path);
}

/* ---- Progress ---- */

static void expect_line(ProgressView v, const char *want)
{
    char line[512];
    progress_format(&v, line, sizeof line);
    expect_text(line, want);
}

static ProgressView view(int width, bool blocks)
{
    return (ProgressView){ "Epoch 3/10", 131, 313, 58.2, 80.9, 143.4, "loss=0.213, acc=0.914", width, blocks };
}

static void bar_fills_the_width(void)
{
    expect_line(view(84, false), "Epoch 3/10:  41%|####      | 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]");
    expect_line(view(84, true),
                "Epoch 3/10:  41%|\u2588\u2588\u2588\u2588\u258f     | 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]");
    expect_line(view(78, false), "Epoch 3/10:  41%|#   | 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]");
    expect_line(view(77, false), "Epoch 3/10:  41% 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]");
    expect_line(view(30, false), "Epoch 3/10:  41% 131/313 [00:5");
    expect_line(view(0, false), "Epoch 3/10:  41% 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]");
}

static void bar_at_its_ends(void)
{
    expect_line((ProgressView){ "E", 0, 8, 0, -1, -1, NULL, 42, true }, "E:   0%|          | 0/8 [00:00<?, ? img/s]");
    expect_line((ProgressView){ "E", 8, 8, 3661, 0, 2.345, "", 48, true },
                "E: 100%|\u2588\u2588\u2588\u2588\u2588\u2588\u2588| 8/8 [1:01:01<00:00, 2.35 img/s]");
    expect_line((ProgressView){ "E", 0, 0, 0, -1, -1, NULL, 0, false }, "E:   0% 0/0 [00:00<?, ? img/s]");
}

static double now_s;
static double fake_clock(void) { return now_s; }

static Progress begin(FILE *f, bool terminal, int64_t total, int every)
{
    Progress p;
    progress_begin(&p, f, "E", total, every);
    p.clock_s = fake_clock;
    p.begun_s = p.drawn_s = now_s = 0;
    p.terminal = terminal;
    p.blocks = false;
    return p;
}

static void no_terminal_gets_plain_lines(void)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    Progress p = begin(f, false, 6, 2);
    for (int i = 1; i <= 6; i++) {
        now_s = i;
        progress_step(&p, 8, "loss=1");
    }
    progress_end(&p, "loss=2");
    fclose(f);
    expect_text(text, "E:  33% 2/6 [00:02<00:04, 8.00 img/s, loss=1]\n"
                      "E:  66% 4/6 [00:04<00:02, 8.00 img/s, loss=1]\n"
                      "E: 100% 6/6 [00:06<00:00, 8.00 img/s, loss=2]\n");
    free(text);
}

static void terminal_is_drawn_on_each_100_ms(void)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    setenv("COLUMNS", "46", 1);
    Progress p = begin(f, true, 100, 1);
    for (int i = 1; i <= 5; i++) {
        now_s = 0.0625 * i;
        progress_step(&p, 4, NULL);
    }
    progress_wipe(&p);
    progress_wipe(&p);
    progress_end(&p, NULL);
    fclose(f);
    expect_text(text, "\rE:   2%|       | 2/100 [00:00<00:06, 64 img/s]\x1b[K"
                      "\rE:   4%|       | 4/100 [00:00<00:06, 64 img/s]\x1b[K"
                      "\r\x1b[K"
                      "\rE:   5%|       | 5/100 [00:00<00:00, 64 img/s]\x1b[K\n");
    free(text);
}

static void time_left_follows_the_last_intervals(void)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    Progress p = begin(f, false, 102, 1);
    now_s = 1;
    progress_step(&p, 1, NULL); /* 1 step in 1 s */
    now_s = 11;
    progress_step(&p, 1, NULL); /* 1 in 10 s: seconds 0.7 * 0.3 * 1 + 0.3 * 10 = 3.21, steps 0.7 * 0.3 + 0.3 = 0.51 */
    fclose(f);
    expect_text(text, "E:   0% 1/102 [00:01<01:41, 1.00 img/s]\nE:   1% 2/102 [00:11<10:29, 0.16 img/s]\n");
    free(text);
}

/* ---- The folder of a run ---- */

static const char *const names[] = { "cat", "d\xc3\xb6g", "a \"fox\", red" };

static void run_has_its_files(void)
{
    RtError err;
    Runlog r;
    CU_ASSERT_EQUAL(runlog_create(&r, in_directory("runs"), "a", false, &err), RT_OK);
    const EventsParam args[] = { { "opt", EVENTS_TEXT, "s\"gd", 0, 0 }, { "lr", EVENTS_NUMBER, NULL, 0.1, 0 },
                                 { "seed", EVENTS_INTEGER, NULL, 0, INT64_MAX }, { "ema", EVENTS_BOOL, NULL, 0, 0 } };
    CU_ASSERT_EQUAL(runlog_args(&r, args, 4, &err), RT_OK);
    CU_ASSERT_EQUAL(runlog_class_names(&r, names, 2, &err), RT_OK);
    CU_ASSERT_EQUAL(runlog_netdef(&r, (const char *const[]){ "net a\n", "# no end" }, 2, &err), RT_OK);
    CU_ASSERT_EQUAL(runlog_bad_images(&r, names + 2, 1, &err), RT_OK);
    CU_ASSERT_EQUAL(runlog_close(&r, true, &err), RT_OK);
    expect_file("runs/a/args.json",
                "{\n  \"opt\": \"s\\\"gd\",\n  \"lr\": 0.10000000000000001,\n  \"seed\": 9223372036854775807,\n"
                "  \"ema\": false\n}\n");
    expect_file("runs/a/class_names.txt", "cat\nd\xc3\xb6g\n");
    expect_file("runs/a/netdef.net", "net a\n# no end");
    expect_file("runs/a/bad_images.txt", "a \"fox\", red\n");
    expect_file("runs/a/log.csv", "");
}

static void root_is_made_with_all_its_folders(void)
{
    RtError err;
    Runlog r;
    CU_ASSERT_EQUAL(runlog_create(&r, in_directory("deep/er/runs/"), "a", false, &err), RT_OK);
    CU_ASSERT_EQUAL(runlog_close(&r, false, &err), RT_OK);
    expect_file("deep/er/runs/a/log.csv", "");
    fclose(fopen(in_directory("deep/file"), "w"));
    CU_ASSERT_EQUAL(runlog_create(&r, in_directory("deep/file/runs"), "a", false, &err), RT_ERROR_FILE);
    CU_ASSERT(strstr(err.message, "deep/file/runs: cannot make this folder: Not a directory") != NULL);
}

static void existing_run_is_not_written_over(void)
{
    RtError err = { 0 };
    Runlog r;
    CU_ASSERT_EQUAL(runlog_create(&r, in_directory("runs"), "b", true, &err), RT_OK);
    runlog_close(&r, false, NULL);
    CU_ASSERT_EQUAL(runlog_create(&r, in_directory("runs"), "b", false, &err), RT_ERROR_USAGE);
    static const char want_message[] = "/runs/b: there is such a run already; go on with it by --resume, or name another by --experiment";
    CU_ASSERT(strstr(err.message, want_message) != NULL);
    CU_ASSERT_PTR_NULL(r.folder);
    for (int k = 2; k <= 3; k++) {
        char want[32];
        CU_ASSERT_EQUAL(runlog_create(&r, in_directory("runs"), "b", true, &err), RT_OK);
        snprintf(want, sizeof want, "/runs/b-%d", k);
        CU_ASSERT(r.folder && strcmp(r.folder + strlen(directory), want) == 0);
        runlog_close(&r, false, NULL);
    }
    CU_ASSERT_EQUAL(runlog_resume(&r, in_directory("runs/none"), 0, 0, &err), RT_ERROR_FILE);
}

static RtStatus log_epoch(Runlog *r, int epoch, double loss, double accuracy, RtError *err)
{
    const RunlogValue v[] = { { RUNLOG_TRAIN, "loss/aux", loss },
                              { RUNLOG_VALIDATION, "accuracy", accuracy },
                              { RUNLOG_SETTING, "lr", 0.5 } };
    RtStatus status = runlog_step(r, epoch, 10 * epoch, v, 1, err);
    return status ? status : runlog_epoch(r, epoch, 10 * epoch, v, 3, err);
}

/* The objects without their times. */
static void expect_steps(const char *name, const char *want)
{
    char *text = read_file(in_directory(name), NULL);
    for (char *c = text; c && (c = strstr(c, ", \"time\": "));) {
        char *end = strchr(c + 2, ',');
        memmove(c, end, strlen(end) + 1);
    }
    expect_text(text, want);
    free(text);
}

static void resumed_run_goes_on_behind_what_it_kept(void)
{
    RtError err;
    Runlog r;
    runlog_create(&r, in_directory("runs"), "c", false, &err);
    for (int epoch = 1; epoch <= 3; epoch++)
        CU_ASSERT_EQUAL(log_epoch(&r, epoch, epoch + 0.25, epoch == 2 ? NAN : 0.5, &err), RT_OK);
    runlog_close(&r, false, NULL);
    expect_file("runs/c/log.csv", "epoch,step,train_loss_aux,validation_accuracy,lr\n"
                                  "1,10,1.25,0.5,0.5\n2,20,2.25,,0.5\n3,30,3.25,0.5,0.5\n");
    FILE *f = fopen(in_directory("runs/c/metrics.jsonl"), "a");
    fputs("{\"step\": 2", f); /* cut by a crash */
    fclose(f);
    CU_ASSERT_EQUAL(runlog_resume(&r, in_directory("runs/c"), 2, 20, &err), RT_OK);
    CU_ASSERT_EQUAL(log_epoch(&r, 3, 9, 0.75, &err), RT_OK);
    const RunlogValue other = { RUNLOG_TRAIN, "other", 1 };
    CU_ASSERT_EQUAL(runlog_epoch(&r, 4, 40, &other, 1, &err), RT_ERROR_INTERNAL);
    CU_ASSERT_EQUAL(runlog_close(&r, true, &err), RT_OK);
    expect_file("runs/c/log.csv", "epoch,step,train_loss_aux,validation_accuracy,lr\n"
                                  "1,10,1.25,0.5,0.5\n2,20,2.25,,0.5\n3,30,9,0.75,0.5\n");
    expect_steps("runs/c/metrics.jsonl", "{\"step\": 10, \"epoch\": 1, \"train_loss_aux\": 1.25}\n"
                                         "{\"step\": 20, \"epoch\": 2, \"train_loss_aux\": 2.25}\n"
                                         "{\"step\": 30, \"epoch\": 3, \"train_loss_aux\": 9}\n");
}

static void default_name_is_time_and_network(void)
{
    char name[64];
    setenv("TZ", "UTC", 1);
    tzset();
    runlog_default_name("inception_v3", 1763993523, name, sizeof name);
    expect_text(name, "20251124-141203-inception_v3");
}

/* ---- All ---- */

static const Test tests[] = {
    TEST(crc32c_gives_the_known_answers),
    TEST(histogram_counts_below_limits),
    TEST(histogram_joins_what_is_too_fine),
    TEST(histogram_of_extremes_is_finite),
    TEST(event_file_holds_framed_records),
    TEST(later_event_files_have_later_names),
    TEST(full_disk_is_said_once),
    TEST(bar_fills_the_width),
    TEST(bar_at_its_ends),
    TEST(no_terminal_gets_plain_lines),
    TEST(terminal_is_drawn_on_each_100_ms),
    TEST(time_left_follows_the_last_intervals),
    TEST(run_has_its_files),
    TEST(root_is_made_with_all_its_folders),
    TEST(existing_run_is_not_written_over),
    TEST(resumed_run_goes_on_behind_what_it_kept),
    TEST(default_name_is_time_and_network),
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

int main(void)
{
    if (!mkdtemp(directory))
        return 1;
    int failed = run_tests("log", tests, sizeof tests / sizeof tests[0]);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}

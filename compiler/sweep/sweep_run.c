/* Rows that are compiled: timed, or trained. */
#include "sweep.h"
#include "../folder.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, SAID = 4096, MOST_PROGRAMS = 4096 };

typedef struct Runs {
    Sweep *s;
    Folder folder;
    char *said; /* file of what the program prints */
    char **programs;
} Runs;

static void tell(const Sweep *s, int row, const char *what)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%d/%d %s: %s", row + 1, s->n_rows, sweep_name(s, &s->rows[row], ' '), what);
}

static void tell_end(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
}

/* The beginning of the file's text, or its end. */
static const char *read_said(const Runs *r, bool end)
{
    char *text = arena_alloc(r->s->a, SAID + 1);
    FILE *f = fopen(r->said, "rb");
    if (!f)
        return text;
    if (!end || fseek(f, -SAID, SEEK_END) != 0)
        rewind(f);
    size_t n = fread(text, 1, SAID, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

static int run(const Runs *r, const SweepRow *row, char *const *argv, const char *doing)
{
    int code = driver_run_into(r->s->o, argv, r->said);
    if (!code)
        return EXIT_OK;
    if (code == DRIVER_NOT_RUN)
        return EXIT_FILE;
    const char *said = read_said(r, true);
    tell_end();
    diag_error((Loc){ 0 }, "%s %s ended with %d", doing, sweep_name(r->s, row, ' '), code);
    diag_note((Loc){ 0 }, "it said: %s", *said ? said : "nothing");
    return code == EXIT_INPUT ? EXIT_INPUT : EXIT_FILE;
}

static int build_all(Runs *r, bool train)
{
    Sweep *s = r->s;
    RtError err = { 0 };
    if (s->n_rows > MOST_PROGRAMS) {
        diag_error((Loc){ 0 }, "a sweep that compiles has at most %d combinations, not %d", MOST_PROGRAMS, s->n_rows);
        return EXIT_USAGE;
    }
    if (folder_open(&r->folder, s->a, "sweep", &err))
        return driver_fail(&err);
    r->said = folder_file(&r->folder, s->a, "said");
    r->programs = ARENA_ARRAY(s->a, s->n_rows, char *);
    for (int i = 0; i < s->n_rows; i++) {
        Options o = sweep_options(s, &s->rows[i]);
        Arena *a = arena_new();
        o.train = train;
        r->programs[i] = folder_file(&r->folder, s->a, arena_printf(s->a, "net%d", i));
        tell(s, i, "compiling");
        int code = driver_build(&o, a, o.target && target_find(o.target) ? o.target : "native", r->programs[i]);
        if (code) {
            tell_end();
            diag_note((Loc){ 0 }, "in the combination %s", sweep_name(s, &s->rows[i], ' '));
            return code;
        }
        diag_forget_files();
        arena_release(a);
    }
    return EXIT_OK;
}

/* ---- Timing ---- */

static int measure(Runs *r, int i)
{
    SweepRow *row = &r->s->rows[i];
    const Options *o = r->s->o;
    char *threads = arena_printf(r->s->a, "%d", o->threads);
    char *argv[] = { r->programs[i], "bench", "--seed", "1", "--json", "--seconds", "0.5", o->threads ? "--threads" : NULL, threads, NULL };
    static const char key[] = "\"median_seconds\": ";
    tell(r->s, i, "timing");
    int code = run(r, row, argv, "timing");
    if (code)
        return code;
    const char *at = strstr(read_said(r, false), key);
    double ms = at ? 1e3 * strtod(at + sizeof key - 1, NULL) : 0;
    CHECK(ms > 0);
    if (row->measured_ms == 0 || ms < row->measured_ms) /* what disturbs a round adds to it */
        row->measured_ms = ms;
    return EXIT_OK;
}

/* The programs take turns, so that a disturbance does not fall on one of them. */
int sweep_measure(Sweep *s)
{
    Runs r = { .s = s };
    int code = build_all(&r, false);
    for (int i = 0; i < ROUNDS * s->n_rows && !code; i++)
        code = measure(&r, i % s->n_rows);
    tell_end();
    folder_remove(&r.folder);
    return code;
}

/* ---- Training ---- */

/* Field `name` of the last line of a CSV text with a head; NaN when it is empty or not there. */
static double last_value(char *text, const char *name)
{
    char *head = strtok(text, "\n"), *line = NULL;
    for (char *l = strtok(NULL, "\n"); l; l = strtok(NULL, "\n"))
        line = l;
    for (size_t n = strlen(name); head && line; head++, line++) {
        if (strncmp(head, name, n) == 0 && (head[n] == ',' || head[n] == '\0')) {
            char *end;
            double v = strtod(line, &end);
            return end == line ? NAN : v;
        }
        head = strchr(head, ',');
        line = strchr(line, ',');
        if (!head || !line)
            break;
    }
    return NAN;
}

static bool read_log(const Runs *r, const char *path, SweepRow *row)
{
    char text[SAID];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (!f || !n) {
        diag_error((Loc){ 0 }, "cannot read '%s': %s", path, f ? "it is empty" : strerror(errno));
        if (f)
            fclose(f);
        return false;
    }
    fclose(f);
    text[n] = '\0';
    row->train_loss = last_value(arena_strdup(r->s->a, text), "train_loss");
    row->validation_loss = last_value(arena_strdup(r->s->a, text), "validation_loss");
    row->validation_accuracy = last_value(arena_strdup(r->s->a, text), "validation_accuracy");
    return true;
}

/* Every run stays in runs/sweep-.../NAMES: TensorBoard shows them side by side. */
static int train(Runs *r, int i, char *folder)
{
    Sweep *s = r->s;
    SweepRow *row = &s->rows[i];
    const Options *o = s->o;
    char *name = arena_strdup(s->a, s->n_axes ? sweep_name(s, row, ',') : s->net), *threads = arena_printf(s->a, "%d", o->threads);
    char *argv[] = { r->programs[i], "train", "--epochs", "1", "--steps", arena_printf(s->a, "%d", o->train_steps), "--output", folder,
                     "--experiment", name, o->threads ? "--threads" : NULL, threads, NULL };
    tell(s, i, "training");
    int code = run(r, row, argv, "training");
    return code ? code : read_log(r, arena_printf(s->a, "%s/%s/log.csv", folder, name), row) ? EXIT_OK : EXIT_FILE;
}

int sweep_train(Sweep *s)
{
    Runs r = { .s = s };
    time_t now = time(NULL);
    struct tm at;
    char folder[64];
    strftime(folder, sizeof folder, "runs/sweep-%Y-%m-%d_%H%M%S", localtime_r(&now, &at));
    int code = build_all(&r, true);
    for (int i = 0; i < s->n_rows && !code; i++)
        code = train(&r, i, folder);
    tell_end();
    if (!code)
        fprintf(stderr, "the runs are in %s\n", folder);
    folder_remove(&r.folder);
    return code;
}

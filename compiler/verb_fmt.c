/* inceptc fmt: netdefs in the house form (fmt.h), in place. Nothing is written when one of them has an error. */
#include "driver.h"
#include "../formats/replace.h"
#include "fmt.h"
#include "fmt_annotate.h"
#include <string.h>

typedef struct Job {
    const char *path, *before, *after;
    size_t size, size_after;
} Job;

static bool changes(const Job *j) { return j->size_after != j->size || memcmp(j->after, j->before, j->size) != 0; }

/* -1 when the job is ready. */
static int prepare(const Options *o, Arena *a, Job *j)
{
    bool file_error = false;
    AstFile *f = net_load_ast(a, j->path, &file_error);
    if (!f)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    j->before = diag_file_text(f->file, &j->size);
    int file = o->annotate ? fmt_annotate(a, j->path, f, &o->net, &file_error) : f->file;
    if (file < 0)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    j->after = fmt_text(a, file, &j->size_after);
    return j->after ? -1 : EXIT_INPUT;
}

static int write_job(const Job *j, const char *path)
{
    Replace r;
    RtError err = { 0 };
    if (replace_begin(&r, path, &err) != RT_OK)
        return driver_fail(&err);
    fwrite(j->after, 1, j->size_after, r.file);
    return replace_commit(&r, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
}

/* Where a job's text goes: -o, else its own place. */
static int finish(const Options *o, const Job *j)
{
    const char *path = o->output ? o->output : j->path;
    if (o->check) {
        if (changes(j))
            printf("%s\n", j->path);
        return changes(j) ? EXIT_INPUT : EXIT_OK;
    }
    if (strcmp(path, "-") == 0) {
        fwrite(j->after, 1, j->size_after, stdout);
        return EXIT_OK;
    }
    return o->output || changes(j) ? write_job(j, path) : EXIT_OK;
}

int verb_fmt(const Options *o, Arena *a)
{
    int n = o->inputs.n, worst = EXIT_OK;
    Job *jobs = ARENA_ARRAY(a, n, Job);
    for (int i = 0; i < n; i++) {
        jobs[i].path = o->inputs.at[i];
        int code = prepare(o, a, &jobs[i]);
        worst = code > worst ? code : worst;
    }
    for (int i = 0, own = worst; i < n && !own; i++) {
        int code = finish(o, &jobs[i]);
        worst = code > worst ? code : worst;
    }
    return worst;
}

/* train_bad.c - bad_images.txt: every picture that was left out, whatever session of the run met it. */
#include "train.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void warn(const Trainer *t, const char *message)
{
    program_note(t->p, "%s; training goes on", message);
}

/* Takes line, which is null when memory ran out: then the list stays as it is. */
static void add(TrainerBad *b, char *line)
{
    char **more = line ? reallocarray(b->lines, b->n + 1, sizeof *more) : NULL;
    if (!more) {
        free(line);
        return;
    }
    b->lines = more;
    b->lines[b->n++] = line;
}

/* Ends with errno 0, or what went wrong. */
static void read_lines(TrainerBad *b, FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    errno = 0;
    for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
        line[n - (line[n - 1] == '\n')] = 0;
        add(b, strdup(line));
    }
    int why = ferror(f) ? errno : 0;
    free(line);
    errno = why;
}

/* Were it not read, the next list would be without what it says. */
RtStatus trainer_resume_bad(Trainer *t, RtError *err)
{
    char *path = path_in(t->folder, "bad_images.txt", err);
    FILE *f = path ? fopen(path, "r") : NULL;
    RtStatus status = path ? RT_OK : RT_ERROR_FILE;
    if (f)
        read_lines(&t->bad, f);
    if (path && errno && (f || errno != ENOENT))
        status = rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
    t->bad.resumed = t->bad.told = t->bad.n;
    if (f)
        fclose(f);
    free(path);
    return status;
}

static bool is_listed(const TrainerBad *b, const char *line)
{
    for (size_t i = 0; i < b->resumed; i++)
        if (strcmp(b->lines[i], line) == 0)
            return true;
    return false;
}

/* A line of its own whatever the file's name has in it. */
static char *line_of(const char *reason)
{
    char *line = strdup(reason);
    for (char *c = line; c && *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = '?';
    return line;
}

static void take(Trainer *t, int which, const RtLoader *loader)
{
    size_t n = 0;
    const RtBadSample *bad = loader ? rt_loader_bad(loader, &n) : NULL;
    for (size_t i = t->bad.taken[which]; i < n; i++) {
        char *line = line_of(bad[i].reason);
        if (line && is_listed(&t->bad, line))
            free(line);
        else
            add(&t->bad, line);
    }
    t->bad.taken[which] = n;
}

void trainer_write_bad(Trainer *t)
{
    RtError err;
    size_t before = t->bad.n;
    take(t, 0, t->loader);
    take(t, 1, t->valid);
    if (t->bad.n > before && runlog_bad_images(&t->log, (const char *const *)t->bad.lines, (int)t->bad.n, &err))
        warn(t, err.message);
}

void trainer_note_bad(Trainer *t)
{
    trainer_write_bad(t);
    if (t->bad.n > t->bad.told)
        program_note(t->p, "%zu picture%s could not be read and %s left out: %s/bad_images.txt", t->bad.n, t->bad.n > 1 ? "s" : "",
                     t->bad.n > 1 ? "were" : "was", t->folder);
    t->bad.told = t->bad.n;
}

void trainer_free_bad(Trainer *t)
{
    for (size_t i = 0; i < t->bad.n; i++)
        free(t->bad.lines[i]);
    free(t->bad.lines);
}

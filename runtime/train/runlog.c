/* runlog.c - the folder, its whole files, and one call for rows and events. */
#include "runlog.h"
#include "../../formats/json.h"
#include "../../formats/replace.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBER_MOST = 9999 };

void runlog_default_name(const char *network, time_t when, char *out, size_t room)
{
    struct tm tm;
    char text[32];
    localtime_r(&when, &tm);
    strftime(text, sizeof text, "%Y%m%d-%H%M%S", &tm);
    snprintf(out, room, "%s-%s", text, network);
}

/* Of several steps all are done; the first error is kept. */
static void keep_first(RtStatus *first, RtStatus s)
{
    if (!*first)
        *first = s;
}
static RtError *unless(RtStatus failed, RtError *err) { return failed ? NULL : err; }

/* ---- The folder ---- */

static RtStatus make_folder(const char *path, RtError *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return RT_OK;
    return rt_error(err, RT_ERROR_FILE, "%s: cannot make this folder: %s", path, strerror(errno));
}

/* path and the folders above it. */
static RtStatus make_folders(const char *path, RtError *err)
{
    char *part = strdup(path);
    for (char *c = part ? part + 1 : NULL; c && *c && (c = strchr(c, '/')); *c++ = '/') {
        *c = 0;
        make_folder(part, NULL); /* what it cannot make, the last one says */
    }
    free(part);
    return make_folder(path, err);
}

static char *numbered_name(const char *root, const char *name, int k)
{
    char *path;
    int n = k > 1 ? asprintf(&path, "%s/%s-%d", root, name, k) : asprintf(&path, "%s/%s", root, name);
    return n < 0 ? NULL : path;
}

/* A folder that was not there before: root/name, root/name-2 ... */
static RtStatus make_new(const char *root, const char *name, bool numbered, char **out, RtError *err)
{
    for (int k = 1; k <= (numbered ? NUMBER_MOST : 1); k++) {
        char *path = numbered_name(root, name, k);
        if (!path)
            return rt_error(err, RT_ERROR_FILE, "%s/%s: out of memory", root, name);
        if (mkdir(path, 0777) == 0) {
            *out = path;
            return RT_OK;
        }
        int why = errno;
        free(path);
        if (why != EEXIST)
            return rt_error(err, RT_ERROR_FILE, "%s/%s: cannot make this folder: %s", root, name, strerror(why));
    }
    return rt_error(err, RT_ERROR_USAGE, "%s/%s: there is such a run already; go on with it by --resume, or name another by --experiment",
                    root, name);
}

static RtStatus open_part(Events *e, const char *folder, const char *part, RtError *err)
{
    char *path = path_in(folder, part, err);
    RtStatus status = path ? make_folder(path, err) : RT_ERROR_FILE;
    if (!status)
        status = events_open(e, path, err);
    free(path);
    return status;
}

static RtStatus open_events(Runlog *r, RtError *err)
{
    RtStatus status = events_open(&r->run, r->folder, err);
    if (!status)
        status = open_part(&r->train, r->folder, "train", err);
    return status ? status : open_part(&r->validation, r->folder, "validation", err);
}

static const Runlog closed = {
    .table = { .csv = APPEND_CLOSED, .jsonl = APPEND_CLOSED }, .run = EVENTS_CLOSED, .train = EVENTS_CLOSED, .validation = EVENTS_CLOSED
};

static void release(Runlog *r)
{
    Events *const all[] = { &r->run, &r->train, &r->validation };
    for (int i = 0; i < 3; i++)
        events_close(all[i], NULL);
    table_close(&r->table);
    free(r->folder);
    *r = closed;
}

RtStatus runlog_create(Runlog *r, const char *root, const char *name, bool numbered, RtError *err)
{
    *r = closed;
    RtStatus status = make_folders(root, err);
    if (!status)
        status = make_new(root, name, numbered, &r->folder, err);
    if (!status)
        status = table_open(&r->table, r->folder, err);
    if (!status)
        status = open_events(r, err);
    if (status)
        release(r);
    return status;
}

/* Readers forget what stands at the step of this record and later: the first that is done again. */
static RtStatus start_session(Runlog *r, int64_t steps, RtError *err)
{
    RtStatus status = events_session_start(&r->train, steps + 1, err);
    return status ? status : events_session_start(&r->validation, steps + 1, err);
}

RtStatus runlog_resume(Runlog *r, const char *folder, int epochs, int64_t steps, RtError *err)
{
    struct stat st;
    *r = closed;
    bool there = stat(folder, &st) == 0;
    if (!there && errno != ENOENT)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", folder, strerror(errno));
    if (!there || !S_ISDIR(st.st_mode))
        return rt_error(err, RT_ERROR_FILE, "%s: no folder of a run to go on with; leave out --resume to begin a new one", folder);
    if (!(r->folder = strdup(folder)))
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory", folder);
    RtStatus status = table_resume(&r->table, folder, epochs, steps, err);
    if (!status)
        status = open_events(r, err);
    if (!status)
        status = start_session(r, steps, err);
    if (status)
        release(r);
    return status;
}

RtStatus runlog_sync(Runlog *r, RtError *err)
{
    RtStatus first = table_sync(&r->table, err);
    keep_first(&first, events_sync(&r->run, unless(first, err)));
    keep_first(&first, events_sync(&r->train, unless(first, err)));
    keep_first(&first, events_sync(&r->validation, unless(first, err)));
    return first;
}

RtStatus runlog_close(Runlog *r, bool finished, RtError *err)
{
    RtStatus first = finished ? events_hparams_end(&r->run, true, err) : RT_OK;
    keep_first(&first, runlog_sync(r, unless(first, err)));
    release(r);
    return first;
}

/* ---- Whole files ---- */

/* Begins to replace folder/name. */
static RtStatus begin_file(const Runlog *r, const char *name, Replace *out, RtError *err)
{
    char *path = path_in(r->folder, name, err);
    RtStatus status = path ? replace_begin(out, path, err) : RT_ERROR_FILE;
    free(path);
    return status;
}

static RtStatus write_texts(const Runlog *r, const char *name, const char *const *texts, const char *end, int n, RtError *err)
{
    Replace out;
    RtStatus status = begin_file(r, name, &out, err);
    if (status)
        return status;
    for (int i = 0; i < n; i++)
        fprintf(out.file, "%s%s", texts[i], end);
    return replace_commit(&out, err);
}

RtStatus runlog_netdef(const Runlog *r, const char *const *pieces, int n, RtError *err)
{
    return write_texts(r, "netdef.net", pieces, "", n, err);
}

RtStatus runlog_class_names(const Runlog *r, const char *const *names, int n, RtError *err)
{
    return write_texts(r, "class_names.txt", names, "\n", n, err);
}

RtStatus runlog_bad_images(const Runlog *r, const char *const *lines, int n, RtError *err)
{
    return write_texts(r, "bad_images.txt", lines, "\n", n, err);
}

/* ---- The confusion matrix ---- */

static RtStatus write_csv(const Runlog *r, const Metrics *m, const char *const *names, RtError *err)
{
    Replace out;
    RtStatus status = begin_file(r, "confusion.csv", &out, err);
    if (status)
        return status;
    metrics_write_csv(out.file, m, names);
    return replace_commit(&out, err);
}

static RtStatus write_bytes(const Runlog *r, const char *name, const uint8_t *bytes, size_t n, RtError *err)
{
    Replace out;
    RtStatus status = begin_file(r, name, &out, err);
    if (status)
        return status;
    fwrite(bytes, 1, n, out.file);
    return replace_commit(&out, err);
}

static RtStatus write_picture(Runlog *r, int64_t step, const RtImage *picture, RtError *err)
{
    uint8_t *png;
    size_t n;
    RtStatus status = rt_image_encode_png(picture, &png, &n, err);
    if (status)
        return status;
    status = write_bytes(r, "confusion.png", png, n, err);
    keep_first(&status, events_image(&r->validation, step, "confusion", picture->w, picture->h, png, n, unless(status, err)));
    free(png);
    return status;
}

RtStatus runlog_confusion(Runlog *r, int64_t step, const Metrics *m, const char *const *names, RtError *err)
{
    RtImage picture;
    RtStatus status = write_csv(r, m, names, err), drawn = metrics_draw(m, &picture, unless(status, err));
    keep_first(&status, drawn);
    if (!drawn) {
        keep_first(&status, write_picture(r, step, &picture, unless(status, err)));
        rt_image_free(&picture);
    }
    return status;
}

/* ---- Arguments ---- */

static void write_param(FILE *f, const EventsParam *p)
{
    json_write_string(f, p->name);
    fputs(": ", f);
    switch (p->kind) {
    case EVENTS_TEXT: json_write_string(f, p->text); break;
    case EVENTS_NUMBER: json_write_number(f, p->number, 17); break;
    case EVENTS_INTEGER: fprintf(f, "%" PRId64, p->integer); break;
    case EVENTS_BOOL: fputs(p->integer ? "true" : "false", f); break;
    }
}

RtStatus runlog_args(Runlog *r, const EventsParam *params, int n, RtError *err)
{
    Replace out;
    RtStatus status = begin_file(r, "args.json", &out, err);
    if (status)
        return status;
    fputc('{', out.file);
    for (int i = 0; i < n; i++) {
        fputs(i ? ",\n  " : "\n  ", out.file);
        write_param(out.file, &params[i]);
    }
    fputs("\n}\n", out.file);
    status = replace_commit(&out, err);
    keep_first(&status, events_hparams_start(&r->run, params, n, unless(status, err)));
    return status;
}

/* ---- Values ---- */

static RtStatus put_scalars(Runlog *r, const char *prefix, int64_t step, const RunlogValue *values, int n, RtError *err)
{
    Events *const to[] = { [RUNLOG_TRAIN] = &r->train, [RUNLOG_VALIDATION] = &r->validation, [RUNLOG_SETTING] = &r->train };
    RtStatus first = RT_OK;
    for (int i = 0; i < n; i++) {
        char tag[256];
        snprintf(tag, sizeof tag, "%s%s", prefix, values[i].tag);
        if (!isnan(values[i].value))
            keep_first(&first, events_scalar(to[values[i].part], step, tag, values[i].value, unless(first, err)));
    }
    return first;
}

RtStatus runlog_step(Runlog *r, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err)
{
    RtStatus first = table_step(&r->table, epoch, step, values, n, err);
    keep_first(&first, put_scalars(r, "", step, values, n, unless(first, err)));
    return first;
}

RtStatus runlog_epoch(Runlog *r, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err)
{
    RtStatus first = table_epoch(&r->table, epoch, step, values, n, err);
    keep_first(&first, put_scalars(r, "epoch_", step, values, n, unless(first, err)));
    return first;
}

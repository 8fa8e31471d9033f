/* events.c - the file: TFRecord frames around messages of tensorflow/core/util/event.proto. */
#include "events.h"
#include "crc32c.h"
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, WAIT_BYTES = 1 << 16, WAIT_S = 5 };
static const char prefix[] = "events.out.tfevents.";

double events_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Opening ---- */

/* Now, or one second after the latest event file of the folder. */
static long long next_time(const char *folder)
{
    long long next = (long long)events_now();
    DIR *dir = opendir(folder);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        if (strncmp(d->d_name, prefix, strlen(prefix)) != 0)
            continue;
        long long t = strtoll(d->d_name + strlen(prefix), NULL, 10);
        if (t >= next && t < 9999999999)
            next = t + 1;
    }
    if (dir)
        closedir(dir);
    return next;
}

static char *choose_path(const char *folder)
{
    static atomic_int count;
    char host[65] = "host", *path;
    gethostname(host, sizeof host - 1);
    for (char *c = host; *c; c++)
        if (*c == '/')
            *c = '_';
    int n = asprintf(&path, "%s/%s%010lld.%s.%ld.%d", folder, prefix, next_time(folder), host, (long)getpid(), atomic_fetch_add(&count, 1));
    return n < 0 ? NULL : path;
}

static RtStatus append_version(Events *e, RtError *err)
{
    Wire version = { 0 };
    wire_raw(&version, "brain.Event:2", 13);
    RtStatus status = events_append(e, 0, EVENT_FILE_VERSION, &version, err);
    wire_free(&version);
    return status ? status : events_flush(e, err);
}

RtStatus events_open(Events *e, const char *folder, RtError *err)
{
    *e = (Events)EVENTS_CLOSED;
    char *path = choose_path(folder);
    RtStatus status = path ? append_open(&e->file, path, true, err) : rt_error(err, RT_ERROR_FILE, "%s: out of memory", folder);
    free(path);
    return status ? status : append_version(e, err);
}

/* ---- Writing ---- */

RtStatus events_flush(Events *e, RtError *err)
{
    RtStatus status = append_bytes(&e->file, e->waiting.bytes, e->waiting.size, err);
    wire_clear(&e->waiting);
    e->flushed_s = events_now();
    return status;
}

RtStatus events_sync(Events *e, RtError *err)
{
    RtStatus status = events_flush(e, err);
    return status ? status : append_sync(&e->file, err);
}

RtStatus events_close(Events *e, RtError *err)
{
    RtStatus status = events_flush(e, err);
    append_close(&e->file);
    wire_free(&e->waiting);
    return status;
}

/* u64 length, its checksum, the bytes, theirs. */
static void frame(Wire *out, const Wire *event)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)event->size >> 8 * i);
    wire_raw(out, length, 8);
    wire_raw_le(out, crc32c_masked(length, 8), 4);
    wire_raw(out, event->bytes, event->size);
    wire_raw_le(out, crc32c_masked(event->bytes, event->size), 4);
}

RtStatus events_append(Events *e, int64_t step, int field, const Wire *m, RtError *err)
{
    if (e->file.fd < 0)
        return RT_OK;
    Wire event = { 0 };
    double now = events_now();
    wire_double(&event, EVENT_WALL_TIME, now);
    wire_int(&event, EVENT_STEP, step);
    wire_message(&event, field, m);
    if (!event.failed)
        frame(&e->waiting, &event);
    bool failed = event.failed || e->waiting.failed;
    wire_free(&event);
    if (failed)
        return append_give_up(&e->file, ENOMEM, err);
    return e->waiting.size >= WAIT_BYTES || now - e->flushed_s >= WAIT_S ? events_flush(e, err) : RT_OK;
}

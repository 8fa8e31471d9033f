/* runlog.h - what a training run leaves in its folder:
 *
 *     args.json         what it was told
 *     log.csv           a row for each epoch
 *     metrics.jsonl     an object for each step that was logged
 *     netdef.net        the text that the network was compiled from
 *     class_names.txt   a name a line, in the order of the outputs
 *     confusion.csv, confusion.png
 *     bad_images.txt    pictures that could not be read, and why
 *     events.*          HParams; train/events.*, validation/events.*: curves with equal tags, pictures, the graph
 *
 * Errors are RtStatus with a sentence.  What cannot be appended to a file that grows is an error once; then that file
 * stays as it is and the others go on. */
#ifndef INCEPTRT_RUNLOG_H
#define INCEPTRT_RUNLOG_H
#include "../../formats/events.h"
#include "metrics.h"
#include <time.h>

typedef enum RunlogPart { RUNLOG_TRAIN, RUNLOG_VALIDATION, RUNLOG_SETTING } RunlogPart;
typedef struct RunlogValue {
    RunlogPart part; /* in log.csv: train_TAG, validation_TAG, TAG, each "/" as "_"; events of settings are in train/ */
    const char *tag; /* "loss", "loss/aux1", "accuracy"; settings: "lr", "images_per_second" */
    double value;    /* NaN: an empty cell, null, no event */
} RunlogValue;

typedef struct RunlogTable { /* runlog_table.c: log.csv and metrics.jsonl */
    Append csv, jsonl;
    char **columns; /* of log.csv behind epoch and step; null before the first row */
    int n_columns;
} RunlogTable;

typedef struct Runlog {
    char *folder;
    RunlogTable table;
    Events run, train, validation;
} Runlog;

/* "20261124-141203-inception_v3", local time. */
void runlog_default_name(const char *network, time_t when, char *out, size_t room);

/* Makes root and root/name.  When that exists: numbered takes name-2, name-3 ...; else it is an error
 * that says --resume and --experiment.  r->folder says what became of it. */
RtStatus runlog_create(Runlog *r, const char *root, const char *name, bool numbered, RtError *err);
/* Goes on with a run of which `epochs` epochs and `steps` steps are done: later rows of log.csv and metrics.jsonl go, later
 * events are forgotten by their readers, and what is written from now on stands behind the rest. */
RtStatus runlog_resume(Runlog *r, const char *folder, int epochs, int64_t steps, RtError *err);
/* finished: the run came to its end, which the HParams page says. Releases r also on an error. */
RtStatus runlog_close(Runlog *r, bool finished, RtError *err);
RtStatus runlog_sync(Runlog *r, RtError *err); /* all of it to the disk */

/* args.json, replaced, and the HParams page. */
RtStatus runlog_args(Runlog *r, const EventsParam *params, int n, RtError *err);
/* Text files, replaced.  Pieces are joined; of the others a line each. */
RtStatus runlog_netdef(const Runlog *r, const char *const *pieces, int n, RtError *err);
RtStatus runlog_class_names(const Runlog *r, const char *const *names, int n, RtError *err);
RtStatus runlog_bad_images(const Runlog *r, const char *const *lines, int n, RtError *err);

/* confusion.csv and confusion.png, replaced, and the picture among validation's events.  names may be null. */
RtStatus runlog_confusion(Runlog *r, int64_t step, const Metrics *m, const char *const *names, RtError *err);

/* A row of metrics.jsonl, and scalars. step: how many steps are done. */
RtStatus runlog_step(Runlog *r, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err);
/* A row of log.csv, and scalars epoch_TAG at `step`.  epoch counts from 1.  The first row of a run says which columns there
 * are; a value of another name is RT_ERROR_INTERNAL. */
RtStatus runlog_epoch(Runlog *r, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err);

/* ---- runlog_table.c ---- */

RtStatus table_open(RunlogTable *t, const char *folder, RtError *err);
/* Drops rows of later epochs and steps first, and a last line that was cut. */
RtStatus table_resume(RunlogTable *t, const char *folder, int epochs, int64_t steps, RtError *err);
RtStatus table_step(RunlogTable *t, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err);
RtStatus table_epoch(RunlogTable *t, int epoch, int64_t step, const RunlogValue *values, int n, RtError *err);
RtStatus table_sync(RunlogTable *t, RtError *err);
void table_close(RunlogTable *t);
/* folder/name; null when out of memory, which err says. */
char *path_in(const char *folder, const char *name, RtError *err);
#endif

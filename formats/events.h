/* events.h - event files as TensorBoard reads them, written.
 *
 * A record waits in memory until 64 KiB or five seconds have come together, events_flush or events_sync.  Whole records are
 * appended by one write, so that a reader sees at most the last one cut.
 *
 * Errors: those of append.h: once, then the writer is silent.  A training goes on, and its caller warns.
 *
 * Steps of one tag must grow.  TensorBoard takes the folder of a file for a run; only one file of a folder may grow. */
#ifndef FORMATS_EVENTS_H
#define FORMATS_EVENTS_H
#include "append.h"
#include "wire.h"
#include <stdbool.h>

typedef struct Events { /* start from EVENTS_CLOSED */
    Append file;
    Wire waiting;     /* whole records, not yet written */
    double flushed_s; /* when, as events_now says it */
} Events;
#define EVENTS_CLOSED { .file = APPEND_CLOSED }

/* Begins folder/events.out.tfevents.TIME.HOST.PID.N; the folder exists.  TIME is later than those of the folder's other
 * event files, whatever the clock says: TensorBoard reads them in the order of their names. */
RtStatus events_open(Events *e, const char *folder, RtError *err);
RtStatus events_flush(Events *e, RtError *err);
RtStatus events_sync(Events *e, RtError *err); /* to the disk */
/* Flushes and ends e, which may be closed already. */
RtStatus events_close(Events *e, RtError *err);
double events_now(void); /* seconds since 1970 */

/* Appends an event that holds message m as its field `field` of event.proto. m is borrowed. */
RtStatus events_append(Events *e, int64_t step, int field, const Wire *m, RtError *err);

/* ---- events_summary.c ---- */

RtStatus events_scalar(Events *e, int64_t step, const char *tag, double value, RtError *err);
/* Of the finite ones of n values. */
RtStatus events_histogram(Events *e, int64_t step, const char *tag, const float *x, size_t n, RtError *err);
/* png: the bytes of a PNG file of w x h pixels, RGB. */
RtStatus events_image(Events *e, int64_t step, const char *tag, int w, int h, const uint8_t *png, size_t size_bytes, RtError *err);
RtStatus events_text(Events *e, int64_t step, const char *tag, const char *markdown, RtError *err);

/* The first record of a file that goes on with a run: readers forget what an earlier file says of `step` and later. */
RtStatus events_session_start(Events *e, int64_t step, RtError *err);

typedef struct EventsNode { /* of a graph; "/" in names makes folds */
    const char *name, *op;
    int n_inputs;
    const char *const *inputs; /* names of nodes */
    int rank;
    const int *shape; /* of the output */
} EventsNode;
/* Once a run. */
RtStatus events_graph(Events *e, const EventsNode *nodes, int n, RtError *err);

typedef enum EventsParamKind { EVENTS_TEXT, EVENTS_NUMBER, EVENTS_INTEGER, EVENTS_BOOL } EventsParamKind;
typedef struct EventsParam {
    const char *name;
    EventsParamKind kind;
    const char *text;
    double number;
    int64_t integer; /* 0 or 1 for EVENTS_BOOL */
} EventsParam;
/* A row of the HParams page.  Its metrics are the scalars of runs in folders below that of e. */
RtStatus events_hparams_start(Events *e, const EventsParam *params, int n, RtError *err);
RtStatus events_hparams_end(Events *e, bool success, RtError *err);
#endif

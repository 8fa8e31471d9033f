/* progress.h - how far an epoch is: a bar on a terminal, plain lines elsewhere.
 *
 *     Epoch 3/10:  42%|####      | 131/313 [00:58<01:21, 143 img/s, loss=0.213, acc=0.914]
 *
 * Nothing can fail; what the stream refuses is lost. */
#ifndef INCEPTRT_PROGRESS_H
#define INCEPTRT_PROGRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct ProgressView { /* what a line shows */
    const char *label;
    int64_t done, total;      /* steps */
    double elapsed_s, left_s; /* left_s < 0: unknown */
    double images_per_s;      /* < 0: unknown */
    const char *notes;        /* "loss=0.213, acc=0.914", or null */
    int width;                /* columns of the terminal; 0: a line without bar, as long as it gets */
    bool blocks;              /* of eighths of a column, U+2588 to U+258F; else # */
} ProgressView;
/* The line, without its end, cut to the width and to room - 1 bytes; in whole code points. */
void progress_format(const ProgressView *v, char *out, size_t room);

typedef struct Progress {
    FILE *file;
    bool terminal, blocks;
    double (*clock_s)(void); /* tests put their own here */
    const char *label;
    int64_t total, done, images;
    int every;               /* steps from one plain line to the next */
    double begun_s, drawn_s; /* drawn_s: also when the average last took something in */
    int64_t drawn_done, drawn_images;
    double steps_ema, images_ema, seconds_ema; /* of the intervals between drawings */
    bool drawn;
} Progress;

/* label is borrowed until the end; file is mostly stderr, and says whether there is a terminal. */
void progress_begin(Progress *p, FILE *file, const char *label, int64_t total, int every);
/* A step is done, of `images` images.  A terminal is drawn on at most every 100 ms. notes may be null. */
void progress_step(Progress *p, int images, const char *notes);
/* Wipes the bar, so that something else can be written; the next step draws again. */
void progress_wipe(Progress *p);
/* The last line, with the average rate of all steps, stays. */
void progress_end(Progress *p, const char *notes);
#endif

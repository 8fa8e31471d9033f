/* train.h - what the files of the command `train` share. */
#ifndef RUNTIME_PROGRAM_TRAIN_H
#define RUNTIME_PROGRAM_TRAIN_H
#include "../train/checkpoint.h"
#include "../train/loader.h"
#include "../train/metrics.h"
#include "../train/optimizer.h"
#include "../train/progress.h"
#include "../train/rank.h"
#include "../train/run_lock.h"
#include "../train/runlog.h"
#include "../train/step.h"
#include "program.h"
#include <signal.h>

enum { BOARD_PICTURES = 8 };
typedef struct BoardPicture { /* of validation */
    float *x;               /* as the network got it */
    uint64_t sample;        /* in valid_data */
    int label, predicted;
    float probability, loss; /* of the predicted class; of the label */
} BoardPicture;
typedef struct Board { /* train_board.c's own */
    int n_wrong;
    BoardPicture wrong[BOARD_PICTURES];
} Board;
typedef struct TrainerBad { /* pictures that were left out */
    char **lines;      /* of bad_images.txt */
    size_t n, told;    /* lines; of those standard error has heard */
    size_t resumed;    /* lines of earlier sessions: the first ones */
    size_t taken[2];   /* from the lists of both loaders */
} TrainerBad;

typedef struct Trainer {
    const Program *p;
    RtRecipe recipe;        /* the netdef's, with the options */
    RtTarget target;
    RtPool *pool;
    Training t;
    Cache cache;            /* of --cache */
    Optimizer optimizer;
    Checkpoint checkpoint;
    CheckpointState state;  /* what is done */
    RtDataset data, valid_data;
    bool has_valid, validated; /* pictures there are; valid_metrics is of this epoch */
    RtLoader *loader, *valid;
    int64_t steps_per_epoch;
    Metrics metrics, valid_metrics;
    float *scores;          /* logits or probabilities of a batch */
    void *weights, *arena;  /* of inference, for validation */
    const float **rows;     /* of the inference table in t.raw or in the averages */
    RunLock lock;
    Runlog log;
    const char *folder;     /* of the run */
    char *resumes;          /* the folder of the run that goes on; null: a new one */
    char *folders[2];       /* of --data-dir, which recipe borrows */
    TrainerBad bad;
    char arguments[512];    /* what must not change when the run goes on; the checkpoint has it */
    Progress bar;
    Board board;
    double epoch_begun, valid_loss, valid_accuracy;
    double epoch_rate, wait_share; /* of the epoch's steps, without validation: pictures a second, and how long they waited for pictures */
    int64_t epoch_images;
} Trainer;

extern const char *const optimizer_names[4]; /* by RtOptimizer */
/* train_setup.c: everything that can go wrong before the first step, in the order in which a user can mend it. Messages are printed. */
RtStatus trainer_open(Trainer *t, const Program *p);
void trainer_close(Trainer *t);

/* train_epoch.c */
RtStatus trainer_epoch(Trainer *t);    /* the rest of the epoch that state stands in; RT_OK, an error, or interrupted */
RtStatus trainer_validate(Trainer *t); /* fills valid_metrics; not to the end when interrupted */

/* train_log.c: warnings are printed, training goes on. */
void trainer_log_start(Trainer *t, bool resumed);
void trainer_log_step(Trainer *t, double rate, const RtBatch *b);
void trainer_log_epoch(Trainer *t);
double trainer_images_per_second(const Trainer *t); /* since the epoch began; NaN: none yet */

/* train_bad.c: bad_images.txt. */
RtStatus trainer_resume_bad(Trainer *t, RtError *err); /* what the run has listed */
void trainer_write_bad(Trainer *t); /* if there are new ones */
void trainer_note_bad(Trainer *t);  /* the same, and says so */
void trainer_free_bad(Trainer *t);

/* train_board.c: what TensorBoard shows beside curves, at the step that state stands at; errors are runlog.h's. */
RtStatus board_start(Trainer *t, const EventsParam *params, int n, RtError *err); /* run: texts `recipe`, `netdef`; train: the graph of layers */
/* train: inputs/1 ...: the first pictures of the batch as the network sees them, its normalisation undone. */
RtStatus board_inputs(Trainer *t, const RtBatch *b, RtError *err);
/* train: weights/NAME and gradients/NAME (of the last step) of what trains; validation: most_wrong/1 ..., and which they are. */
RtStatus board_epoch(Trainer *t, RtError *err);
/* Image i of a batch of validation, whose outputs are in t->scores: is it among the most wrong ones so far?  The loss decides. */
void board_offer(Trainer *t, const RtBatch *b, int i, float loss);
void board_forget(Board *b); /* before a validation */
void board_close(Board *b);

/* The weighted sum of the terms' mean losses. */
double trainer_loss(const Trainer *t, const Metrics *m);
/* train.c */
RtStatus trainer_save(Trainer *t, bool best);
extern volatile sig_atomic_t train_interrupted; /* by which signal; 0: by none */
#endif

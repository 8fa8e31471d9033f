/* checkpoint.h - where a training stands, in one file that is either complete and verified or not there.
 *
 *     FOLDER/last.safetensors, previous.safetensors     the last two: weights, states of the optimiser, averages, counters
 *     FOLDER/best.safetensors                           the weights of the best epoch, to predict with
 *
 * A checkpoint is a safetensors file.  Weights stand under their own names, so any reader of weights takes it; other tensors under a
 * prefix and the weight's name ("optimizer.exp_avg.conv1.weight", "ema.conv1.weight").  The metadata have format, network, structure (as
 * rt_init_file), epoch, position, step, seed, best, best_epoch, arguments, classes (a JSON list) and sha256 (safetensors_hash.h).
 *
 * Saving: FOLDER/last.safetensors.tmp.PID.K is created exclusively, written and synced; then last is renamed to last.safetensors.old,
 * the new file to last, the folder synced, and the old one renamed to previous.  Whenever a process or the machine stops in between,
 * the newest complete one is there under one of the three names, even when last had been damaged; an error of any call leaves both.
 * Loading checks every rule of the format, the hash over every bit of the file, names and shapes, before it
 * writes into any array. */
#ifndef RUNTIME_TRAIN_CHECKPOINT_H
#define RUNTIME_TRAIN_CHECKPOINT_H
#include "optimizer.h"

enum { CHECKPOINT_TABLES_MAX = 1 + OPTIMIZER_STATES_MAX };
typedef struct Checkpoint { /* what is saved, or filled when loading; all borrowed */
    const RtNetwork *net;   /* its name and structure */
    const RtWeight *weights; /* n_weights rows: those of training */
    int n_weights, n_tables;
    OptimizerState tables[CHECKPOINT_TABLES_MAX]; /* prefix "" for the weights themselves; a null array has no tensor */
} Checkpoint;

typedef struct CheckpointState {
    int64_t epoch;      /* epochs done */
    int64_t position;   /* pictures of the next epoch that were used */
    int64_t step;       /* of the optimiser */
    uint64_t seed;
    double best;        /* the best metric so far; NAN: none yet */
    int64_t best_epoch;
    const char *arguments; /* of the run, as text; may be null */
    const char *const *classes; /* their names by label; may be null */
    int n_classes;
    void *memory; /* of arguments and classes when loaded: checkpoint_release */
} CheckpointState;

/* The weights and o's states (copied pointers, not numbers). */
Checkpoint checkpoint_of(const RtNetwork *net, const RtWeight *weights, int n_weights, float *const *raw, const Optimizer *o);

/* As last.safetensors, the one before as previous.safetensors; the folder exists.  Temporary files that processes which are no more
 * left behind are removed first.  RT_ERROR_FILE: the system refused; the earlier files are as they were. */
RtStatus checkpoint_save(const char *folder, const Checkpoint *c, const CheckpointState *s, RtError *err);
/* As best.safetensors, weights alone: `values` by index of the weights table, the averages where there are some. */
RtStatus checkpoint_save_best(const char *folder, const Checkpoint *c, float *const *values, const CheckpointState *s, RtError *err);

enum { CHECKPOINT_NOTE = 1200 };
/* Fills c's arrays and s.  When last.safetensors is missing or damaged and an older one is not, that is taken and note says
 * why, in a sentence; else note is empty.  RT_ERROR_FILE: there is no checkpoint or it cannot be read; RT_ERROR_INPUT: it is
 * damaged, of other layers, or a tensor is missing or of another shape: then no array was written.  On success the caller ends s with
 * checkpoint_release. */
RtStatus checkpoint_load(const char *folder, const Checkpoint *c, CheckpointState *s, char note[CHECKPOINT_NOTE], RtError *err);
void checkpoint_release(CheckpointState *s);
/* After a load without a note: does what is left of a save in which the process was killed.  What fails is left to the next save. */
void checkpoint_tidy(const char *folder);
/* Whether there is one under any of the three names, whatever it holds.  RT_ERROR_FILE: the system does not say; a run that begins anew
 * there would replace it. */
RtStatus checkpoint_exists(const char *folder, int *exists, RtError *err);
#endif

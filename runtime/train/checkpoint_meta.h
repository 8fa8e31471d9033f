/* checkpoint_meta.h - the counters and names of a checkpoint as metadata of its file: text by key. */
#ifndef RUNTIME_TRAIN_CHECKPOINT_META_H
#define RUNTIME_TRAIN_CHECKPOINT_META_H
#include "../../formats/safetensors.h"
#include "checkpoint.h"

enum { CHECKPOINT_META = 11, CHECKPOINT_NUMBER = 32 };
typedef struct CheckpointMeta {
    SafetensorsMeta rows[CHECKPOINT_META];
    int n;
    char numbers[CHECKPOINT_META][CHECKPOINT_NUMBER];
    char *classes;
} CheckpointMeta;

/* m borrows s's and net's texts.  RT_ERROR_FILE when out of memory.  Ended by checkpoint_meta_release. */
RtStatus checkpoint_meta_make(CheckpointMeta *m, const RtNetwork *net, const CheckpointState *s, RtError *err);
void checkpoint_meta_release(CheckpointMeta *m);
/* s from a file's metadata; RT_ERROR_INPUT names the key that is missing or no number. */
RtStatus checkpoint_meta_read(const SafetensorsFile *f, CheckpointState *s, RtError *err);
#endif

/* dataset.h - pictures with labels: folder("...") or idx("...", "...") of data {}. */
#ifndef INCEPTRT_DATASET_H
#define INCEPTRT_DATASET_H
#include "image.h"

typedef struct RtDataset { /* fields are for reading; equal for all threads once open */
    RtSourceKind kind;
    size_t n_samples;
    int n_classes;
    char **classes;  /* names by class number: of folders, sorted; of idx "0", "1", ... */
    int *labels;     /* class of each sample */
    char **paths;    /* folder: of each sample */
    char *images;    /* idx: the file of pictures */
    int h, w;        /* idx: of every picture */
    uint8_t *pixels; /* idx: n_samples x h x w, grey */
} RtDataset;

/* Opens what data {} names, as torchvision's ImageFolder or MNIST numbers it.  Checked before anything runs: the folder
 * and its files can be read, there are two classes or more and each has pictures (folder), headers, sizes and counts of both files agree
 * (idx).  RT_ERROR_FILE: the system refused; RT_ERROR_INPUT: not such a data set, with file and byte.  On an error *out
 * holds nothing; else rt_dataset_close releases it. */
RtStatus rt_dataset_open(const RtSource *source, RtDataset *out, RtError *err);
void rt_dataset_close(RtDataset *data); /* also of a zeroed one */

/* Numbers the classes of data as train does, by name: a folder of validation may lack a class without shifting the others.
 * RT_ERROR_INPUT when it has pictures of a class that train does not know: then data is good for closing only. */
RtStatus rt_dataset_number_as(RtDataset *data, const RtDataset *train, RtError *err);

/* Picture i, decoded; idx: the grey byte three times.  The caller frees it.  Any number of threads may read at once. */
RtStatus rt_dataset_read(const RtDataset *data, size_t i, RtImage *out, RtError *err);
/* What sample i is called in messages: its path, or "FILE, picture I".  Cut to size. */
void rt_dataset_name(const RtDataset *data, size_t i, char *out, size_t size);
#endif

/* dataset_sources.h - the two kinds of sources behind rt_dataset_open, and the listing of folders that eval shares. */
#ifndef INCEPTRT_DATASET_SOURCES_H
#define INCEPTRT_DATASET_SOURCES_H
#include "dataset.h"
#include <stdbool.h>

/* Lists DIR/CLASS/.../PICTURE in the order of torchvision's ImageFolder: classes by name; in each the files of a folder by name,
 * folders by path; links are followed, what begins with a dot is not looked at.  Classes without pictures, none and
 * one class are not errors here.  RT_ERROR_FILE: a folder cannot be read, or lies deeper than 16 levels.  On success rt_dataset_close
 * releases *out. */
RtStatus dataset_list_folder(const char *dir, bool (*is_picture)(const char *name), RtDataset *out, RtError *err);
bool dataset_is_picture(const char *name); /* by extension, as torchvision */
/* The first class from `from` on that has no picture in such a list; n_classes when there is none. */
int dataset_empty_class(const RtDataset *data, int from);

RtStatus dataset_open_folder(const char *dir, RtDataset *out, RtError *err);
RtStatus dataset_open_idx(const char *images, const char *labels, RtDataset *out, RtError *err);
#endif

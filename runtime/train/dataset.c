#include "dataset.h"
#include "dataset_sources.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

RtStatus rt_dataset_open(const RtSource *source, RtDataset *out, RtError *err)
{
    *out = (RtDataset){ 0 };
    switch (source->kind) {
    case RT_SOURCE_NONE: return rt_error(err, RT_ERROR_INPUT, "no pictures are named: write train = folder(\"...\") in data {}");
    case RT_SOURCE_FOLDER: return dataset_open_folder(source->path, out, err);
    case RT_SOURCE_IDX: return dataset_open_idx(source->path, source->labels, out, err);
    }
    return rt_error(err, RT_ERROR_INTERNAL, "a source of pictures of kind %d", (int)source->kind);
}

static void free_strings(char **at, size_t n)
{
    for (size_t i = 0; at && i < n; i++)
        free(at[i]);
    free(at);
}

void rt_dataset_close(RtDataset *d)
{
    free_strings(d->classes, (size_t)d->n_classes);
    free_strings(d->paths, d->n_samples);
    free(d->labels);
    free(d->images);
    free(d->pixels);
    *d = (RtDataset){ 0 };
}

static int find_class(const RtDataset *d, const char *name)
{
    for (int i = 0; i < d->n_classes; i++)
        if (strcmp(d->classes[i], name) == 0)
            return i;
    return -1;
}

static RtStatus renumber(RtDataset *d, const RtDataset *train, const int *number, RtError *err)
{
    char name[512];
    for (size_t i = 0; i < d->n_samples; i++) {
        int class = number[d->labels[i]];
        if (class < 0) {
            rt_dataset_name(d, i, name, sizeof name);
            return rt_error(err, RT_ERROR_INPUT, "%s: its class '%s' is not among the %d classes of the training pictures ('%s' to '%s')", name,
                            d->classes[d->labels[i]], train->n_classes, train->classes[0], train->classes[train->n_classes - 1]);
        }
        d->labels[i] = class;
    }
    return RT_OK;
}

RtStatus rt_dataset_number_as(RtDataset *d, const RtDataset *train, RtError *err)
{
    int *number = calloc((size_t)d->n_classes + 1, sizeof *number), n = 0;
    char **names = calloc((size_t)train->n_classes + 1, sizeof *names);
    while (names && n < train->n_classes && (names[n] = strdup(train->classes[n])))
        n++;
    RtStatus s = number && n == train->n_classes ? RT_OK : rt_error(err, RT_ERROR_FILE, "out of memory for %d class names", train->n_classes);
    for (int i = 0; i < d->n_classes && s == RT_OK; i++)
        number[i] = find_class(train, d->classes[i]);
    if (s == RT_OK)
        s = renumber(d, train, number, err);
    free(number);
    if (s == RT_OK) { /* the names change places, to be freed below */
        char **old = d->classes;
        int old_n = d->n_classes;
        d->classes = names;
        d->n_classes = n;
        names = old;
        n = old_n;
    }
    free_strings(names, (size_t)n);
    return s;
}

void rt_dataset_name(const RtDataset *d, size_t i, char *out, size_t size)
{
    if (d->kind == RT_SOURCE_IDX)
        snprintf(out, size, "%s, picture %zu", d->images, i);
    else
        snprintf(out, size, "%s", d->paths[i]);
}

static RtStatus read_idx(const RtDataset *d, size_t i, RtImage *out, RtError *err)
{
    size_t n = (size_t)d->h * (size_t)d->w;
    *out = (RtImage){ d->w, d->h, malloc(n * 3) };
    if (!out->rgb)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory for %d x %d pixels", d->images, d->w, d->h);
    for (size_t k = 0; k < n; k++)
        out->rgb[3 * k] = out->rgb[3 * k + 1] = out->rgb[3 * k + 2] = d->pixels[i * n + k];
    return RT_OK;
}

RtStatus rt_dataset_read(const RtDataset *d, size_t i, RtImage *out, RtError *err)
{
    return d->kind == RT_SOURCE_IDX ? read_idx(d, i, out, err) : rt_image_read(d->paths[i], out, err);
}

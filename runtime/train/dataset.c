#include "dataset.h"
#include "dataset_sources.h"
#include <stdio.h>
#include <stdlib.h>

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

void rt_dataset_close(RtDataset *d)
{
    for (int i = 0; d->classes && i < d->n_classes; i++)
        free(d->classes[i]);
    for (size_t i = 0; d->paths && i < d->n_samples; i++)
        free(d->paths[i]);
    free(d->classes);
    free(d->paths);
    free(d->labels);
    free(d->images);
    free(d->pixels);
    *d = (RtDataset){ 0 };
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

/* input.c - pictures, prepared tensors and class names. */
#include "../../formats/npy.h"
#include "../train/dataset_sources.h"
#include "../train/view.h"
#include "program.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *extension(const char *path)
{
    const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
    return dot && (!slash || dot > slash) ? dot : "";
}

bool input_is_picture(const char *name) { return dataset_is_picture(name) || strcasecmp(extension(name), ".npy") == 0; }

/* C x H x W, or 1 x C x H x W. */
static bool shape_fits(const RtNetwork *net, const NpyArray *a)
{
    const size_t *d = a->shape;
    if (a->rank == 4 && d[0] == 1)
        d++;
    else if (a->rank != 3)
        return false;
    return d[0] == (size_t)net->c && d[1] == (size_t)net->h && d[2] == (size_t)net->w;
}

static RtStatus read_tensor(const RtNetwork *net, const char *path, float *x, RtError *err)
{
    NpyArray a;
    RtStatus status = npy_read(path, &a, err);
    if (status)
        return status;
    if (a.type != NPY_F32 || !shape_fits(net, &a)) {
        char shape[160] = "";
        size_t used = 0;
        for (int i = 0; i < a.rank; i++)
            used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", i ? " x " : "",
                                     a.shape[i]);
        status = rt_error(err, RT_ERROR_INPUT,
                          "%s: an array of %s %s; expected float32 %d x %d x %d", path,
                          a.type == NPY_F32   ? "float32"
                          : a.type == NPY_F64 ? "float64"
                                              : "uint8",
                          shape, net->c, net->h, net->w);
    } else {
        memcpy(x, a.data, a.count * sizeof *x);
    }
    npy_free(&a);
    return status;
}

RtStatus input_read(const RtNetwork *net, const char *path, float *x, RtError *err)
{
    if (strcasecmp(extension(path), ".npy") == 0)
        return read_tensor(net, path, x, err);
    RtImage image = { 0 };
    RtStatus status = rt_image_read(path, &image, err);
    if (status)
        return status;
    status = rt_view_apply(net->view, net->n_view, &image, net->c, net->h, net->w, x, err);
    rt_image_free(&image);
    return status;
}

void input_random(float *x, size_t n, uint64_t seed)
{
    RtPhilox p = { .key = { (uint32_t)seed, (uint32_t)(seed >> 32) } };
    uint32_t word[4];
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) {
            p.counter[0] = (uint32_t)(i / 4);
            rt_philox(&p, word);
        }
        x[i] = (float)(word[i % 4] >> 8) * 0x1p-22f - 2;
    }
}

/* ---- Class names ---- */

void labels_free(char **labels, int n)
{
    for (int i = 0; labels && i < n; i++)
        free(labels[i]);
    free(labels);
}

/* Lines of f into labels[0 .. n); returns how many lines there are, or -1 when memory runs out. */
static int read_lines(FILE *f, char **labels, int n)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int count = 0;
    while (count >= 0 && (length = getline(&line, &room, f)) >= 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            line[--length] = 0;
        if (count < n && !(labels[count] = strdup(line)))
            count = -2;
        count++;
    }
    free(line);
    return count;
}

RtStatus labels_read(const char *path, int n, char ***out, RtError *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
    char **labels = calloc((size_t)n, sizeof *labels);
    int count = labels ? read_lines(f, labels, n) : -1;
    int bad = ferror(f);
    fclose(f);
    *out = labels;
    if (count == n && !bad)
        return RT_OK;
    labels_free(labels, n);
    *out = NULL;
    if (count < 0 || bad)
        return rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path,
                        bad ? "input error" : "out of memory");
    return rt_error(err, RT_ERROR_INPUT,
                    "%s: %d lines, but the network has %d outputs, one name a line", path, count,
                    n);
}

/* data_tool folder DIR: "CLASS PATH" of each sample.
 * data_tool load DIR SIDE WORKERS: "crc32 of SIDE x SIDE pixels, path" of each good picture, "bad, path, reason" of the others.
 * data_tool mutants FILE N: decodes N files that differ from it in some bytes or end early; how many were pictures.
 * data_tool view IMAGE C train|predict SEED EPOCH SAMPLE STEP...: draws of the last step on standard error, pixels on standard output.
 * STEP: pad N | crop W H | flip | resized W H | jitter B C S | resize N */
#include "../../runtime/train/augment.h"
#include "../../runtime/train/dataset.h"
#include "../../runtime/train/loader.h"
#include "../../runtime/train/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int fail(const RtError *err)
{
    fprintf(stderr, "%s\n", err->message);
    return 1;
}

static int list(const char *dir)
{
    RtSource source = { RT_SOURCE_FOLDER, dir, NULL };
    RtDataset data;
    RtError err;
    if (rt_dataset_open(&source, &data, &err) != RT_OK)
        return fail(&err);
    for (size_t i = 0; i < data.n_samples; i++)
        printf("%s %s\n", data.classes[data.labels[i]], data.paths[i]);
    rt_dataset_close(&data);
    return 0;
}

static uLong pixels_crc(const float *x, int side)
{
    uLong crc = crc32(0, NULL, 0);
    for (int i = 0; i < side * side; i++)
        for (int c = 0; c < 3; c++) {
            uint8_t v = (uint8_t)x[c * side * side + i];
            crc = crc32(crc, &v, 1);
        }
    return crc;
}

static int load_all(RtLoader *l, const RtDataset *data, int side)
{
    RtError err;
    const RtBatch *b;
    size_t n;
    RtStatus s = rt_loader_begin(l, 0, 0, &err);
    while (s == RT_OK && (s = rt_loader_next(l, &b, &err)) == RT_OK && b)
        for (int i = 0; i < b->n; i++)
            printf("%08lx\t%s\n", pixels_crc(b->x + (size_t)i * 3 * (size_t)(side * side), side), data->paths[b->samples[i]]);
    const RtBadSample *bad = rt_loader_bad(l, &n);
    for (size_t i = 0; i < n; i++)
        printf("bad\t%s\t%s\n", bad[i].name, bad[i].reason);
    return s == RT_OK ? 0 : fail(&err);
}

static int load(const char *dir, int side, int workers)
{
    RtView view[2] = { { .kind = RT_VIEW_RESIZE_EXACT, .h = side, .w = side }, { .kind = RT_VIEW_NORMALIZE, .raw_255 = 1, .std = { 1, 1, 1 } } };
    RtSource source = { RT_SOURCE_FOLDER, dir, NULL };
    RtDataset data;
    RtError err;
    RtLoader *l;
    if (rt_dataset_open(&source, &data, &err) != RT_OK)
        return fail(&err);
    RtLoaderOptions o = { .data = &data, .view = view, .n_view = 2, .c = 3, .h = side, .w = side, .batch = 4, .workers = workers };
    int code = rt_loader_open(&o, &l, &err) == RT_OK ? load_all(l, &data, side) : fail(&err);
    rt_loader_close(l);
    rt_dataset_close(&data);
    return code;
}

/* Up to 8 bytes changed, at places and to values from Philox; every fourth file is cut too. */
static size_t mutate(uint8_t *b, size_t n, uint32_t number)
{
    uint32_t r[4], times;
    rt_philox(&(RtPhilox){ .counter = { number } }, r);
    times = 1 + r[0] % 8;
    size_t size = r[1] % 4 == 0 ? r[2] % (n + 1) : n;
    for (uint32_t i = 1; i <= times; i++) {
        rt_philox(&(RtPhilox){ .counter = { number, i } }, r);
        b[r[0] % n] = (uint8_t)r[1];
    }
    return size;
}

static int mutants(const char *path, uint32_t count)
{
    FILE *f = fopen(path, "rb");
    uint8_t original[1 << 16];
    size_t n = f ? fread(original, 1, sizeof original, f) : 0;
    int pictures = 0;
    for (uint32_t i = 0; i < count && n; i++) {
        uint8_t *b = malloc(n); /* its own block, so that sanitizers see its end */
        RtImage image;
        RtError err = { 0 };
        memcpy(b, original, n);
        size_t size = mutate(b, n, i);
        if (rt_image_decode(path, b, size, &image, &err) == RT_OK)
            pictures++;
        else if (!strstr(err.message, path))
            return 1;
        rt_image_free(&image);
        free(b);
    }
    printf("%s: %u mutants, %d still pictures\n", path, count, pictures);
    return f ? fclose(f) : 1;
}

/* Reads one step at argv; returns how many words it took. */
static int parse(char **argv, RtView *v)
{
    const char *name = argv[0];
    *v = (RtView){ .kind = RT_VIEW_FLIP };
    if (strcmp(name, "flip") == 0)
        return 1;
    v->w = v->h = atoi(argv[1]);
    v->kind = strcmp(name, "pad") == 0 ? RT_VIEW_PAD : RT_VIEW_RESIZE;
    if (strcmp(name, "pad") == 0 || strcmp(name, "resize") == 0)
        return 2;
    v->h = atoi(argv[2]);
    v->kind = strcmp(name, "crop") == 0 ? RT_VIEW_RANDOM_CROP : RT_VIEW_RANDOM_RESIZED_CROP;
    if (strcmp(name, "jitter") != 0)
        return 3;
    *v = (RtView){ .kind = RT_VIEW_COLOR_JITTER, .mean = { atof(argv[1]), atof(argv[2]), atof(argv[3]) } };
    return 4;
}

static void print_draw(const RtView *v, int n, const RtImage *in, const AugmentKey *key)
{
    int grow = n > 1 && v[0].kind == RT_VIEW_PAD ? 2 * v[0].h : 0;
    AugmentDraw d = augment_draw(&v[n - 1], n - 1, in->w + grow, in->h + grow, key);
    fprintf(stderr, "%d %d %d %d %d %d %d %d %.17g %.17g %.17g\n", d.x, d.y, d.w, d.h, d.flip, d.order[0], d.order[1], d.order[2],
            d.factor[0], d.factor[1], d.factor[2]);
}

int main(int argc, char **argv)
{
    RtView view[8];
    RtImage in;
    RtError err;
    if (argc == 3 && strcmp(argv[1], "folder") == 0)
        return list(argv[2]);
    if (argc == 5 && strcmp(argv[1], "load") == 0)
        return load(argv[2], atoi(argv[3]), atoi(argv[4]));
    if (argc == 4 && strcmp(argv[1], "mutants") == 0)
        return mutants(argv[2], (uint32_t)atoi(argv[3]));
    if (argc < 9 || rt_image_read(argv[2], &in, &err) != RT_OK)
        return 2;
    int c = atoi(argv[3]), n = 0, w = in.w, h = in.h;
    AugmentKey key = { strtoull(argv[5], NULL, 10), strtoull(argv[7], NULL, 10), (uint32_t)atoi(argv[6]) };
    for (int i = 8; i < argc && n < 7; n++) {
        i += parse(argv + i, &view[n]);
        if (view[n].kind == RT_VIEW_PAD && argv[4][0] == 't')
            w += 2 * view[n].h, h += 2 * view[n].h;
        else if (view[n].w)
            w = view[n].w, h = view[n].h;
    }
    print_draw(view, n, &in, &key);
    view[n++] = (RtView){ .kind = RT_VIEW_NORMALIZE, .raw_255 = 1, .std = { 1, 1, 1 } };
    float *out = malloc((size_t)(c * h * w) * sizeof *out);
    RtStatus s = argv[4][0] == 't' ? rt_view_train(view, n, &in, c, h, w, key.seed, key.epoch, key.sample, out, &err)
                                   : rt_view_apply(view, n, &in, c, h, w, out, &err);
    for (int i = 0; i < h * w && s == RT_OK; i++)
        for (int k = 0; k < c; k++)
            putchar((int)out[k * h * w + i]);
    free(out);
    rt_image_free(&in);
    return s == RT_OK ? 0 : fail(&err);
}

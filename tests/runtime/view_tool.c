/* view_tool IMAGE OP...: decodes, applies one view step and writes raw RGB bytes, for comparison with PIL.
 * OP: none | resize N bilinear|bicubic | exact W H bilinear|bicubic | crop W H */
#include "../../runtime/train/resize.h"
#include "../../runtime/train/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a view: with mean 0, std 1 and 0..255 its floats are the pixels themselves. */
static int run_view(const RtView *steps, int n, const RtImage *in, int w, int h)
{
    RtError err = { 0 };
    float *out = malloc((size_t)w * (size_t)h * 3 * sizeof *out);
    if (!out || rt_view_apply(steps, n, in, 3, h, w, out, &err) != RT_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 0; i < w * h; i++)
        for (int c = 0; c < 3; c++)
            putchar((int)out[c * w * h + i]);
    free(out);
    return 0;
}

int main(int argc, char **argv)
{
    RtError err = { 0 };
    RtImage in;
    if (argc < 3 || rt_image_read(argv[1], &in, &err) != RT_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    RtView step[2] = { { .kind = RT_VIEW_FLIP }, { .kind = RT_VIEW_NORMALIZE, .raw_255 = 1, .mean = { 0, 0, 0 }, .std = { 1, 1, 1 } } };
    int w = in.w, h = in.h;
    if (strcmp(argv[2], "crop") == 0 && argc == 5) {
        step[0] = (RtView){ .kind = RT_VIEW_CENTERCROP, .w = w = atoi(argv[3]), .h = h = atoi(argv[4]) };
    } else if (strcmp(argv[2], "exact") == 0 && argc == 6) {
        step[0] = (RtView){ .kind = RT_VIEW_RESIZE_EXACT, .w = w = atoi(argv[3]), .h = h = atoi(argv[4]), .bicubic = argv[5][2] == 'c' };
    } else if (strcmp(argv[2], "resize") == 0 && argc == 5) {
        int size = atoi(argv[3]);
        step[0] = (RtView){ .kind = RT_VIEW_RESIZE, .w = size, .h = size, .bicubic = argv[4][2] == 'c' };
        int small = w < h ? w : h, large = w < h ? h : w, other = (int)((long)size * large / small);
        w = in.w < in.h ? size : other;
        h = in.w < in.h ? other : size;
        if (small == size)
            w = in.w, h = in.h;
    }
    int code = run_view(step, 2, &in, w, h);
    rt_image_free(&in);
    return code;
}

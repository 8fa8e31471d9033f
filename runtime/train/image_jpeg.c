/* JPEG by libjpeg with the decoder settings of PIL: slow integer DCT, fancy upsampling. */
#include "image_codecs.h"
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MOST_SCANS = 500 }; /* a progressive file with more is an attack */

typedef struct Jump {
    struct jpeg_error_mgr base;
    jmp_buf back;
    char message[JMSG_LENGTH_MAX];
} Jump;

static void fail(j_common_ptr c)
{
    Jump *j = (Jump *)c->err;
    c->err->format_message(c, j->message);
    longjmp(j->back, 1);
}

/* PIL takes a truncated file for an error; libjpeg only warns of it. */
static void warn(j_common_ptr c, int level)
{
    if (level < 0 && c->err->msg_code == JWRN_JPEG_EOF)
        fail(c);
    if (level < 0)
        c->err->num_warnings++;
}

static void watch_scans(j_common_ptr c)
{
    if (((j_decompress_ptr)c)->input_scan_number > MOST_SCANS) {
        snprintf(((Jump *)c->err)->message, JMSG_LENGTH_MAX, "more than %d scans", MOST_SCANS);
        longjmp(((Jump *)c->err)->back, 1);
    }
}

static int muldiv255(int a, int b)
{
    int t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* Adobe's inverted CMYK, as PIL converts it. */
static void cmyk_row(const uint8_t *in, uint8_t *out, int w)
{
    for (int x = 0; x < w; x++) {
        int nk = in[4 * x + 3];
        for (int c = 0; c < 3; c++)
            out[3 * x + c] = (uint8_t)(nk - muldiv255(255 - in[4 * x + c], nk));
    }
}

static RtStatus decode(j_decompress_ptr d, const char *name, RtImage *out, JSAMPROW *row, RtError *err)
{
    jpeg_read_header(d, TRUE);
    bool cmyk = d->num_components == 4;
    d->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    d->dct_method = JDCT_ISLOW;
    d->do_fancy_upsampling = TRUE;
    RtStatus s = image_allocate(out, name, d->image_width, d->image_height, err);
    if (s != RT_OK)
        return s;
    jpeg_start_decompress(d);
    if (cmyk && !(*row = malloc((size_t)out->w * 4)))
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory", name);
    while (d->output_scanline < d->output_height) {
        uint8_t *to = out->rgb + (size_t)d->output_scanline * (size_t)out->w * 3;
        JSAMPROW line = cmyk ? *row : to;
        jpeg_read_scanlines(d, &line, 1);
        if (cmyk)
            cmyk_row(*row, to, out->w);
    }
    jpeg_finish_decompress(d);
    return RT_OK;
}

RtStatus image_read_jpeg(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    struct jpeg_decompress_struct d;
    struct jpeg_progress_mgr progress = { .progress_monitor = watch_scans };
    Jump jump;
    JSAMPROW *volatile row = calloc(1, sizeof *row);
    if (!row)
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory", name);
    d.err = jpeg_std_error(&jump.base);
    jump.base.error_exit = fail;
    jump.base.emit_message = warn;
    RtStatus s;
    if (setjmp(jump.back)) {
        s = rt_error(err, RT_ERROR_INPUT, "%s: damaged JPEG: %s", name, jump.message);
    } else {
        jpeg_create_decompress(&d);
        d.progress = &progress;
        jpeg_mem_src(&d, bytes, (unsigned long)n);
        s = decode(&d, name, out, row, err);
    }
    jpeg_destroy_decompress(&d);
    free(*row);
    free(row);
    return s;
}

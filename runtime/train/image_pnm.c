/* Binary PPM (P6) and PGM (P5), 8 bits. */
#include "image_codecs.h"
#include <string.h>

typedef struct Text {
    const uint8_t *b;
    size_t n, at;
} Text;

/* The next decimal number behind white space and comments; -1 when there is none. */
static int64_t number(Text *t)
{
    while (t->at < t->n && (strchr(" \t\r\n", t->b[t->at]) || t->b[t->at] == '#')) {
        if (t->b[t->at] == '#')
            while (t->at < t->n && t->b[t->at] != '\n')
                t->at++;
        else
            t->at++;
    }
    int64_t v = -1;
    while (t->at < t->n && t->b[t->at] >= '0' && t->b[t->at] <= '9' && v < 1000000000)
        v = (v < 0 ? 0 : v * 10) + (t->b[t->at++] - '0');
    return v;
}

RtStatus image_read_pnm(const char *name, const uint8_t *bytes, size_t n, RtImage *out, RtError *err)
{
    Text t = { bytes, n, 2 };
    int64_t w = number(&t), h = number(&t), most = number(&t);
    if (w < 1 || h < 1 || most != 255)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: a PNM header with width, height and 255 was expected", name, t.at);
    RtStatus s = image_allocate(out, name, (uint64_t)w, (uint64_t)h, err);
    if (s != RT_OK)
        return s;
    size_t channels = bytes[1] == '6' ? 3 : 1, need = (size_t)w * (size_t)h * channels;
    t.at++; /* one white space after the header */
    if (t.at > n || n - t.at < need)
        return rt_error(err, RT_ERROR_INPUT, "%s: the file has %zu bytes of pixels, %zu were expected", name, t.at > n ? 0 : n - t.at, need);
    for (size_t i = 0; i < (size_t)w * (size_t)h * 3; i++)
        out->rgb[i] = bytes[t.at + (channels == 3 ? i : i / 3)];
    return RT_OK;
}

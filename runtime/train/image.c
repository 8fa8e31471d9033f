#include "image_codecs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

RtStatus image_allocate(RtImage *out, const char *name, uint64_t w, uint64_t h, RtError *err)
{
    if (w < 1 || h < 1 || w > IMAGE_MOST_PIXELS || h > IMAGE_MOST_PIXELS || w * h > IMAGE_MOST_PIXELS)
        return rt_error(err, RT_ERROR_INPUT, "%s: the picture says it has %llu x %llu pixels; at most %d are read", name,
                        (unsigned long long)w, (unsigned long long)h, IMAGE_MOST_PIXELS);
    out->w = (int)w;
    out->h = (int)h;
    out->rgb = calloc(w * h, 3);
    return out->rgb ? RT_OK : rt_error(err, RT_ERROR_FILE, "%s: out of memory for %llu x %llu pixels", name,
                                       (unsigned long long)w, (unsigned long long)h);
}

void rt_image_free(RtImage *image)
{
    free(image->rgb);
    image->rgb = NULL;
}

static RtStatus no_picture(const char *name, const uint8_t *b, size_t n, RtError *err)
{
    char start[64] = "";
    for (size_t i = 0, at = 0; i < n && i < 8; i++)
        at += (size_t)snprintf(start + at, sizeof start - at, "%s%02x", i ? " " : "", b[i]);
    if (n == 0)
        return rt_error(err, RT_ERROR_INPUT, "%s: the file is empty; a %s picture was expected", name, image_libraries.kinds);
    return rt_error(err, RT_ERROR_INPUT, "%s: begins with bytes %s; a %s picture was expected", name, start, image_libraries.kinds);
}

RtStatus rt_image_decode(const char *name, const uint8_t *b, size_t n, RtImage *out, RtError *err)
{
    *out = (RtImage){ 0 };
    RtStatus s;
    if (n >= 3 && memcmp(b, "\xFF\xD8\xFF", 3) == 0)
        s = image_libraries.jpeg(name, b, n, out, err);
    else if (n >= 8 && memcmp(b, "\x89PNG\r\n\x1A\n", 8) == 0)
        s = image_libraries.png(name, b, n, out, err);
    else if (n >= 2 && b[0] == 'P' && (b[1] == '5' || b[1] == '6'))
        s = image_read_pnm(name, b, n, out, err);
    else if (n >= 2 && b[0] == 'B' && b[1] == 'M')
        s = image_read_bmp(name, b, n, out, err);
    else
        s = no_picture(name, b, n, err);
    if (s != RT_OK)
        rt_image_free(out);
    return s;
}

RtStatus rt_image_read(const char *path, RtImage *out, RtError *err)
{
    enum { MOST_BYTES = 256 << 20 };
    *out = (RtImage){ 0 };
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer is refused, not waited for */
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        RtStatus s = rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
        if (f)
            fclose(f);
        return s;
    }
    RtStatus s = RT_OK;
    uint8_t *bytes = NULL;
    if (!S_ISREG(st.st_mode))
        s = rt_error(err, RT_ERROR_FILE, "%s: cannot read: it is not a file", path);
    else if (st.st_size > MOST_BYTES)
        s = rt_error(err, RT_ERROR_INPUT, "%s: the file has %lld bytes; at most %d are read", path, (long long)st.st_size, MOST_BYTES);
    else if (!(bytes = malloc((size_t)st.st_size + 1)))
        s = rt_error(err, RT_ERROR_FILE, "%s: out of memory", path);
    else if (fread(bytes, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        s = rt_error(err, RT_ERROR_FILE, "%s: cannot read: %s", path, strerror(errno));
    else
        s = rt_image_decode(path, bytes, (size_t)st.st_size, out, err);
    fclose(f);
    free(bytes);
    return s;
}

RtStatus rt_image_encode_png(const RtImage *image, uint8_t **png, size_t *size_bytes, RtError *err)
{
    return image_libraries.write_png(image, png, size_bytes, err);
}

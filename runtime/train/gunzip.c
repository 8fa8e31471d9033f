#include "image_codecs.h"
#include <zlib.h>

/* As much of n as zlib's 32-bit counts take at once. */
static uInt piece(size_t n) { return (uInt)(n < 1 << 30 ? n : 1 << 30); }

static RtStatus damaged(const char *name, size_t at, size_t n, const z_stream *z, RtError *err)
{
    if (at == n)
        return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: the gzip file ends within its data: copy or download it again", name, n);
    return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: damaged gzip data (%s)", name, at, z->msg ? z->msg : "zlib gave up");
}

/* One call of inflate from bytes[*in] to out[*got]; when out is full, one byte to nowhere.  Returns inflate's word. */
static int advance(z_stream *z, const uint8_t *bytes, size_t n, size_t *in, uint8_t *out, size_t room, size_t *got)
{
    uint8_t spare;
    uInt give = piece(n - *in), take = *got < room ? piece(room - *got) : 1;
    z->next_in = (uint8_t *)bytes + *in; /* zlib only reads it */
    z->avail_in = give;
    z->next_out = *got < room ? out + *got : &spare;
    z->avail_out = take;
    int word = inflate(z, Z_NO_FLUSH);
    *in += give - z->avail_in;
    *got += take - z->avail_out;
    return word;
}

RtStatus gunzip(const char *name, const uint8_t *bytes, size_t n, uint8_t *out, size_t room, size_t *got, RtError *err)
{
    z_stream z = { 0 };
    if (inflateInit2(&z, 15 + 16) != Z_OK) /* the largest window; gzip only */
        return rt_error(err, RT_ERROR_FILE, "%s: out of memory", name);
    RtStatus s = RT_OK;
    size_t in = 0;
    int word = Z_OK;
    *got = 0;
    while (s == RT_OK && *got <= room && !(word == Z_STREAM_END && in == n)) {
        if (word == Z_STREAM_END)
            inflateReset(&z);
        word = advance(&z, bytes, n, &in, out, room, got);
        if (word != Z_OK && word != Z_STREAM_END)
            s = damaged(name, in, n, &z, err);
    }
    inflateEnd(&z);
    return s;
}

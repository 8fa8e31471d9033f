#include "utf8.h"

typedef struct Interval {
    uint32_t from, to;
} Interval;

static bool within(const Interval *list, size_t n, uint32_t code)
{
    for (size_t i = 0; i < n; i++)
        if (code >= list[i].from && code <= list[i].to)
            return true;
    return false;
}

/* Terminal columns of a code point: 0 for marks that combine, 2 for East Asian and pictures (Unicode TR 11). */
static int column_width(uint32_t code)
{
    static const Interval none[] = { { 0x300, 0x36F }, { 0x200B, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F } };
    static const Interval wide[] = { { 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
                                     { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD } };
    if (within(none, sizeof none / sizeof *none, code))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, code) ? 2 : 1;
}

uint32_t utf8_decode(const char *p, size_t size, int *n)
{
    const unsigned char *u = (const unsigned char *)p;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    int length = u[0] < 0x80 ? 1 : u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : u[0] >= 0xC2 ? 2 : 0;
    uint32_t code = length < 2 ? u[0] : u[0] & (0x7Fu >> length);
    bool good = length > 0 && (size_t)length <= size && u[0] < 0xF5;
    for (int i = 1; good && i < length; i++) {
        good = (u[i] & 0xC0) == 0x80;
        code = code << 6 | (u[i] & 0x3F);
    }
    good = good && code >= least[length] && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
    *n = good ? length : 1;
    return good ? code : UINT32_MAX;
}

Glyph utf8_glyph(const char *p, size_t size)
{
    static const Interval hidden[] = { { 0, 0x1F }, { 0x7F, 0x9F }, { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2066, 0x2069 },
                                       { UINT32_MAX, UINT32_MAX } };
    Glyph g;
    uint32_t code = utf8_decode(p, size, &g.n_bytes);
    g.plain = !within(hidden, sizeof hidden / sizeof *hidden, code);
    g.width = g.plain ? column_width(code) : 1;
    return g;
}

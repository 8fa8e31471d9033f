/* text_width.h - UTF-8 texts in columns, a column for each code point. */
#ifndef INCEPTRT_TEXT_WIDTH_H
#define INCEPTRT_TEXT_WIDTH_H

/* Bytes of s that fill at most `columns` columns; *filled says how many they fill. */
static inline int text_fit(const char *s, int columns, int *filled)
{
    int n = 0, width = 0;
    for (; s[n]; n++) {
        int begins = (s[n] & 0xc0) != 0x80;
        if (begins && width == columns)
            break;
        width += begins;
    }
    *filled = width;
    return n;
}

static inline int text_width(const char *s)
{
    int width;
    text_fit(s, 1 << 30, &width);
    return width;
}
#endif

/* Pieces of JSON that several reports print. */
#ifndef INCEPTC_REPORT_JSON_H
#define INCEPTC_REPORT_JSON_H
#include "../../formats/json.h"
#include "../graph.h"

/* `before`, then "key": "value"; null is null. */
static inline void json_pair(FILE *f, const char *before, const char *key, const char *value)
{
    fputs(before, f);
    json_write_string(f, key);
    fputs(": ", f);
    if (value)
        json_write_string(f, value);
    else
        fputs("null", f);
}

/* `before`, then "location": {...} */
static inline void json_location(FILE *f, const char *before, Loc loc)
{
    fprintf(f, "%s\"location\": {", before);
    json_pair(f, "", "file", diag_file_name(loc.file));
    fprintf(f, ", \"line\": %d, \"column\": %d}", loc.line, loc.col);
}

static inline void json_shape(FILE *f, const Shape *s)
{
    for (int i = 0; i < s->rank; i++)
        fprintf(f, i ? ", %d" : "[%d", s->dim[i]);
    fputc(']', f);
}
#endif

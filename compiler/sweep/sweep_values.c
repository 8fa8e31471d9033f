/* The values of a swept parameter: lists and ranges. */
#include "sweep.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(const NetDefine *d, const char *part, const char *why)
{
    diag_error((Loc){ 0 }, "-D %s=%s: %s, not '%s'", d->name, d->value, why, part);
    return false;
}

static bool number(const NetDefine *d, const char *part, double *v)
{
    char *end;
    errno = 0;
    *v = strtod(part, &end);
    if (end == part || *end || errno || !isfinite(*v) || !strchr("-.0123456789", *part))
        return wrong(d, part, "a value is a number, a list 2,10 or a range 0.25..1:0.25");
    return true;
}

static bool too_many(const NetDefine *d, int64_t most)
{
    diag_error((Loc){ 0 }, "-D %s=%s has more than %lld values: take fewer, or say --limit N", d->name, d->value, (long long)most);
    return false;
}

/* from, from + step, ... as far as `to`; the last one may be a rounding error beyond it. */
static bool add_range(Arena *a, const NetDefine *d, const char *part, int64_t most, Axis *axis)
{
    const char *dots = strstr(part, ".."), *colon = strchr(dots, ':');
    double from, to, step = 1;
    if (!number(d, arena_strndup(a, part, (size_t)(dots - part)), &from) ||
        !number(d, colon ? arena_strndup(a, dots + 2, (size_t)(colon - dots - 2)) : dots + 2, &to) || (colon && !number(d, colon + 1, &step)))
        return false;
    if (step <= 0 || to < from)
        return wrong(d, part, "a range goes up, by a step above 0: A..B:STEP");
    double n = floor((to - from) / step * (1 + 1e-12) + 1e-9) + 1;
    if (n + axis->values.n > (double)most)
        return too_many(d, most);
    for (int i = 0; i < (int)n; i++)
        LIST_PUSH(a, &axis->values, arena_printf(a, "%.10g", from + i * step));
    return true;
}

static bool add_part(Arena *a, const NetDefine *d, const char *part, int64_t most, Axis *axis)
{
    double v;
    if (strstr(part, ".."))
        return add_range(a, d, part, most, axis);
    if (!number(d, part, &v))
        return false;
    if (axis->values.n >= most)
        return too_many(d, most);
    LIST_PUSH(a, &axis->values, part);
    return true;
}

bool sweep_values(Arena *a, const NetDefine *d, int64_t most, Axis *axis)
{
    *axis = (Axis){ .name = d->name };
    for (const char *at = d->value, *comma; at; at = comma ? comma + 1 : NULL) {
        comma = strchr(at, ',');
        if (!add_part(a, d, comma ? arena_strndup(a, at, (size_t)(comma - at)) : at, most, axis))
            return false;
    }
    return true;
}

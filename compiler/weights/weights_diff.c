/* inceptc weights diff: two files tensor by tensor, or a file against what a network needs.  Exits with 1 when they differ. */
#include "../structure.h"
#include "weights.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_SHOWN = 50 };

typedef struct Diff {
    Arena *a;
    const TensorFile *x, *y;
    int same, different, only_x, only_y;
} Diff;

static bool same_shape(const TensorEntry *x, const TensorEntry *y)
{
    return x->rank == y->rank && memcmp(x->shape, y->shape, (size_t)x->rank * sizeof *x->shape) == 0;
}

static bool same_bytes(const TensorEntry *x, const TensorEntry *y, size_t bytes)
{
    if (x->dtype != y->dtype)
        return false;
    char *p = malloc(2 * bytes + 1);
    if (!p)
        return false;
    tensor_entry_copy(x, p);
    tensor_entry_copy(y, p + bytes);
    bool same = memcmp(p, p + bytes, bytes) == 0;
    free(p);
    return same;
}

/* "12 of 64 values differ, at most by 0.5"; null when all are equal. */
static const char *compare_values(Diff *d, const TensorEntry *x, const TensorEntry *y)
{
    RtError err = { 0 };
    float *p = malloc((x->count + 1) * sizeof *p), *q = malloc((x->count + 1) * sizeof *q);
    const char *text = "out of memory";
    if (p && q && (tensor_entry_to_f32(d->x, x, p, &err) || tensor_entry_to_f32(d->y, y, q, &err)))
        text = "the bytes differ";
    else if (p && q) {
        uint64_t n = 0;
        double most = 0;
        for (uint64_t i = 0; i < x->count; i++) {
            bool equal = p[i] == q[i] || (isnan(p[i]) && isnan(q[i]));
            n += !equal;
            double by = equal ? 0 : fabs((double)p[i] - q[i]);
            most = by > most || isnan(by) ? by : most;
        }
        text = n ? arena_printf(d->a, "%llu of %llu values differ, at most by %.3g", (unsigned long long)n, (unsigned long long)x->count, most)
                 : NULL;
    }
    free(p);
    free(q);
    return text;
}

static const char *compare_tensors(Diff *d, const TensorEntry *x, const TensorEntry *y)
{
    if (!same_shape(x, y))
        return arena_printf(d->a, "%s against %s", weights_shape(d->a, x), weights_shape(d->a, y));
    if (same_bytes(x, y, x->count * (uint64_t)safetensors_dtype_bits(x->dtype) / 8))
        return NULL;
    const char *values = compare_values(d, x, y);
    if (x->dtype == y->dtype)
        return values ? values : "equal values, other bytes";
    return arena_printf(d->a, "%s against %s%s%s", safetensors_dtype_name(x->dtype), safetensors_dtype_name(y->dtype), values ? ", " : "",
                        values ? values : ", equal as float32");
}

static void report(Diff *d, const char *name, const char *what)
{
    if (d->different + d->only_x + d->only_y <= LINES_SHOWN)
        printf("%s: %s\n", name, what);
}

/* Both lists are sorted by name. */
static void walk(Diff *d)
{
    int i = 0, j = 0;
    while (i < d->x->n_entries || j < d->y->n_entries) {
        const TensorEntry *x = i < d->x->n_entries ? &d->x->entries[i] : NULL, *y = j < d->y->n_entries ? &d->y->entries[j] : NULL;
        int order = !x ? 1 : !y ? -1 : strcmp(x->name, y->name);
        if (order < 0) {
            d->only_x++;
            report(d, x->name, arena_printf(d->a, "only in %s, %s", d->x->path, weights_shape(d->a, x)));
        } else if (order > 0) {
            d->only_y++;
            report(d, y->name, arena_printf(d->a, "only in %s, %s", d->y->path, weights_shape(d->a, y)));
        } else {
            const char *what = compare_tensors(d, x, y);
            d->different += what != NULL;
            d->same += !what;
            if (what)
                report(d, x->name, what);
        }
        i += order <= 0;
        j += order >= 0;
    }
}

static int against_file(Arena *a, const TensorFile *f)
{
    Diff d = { .a = a, .x = &f[0], .y = &f[1] };
    walk(&d);
    int all = d.different + d.only_x + d.only_y;
    if (all > LINES_SHOWN)
        printf("and %d more differences\n", all - LINES_SHOWN);
    printf("%d tensors are equal, %d differ, %d only in %s, %d only in %s\n", d.same, d.different, d.only_x, f[0].path, d.only_y, f[1].path);
    return all ? EXIT_INPUT : EXIT_OK;
}

static int against_net(const Options *o, Arena *a, const TensorFile *f, const char *path)
{
    int code = EXIT_OK, layers = 0;
    Graph *g = weights_net(o, a, path, &code);
    if (!g)
        return code;
    LoadOptions lo = { f, 1, NULL, o->partial, o->inference };
    if ((code = weights_map(o, a, &lo.map)))
        return code;
    LoadPlan p = load_plan(g, &lo);
    for (int i = 0; i < p.problems.n; i++)
        printf("%s\n", p.problems.at[i]);
    const char *made_for = tensor_file_meta(f, "layers");
    if (made_for)
        layers = structure_diff(a, made_for, p.layers, f->path, g->name, LINES_SHOWN, stdout);
    printf("%d of %d weights match, %d problems, %s\n", p.n_matched, p.n, p.problems.n,
           !made_for ? "the file does not say for which layers it was made"
           : layers  ? arena_printf(a, "%d layers differ from those the file was made for", layers)
                     : "made for these layers");
    return p.problems.n || layers ? EXIT_INPUT : EXIT_OK;
}

int weights_diff(const Options *o, Arena *a, const char **operands, int n)
{
    bool net = weights_is_net(operands[1]);
    int code = EXIT_OK, n_files = net ? 1 : 2;
    (void)n;
    TensorFile *f = weights_open(a, operands, n_files, &code);
    if (!f)
        return code;
    code = net ? against_net(o, a, f, operands[1]) : against_file(a, f);
    weights_close(f, n_files);
    return code;
}

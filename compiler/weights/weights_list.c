/* inceptc weights list: every tensor of a file, whatever its format. */
#include "../../formats/json.h"
#include "weights.h"
#include <string.h>

static int64_t bytes_of(const TensorEntry *e) { return (int64_t)e->count * safetensors_dtype_bits(e->dtype) / 8; }

static void print_meta(const TensorFile *f)
{
    for (int i = 0; i < f->n_meta; i++) {
        const char *v = f->meta[i].value;
        int n = (int)strcspn(v, "\n");
        bool cut = n > 60 || v[n];
        printf("  %s: %.*s%s\n", f->meta[i].key, n > 60 ? 60 : n, v, cut ? " ..." : "");
    }
}

static void print_text(Arena *a, const TensorFile *f)
{
    int width = 4;
    int64_t values = 0, bytes = 0;
    for (int i = 0; i < f->n_entries; i++)
        if ((int)strlen(f->entries[i].name) > width)
            width = (int)strlen(f->entries[i].name);
    for (int i = 0; i < f->n_entries; i++) {
        const TensorEntry *e = &f->entries[i];
        printf("%-*s  %-5s %s\n", width, e->name, safetensors_dtype_name(e->dtype), weights_shape(a, e));
        values += (int64_t)e->count;
        bytes += bytes_of(e);
    }
    printf("%s: %s, %d tensors, %s values, %s bytes\n", f->path, tensor_format_name(f->format), f->n_entries, arena_commas(a, values),
           arena_commas(a, bytes));
    print_meta(f);
}

static void print_json(const TensorFile *f)
{
    printf("{ \"file\": ");
    json_write_string(stdout, f->path);
    printf(", \"format\": \"%s\",\n  \"metadata\": {", tensor_format_name(f->format));
    for (int i = 0; i < f->n_meta; i++) {
        printf("%s\n    ", i ? "," : "");
        json_write_string(stdout, f->meta[i].key);
        printf(": ");
        json_write_string(stdout, f->meta[i].value);
    }
    printf(" },\n  \"tensors\": [");
    for (int i = 0; i < f->n_entries; i++) {
        const TensorEntry *e = &f->entries[i];
        printf("%s\n    { \"name\": ", i ? "," : "");
        json_write_string(stdout, e->name);
        printf(", \"dtype\": \"%s\", \"shape\": [", safetensors_dtype_name(e->dtype));
        for (int k = 0; k < e->rank; k++)
            printf("%s%llu", k ? ", " : "", (unsigned long long)e->shape[k]);
        printf("], \"bytes\": %lld }", (long long)bytes_of(e));
    }
    printf("\n  ] }\n");
}

int weights_list(const Options *o, Arena *a, const char **operands, int n)
{
    int code = EXIT_OK;
    TensorFile *f = weights_open(a, operands, n, &code);
    if (o->json && n > 1)
        printf("[\n");
    for (int i = 0; f && i < n; i++) {
        if (o->json)
            print_json(&f[i]);
        else
            print_text(a, &f[i]);
        if (o->json && n > 1)
            printf(i + 1 < n ? ",\n" : "]\n");
    }
    if (f)
        weights_close(f, n);
    return code;
}

/* certify --compiled: the program is built as `inceptc NET -o` builds it, and its `trace` command writes what it keeps. */
#include "../formats/npy.h"
#include "certify.h"
#include "driver.h"
#include "folder.h"
#include <stdlib.h>
#include <string.h>

/* ---- Program and inputs ---- */

static RtStatus write_image(Certify *c, const char *path, int image)
{
    const int *d = c->g->input->shape.dim;
    size_t shape[] = { (size_t)d[0], (size_t)d[1], (size_t)d[2] };
    int64_t n = shape_elems(&c->g->input->shape);
    float *x = ARENA_ARRAY(c->a, n, float);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)c->in.x[image * n + i];
    return npy_write(path, NPY_F32, 3, shape, x, &c->err);
}

static RtStatus run_program(Certify *c, Folder *f, char *program, char *trace)
{
    char **argv = ARENA_ARRAY(c->a, c->in.n + 8, char *);
    int n = 0;
    argv[n++] = program;
    argv[n++] = "trace";
    argv[n++] = "-o";
    argv[n++] = trace;
    argv[n++] = c->o->weights ? "--weights" : "--seed";
    argv[n++] = c->o->weights ? arena_strdup(c->a, c->o->weights) : arena_printf(c->a, "%llu", (unsigned long long)c->o->seed);
    for (int i = 0; i < c->in.n; i++) {
        char *path = folder_file(f, c->a, arena_printf(c->a, "%d.npy", i));
        RtStatus s = write_image(c, path, i);
        if (s != RT_OK)
            return s;
        argv[n++] = path;
    }
    int code = driver_run(c->o, argv);
    return code == 0 ? RT_OK
                     : rt_error(&c->err, code == 1 ? RT_ERROR_INPUT : RT_ERROR_FILE, "the program of '%s' ended with %d", c->g->name, code);
}

/* ---- Rows ---- */

static bool same_shape(const Tensor *t, int images, const TensorEntry *e)
{
    bool same = e->rank == t->shape.rank + 1 && e->shape[0] == (uint64_t)images;
    for (int i = 0; same && i < t->shape.rank; i++)
        same = e->shape[i + 1] == (uint64_t)t->shape.dim[i];
    return same;
}

static RtStatus compare_kept(Certify *c, const char *trace)
{
    TensorFile file;
    RtStatus s = tensor_file_open(&file, trace, &c->err);
    if (s != RT_OK)
        return s;
    for (int i = 0; i < c->n_rows && s == RT_OK; i++) {
        const Tensor *t = c->rows[i].array->tensor;
        const TensorEntry *e = tensor_file_find(&file, t->name);
        double *ours;
        if (!e || !same_shape(t, c->in.n, e) || (s = reference_values(&file, e, &ours, &c->err)) != RT_OK)
            continue;
        s = certify_compare(c, &c->rows[i], ours);
        free(ours);
    }
    tensor_file_close(&file);
    return s;
}

RtStatus certify_compiled(Certify *c)
{
    Folder *f = ARENA_NEW(c->a, Folder);
    RtStatus s = folder_open(f, c->a, "certify", &c->err);
    if (s != RT_OK)
        return s;
    char *program = folder_file(f, c->a, "net"), *trace = folder_file(f, c->a, "trace.safetensors");
    if (driver_build(c->o, c->a, c->o->target ? c->o->target : "native", program) != EXIT_OK)
        s = rt_error(&c->err, RT_ERROR_FILE, "the program of '%s' cannot be built", c->g->name);
    if (s == RT_OK)
        s = run_program(c, f, program, trace);
    if (s == RT_OK)
        s = compare_kept(c, trace);
    folder_remove(f);
    return s;
}

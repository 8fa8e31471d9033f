#include "start.h"
#include "../../formats/safetensors.h"

static bool same_shape(const RtWeight *w, const SafetensorsTensor *t)
{
    bool same = w->rank == t->rank;
    for (int i = 0; same && i < w->rank; i++)
        same = t->shape[i] == (uint64_t)w->dim[i];
    return same;
}

static RtStatus wrong_shape(const SafetensorsFile *f, const RtWeight *w, const SafetensorsTensor *t, RtError *err)
{
    uint64_t dims[4];
    char want[128], have[128];
    for (int i = 0; i < w->rank; i++)
        dims[i] = (uint64_t)w->dim[i];
    return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: tensor '%s' is %s, but the network needs %s; a layer that is to begin anew stands in weights \"...\" except NAME",
                    f->path, t->at, w->name, safetensors_shape_text(t->rank, t->shape, have, sizeof have),
                    safetensors_shape_text(w->rank, dims, want, sizeof want));
}

static bool is_fresh(const RtTrain *train, int row)
{
    for (int i = 0; i < train->n_fresh; i++)
        if (train->fresh[i] == row)
            return true;
    return false;
}

static RtStatus take(Training *t, const SafetensorsFile *f, int *loaded, RtError *err)
{
    for (int i = 0; i < t->train->n_weights; i++) {
        const RtWeight *w = &t->train->weights[i];
        const SafetensorsTensor *from = safetensors_find(f, w->name);
        if (is_fresh(t->train, i))
            continue;
        if (!from)
            return rt_error(err, RT_ERROR_INPUT, "%s: tensor '%s' is missing; a layer that is to begin anew stands in weights \"...\" except NAME", f->path, w->name);
        if (!same_shape(w, from))
            return wrong_shape(f, w, from, err);
        RtStatus status = safetensors_to_f32(f, from, t->raw[i], err);
        if (status)
            return status;
        ++*loaded;
    }
    return RT_OK;
}

RtStatus training_start(Training *t, uint64_t seed, const char *path, int *loaded, RtError *err)
{
    *loaded = 0;
    for (int i = 0; i < t->train->n_weights; i++)
        rt_init_weight(&t->train->weights[i], seed, t->raw[i]);
    if (!path)
        return RT_OK;
    SafetensorsFile f;
    RtStatus status = safetensors_open(&f, path, err);
    if (status)
        return status;
    status = take(t, &f, loaded, err);
    safetensors_close(&f);
    return status;
}

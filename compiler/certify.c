#include "certify.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a reference in double precision, and of one in float32, relative to the deviation of the reference. */
static const double BOUND_F64 = 1e-10, BOUND_F32 = 1e-4;

/* A level of numerics says how far the logits of a compiled program may be off.  The worst of the numbers inside, up to a million
 * in a tensor, may be twice that. */
static double bound_compiled(const Certify *c, const Tensor *t)
{
    return rt_numerics_error((RtNumerics)c->o->plan.numerics) * (t == c->g->logits ? 1 : 2);
}

CertifyRow *certify_row(const Certify *c, const Tensor *t)
{
    int at = c->row_of[t->id];
    return at ? &c->rows[at - 1] : NULL;
}

RtStatus certify_sample(Certify *c, const CertifyRow *row, Sample *out)
{
    double *values;
    const RefArray *r = row->array;
    RtStatus s = reference_values(r->file, r->entry, &values, &c->err);
    *out = (Sample){ (int64_t)r->entry->count, shape_elems(&r->tensor->shape), r->tensor->shape.batched ? c->in.n : 1, values };
    return s;
}

RtStatus certify_compare(Certify *c, CertifyRow *row, const double *ours)
{
    row->compared = true;
    row->fits = reference_fits(row->array, c->in.n);
    if (!row->fits)
        return RT_OK;
    Sample ref;
    RtStatus s = certify_sample(c, row, &ref);
    if (s != RT_OK)
        return s;
    bool precise = row->array->entry->dtype == SAFETENSORS_F64;
    row->bound = c->o->compiled ? bound_compiled(c, row->array->tensor) : precise ? BOUND_F64 : BOUND_F32;
    row->c = compare_values(&ref, ours);
    row->agrees = row->c.relative <= row->bound;
    free((void *)ref.value);
    return RT_OK;
}

const CertifyRow *certify_first_disagreement(const Certify *c)
{
    for (int i = 0; i < c->n_rows; i++)
        if (c->rows[i].compared && !c->rows[i].agrees)
            return &c->rows[i];
    return NULL;
}

/* ---- The interpreter's side ---- */

Interp *certify_interp(const Certify *c)
{
    Interp *it = interp_new(c->a, c->g, c->in.n);
    it->training = c->o->training;
    size_t numbers = (size_t)c->in.n * (size_t)shape_elems(&c->g->input->shape);
    memcpy(interp_values(it, c->g->input), c->in.x, numbers * sizeof *c->in.x);
    return it;
}

RtStatus certify_weights(Certify *c, Interp *it)
{
    if (c->o->weights)
        return interp_read_weights(it, c->o->weights, &c->err);
    interp_init_weights(it, c->o->seed);
    return RT_OK;
}

typedef struct Watch {
    Certify *c;
    Interp *it;
    RtStatus status;
} Watch;

static void compare_tensor(Watch *w, Tensor *t)
{
    CertifyRow *row = certify_row(w->c, t);
    if (row && w->status == RT_OK)
        w->status = certify_compare(w->c, row, interp_values(w->it, t));
}

static void compare_outputs(void *arg, const Node *n)
{
    for (int k = 0; k < n->n_out; k++)
        compare_tensor(arg, n->out[k]);
}

RtStatus certify_interpreted(Certify *c)
{
    Interp *it = certify_interp(c);
    Watch w = { c, it, RT_OK };
    for (int i = 0; i < c->n_rows; i++)
        interp_need(it, c->rows[i].array->tensor);
    RtStatus s = certify_weights(c, it);
    if (s != RT_OK)
        return s;
    for (int i = 0; i < c->n_rows; i++)
        if (!c->rows[i].array->tensor->def)
            compare_tensor(&w, c->rows[i].array->tensor);
    it->after = compare_outputs;
    it->after_arg = &w;
    interp_run(it);
    interp_release(it);
    return w.status;
}

/* inceptc certify: is this the network of the reference, tensor by tensor? */
#include "certify.h"
#include "driver.h"
#include <stdlib.h>

static RtStatus read_images(Certify *c)
{
    RtStatus s = RT_OK;
    for (int i = 0; i < c->o->pictures.n && s == RT_OK; i++)
        s = images_read(&c->in, c->g, c->o->pictures.at[i], &c->err);
    if (c->o->pictures.n || s != RT_OK)
        return s;
    if (!c->ref.input)
        return rt_error(&c->err, RT_ERROR_INPUT, "%s: there is no array 'input'; say --input INPUT", c->ref.path);
    double *x;
    s = reference_values(c->ref.input_file, c->ref.input, &x, &c->err);
    if (s == RT_OK)
        s = images_add(&c->in, c->g, c->ref.path, x, c->ref.input->count, &c->err);
    free(x);
    return s;
}

static void add_row(Certify *c, const Tensor *t)
{
    for (int i = 0; i < c->ref.arrays.n; i++)
        if (c->ref.arrays.at[i].tensor == t) {
            c->rows[c->n_rows] = (CertifyRow){ .array = &c->ref.arrays.at[i] };
            c->row_of[t->id] = ++c->n_rows;
            return;
        }
}

/* What no node computes first, then in the order of the nodes. */
static void order_rows(Certify *c)
{
    c->rows = ARENA_ARRAY(c->a, c->ref.arrays.n, CertifyRow);
    c->row_of = ARENA_ARRAY(c->a, c->g->next_id + 1, int);
    for (int i = 0; i < c->g->tensors.n; i++)
        if (!c->g->tensors.at[i]->def)
            add_row(c, c->g->tensors.at[i]);
    for (int i = 0; i < c->g->nodes.n; i++)
        for (int k = 0; k < c->g->nodes.at[i]->n_out; k++)
            add_row(c, c->g->nodes.at[i]->out[k]);
}

static RtStatus certify(Certify *c)
{
    RtStatus s = read_images(c);
    if (s != RT_OK)
        return s;
    order_rows(c);
    s = c->o->compiled ? certify_compiled(c) : certify_interpreted(c);
    const CertifyRow *first = s == RT_OK ? certify_first_disagreement(c) : NULL;
    if (first && c->o->compiled)
        c->finding = (Finding){ "compiled", NULL, { 0 }, "run without --compiled to see whether the network or its program differs" };
    else if (first)
        s = suspects_try(c, first, &c->finding);
    return s;
}

static int report(const Certify *c)
{
    int compared = 0;
    for (int i = 0; i < c->n_rows; i++)
        compared += c->rows[i].compared;
    if (c->o->json)
        certify_print_json(c);
    else
        certify_print(c);
    if (compared == 0)
        diag_error((Loc){ 0 }, "%s: nothing was compared", c->ref.path);
    return compared == 0 || certify_first_disagreement(c) ? EXIT_INPUT : EXIT_OK;
}

int verb_certify(const Options *o, Arena *a)
{
    bool file_error = false;
    Graph *g = net_load(a, o->inputs.at[0], &o->net, &file_error);
    if (!g)
        return file_error ? EXIT_FILE : EXIT_INPUT;
    Certify c = { .o = o, .a = a, .g = g };
    if (reference_open(&c.ref, g, o->against, &c.err) != RT_OK)
        return driver_fail(&c.err);
    int code = certify(&c) == RT_OK ? report(&c) : driver_fail(&c.err);
    reference_close(&c.ref);
    return code;
}

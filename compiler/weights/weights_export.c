/* inceptc weights export: a network's weights under the names and in the layout that another framework has for them. */
#include "weights.h"
#include <stdlib.h>
#include <string.h>

typedef struct Export {
    const Options *o;
    Arena *a;
    const LoadPlan *plan;
    const NameMap *map;
    SafetensorsItem *items;
    float **owned;
} Export;

/* The foreign name and layout of row i. */
static RtStatus name_item(Export *x, int i, Layout *layout, RtError *err)
{
    const LoadRow *r = &x->plan->rows[i];
    x->items[i].name = r->weight->name;
    const NameRule *rule = x->map ? names_reverse(x->a, x->map, r->weight->name, &x->items[i].name) : NULL;
    if (x->map && !rule)
        return rt_error(err, RT_ERROR_INPUT, "%s: no rule leads to '%s' of %s", x->map->path, r->weight->name, x->plan->graph->name);
    *layout = rule ? rule->layout : (Layout){ 0 };
    if (layout->skip || layout->kind == LAYOUT_HWIM)
        return rt_error(err, RT_ERROR_INPUT, "%s:%d: '%s' cannot be exported: this layout loses what the other framework needs",
                        x->map->path, rule->line, r->weight->name);
    return RT_OK;
}

static RtStatus fill_item(Export *x, int i, RtError *err)
{
    const LoadRow *r = &x->plan->rows[i];
    size_t n = (size_t)shape_elems(&r->weight->shape);
    Layout layout;
    RtStatus s = name_item(x, i, &layout, err);
    if (s != RT_OK)
        return s;
    float *values = malloc((n + 1) * sizeof *values);
    x->owned[i] = malloc((n + 1) * sizeof *values);
    uint64_t *shape = ARENA_ARRAY(x->a, 4, uint64_t);
    if (!values || !x->owned[i])
        s = rt_error(err, RT_ERROR_FILE, "out of memory for '%s'", r->weight->name);
    else
        s = load_values(r, values, err);
    if (s == RT_OK) {
        x->items[i].rank = load_to_foreign(&r->weight->shape, &layout, values, x->owned[i], shape);
        x->items[i].shape = shape;
        x->items[i].data = x->owned[i];
        x->items[i].dtype = SAFETENSORS_F32;
    }
    free(values);
    return s;
}

static int write_items(Export *x)
{
    RtError err = { 0 };
    RtStatus s = RT_OK;
    const LoadPlan *p = x->plan;
    x->items = ARENA_ARRAY(x->a, p->n + 1, SafetensorsItem);
    x->owned = ARENA_ARRAY(x->a, p->n + 1, float *);
    for (int i = 0; i < p->n && s == RT_OK; i++)
        s = fill_item(x, i, &err);
    const SafetensorsMeta meta = { "format", "pt" };
    if (s == RT_OK)
        s = safetensors_write(x->o->output, x->items, p->n, &meta, 1, &err);
    for (int i = 0; i < p->n; i++)
        free(x->owned[i]);
    if (s != RT_OK)
        return driver_fail(&err);
    printf("%s: %d tensors of %s\n", x->o->output, p->n, p->graph->name);
    return EXIT_OK;
}

int weights_export(const Options *o, Arena *a, const char **operands, int n)
{
    int code = EXIT_OK;
    (void)n;
    if (!o->weights) {
        diag_error((Loc){ 0 }, "weights export: say --weights FILE");
        return EXIT_USAGE;
    }
    Graph *g = weights_net(o, a, operands[0], &code);
    const NameMap *map = NULL;
    TensorFile *f = g && !(code = weights_map(o, a, &map)) ? weights_open(a, (const char **)&o->weights, 1, &code) : NULL;
    if (!f)
        return code;
    LoadOptions lo = { f, 1, NULL, o->partial, o->inference };
    LoadPlan p = load_plan(g, &lo);
    Export x = { .o = o, .a = a, .plan = &p, .map = map };
    if (p.problems.n)
        load_print_problems(&p, &lo);
    code = p.problems.n ? EXIT_INPUT : write_items(&x);
    weights_close(f, 1);
    return code;
}

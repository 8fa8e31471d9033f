/* A layer as the text says it: every property, its value, and who said it where. */
#include "explain.h"
#include "../layer_properties.h"
#include <string.h>

typedef struct Layer {
    const char *path, *kind;
    const LayerOrigins *origins; /* null: a join, which has no flags */
    LayerParts is; /* first is null: there is none of this path */
} Layer;

static Layer find_layer(const Graph *g, const char *path, const LayerOrigins *origins)
{
    Layer l = { .path = path, .origins = origins, .kind = origins ? origins->kind : "" };
    for (int i = 0; i < g->nodes.n && !l.is.first; i++)
        if (!g->nodes.at[i]->dead && strcmp(g->nodes.at[i]->path, path) == 0)
            l.is = layer_parts(g->arena, g->nodes.at[i]);
    return l;
}

/* ---- Properties ---- */

static const FlagOrigin *said(const Layer *l, const char *property)
{
    for (int i = 0; l->origins && i < l->origins->said.n; i++)
        if (strcmp(l->origins->said.at[i].property, property) == 0)
            return &l->origins->said.at[i];
    return NULL;
}

static const char *place(Arena *a, Loc loc) { return arena_printf(a, "%s:%d:%d", diag_file_name(loc.file), loc.line, loc.col); }

static const char *who(const Explain *e, const Layer *l, const LayerProperty *p)
{
    const FlagOrigin *o = said(l, p->said);
    if (o)
        return arena_printf(e->a, "%s%s%s%s at %s", o->text, *o->text ? ", " : "", o->by_default ? "default " : "said", o->by_default ? l->kind : "",
                            place(e->a, o->loc));
    if (strcmp(p->said, "bias") == 0 && l->is.bn)
        return "a batch norm follows";
    if (p->how & PROPERTY_CONVENTIONS && e->net->conventions)
        return arena_printf(e->a, "conventions %s at %s", e->net->conventions, place(e->a, e->net->conventions_loc));
    return "not said: the language's default";
}

/* ---- Printing ---- */

static void print_property(const Explain *e, const Layer *l, const LayerProperty *p)
{
    const char *text = (p->phrase ? p->phrase : p->value)(&l->is);
    if (text)
        printf("  %-12s %-26s  %s\n", p->shown, text, who(e, l, p));
}

static void print_weights(const Explain *e, const Graph *g, const char *path)
{
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *n = g->nodes.at[i];
        for (int k = 0; !n->dead && strcmp(n->path, path) == 0 && k < n->n_in; k++) {
            const Tensor *w = n->in[k];
            bool statistic = w->role == ROLE_MEAN || w->role == ROLE_VAR;
            if (w->kind == TENSOR_WEIGHT)
                printf("  weight       %s %s%s\n", w->name, shape_text(e->a, &w->shape), statistic ? ", a statistic" : w->trains ? "" : ", frozen");
        }
    }
}

static void print_head(const Explain *e, const Layer *l)
{
    int64_t macs = 0, params = 0;
    const char *out = "", *in = "";
    for (int i = 0; i < e->net->nodes.n; i++) {
        const Node *n = e->net->nodes.at[i];
        if (n->dead || strcmp(n->path, l->path) != 0)
            continue;
        macs += node_macs(n);
        params += node_params(n);
        in = *in || !n->n_in ? in : shape_text(e->a, &n->in[0]->shape);
        out = shape_text(e->a, &n->out[0]->shape);
    }
    printf("%s: %s at %s", l->path, l->origins ? l->kind : op_name(l->is.first->op), place(e->a, l->is.first->loc));
    if (l->origins && l->origins->use.file)
        printf(", in the module used at %s", place(e->a, l->origins->use));
    printf(", %s -> %s", in, out);
    if (params)
        printf(", %s parameters", arena_commas(e->a, params));
    if (macs)
        printf(", %s multiply-accumulates", arena_commas(e->a, macs));
    printf("\n");
}

/* Whether what the layer computes is there for the output. */
static bool needed(const Explain *e, const Layer *l)
{
    const Graph *g = e->net;
    bool *mark = ARENA_ARRAY(e->a, g->next_id + 1, bool);
    graph_mark_needed(g, g->output, mark);
    return mark[l->is.first->out[0]->id];
}

static const char *why_no_step(const Explain *e, const Layer *l)
{
    if (!needed(e, l))
        return "the output does not need it: only training computes it";
    if (l->is.first->op == OP_DROPOUT)
        return "in inference it is the identity";
    if (l->is.first->op == OP_CONCAT)
        return "its inputs are written where it lies: it costs nothing";
    return "a neighbour computes it too: it ends in another layer's step";
}

static void print_layer(const Explain *e, const Layer *l)
{
    print_head(e, l);
    for (int i = 0; i < n_layer_properties; i++)
        if (layer_properties[i].shown && property_is_of(&layer_properties[i], &l->is))
            print_property(e, l, &layer_properties[i]);
    print_weights(e, e->net, l->path);
    if (explain_steps(e, l->path) == 0)
        printf("  no step of its own: %s\n", why_no_step(e, l));
}

static const LayerOrigins *origins_of(const Graph *g, const char *path)
{
    for (int i = 0; i < g->origins.n; i++)
        if (strcmp(g->origins.at[i].path, path) == 0)
            return &g->origins.at[i];
    return NULL;
}

static bool within(const char *path, const char *module)
{
    size_t n = strlen(module);
    return strncmp(path, module, n) == 0 && path[n] == '.';
}

/* A module's layers, a line each. */
static bool print_module(const Explain *e, const char *module)
{
    const char *last = "";
    int n = 0;
    for (int i = 0; i < e->net->nodes.n; i++) {
        const Node *node = e->net->nodes.at[i];
        if (node->dead || !within(node->path, module) || strcmp(node->path, last) == 0)
            continue;
        Layer l = find_layer(e->net, last = node->path, origins_of(e->net, node->path));
        if (n++ == 0)
            printf("layers of %s:\n", module);
        printf("  ");
        print_head(e, &l);
    }
    return n > 0;
}

/* A layer may be meant, or a module that holds it. */
static void try_path(Arena *a, const char *path, Nearest *near)
{
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.'))
        nearest_try(near, arena_printf(a, "%.*s", (int)(dot - path), path));
    nearest_try(near, path);
}

bool explain_layer(const Explain *e, const char *name, Nearest *near)
{
    Layer l = find_layer(e->net, name, origins_of(e->net, name));
    bool leaf = l.is.first != NULL, module = false;
    for (int i = 0; i < e->net->nodes.n; i++) {
        try_path(e->a, e->net->nodes.at[i]->path, near);
        module |= within(e->net->nodes.at[i]->path, name);
    }
    if (leaf)
        print_layer(e, &l);
    return (module && print_module(e, name)) || leaf;
}

/* A layer as the text says it: every property, its value, and who said it where. */
#include "explain.h"
#include "../layer_nodes.h"
#include <string.h>

typedef struct Layer {
    const char *path, *kind;
    const LayerOrigins *origins; /* null: a join, which has no flags */
    const Node *main, *bn, *relu; /* of this path; main is null for none */
} Layer;

static Layer find_layer(const Graph *g, const char *path, const LayerOrigins *origins)
{
    Layer l = { .path = path, .origins = origins, .kind = origins ? origins->kind : "" };
    for (int i = 0; i < g->nodes.n && !l.main; i++)
        if (!g->nodes.at[i]->dead && strcmp(g->nodes.at[i]->path, path) == 0)
            l.main = g->nodes.at[i];
    if (l.main) {
        l.bn = l.main->op == OP_BATCHNORM ? l.main : layer_batchnorm(l.main);
        l.relu = layer_relu(l.main);
    }
    return l;
}

/* ---- Values of properties ---- */

static const char *padding(Arena *a, const Window *w)
{
    if (w->top == w->bottom && w->left == w->right && w->top == w->left)
        return w->top ? arena_printf(a, "%d on each side", w->top) : "none";
    const struct { const char *side; int n; } sides[] = { { "top", w->top }, { "bottom", w->bottom }, { "left", w->left }, { "right", w->right } };
    const char *text = "";
    for (int i = 0; i < 4; i++)
        if (sides[i].n)
            text = arena_printf(a, "%s%s%s %d", text, *text ? ", " : "", sides[i].side, sides[i].n);
    return text;
}

static const char *init_text(Arena *a, const Init *i)
{
    switch (i->kind) {
    case INIT_CONSTANT: return arena_printf(a, "constant %s", arena_number(a, i->a));
    case INIT_NORMAL: return arena_printf(a, "normal, std %s", arena_number(a, i->a));
    case INIT_TRUNC_NORMAL: return arena_printf(a, "normal within %s, std %s", arena_number(a, i->b), arena_number(a, i->a));
    case INIT_XAVIER: case INIT_GLOROT: case INIT_HE: case INIT_TORCH: return init_names[i->kind];
    }
    return "";
}

typedef const char *Value(Arena *a, const Layer *l);
static const char *v_kernel(Arena *a, const Layer *l)
{
    const Window *w = &l->main->window;
    if (l->main->op == OP_ADAPTIVEAVGPOOL || (w->sh == 1 && w->sw == 1))
        return arena_printf(a, "%dx%d", w->kh, w->kw);
    return arena_printf(a, w->sh == w->sw ? "%dx%d, stride %d" : "%dx%d, stride %dx%d", w->kh, w->kw, w->sh, w->sw);
}
static const char *v_count(Arena *a, const Layer *l)
{
    if (l->main->op == OP_DROPOUT)
        return arena_printf(a, "share %s", arena_number(a, l->main->rate));
    return l->main->op == OP_LRN ? arena_number(a, l->main->lrn_size) : arena_printf(a, "%d", l->main->out[0]->shape.dim[0]);
}
static const char *v_padding(Arena *a, const Layer *l) { return padding(a, &l->main->window); }
static const char *v_rounding(Arena *a, const Layer *l) { (void)a; return l->main->ceil ? "ceil" : "floor"; }
static const char *v_divisor(Arena *a, const Layer *l) { (void)a; return l->main->count_pad ? "the whole window" : "the pixels in it"; }
static const char *v_norm(Arena *a, const Layer *l) { (void)a; return l->bn ? "yes" : "none"; }
static const char *v_gamma(Arena *a, const Layer *l) { (void)a; return node_weight(l->bn, ROLE_GAMMA) ? "yes" : "none"; }
static const char *v_eps(Arena *a, const Layer *l) { return arena_number(a, (l->bn ? l->bn : l->main)->eps); }
static const char *v_momentum(Arena *a, const Layer *l) { return arena_number(a, l->bn->momentum); }
static const char *v_bias(Arena *a, const Layer *l)
{
    const Tensor *b = node_weight(l->main, ROLE_BIAS);
    return !b ? "none" : b->init.kind == INIT_CONSTANT ? arena_printf(a, "from %s", arena_number(a, b->init.a)) : init_text(a, &b->init);
}
static const char *v_activation(Arena *a, const Layer *l) { (void)a; return l->relu ? "ReLU" : "none"; }
static const char *v_groups(Arena *a, const Layer *l) { return arena_printf(a, "%d", l->main->groups); }
static const char *v_init(Arena *a, const Layer *l) { return init_text(a, &node_weight(l->main, ROLE_WEIGHT)->init); }
static const char *v_size(Arena *a, const Layer *l) { return arena_number(a, l->main->lrn_size); }
static const char *v_alpha(Arena *a, const Layer *l) { return arena_number(a, l->main->lrn_alpha); }
static const char *v_beta(Arena *a, const Layer *l) { return arena_number(a, l->main->lrn_beta); }
static const char *v_k(Arena *a, const Layer *l) { return arena_number(a, l->main->lrn_k); }

/* Which layers have a property; the properties of a batch norm only those that have one. */
enum { CONV = 1, FC = 2, MAXPOOL = 4, AVGPOOL = 8, LRN = 16, DROPOUT = 32, L2NORM = 64, NORM = 128, ADAPTIVE = 256, POOLS = MAXPOOL | AVGPOOL };
static const struct { const char *kind; int bit; } kinds[] = {
    { "conv", CONV }, { "fc", FC }, { "maxpool", MAXPOOL }, { "avgpool", AVGPOOL }, { "lrn", LRN }, { "dropout", DROPOUT }, { "l2norm", L2NORM },
    { "batchnorm", NORM }, { "adaptivepool", ADAPTIVE },
};
static const struct Property {
    const char *name, *shown;
    int kinds;
    bool conventions; /* who decides where nobody says: them, or else the language */
    Value *value;
} properties[] = {
    { "kernel", "kernel", CONV | POOLS | ADAPTIVE, false, v_kernel },
    { "count", "outputs", CONV | FC, false, v_count },
    { "count", "size", LRN, false, v_size },
    { "count", "drops", DROPOUT, false, v_count },
    { "padding", "padding", CONV, false, v_padding },
    { "padding", "padding", POOLS, true, v_padding },
    { "rounding", "rounding", POOLS, true, v_rounding },
    { "divisor", "divisor", AVGPOOL, true, v_divisor },
    { "groups", "groups", CONV, false, v_groups },
    { "bias", "bias", CONV | FC, false, v_bias },
    { "batch norm", "batch norm", CONV | FC, false, v_norm },
    { "gamma", "gamma", NORM, false, v_gamma },
    { "eps", "eps", NORM, true, v_eps },
    { "momentum", "momentum", NORM, true, v_momentum },
    { "eps", "eps", L2NORM, false, v_eps },
    { "activation", "activation", CONV | FC, false, v_activation },
    { "init", "initialiser", CONV | FC, false, v_init },
    { "alpha", "alpha", LRN, false, v_alpha },
    { "beta", "beta", LRN, false, v_beta },
    { "k", "k", LRN, false, v_k },
};
enum { N_PROPERTIES = sizeof properties / sizeof *properties };

static int kind_of(const Layer *l)
{
    int bits = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].kind, l->kind) == 0)
            bits = kinds[i].bit;
    return l->bn ? bits | NORM : bits;
}

static const FlagOrigin *said(const Layer *l, const char *property)
{
    for (int i = 0; l->origins && i < l->origins->said.n; i++)
        if (strcmp(l->origins->said.at[i].property, property) == 0)
            return &l->origins->said.at[i];
    return NULL;
}

static const char *place(Arena *a, Loc loc) { return arena_printf(a, "%s:%d:%d", diag_file_name(loc.file), loc.line, loc.col); }

static const char *who(const Explain *e, const Layer *l, const struct Property *p)
{
    const FlagOrigin *o = said(l, p->name);
    if (o)
        return arena_printf(e->a, "%s%s%s%s at %s", o->text, *o->text ? ", " : "", o->by_default ? "default " : "said", o->by_default ? l->kind : "",
                            place(e->a, o->loc));
    if (strcmp(p->name, "bias") == 0 && l->bn)
        return "a batch norm follows";
    if (p->conventions && e->net->conventions)
        return arena_printf(e->a, "conventions %s at %s", e->net->conventions, place(e->a, e->net->conventions_loc));
    return "not said: the language's default";
}

/* ---- Printing ---- */

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
    printf("%s: %s at %s", l->path, l->origins ? l->kind : op_name(l->main->op), place(e->a, l->main->loc));
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
    return mark[l->main->out[0]->id];
}

static const char *why_no_step(const Explain *e, const Layer *l)
{
    if (!needed(e, l))
        return "the output does not need it: only training computes it";
    if (l->main->op == OP_DROPOUT)
        return "in inference it is the identity";
    if (l->main->op == OP_CONCAT)
        return "its inputs are written where it lies: it costs nothing";
    return "a neighbour computes it too: it ends in another layer's step";
}

static void print_layer(const Explain *e, const Layer *l)
{
    int kind = kind_of(l);
    print_head(e, l);
    for (int i = 0; i < N_PROPERTIES; i++)
        if (properties[i].kinds & kind && (l->main->op != OP_LRN || strcmp(properties[i].name, "count") != 0 || !said(l, "size")))
            printf("  %-12s %-26s  %s\n", properties[i].shown, properties[i].value(e->a, l), who(e, l, &properties[i]));
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
    bool leaf = l.main != NULL, module = false;
    for (int i = 0; i < e->net->nodes.n; i++) {
        try_path(e->a, e->net->nodes.at[i]->path, near);
        module |= within(e->net->nodes.at[i]->path, name);
    }
    if (leaf)
        print_layer(e, &l);
    return (module && print_module(e, name)) || leaf;
}

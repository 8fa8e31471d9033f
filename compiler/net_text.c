/* The explicit form of a net: one statement a layer, every tensor named, every default resolved.
 * It parses back to the same graph. */
#include "frontend.h"
#include "layer_nodes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What a layer's statement says ---- */

typedef struct Print {
    const Graph *g;
    Arena *a;
    FILE *f;
} Print;

static void put(Print *p, const char *name, double v) { fprintf(p->f, " %s=%s", name, arena_number(p->a, v)); }
static void put_if(Print *p, const char *name, double v, double usual)
{
    if (v != usual)
        put(p, name, v);
}

static void print_window(Print *p, const Node *n)
{
    const Window *w = &n->window;
    fprintf(p->f, " %dx%d", w->kh, w->kw);
    if (w->sh != 1 || w->sw != 1)
        fprintf(p->f, w->sh == w->sw ? "/%d" : "/%dx%d", w->sh, w->sw);
}

static void print_pad(Print *p, const Window *w)
{
    if (w->top == w->bottom && w->left == w->right && w->top == w->left)
        fprintf(p->f, w->top ? " pad %d" : " valid", w->top);
    else
        fprintf(p->f, " pad(%d, %d, %d, %d)", w->top, w->bottom, w->left, w->right);
}

static void print_init(Print *p, const Init *i)
{
    fprintf(p->f, " init=%s", init_names[i->kind]);
    put_if(p, "std", i->a, 0.1);
    put_if(p, "cut", i->b, 2);
}

static void print_batchnorm(Print *p, const Node *n)
{
    put(p, "eps", n->eps);
    put(p, "momentum", n->momentum);
    fprintf(p->f, node_weight(n, ROLE_GAMMA) ? " gamma" : " nogamma");
}

/* A convolution or fully connected layer with the batch norm and the ReLU of its own. */
static void print_weighted(Print *p, const Node *n, const Node *bn, bool relu)
{
    const Tensor *w = node_weight(n, ROLE_WEIGHT), *b = node_weight(n, ROLE_BIAS);
    fprintf(p->f, n->op == OP_CONV ? "conv" : "fc");
    if (n->op == OP_CONV)
        print_window(p, n);
    fprintf(p->f, " %d", w->shape.dim[0]);
    if (n->op == OP_CONV)
        print_pad(p, &n->window);
    if (n->groups != 1)
        put(p, "groups", n->groups);
    if (b)
        put(p, "bias", b->init.a);
    fprintf(p->f, b ? "" : " nobias");
    fprintf(p->f, bn ? " bn" : " nobn");
    if (bn)
        print_batchnorm(p, bn);
    print_init(p, &w->init);
    fprintf(p->f, relu ? " relu" : " linear");
}

static void print_pool(Print *p, const Node *n)
{
    fprintf(p->f, "%s", op_name(n->op));
    print_window(p, n);
    print_pad(p, &n->window);
    fprintf(p->f, n->ceil ? " ceil" : " floor");
    if (n->op == OP_AVGPOOL)
        fprintf(p->f, n->count_pad ? " count_pad" : " nocount_pad");
}

static void print_normalize(Print *p, const Node *n)
{
    fprintf(p->f, "normalize");
    for (int which = 0; which < 2; which++)
        for (int i = 0; i < n->out[0]->shape.dim[0]; i++)
            fprintf(p->f, "%s%s%s", i ? ", " : which ? ") std(" : " mean(", arena_number(p->a, (which ? n->std : n->mean)[i]), "");
    fprintf(p->f, ")");
}

static void print_layer(Print *p, const Node *n)
{
    switch ((int)n->op) {
    case OP_MAXPOOL: case OP_AVGPOOL: print_pool(p, n); return;
    case OP_ADAPTIVEAVGPOOL: fprintf(p->f, "adaptivepool %dx%d", n->window.kh, n->window.kw); return;
    case OP_NORMALIZE: print_normalize(p, n); return;
    case OP_DROPOUT: fprintf(p->f, "dropout %s", arena_number(p->a, n->rate)); return;
    default: fprintf(p->f, "%s", op_name(n->op)); break;
    }
    if (n->op == OP_BATCHNORM)
        print_batchnorm(p, n);
    if (n->op == OP_L2NORM)
        put(p, "eps", n->eps);
    if (n->op == OP_LRN) {
        put(p, "size", n->lrn_size);
        put(p, "alpha", n->lrn_alpha);
        put(p, "beta", n->lrn_beta);
        put(p, "k", n->lrn_k);
    }
}

/* ---- Statements ---- */

static void print_join(Print *p, const Node *n)
{
    if (n->scale) { /* residual: in + s * (...) */
        fprintf(p->f, "%s -> residual %s { %s }", n->in[0]->name, arena_number(p->a, n->scale[1]), n->in[1]->name);
        return;
    }
    fprintf(p->f, "%s {", op_name(n->op));
    for (int i = 0; i < n->n_in; i++)
        fprintf(p->f, "%s %s", i ? " |" : "", n->in[i]->name);
    fprintf(p->f, " }");
}

/* Prints the layer that begins at n. */
static void print_unit(Print *p, const Node *n)
{
    if (n->op == OP_CONV || n->op == OP_LINEAR)
        print_weighted(p, n, layer_batchnorm(n), layer_relu(n) != NULL);
    else if (node_joins(n))
        print_join(p, n);
    else
        print_layer(p, n);
}

static void print_stmt(Print *p, const Node *n)
{
    const Tensor *y = layer_last(n)->out[0];
    fprintf(p->f, "%s = ", y->name);
    if (!node_joins(n))
        fprintf(p->f, "%s -> ", n->in[0]->name);
    print_unit(p, n);
    if (strcmp(n->path, y->name) != 0)
        fprintf(p->f, " as \"%s\"", n->path);
    fputc('\n', p->f);
}

/* A layer of the output line is called as its kind: no statement can be. */
static bool in_output(const Node *n) { return strcmp(n->path, op_name(n->op)) == 0 && n->op != OP_LINEAR && !node_joins(n); }

static void print_output(Print *p)
{
    const Tensor *t = p->g->output;
    LIST(const Node *) chain = { 0 };
    for (; t->def && in_output(t->def); t = t->def->in[0])
        LIST_PUSH(p->a, &chain, t->def);
    fprintf(p->f, "output %s", t->name);
    for (int i = chain.n - 1; i >= 0; i--) {
        fprintf(p->f, " -> ");
        print_unit(p, chain.at[i]);
    }
    fputc('\n', p->f);
}

/* ---- What stands behind the layers ---- */

static void print_expects(Print *p)
{
    for (int i = 0; i < p->g->expects.n; i++)
        fprintf(p->f, "%s %s %lld", i ? "," : "expect", p->g->expects.at[i].what, (long long)p->g->expects.at[i].value);
    if (p->g->expects.n)
        fputc('\n', p->f);
}

/* The names of the weights that `chosen` holds of, after `word`. */
static bool print_names(Print *p, const char *word, bool (*chosen)(const Tensor *))
{
    bool any = false;
    for (int i = 0; i < p->g->tensors.n; i++) {
        const Tensor *t = p->g->tensors.at[i];
        if (t->kind != TENSOR_WEIGHT || !chosen(t))
            continue;
        fprintf(p->f, "%s%s", any ? ", " : word, t->name);
        any = true;
    }
    return any;
}

static bool is_frozen(const Tensor *t) { return !t->trains && t->role != ROLE_MEAN && t->role != ROLE_VAR; }
static bool is_fresh(const Tensor *t) { return t->fresh; }

static void print_choices(Print *p)
{
    if (p->g->weights_file) {
        fprintf(p->f, "weights \"%s\"", p->g->weights_file);
        print_names(p, " except ", is_fresh);
        fputc('\n', p->f);
    }
    if (print_names(p, "freeze ", is_frozen))
        fprintf(p->f, p->g->freeze_bn_batch ? " bn=batch\n" : " bn=running\n");
}

static void print_settings(Print *p, const char *head, const Settings *s, bool loss)
{
    if (!s->n && !*head)
        return;
    fprintf(p->f, "%s {\n", head);
    for (int i = 0; i < s->n; i++)
        if (!loss || strcmp(s->at[i].key, "loss") != 0)
            fprintf(p->f, "  %s = %s\n", s->at[i].key, s->at[i].text);
    for (int i = 0; loss && i < p->g->heads.n; i++) {
        const Head *h = &p->g->heads.at[i];
        fprintf(p->f, "%s%s*xent(%s, smooth=%s)", i ? " + " : "  loss = ", arena_number(p->a, h->weight), h->logits->name, arena_number(p->a, h->smooth));
    }
    fprintf(p->f, loss && p->g->heads.n ? "\n}\n" : "}\n");
}

void net_print(const Graph *g, FILE *f)
{
    Print p = { g, g->arena, f };
    const int *d = g->input->shape.dim;
    fprintf(f, "net %s\nconventions torch\ninput %s %dx%dx%d\n", g->name, g->input->name, d[0], d[1], d[2]);
    const Tensor *t = g->output;
    while (t->def && in_output(t->def))
        t = t->def->in[0];
    bool *last = ARENA_ARRAY(g->arena, g->next_id + 1, bool); /* of the output line */
    for (const Tensor *o = g->output; o != t; o = o->def->in[0])
        last[o->def->id] = true;
    for (int i = 0; i < g->nodes.n; i++)
        if (!last[g->nodes.at[i]->id] && layer_begins(g->nodes.at[i]))
            print_stmt(&p, g->nodes.at[i]);
    print_output(&p);
    print_expects(&p);
    print_choices(&p);
    if (g->data.n)
        print_settings(&p, arena_printf(g->arena, "data %s", g->data_name), &g->data, false);
    if (g->train.n)
        print_settings(&p, "train", &g->train, true);
}

/* The network as it was written, for pictures of it: a row for every operator with what feeds it, before a pass fuses or splits any. */
#include "emit_c.h"
#include <string.h>

static void mark_kept(const Graph *g, bool *kept)
{
    graph_mark_needed(g, g->output, kept);
    for (int i = 0; i < g->heads.n; i++)
        graph_mark_needed(g, g->heads.at[i].logits, kept);
}

static bool shares_path(const Graph *g, const Node *n)
{
    for (int i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i] != n && !g->nodes.at[i]->dead && strcmp(g->nodes.at[i]->path, n->path) == 0)
            return true;
    return false;
}

/* "conv 3x3/2" */
static const char *op_text(Arena *a, const Node *n)
{
    const Window *w = &n->window;
    if (!w->kh)
        return op_name(n->op);
    const char *text = arena_printf(a, "%s %dx%d", op_name(n->op), w->kh, w->kw);
    if (w->sh == w->sw)
        return w->sh > 1 ? arena_printf(a, "%s/%d", text, w->sh) : text;
    return arena_printf(a, "%s/%dx%d", text, w->sh, w->sw);
}

/* rows[id] is the row of a tensor, from 1 on; 0: it has none. */
static EmitLayer layer_of(Arena *a, const Graph *g, const Node *n, const int *rows)
{
    EmitLayer l = { n->path, op_text(a, n), n->out[0]->shape, 0, NULL };
    int *in = ARENA_ARRAY(a, n->n_in, int);
    for (int i = 0; i < n->n_in; i++)
        if (rows[n->in[i]->id])
            in[l.n_in++] = rows[n->in[i]->id] - 1;
    l.in = in;
    if (shares_path(g, n)) /* convolution, batch norm and ReLU of a layer */
        l.name = arena_printf(a, "%s.%s", n->path, op_name(n->op));
    return l;
}

void emit_note_layers(Arena *a, const Graph *g, EmitTrain *t)
{
    bool *kept = ARENA_ARRAY(a, g->next_id + 1, bool);
    int *rows = ARENA_ARRAY(a, g->next_id + 1, int), n = 0;
    EmitLayer *layers = ARENA_ARRAY(a, g->nodes.n + 1, EmitLayer);
    mark_kept(g, kept);
    layers[n++] = (EmitLayer){ g->input->name, "input", g->input->shape, 0, NULL };
    rows[g->input->id] = n;
    for (int i = 0; i < g->nodes.n; i++) {
        const Node *node = g->nodes.at[i];
        if (node->dead || !kept[node->id] || node_in_load_phase(node))
            continue;
        layers[n++] = layer_of(a, g, node, rows);
        for (int k = 0; k < node->n_out; k++)
            rows[node->out[k]->id] = n;
    }
    t->layers = layers;
    t->n_layers = n;
}

void emit_layers(const EmitTrain *t, FILE *f)
{
    int first = 0;
    fprintf(f, "\nstatic const int layer_inputs[] = { /* rows of the table below */\n   ");
    for (int i = 0; i < t->n_layers; i++)
        for (int k = 0; k < t->layers[i].n_in; k++, first++)
            fprintf(f, "%s %d,", first && first % 24 == 0 ? "\n   " : "", t->layers[i].in[k]);
    fprintf(f, "\n};\n\n/* The network as written: layer, operator, C x H x W of its result, what feeds it. */\n");
    fprintf(f, "static const RtLayer layers[%d] = {\n", t->n_layers);
    first = 0;
    for (int i = 0; i < t->n_layers; i++) {
        const EmitLayer *l = &t->layers[i];
        const int *d = l->shape.dim;
        fprintf(f, "    { \"%s\", \"%s\", %d, %d, %d, %d, layer_inputs + %d },\n", l->name, l->op, d[0], l->shape.rank > 1 ? d[1] : 1,
                l->shape.rank > 2 ? d[2] : 1, l->n_in, first);
        first += l->n_in;
    }
    fprintf(f, "};\n");
}

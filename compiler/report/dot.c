/* Graphviz's language.  Every identifier is quoted, every label is escaped; tensors' names are unique, so they name the nodes. */
#include "../layer_nodes.h"
#include "picture.h"
#include "terminal.h"
#include <string.h>

void put_escaped(const char *s, FILE *f)
{
    for (; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        default: fputc(*s, f); break;
        }
}

const char *layer_family(const Layer *l)
{
    switch ((int)l->first->op) {
    case OP_CONV: case OP_LINEAR: return "conv";
    case OP_MAXPOOL: case OP_AVGPOOL: case OP_GLOBALAVGPOOL: case OP_ADAPTIVEAVGPOOL: return "pool";
    case OP_CONCAT: case OP_ADD: case OP_MUL: case OP_MAX: return "join";
    case OP_LRN: case OP_BATCHNORM: case OP_L2NORM: case OP_NORMALIZE: return "norm";
    }
    return "other";
}

static const char *color_of(const Layer *l)
{
    static const char *const colors[][2] = { { "conv", "#d4e4f7" }, { "pool", "#f9d9d3" }, { "join", "#dff0d8" }, { "norm", "#fbeec8" } };
    for (int i = 0; i < 4; i++)
        if (strcmp(colors[i][0], layer_family(l)) == 0)
            return colors[i][1];
    return "#eeeeee";
}

static void put_name(const char *s, FILE *f)
{
    fputc('"', f);
    for (; *s; s++)
        fprintf(f, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
    fputc('"', f);
}

static void put_node(const Layers *all, const Layer *l, int depth, FILE *f)
{
    Arena *a = all->arena;
    fprintf(f, "%*s", 2 * depth, "");
    put_name(l->result, f);
    fprintf(f, " [fillcolor=\"%s\"%s, label=<<b>", color_of(l), l->main ? "" : ", style=\"filled,dashed\"");
    put_escaped(l->name, f);
    fprintf(f, "</b><br/>");
    put_escaped(layer_operation(a, l), f);
    fprintf(f, "<br/>%s", shape_text(a, &l->shape));
    if (l->params)
        fprintf(f, "<br/>%s parameters", short_number(a, (double)l->params));
    if (l->macs)
        fprintf(f, "<br/>%s MACs", short_number(a, (double)l->macs));
    fprintf(f, ">];\n");
}

static void put_members(const Layers *all, const Layer *m, int depth, FILE *f)
{
    for (int i = 0; i < m->members.n; i++) {
        const Layer *l = m->members.at[i];
        if (l->kind) {
            put_node(all, l, depth, f);
            continue;
        }
        fprintf(f, "%*ssubgraph ", 2 * depth, "");
        put_name(arena_printf(all->arena, "cluster_%s", l->path), f);
        fprintf(f, " {\n%*slabel=<", 2 * depth + 2, "");
        put_escaped(l->name, f);
        fprintf(f, " %s>;\n", shape_text(all->arena, &l->shape));
        put_members(all, l, depth + 1, f);
        fprintf(f, "%*s}\n", 2 * depth, "");
    }
}

void dot_print(const Layers *l, FILE *f)
{
    const Tensor *x = l->graph->input;
    fprintf(f, "digraph ");
    put_name(l->graph->name, f);
    fprintf(f, " {\n  rankdir=TB;\n  node [shape=box, style=filled, fontname=\"sans\", fontsize=11, margin=\"0.12,0.05\"];\n"
               "  graph [fontname=\"sans\", fontsize=12, color=\"#888888\", style=rounded];\n  edge [color=\"#555555\"];\n  ");
    put_name(x->name, f);
    fprintf(f, " [shape=ellipse, fillcolor=\"#ffffff\", label=<<b>");
    put_escaped(x->name, f);
    fprintf(f, "</b><br/>%s>];\n", shape_text(l->arena, &x->shape));
    put_members(l, l->root, 1, f);
    for (int i = 0; i < l->list.n; i++)
        for (int k = 0; k < l->list.at[i]->in.n; k++) {
            const Layer *in = l->list.at[i]->in.at[k];
            fprintf(f, "  ");
            put_name(in ? in->result : x->name, f);
            fprintf(f, " -> ");
            put_name(l->list.at[i]->result, f);
            fprintf(f, ";\n");
        }
    fprintf(f, "}\n");
}

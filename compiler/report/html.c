/* -o FILE.html: one page that needs nothing else. */
#include "figure.h"
#include "picture.h"
#include "terminal.h"

static const char css[] =
#include "page_css.inc"
    ;
static const char js[] =
#include "page_js.inc"
    ;

typedef struct Page {
    Arena *arena;
    const Summary *s;
    const Layers *l;
    const double *measured; /* milliseconds by place; null: nothing was measured */
    double most_macs;       /* of a layer */
    FILE *f;
} Page;

/* ---- Head ---- */

static void put_card(const Page *p, const char *name, const char *value)
{
    fprintf(p->f, "<div><dt>%s</dt><dd>", name);
    put_escaped(value, p->f);
    fprintf(p->f, "</dd></div>\n");
}

static void put_cards(const Page *p)
{
    Arena *a = p->arena;
    SummaryTotals t = summary_totals(p->s, false), both = summary_totals(p->s, true);
    const Plan *plan = p->l->plan;
    fprintf(p->f, "<dl class=\"cards\">\n");
    put_card(p, "parameters", arena_commas(a, t.params));
    if (both.params != t.params)
        put_card(p, "of auxiliary heads", arena_commas(a, both.params - t.params));
    put_card(p, "multiply-accumulates", arena_commas(a, t.macs));
    put_card(p, "weights file, bytes", arena_commas(a, t.file_bytes));
    put_card(p, "arena, bytes", arena_commas(a, t.memory));
    if (p->s->step_bytes)
        put_card(p, arena_printf(a, "training, a step of %d, bytes", p->s->step_images), arena_commas(a, p->s->step_bytes));
    put_card(p, "expected ms", arena_printf(a, "%.2f", p->l->ms));
    put_card(p, "target", arena_printf(a, "%s, %s", plan->target->name, numerics_names[plan_numerics(plan)]));
    fprintf(p->f, "</dl>\n");
}

static void put_head(const Page *p)
{
    const Graph *g = p->l->graph;
    fprintf(p->f, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n<title>");
    put_escaped(g->name, p->f);
    fprintf(p->f, "</title>\n<style>\n%s</style></head>\n<body>\n<header><h1>", css);
    put_escaped(g->name, p->f);
    fprintf(p->f, "</h1>\n<p>%s to %s, %d layers</p>\n", shape_text(p->arena, &g->input->shape), shape_text(p->arena, &g->output->shape), p->l->list.n);
    fprintf(p->f, "<nav><a href=\"#figure\">Figure</a> <a href=\"#layers\">Layers</a> <a href=\"#arena\">Memory</a> <a href=\"#advice\">Advice</a></nav></header>\n");
    put_cards(p);
}

/* ---- Figure ---- */

static double share(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

static void put_box(const Page *p, const Layer *l)
{
    fprintf(p->f, "<a class=\"box %s\" href=\"#r%d\"><b>", layer_family(l), l->place);
    put_escaped(l->name, p->f);
    fprintf(p->f, "</b><span>");
    put_escaped(layer_operation(p->arena, l), p->f);
    fprintf(p->f, "</span><span>%s</span>", shape_text(p->arena, &l->shape));
    if (l->macs)
        fprintf(p->f, "<i style=\"--p:%.1f\"></i>", share((double)l->macs, p->most_macs));
    fprintf(p->f, "</a>\n");
}

/* A copy of the module before it stays folded. */
static bool is_copy(const Layer *m)
{
    const Layer *before = m->index ? m->module->members.at[m->index - 1] : NULL;
    return before && !before->kind && before->n_layers == m->n_layers && before->macs == m->macs && before->params == m->params && m->n_layers > 3;
}

static void draw_module(const Page *p, const Layer *m);

static void draw_item(void *arg, const Layer *l)
{
    const Page *p = arg;
    if (l->kind) {
        put_box(p, l);
        return;
    }
    fprintf(p->f, "<details%s><summary>", is_copy(l) ? "" : " open=\"\"");
    put_escaped(l->name, p->f);
    fprintf(p->f, " <small>%s", shape_text(p->arena, &l->shape));
    if (l->macs)
        fprintf(p->f, ", %s MACs", short_number(p->arena, (double)l->macs));
    fprintf(p->f, "</small></summary>\n");
    draw_module(p, l);
    fprintf(p->f, "</details>\n");
}

static void draw_tag(const Page *p, const char *class, bool begins) { fprintf(p->f, begins ? "<div class=\"%s\">\n" : "</div>\n", class); }
static void draw_sequence(void *arg, bool begins) { draw_tag(arg, "seq", begins); }
static void draw_parallel(void *arg, bool begins) { draw_tag(arg, "par", begins); }
static void draw_row(void *arg, bool begins) { draw_tag(arg, "row", begins); }
static void draw_side(void *arg, bool begins) { draw_tag(arg, "side", begins); }

static void draw_module(const Page *p, const Layer *m)
{
    FigureDraw d = { draw_item, draw_sequence, draw_parallel, draw_row, draw_side, (void *)p };
    figure_walk(p->arena, m, &d);
}

static void put_figure(const Page *p)
{
    fprintf(p->f, "<section id=\"figure\"><h2>Figure</h2>\n<p>Modules fold; copies of the module before them are folded. A bar is the multiply-accumulates beside the largest layer&#39;s. "
                  "<button data-open=\"1\" type=\"button\">Unfold all</button> <button data-open=\"0\" type=\"button\">Fold all</button></p>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"figure\">\n");
    draw_module(p, p->l->root);
    fprintf(p->f, "</div></section>\n");
}

/* ---- Table ---- */

static void put_heading(const Page *p, const char *name, bool numeric)
{
    fprintf(p->f, "<th scope=\"col\"%s><button type=\"button\">%s</button></th>", numeric ? " data-numeric=\"\"" : "", name);
}

static void put_number(const Page *p, double v, const char *text, double most)
{
    fprintf(p->f, "<td data-v=\"%.9g\"", v);
    if (v > 0 && most > 0)
        fprintf(p->f, " style=\"--p:%.1f\"", share(v, most));
    fprintf(p->f, ">%s</td>", v > 0 ? text : "");
}

typedef struct Most {
    double params, macs, bytes, ms, measured;
} Most;

static void raise(double *most, double v) { *most = v > *most ? v : *most; }

static Most find_most(const Page *p)
{
    Most m = { 0 };
    for (int i = 0; i < p->l->list.n; i++) {
        const Layer *l = p->l->list.at[i];
        raise(&m.params, (double)l->params);
        raise(&m.macs, (double)l->macs);
        raise(&m.bytes, (double)l->bytes);
        raise(&m.ms, l->ms);
        raise(&m.measured, p->measured ? p->measured[i] : 0);
    }
    return m;
}

static void put_row(const Page *p, const Layer *l, const Most *most)
{
    Arena *a = p->arena;
    fprintf(p->f, "<tr id=\"r%d\" data-n=\"%d\"%s><td>", l->place, l->place, l->main ? "" : " class=\"aux\"");
    put_escaped(l->path, p->f);
    fprintf(p->f, "</td><td>");
    put_escaped(layer_operation(a, l), p->f);
    fprintf(p->f, "</td><td data-v=\"%lld\">%s</td>", (long long)shape_elems(&l->shape), shape_text(a, &l->shape));
    put_number(p, (double)l->params, arena_commas(a, l->params), most->params);
    put_number(p, (double)l->macs, arena_commas(a, l->macs), most->macs);
    put_number(p, (double)l->bytes, arena_commas(a, l->bytes), most->bytes);
    put_number(p, l->receptive.h, receptive_text(a, &l->receptive), 0);
    put_number(p, l->ms, arena_printf(a, "%.4f", l->ms), most->ms);
    if (p->measured)
        put_number(p, p->measured[l->place], arena_printf(a, "%.4f", p->measured[l->place]), most->measured);
    fprintf(p->f, "</tr>\n");
}

static void put_table(const Page *p)
{
    static const char *const names[] = { "layer", "operation", "output", "parameters", "MACs", "bytes", "field", "expected ms", "measured ms" };
    Most most = find_most(p);
    fprintf(p->f, "<section id=\"layers\"><h2>Layers</h2>\n<p>Bytes are of the result, the field is what an element sees of the input in pixels; layers without time are "
                  "computed in another's step. <button id=\"order\" type=\"button\">In the order of the text</button></p>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"layers\"><table><thead><tr>");
    for (int i = 0; i < (p->measured ? 9 : 8); i++)
        put_heading(p, names[i], i > 1);
    fprintf(p->f, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < p->l->list.n; i++)
        put_row(p, p->l->list.at[i], &most);
    fprintf(p->f, "</tbody></table></div></section>\n");
}

/* ---- Memory ---- */

static const char *buffer_family(const Page *p, const Buffer *b)
{
    for (int i = p->l->list.n - 1; i >= 0; i--)
        if (p->l->list.at[i]->buffer == b)
            return layer_family(p->l->list.at[i]);
    return "other";
}

/* x: steps, y: the arena's bytes, the first at the top. */
static void put_arena(const Page *p)
{
    enum { WIDTH = 1000, HEIGHT = 400 };
    const Plan *plan = p->l->plan;
    double x = (double)WIDTH / (plan->steps.n ? plan->steps.n : 1), y = plan->arena_bytes ? 4.0 * HEIGHT / (double)plan->arena_bytes : 0;
    fprintf(p->f, "<section id=\"arena\"><h2>Memory</h2>\n<figure style=\"margin:0\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"buffers of the arena over the steps\" "
                  "preserveAspectRatio=\"none\">\n", WIDTH, HEIGHT);
    for (int i = 0; i < plan->buffers.n; i++) {
        const Buffer *b = plan->buffers.at[i];
        if (b->kind != BUFFER_ARENA)
            continue;
        fprintf(p->f, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>", buffer_family(p, b), b->first * x, (double)b->offset * y,
                (b->last - b->first + 1) * x, (double)b->floats * y);
        put_escaped(b->name, p->f);
        fprintf(p->f, ": %s bytes at %s, steps %d to %d</title></rect>\n", arena_commas(p->arena, 4 * b->floats), arena_commas(p->arena, 4 * b->offset), b->first, b->last);
    }
    fprintf(p->f, "</svg><figcaption>The arena of an image, %s bytes, from top to bottom; %d steps from left to right. A box is a buffer from the step that writes it to the "
                  "last that reads it; branches of a concat share one.</figcaption></figure></section>\n",
            arena_commas(p->arena, plan->arena_bytes), plan->steps.n);
}

static double most_macs(const Layers *l)
{
    double most = 0;
    for (int i = 0; i < l->list.n; i++)
        most = (double)l->list.at[i]->macs > most ? (double)l->list.at[i]->macs : most;
    return most;
}

void html_print(const Summary *s, const double *measured, const Advice *advice, FILE *f)
{
    Page p = { s->layers->arena, s, s->layers, measured, most_macs(s->layers), f };
    put_head(&p);
    put_figure(&p);
    put_table(&p);
    put_arena(&p);
    put_advice(s->layers, advice, f);
    fprintf(f, "<script>\n%s</script>\n</body></html>\n", js);
}

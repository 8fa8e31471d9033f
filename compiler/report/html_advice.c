/* The page's section of design advice. */
#include "../layer_nodes.h"
#include "picture.h"

typedef struct Section {
    Arena *arena;
    const Advice *advice;
    const Layer *const *of; /* by id of node: its layer, or null */
    FILE *f;
} Section;

static const Layer *const *layers_by_node(const Layers *l)
{
    const Layer **of = ARENA_ARRAY(l->arena, l->graph->next_id + 1, const Layer *);
    for (int i = 0; i < l->list.n; i++) {
        const Node *first = l->list.at[i]->first;
        const Node *const nodes[] = { first, layer_batchnorm(first), layer_relu(first) };
        for (int k = 0; k < 3; k++)
            if (nodes[k])
                of[nodes[k]->id] = l->list.at[i];
    }
    return of;
}

static void put_text(const Section *s, const char *before, const char *text, const char *after)
{
    fputs(before, s->f);
    put_escaped(text, s->f);
    fputs(after, s->f);
}

static void put_place(const Section *s, const char *before, Loc loc, const char *after) { put_text(s, before, advice_place(s->arena, loc), after); }

static void put_layer_link(const Section *s, const Node *n)
{
    const Layer *l = s->of[n->id];
    if (l)
        fprintf(s->f, "<a href=\"#r%d\">", l->place);
    put_text(s, "", n->path, l ? "</a>" : "");
}

static void put_finding(const Section *s, const Finding *f)
{
    const char *cost = advice_cost(s->arena, s->advice, f);
    fputs("<li>", s->f);
    if (f->loc.line)
        put_place(s, "<b>", f->loc, "</b> ");
    put_text(s, "", f->says, "");
    if (cost)
        put_text(s, "<br/>", cost, "");
    if (f->facts)
        put_text(s, "<br/>", f->facts, "");
    fprintf(s->f, "<br/>%s: ", f->nodes.n == 1 ? "Layer" : "Layers");
    for (int i = 0; i < f->nodes.n; i++) {
        fputs(i ? ", " : "", s->f);
        put_layer_link(s, f->nodes.at[i]);
    }
    fprintf(s->f, "</li>\n");
}

static void put_fixed(const Section *s, const AdviceFix *f)
{
    AdviceChanges changes = advice_changes(s->arena, s->advice, &f->fixed);
    put_text(s, "<h4>Fix: ", f->what, "</h4>\n<ul>");
    for (int i = 0; i < changes.n; i++) {
        put_text(s, "<li>", changes.at[i].name, " ");
        put_text(s, "", changes.at[i].text, "</li>");
    }
    put_text(s, "</ul>\n<pre class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"fix\">", f->fixed.text, "</pre>\n");
}

static void put_fix(const Section *s, const AdviceFix *f)
{
    for (int i = 0; i < f->unmended.n; i++) {
        put_place(s, "<p>No mechanical fix for ", f->unmended.at[i].loc, " (");
        put_text(s, "", f->what, "): ");
        put_text(s, "", f->unmended.at[i].why, "</p>\n");
    }
    if (f->fixed.text)
        put_fixed(s, f);
    else if (f->fixed.failed) {
        put_text(s, "<p>No mechanical fix here (", f->what, "): ");
        put_text(s, "", f->fixed.failed, "</p>\n");
    }
}

static void put_kind(const Section *s, const AdviceKind *k)
{
    fprintf(s->f, "<article id=\"design-%s\"><h3>", k->name);
    put_text(s, "", k->help, "");
    fprintf(s->f, " <small>-Wdesign-%s</small></h3>\n<ul>\n", k->name);
    for (int i = 0; i < k->found.n; i++)
        put_finding(s, k->found.at[i]);
    put_text(s, "</ul>\n<p>", k->why, "<br/>");
    put_text(s, "Source: ", k->source, "</p>\n");
    if (k->no_fix)
        put_text(s, "<p>No mechanical fix: ", k->no_fix, "</p>\n");
    for (int i = 0; i < k->fixes.n; i++)
        put_fix(s, &k->fixes.at[i]);
    fprintf(s->f, "</article>\n");
}

void put_advice(const Layers *l, const Advice *advice, FILE *f)
{
    Section s = { l->arena, advice, layers_by_node(l), f };
    fprintf(f, "<section id=\"advice\"><h2>Advice</h2>\n<p>%s</p>\n",
            advice->kinds.n ? "What the Inception papers would say. A fix is a variant: paste it into a file beside the network&#39;s; its numbers are of the variant, loaded and counted."
                            : "No advice: no rule has anything to say.");
    for (int i = 0; i < advice->kinds.n; i++)
        put_kind(&s, &advice->kinds.at[i]);
    fprintf(f, "</section>\n");
}

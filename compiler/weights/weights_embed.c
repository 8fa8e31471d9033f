#include "../../formats/replace.h"
#include "../structure.h"
#include "embed.h"
#include "weights.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIFFERENCES_SHOWN = 20 };

struct Embed {
    const Options *o;
    Arena *a;
    TensorFile *file;
    LoadPlan plan;
    bool as_it_is; /* the file holds these tensors and no others, as float32 */
};

static void note_differences(const Graph *g, const char *theirs, const char *ours, const char *path)
{
    char *text = NULL, *rest = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return;
    structure_diff(g->arena, theirs, ours, path, g->name, DIFFERENCES_SHOWN, f);
    fclose(f);
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
        diag_note((Loc){ 0 }, "%s", line);
    free(text);
}

/* What the file says of the layers it was made for must be these. */
static bool made_for(const TensorFile *f, const LoadPlan *p)
{
    const Graph *g = p->graph;
    const char *hash = tensor_file_meta(f, "structure"), *layers = tensor_file_meta(f, "layers");
    if (!hash || strcmp(hash, p->structure) == 0)
        return true;
    diag_error((Loc){ 0 }, "%s: made for other layers than those of %s, though names and shapes are the same", f->path, g->name);
    note_differences(g, layers ? layers : "", p->layers, f->path);
    diag_note((Loc){ 0 }, "'inceptc weights import %s --for %s -o NEW.safetensors' makes them this network's", f->path, g->source);
    return false;
}

static bool as_it_is(const Embed *e)
{
    if (e->file->format != TENSORS_SAFETENSORS || e->file->n_entries != e->plan.n)
        return false;
    for (int i = 0; i < e->plan.n; i++)
        if (!load_in_place(&e->plan.rows[i]) || strcmp(e->plan.rows[i].weight->name, e->plan.rows[i].entry->name) != 0)
            return false;
    return true;
}

Embed *embed_open(const Options *o, Arena *a, Graph *g, int *code)
{
    Embed *e = ARENA_NEW(a, Embed);
    const NameMap *map;
    *e = (Embed){ .o = o, .a = a };
    if ((*code = weights_map(o, a, &map)))
        return NULL;
    e->file = weights_open(a, (const char **)&o->embed, 1, code);
    if (!e->file)
        return NULL;
    LoadOptions lo = { e->file, 1, map, o->partial, true };
    e->plan = load_plan(g, &lo);
    e->as_it_is = as_it_is(e);
    if (e->plan.problems.n)
        load_print_problems(&e->plan, &lo);
    if (!e->plan.problems.n && made_for(e->file, &e->plan))
        return e;
    *code = EXIT_INPUT;
    embed_close(e);
    return NULL;
}

void embed_close(Embed *e)
{
    if (e && e->file)
        weights_close(e->file, 1);
}

/* A path as a string of the assembler inside a string of C. */
static const char *quoted(Arena *a, const char *path)
{
    const char *out = "";
    for (; *path; path++)
        out = arena_printf(a, *path == '"' || *path == '\\' ? "%s\\\\\\%c" : "%s%c", out, *path);
    return out;
}

static int write_c(const Embed *e, const char *bin_path, const char *c_path)
{
    Replace r;
    RtError err = { 0 };
    if (replace_begin(&r, c_path, &err) != RT_OK)
        return driver_fail(&err);
    fprintf(r.file,
            "/* The weights, as they are: the assembler takes them in, so that the C compiler never sees them. */\n"
            "__asm__(\".section .rodata\\n\"\n        \".balign 64\\n\"\n"
            "        \".global rt_embedded_begin\\n\"\n        \"rt_embedded_begin:\\n\"\n"
            "        \".incbin \\\"%s\\\"\\n\"\n"
            "        \".global rt_embedded_end\\n\"\n        \"rt_embedded_end:\\n\"\n        \".byte 0\\n\"\n        \".previous\\n\");\n",
            quoted(e->a, bin_path));
    return replace_commit(&r, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
}

static int link_file(const Embed *e, const char *bin_path)
{
    char *real = realpath(e->file->path, NULL);
    int bad = !real || symlink(real, bin_path) != 0 ? errno : 0;
    free(real);
    if (bad)
        diag_error((Loc){ 0 }, "cannot link '%s' to '%s': %s", bin_path, e->file->path, strerror(bad));
    return bad ? EXIT_FILE : EXIT_OK;
}

int embed_write(const Embed *e, const char *bin_path, const char *c_path)
{
    int code = e->as_it_is ? link_file(e, bin_path) : weights_write_plan(e->o, &e->plan, bin_path);
    return code ? code : write_c(e, bin_path, c_path);
}

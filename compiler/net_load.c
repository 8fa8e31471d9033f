/* Files, includes and the order of elaboration. */
#include "elab.h"
#include "phase.h"
#include "words.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Reading ---- */

static void cannot_read(Elab *e, const char *path, Loc loc, const char *why)
{
    diag_error(loc, "cannot read '%s': %s", path, why);
    e->file_error |= !loc.file;
}

static char *read_all(FILE *f, size_t *size)
{
    enum { MOST = 256 << 20 };
    size_t cap = 1 << 16, n = 0;
    char *text = malloc(cap);
    while (text) {
        n += fread(text + n, 1, cap - n, f);
        if (n < cap || cap >= MOST)
            break;
        char *more = realloc(text, cap *= 2);
        if (!more)
            free(text);
        text = more;
    }
    *size = n;
    return text;
}

static AstFile *parse(Elab *e, int file)
{
    if (e->g)
        LIST_PUSH(e->arena, &e->g->texts, file);
    return ast_parse(e->arena, file, diag_file_name(file));
}

/* The whole file, or null after a message. */
static char *read_file(Elab *e, const char *path, Loc loc, size_t *size)
{
    struct stat st;
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (!f || (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))) {
        cannot_read(e, path, loc, f ? "it is a directory" : strerror(errno));
        if (f)
            fclose(f);
        return NULL;
    }
    char *text = read_all(f, size);
    bool bad = ferror(f);
    if (!standard)
        fclose(f);
    if (!text || bad) {
        cannot_read(e, path, loc, text ? "the file cannot be read to its end" : "out of memory");
        return NULL;
    }
    return text;
}

static AstFile *read_net(Elab *e, const char *path, Loc loc)
{
    static struct { char *text; size_t size; } standard; /* --train loads a text twice: there is one chance to read it */
    const NetOptions *o = e->options;
    if (o->text && !loc.file)
        return parse(e, diag_add_file(path, o->text, o->text_size));
    if (o->text && !o->names_files) {
        cannot_read(e, path, loc, "a text in memory names no files");
        return NULL;
    }
    if (strcmp(path, "-") == 0) {
        if (!standard.text)
            standard.text = read_file(e, path, loc, &standard.size);
        return standard.text ? parse(e, diag_add_file("<stdin>", standard.text, standard.size)) : NULL;
    }
    size_t size;
    char *text = read_file(e, path, loc, &size);
    return text ? parse(e, diag_add_file(arena_strdup(e->arena, path), text, size)) : NULL;
}

AstFile *net_read(Elab *e, const char *path, const char *from, Loc loc)
{
    (void)from;
    const char *outer = phase_enter("read and parse");
    AstFile *f = read_net(e, path, loc);
    phase_enter(outer);
    return f;
}

/* `name` beside the file that names it, then in the -I folders. */
static const char *resolve(Elab *e, const char *name, const char *from)
{
    const char *slash = strrchr(from, '/');
    const char *path = *name == '/' || !slash ? name : arena_printf(e->arena, "%.*s/%s", (int)(slash - from), from, name);
    struct stat st;
    for (int i = 0; stat(path, &st) != 0 && i < e->options->include_dirs.n; i++)
        path = arena_printf(e->arena, "%s/%s", e->options->include_dirs.at[i], name);
    if (stat(path, &st) != 0)
        path = *name == '/' || !slash ? name : arena_printf(e->arena, "%.*s/%s", (int)(slash - from), from, name);
    return path;
}

static bool listed(const char *const *list, int n, const char *s)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], s) == 0)
            return true;
    return false;
}

/* ---- Items ---- */

static void run_items(Elab *e, const AstFile *f);

static void include(Elab *e, const AstItem *item, const char *from)
{
    const char *path = resolve(e, item->string, from);
    if (listed(e->open.at, e->open.n, path)) {
        diag_error(item->string_loc, "'%s' includes itself", item->string);
        return;
    }
    if (listed(e->included.at, e->included.n, path))
        return;
    LIST_PUSH(e->arena, &e->included, path);
    AstFile *f = net_read(e, path, from, item->string_loc);
    if (!f)
        return;
    const Default *outer = e->top.defaults;
    e->top.defaults = NULL; /* an included text has its own defaults only */
    LIST_PUSH(e->arena, &e->open, path);
    run_items(e, f);
    e->open.n--;
    e->top.defaults = outer;
}

static const char *const conventions[] = { "", "caffe", "torch", "tf" }; /* by the values of Conventions */
enum { N_CONVENTIONS = sizeof conventions / sizeof *conventions };

const char *word_conventions(int i) { return i + 1 < N_CONVENTIONS ? conventions[i + 1] : NULL; }

static void set_conventions(Elab *e, const AstItem *item)
{
    Nearest near;
    nearest_start(&near, item->name);
    for (int i = 1; i < N_CONVENTIONS; i++) {
        nearest_try(&near, conventions[i]);
        if (strcmp(conventions[i], item->name) == 0) {
            e->conventions = (Conventions)i;
            e->g->conventions = conventions[i];
            e->g->conventions_loc = item->name_loc;
            return;
        }
    }
    const char *best = nearest_result(&near);
    diag_fix(item->name_loc, best);
    if (best)
        diag_error(item->name_loc, "there are no conventions '%s'; did you mean '%s'?", item->name, best);
    else
        diag_error(item->name_loc, "there are no conventions '%s'; there are caffe, torch and tf", item->name);
}

static void set_input(Elab *e, const AstItem *item)
{
    if (e->input) {
        diag_error(item->name_loc, "a net has one input");
        diag_note(e->input->name_loc, "the first one is here");
        return;
    }
    e->input = item;
    Shape s = { 3, true, { 0 } };
    for (int i = 0; i < 3; i++) {
        int64_t d = item->shape.dim[i];
        if (d < 1 || d > 1 << 20) {
            diag_error(item->shape.loc, "each side of the input is from 1 to 1048576, not %lld", (long long)d);
            return;
        }
        s.dim[i] = (int)d;
    }
    if (shape_elems(&s) > INT32_MAX) {
        diag_error(item->shape.loc, "the input has more than 2147483647 elements");
        return;
    }
    Tensor *x = graph_input(e->g, item->name, s.dim[0], s.dim[1], s.dim[2], item->shape.loc);
    elab_bind(e, &e->top.tensors, (Binding){ .name = item->name, .tensor = x, .loc = item->name_loc });
    e->top.flow = x;
}

static void define_module(Elab *e, const AstItem *item)
{
    Module *old = elab_module(e, item->name);
    if (old && item->replaces && !old->item->replaces) {
        old->item = item; /* its defaults stay those of the place it is replaced in */
        return;
    }
    if (old) {
        diag_error(item->name_loc, "module '%s' is defined twice", item->name);
        diag_note(old->item->name_loc, "it was defined here first");
        return;
    }
    if (elab_is_layer(item->name)) {
        diag_error(item->name_loc, "a module may not be called '%s': that is a layer", item->name);
        return;
    }
    Module *m = ARENA_NEW(e->arena, Module);
    m->item = item;
    m->defaults = e->top.defaults;
    LIST_PUSH(e->arena, &e->modules, m);
    name_table_set(e->arena, &e->module_names, item->name, m);
}

static void add_default(Elab *e, const AstItem *item)
{
    if (!elab_is_layer(item->name)) {
        Nearest near;
        nearest_start(&near, item->name);
        elab_suggest_layers(&near);
        diag_error_unknown(&near, item->name_loc, "there is no layer '%s'", item->name);
        return;
    }
    Default *d = ARENA_NEW(e->arena, Default);
    *d = (Default){ item->name, &item->args, e->top.defaults };
    e->top.defaults = d;
}

static void place_stmt(Elab *e, const AstStmt *s)
{
    int first = e->g->nodes.n;
    elab_stmt(e, &e->top, s, "");
    for (int i = first; i < e->g->nodes.n; i++)
        e->g->nodes.at[i]->stmt = s->loc;
}

/* Whether a layer may stand here. Says once what is missing; what follows from it is silent. */
static bool ready_for_layers(Elab *e, const AstItem *item)
{
    if (e->input && e->conventions != CONVENTIONS_NONE)
        return true;
    if (!e->input)
        diag_error(item->loc, "a net needs an input before its first layer: input image 3x224x224");
    else
        diag_error(item->loc, "say the conventions before the first layer: conventions caffe, torch or tf");
    e->conventions = CONVENTIONS_TORCH;
    e->input = item;
    return false;
}

static void run_stmt(Elab *e, const AstItem *item)
{
    if (ready_for_layers(e, item)) {
        place_stmt(e, item->stmt);
        return;
    }
    elab_bind(e, &e->top.tensors, (Binding){ .name = item->stmt->name ? item->stmt->name : "", .loc = item->loc });
    e->top.flow = NULL;
}

static void set_output(Elab *e, const AstItem *item)
{
    if (e->output) {
        diag_error(item->loc, "a net has one output");
        diag_note(e->output->loc, "the first one is here");
        return;
    }
    e->output = item;
    if (!ready_for_layers(e, item))
        return;
    Scope scope = { .prefix = "", .output = true };
    Tensor *flow = e->top.flow, *y = elab_chain(e, &e->top, item->chain, flow, &scope);
    e->g->output = y;
    e->g->logits = y && y->def && y->def->op == OP_SOFTMAX ? y->def->in[0] : y;
}

static bool is_variant(const AstFile *f)
{
    for (int i = 0; i < f->items.n; i++)
        if (f->items.at[i]->kind == AI_VARIANT)
            return true;
    return false;
}

static void variant(Elab *e, const AstItem *item, const AstFile *f)
{
    const char *path = resolve(e, item->string, f->path);
    if (listed(e->open.at, e->open.n, path)) {
        diag_error(item->string_loc, "'%s' is a variant of itself", item->string);
        return;
    }
    AstFile *base = net_read(e, path, f->path, item->string_loc);
    if (!base)
        return;
    elab_variant_drop(base);
    LIST_PUSH(e->arena, &e->variants, item);
    while (!is_variant(base) && e->variants.n > 0) /* of a variant: when its base is read */
        elab_variant(e, e->variants.at[--e->variants.n], base);
    LIST_PUSH(e->arena, &e->open, path);
    run_items(e, base);
    e->open.n--;
}

static void run_item(Elab *e, const AstItem *item, const AstFile *f)
{
    switch (item->kind) {
    case AI_NET:
        if (e->net)
            diag_error(item->name_loc, "a file describes one net, and this is '%s' already", e->net->name);
        e->net = e->net ? e->net : item;
        e->g->name = e->net->name;
        break;
    case AI_CONVENTIONS: set_conventions(e, item); break;
    case AI_INCLUDE: include(e, item, f->path); break;
    case AI_INPUT: set_input(e, item); break;
    case AI_OUTPUT: set_output(e, item); break;
    case AI_PARAM: elab_define_param(e, item); break;
    case AI_DEFAULT: add_default(e, item); break;
    case AI_MODULE: define_module(e, item); break;
    case AI_VARIANT: variant(e, item, f); break;
    case AI_STMT: run_stmt(e, item); break;
    case AI_EXPECT: case AI_FREEZE: case AI_WEIGHTS: case AI_DATA: case AI_TRAIN: LIST_PUSH(e->arena, &e->late, item); break;
    }
}

static void run_items(Elab *e, const AstFile *f)
{
    for (int i = 0; i < f->items.n && !diag_stopped(); i++)
        run_item(e, f->items.at[i], f);
}

/* ---- The whole ---- */

static void check_defines(Elab *e)
{
    for (int i = 0; i < e->options->defines.n; i++) {
        const char *name = e->options->defines.at[i].name;
        if (listed(e->defined.at, e->defined.n, name))
            continue;
        Nearest near;
        nearest_start(&near, name);
        elab_suggest_bound(&near, &e->top.params);
        const char *best = nearest_result(&near);
        if (best)
            diag_error((Loc){ 0 }, "-D %s: the net has no parameter '%s'; did you mean '%s'?", name, name, best);
        else
            diag_error((Loc){ 0 }, "-D %s: the net has no parameter '%s'", name, name);
    }
}

/* Flows that nothing reads are kept until remove-dead: auxiliary heads. */
static void mark_heads(Elab *e)
{
    for (int i = 0; i < e->g->tensors.n; i++) {
        Tensor *t = e->g->tensors.at[i];
        if (t->kind == TENSOR_RESULT && !t->users.n && t != e->g->output && t != e->g->logits)
            LIST_PUSH(e->arena, &e->g->marks, t);
    }
}

static void check_complete(Elab *e, const AstFile *f)
{
    Loc end = { f->file, 1, 1, 1, 1 };
    if (!e->net)
        diag_error(end, "the file has no 'net NAME': say 'net mine', for example");
    else if (!e->input)
        diag_error(end, "the net has no input: say 'input image 3x224x224', for example");
    else if (!e->output)
        diag_error(end, "the net has no output: say 'output logits -> softmax', for example");
}

AstFile *net_load_ast(Arena *a, const char *path, bool *file_error)
{
    NetOptions none = { 0 };
    Elab e = { .arena = a, .options = &none };
    AstFile *f = net_read(&e, path, "", (Loc){ 0 });
    *file_error = e.file_error;
    return f;
}

const char *net_base(Arena *a, const char *path, const NetOptions *o, int *code)
{
    Elab e = { .arena = a, .options = o };
    AstFile *f = net_read(&e, path, "", (Loc){ 0 });
    *code = e.file_error ? EXIT_FILE : EXIT_INPUT;
    for (int i = 0; f && i < f->items.n; i++)
        if (f->items.at[i]->kind == AI_VARIANT)
            return resolve(&e, f->items.at[i]->string, f->path);
    if (f)
        diag_error((Loc){ f->file, 1, 1, 1, 1 }, "this network is no variant of another: name two networks");
    return NULL;
}

static const char *define_text(Arena *a, const NetOptions *o)
{
    const char *text = "";
    for (int i = 0; i < o->defines.n; i++)
        text = arena_printf(a, "%s -D %s=%s", text, o->defines.at[i].name, o->defines.at[i].value);
    return text;
}

static Graph *load(Arena *a, const char *path, const NetOptions *o, bool *file_error)
{
    Elab *e = ARENA_NEW(a, Elab);
    e->arena = a;
    e->options = o;
    e->g = graph_new(a, "net");
    e->g->source = path;
    e->g->defines = define_text(a, o);
    *file_error = false;
    AstFile *f = net_read(e, path, "", (Loc){ 0 });
    *file_error = e->file_error;
    if (!f)
        return NULL;
    LIST_PUSH(a, &e->open, f->path);
    run_items(e, f);
    if (diag_error_count() == 0)
        check_complete(e, f);
    check_defines(e);
    if (diag_error_count() == 0 && !e->g->output)
        ICE("the output was lost without a message");
    mark_heads(e);
    if (diag_error_count() == 0)
        elab_late(e);
    return diag_error_count() == 0 ? e->g : NULL;
}

Graph *net_load(Arena *a, const char *path, const NetOptions *o, bool *file_error)
{
    const char *outer = phase_enter("elaborate");
    Graph *g = load(a, path, o, file_error);
    phase_enter(outer);
    return g;
}

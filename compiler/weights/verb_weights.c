/* inceptc weights: reads, compares and converts files of weights. */
#include "../home.h"
#include "../options_table.h"
#include "weights.h"
#include <string.h>
#include <unistd.h>

typedef struct CommandRow {
    const char *name, *operands;
    WeightsCommand *run;
    int least, most;
    bool output; /* wants -o */
} CommandRow;
static const CommandRow commands[] = {
    { "list", "FILE...", weights_list, 1, 1000, false },
    { "diff", "A B", weights_diff, 2, 2, false },
    { "import", "[FILE...] -o G.safetensors [--for NET.net] [--names MAP]", weights_import, 0, 1000, true },
    { "export", "NET.net --weights FILE -o G.safetensors [--names MAP]", weights_export, 1, 1, true },
    { "init", "NET.net [--seed N] -o G.safetensors", weights_init, 1, 1, true },
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

const char *weights_command_word(int i) { return i < N_COMMANDS ? commands[i].name : NULL; }

TensorFile *weights_open(Arena *a, const char **paths, int n, int *code)
{
    TensorFile *files = ARENA_ARRAY(a, n + 1, TensorFile);
    for (int i = 0; i < n; i++) {
        RtError err = { 0 };
        if (tensor_file_open(&files[i], paths[i], &err) == RT_OK)
            continue;
        *code = driver_fail(&err);
        weights_close(files, i);
        return NULL;
    }
    return files;
}

void weights_close(TensorFile *files, int n)
{
    for (int i = 0; i < n; i++)
        tensor_file_close(&files[i]);
}

Graph *weights_net(const Options *o, Arena *a, const char *path, int *code)
{
    bool file_error = false;
    Graph *g = net_load(a, path, &o->net, &file_error);
    if (!g)
        *code = file_error ? EXIT_FILE : EXIT_INPUT;
    return g;
}

const char *weights_map_path(const Options *o, Arena *a)
{
    bool file = access(o->names, F_OK) == 0 || strchr(o->names, '/');
    return file ? o->names : arena_printf(a, "%s/netdefs/names/%s.map", home_dir(a), o->names);
}

int weights_map(const Options *o, Arena *a, const NameMap **map)
{
    *map = NULL;
    if (!o->names)
        return EXIT_OK;
    const char *path = weights_map_path(o, a);
    NameMap *m = ARENA_NEW(a, NameMap);
    RtError err = { 0 };
    if (names_read(a, path, m, &err) != RT_OK)
        return driver_fail(&err);
    *map = m;
    return EXIT_OK;
}

const char *weights_shape(Arena *a, const TensorEntry *e)
{
    char text[256];
    return arena_strdup(a, safetensors_shape_text(e->rank, e->shape, text, sizeof text));
}

bool weights_is_net(const char *s) { return text_ends_with(s, ".net"); }

static int usage(const CommandRow *c, const char *why)
{
    diag_error((Loc){ 0 }, "weights %s: %s", c->name, why);
    diag_note((Loc){ 0 }, "inceptc weights %s %s", c->name, c->operands);
    return EXIT_USAGE;
}

static int unknown(const char *name)
{
    Nearest near;
    nearest_start(&near, name);
    for (int i = 0; i < N_COMMANDS; i++)
        nearest_try(&near, commands[i].name);
    const char *best = nearest_result(&near);
    if (best)
        diag_error((Loc){ 0 }, "weights knows no '%s'; did you mean '%s'?", name, best);
    else
        diag_error((Loc){ 0 }, "weights knows no '%s'", name);
    for (int i = 0; i < N_COMMANDS; i++)
        diag_note((Loc){ 0 }, "inceptc weights %s %s", commands[i].name, commands[i].operands);
    return EXIT_USAGE;
}

int verb_weights(const Options *o, Arena *a)
{
    const char **operands = o->inputs.at + 1;
    int n = o->inputs.n - 1, i = 0;
    while (i < N_COMMANDS && strcmp(commands[i].name, o->inputs.at[0]) != 0)
        i++;
    if (i == N_COMMANDS)
        return unknown(o->inputs.at[0]);
    const CommandRow *c = &commands[i];
    if (n < c->least || n > c->most)
        return usage(c, n < c->least ? "an operand is missing" : "there are too many operands");
    if (c->output && !o->output)
        return usage(c, "say -o FILE");
    if (!c->output && o->output)
        return usage(c, "it prints to standard output; -o has no use here");
    return c->run(o, a, operands, n);
}

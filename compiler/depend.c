#include "depend.h"
#include "driver.h"
#include "weights/weights.h"
#include <string.h>

typedef LIST(const char *) Names;

static void add(Arena *a, Names *list, const char *name)
{
    if (!name)
        return;
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->at[i], name) == 0)
            return;
    LIST_PUSH(a, list, name);
}

/* The netdef itself first. */
static Names files_read(const Options *o, Arena *a, const Graph *g)
{
    Names list = { 0 };
    for (int i = 0; i < g->texts.n; i++)
        if (strcmp(diag_file_name(g->texts.at[i]), "<stdin>") != 0)
            add(a, &list, diag_file_name(g->texts.at[i]));
    add(a, &list, o->tuning);
    add(a, &list, o->embed);
    add(a, &list, o->weights);
    add(a, &list, o->names ? weights_map_path(o, a) : NULL);
    return list;
}

/* As gcc: a blank, and the backslashes before it, behind a backslash, '#' too; '$' twice. */
static void put_name(const char *s, FILE *f)
{
    for (const char *p = s; *p; p++) {
        if (*p == ' ' || *p == '\t')
            for (const char *q = p; q > s && q[-1] == '\\'; q--)
                fputc('\\', f);
        if (strchr(" \t#", *p))
            fputc('\\', f);
        if (*p == '$')
            fputc('$', f);
        fputc(*p, f);
    }
}

static void put_rule(const Options *o, const Names *files, FILE *f)
{
    for (int i = 0; i < o->dep_targets.n; i++) /* as they are written */
        fprintf(f, "%s%s", i ? " " : "", o->dep_targets.at[i]);
    if (!o->dep_targets.n)
        put_name(o->output, f);
    fputc(':', f);
    for (int i = 0; i < files->n; i++) {
        fputs(i ? " \\\n " : " ", f);
        put_name(files->at[i], f);
    }
    fputc('\n', f);
    for (int i = 1; o->dep_phony && i < files->n; i++) { /* a file that is gone is no error then */
        fputc('\n', f);
        put_name(files->at[i], f);
        fputs(":\n", f);
    }
}

/* The output's name with .d for its suffix. */
static const char *place(const Options *o, Arena *a)
{
    if (o->dep_file)
        return o->dep_file;
    const char *slash = strrchr(o->output, '/'), *base = slash ? slash + 1 : o->output, *dot = strrchr(base, '.');
    return arena_printf(a, "%.*s.d", (int)(dot && dot > base ? dot - o->output : (long)strlen(o->output)), o->output);
}

int depend_begin(Depend *d, const Options *o, Arena *a, const Graph *g)
{
    RtError err = { 0 };
    *d = (Depend){ .wanted = o->depend };
    if (!d->wanted)
        return EXIT_OK;
    Names files = files_read(o, a, g);
    for (int i = 0; i < files.n; i++)
        if (strchr(files.at[i], '\n')) {
            diag_error((Loc){ 0 }, "-MD: no rule can name '%s', which has a line end in its name", files.at[i]);
            return EXIT_FILE;
        }
    if (replace_begin(&d->file, place(o, a), &err) != RT_OK)
        return driver_fail(&err);
    put_rule(o, &files, d->file.file);
    return replace_finish(&d->file, &err) == RT_OK ? EXIT_OK : driver_fail(&err);
}

int depend_end(Depend *d, int code)
{
    RtError err = { 0 };
    if (d->wanted && code) {
        replace_abort(&d->file);
        return code;
    }
    return !d->wanted || replace_commit(&d->file, &err) == RT_OK ? code : driver_fail(&err);
}

/* -o FILE.dot, .svg and .html: pictures of the network instead of code. */
#include "driver.h"
#include "folder.h"
#include "report/measured.h"
#include "report/picture.h"
#include "report/report_load.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The dot file that Graphviz reads. */
static int write_scratch(const Layers *l, const char *path)
{
    FILE *f = fopen(path, "we");
    if (f)
        dot_print(l, f);
    bool bad = !f || ferror(f) != 0;
    if ((!f || fclose(f) == 0) && !bad)
        return EXIT_OK;
    diag_error((Loc){ 0 }, "cannot write '%s': %s", path, strerror(errno));
    return EXIT_FILE;
}

/* Draws `scratch` to the file that r will put in place. */
static int draw(const Options *o, const char *scratch, Replace *r)
{
    char *argv[] = { (char *)"dot", (char *)"-Tsvg", (char *)"-o", r->sibling ? r->sibling : r->path, (char *)scratch, NULL };
    int code = driver_run(o, argv);
    if (code == DRIVER_NOT_RUN)
        diag_note((Loc){ 0 }, "Graphviz draws .svg: install the package graphviz, or write a .dot file and draw it elsewhere");
    else if (code)
        diag_error((Loc){ 0 }, "Graphviz's '%s' failed", argv[0]);
    return code ? EXIT_FILE : EXIT_OK;
}

static int write_svg(const Options *o, Arena *a, const Layers *l, Replace *r)
{
    Folder f = { 0 };
    RtError err = { 0 };
    if (folder_open(&f, a, "picture", &err) != RT_OK)
        return driver_fail(&err);
    const char *scratch = folder_file(&f, a, "scratch.dot");
    int code = write_scratch(l, scratch);
    if (!code)
        code = draw(o, scratch, r);
    folder_remove(&f);
    return code;
}

static void write_page(const Options *o, Arena *a, const Summary *s, const double *measured, FILE *f)
{
    Advice advice = advice_of(a, s->layers->graph, &o->net, o->warnings.at, o->warnings.n);
    html_print(s, measured, &advice, f);
}

static int write_picture(const Options *o, Arena *a, const Summary *s, const double *measured, Replace *r)
{
    switch (options_output(o)) {
    case OUTPUT_SVG: return write_svg(o, a, s->layers, r);
    case OUTPUT_HTML: write_page(o, a, s, measured, r->file); return EXIT_OK;
    case OUTPUT_DOT: dot_print(s->layers, r->file); return EXIT_OK;
    case OUTPUT_NONE: case OUTPUT_STDOUT: case OUTPUT_C: case OUTPUT_OBJECT: case OUTPUT_ONNX: case OUTPUT_PROGRAM: break;
    }
    ICE("'%s' is no picture", o->output);
}

int driver_picture(const Options *o, Arena *a)
{
    Summary s;
    Replace r;
    RtError err = { 0 };
    int code;
    if (!report_load(o, a, o->inputs.at[0], options_output(o) == OUTPUT_HTML, &s, &code))
        return code;
    if (o->warnings.n)
        advice_warn(a, s.layers->graph, o->warnings.at, o->warnings.n);
    if (diag_error_count() > 0)
        return EXIT_INPUT;
    const double *measured = o->measured ? measured_read(a, o->measured, s.layers, &code) : NULL;
    if (o->measured && !measured)
        return code;
    if (replace_begin(&r, o->output, &err) != RT_OK)
        return driver_fail(&err);
    return driver_end(o, &r, write_picture(o, a, &s, measured, &r));
}

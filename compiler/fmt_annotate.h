/* inceptc fmt --annotate. */
#ifndef INCEPTC_FMT_ANNOTATE_H
#define INCEPTC_FMT_ANNOTATE_H
#include "frontend.h"

/* The number (diag.h) of the text of f, read from `path`, with the shapes and the `expect` that it lacks; -1 after errors. */
int fmt_annotate(Arena *a, const char *path, const AstFile *f, const NetOptions *o, bool *file_error);
#endif

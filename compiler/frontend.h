/* The front end: a .net file to a checked graph. */
#ifndef INCEPTC_FRONTEND_H
#define INCEPTC_FRONTEND_H
#include "ast.h"
#include "graph.h"

typedef struct NetDefine { const char *name, *value; } NetDefine; /* -D name=value */
typedef struct NetOptions {
    LIST(const char *) include_dirs; /* -I, searched after the including file's own folder */
    LIST(NetDefine) defines;
    const char *text; /* instead of the file (borrowed): then includes and variants are refused; null: read `path` */
    size_t text_size;
    bool names_files; /* the text may name files after all, as if it stood at `path` */
    int most_layers; /* 0: MOST_LAYERS */
} NetOptions;

/* Reads, parses and elaborates.  `path` "-" is standard input.  Null after diagnostics (exit 1), or after a file
 * error: then *file_error is set and a line was printed (exit 3). */
Graph *net_load(Arena *a, const char *path, const NetOptions *o, bool *file_error);
/* The parse alone, for --dump=ast. */
AstFile *net_load_ast(Arena *a, const char *path, bool *file_error);
/* The path of the network that the one at `path` is a variant of.  Null after a message: it is none, or cannot be read; *code says how to exit. */
const char *net_base(Arena *a, const char *path, const NetOptions *o, int *code);
/* The explicit form: every tensor named, every default resolved; parses back to the same graph. */
void net_print(const Graph *g, FILE *f);
#endif

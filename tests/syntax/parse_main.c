/* Parses one .net file and prints its AST: the front end without the rest of the compiler.
 * parse_main [--json] FILE ("-": standard input).  Exits with 0, 1 after diagnostics, 3 when the file cannot be read. */
#include "ast.h"
#include <stdlib.h>
#include <string.h>

/* The bytes of a stream; they live until the process ends. */
static char *read_all(FILE *f, size_t *size)
{
    size_t room = 1 << 16;
    char *text = malloc(room);
    *size = 0;
    for (size_t n; text && (n = fread(text + *size, 1, room - *size, f)) > 0;) {
        *size += n;
        if (*size == room)
            text = realloc(text, room *= 2);
    }
    return text;
}

int main(int argc, char **argv)
{
    bool json = argc == 3 && strcmp(argv[1], "--json") == 0;
    if (argc != 2 + json)
        return EXIT_USAGE;
    const char *path = argv[argc - 1];
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t size;
    char *text = f ? read_all(f, &size) : NULL;
    if (!text) {
        perror(path);
        return EXIT_FILE;
    }
    if (json)
        diag_set_format(DIAG_JSON);
    Arena *a = arena_new();
    AstFile *ast = ast_parse(a, diag_add_file(path, text, size), path);
    if (ast)
        ast_print(ast, stdout);
    diag_finish(ast ? 0 : 1);
    arena_release(a);
    free(text);
    return ast ? EXIT_OK : EXIT_INPUT;
}

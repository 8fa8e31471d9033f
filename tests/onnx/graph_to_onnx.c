/* graph_to_onnx GRAPH.txt OUT.onnx: graph text as ONNX with weights of seed 0: for operators that no .net reaches. */
#include "../../compiler/onnx.h"
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!f || !text)
        exit(EXIT_FILE);
    *size = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_USAGE;
    size_t size;
    char *text = read_all(argv[1], &size);
    Graph *g = graph_parse(arena_new(), diag_add_file(argv[1], text, size));
    if (!g)
        return EXIT_INPUT;
    OnnxOptions o = { .version = "test" };
    RtError err = { 0 };
    RtStatus status = onnx_export(g, &o, argv[2], &err);
    if (*err.message)
        fprintf(stderr, "%s\n", err.message);
    return (int)status;
}

/* Weights inside a program: --embed FILE. */
#ifndef INCEPTC_EMBED_H
#define INCEPTC_EMBED_H
#include "../graph.h"
#include "../options.h"

typedef struct Embed Embed;
/* Opens o->embed and matches it with what `output` of g needs; before the passes.  Null after messages, *code says which.  A
 * file made for other layers is refused with a list of the differences. */
Embed *embed_open(const Options *o, Arena *a, Graph *g, int *code);
/* Writes bin_path, a safetensors file of just those weights (or a link to the file where it is that already), and c_path, C text
 * that takes it in between rt_embedded_begin and rt_embedded_end.  Returns an exit code. */
int embed_write(const Embed *e, const char *bin_path, const char *c_path);
void embed_close(Embed *e);
#endif

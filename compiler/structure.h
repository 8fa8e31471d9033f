/* The structure of a network: what its weights were made for, line by line, and a hash of it.
 *
 * A line a layer that `output` needs, in order:   PATH <tab> conv 64x112x112 of -1 conv1.conv.weight kh=7 kw=7 ...
 * Inputs are counted back in lines ("-1" is the line before) or "image"; weights stand by name.  Neither the path nor what
 * changes no result of inference (initialisers, dropout, momentum, heads of the loss) enters the hash, so that a layer without
 * weights may be renamed. */
#ifndef INCEPTC_STRUCTURE_H
#define INCEPTC_STRUCTURE_H
#include "graph.h"

uint64_t structure_fnv(const char *text); /* FNV-1a, 64 bits */
/* FNV-1a over the lines without their paths. */
uint64_t structure_hash(const Graph *g);
const char *structure_hash_text(Arena *a, uint64_t hash); /* 16 hexadecimal digits */
/* All lines, each closed by a newline; in the graph's arena. */
const char *structure_text(const Graph *g);
/* Prints at most `most` differences between two such texts, "theirs" first, and how many more there are, a line each.
 * Returns their number.  A text that is no structure is compared all the same: line by line. */
int structure_diff(Arena *a, const char *theirs, const char *ours, const char *their_name, const char *our_name, int most, FILE *f);
#endif

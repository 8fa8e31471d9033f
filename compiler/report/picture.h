/* A network as a picture. */
#ifndef INCEPTC_REPORT_PICTURE_H
#define INCEPTC_REPORT_PICTURE_H
#include "summary.h"
#include <stdio.h>

/* Graphviz: a node for each layer, modules as clusters. */
void dot_print(const Layers *l, FILE *f);
/* A page that needs nothing else: figure, table, memory.  measured: milliseconds of each layer by place, or null. */
void html_print(const Summary *s, const double *measured, FILE *f);
/* s as text of HTML, SVG and Graphviz's labels: no character of it is markup. */
void put_escaped(const char *s, FILE *f);
/* What colours stand for: "conv", "pool", "join", "norm" or "other". */
const char *layer_family(const Layer *l);
#endif

/* A network as a picture. */
#ifndef INCEPTC_REPORT_PICTURE_H
#define INCEPTC_REPORT_PICTURE_H
#include "../advice/advice.h"
#include "summary.h"
#include <stdio.h>

/* Graphviz: a node for each layer, modules as clusters. */
void dot_print(const Layers *l, FILE *f);
/* A page that needs nothing else: figure, table, memory, advice.  measured: milliseconds of each layer by place, or null; advice is on
 * the graph of s. */
void html_print(const Summary *s, const double *measured, const Advice *advice, FILE *f);
/* Its section of advice; a row of the table has the id r and the layer's place. */
void put_advice(const Layers *l, const Advice *advice, FILE *f);
/* s as text of HTML, SVG and Graphviz's labels: no character of it is markup. */
void put_escaped(const char *s, FILE *f);
/* What colours stand for: "conv", "pool", "join", "norm" or "other". */
const char *layer_family(const Layer *l);
#endif

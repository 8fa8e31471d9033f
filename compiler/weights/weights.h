/* The subcommands of `inceptc weights` and what they share.  Each returns an exit code and prints its own errors. */
#ifndef INCEPTC_WEIGHTS_H
#define INCEPTC_WEIGHTS_H
#include "../driver.h"
#include "load_plan.h"

/* operands: what stands behind the subcommand. */
typedef int WeightsCommand(const Options *o, Arena *a, const char **operands, int n);
WeightsCommand weights_list, weights_diff, weights_import, weights_export, weights_init;

TensorFile *weights_open(Arena *a, const char **paths, int n, int *code); /* null when one does not open */
void weights_close(TensorFile *files, int n);
Graph *weights_net(const Options *o, Arena *a, const char *path, int *code); /* null after diagnostics */
/* The map of --names: a file, or NAME for netdefs/names/NAME.map.  *map is null without --names. */
int weights_map(const Options *o, Arena *a, const NameMap **map);
const char *weights_map_path(const Options *o, Arena *a);
/* "[64, 3, 7, 7]" */
const char *weights_shape(Arena *a, const TensorEntry *e);
/* Whether s is the path of a netdef. */
bool weights_is_net(const char *s);
/* Writes every row: what is loaded, ones, and initialised values of o->seed for what is fresh; float32, our names, and the
 * network's structure in the metadata. */
int weights_write_plan(const Options *o, const LoadPlan *p, const char *path);
#endif

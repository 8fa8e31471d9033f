/* Which tensor of which file becomes which weight of a network, and the report of it.
 *
 * Every weight is loaded or fresh, every tensor of the files is loaded or ignored, each with its reason.  What does not fit is
 * a problem that names both sides, unless the netdef says `except` or the caller `partial`. */
#ifndef INCEPTC_LOAD_PLAN_H
#define INCEPTC_LOAD_PLAN_H
#include "../../formats/tensor_file.h"
#include "../graph.h"
#include "names.h"

typedef struct LoadRow { /* of a weight */
    Tensor *weight;
    const TensorFile *file;   /* loaded from */
    const TensorEntry *entry; /* null: fresh */
    Layout layout;
    const char *why; /* fresh: the reason */
    bool ones;       /* a batch norm without gamma */
    bool scaled;     /* quantised: value = scale * (q - zero_point), as the file's metadata "NAME.scale" and "NAME.zero_point" say */
    double scale, zero_point;
} LoadRow;
typedef struct LoadIgnored {
    const TensorFile *file;
    const TensorEntry *entry;
    const char *own; /* what the map calls it */
    const char *why;
} LoadIgnored;

typedef struct LoadOptions {
    const TensorFile *files;
    int n_files;
    const NameMap *map; /* null: names are ours already */
    bool partial;       /* what does not fit starts fresh or is ignored */
    bool inference;     /* only what `output` needs */
} LoadOptions;
typedef struct LoadPlan {
    Graph *graph;
    int n;
    LoadRow *rows; /* in the order of graph_weights */
    LIST(LoadIgnored) ignored;
    LIST(const char *) problems; /* sentences; empty: all fits */
    int n_matched;
    const char *structure, *layers; /* of the graph as it was then: passes may follow */
} LoadPlan;

LoadPlan load_plan(Graph *g, const LoadOptions *o);
/* Whether the bytes of the file are the float32 values in our order. */
bool load_in_place(const LoadRow *row);
/* The values of a loaded row, or ones; n values in our order to out. */
RtStatus load_values(const LoadRow *row, float *out, RtError *err);
/* The other way: values in our order to those of the layout, and their shape (4 numbers) and rank. */
int load_to_foreign(const Shape *s, const Layout *l, const float *values, float *out, uint64_t *shape);

/* One line a group: loaded, fresh and why, ignored and why. */
void load_print(const LoadPlan *p, FILE *f);
void load_print_json(const LoadPlan *p, FILE *f);
/* Problems to standard error, at most 20, and what to do. */
void load_print_problems(const LoadPlan *p, const LoadOptions *o);
#endif

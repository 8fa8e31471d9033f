/* A network as its author sees it: layers in modules, in the order of the text, from the graph before any pass; a plan adds what each
 * layer costs.  What summary, diff and the pictures print. */
#ifndef INCEPTC_REPORT_LAYERS_H
#define INCEPTC_REPORT_LAYERS_H
#include "../plan.h"

/* Of an element of the result: the side of the square of input pixels that it sees (borders included, whether the picture is so large
 * or not), and the pixels from one element to the next. */
typedef struct Receptive {
    double h, w, step_h, step_w;
} Receptive;

/* A choice that the text made or the conventions. */
typedef struct LayerAttr {
    const char *name, *value;
    bool training; /* changes no result of inference */
    bool idle;     /* changes nothing here: how a pool rounds a size that divides */
} LayerAttr;
typedef LIST(LayerAttr) LayerAttrs;

typedef struct Layer Layer;
typedef LIST(Layer *) LayerList;
struct Layer {
    const char *path;    /* "i3a.conv3x3"; "" of the root */
    const char *name;    /* within its module: "conv3x3" */
    const char *kind;    /* "conv", "fc", "maxpool", ...; null: a module */
    const char *kernel;  /* "3x3/2"; "" where there is none */
    Shape shape;         /* of the result; a module's is that of its last layer */
    Loc loc;
    bool main;           /* the output needs it; a module: one of its layers */
    int64_t params;      /* scalars that training may change, frozen ones too */
    int64_t frozen;      /* of these: by `freeze` */
    int64_t statistics;  /* running means and variances */
    int64_t macs;
    int64_t main_macs;   /* of these: of layers that the output needs */
    int64_t bytes;       /* of the result of one image in float32; 0 where it is only another view: a concat's, a dropout's */
    Receptive receptive;
    Layer *module;       /* null: the root */
    int index;           /* among its module's members */
    /* a layer */
    const Node *first;   /* of its nodes */
    const char *result;  /* its tensor's name, which passes keep */
    LayerList in;        /* whose results it reads; null is the network's input */
    LayerAttrs attrs;    /* every choice, of the text or by default */
    int place;           /* in Layers.list */
    /* a module */
    LayerList members;   /* layers and modules, by their first layer */
    int n_layers;        /* in it and in its modules */
    Layer *partner;      /* in a diff: the other network's module that holds what its first layer is */
    /* of a plan: layers_add_plan */
    double ms;           /* a merged step's goes to its layers by their multiply-accumulates */
    const Step *step;    /* that computes it; null: fused into another layer's, or moved away */
    const Buffer *buffer;/* where its result lies; null: never whole in memory */
};

typedef struct Layers {
    Arena *arena;
    const Graph *graph;
    Layer *root;
    LayerList list;      /* all layers; order of the text */
    Totals totals;
    int64_t frozen;      /* scalars, of main and auxiliary layers */
    const Plan *plan;    /* null: none was added */
    LayerList *of_step;  /* by step of the plan: the layers it computes */
    double ms;           /* of all steps, the input's and the output's too */
} Layers;

/* g has not seen a pass, and outlives the result. */
Layers *layers_of(Arena *a, Graph *g);
/* p is a plan of inference of the same network. */
void layers_add_plan(Layers *l, const Plan *p);

/* Milliseconds of a step go to its layers by their multiply-accumulates: by_place has one number a layer. */
void layers_share_step(const Layers *l, int step, double ms, double *by_place);

/* layer_attrs.c: every choice of the layer that begins at `first`. */
LayerAttrs layer_attrs(Arena *a, const Node *first);
/* "conv 3x3/2" */
const char *layer_operation(Arena *a, const Layer *l);
/* "235", or "235x117" (rows x columns) where they differ. */
const char *receptive_text(Arena *a, const Receptive *r);
#endif

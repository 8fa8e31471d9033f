/* A network as the rules look at it: its convolutions and fully connected layers in order, with their grids and costs. */
#ifndef INCEPTC_ADVICE_VIEW_H
#define INCEPTC_ADVICE_VIEW_H
#include "../graph.h"

typedef struct Layer {
    const Node *node;      /* conv, linear */
    int ci, co, kh, kw;    /* linear: 1x1 */
    int h, w;              /* grid of its output */
    int64_t macs, params;
    bool main;             /* `output` needs it */
    bool norm, activation; /* a batch norm, a ReLU follows */
    const Tensor *out;     /* behind these */
} Layer;

typedef struct View {
    Arena *arena;
    const Graph *g;
    Totals totals;
    int64_t activations; /* view_activations of g */
    bool *main;          /* by id of node and tensor */
    LIST(Layer) layers;
    int *layer_of;       /* by id of node: index + 1 */
    int *position;       /* by id of node: where it stands in g->nodes */
    int *text_of;        /* by id of node: the number of its place in the text */
    int *instances;      /* by text_of: layers of that text */
    struct Scratch { int ahead, walk; } *scratch;              /* view_join's, by id of tensor: counts in walk `walk` */
    struct Found { struct Finding *finding; int rule; } *found; /* finding_at's, by text_of: counts for the rule number `rule` */
    int walk, rule;
} View;

/* Whether a and b are the same place of the text. */
bool view_same(Loc a, Loc b);
View *view_new(Arena *a, const Graph *g);
/* Elements of all outputs of convolutions, fully connected layers and pools that `output` needs: what training must keep. */
int64_t view_activations(Arena *a, const Graph *g);
const Layer *view_layer(View *v, const Node *n); /* null: no conv or linear */
int view_main_users(View *v, const Tensor *t);
/* Back over ReLU, batch norm, LRN and dropout to the tensor that something else computed. */
const Tensor *view_source(const Tensor *t);
/* The next tensor, behind t, through which all main flow passes, and which is no ReLU, norm or dropout; null at the end. */
const Tensor *view_join(View *v, const Tensor *t);
/* An addition of a branch to what the branch began with: the branch's end; else null. */
const Tensor *view_branch_end(View *v, const Node *n);
/* A grid of 12 to 20 on both sides: "on m x m feature maps, where m ranges between 12 and 20" asymmetric kernels give very good
 * results (Szegedy et al. 2015, section 3.2). */
enum { LEAST_GRID = 12, MOST_GRID = 20 };
static inline bool view_medium(int h, int w) { return h >= LEAST_GRID && h <= MOST_GRID && w >= LEAST_GRID && w <= MOST_GRID; }
double view_share(int64_t part, int64_t whole); /* per cent */
static inline bool layer_is_square(const Layer *l) { return l->node->op == OP_CONV && l->kh == l->kw && l->kh > 1; }
static inline bool layer_is_plain(const Layer *l) /* stride 1, one group */
{
    return l->node->op == OP_CONV && window_steps_by_1(&l->node->window) && l->node->groups == 1;
}
#endif

/* A layer while it is read: what its flags, its defaults and the conventions say together. */
#ifndef INCEPTC_ELAB_SPEC_H
#define INCEPTC_ELAB_SPEC_H
#include "elab.h"

typedef enum PadMode { PAD_DEFAULT, PAD_SAME, PAD_VALID, PAD_GIVEN } PadMode;

typedef struct Spec { /* a layer with every default resolved */
    Elab *e;
    Frame *f;
    const AstNode *node;
    const char *path;
    KernelLit kernel;
    bool has_kernel, has_count;
    bool given_kernel, given_count; /* by this use, not by a default */
    double count;
    PadMode pad;
    int pads[4]; /* top, bottom, left, right */
    bool relu, bn, no_gamma, ceil_set, ceil, count_pad_set, count_pad;
    int bias; /* -1: not said */
    double bias_init, eps, momentum, alpha, beta, k, size, std, cut;
    int groups;
    const char *init;
    Loc init_loc;
    double mean[3], dev[3];
    int n_mean, n_dev;
    bool in_default;     /* whose flags are being read */
    LayerOrigins origins;
    bool bad;
} Spec;

typedef enum LayerKind {
    L_CONV, L_FC, L_MAXPOOL, L_AVGPOOL, L_GLOBALAVGPOOL, L_ADAPTIVEPOOL, L_LRN, L_RELU, L_BATCHNORM, L_DROPOUT, L_SOFTMAX,
    L_L2NORM, L_NORMALIZE, N_LAYERS
} LayerKind;
extern const char *const layer_names[N_LAYERS];

/* elab_flags.c */
int elab_find_layer(const char *kind); /* -1: there is none */
/* Reads the layer's defaults and its own flags; origins of what they say go to the graph. */
Spec elab_spec(Elab *e, Frame *f, const AstNode *node, LayerKind kind, const char *path);
void spec_error(Spec *s, Loc loc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#endif

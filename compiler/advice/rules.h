/* A rule: what it finds, what it says, where it is from, and how it is mended. */
#ifndef INCEPTC_ADVICE_RULES_H
#define INCEPTC_ADVICE_RULES_H
#include "patch.h"

typedef struct Fix {
    const char *suffix, *what;
    void (*make)(Patch *p, const Findings *found); /* null: no further fix */
} Fix;

typedef struct Rule {
    const char *name, *help, *source, *why;
    void (*find)(View *v, Findings *found);
    Fix fix[2];
    const char *no_fix; /* why there is none; null when there is */
} Rule;
extern const Rule advice_rules[];
extern const int n_advice_rules;

/* The finding at the text of `place`, made when there is none; n is one of its layers. */
Finding *finding_at(View *v, Findings *found, const Node *place, const Node *n);
void finding_say(View *v, Finding *f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "9 layers, 12.3 % of the multiply-accumulates" */
const char *finding_cost(View *v, const Finding *f);
/* Every layer that `wrong` names, by its text. */
void find_layers(View *v, Findings *found, bool (*wrong)(View *v, const Layer *l));
/* The place of a finding's layer in the text, and its arguments (text null: not asked for); false after p->failed was set. */
bool finding_spot(Patch *p, const Finding *f, Spot *spot, LayerText *text);
/* The flags of a convolution in the text, without its padding: for one that is to be like it. */
const char *layer_flags(Patch *p, const Node *conv);

/* bottleneck.c */
void find_bottleneck(View *v, Findings *found);
void fix_expand(Patch *p, const Findings *found);
void fix_parallel(Patch *p, const Findings *found);
/* modules.c */
void find_naive(View *v, Findings *found);
void fix_naive(Patch *p, const Findings *found);
void find_pool_projection(View *v, Findings *found);
void fix_pool_projection(Patch *p, const Findings *found);
/* kernels.c */
void find_large_kernel(View *v, Findings *found);
void fix_large_kernel(Patch *p, const Findings *found);
void find_square(View *v, Findings *found);
void fix_square(Patch *p, const Findings *found);
void find_asymmetric_grid(View *v, Findings *found);
void find_linear_factor(View *v, Findings *found);
void fix_linear_factor(Patch *p, const Findings *found);
/* head.c */
void find_fully_connected(View *v, Findings *found);
void fix_fully_connected(Patch *p, const Findings *found);
void find_auxiliary(View *v, Findings *found);
void fix_auxiliary(Patch *p, const Findings *found);
/* norms.c */
void find_batchnorm(View *v, Findings *found);
void fix_batchnorm(Patch *p, const Findings *found);
void find_lrn(View *v, Findings *found);
void fix_lrn(Patch *p, const Findings *found);
/* residual.c */
void find_residual_scale(View *v, Findings *found);
void fix_residual_scale(Patch *p, const Findings *found);
void find_residual_activation(View *v, Findings *found);
void fix_residual_activation(Patch *p, const Findings *found);
/* width.c */
void find_vector_width(View *v, Findings *found);
void fix_vector_width(Patch *p, const Findings *found);
void find_balance(View *v, Findings *found);
#endif

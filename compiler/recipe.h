/* recipe.h - train {} as values: read when the network is elaborated, written into the generated file.
 *
 *     opt = sgd(0.01, momentum=0.9, nesterov=1, decay=2e-4) | adam(0.001, beta1=, beta2=, eps=, decay=) | adamw(...)
 *         | rmsprop(0.045, alpha=0.9, momentum=0.9, eps=1.0, tf=1, decay=)      tf: epsilon inside the root, mean square begins at 1
 *     lr  = NUMBER | constant | poly(0.5, end=0) | step(0.1, every=30) | exponential(0.94, every=2) | cosine(end=1e-5)
 *     log = tensorboard("runs/x", every=40)
 *     memory = "1.5G"      bytes that a step may take: K, M, G or T of 1024
 *     batch, epochs, steps, seed, clip, ema, warmup, decay = NUMBER
 *
 * Brackets may be left out for one argument (poly 0.5), and a bare name takes its defaults: those of torch.optim, learning rates too
 * (sgd 0.001, adam and adamw 0.001, rmsprop 0.01; adamw decays 0.01). */
#ifndef INCEPTC_RECIPE_H
#define INCEPTC_RECIPE_H
#include "../runtime/rt.h"
#include "elab.h"

/* Graph.recipe from the settings of a train {} whose keys, first words and bare numbers elab_settings.c has checked; whatever that
 * has reported is passed over.  Mistakes in arguments and between settings: diag_error at their place. */
void recipe_read(Elab *e, const AstItem *train);

/* The bytes of a size such as "512M"; 0: it is none. */
int64_t recipe_size(const char *text);

/* The C initialiser of an RtRecipe, from '{' to '}' in lines of their own, as a member of a table: what differs from zero, one
 * field a line.  A graph without train {} gives the defaults. */
void recipe_emit(const Graph *g, FILE *f);
#endif

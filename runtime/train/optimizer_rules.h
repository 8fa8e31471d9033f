/* optimizer_rules.h - the equations of optimisers, over one piece of a weight.
 *
 * In all of them g' = scale g, the clipped gradient, and with torch's weight decay g" = g' + decay w.  Each rounding is that of one
 * float operation, so the results have the same bits on every machine.  Sources: the documentation of torch.optim 2.x; for the
 * TensorFlow form tf.raw_ops.ApplyRMSProp; Szegedy et al. 2016 train with it and epsilon 1. */
#ifndef RUNTIME_TRAIN_OPTIMIZER_RULES_H
#define RUNTIME_TRAIN_OPTIMIZER_RULES_H
#include <stddef.h>

typedef struct RuleNumbers { /* of one step */
    float rate, scale, decay;
    float momentum;     /* sgd, rmsprop */
    float keep1, keep2; /* beta1, beta2: what is kept of the mean and of the mean square */
    float add1, add2;   /* 1 - beta1, 1 - beta2 */
    float root;         /* adam: 1 / sqrt(1 - beta2^t); rate holds lr / (1 - beta1^t) */
    float shrink;       /* adamw: 1 - lr decay */
    float eps;
} RuleNumbers;

/* w, g, a, b: n floats that do not overlap.  a and b are the states; a rule that has fewer does not touch the others, which may be
 * null.  They begin as zero, the b of rmsprop_tf as 1. */
typedef void Rule(const RuleNumbers *r, size_t n, float *restrict w, const float *restrict g, float *restrict a, float *restrict b);

Rule rule_sgd;            /* w -= rate g" */
Rule rule_sgd_momentum;   /* a = momentum a + g";  w -= rate a */
Rule rule_sgd_nesterov;   /* a = momentum a + g";  w -= rate (g" + momentum a) */
Rule rule_adam;           /* a = beta1 a + (1 - beta1) g";  b = beta2 b + (1 - beta2) g"^2;  w -= rate a / (sqrt(b) root + eps) */
Rule rule_adamw;          /* w *= shrink; then adam with g' for g" */
Rule rule_rmsprop;          /* b = beta2 b + (1 - beta2) g"^2;  w -= rate g" / (sqrt(b) + eps) */
Rule rule_rmsprop_momentum; /* b as before;  a = momentum a + g" / (sqrt(b) + eps);  w -= rate a */
Rule rule_rmsprop_tf;       /* b as before;  a = momentum a + rate g" / sqrt(b + eps);  w -= a */

/* e += (1 - decay) (w - e): the moving average of weights; add = 1 - decay. */
void rule_average(float add, size_t n, const float *restrict w, float *restrict e);
/* The sum of squares in double, in an order that depends on n only. */
double rule_squares(size_t n, const float *g);
#endif

/* small_training.h - a training of four small weights of tiny_network and a folder for its checkpoints. */
#ifndef TESTS_TRAIN_SMALL_TRAINING_H
#define TESTS_TRAIN_SMALL_TRAINING_H
#include "../../runtime/train/checkpoint.h"
#include "../suite.h"

enum { N = 4, MOST = 72 };
extern const RtWeight weights[N]; /* fc.weight, aux.weight, fc.bias, and bn.running_mean, which are statistics */
extern const char *const classes[];

typedef struct Training {
    float value[N][MOST], gradient[N][MOST];
    float *raw[N], *grads[N];
    Optimizer o;
    Checkpoint c;
    CheckpointState s;
} Training;

Training *training_new(RtOptimizer optimizer, double ema);
void training_free(Training *t);
void train(Training *t, int steps); /* an epoch is a step */
int equal(const Training *a, const Training *b);
/* The training of so many steps, saved after each of the last two in an empty folder. */
Training *save_two(RtOptimizer optimizer, int steps);
/* The training that the folder holds; null when it does not load. */
Training *resume(RtOptimizer optimizer, char note[CHECKPOINT_NOTE], RtError *err);

extern char folder[]; /* made and removed by run_tests */
const char *file(const char *name); /* its path in the folder; good until four calls later */
/* How many names in the folder have that part; they are removed when asked. */
int files_like(const char *part, int remove_them);
uint8_t *read_file(const char *path, size_t *size);
void write_file(const char *path, const uint8_t *bytes, size_t size);
void damage(const char *name); /* turns a bit of a tensor */

int run_small_tests(const char *suite_name, const Test *tests, size_t n); /* for main to return */
#endif

/* How fast this machine is beside the one that the cost model was measured on: 0.3 seconds. */
#ifndef INCEPTC_PROBE_H
#define INCEPTC_PROBE_H
#include "plan.h"

/* Measures multiply-adds of t's vectors and reading of memory, on COST_THREADS threads at once, and lets what is expected from now
 * on be of this machine (cost_scale).  Choices of kernels stay those of the model: they may not depend on the machine.
 * False: this processor does not run t, or t has no vectors; nothing has changed. */
bool probe_machine(const Target *t);
#endif

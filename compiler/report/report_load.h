/* A network for reports: its layers, with what a plan and a step of training say. */
#ifndef INCEPTC_REPORT_LOAD_H
#define INCEPTC_REPORT_LOAD_H
#include "../driver.h"
#include "summary.h"

/* Loads the network at `path`, plans it for the target that o names (default: the last of `targets`) and, where `training` is asked for and
 * there is a train {}, a step.  False after a message; *code is the exit code. */
bool report_load(const Options *o, Arena *a, const char *path, bool training, Summary *out, int *code);
#endif

/* The driver's parts: plans of all targets, dumps, output files, the C compiler, the other verbs. */
#ifndef INCEPTC_DRIVER_H
#define INCEPTC_DRIVER_H
#include "../formats/replace.h"
#include "emit_c.h"
#include "options.h"

/* Prints a library's error and returns its status as an exit code. */
int driver_fail(const RtError *err);
/* Ends r: its file is in place when `code`, which it returns then, is 0 and this is no dry run. */
int driver_end(const Options *o, Replace *r, int code);
/* The best of the targets that this processor runs. */
const Target *driver_best_target(void);
/* The one target that a report is of: that of the options; without one the best of all, with --probe the best that runs here. */
const Target *driver_report_target(const Options *o);
/* The passes that they leave out, and whether any convolution may be fast. */
PassOptions driver_passes(const Options *o);
/* The targets that the options name, in the order of `targets`; how many. */
int driver_targets(const Options *o, const Target **out);
/* Plans and units of g for them; null after an error. */
EmitTarget *driver_plans(Arena *a, Graph *g, const Target *const *own, int n, PlanOptions options);
/* Plans and lowers e->graph for the targets that the options name. */
bool driver_plan(const Options *o, Emit *e);
/* driver_train.c: adds the training step of the network to e. */
bool driver_plan_training(const Options *o, Emit *e);
/* Bytes of a step of training of the network at `path` by its recipe; 0 after an error. */
int64_t driver_training_bytes(const Options *o, Arena *a, const char *path, const Target *t);
int driver_dump(const Options *o, const Emit *e);
/* Writes what -o asks for; files appear complete or not at all.  Returns the exit code. */
int driver_output(const Options *o, Emit *e);
/* The program of o's network for `target` at `path`, which trains too with o->train.  Returns the exit code. */
int driver_build(const Options *o, Arena *a, const char *target, const char *path);
enum { DRIVER_NOT_RUN = -2 };
/* Runs a program to its end and returns its exit code, -1 when a signal ended it, DRIVER_NOT_RUN after a message when it could
 * not be started.  -v shows the command. */
int driver_run(const Options *o, char *const *argv);
/* As it, with what the program prints in the file `said` (null: where ours goes). */
int driver_run_into(const Options *o, char *const *argv, const char *said);
/* Writes g, not yet passed, as ONNX. */
int driver_onnx(const Options *o, Graph *g, uint64_t structure);
/* Writes the picture that -o asks for. */
int driver_picture(const Options *o, Arena *a);
/* Ends standard output; an error there turns `code` 0 into EXIT_FILE. */
int driver_close_stdout(int code);

int verb_run(const Options *o, Arena *a);
int verb_summary(const Options *o, Arena *a);
int verb_diff(const Options *o, Arena *a);
int verb_certify(const Options *o, Arena *a);
int verb_explain(const Options *o, Arena *a);
int verb_sweep(const Options *o, Arena *a); /* sweep/ */
int verb_tune(const Options *o, Arena *a);
int verb_advise(const Options *o, Arena *a);
int verb_fmt(const Options *o, Arena *a);
int verb_weights(const Options *o, Arena *a); /* weights/ */
#endif

/* train.c - the command `train`: epochs, validation, checkpoints, and a way out at any time. */
#include "train.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t train_interrupted;

/* The first signal ends the step, the second the process. */
static void interrupt(int signal)
{
    if (train_interrupted)
        _exit(128 + signal);
    train_interrupted = signal;
}

static void catch_signals(void)
{
    struct sigaction a = { .sa_handler = interrupt, .sa_flags = SA_RESTART }, before;
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN) /* nohup ignores it */
        sigaction(SIGHUP, &a, NULL);
}

/* Also how to go on: what was saved before is there (checkpoint.h). */
static RtStatus not_saved(Trainer *t, const RtError *err)
{
    int exists;
    progress_wipe(&t->bar);
    RtStatus status = program_fail(t->p, err);
    if (!checkpoint_exists(t->folder, &exists, NULL) && exists) {
        fputs("the checkpoint before it is whole. When there is room again, or that is mended: ", stderr);
        options_print_resume(stderr, t->p, t->p->more, t->folder);
    }
    return status;
}

/* The best first: a process that ends in between does the epoch again and finds it the best again. */
RtStatus trainer_save(Trainer *t, bool best)
{
    RtError err;
    float *const *values = t->optimizer.averages ? t->optimizer.averages : t->t.raw;
    trainer_write_bad(t);
    RtStatus status = best ? checkpoint_save_best(t->folder, &t->checkpoint, values, &t->state, &err) : RT_OK;
    if (!status)
        status = checkpoint_save(t->folder, &t->checkpoint, &t->state, &err);
    return status ? not_saved(t, &err) : RT_OK;
}

/* Saved where it stopped; the status is that of a process that the signal ended. */
static RtStatus stop(Trainer *t)
{
    RtStatus status = trainer_save(t, false);
    if (status)
        return status;
    fputs("interrupted; saved. To go on: ", stderr);
    options_print_resume(stderr, t->p, t->p->more, t->folder);
    return (RtStatus)(128 + train_interrupted);
}

static bool validates(const Trainer *t)
{
    int64_t epoch = t->state.epoch + 1;
    return t->has_valid && (epoch % t->p->options.val_interval == 0 || epoch >= t->recipe.epochs);
}

/* Interrupted, the epoch is not done: its steps are, and going on begins with its validation. */
static RtStatus finish_epoch(Trainer *t)
{
    bool best = false;
    t->valid_loss = t->valid_accuracy = NAN;
    metrics_reset(&t->valid_metrics);
    t->validated = validates(t);
    RtStatus status = t->validated ? trainer_validate(t) : RT_OK;
    if (status || (t->validated && train_interrupted))
        return status ? status : stop(t);
    t->state.epoch++;
    t->state.position = 0;
    if (t->validated) {
        best = !(t->valid_accuracy <= t->state.best); /* also when there is none yet */
        fprintf(stderr, "validation: loss %.4f, accuracy %.2f %%%s\n", t->valid_loss, 100 * t->valid_accuracy, best ? ", the best so far" : "");
    }
    if (best) {
        t->state.best = t->valid_accuracy;
        t->state.best_epoch = t->state.epoch;
    }
    trainer_log_epoch(t);
    return trainer_save(t, best);
}

static RtStatus epochs(Trainer *t)
{
    if (t->state.epoch >= t->recipe.epochs)
        fprintf(stderr, "%s: %lld of %d epochs are done: nothing is left to do; --epochs N goes on to N\n", t->folder,
                (long long)t->state.epoch, t->recipe.epochs);
    while (t->state.epoch < t->recipe.epochs) {
        RtStatus status = trainer_epoch(t);
        if (!status && train_interrupted)
            return stop(t);
        if (!status)
            status = finish_epoch(t);
        if (status)
            return status;
    }
    return RT_OK;
}

static void print_result(const Trainer *t)
{
    if (t->validated) {
        metrics_write_classes(stdout, &t->valid_metrics, (const char *const *)t->data.classes);
        metrics_write_confusion(stdout, &t->valid_metrics, (const char *const *)t->data.classes);
    }
    if (t->state.best_epoch)
        printf("best: accuracy %.2f %% in epoch %lld: %s/best.safetensors\n", 100 * t->state.best, (long long)t->state.best_epoch, t->folder);
    else
        printf("trained: %s/last.safetensors\n", t->folder);
}

RtStatus command_train(const Program *p)
{
    Trainer t;
    RtError err;
    if (!p->net->train)
        return program_error(p, RT_ERROR_USAGE, "this program was compiled without --train");
    catch_signals();
    RtStatus status = trainer_open(&t, p);
    bool opened = !status;
    if (!status)
        status = epochs(&t);
    if (!status)
        print_result(&t);
    if (opened && runlog_close(&t.log, !status, &err))
        program_note(p, "%s", err.message);
    trainer_close(&t);
    return status;
}

int rt_program_trains(const RtNetwork *net, const void *embedded, size_t size, int argc, char **argv)
{
    static const Command train = { "train", FOR_TRAIN, command_train, 0, 0, "", "train the network by its train {} and data {}" };
    return program_run(net, embedded, size, &train, argc, argv);
}

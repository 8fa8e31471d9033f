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
    struct sigaction a = { .sa_handler = interrupt };
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

RtStatus trainer_save(Trainer *t, bool best)
{
    RtError err;
    if (checkpoint_save(t->folder, &t->checkpoint, &t->state, &err))
        return program_fail(t->p, &err);
    if (best && checkpoint_save_best(t->folder, &t->checkpoint, t->optimizer.averages ? t->optimizer.averages : t->t.raw, &t->state, &err))
        return program_fail(t->p, &err);
    return RT_OK;
}

/* Saved where it stopped; the status is that of a process that the signal ended. */
static RtStatus stop(Trainer *t)
{
    RtStatus status = trainer_save(t, false);
    if (status)
        return status;
    fprintf(stderr, "interrupted; saved. To go on: %s train --resume %s", t->p->name, t->folder);
    if (t->p->options.epochs)
        fprintf(stderr, " --epochs %ld", t->p->options.epochs);
    if (t->p->options.batch)
        fprintf(stderr, " --batch %ld", t->p->options.batch);
    if (t->p->options.data_dir)
        fprintf(stderr, " --data-dir %s", t->p->options.data_dir);
    fputc('\n', stderr);
    return (RtStatus)(128 + train_interrupted);
}

static RtStatus finish_epoch(Trainer *t)
{
    bool best = false;
    int64_t position = t->state.position;
    t->state.epoch++;
    t->state.position = 0;
    if (t->has_valid) {
        RtStatus status = trainer_validate(t);
        if (status)
            return status;
        if (train_interrupted) { /* part of a validation says nothing: the epoch stays open, and resuming it validates */
            t->state.epoch--;
            t->state.position = position;
            return RT_OK;
        }
        best = !(t->valid_accuracy <= t->state.best); /* also when there is none yet */
        fprintf(stderr, "validation: loss %.4f, accuracy %.2f %%%s\n", t->valid_loss, 100 * t->valid_accuracy, best ? ", the best so far" : "");
        if (best) {
            t->state.best = t->valid_accuracy;
            t->state.best_epoch = t->state.epoch;
        }
    }
    trainer_log_epoch(t);
    return trainer_save(t, best);
}

static RtStatus epochs(Trainer *t)
{
    if (t->state.epoch >= t->recipe.epochs)
        fprintf(stderr, "%s has all its %d epochs; --epochs N says another number\n", t->folder, t->recipe.epochs);
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
    if (!t->has_valid) {
        printf("trained: %s/last.safetensors\n", t->folder);
        return;
    }
    metrics_write_classes(stdout, &t->valid_metrics, (const char *const *)t->data.classes);
    metrics_write_confusion(stdout, &t->valid_metrics, (const char *const *)t->data.classes);
    printf("best: accuracy %.2f %% in epoch %lld: %s/best.safetensors\n", 100 * t->state.best, (long long)t->state.best_epoch, t->folder);
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

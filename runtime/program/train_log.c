/* train_log.c - what a run shows and leaves behind. What cannot be written is said once; training goes on. */
#include "train.h"
#include <math.h>
#include <string.h>

static void warn(Trainer *t, RtStatus status, const RtError *err)
{
    if (!status)
        return;
    progress_wipe(&t->bar);
    program_note(t->p, "%s; training goes on", err->message);
}

static EventsParam number(const char *name, double v) { return (EventsParam){ .name = name, .kind = EVENTS_NUMBER, .number = v }; }
static EventsParam integer(const char *name, int64_t v) { return (EventsParam){ .name = name, .kind = EVENTS_INTEGER, .integer = v }; }
static EventsParam text(const char *name, const char *v) { return (EventsParam){ .name = name, .kind = EVENTS_TEXT, .text = v ? v : "" }; }

static void log_arguments(Trainer *t)
{
    static const char *const schedules[] = { "constant", "step", "poly", "exponential", "cosine" };
    const RtRecipe *r = &t->recipe;
    RtError err;
    EventsParam all[] = {
        text("network", t->p->net->name), text("train", r->train.path), text("valid", r->valid.path), text("weights", r->weights),
        text("opt", optimizer_names[r->optimizer]), number("lr", r->lr), number("momentum", r->momentum), number("weight_decay", r->decay),
        text("sched", schedules[r->schedule]), number("warmup_epochs", r->warmup), number("clip_grad", r->clip), number("ema", r->ema),
        integer("batch_size", r->batch), integer("epochs", r->epochs), integer("steps", r->steps), integer("seed", (int64_t)r->seed),
        integer("threads", t->t.threads), integer("workers", t->p->options.workers), text("target", rt_target_name(t->target)),
    };
    warn(t, runlog_args(&t->log, all, sizeof all / sizeof *all, &err), &err);
    warn(t, board_start(t, all, sizeof all / sizeof *all, &err), &err);
    warn(t, runlog_netdef(&t->log, t->t.train->netdef, t->t.train->n_netdef, &err), &err);
    warn(t, runlog_class_names(&t->log, (const char *const *)t->data.classes, t->data.n_classes, &err), &err);
}

static double mebibytes(size_t bytes) { return (double)bytes / (1 << 20); }

static size_t picture_bytes(const RtDataset *d, const RtLoader *l)
{
    return (d->pixels ? d->n_samples * (size_t)d->h * (size_t)d->w : 0) + (l ? rt_loader_bytes(l) : 0);
}

/* What was compiled to fit by recomputation. */
static void print_recomputed(const Trainer *t, size_t training)
{
    const RtTrain *train = t->p->net->train;
    size_t most = (size_t)train->recipe.memory;
    if (!most)
        return;
    fprintf(stderr, "memory for training: at most %.1f MiB; %s\n", mebibytes(most), train->again ? train->again : "nothing is computed again");
    if (training > most)
        fprintf(stderr, "%s: note: that is more: it was compiled to fit with batches of %d on up to %d threads\n", t->p->net->name,
                train->recipe.batch, TRAINING_THREADS_COUNTED);
}

/* All that grows with network, batch and data set; the rest of the process needs some megabytes. */
static void print_memory(const Trainer *t)
{
    const RtNetwork *net = t->p->net;
    const struct { const char *what; size_t bytes; } parts[] = {
        { "training", training_bytes(net, t->target, t->recipe.batch, t->t.threads) },
        { "optimiser", optimizer_bytes(&t->optimizer) },
        { "pictures", picture_bytes(&t->data, t->loader) + picture_bytes(&t->valid_data, t->valid) },
        { "validation", t->has_valid ? rt_weights_bytes(net, t->target) + rt_batch_arena_bytes(net, t->target, t->t.threads) : 0 },
        { "cache", t->t.cache ? cache_bytes(t->t.plan, t->data.n_samples) : 0 },
    };
    enum { PARTS = sizeof parts / sizeof *parts };
    size_t sum = 0;
    for (int i = 0; i < PARTS; i++)
        sum += parts[i].bytes;
    fprintf(stderr, "memory: %.1f MiB", mebibytes(sum));
    for (int i = 0; i < PARTS; i++)
        if (parts[i].bytes)
            fprintf(stderr, "%s %s %.1f MiB", i ? "," : ":", parts[i].what, mebibytes(parts[i].bytes));
    fputc('\n', stderr);
    print_recomputed(t, parts[0].bytes);
}

void trainer_log_start(Trainer *t, bool resumed)
{
    const RtNetwork *net = t->p->net;
    int frozen = 0;
    for (int i = 0; i < t->t.train->n_weights; i++)
        frozen += t->t.train->weights[i].rank > 1 && !t->t.train->weights[i].trains;
    if (!resumed)
        log_arguments(t);
    fprintf(stderr, "%s: %zu pictures of %d classes%s, batch %d, %d thread%s, %s\n", net->name, t->data.n_samples, t->data.n_classes,
            t->has_valid ? "" : ", none for validation", t->recipe.batch, t->t.threads, t->t.threads > 1 ? "s" : "", rt_target_name(t->target));
    if (frozen)
        fprintf(stderr, "frozen: %d layers\n", frozen);
    print_memory(t);
    if (resumed)
        fprintf(stderr, "resumed: %s, epoch %lld, step %lld\n", t->folder, (long long)t->state.epoch + 1, (long long)t->state.step);
    else
        fprintf(stderr, "run: %s\n", t->folder);
}

enum { MOST_VALUES = 40 };

/* loss, loss/HEAD where there are several, accuracy, and what else is given. */
static int add_values(RunlogValue *v, const Trainer *t)
{
    int n = 0, terms = t->t.train->n_terms;
    static char tags[MOST_VALUES][96];
    v[n++] = (RunlogValue){ RUNLOG_TRAIN, "loss", trainer_loss(t, &t->metrics) };
    for (int k = 0; terms > 1 && k < terms && k < MOST_VALUES - 8; k++) {
        snprintf(tags[k], sizeof tags[k], "loss/%.80s", t->t.train->terms[k].name);
        v[n++] = (RunlogValue){ RUNLOG_TRAIN, tags[k], metrics_loss(&t->metrics, k) };
    }
    v[n++] = (RunlogValue){ RUNLOG_TRAIN, "accuracy", metrics_top1(&t->metrics) };
    return n;
}

double trainer_images_per_second(const Trainer *t)
{
    double seconds = clock_seconds() - t->epoch_begun;
    return seconds > 0 ? (double)t->epoch_images / seconds : NAN;
}

void trainer_log_step(Trainer *t, double rate, const RtBatch *b)
{
    char notes[128];
    RtError err;
    snprintf(notes, sizeof notes, "loss=%.4f, acc=%.4f", trainer_loss(t, &t->metrics), metrics_top1(&t->metrics));
    progress_step(&t->bar, b->n, notes);
    if (t->state.step == 1)
        warn(t, board_inputs(t, b, &err), &err);
    if (t->state.step % t->recipe.log_every)
        return;
    RunlogValue v[MOST_VALUES];
    int n = add_values(v, t);
    v[n++] = (RunlogValue){ RUNLOG_SETTING, "lr", rate };
    v[n++] = (RunlogValue){ RUNLOG_SETTING, "images_per_second", trainer_images_per_second(t) };
    warn(t, runlog_step(&t->log, (int)t->state.epoch + 1, t->state.step, v, n, &err), &err);
}

void trainer_log_epoch(Trainer *t)
{
    RtError err;
    RunlogValue v[MOST_VALUES];
    int n = add_values(v, t);
    if (t->has_valid) {
        v[n++] = (RunlogValue){ RUNLOG_VALIDATION, "loss", t->valid_loss };
        v[n++] = (RunlogValue){ RUNLOG_VALIDATION, "accuracy", t->valid_accuracy };
        if (t->valid_metrics.k > 1 && t->data.n_classes > 5)
            v[n++] = (RunlogValue){ RUNLOG_VALIDATION, "top5", metrics_topk(&t->valid_metrics) };
    }
    v[n++] = (RunlogValue){ RUNLOG_SETTING, "images_per_second", t->epoch_rate };
    v[n++] = (RunlogValue){ RUNLOG_SETTING, "wait_share", t->wait_share };
    warn(t, runlog_epoch(&t->log, (int)t->state.epoch, t->state.step, v, n, &err), &err);
    if (t->validated)
        warn(t, runlog_confusion(&t->log, t->state.step, &t->valid_metrics, (const char *const *)t->data.classes, &err), &err);
    warn(t, board_epoch(t, &err), &err);
    warn(t, runlog_sync(&t->log, &err), &err);
}

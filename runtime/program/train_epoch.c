/* train_epoch.c - the steps of an epoch, and validation. */
#include "train.h"
#include "../train/schedule.h"
#include <limits.h>
#include <math.h>
#include <string.h>

double trainer_loss(const Trainer *t, const Metrics *m)
{
    double sum = 0;
    for (int k = 0; k < t->t.train->n_terms; k++)
        sum += t->t.train->terms[k].weight * metrics_loss(m, k);
    return sum;
}

/* ---- Steps ---- */

static void count(Trainer *t, const RtBatch *b)
{
    int classes = t->t.train->terms[0].classes;
    for (int i = 0; i < b->n; i++)
        training_logits(&t->t, 0, i, t->scores + (size_t)i * (size_t)classes);
    metrics_add(&t->metrics, t->scores, b->labels, b->n);
    metrics_add_losses(&t->metrics, t->t.losses, b->n);
    t->epoch_images += b->n;
}

static RtStatus one_step(Trainer *t, const RtBatch *b)
{
    double rate = schedule_rate(&t->recipe, t->state.step, t->steps_per_epoch);
    training_pack(&t->t);
    training_step(&t->t, &(TrainingBatch){ b->x, b->labels, b->samples, b->n, t->recipe.seed, (uint32_t)t->state.epoch });
    count(t, b);
    double loss = trainer_loss(t, &t->metrics);
    if (!isfinite(loss)) {
        progress_wipe(&t->bar);
        return program_error(t->p, RT_ERROR_INPUT, "the loss is %s at step %lld: training has come apart; a lower --lr, a warm-up or clip = 1 in train {} helps",
                             isnan(loss) ? "not a number" : "infinite", (long long)t->state.step + 1);
    }
    optimizer_step(&t->optimizer, rate, t->pool);
    t->state.step = t->optimizer.step;
    t->state.position = (int64_t)b->end;
    trainer_log_step(t, rate, b);
    return RT_OK;
}

static bool is_over(const Trainer *t, int64_t first) { return t->state.step - first >= t->steps_per_epoch; }

static RtStatus steps(Trainer *t, int64_t first)
{
    const Options *o = &t->p->options;
    while (!is_over(t, first) && !train_interrupted) {
        RtError err;
        const RtBatch *b;
        if (rt_loader_next(t->loader, &b, &err))
            return program_fail(t->p, &err);
        if (!b)
            break;
        RtStatus status = one_step(t, b);
        if (!status && o->save_every && t->state.step % o->save_every == 0)
            status = trainer_save(t, false);
        if (status)
            return status;
    }
    return RT_OK;
}

RtStatus trainer_epoch(Trainer *t)
{
    RtError err;
    char label[64];
    int64_t batch = t->recipe.batch, done = (t->state.position + batch - 1) / batch;
    snprintf(label, sizeof label, "Epoch %lld/%d", (long long)t->state.epoch + 1, t->recipe.epochs);
    metrics_reset(&t->metrics);
    t->epoch_begun = clock_seconds();
    t->epoch_images = 0;
    if (rt_loader_begin(t->loader, (uint32_t)t->state.epoch, (size_t)t->state.position, &err))
        return program_fail(t->p, &err);
    progress_begin(&t->bar, stderr, label, t->steps_per_epoch - done, t->recipe.log_every);
    RtStatus status = steps(t, t->state.step - done);
    if (status)
        return status;
    t->epoch_rate = t->epoch_images ? trainer_images_per_second(t) : NAN;
    t->wait_share = rt_loader_wait_share(t->loader);
    if (t->epoch_images) {
        char notes[128];
        snprintf(notes, sizeof notes, "loss=%.4f, acc=%.4f, waited %.1f %%", trainer_loss(t, &t->metrics), metrics_top1(&t->metrics), 100 * t->wait_share);
        progress_end(&t->bar, notes);
    }
    trainer_note_bad(t);
    return RT_OK;
}

/* ---- Validation ---- */

/* Inference takes the averages where there are some. */
static void pack_inference(Trainer *t)
{
    const RtNetwork *net = t->p->net;
    for (int i = 0; i < net->n_weights; i++) {
        int row = training_row(t->t.train, net->weights[i].name);
        t->rows[i] = t->optimizer.averages ? t->optimizer.averages[row] : t->t.raw[row];
    }
    memset(t->weights, 0, rt_weights_bytes(net, t->target));
    rt_pack(net, t->target, t->rows, t->t.pool, t->weights);
}

/* -log of the label's probability; outputs without a softmax are logits. */
static float loss_of(const RtNetwork *net, const float *y, int label)
{
    double most = y[0], sum = 0;
    if (net->softmax)
        return (float)-log(fmax(y[label], 1e-38));
    for (int c = 1; c < net->outputs; c++)
        most = fmax(most, y[c]);
    for (int c = 0; c < net->outputs; c++)
        sum += exp(y[c] - most);
    return (float)(most + log(sum) - y[label]);
}

RtStatus trainer_validate(Trainer *t)
{
    const RtNetwork *net = t->p->net;
    RtError err;
    const RtBatch *b;
    pack_inference(t);
    metrics_reset(&t->valid_metrics);
    board_forget(&t->board);
    if (rt_loader_begin(t->valid, 0, 0, &err))
        return program_fail(t->p, &err);
    progress_begin(&t->bar, stderr, "Validation", (int64_t)rt_loader_batches(t->valid), INT_MAX); /* nothing where there is no terminal */
    for (;;) {
        if (rt_loader_next(t->valid, &b, &err)) {
            progress_wipe(&t->bar);
            return program_fail(t->p, &err);
        }
        if (!b || train_interrupted)
            break;
        rt_forward_batch(net, t->weights, b->x, b->n, t->arena, t->pool, t->scores);
        metrics_add(&t->valid_metrics, t->scores, b->labels, b->n);
        for (int i = 0; i < b->n; i++) {
            float loss = loss_of(net, t->scores + (size_t)i * (size_t)net->outputs, b->labels[i]);
            metrics_add_losses(&t->valid_metrics, &loss, 1);
            board_offer(t, b, i, loss);
        }
        progress_step(&t->bar, b->n, "");
    }
    progress_wipe(&t->bar);
    t->valid_loss = metrics_loss(&t->valid_metrics, 0);
    t->valid_accuracy = metrics_top1(&t->valid_metrics);
    trainer_note_bad(t);
    return RT_OK;
}

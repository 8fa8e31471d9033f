/* train_setup.c - from options and recipe to everything that training needs. */
#include "train.h"
#include "../train/start.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static RtStatus fail(Trainer *t, const RtError *err) { return program_fail(t->p, err); }

/* ---- The recipe ---- */

static RtStatus set_optimizer(Trainer *t, const char *name)
{
    static const char *const names[] = { "sgd", "adam", "adamw", "rmsprop" };
    static const RtRecipe defaults[] = { /* torch's */
        { .momentum = 0 }, { .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 }, { .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01 }, { .beta2 = 0.99, .eps = 1e-8 },
    };
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        RtRecipe *r = &t->recipe;
        r->optimizer = (RtOptimizer)i;
        r->momentum = defaults[i].momentum;
        r->beta1 = defaults[i].beta1;
        r->beta2 = defaults[i].beta2;
        r->eps = defaults[i].eps;
        r->decay = defaults[i].decay;
        r->nesterov = r->eps_inside = 0;
        return RT_OK;
    }
    const char *close = options_closest(name, names, 4);
    return close ? program_error(t->p, RT_ERROR_USAGE, "there is no optimiser '%s'; did you mean '%s'?", name, close)
                 : program_error(t->p, RT_ERROR_USAGE, "there is no optimiser '%s', only sgd, adam, adamw and rmsprop", name);
}

static char *joined(const char *dir, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* DIR/train, and DIR/validation, DIR/valid or DIR/val, as torchvision's and timm's users have it. */
static RtStatus set_folders(Trainer *t, const char *dir)
{
    static const char *const names[] = { "validation", "valid", "val" };
    t->recipe.train = (RtSource){ RT_SOURCE_FOLDER, joined(dir, "train"), NULL };
    t->recipe.valid = (RtSource){ 0 };
    for (int i = 0; i < 3 && !t->recipe.valid.kind; i++) {
        char *path = joined(dir, names[i]);
        if (path && access(path, F_OK) == 0)
            t->recipe.valid = (RtSource){ RT_SOURCE_FOLDER, path, NULL };
    }
    return t->recipe.train.path ? RT_OK : program_error(t->p, RT_ERROR_FILE, "out of memory");
}

static RtStatus read_recipe(Trainer *t)
{
    const Options *o = &t->p->options;
    RtRecipe *r = &t->recipe;
    *r = t->p->net->train->recipe;
    RtStatus status = o->optimizer ? set_optimizer(t, o->optimizer) : RT_OK;
    if (!status && o->data_dir)
        status = set_folders(t, o->data_dir);
    r->lr = o->lr > 0 ? o->lr : r->lr;
    r->momentum = o->momentum > 0 ? o->momentum : r->momentum;
    r->decay = o->decay > 0 ? o->decay : r->decay;
    r->batch = o->batch ? (int)o->batch : r->batch;
    r->epochs = o->epochs ? (int)o->epochs : r->epochs;
    r->steps = o->steps ? o->steps : r->steps;
    r->seed = o->seed.given ? o->seed.value : r->seed;
    r->weights = o->weights ? o->weights : r->weights;
    r->log_every = o->log_interval ? (int)o->log_interval : r->log_every ? r->log_every : 50;
    r->log = o->output ? o->output : r->log ? r->log : "runs";
    return status;
}

/* ---- Data ---- */

static RtStatus check_classes(Trainer *t)
{
    const RtLossTerm *term = &t->p->net->train->terms[0];
    if (t->data.n_classes == term->classes)
        return RT_OK;
    return program_error(t->p, RT_ERROR_INPUT, "%s has %d classes, but '%s' has %d outputs; compile with -D classes=%d if the netdef has such a parameter",
                         t->recipe.train.path, t->data.n_classes, term->name, term->classes, t->data.n_classes);
}

static RtStatus open_data(Trainer *t)
{
    RtError err;
    if (t->recipe.train.kind == RT_SOURCE_NONE)
        return program_error(t->p, RT_ERROR_USAGE, "nothing says where pictures come from: data { train = folder(\"DIR\") } in the netdef, or --data-dir DIR with DIR/train");
    if (rt_dataset_open(&t->recipe.train, &t->data, &err))
        return fail(t, &err);
    RtStatus status = check_classes(t);
    t->has_valid = !status && t->recipe.valid.kind != RT_SOURCE_NONE;
    if (!t->has_valid)
        return status;
    if (rt_dataset_open(&t->recipe.valid, &t->valid_data, &err) || rt_dataset_number_as(&t->valid_data, &t->data, &err))
        return fail(t, &err);
    return RT_OK;
}

static RtStatus open_loader(Trainer *t, const RtDataset *data, bool training, RtLoader **out)
{
    const RtNetwork *net = t->p->net;
    RtError err;
    RtLoaderOptions o = { .data = data, .view = net->view, .n_view = net->n_view, .c = net->c, .h = net->h, .w = net->w, .batch = t->recipe.batch,
                          .workers = (int)t->p->options.workers, .seed = t->recipe.seed, .shuffle = training, .training = training, .skip = training ? t->cache.have : NULL, .strict = t->p->options.strict };
    return rt_loader_open(&o, out, &err) ? fail(t, &err) : RT_OK;
}

static RtStatus open_loaders(Trainer *t)
{
    RtStatus status = open_loader(t, &t->data, true, &t->loader);
    if (!status && t->has_valid)
        status = open_loader(t, &t->valid_data, false, &t->valid);
    t->steps_per_epoch = status ? 1 : (int64_t)rt_loader_batches(t->loader);
    if (t->recipe.steps && t->recipe.steps < t->steps_per_epoch)
        t->steps_per_epoch = t->recipe.steps;
    return status;
}

/* ---- Memory ---- */

static RtStatus open_inference(Trainer *t, int threads)
{
    const RtNetwork *net = t->p->net;
    t->weights = rt_weights_new(net, t->target);
    t->arena = rt_batch_arena_new(net, t->target, threads);
    t->rows = calloc((size_t)net->n_weights + 1, sizeof *t->rows);
    size_t classes = (size_t)(net->outputs > t->data.n_classes ? net->outputs : t->data.n_classes);
    t->scores = calloc((size_t)t->recipe.batch * classes, sizeof *t->scores);
    return t->weights && t->arena && t->rows && t->scores ? RT_OK : program_error(t->p, RT_ERROR_FILE, "out of memory for validation");
}

/* Asked for and refused is a note: training gives the same without it, only slower. */
static RtStatus open_cache(Trainer *t)
{
    RtError err;
    const RtTrainPlan *plan = t->t.plan;
    const char *why = cache_refuses(plan, t->p->net->view, t->p->net->n_view);
    if (!t->p->options.cache)
        return RT_OK;
    if (why) {
        program_note(t->p, "--cache does nothing here: %s", why);
        return RT_OK;
    }
    if (cache_open(&t->cache, plan, t->data.n_samples, &err))
        return fail(t, &err);
    t->t.cache = &t->cache;
    fprintf(stderr, "cache: %d of %d steps once a picture, %.1f MiB\n", plan->n_frozen, plan->n_steps, (double)cache_bytes(plan, t->data.n_samples) / (1 << 20));
    return RT_OK;
}

static RtStatus open_training(Trainer *t)
{
    RtError err;
    int threads = t->p->options.threads ? (int)t->p->options.threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
    const RtNetwork *net = t->p->net;
    t->target = t->p->options.target.given ? t->p->options.target.value : rt_best_target(net);
    if (!rt_target_runs_here(t->target))
        return program_error(t->p, RT_ERROR_USAGE, "this processor does not run target %s", rt_target_name(t->target));
    t->pool = threads > 1 ? rt_pool_new(threads) : NULL;
    if (threads > 1 && !t->pool)
        return program_error(t->p, RT_ERROR_FILE, "cannot start %d threads", threads);
    if (t->recipe.batch > (int64_t)t->data.n_samples)
        t->recipe.batch = (int)t->data.n_samples;
    if (training_open(&t->t, net, t->target, t->recipe.batch, t->pool, &err))
        return fail(t, &err);
    RtStatus status = open_cache(t);
    return status ? status : open_inference(t, threads);
}

static RtStatus open_weights(Trainer *t)
{
    RtError err;
    int loaded, terms = t->p->net->train->n_terms;
    if (training_start(&t->t, t->recipe.seed, t->recipe.weights, &loaded, &err))
        return fail(t, &err);
    if (optimizer_new(&t->optimizer, &t->recipe, t->t.train->weights, t->t.train->n_weights, t->t.raw, t->t.grads, &err))
        return fail(t, &err);
    if (metrics_open(&t->metrics, t->data.n_classes, 5, terms, &err) || metrics_open(&t->valid_metrics, t->data.n_classes, 5, 1, &err))
        return fail(t, &err);
    t->checkpoint = checkpoint_of(t->p->net, t->t.train->weights, t->t.train->n_weights, t->t.raw, &t->optimizer);
    t->state = (CheckpointState){ .seed = t->recipe.seed, .best = NAN, .classes = (const char *const *)t->data.classes, .n_classes = t->data.n_classes };
    return RT_OK;
}

/* ---- The run's folder ---- */

static RtStatus resume(Trainer *t, const char *folder)
{
    RtError err;
    char note[CHECKPOINT_NOTE];
    CheckpointState s;
    if (checkpoint_load(folder, &t->checkpoint, &s, note, &err))
        return fail(t, &err);
    if (*note)
        program_note(t->p, "%s", note);
    t->state.epoch = s.epoch;
    t->state.position = s.position;
    t->state.step = t->optimizer.step = s.step;
    t->state.best = s.best;
    t->state.best_epoch = s.best_epoch;
    bool same_seed = s.seed == t->recipe.seed;
    checkpoint_release(&s);
    if (!same_seed)
        program_note(t->p, "%s was trained with another seed: the order of pictures changes", folder);
    if (runlog_resume(&t->log, folder, (int)t->state.epoch, t->state.step, &err))
        return fail(t, &err);
    return RT_OK;
}

static RtStatus open_run(Trainer *t)
{
    const Options *o = &t->p->options;
    RtError err;
    char name[256], *wanted = o->experiment ? joined(t->recipe.log, o->experiment) : NULL;
    bool automatic = o->resume && strcmp(o->resume, "auto") == 0, found = wanted && automatic && checkpoint_exists(wanted);
    if (automatic && !wanted)
        return program_error(t->p, RT_ERROR_USAGE, "--resume auto needs --experiment NAME: it goes on with that run or begins it; a folder is resumed by --resume DIR");
    const char *folder = found ? wanted : automatic ? NULL : o->resume;
    RtStatus status;
    if (folder) {
        status = resume(t, folder);
    } else {
        runlog_default_name(t->p->net->name, time(NULL), name, sizeof name);
        status = runlog_create(&t->log, t->recipe.log, o->experiment ? o->experiment : name, !o->experiment, &err) ? fail(t, &err) : RT_OK;
    }
    free(wanted);
    t->folder = t->log.folder;
    if (!status)
        trainer_log_start(t, folder != NULL);
    return status;
}

RtStatus trainer_open(Trainer *t, const Program *p)
{
    *t = (Trainer){ .p = p };
    RtStatus status = read_recipe(t);
    if (!status)
        status = open_data(t);
    if (!status)
        status = open_training(t);
    if (!status)
        status = open_loaders(t);
    if (!status)
        status = open_weights(t);
    return status ? status : open_run(t);
}

void trainer_close(Trainer *t)
{
    rt_loader_close(t->loader);
    rt_loader_close(t->valid);
    rt_dataset_close(&t->data);
    rt_dataset_close(&t->valid_data);
    board_close(&t->board);
    metrics_close(&t->metrics);
    metrics_close(&t->valid_metrics);
    optimizer_free(&t->optimizer);
    if (t->t.train)
        training_close(&t->t);
    cache_close(&t->cache);
    rt_pool_free(t->pool);
    rt_free(t->weights);
    rt_free(t->arena);
    free(t->rows);
    free(t->scores);
}

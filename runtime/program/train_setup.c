/* train_setup.c - from options and recipe to everything that training needs. */
#include "train.h"
#include "../train/start.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static RtStatus fail(Trainer *t, const RtError *err) { return program_fail(t->p, err); }

/* ---- The recipe ---- */

const char *const optimizer_names[4] = { "sgd", "adam", "adamw", "rmsprop" };

static RtStatus set_optimizer(Trainer *t, const char *name)
{
    const char *const *names = optimizer_names;
    static const RtRecipe defaults[] = { /* torch's */
        { .lr = 1e-3 }, { .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8 },
        { .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01 }, { .lr = 1e-2, .beta2 = 0.99, .eps = 1e-8 },
    };
    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        RtRecipe *r = &t->recipe;
        r->optimizer = (RtOptimizer)i;
        r->lr = defaults[i].lr;
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
    t->recipe.train = (RtSource){ RT_SOURCE_FOLDER, t->folders[0] = joined(dir, "train"), NULL };
    t->recipe.valid = (RtSource){ 0 };
    for (int i = 0; i < 3 && !t->recipe.valid.kind; i++) {
        free(t->folders[1]);
        t->folders[1] = joined(dir, names[i]);
        if (t->folders[1] && access(t->folders[1], F_OK) == 0)
            t->recipe.valid = (RtSource){ RT_SOURCE_FOLDER, t->folders[1], NULL };
        else if (t->folders[1] && errno != ENOENT)
            return program_error(t->p, RT_ERROR_FILE, "%s: cannot read: %s", t->folders[1], strerror(errno));
    }
    return t->recipe.train.path ? RT_OK : program_error(t->p, RT_ERROR_FILE, "out of memory");
}

/* What was meant as the folder of a run is none; who gives its checkpoint, as other trainers want it, is told the folder. */
static RtStatus no_run(const Trainer *t)
{
    const char *slash = strrchr(t->resumes, '/');
    struct stat st;
    if (stat(t->resumes, &st) == 0 && !S_ISDIR(st.st_mode))
        return program_error(t->p, RT_ERROR_USAGE, "--resume takes the folder of a run, and '%s' is a file; did you mean '%.*s'?", t->resumes,
                             slash ? (int)(slash - t->resumes) : 1, slash ? t->resumes : ".");
    return program_error(t->p, RT_ERROR_FILE, "%s: there is no checkpoint in this folder to go on from; --resume takes the folder of a run, as %s/NAME",
                         t->resumes, t->recipe.log);
}

/* A new run, or which one goes on. */
static RtStatus choose_run(Trainer *t)
{
    const Options *o = &t->p->options;
    if (o->experiment && (!*o->experiment || strchr(o->experiment, '/') || *o->experiment == '.'))
        return program_error(t->p, RT_ERROR_USAGE, "option '--experiment': '%s' is not the name of a folder in %s", o->experiment, t->recipe.log);
    if (!o->resume)
        return RT_OK;
    bool automatic = strcmp(o->resume, "auto") == 0;
    if (automatic && !o->experiment)
        return program_error(t->p, RT_ERROR_USAGE, "--resume auto needs --experiment NAME: it goes on with that run or begins it; "
                             "a folder is resumed by --resume DIR");
    if (!automatic && o->experiment)
        return program_error(t->p, RT_ERROR_USAGE, "--experiment names a new run, --resume DIR one that goes on: give one of them, "
                             "or --experiment NAME --resume auto");
    t->resumes = automatic ? joined(t->recipe.log, o->experiment) : strdup(o->resume);
    if (!t->resumes)
        return program_error(t->p, RT_ERROR_FILE, "out of memory");
    RtError err;
    int exists;
    if (checkpoint_exists(t->resumes, &exists, &err))
        return fail(t, &err);
    if (exists)
        return RT_OK;
    if (!automatic)
        return no_run(t);
    free(t->resumes);
    t->resumes = NULL;
    return RT_OK;
}

static RtStatus read_recipe(Trainer *t)
{
    const Options *o = &t->p->options;
    RtRecipe *r = &t->recipe;
    *r = t->p->net->train->recipe;
    RtStatus status = o->optimizer ? set_optimizer(t, o->optimizer) : RT_OK;
    if (!status && o->data_dir)
        status = set_folders(t, o->data_dir);
    r->lr = isnan(o->lr) ? r->lr : o->lr;
    r->momentum = isnan(o->momentum) ? r->momentum : o->momentum;
    r->nesterov = r->nesterov && r->momentum > 0; /* --momentum 0 */
    r->decay = isnan(o->decay) ? r->decay : o->decay;
    r->batch = o->batch ? (int)o->batch : r->batch;
    r->epochs = o->epochs ? (int)o->epochs : r->epochs;
    r->steps = o->steps ? o->steps : r->steps;
    r->seed = o->seed.given ? o->seed.value : r->seed;
    r->weights = o->weights ? o->weights : r->weights;
    r->log_every = o->log_interval ? (int)o->log_interval : r->log_every ? r->log_every : 50;
    r->log = o->output ? o->output : r->log ? r->log : "runs";
    return status ? status : choose_run(t);
}

/* ---- Data ---- */

static RtStatus check_classes(Trainer *t)
{
    const RtTrain *train = t->p->net->train;
    for (int k = 0; k < train->n_terms; k++)
        if (t->data.n_classes != train->terms[k].classes)
            return program_error(t->p, RT_ERROR_INPUT, "%s has %d classes, but '%s' has %d outputs; compile with -D classes=%d "
                                 "if the netdef has such a parameter",
                                 t->recipe.train.path, t->data.n_classes, train->terms[k].name, train->terms[k].classes, t->data.n_classes);
    return RT_OK;
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
    int batch = (size_t)t->recipe.batch < data->n_samples ? t->recipe.batch : (int)data->n_samples;
    RtLoaderOptions o = { .data = data, .view = net->view, .n_view = net->n_view, .c = net->c, .h = net->h, .w = net->w, .batch = batch,
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
    int threads = session_threads(t->p);
    const RtNetwork *net = t->p->net;
    t->target = t->p->options.target.given ? t->p->options.target.value : rt_best_target(net);
    if (!rt_target_runs_here(t->target))
        return program_error(t->p, RT_ERROR_USAGE, "this processor does not run target %s", rt_target_name(t->target));
    t->pool = threads > 1 ? rt_pool_new(threads) : NULL;
    if (threads > 1 && !t->pool)
        return program_error(t->p, RT_ERROR_FILE, "cannot start %d threads", threads);
    if (t->recipe.batch > (int64_t)t->data.n_samples) {
        program_note(t->p, "a batch of %d is more than the %zu pictures there are: all of them make one", t->recipe.batch, t->data.n_samples);
        t->recipe.batch = (int)t->data.n_samples;
    }
    if (training_open(&t->t, net, t->target, t->recipe.batch, t->pool, &err))
        return fail(t, &err);
    RtStatus status = open_cache(t);
    return status ? status : open_inference(t, threads);
}

/* What makes the same steps; the checkpoint keeps it, and going on with something else is said. */
static void describe(Trainer *t)
{
    const RtRecipe *r = &t->recipe;
    snprintf(t->arguments, sizeof t->arguments, "opt=%s lr=%g momentum=%g weight_decay=%g batch=%d steps=%lld clip=%g ema=%g", optimizer_names[r->optimizer],
             r->lr, r->momentum, r->decay, r->batch, (long long)r->steps, r->clip, r->ema);
}

static RtStatus open_weights(Trainer *t)
{
    RtError err;
    int loaded, terms = t->p->net->train->n_terms;
    if (training_start(&t->t, t->recipe.seed, t->resumes ? NULL : t->recipe.weights, &loaded, &err))
        return fail(t, &err);
    if (optimizer_new(&t->optimizer, &t->recipe, t->t.train->weights, t->t.train->n_weights, t->t.raw, t->t.grads, &err))
        return fail(t, &err);
    if (metrics_open(&t->metrics, t->data.n_classes, 5, terms, &err) || metrics_open(&t->valid_metrics, t->data.n_classes, 5, 1, &err))
        return fail(t, &err);
    t->checkpoint = checkpoint_of(t->p->net, t->t.train->weights, t->t.train->n_weights, t->t.raw, &t->optimizer);
    describe(t);
    t->state = (CheckpointState){ .seed = t->recipe.seed, .best = NAN, .arguments = t->arguments, .classes = (const char *const *)t->data.classes,
                                  .n_classes = t->data.n_classes };
    return RT_OK;
}

/* ---- The run's folder ---- */

/* Labels must mean what they meant; another recipe is allowed, and said. */
static RtStatus compare(Trainer *t, const CheckpointState *s)
{
    for (int i = 0; i < s->n_classes || i < t->data.n_classes; i++) {
        const char *was = i < s->n_classes ? s->classes[i] : "missing", *is = i < t->data.n_classes ? t->data.classes[i] : "missing";
        if (s->n_classes && strcmp(was, is) != 0)
            return program_error(t->p, RT_ERROR_INPUT, "%s was trained with other classes: class %d was '%s' and is '%s' in %s",
                                 t->resumes, i, was, is, t->recipe.train.path);
    }
    if (s->seed != t->recipe.seed)
        program_note(t->p, "%s was trained with another seed: the order of pictures changes", t->resumes);
    if (*s->arguments && strcmp(s->arguments, t->arguments) != 0)
        program_note(t->p, "%s was trained with %s; it goes on with %s", t->resumes, s->arguments, t->arguments);
    return RT_OK;
}

static RtStatus lock(Trainer *t, const char *folder)
{
    RtError err;
    if (run_lock(&t->lock, folder, &err))
        return fail(t, &err);
    if (*err.message)
        program_note(t->p, "%s", err.message);
    return RT_OK;
}

static RtStatus resume(Trainer *t)
{
    const char *folder = t->resumes;
    RtError err;
    char note[CHECKPOINT_NOTE];
    CheckpointState s;
    if (lock(t, folder))
        return RT_ERROR_FILE;
    if (checkpoint_load(folder, &t->checkpoint, &s, note, &err))
        return fail(t, &err);
    if (*note)
        program_note(t->p, "%s", note);
    else
        checkpoint_tidy(folder);
    t->state.epoch = s.epoch;
    t->state.position = s.position;
    t->state.step = t->optimizer.step = s.step;
    t->state.best = s.best;
    t->state.best_epoch = s.best_epoch;
    RtStatus status = compare(t, &s);
    checkpoint_release(&s);
    if (status)
        return status;
    if (runlog_resume(&t->log, folder, (int)t->state.epoch, t->state.step, &err))
        return fail(t, &err);
    t->folder = t->log.folder;
    return trainer_resume_bad(t, &err) ? fail(t, &err) : RT_OK;
}

static RtStatus begin(Trainer *t)
{
    const char *wanted = t->p->options.experiment;
    RtError err;
    char name[256];
    char *begun = t->p->options.resume ? joined(t->recipe.log, wanted) : NULL; /* by a process that did not come to its first checkpoint */
    runlog_default_name(t->p->net->name, time(NULL), name, sizeof name);
    bool again = begun && access(begun, F_OK) == 0;
    RtStatus locked = again ? lock(t, begun) : RT_OK, status = RT_OK;
    if (!locked)
        status = again ? runlog_resume(&t->log, begun, 0, 0, &err) : runlog_create(&t->log, t->recipe.log, wanted ? wanted : name, !wanted, &err);
    free(begun);
    if (locked || status)
        return locked ? locked : fail(t, &err);
    t->folder = t->log.folder;
    return again ? RT_OK : lock(t, t->folder); /* a new folder is nobody's yet */
}

static RtStatus open_run(Trainer *t)
{
    RtStatus status = t->resumes ? resume(t) : begin(t);
    if (!status)
        trainer_log_start(t, t->resumes != NULL);
    return status;
}

RtStatus trainer_open(Trainer *t, const Program *p)
{
    *t = (Trainer){ .p = p, .lock = RUN_LOCK_NONE };
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
    free(t->resumes);
    free(t->folders[0]);
    free(t->folders[1]);
    trainer_free_bad(t);
    run_unlock(&t->lock);
}

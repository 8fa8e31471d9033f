#include "checkpoint.h"
#include "../../formats/replace.h"
#include "../../formats/safetensors.h"
#include "../core/network.h"
#include "checkpoint_meta.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };
#define LAST "last.safetensors"
#define OLD "last.safetensors.old" /* the last one while a newer takes its name */
#define PREVIOUS "previous.safetensors"
#define BEST "best.safetensors"

static RtStatus join(const char *folder, const char *name, char out[PATH_BYTES], RtError *err)
{
    if (snprintf(out, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES)
        return RT_OK;
    return rt_error(err, RT_ERROR_FILE, "%.200s...: the path of a checkpoint is longer than %d bytes", folder, PATH_BYTES);
}

Checkpoint checkpoint_of(const RtNetwork *net, const RtWeight *weights, int n_weights, float *const *raw, const Optimizer *o)
{
    Checkpoint c = { .net = net, .weights = weights, .n_weights = n_weights, .n_tables = 1 };
    c.tables[0] = (OptimizerState){ "", raw };
    for (int i = 0; i < o->n_states; i++)
        c.tables[c.n_tables++] = o->states[i];
    return c;
}

/* ---- Tensors ---- */

typedef struct Tensors { /* of a checkpoint, in order of tables and weights */
    int n;
    SafetensorsItem *items; /* data is an array of c */
    uint64_t (*shapes)[4];
    char *names;
} Tensors;

static void release_tensors(Tensors *t)
{
    free(t->items);
    free(t->shapes);
    free(t->names);
}

static size_t name_bytes(const Checkpoint *c)
{
    size_t bytes = 1;
    for (int k = 0; k < c->n_tables; k++)
        for (int i = 0; i < c->n_weights; i++)
            bytes += strlen(c->tables[k].prefix) + strlen(c->weights[i].name) + 1;
    return bytes;
}

static void add_tensor(Tensors *t, const OptimizerState *table, const RtWeight *w, float *values, char **name)
{
    uint64_t *shape = t->shapes[t->n];
    int length = sprintf(*name, "%s%s", table->prefix, w->name);
    for (int k = 0; k < w->rank; k++)
        shape[k] = (uint64_t)w->dim[k];
    t->items[t->n++] = (SafetensorsItem){ *name, SAFETENSORS_F32, w->rank, shape, values };
    *name += length + 1;
}

static RtStatus make_tensors(Tensors *t, const Checkpoint *c, RtError *err)
{
    size_t most = (size_t)c->n_tables * (size_t)c->n_weights + 1;
    *t = (Tensors){ 0, calloc(most, sizeof *t->items), calloc(most, sizeof *t->shapes), malloc(name_bytes(c)) };
    if (!t->items || !t->shapes || !t->names) {
        release_tensors(t);
        return rt_error(err, RT_ERROR_FILE, "out of memory for the names of %zu tensors", most);
    }
    char *name = t->names;
    for (int k = 0; k < c->n_tables; k++)
        for (int i = 0; i < c->n_weights; i++)
            if (c->tables[k].values[i])
                add_tensor(t, &c->tables[k], &c->weights[i], c->tables[k].values[i], &name);
    return RT_OK;
}

/* ---- Saving ---- */

/* Whether a name is FILE.tmp.PID.K, as replace.h names what it writes, and that process is no more.  A file of our own number is from an earlier
 * process that had it: we are not writing now. */
static int is_stale(const char *name)
{
    long pid;
    int k, end = 0;
    const char *dot = strstr(name, ".tmp.");
    for (const char *next = dot; next; next = strstr(next + 1, ".tmp."))
        dot = next;
    if (!dot || sscanf(dot, ".tmp.%ld.%d%n", &pid, &k, &end) != 2 || dot[end] || pid <= 0)
        return 0;
    return pid == (long)getpid() || (kill((pid_t)pid, 0) && errno == ESRCH);
}

static void remove_stale(const char *folder)
{
    char path[PATH_BYTES];
    DIR *d = opendir(folder);
    if (!d)
        return; /* saving will say why */
    for (struct dirent *e; (e = readdir(d));)
        if (is_stale(e->d_name) && !join(folder, e->d_name, path, NULL))
            unlink(path);
    closedir(d);
}

/* Writes all of c beside `path` and syncs it; r is then ready to be committed. */
static RtStatus write_beside(Replace *r, const char *path, const Checkpoint *c, const CheckpointState *s, RtError *err)
{
    Tensors t;
    CheckpointMeta m;
    RtStatus status = make_tensors(&t, c, err);
    if (status)
        return status;
    status = checkpoint_meta_make(&m, c->net, s, err);
    if (!status) {
        status = replace_begin(r, path, err);
        if (!status)
            status = safetensors_write_into(r, t.items, t.n, m.rows, m.n, true, err);
        if (!status)
            status = replace_finish(r, err);
        checkpoint_meta_release(&m);
    }
    release_tensors(&t);
    return status;
}

static RtStatus join_all(const char *folder, char last[PATH_BYTES], char old[PATH_BYTES], char previous[PATH_BYTES], RtError *err)
{
    RtStatus status = join(folder, LAST, last, err);
    if (!status)
        status = join(folder, OLD, old, err);
    return status ? status : join(folder, PREVIOUS, previous, err);
}

static RtStatus move(const char *from, const char *to, RtError *err)
{
    if (!rename(from, to) || errno == ENOENT)
        return RT_OK;
    return rt_error(err, RT_ERROR_FILE, "%s: cannot be renamed to %s: %s", from, to, strerror(errno));
}

/* The new one becomes last before the old last becomes previous: were that damaged, previous would be the only good one. */
RtStatus checkpoint_save(const char *folder, const Checkpoint *c, const CheckpointState *s, RtError *err)
{
    char last[PATH_BYTES], old[PATH_BYTES], previous[PATH_BYTES];
    Replace r;
    RtStatus status = join_all(folder, last, old, previous, err);
    if (status)
        return status;
    remove_stale(folder);
    status = write_beside(&r, last, c, s, err);
    if (status)
        return status;
    status = move(last, old, err);
    if (status) {
        replace_abort(&r);
        return status;
    }
    status = replace_commit(&r, err);
    if (status) {
        move(old, last, NULL);
        return status;
    }
    return move(old, previous, err);
}

RtStatus checkpoint_save_best(const char *folder, const Checkpoint *c, float *const *values, const CheckpointState *s, RtError *err)
{
    Checkpoint weights = *c;
    char path[PATH_BYTES];
    Replace r;
    weights.n_tables = 1;
    weights.tables[0] = (OptimizerState){ "", values };
    RtStatus status = join(folder, BEST, path, err);
    if (!status)
        status = write_beside(&r, path, &weights, s, err);
    return status ? status : replace_commit(&r, err);
}

/* ---- Loading ---- */

/* Opens and verifies; on an error nothing is open. */
static RtStatus open_verified(SafetensorsFile *f, const char *path, RtError *err)
{
    RtStatus status = safetensors_open(f, path, err);
    if (status)
        return status;
    status = safetensors_check_hash(f, err);
    if (status)
        safetensors_close(f);
    return status;
}

static RtStatus check_network(const SafetensorsFile *f, const Checkpoint *c, RtError *err)
{
    const char *theirs = safetensors_meta(f, "structure"), *network = safetensors_meta(f, "network");
    char ours[20];
    network_structure_text(c->net, ours);
    if (theirs && strcmp(theirs, ours) == 0)
        return RT_OK;
    return rt_error(err, RT_ERROR_INPUT, "%s: of network '%.60s' with layers %.16s, but this program is '%s' with layers %s; "
                    "train in another folder", f->path, network ? network : "?", theirs ? theirs : "?", c->net->name, ours);
}

static int same_shape(const SafetensorsItem *it, const SafetensorsTensor *t)
{
    int same = it->rank == t->rank && t->dtype == it->dtype;
    for (int k = 0; k < it->rank && same; k++)
        same = it->shape[k] == t->shape[k];
    return same;
}

static RtStatus check_tensor(const SafetensorsFile *f, const SafetensorsItem *it, RtError *err)
{
    const SafetensorsTensor *t = safetensors_find(f, it->name);
    char have[128], want[128];
    if (!t)
        return rt_error(err, RT_ERROR_INPUT, "%s: tensor '%.200s' is missing: the training that wrote it had another optimiser or "
                        "other weights", f->path, it->name);
    if (same_shape(it, t))
        return RT_OK;
    return rt_error(err, RT_ERROR_INPUT, "%s: byte %zu: tensor '%.200s' is %s %s, but this training needs F32 %s", f->path, t->at, it->name,
                    safetensors_dtype_name(t->dtype), safetensors_shape_text(t->rank, t->shape, have, sizeof have),
                    safetensors_shape_text(it->rank, it->shape, want, sizeof want));
}

static void copy_tensor(const SafetensorsFile *f, const SafetensorsItem *it)
{
    const SafetensorsTensor *t = safetensors_find(f, it->name);
    memcpy((void *)it->data, t->data, t->end - t->begin); /* an array of the caller's, who wants it filled */
}

/* All checks, then all copies. */
static RtStatus fill(const SafetensorsFile *f, const Checkpoint *c, CheckpointState *s, RtError *err)
{
    Tensors t;
    RtStatus status = make_tensors(&t, c, err);
    if (status)
        return status;
    status = check_network(f, c, err);
    for (int i = 0; i < t.n && !status; i++)
        status = check_tensor(f, &t.items[i], err);
    if (!status)
        status = checkpoint_meta_read(f, s, err);
    for (int i = 0; i < t.n && !status; i++)
        copy_tensor(f, &t.items[i]);
    release_tensors(&t);
    return status;
}

/* The newest good one, with a note when that is not the last. */
static RtStatus open_one(SafetensorsFile *f, const char *const paths[3], char note[CHECKPOINT_NOTE], RtError *err)
{
    RtError why[3] = { 0 };
    note[0] = 0;
    for (int i = 0; i < 3; i++)
        if (!open_verified(f, paths[i], &why[i])) {
            if (i)
                snprintf(note, CHECKPOINT_NOTE, "%s; going on from %.100s", why[0].message, strrchr(paths[i], '/') + 1);
            return RT_OK;
        }
    if (access(paths[2], F_OK))
        return rt_error(err, why[0].status, "%s; there is no earlier checkpoint", why[0].message);
    return rt_error(err, why[0].status, "%s; the one before: %s", why[0].message, why[2].message);
}

RtStatus checkpoint_load(const char *folder, const Checkpoint *c, CheckpointState *s, char note[CHECKPOINT_NOTE], RtError *err)
{
    char last[PATH_BYTES], old[PATH_BYTES], previous[PATH_BYTES];
    SafetensorsFile f;
    RtStatus status = join_all(folder, last, old, previous, err);
    if (!status)
        status = open_one(&f, (const char *const[]){ last, old, previous }, note, err);
    if (status)
        return status;
    status = fill(&f, c, s, err);
    safetensors_close(&f);
    return status;
}

void checkpoint_tidy(const char *folder)
{
    char last[PATH_BYTES], old[PATH_BYTES], previous[PATH_BYTES];
    remove_stale(folder);
    if (!join_all(folder, last, old, previous, NULL) && !access(last, F_OK))
        move(old, previous, NULL);
}

RtStatus checkpoint_exists(const char *folder, int *exists, RtError *err)
{
    char paths[3][PATH_BYTES];
    *exists = 0;
    RtStatus status = join_all(folder, paths[0], paths[1], paths[2], err);
    for (int i = 0; i < 3 && !status && !*exists; i++) {
        *exists = !access(paths[i], F_OK);
        if (!*exists && errno != ENOENT && errno != ENOTDIR)
            status = rt_error(err, RT_ERROR_FILE, "%s: cannot be found or missed: %s", paths[i], strerror(errno));
    }
    return status;
}

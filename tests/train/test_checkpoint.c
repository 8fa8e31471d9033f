/* test_checkpoint.c - a checkpoint comes back as it was saved or is refused: hash by FIPS 180-4's examples, every cut, every bit, a
 * disk that is full at every byte, a process killed before and after each of its system calls, and each of these failing. */
#include "../../formats/replace.h"
#include "../../formats/safetensors.h"
#include "../../formats/sha256.h"
#include "../../runtime/train/checkpoint.h"
#include "../runtime/tiny_network.h"
#include <CUnit/Basic.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test_checkpoint_XXXXXX";

static const char *file(const char *name)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static int files_like(const char *part, int remove_them)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && strstr(e->d_name, part)) {
            n++;
            if (remove_them)
                unlink(file(e->d_name));
        }
    closedir(d);
    return n;
}

/* ---- SHA-256 ---- */

static void hash_is(const void *bytes, size_t size, size_t piece, const char *want)
{
    Sha256 s;
    char digits[SHA256_DIGITS + 1];
    sha256_begin(&s);
    for (size_t at = 0; at < size; at += piece)
        sha256_add(&s, (const char *)bytes + at, size - at < piece ? size - at : piece);
    sha256_end(&s, digits);
    CU_ASSERT_STRING_EQUAL(digits, want);
}

/* FIPS 180-4's examples, and the empty text. */
static void sha256_gives_the_known_answers(void)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static char million[1000000];
    memset(million, 'a', sizeof million);
    hash_is("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_is("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (size_t piece = 1; piece <= 56; piece++)
        hash_is(two_blocks, 56, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    for (size_t piece = 63; piece <= 129; piece += 11)
        hash_is(million, sizeof million, piece, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* ---- A small training ---- */

static const RtWeight weights[] = {
    { "fc.weight", 2, { 4, 18 }, RT_INIT_TORCH, 0, 0, 18, 4, 1 },
    { "aux.weight", 4, { 2, 3, 1, 1 }, RT_INIT_TORCH, 0, 0, 3, 2, 1 },
    { "fc.bias", 1, { 4 }, RT_INIT_CONSTANT, 0.25, 0, 18, 4, 1 },
    { "bn.running_mean", 1, { 5 }, RT_INIT_CONSTANT, 0, 0, 18, 4, 0 },
};
enum { N = 4, MOST = 72 };
static const size_t counts[N] = { 72, 6, 4, 5 };

typedef struct Training {
    float value[N][MOST], gradient[N][MOST];
    float *raw[N], *grads[N];
    Optimizer o;
    Checkpoint c;
    CheckpointState s;
} Training;

static const char *const classes[] = { "cat", "a \"dog\"", "Käse, [x]" };

static Training *training_new(RtOptimizer optimizer, double ema)
{
    Training *t = calloc(1, sizeof *t);
    RtRecipe recipe = { .optimizer = optimizer, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-3, .decay = 1e-2, .ema = ema };
    for (int i = 0; i < N; i++) {
        t->raw[i] = t->value[i];
        t->grads[i] = i < 3 ? t->gradient[i] : NULL;
        rt_init_weight(&weights[i], 1, t->value[i]);
    }
    CU_ASSERT_EQUAL_FATAL(optimizer_new(&t->o, &recipe, weights, N, t->raw, t->grads, NULL), RT_OK);
    t->c = checkpoint_of(&tiny_network, weights, N, t->raw, &t->o);
    t->s = (CheckpointState){ .seed = 18446744073709551615u, .best = NAN, .arguments = "train --lr 0.1", .classes = classes, .n_classes = 3 };
    return t;
}

static void training_free(Training *t)
{
    optimizer_free(&t->o);
    free(t);
}

static void train(Training *t, int steps)
{
    for (int k = 0; k < steps; k++, t->s.epoch++, t->s.step++) {
        for (int i = 0; i < 3; i++)
            rt_init_weight(&weights[i], (uint64_t)(100 + t->s.step), t->gradient[i]);
        t->value[3][t->s.step % 5] += 0.5f;
        optimizer_step(&t->o, 0.01, NULL);
    }
}

static int equal(const Training *a, const Training *b)
{
    int same = a->c.n_tables == b->c.n_tables && a->o.step == b->o.step;
    for (int k = 0; k < a->c.n_tables; k++)
        for (int i = 0; i < N; i++)
            if (a->c.tables[k].values[i])
                same &= memcmp(a->c.tables[k].values[i], b->c.tables[k].values[i], counts[i] * sizeof(float)) == 0;
    return same;
}

/* The training of so many steps, saved after each of the last two. */
static Training *save_two(RtOptimizer optimizer, int steps)
{
    Training *t = training_new(optimizer, 0.99);
    files_like("", 1);
    train(t, steps - 1);
    CU_ASSERT_EQUAL(checkpoint_save(folder, &t->c, &t->s, NULL), RT_OK);
    train(t, 1);
    CU_ASSERT_EQUAL(checkpoint_save(folder, &t->c, &t->s, NULL), RT_OK);
    return t;
}

/* The training that the folder holds; null when it does not load. */
static Training *resume(RtOptimizer optimizer, char note[CHECKPOINT_NOTE], RtError *err)
{
    Training *t = training_new(optimizer, 0.99);
    if (checkpoint_load(folder, &t->c, &t->s, note, err)) {
        training_free(t);
        return NULL;
    }
    t->o.step = t->s.step;
    return t;
}

static void a_resumed_training_has_the_same_bits(void)
{
    for (RtOptimizer k = RT_SGD; k <= RT_RMSPROP; k++) {
        char note[CHECKPOINT_NOTE];
        Training *all = save_two(k, 4), *resumed = resume(k, note, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(resumed);
        CU_ASSERT_STRING_EQUAL(note, "");
        CU_ASSERT(equal(all, resumed));
        train(all, 3);
        train(resumed, 3);
        CU_ASSERT(equal(all, resumed));
        checkpoint_release(&resumed->s);
        training_free(all);
        training_free(resumed);
    }
}

static void counters_and_names_come_back(void)
{
    Training *t = training_new(RT_SGD, 0);
    CheckpointState s;
    char note[CHECKPOINT_NOTE];
    t->s.epoch = 7, t->s.position = 123456789012, t->s.step = 99, t->s.best = 1.0 / 3, t->s.best_epoch = 5;
    CU_ASSERT_EQUAL(checkpoint_save(folder, &t->c, &t->s, NULL), RT_OK);
    CU_ASSERT_EQUAL_FATAL(checkpoint_load(folder, &t->c, &s, note, NULL), RT_OK);
    CU_ASSERT(s.epoch == 7 && s.position == 123456789012 && s.step == 99 && s.best == 1.0 / 3 && s.best_epoch == 5);
    CU_ASSERT_EQUAL(s.seed, 18446744073709551615u);
    CU_ASSERT_STRING_EQUAL(s.arguments, "train --lr 0.1");
    CU_ASSERT_EQUAL_FATAL(s.n_classes, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_STRING_EQUAL(s.classes[i], classes[i]);
    checkpoint_release(&s);
    t->s.best = NAN, t->s.arguments = NULL, t->s.classes = NULL;
    CU_ASSERT_EQUAL(checkpoint_save(folder, &t->c, &t->s, NULL), RT_OK);
    CU_ASSERT_EQUAL_FATAL(checkpoint_load(folder, &t->c, &s, note, NULL), RT_OK);
    CU_ASSERT(isnan(s.best) && s.n_classes == 0 && !*s.arguments);
    checkpoint_release(&s);
    training_free(t);
}

/* What `./net predict --weights` does: the head that only training has is ignored, and the structure fits. */
static void a_checkpoint_is_a_weights_file(void)
{
    Training *t = save_two(RT_ADAM, 3);
    const float *want[] = { t->value[0], t->value[2] }, *averages[] = { t->o.averages[0], t->o.averages[2] };
    void *a = rt_weights_new(&tiny_network, RT_TARGET_PLAIN), *b = rt_weights_new(&tiny_network, RT_TARGET_PLAIN);
    size_t bytes = rt_weights_bytes(&tiny_network, RT_TARGET_PLAIN);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("last.safetensors"), a, NULL), RT_OK);
    rt_pack(&tiny_network, RT_TARGET_PLAIN, want, b);
    CU_ASSERT_EQUAL(memcmp(a, b, bytes), 0);
    CU_ASSERT_EQUAL(checkpoint_save_best(folder, &t->c, t->o.averages, &t->s, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("best.safetensors"), a, NULL), RT_OK);
    rt_pack(&tiny_network, RT_TARGET_PLAIN, averages, b);
    CU_ASSERT_EQUAL(memcmp(a, b, bytes), 0);
    rt_free(a);
    rt_free(b);
    training_free(t);
}

/* ---- Damage ---- */

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, size, f);
    fclose(f);
}

static RtStatus verify(const uint8_t *bytes, size_t size)
{
    SafetensorsFile f;
    RtStatus status = safetensors_parse(&f, "FILE", bytes, size, NULL);
    if (status)
        return status;
    status = safetensors_check_hash(&f, NULL);
    safetensors_close(&f);
    return status;
}

static void every_cut_and_every_bit_is_noticed(void)
{
    Training *t = save_two(RT_SGD, 2);
    size_t size;
    uint8_t *bytes = read_file(file("last.safetensors"), &size);
    int good = 0;
    CU_ASSERT_EQUAL(verify(bytes, size), RT_OK);
    for (size_t n = 0; n < size; n++)
        good += verify(bytes, n) != RT_ERROR_INPUT;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        good += verify(bytes, size) != RT_ERROR_INPUT;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT_EQUAL(good, 0);
    free(bytes);
    training_free(t);
}

/* Damage to `name` at its middle byte. */
static void damage(const char *name)
{
    size_t size;
    uint8_t *bytes = read_file(file(name), &size);
    bytes[size - 9] ^= 4;
    write_file(file(name), bytes, size);
    free(bytes);
}

static void a_damaged_or_missing_last_one_gives_the_previous(void)
{
    char note[CHECKPOINT_NOTE];
    RtError err;
    Training *t = save_two(RT_ADAM, 5), *back;
    damage("last.safetensors");
    CU_ASSERT_PTR_NOT_NULL_FATAL(back = resume(RT_ADAM, note, &err));
    CU_ASSERT_EQUAL(back->s.epoch, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(note, "last.safetensors: damaged: the SHA-256"));
    CU_ASSERT_PTR_NOT_NULL(strstr(note, "going on from previous.safetensors"));
    train(back, 1);
    CU_ASSERT(equal(back, t));
    checkpoint_release(&back->s);
    training_free(back);
    unlink(file("last.safetensors"));
    CU_ASSERT(checkpoint_exists(folder));
    CU_ASSERT_PTR_NOT_NULL_FATAL(back = resume(RT_ADAM, note, &err));
    checkpoint_release(&back->s);
    training_free(back);
    damage("previous.safetensors");
    CU_ASSERT_PTR_NULL(resume(RT_ADAM, note, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "last.safetensors"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "previous.safetensors: damaged"));
    files_like("", 1);
    CU_ASSERT_FALSE(checkpoint_exists(folder));
    training_free(t);
}

static void refused(Training *t, const Checkpoint *c, const char *part)
{
    RtError err;
    CheckpointState s;
    char note[CHECKPOINT_NOTE];
    Training before = *t;
    CU_ASSERT_EQUAL(checkpoint_load(folder, c, &s, note, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, part));
    if (!strstr(err.message, part))
        printf("\n%s\n", err.message);
    CU_ASSERT_EQUAL(memcmp(before.value, t->value, sizeof before.value), 0);
}

static void what_does_not_fit_is_refused_and_nothing_is_written(void)
{
    Training *t = save_two(RT_SGD, 2), *adam = training_new(RT_ADAM, 0);
    RtWeight other[N];
    Checkpoint c = t->c;
    RtNetwork renamed = tiny_network;
    train(t, 1);
    memcpy(other, weights, sizeof other);
    other[3].dim[0] = 4;
    c.weights = other;
    refused(t, &c, "tensor 'bn.running_mean' is F32 [5], but this training needs F32 [4]");
    other[3] = weights[3];
    other[3].name = "bn.running_var";
    refused(t, &c, "tensor 'bn.running_var' is missing");
    refused(adam, &adam->c, "tensor 'optimizer.exp_avg.fc.weight' is missing");
    renamed.structure ^= 1;
    c = t->c;
    c.net = &renamed;
    refused(t, &c, "train in another folder");
    SafetensorsItem none = { 0 };
    safetensors_write(file("last.safetensors"), &none, 0, NULL, 0, NULL);
    unlink(file("previous.safetensors"));
    refused(t, &t->c, "no \"sha256\" to check the file by");
    training_free(t);
    training_free(adam);
}

/* A file of these metadata, with its hash. */
static void write_metadata(const SafetensorsMeta *meta, int n)
{
    Replace r;
    SafetensorsItem none = { 0 };
    CU_ASSERT_EQUAL(replace_begin(&r, file("last.safetensors"), NULL), RT_OK);
    CU_ASSERT_EQUAL(safetensors_write_into(&r, &none, 0, meta, n, true, NULL), RT_OK);
    CU_ASSERT_EQUAL(replace_commit(&r, NULL), RT_OK);
}

/* Each key in turn with a value that is none. */
static void metadata_that_make_no_sense_are_refused(void)
{
    static const struct { int key; const char *value, *part; } bad[] = {
        { 2, "", "'' for \"epoch\"; expected a whole number" },
        { 2, "-1", "'-1' for \"epoch\"" },
        { 3, "9223372036854775808", "\"position\"" },
        { 4, "1x", "\"step\"" },
        { 5, "18446744073709551616", "\"seed\"" },
        { 6, "good", "'good' for \"best\"; expected a number" },
        { 7, NULL, "nothing for \"best_epoch\"" },
        { 8, NULL, "nothing for \"arguments\"; expected a text" },
        { 9, NULL, "\"classes\"" },
        { 9, "[\"a\"", "expected a list of texts" },
        { 9, "[\"a\",]", "expected a list of texts" },
        { 9, "[] ", "expected a list of texts" },
    };
    Training *t = training_new(RT_SGD, 0);
    Checkpoint empty = t->c;
    CheckpointState s;
    char note[CHECKPOINT_NOTE];
    empty.n_weights = 0;
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        SafetensorsMeta meta[] = { { "network", "tiny" }, { "structure", "0000000000001234" }, { "epoch", "1" }, { "position", "2" },
                                   { "step", "3" }, { "seed", "4" }, { "best", "nan" }, { "best_epoch", "0" }, { "arguments", "" },
                                   { "classes", "[]" } };
        int n = sizeof meta / sizeof *meta;
        files_like("", 1);
        if (i < sizeof bad / sizeof *bad && bad[i].value)
            meta[bad[i].key].value = bad[i].value;
        else if (i < sizeof bad / sizeof *bad)
            meta[bad[i].key] = meta[--n];
        write_metadata(meta, n);
        if (i < sizeof bad / sizeof *bad)
            refused(t, &empty, bad[i].part);
        else
            CU_ASSERT_EQUAL(checkpoint_load(folder, &empty, &s, note, NULL), RT_OK);
    }
    checkpoint_release(&s);
    training_free(t);
}

/* ---- A system that fails ---- */

/* What the folder holds is a checkpoint of 4 steps, or of 5, and whole. */
static int loads(int least)
{
    char note[CHECKPOINT_NOTE];
    Training *t = resume(RT_ADAM, note, NULL), *want = training_new(RT_ADAM, 0.99);
    int good = t && t->s.epoch >= least && t->s.epoch <= 5;
    if (t) {
        train(want, (int)t->s.epoch);
        good = good && equal(t, want);
        checkpoint_release(&t->s);
        training_free(t);
    }
    training_free(want);
    return good;
}

static void a_full_disk_leaves_what_was_there(void)
{
    Training *t = save_two(RT_ADAM, 4);
    size_t size;
    int failed = 0, whole = 0;
    free(read_file(file("last.safetensors"), &size));
    train(t, 1);
    for (size_t most = 0; most < size; most += 61) {
        pid_t child = fork();
        if (child == 0) {
            struct rlimit limit = { most, most };
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            _exit(checkpoint_save(folder, &t->c, &t->s, NULL));
        }
        int status;
        waitpid(child, &status, 0);
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != RT_ERROR_FILE;
        failed += access(file("last.safetensors"), F_OK) || access(file("previous.safetensors"), F_OK);
        whole += loads(4) && !files_like(".tmp.", 0);
    }
    CU_ASSERT_EQUAL(failed, 0);
    CU_ASSERT_EQUAL(whole, (int)((size + 60) / 61));
    training_free(t);
}

static int save(Training *t) { return checkpoint_save(folder, &t->c, &t->s, NULL); }

static int load(Training *t)
{
    char note[CHECKPOINT_NOTE];
    return checkpoint_load(folder, &t->c, &t->s, note, NULL);
}

/* Does it in a child that stops at the beginning and the end of each system call; its pid, stopped before the first. */
static pid_t start_traced(int (*what)(Training *), Training *t)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(what(t));
    }
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_TRACESYSGOOD);
    return child;
}

/* To the next stop; 0 when the child has ended. */
static int next_stop(pid_t child, int *status)
{
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    waitpid(child, status, 0);
    return WIFSTOPPED(*status);
}

/* Kills the child that saves at stop k; 0 when it ended before. */
static int kill_at(Training *t, int k)
{
    int status, alive = 1;
    pid_t child = start_traced(save, t);
    for (int i = 0; i < k && alive; i++)
        alive = next_stop(child, &status);
    if (alive) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    return alive;
}

/* With the checkpoint of step 4 damaged before, that of step 3 must survive until that of step 5 is there. */
static void kill_everywhere(int damaged)
{
    int k = 1, bad = 0;
    for (int alive = 1; alive; k++) {
        Training *t = save_two(RT_ADAM, 4);
        if (damaged)
            damage("last.safetensors");
        train(t, 1);
        alive = kill_at(t, k);
        bad += !loads(damaged ? 3 : 4);
        CU_ASSERT_EQUAL(save(t), RT_OK);
        bad += files_like(".tmp.", 0) || files_like(".old", 0) || !loads(5);
        training_free(t);
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(k > 30);
}

static void a_kill_at_any_system_call_leaves_a_checkpoint(void)
{
    kill_everywhere(0);
    kill_everywhere(1);
}

#ifdef __x86_64__
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
/* A sanitizer ends the process when one of its own calls fails. */
static int must_work(unsigned long long call)
{
    return SANITIZED && (call == SYS_mmap || call == SYS_munmap || call == SYS_madvise || call == SYS_sigaltstack);
}

/* Makes system call k of the child fail with `error`; its exit status, -1 when a signal ended it, -2 when it ended before. */
static int fail_at(int (*what)(Training *), Training *t, int k, int error)
{
    int status, alive = 1, made = 0;
    struct user_regs_struct regs;
    unsigned long long called = 0;
    pid_t child = start_traced(what, t);
    for (int i = 0; alive; i++) {
        alive = next_stop(child, &status);
        if (!alive || i / 2 != k)
            continue;
        ptrace(PTRACE_GETREGS, child, NULL, &regs);
        if (i % 2 == 0)
            called = regs.orig_rax;
        if (called == SYS_exit_group)
            continue;
        made = 1;
        if (must_work(called))
            continue;
        if (i % 2 == 0)
            regs.orig_rax = (unsigned long long)-1; /* no such call */
        else
            regs.rax = (unsigned long long)-error;
        ptrace(PTRACE_SETREGS, child, NULL, &regs);
    }
    return !made ? -2 : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void any_failing_system_call_is_an_error_or_harmless(void)
{
    static const int errors[] = { 5, 28, 4, 122 }; /* EIO ENOSPC EINTR EDQUOT */
    int bad = 0, calls = 0;
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (int k = 0, status = 0; status != -2; k++) {
            Training *t = save_two(RT_ADAM, 4);
            train(t, 1);
            status = fail_at(save, t, k, errors[e]);
            int good = status == RT_OK || status == -2 ? loads(5) : status == RT_ERROR_FILE && loads(4);
            good = good && access(file("last.safetensors"), F_OK) == 0;
            if (!good)
                printf("\nsystem call %d failing with %d: exit status %d\n", k, errors[e], status);
            bad += !good;
            calls += status == RT_ERROR_FILE;
            training_free(t);
        }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(calls > 4 * (int)(sizeof errors / sizeof *errors));
}

static void loading_with_a_failing_system_call_is_an_error_or_right(void)
{
    Training *t = save_two(RT_ADAM, 4);
    int bad = 0, k = 0;
    for (int status = 0; status != -2; k++) {
        status = fail_at(load, t, k, 5);
        bad += status != RT_OK && status != RT_ERROR_FILE && status != -2;
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT(k > 5);
    training_free(t);
}
#else
static void loading_with_a_failing_system_call_is_an_error_or_right(void) {}
static void any_failing_system_call_is_an_error_or_harmless(void) {} /* registers of this machine: not written down yet */
#endif

/* Of a process that is alive nothing is removed, nor is what only looks like a temporary file. */
static void only_files_of_dead_processes_are_removed(void)
{
    Training *t = save_two(RT_SGD, 2);
    char alive[64], name[80];
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    snprintf(alive, sizeof alive, "last.safetensors.tmp.%ld.0", (long)getppid());
    snprintf(name, sizeof name, "best.safetensors.tmp.%ld.3", (long)child);
    write_file(file(alive), (const uint8_t *)"x", 1);
    write_file(file(name), (const uint8_t *)"x", 1);
    write_file(file("my.safetensors.tmp.999999999.0.keep"), (const uint8_t *)"x", 1);
    CU_ASSERT_EQUAL(checkpoint_save(folder, &t->c, &t->s, NULL), RT_OK);
    CU_ASSERT_EQUAL(access(file(name), F_OK), -1);
    CU_ASSERT_EQUAL(access(file(alive), F_OK), 0);
    CU_ASSERT_EQUAL(files_like(".keep", 0), 1);
    training_free(t);
}

static void a_folder_that_is_not_there_is_an_error(void)
{
    Training *t = training_new(RT_SGD, 0);
    RtError err;
    char note[CHECKPOINT_NOTE];
    CU_ASSERT_EQUAL(checkpoint_save("/nonexistent/run", &t->c, &t->s, &err), RT_ERROR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "/nonexistent/run/last.safetensors: cannot write"));
    CU_ASSERT_EQUAL(checkpoint_load("/nonexistent/run", &t->c, &t->s, note, &err), RT_ERROR_FILE);
    training_free(t);
}

#define TEST(name) { #name, name }
static const struct { const char *name; void (*run)(void); } tests[] = {
    TEST(sha256_gives_the_known_answers),
    TEST(a_resumed_training_has_the_same_bits),
    TEST(counters_and_names_come_back),
    TEST(a_checkpoint_is_a_weights_file),
    TEST(every_cut_and_every_bit_is_noticed),
    TEST(a_damaged_or_missing_last_one_gives_the_previous),
    TEST(what_does_not_fit_is_refused_and_nothing_is_written),
    TEST(metadata_that_make_no_sense_are_refused),
    TEST(a_full_disk_leaves_what_was_there),
    TEST(a_kill_at_any_system_call_leaves_a_checkpoint),
    TEST(any_failing_system_call_is_an_error_or_harmless),
    TEST(loading_with_a_failing_system_call_is_an_error_or_right),
    TEST(only_files_of_dead_processes_are_removed),
    TEST(a_folder_that_is_not_there_is_an_error),
};

int main(void)
{
    if (!mkdtemp(folder) || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("checkpoint", NULL, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    files_like("", 1);
    rmdir(folder);
    return failed;
}

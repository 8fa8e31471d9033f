#include "small_training.h"
#include "../runtime/tiny_network.h"
#include <CUnit/Basic.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char folder[] = "/tmp/test_checkpoint_XXXXXX";

const char *file(const char *name)
{
    static char path[4][256];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

int files_like(const char *part, int remove_them)
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

const RtWeight weights[N] = {
    { "fc.weight", 2, { 4, 18 }, RT_INIT_TORCH, 0, 0, 18, 4, 1 },
    { "aux.weight", 4, { 2, 3, 1, 1 }, RT_INIT_TORCH, 0, 0, 3, 2, 1 },
    { "fc.bias", 1, { 4 }, RT_INIT_CONSTANT, 0.25, 0, 18, 4, 1 },
    { "bn.running_mean", 1, { 5 }, RT_INIT_CONSTANT, 0, 0, 18, 4, 0 },
};
static const size_t counts[N] = { 72, 6, 4, 5 };

const char *const classes[] = { "cat", "a \"dog\"", "Käse, [x]" };

Training *training_new(RtOptimizer optimizer, double ema)
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

void training_free(Training *t)
{
    optimizer_free(&t->o);
    free(t);
}

void train(Training *t, int steps)
{
    for (int k = 0; k < steps; k++, t->s.epoch++, t->s.step++) {
        for (int i = 0; i < 3; i++)
            rt_init_weight(&weights[i], (uint64_t)(100 + t->s.step), t->gradient[i]);
        t->value[3][t->s.step % 5] += 0.5f;
        optimizer_step(&t->o, 0.01, NULL);
    }
}

int equal(const Training *a, const Training *b)
{
    int same = a->c.n_tables == b->c.n_tables && a->o.step == b->o.step;
    for (int k = 0; k < a->c.n_tables; k++)
        for (int i = 0; i < N; i++)
            if (a->c.tables[k].values[i])
                same &= memcmp(a->c.tables[k].values[i], b->c.tables[k].values[i], counts[i] * sizeof(float)) == 0;
    return same;
}

/* The training of so many steps, saved after each of the last two. */
Training *save_two(RtOptimizer optimizer, int steps)
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
Training *resume(RtOptimizer optimizer, char note[CHECKPOINT_NOTE], RtError *err)
{
    Training *t = training_new(optimizer, 0.99);
    if (checkpoint_load(folder, &t->c, &t->s, note, err)) {
        training_free(t);
        return NULL;
    }
    t->o.step = t->s.step;
    return t;
}

uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    fwrite(bytes, 1, size, f);
    fclose(f);
}

/* Damage to `name` at its middle byte. */
void damage(const char *name)
{
    size_t size;
    uint8_t *bytes = read_file(file(name), &size);
    bytes[size - 9] ^= 4;
    write_file(file(name), bytes, size);
    free(bytes);
}

int run_small_tests(const char *suite_name, const Test *tests, size_t n)
{
    if (!mkdtemp(folder))
        return 1;
    int failed = run_tests(suite_name, tests, n);
    files_like("", 1);
    rmdir(folder);
    return failed;
}

/* test_checkpoint.c - a checkpoint comes back as it was saved or is refused: hash by FIPS 180-4's examples, every cut, every bit. */
#include "../../formats/replace.h"
#include "../../formats/safetensors.h"
#include "../../formats/sha256.h"
#include "../runtime/tiny_network.h"
#include "small_training.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("last.safetensors"), NULL, a, NULL), RT_OK);
    rt_pack(&tiny_network, RT_TARGET_PLAIN, want, NULL, b);
    CU_ASSERT_EQUAL(memcmp(a, b, bytes), 0);
    CU_ASSERT_EQUAL(checkpoint_save_best(folder, &t->c, t->o.averages, &t->s, NULL), RT_OK);
    CU_ASSERT_EQUAL(rt_load(&tiny_network, RT_TARGET_PLAIN, file("best.safetensors"), NULL, a, NULL), RT_OK);
    rt_pack(&tiny_network, RT_TARGET_PLAIN, averages, NULL, b);
    CU_ASSERT_EQUAL(memcmp(a, b, bytes), 0);
    rt_free(a);
    rt_free(b);
    training_free(t);
}

/* ---- Damage ---- */

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
    int exists;
    CU_ASSERT(!checkpoint_exists(folder, &exists, NULL) && exists);
    CU_ASSERT_PTR_NOT_NULL_FATAL(back = resume(RT_ADAM, note, &err));
    checkpoint_release(&back->s);
    training_free(back);
    damage("previous.safetensors");
    CU_ASSERT_PTR_NULL(resume(RT_ADAM, note, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "last.safetensors"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "previous.safetensors: damaged"));
    files_like("", 1);
    CU_ASSERT(!checkpoint_exists(folder, &exists, NULL) && !exists);
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

static const Test tests[] = {
    TEST(sha256_gives_the_known_answers),
    TEST(a_resumed_training_has_the_same_bits),
    TEST(counters_and_names_come_back),
    TEST(a_checkpoint_is_a_weights_file),
    TEST(every_cut_and_every_bit_is_noticed),
    TEST(a_damaged_or_missing_last_one_gives_the_previous),
    TEST(what_does_not_fit_is_refused_and_nothing_is_written),
    TEST(metadata_that_make_no_sense_are_refused),
    TEST(a_folder_that_is_not_there_is_an_error),
};

int main(void) { return run_small_tests("checkpoint", tests, sizeof tests / sizeof *tests); }

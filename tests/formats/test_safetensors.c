/* test_safetensors.c - every rule of the format broken in several ways, every truncation and every
 * flipped bit of a small file, and round trips.  What is accepted must be consistent with itself.
 */
#include "../../formats/safetensors.h"
#include "../suite.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 4096 };
static uint8_t image[ROOM + 64];

/* A file of this header, padded to nothing, and n_data bytes, in image; returns its size. */
static size_t build(const char *header, size_t header_size, size_t n_data)
{
    for (int i = 0; i < 8; i++)
        image[i] = (uint8_t)((uint64_t)header_size >> 8 * i);
    memcpy(image + 8, header, header_size);
    for (size_t i = 0; i < n_data; i++)
        image[8 + header_size + i] = (uint8_t)i;
    return 8 + header_size + n_data;
}

/* The parser sees exactly `size` bytes on the heap, so that a sanitizer sees any step beyond. */
static RtStatus parse_exact(const uint8_t *bytes, size_t size, SafetensorsFile *f, uint8_t **copy,
                            RtError *err)
{
    *copy = malloc(size ? size : 1);
    memcpy(*copy, bytes, size);
    return safetensors_parse(f, "FILE", *copy, size, err);
}

/* What an accepted file must satisfy, checked from the outside. */
static int consistent(const SafetensorsFile *f)
{
    uint64_t sum = 0;
    for (int i = 0; i < f->n_tensors; i++) {
        const SafetensorsTensor *t = &f->tensors[i];
        const uint8_t *data = t->data;
        uint64_t bits = (uint64_t)safetensors_dtype_bits(t->dtype);
        for (int k = 0; k < t->rank; k++)
            bits *= t->shape[k];
        if (bits != 8 * (t->end - t->begin) || data < f->bytes ||
            data + (t->end - t->begin) > f->bytes + f->size)
            return 0;
        if (safetensors_find(f, t->name) != t)
            return 0;
        sum += t->end - t->begin;
    }
    uint64_t header = 0;
    for (int i = 7; i >= 0; i--)
        header = header << 8 | f->bytes[i];
    return 8 + header + sum == f->size;
}

#define ENTRY(name, dtype, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* ---- What must be refused ---- */

static const struct {
    const char *part, *header;
    size_t data;
} refused[] = {
    /* 4: UTF-8 */
    { "byte 10: the header is not UTF-8", "{\"\xff\":1}", 0 },
    { "(rule 4)", "{\"\xc0\x80\":1}", 0 },
    { "(rule 4)", "{\"\xed\xa0\x80\":1}", 0 },
    { "(rule 4)", "{\"\xf4\x90\x80\x80\":1}", 0 },
    { "(rule 4)", "{\"\xe2\x82\":1}", 0 },
    /* 5: an object, from the first byte, with nothing but spaces behind */
    { "byte 8: header: the first byte", " {}", 0 },
    { "(rule 5)", "[]", 0 },
    { "(rule 5)", "", 0 },
    { "(rule 5)", "{", 0 },
    { "(rule 5)", "{}x", 0 },
    { "byte 10: header: only spaces", "{}\n", 0 },
    { "(rule 5)", "{} {}", 0 },
    { "(rule 5)", "{,}", 0 },
    { "(rule 5)", "{" ENTRY("a", "U8", "[1]", "[0,1]") ",}", 1 },
    { "(rule 5)", "{" ENTRY("a", "U8", "[1]", "[0,1]"), 1 },
    { "(rule 5)", "{a:1}", 0 },
    { "(rule 5)", "{'a':1}", 0 },
    { "(rule 5)", "{\"a\" 1}", 0 },
    { "no closing quote", "{\"a", 0 },
    { "control byte 0x0a", "{\"a\nb\":1}", 0 },
    { "after a backslash", "{\"a\\x\":1}", 0 },
    { "hexadecimal", "{\"a\\u12g4\":1}", 0 },
    { "U+0000", "{\"a\\u0000\":1}", 0 },
    { "high surrogate", "{\"a\\ud800\":1}", 0 },
    { "high surrogate", "{\"a\\ud800\\u0041\":1}", 0 },
    { "low surrogate", "{\"a\\udc00\":1}", 0 },
    /* 6: metadata */
    { "(rule 6)", "{\"__metadata__\":1}", 0 },
    { "(rule 6)", "{\"__metadata__\":{\"a\":1}}", 0 },
    { "(rule 6)", "{\"__metadata__\":{\"a\":null}}", 0 },
    { "(rule 6)", "{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0 },
    { "(rule 6)", "{\"__metadata__\":[\"a\"]}", 0 },
    { "'__metadata__' twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0 },
    { "has key 'k' twice", "{\"__metadata__\":{\"k\":\"1\",\"j\":\"2\",\"k\":\"3\"}}", 0 },
    /* 7: entries */
    { "lacks dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
    { "lacks shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1 },
    { "lacks data_offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1 },
    { "lacks dtype shape data_offsets", "{\"a\":{}}", 0 },
    { "byte 22: header: tensor 'a' has unknown dtype 'F31'",
      "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4 },
    { "unknown dtype 'f32'", "{" ENTRY("a", "f32", "[1]", "[0,4]") "}", 4 },
    { "unknown dtype ''", "{" ENTRY("a", "", "[1]", "[0,4]") "}", 4 },
    { "(rule 7)", "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4 },
    { "unknown key 'strides'",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"strides\":[1],\"data_offsets\":[0,1]}}", 1 },
    { "has key 'dtype' twice",
      "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
    { "has key 'shape' twice",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[-1]", "[0,1]") "}", 1 },
    { "fraction", "{" ENTRY("a", "U8", "[1.0]", "[0,1]") "}", 1 },
    { "fraction, exponent", "{" ENTRY("a", "U8", "[1e0]", "[0,1]") "}", 1 },
    { "leading zero", "{" ENTRY("a", "U8", "[01]", "[0,1]") "}", 1 },
    { "above 18446744073709551615", "{" ENTRY("a", "U8", "[18446744073709551616]", "[0,1]") "}",
      1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[1,]", "[0,1]") "}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[[1]]", "[0,1]") "}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "{}", "[0,1]") "}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[1]", "[0]") "}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[1]", "[0,1,2]") "}", 1 },
    { "(rule 7)", "{" ENTRY("a", "U8", "[1]", "[]") "}", 1 },
    { "(rule 7)", "{\"a\":[]}", 0 },
    { "(rule 7)", "{\"a\":null}", 0 },
    { "tensor 'a' twice, first at byte 9",
      "{" ENTRY("a", "U8", "[1]", "[0,1]") "," ENTRY("a", "U8", "[1]", "[1,2]") "}", 2 },
    { "tensor 'a' twice",
      "{" ENTRY("a", "U8", "[1]", "[0,1]") "," ENTRY("\\u0061", "U8", "[1]", "[1,2]") "}", 2 },
    /* 8: no holes, no overlaps, from 0 */
    { "must begin at 0", "{" ENTRY("a", "U8", "[1]", "[1,2]") "}", 2 },
    { "must begin at 1",
      "{" ENTRY("a", "U8", "[1]", "[0,1]") "," ENTRY("b", "U8", "[1]", "[2,3]") "}", 3 },
    { "must begin at 2",
      "{" ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY("b", "U8", "[2]", "[1,3]") "}", 3 },
    { "must begin at 1",
      "{" ENTRY("a", "U8", "[1]", "[0,1]") "," ENTRY("b", "U8", "[1]", "[0,1]") "}", 1 },
    { "(rule 8)", "{" ENTRY("a", "U8", "[0]", "[0,0]") "," ENTRY("b", "U8", "[1]", "[1,0]") "}",
      1 },
    { "(rule 8)", "{" ENTRY("a", "U8", "[1]", "[18446744073709551615,0]") "}", 1 },
    /* 9: overflow */
    { "(rule 9)", "{" ENTRY("a", "U8", "[4294967296,4294967296]", "[0,1]") "}", 1 },
    { "(rule 9)", "{" ENTRY("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0 },
    { "(rule 9)", "{" ENTRY("a", "U8", "[18446744073709551615,2,0]", "[0,0]") "}", 0 },
    /* 10: whole bytes */
    { "takes 4 bits", "{" ENTRY("a", "F4", "[1]", "[0,1]") "}", 1 },
    { "(rule 10)", "{" ENTRY("a", "F6_E2M3", "[3]", "[0,3]") "}", 3 },
    { "(rule 10)", "{" ENTRY("a", "F6_E3M2", "[1,1]", "[0,1]") "}", 1 },
    /* 11: size by shape and by offsets */
    { "hold 7 bytes, but F32 [2] takes 8", "{" ENTRY("a", "F32", "[2]", "[0,7]") "}", 7 },
    { "(rule 11)", "{" ENTRY("a", "F32", "[2]", "[0,9]") "}", 9 },
    { "(rule 11)", "{" ENTRY("a", "F16", "[]", "[0,4]") "}", 4 },
    { "(rule 11)", "{" ENTRY("a", "F32", "[0]", "[0,4]") "}", 4 },
    { "hold 9007199254740993 bytes",
      "{" ENTRY("a", "U8", "[9007199254740992]", "[0,9007199254740993]") "}", 1 },
    /* 12: the whole file and no more */
    { "cut short (rule 12)", "{" ENTRY("a", "U8", "[4]", "[0,4]") "}", 3 },
    { "bytes that belong to no tensor (rule 12)", "{" ENTRY("a", "U8", "[4]", "[0,4]") "}", 5 },
    { "(rule 12)", "{}", 1 },
    { "(rule 12)", "{" ENTRY("a", "U8", "[9007199254740993]", "[0,9007199254740993]") "}", 1 },
};

static void malformed_headers_are_refused_by_rule(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        RtError err = { 0, "" };
        SafetensorsFile f;
        uint8_t *copy;
        size_t size = build(refused[i].header, strlen(refused[i].header), refused[i].data);
        RtStatus status = parse_exact(image, size, &f, &copy, &err);
        CU_ASSERT_EQUAL(status, RT_ERROR_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, refused[i].part));
        CU_ASSERT_EQUAL(strncmp(err.message, "FILE: byte ", 11), 0);
        if (!strstr(err.message, refused[i].part))
            fprintf(stderr, "%s\n  says '%s'\n  without '%s'\n", refused[i].header, err.message,
                    refused[i].part);
        free(copy);
    }
}

static void lengths_are_refused_by_rule(void)
{
    static const struct {
        const char *part;
        size_t size;
        uint64_t header;
    } rows[] = {
        { "(rule 1)", 0, 0 },           { "(rule 1)", 1, 0 },
        { "(rule 1)", 7, 0 },           { "(rule 2)", 8, 100000001 },
        { "(rule 2)", 64, UINT64_MAX }, { "(rule 2)", 64, UINT64_C(1) << 63 },
        { "(rule 3)", 8, 1 },           { "(rule 3)", 64, 57 },
        { "(rule 3)", 64, 100000000 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        RtError err = { 0, "" };
        SafetensorsFile f;
        uint8_t *copy, bytes[64] = { 0 };
        for (int k = 0; k < 8; k++)
            bytes[k] = (uint8_t)(rows[i].header >> 8 * k);
        CU_ASSERT_EQUAL(parse_exact(bytes, rows[i].size, &f, &copy, &err), RT_ERROR_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, rows[i].part));
        free(copy);
    }
}

/* ---- What must be accepted ---- */

static const struct {
    const char *header;
    size_t data;
    int tensors;
} accepted[] = {
    { "{}", 0, 0 },
    { "{}      ", 0, 0 },
    { "{\"__metadata__\":{}}", 0, 0 },
    { "{\"__metadata__\":{\"a\":\"b\",\"c\":\"\"}}", 0, 0 },
    { "{" ENTRY("a", "F32", "[]", "[0,4]") "}", 4, 1 },
    { "{" ENTRY("a", "F32", "[0,7]", "[0,0]") "}", 0, 1 },
    { "{" ENTRY("b", "U8", "[0]", "[2,2]") "," ENTRY("a", "U8", "[2]", "[0,2]") "," ENTRY(
          "c", "U8", "[1]", "[2,3]") "}",
      3, 3 },
    { "{" ENTRY("a", "F4", "[2]", "[0,1]") "}", 1, 1 },
    { "{ \"a\" :\t{\n\"shape\" : [ 2 , 3 ] ,\r\"data_offsets\" : [ 0 , 6 ] , \"dtype\" : \"I8\" } "
      "}  ",
      6, 1 },
    { "{" ENTRY("", "U8", "[1]", "[0,1]") "}", 1, 1 },
    { "{" ENTRY("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "U8", "[1]", "[0,1]") "}", 1, 1 },
    { "{" ENTRY("a", "U8", "[1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, 1 },
    { "{" ENTRY("a", "U8", "[0,18446744073709551615]", "[0,0]") "}", 0, 1 },
};

static void legal_files_are_accepted(void)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        RtError err = { 0, "" };
        SafetensorsFile f;
        uint8_t *copy;
        size_t size = build(accepted[i].header, strlen(accepted[i].header), accepted[i].data);
        RtStatus status = parse_exact(image, size, &f, &copy, &err);
        CU_ASSERT_EQUAL(status, RT_OK);
        if (status) {
            fprintf(stderr, "%s: %s\n", accepted[i].header, err.message);
        } else {
            CU_ASSERT_EQUAL(f.n_tensors, accepted[i].tensors);
            CU_ASSERT(consistent(&f));
            safetensors_close(&f);
        }
        free(copy);
    }
}

static void escapes_mean_characters(void)
{
    static const char header[] =
        "{" ENTRY("\\u00e4\\ud83d\\ude00\\n\\\"\\/", "U8", "[1]", "[0,1]") "}";
    SafetensorsFile f;
    size_t size = build(header, sizeof header - 1, 1);
    CU_ASSERT_EQUAL_FATAL(safetensors_parse(&f, "FILE", image, size, NULL), RT_OK);
    CU_ASSERT_STRING_EQUAL(f.tensors[0].name, "\xc3\xa4\xf0\x9f\x98\x80\n\"/");
    safetensors_close(&f);
}

/* ---- Damage ---- */

static const char sample[] = "{\"__metadata__\":{\"format\":\"pt\"}," ENTRY(
    "conv1.weight", "F32", "[2,3]", "[0,24]") "," ENTRY("fc.bias", "F16", "[4]", "[24,32]") "}   ";

static void every_truncation_is_refused(void)
{
    size_t size = build(sample, sizeof sample - 1, 32);
    for (size_t n = 0; n <= size; n++) {
        RtError err;
        SafetensorsFile f;
        uint8_t *copy;
        RtStatus status = parse_exact(image, n, &f, &copy, &err);
        CU_ASSERT_EQUAL(status, n == size ? RT_OK : RT_ERROR_INPUT);
        if (status == RT_OK)
            safetensors_close(&f);
        free(copy);
    }
}

static void every_flipped_bit_is_refused_or_consistent(void)
{
    size_t size = build(sample, sizeof sample - 1, 32);
    int harmless = 0;
    for (size_t bit = 0; bit < 8 * (size - 32); bit++) {
        RtError err;
        SafetensorsFile f;
        uint8_t *copy;
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (parse_exact(image, size, &f, &copy, &err) == RT_OK) {
            CU_ASSERT(consistent(&f));
            harmless++;
            safetensors_close(&f);
        }
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        free(copy);
    }
    CU_ASSERT(harmless > 0 &&
              harmless < 8 * 40); /* letters of names and of metadata, F16 to BF16 is further */
}

static void every_replaced_byte_is_refused_or_consistent(void)
{
    static const char bytes[] = "{}[],:\"\\09-.eu \x7f\xc3";
    size_t size = build(sample, sizeof sample - 1, 32);
    for (size_t at = 8; at < size - 32; at++)
        for (const char *b = bytes; *b; b++) {
            SafetensorsFile f;
            uint8_t *copy, old = image[at];
            image[at] = (uint8_t)*b;
            if (parse_exact(image, size, &f, &copy, NULL) == RT_OK) {
                CU_ASSERT(consistent(&f));
                safetensors_close(&f);
            }
            image[at] = old;
            free(copy);
        }
}

/* ---- Writing ---- */

static char path[] = "/tmp/inceptc-safetensors-XXXXXX";

static size_t slurp(uint8_t *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, room, f) : 0;
    if (f)
        fclose(f);
    return n;
}

/* Bytes as the reference's serialize() lays them: widest type first, then names; compact; padded
 * to 8. */
static void writer_makes_the_reference_bytes(void)
{
    static const char want[] =
        "{\"__metadata__\":{\"format\":\"pt\"},\"z\":{\"dtype\":\"I64\",\"shape\":[],\"data_"
        "offsets\":[0,8]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"b\\n\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[16,20]},"
        "\"c\":{\"dtype\":\"BF16\",\"shape\":[0],\"data_offsets\":[20,20]}}";
    float a[] = { 1, 2 }, b = 3;
    int64_t z = -1;
    SafetensorsItem items[] = {
        { "c", SAFETENSORS_BF16, 1, (uint64_t[]){ 0 }, NULL },
        { "b\n", SAFETENSORS_F32, 2, (uint64_t[]){ 1, 1 }, &b },
        { "a", SAFETENSORS_F32, 1, (uint64_t[]){ 2 }, a },
        { "z", SAFETENSORS_I64, 0, NULL, &z },
    };
    SafetensorsMeta meta = { "format", "pt" };
    uint8_t got[1024];
    CU_ASSERT_EQUAL(safetensors_write(path, items, 4, &meta, 1, NULL), RT_OK);
    size_t n = slurp(got, sizeof got), padded = (sizeof want - 1 + 7) / 8 * 8;
    CU_ASSERT_EQUAL_FATAL(n, 8 + padded + 20);
    CU_ASSERT_EQUAL(got[0] | got[1] << 8, padded);
    CU_ASSERT_EQUAL(memcmp(got + 8, want, sizeof want - 1), 0);
    for (size_t i = sizeof want - 1; i < padded; i++)
        CU_ASSERT_EQUAL(got[8 + i], ' ');
    CU_ASSERT_EQUAL(memcmp(got + 8 + padded, &z, 8), 0);
    CU_ASSERT_EQUAL(memcmp(got + 16 + padded, a, 8), 0);
}

static void round_trip_keeps_everything(void)
{
    float a[6] = { 1, 2, 3, 4, 5, 6 };
    uint8_t b[3] = { 7, 8, 9 };
    SafetensorsItem items[] = { { "x.\"y\"\t", SAFETENSORS_F32, 2, (uint64_t[]){ 2, 3 }, a },
                                { "\xc3\xa4", SAFETENSORS_U8, 3, (uint64_t[]){ 1, 3, 1 }, b } };
    SafetensorsMeta meta[] = { { "k", "v\\" }, { "a\x01", "\n" } };
    SafetensorsFile f;
    CU_ASSERT_EQUAL(safetensors_write(path, items, 2, meta, 2, NULL), RT_OK);
    CU_ASSERT_EQUAL_FATAL(safetensors_open(&f, path, NULL), RT_OK);
    CU_ASSERT_STRING_EQUAL(safetensors_meta(&f, "k"), "v\\");
    CU_ASSERT_STRING_EQUAL(safetensors_meta(&f, "a\x01"), "\n");
    CU_ASSERT_PTR_NULL(safetensors_meta(&f, "b"));
    for (int i = 0; i < 2; i++) {
        const SafetensorsTensor *t = safetensors_find(&f, items[i].name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(t);
        CU_ASSERT_EQUAL(t->dtype, items[i].dtype);
        CU_ASSERT_EQUAL(memcmp(t->shape, items[i].shape, (size_t)items[i].rank * 8), 0);
        CU_ASSERT_EQUAL(memcmp(t->data, items[i].data, t->end - t->begin), 0);
    }
    CU_ASSERT_PTR_NULL(safetensors_find(&f, "missing"));
    safetensors_close(&f);
}

static void writer_leaves_the_old_file_when_it_fails(void)
{
    SafetensorsItem good = { "a", SAFETENSORS_U8, 1, (uint64_t[]){ 1 }, "x" },
                    twice[] = { good, good }, bad = good;
    uint8_t before[256], after[256];
    bad.name = "\xff";
    CU_ASSERT_EQUAL(safetensors_write(path, &good, 1, NULL, 0, NULL), RT_OK);
    size_t n = slurp(before, sizeof before);
    RtError err = { 0, "" };
    CU_ASSERT_EQUAL(safetensors_write(path, twice, 2, NULL, 0, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "two tensors named 'a'"));
    CU_ASSERT_EQUAL(safetensors_write(path, &bad, 1, NULL, 0, &err), RT_ERROR_INPUT);
    CU_ASSERT_EQUAL(slurp(after, sizeof after), n);
    CU_ASSERT_EQUAL(memcmp(before, after, n), 0);
    char sibling[128];
    snprintf(sibling, sizeof sibling, "%s.tmp.%ld.0", path, (long)getpid());
    CU_ASSERT_EQUAL(access(sibling, F_OK), -1);
    CU_ASSERT_EQUAL(safetensors_write("/dev/full", &good, 1, NULL, 0, &err), RT_ERROR_FILE);
    CU_ASSERT_EQUAL(safetensors_write("/nonexistent/a", &good, 1, NULL, 0, &err), RT_ERROR_FILE);
}

static void open_says_what_the_system_says(void)
{
    RtError err;
    SafetensorsFile f;
    CU_ASSERT_EQUAL(safetensors_open(&f, "/nonexistent", &err), RT_ERROR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "No such file"));
    CU_ASSERT_EQUAL(safetensors_open(&f, "/tmp", &err), RT_ERROR_FILE);
    CU_ASSERT_EQUAL(safetensors_open(&f, "/dev/null", &err), RT_ERROR_FILE);
}

static const Test tests[] = {
    TEST(malformed_headers_are_refused_by_rule),
    TEST(lengths_are_refused_by_rule),
    TEST(legal_files_are_accepted),
    TEST(escapes_mean_characters),
    TEST(every_truncation_is_refused),
    TEST(every_flipped_bit_is_refused_or_consistent),
    TEST(every_replaced_byte_is_refused_or_consistent),
    TEST(writer_makes_the_reference_bytes),
    TEST(round_trip_keeps_everything),
    TEST(writer_leaves_the_old_file_when_it_fails),
    TEST(open_says_what_the_system_says),
};

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = run_tests("safetensors", tests, sizeof tests / sizeof *tests);
    unlink(path);
    return failed;
}

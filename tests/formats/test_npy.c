/* test_npy.c - NumPy's files: the bytes that numpy.save makes, what must be refused, every
 * truncation. */
#include "../../formats/npy.h"
#include "../suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/inceptc-npy-XXXXXX";

/* numpy 1.24: numpy.save(f, numpy.array([[1, 2, 3]], '<f4')) */
static const char saved[] =
    "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
    "                                                          \n"
    "\x00\x00\x80?\x00\x00\x00@\x00\x00@@";

static void writer_makes_numpy_bytes(void)
{
    char got[256];
    float v[] = { 1, 2, 3 };
    CU_ASSERT_EQUAL(npy_write(path, NPY_F32, 2, (size_t[]){ 1, 3 }, v, NULL), RT_OK);
    FILE *f = fopen(path, "rb");
    size_t n = fread(got, 1, sizeof got, f);
    fclose(f);
    CU_ASSERT_EQUAL(n, 128 + 12);
    CU_ASSERT_EQUAL(n, sizeof saved - 1);
    CU_ASSERT_EQUAL(memcmp(got, saved, n), 0);
}

static void round_trip_keeps_type_shape_and_values(void)
{
    static const size_t shape[8] = { 2, 1, 3, 1, 1, 1, 1, 1 };
    static const uint8_t bytes[48] = { 1, 2, 3, 250, 64, 64, 7, 8 };
    for (NpyType t = NPY_F32; t <= NPY_U8; t++)
        for (int rank = 0; rank <= 8; rank++) {
            NpyArray a;
            CU_ASSERT_EQUAL(npy_write(path, t, rank, shape, bytes, NULL), RT_OK);
            CU_ASSERT_EQUAL_FATAL(npy_read(path, &a, NULL), RT_OK);
            CU_ASSERT_EQUAL(a.type, t);
            CU_ASSERT_EQUAL(a.rank, rank);
            CU_ASSERT_EQUAL(a.count, (size_t)(rank == 0 ? 1 : rank < 3 ? 2 : 6));
            CU_ASSERT_EQUAL(memcmp(a.shape, shape, (size_t)rank * sizeof *shape), 0);
            CU_ASSERT_EQUAL(memcmp(a.data, bytes, a.count * npy_type_bytes(t)), 0);
            npy_free(&a);
        }
}

/* A file of this version and header and n bytes of data, exactly that long on the heap. */
static RtStatus parse(const char *version, const char *header, size_t n_data, NpyArray *a,
                      RtError *err)
{
    size_t length = strlen(header), at = version[0] > 1 ? 12 : 10, size = at + length + n_data;
    uint8_t *bytes = calloc(size, 1);
    memcpy(bytes, "\x93NUMPY", 6);
    memcpy(bytes + 6, version, 2);
    bytes[8] = (uint8_t)length;
    bytes[9] = (uint8_t)(length >> 8);
    memcpy(bytes + at, header, length);
    RtStatus status = npy_parse("FILE", bytes, size, a, err);
    free(bytes);
    return status;
}

static const struct {
    const char *part, *version, *header;
    size_t data;
} refused[] = {
    { "version 4.0", "\4\0", "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 4 },
    { "version 1.1", "\1\1", "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 4 },
    { "type '>f4'", "\1\0", "{'descr': '>f4', 'fortran_order': False, 'shape': (), }\n", 4 },
    { "type '|O'", "\1\0", "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n", 4 },
    { "expected a string", "\1\0",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }\n", 4 },
    { "fortran_order must be False", "\1\0",
      "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }\n", 4 },
    { "needs descr", "\1\0", "{'descr': '<f4', 'shape': (1,), }\n", 4 },
    { "key 'shape' twice", "\1\0", "{'shape': (), 'shape': (), }\n", 4 },
    { "unknown key 'extra'", "\1\0", "{'extra': 1, 'descr': '<f4'}\n", 4 },
    { "must be a tuple", "\1\0", "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }\n", 4 },
    { "expected a dimension", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", 4 },
    { "expected a dimension", "\1\0", "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }\n",
      4 },
    { "64 bits", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }\n", 4 },
    { "over", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296,), }\n", 4 },
    { "more than 8 dimensions", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }\n", 4 },
    { "takes 4 bytes, but the file holds 3", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 3 },
    { "takes 4 bytes, but the file holds 5", "\1\0",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", 5 },
    { "one line feed", "\1\0", "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4 },
    { "one line feed", "\1\0", "{'descr': '<f4', 'fortran_order': False, 'shape': (), } x\n", 4 },
    { "expected '{'", "\1\0", "'descr': '<f4'\n", 4 },
    { "expected '}'", "\1\0", "{'descr': '<f4' 'shape': ()}\n", 4 },
    { "header", "\1\0", "", 4 },
};

static void malformed_files_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        RtError err = { 0, "" };
        NpyArray a;
        CU_ASSERT_EQUAL(parse(refused[i].version, refused[i].header, refused[i].data, &a, &err),
                        RT_ERROR_INPUT);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.message, refused[i].part));
        if (!strstr(err.message, refused[i].part))
            fprintf(stderr, "%s: '%s' lacks '%s'\n", refused[i].header, err.message,
                    refused[i].part);
    }
}

static void legal_variants_are_accepted(void)
{
    static const char *const headers[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
        "{\"shape\":(2,1),\"fortran_order\":False,\"descr\":\"<f4\"}     \n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2,), }\n",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        for (char version = 1; version <= 3; version++) {
            NpyArray a;
            CU_ASSERT_EQUAL(parse((char[]){ version, 0 }, headers[i], 8, &a, NULL), RT_OK);
            CU_ASSERT_EQUAL(a.count, 2);
            npy_free(&a);
        }
}

static void every_truncation_is_refused(void)
{
    for (size_t n = 0; n < sizeof saved - 1; n++) {
        NpyArray a;
        uint8_t *bytes = malloc(n + 1);
        memcpy(bytes, saved, n);
        CU_ASSERT_EQUAL(npy_parse("FILE", bytes, n, &a, NULL), RT_ERROR_INPUT);
        free(bytes);
    }
}

static void every_flipped_bit_is_refused_or_fits(void)
{
    uint8_t bytes[sizeof saved];
    memcpy(bytes, saved, sizeof saved);
    for (size_t bit = 0; bit < 128 * 8; bit++) {
        NpyArray a;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (npy_parse("FILE", bytes, sizeof saved - 1, &a, NULL) == RT_OK) {
            CU_ASSERT_EQUAL(a.count * npy_type_bytes(a.type), 12);
            npy_free(&a);
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static const Test tests[] = {
    TEST(writer_makes_numpy_bytes),    TEST(round_trip_keeps_type_shape_and_values),
    TEST(malformed_files_are_refused), TEST(legal_variants_are_accepted),
    TEST(every_truncation_is_refused), TEST(every_flipped_bit_is_refused_or_fits),
};

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = run_tests("npy", tests, sizeof tests / sizeof *tests);
    unlink(path);
    return failed;
}

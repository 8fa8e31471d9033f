/* test_tensor_file.c - tensors of every format through one door: names, shapes, values, strides. */
#include "../../formats/npy.h"
#include "../../formats/tensor_file.h"
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/inceptc-tensors-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void safetensors_are_read(void)
{
    float a[6] = { 1, 2, 3, 4, 5, 6 };
    int64_t big = (1 << 24) + 1, small = -7;
    SafetensorsItem items[] = { { "b", SAFETENSORS_F32, 2, (uint64_t[]){ 2, 3 }, a },
                                { "a", SAFETENSORS_I64, 0, NULL, &small },
                                { "c", SAFETENSORS_I64, 0, NULL, &big },
                                { "d", SAFETENSORS_U32, 0, NULL, a } };
    SafetensorsMeta meta[] = { { "format", "pt" } };
    TensorFile f;
    RtError err;
    float got[6];
    const char *path = in_folder("a.safetensors");
    CU_ASSERT_EQUAL_FATAL(safetensors_write(path, items, 4, meta, 1, NULL), RT_OK);
    CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, path, &err), RT_OK);
    CU_ASSERT_EQUAL(f.format, TENSORS_SAFETENSORS);
    CU_ASSERT_EQUAL(f.n_entries, 4);
    CU_ASSERT_EQUAL(f.n_meta, 1);
    CU_ASSERT_STRING_EQUAL(f.meta[0].value, "pt");
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "b"), got, &err), RT_OK);
    CU_ASSERT_EQUAL(memcmp(got, a, sizeof a), 0);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "a"), got, &err), RT_OK);
    CU_ASSERT_EQUAL(got[0], -7);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "c"), got, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "element 0"));
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "d"), got, &err), RT_ERROR_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "'d' is U32"));
    CU_ASSERT_PTR_NULL(tensor_file_find(&f, "e"));
    tensor_file_close(&f);
}

static void an_array_is_named_by_its_file(void)
{
    float a[6] = { 1, 2, 3, 4, 5, 6 }, got[6];
    TensorFile f;
    const char *path = in_folder("conv.weight.npy");
    CU_ASSERT_EQUAL_FATAL(npy_write(path, NPY_F32, 2, (size_t[]){ 2, 3 }, a, NULL), RT_OK);
    CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, path, NULL), RT_OK);
    CU_ASSERT_EQUAL(f.format, TENSORS_NPY);
    CU_ASSERT_EQUAL(f.n_entries, 1);
    CU_ASSERT_STRING_EQUAL(f.entries[0].name, "conv.weight");
    CU_ASSERT_EQUAL(f.entries[0].shape[1], 3);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, &f.entries[0], got, NULL), RT_OK);
    CU_ASSERT_EQUAL(memcmp(got, a, sizeof a), 0);
    tensor_file_close(&f);
}

static void fortran_order_becomes_strides(void)
{
    static const char header[] =
        "\x93NUMPY\x01\x00\x3c\x00{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }\n";
    uint8_t bytes[sizeof header - 1 + 12] = { 0 };
    static const float want[] = { 0, 2, 4, 1, 3, 5 };
    float got[6];
    int16_t copy[6];
    TensorFile f;
    RtError err = { 0, "" };
    memcpy(bytes, header, sizeof header - 1);
    for (int i = 0; i < 6; i++)
        bytes[sizeof header - 1 + 2 * i] = (uint8_t)i;
    bytes[8] = sizeof header - 1 - 10;
    CU_ASSERT_EQUAL_FATAL(tensor_file_parse(&f, "x/t.npy", bytes, sizeof bytes, &err), RT_OK);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, &f.entries[0], got, NULL), RT_OK);
    tensor_entry_copy(&f.entries[0], copy);
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL(got[i], want[i]);
        CU_ASSERT_EQUAL(copy[i], got[i]);
    }
    tensor_file_close(&f);
}

static void open_says_what_the_system_says(void)
{
    RtError err;
    TensorFile f;
    CU_ASSERT_EQUAL(tensor_file_open(&f, "/nonexistent", &err), RT_ERROR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "No such file"));
    CU_ASSERT_EQUAL(tensor_file_open(&f, "/tmp", &err), RT_ERROR_FILE);
}

#define TEST(f)                                                                                    \
    {                                                                                              \
#f, f                                                                                      \
    }
static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    TEST(safetensors_are_read),
    TEST(an_array_is_named_by_its_file),
    TEST(fortran_order_becomes_strides),
    TEST(open_says_what_the_system_says),
};

int main(void)
{
    if (!mkdtemp(folder) || CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("tensor_file", NULL, NULL);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 || failed;
}

/* test_tensor_file.c - tensors of every format through one door: names, shapes, values, strides. */
#include "../../formats/npy.h"
#include "../../formats/tensor_file.h"
#include "../suite.h"
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

/* ---- PyTorch's files: tests/formats/make_torch.py says what is in them ---- */

static const struct {
    const char *name;
    SafetensorsDtype dtype;
    int rank;
    uint64_t shape[2];
    int strided;
    float first, last;
} example[] = {
    { "f32", SAFETENSORS_F32, 2, { 4, 6 }, 0, 0, 23 },
    { "param", SAFETENSORS_F32, 1, { 2 }, 0, 1.5f, -2 },
    { "f64", SAFETENSORS_F64, 1, { 1 }, 0, 0.5f, 0.5f },
    { "f16", SAFETENSORS_F16, 1, { 3 }, 0, 1, 65504 },
    { "bf16", SAFETENSORS_BF16, 1, { 2 }, 0, 1, -3 },
    { "i8", SAFETENSORS_I64, 1, { 2 }, 0, 1, 100 },
    { "i4", SAFETENSORS_I32, 1, { 2 }, 0, 1, 100 },
    { "i2", SAFETENSORS_I16, 1, { 2 }, 0, 1, 100 },
    { "i1", SAFETENSORS_I8, 1, { 2 }, 0, 1, 100 },
    { "u1", SAFETENSORS_U8, 1, { 2 }, 0, 1, 100 },
    { "flag", SAFETENSORS_BOOL, 1, { 2 }, 0, 0, 0 },
    { "scalar", SAFETENSORS_I64, 0, { 0 }, 0, 7, 7 },
    { "empty", SAFETENSORS_F32, 2, { 0, 3 }, 0, 0, 0 },
    { "transposed", SAFETENSORS_F32, 2, { 6, 4 }, 1, 100, 123 },
    { "sliced", SAFETENSORS_F32, 2, { 2, 3 }, 1, 107, 117 },
    { "shared", SAFETENSORS_F32, 1, { 6 }, 0, 106, 111 },
    { "old", SAFETENSORS_F32, 1, { 2 }, 0, 9, 8 },
};
enum { N_EXAMPLE = sizeof example / sizeof example[0] };

static void check_example(const TensorFile *f, int i)
{
    float got[24] = { 0 };
    const TensorEntry *e = tensor_file_find(f, example[i].name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e);
    CU_ASSERT_EQUAL(e->dtype, example[i].dtype);
    CU_ASSERT_EQUAL(e->rank, example[i].rank);
    CU_ASSERT_EQUAL(e->stride != NULL, example[i].strided);
    CU_ASSERT_EQUAL(memcmp(e->shape, example[i].shape, (size_t)e->rank * sizeof *e->shape), 0);
    if (!safetensors_converts(e->dtype) || !e->count)
        return;
    CU_ASSERT_EQUAL_FATAL(tensor_entry_to_f32(f, e, got, NULL), RT_OK);
    CU_ASSERT_EQUAL(got[0], example[i].first);
    CU_ASSERT_EQUAL(got[e->count - 1], example[i].last);
}

static void torch_files_of_both_layouts_are_read(void)
{
    static const char *const files[] = { "v2.pth", "v3.pth",      "v4.pth",      "v5.pth",
                                         "legacy.pth", "legacy4.pth", "checkpoint.pth" };
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
        TensorFile f;
        RtError err = { 0, "" };
        CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, in_folder(files[k]), &err), RT_OK);
        CU_ASSERT_EQUAL(f.format, files[k][0] == 'l' ? TENSORS_TORCH_LEGACY : TENSORS_TORCH_ZIP);
        CU_ASSERT_EQUAL(f.n_entries, N_EXAMPLE);
        CU_ASSERT_EQUAL(f.n_meta, files[k][0] == 'c');
        if (f.n_meta)
            CU_ASSERT_STRING_EQUAL(f.meta[0].value, "state_dict");
        for (int i = 0; i < N_EXAMPLE; i++)
            check_example(&f, i);
        tensor_file_close(&f);
    }
}

static void strided_elements_come_in_c_order(void)
{
    TensorFile f;
    float got[24];
    CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, in_folder("v2.pth"), NULL), RT_OK);
    tensor_entry_copy(tensor_file_find(&f, "transposed"), got);
    for (int i = 0; i < 24; i++)
        CU_ASSERT_EQUAL(got[i], 100 + (i % 4) * 6 + i / 4);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "sliced"), got, NULL), RT_OK);
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(got[i], 107 + i / 3 * 6 + i % 3 * 2);
    tensor_file_close(&f);
}

static void other_legal_archives_are_read(void)
{
    static const char *const files[] = { "new.pth", "comment.pth", "small.pth", "small_legacy.pth",
                                         "small.npz", "small.safetensors", "python2.pth",
                                         "python2_legacy.pth", "beside.pth" };
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
        TensorFile f;
        float got[2];
        CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, in_folder(files[k]), NULL), RT_OK);
        CU_ASSERT_EQUAL_FATAL(f.n_entries, 1);
        CU_ASSERT_STRING_EQUAL(f.entries[0].name, "w");
        CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, &f.entries[0], got, NULL), RT_OK);
        CU_ASSERT(got[0] == 1 && got[1] == 2);
        tensor_file_close(&f);
    }
}

static void many_small_tensors_fit_the_memory_allowed(void)
{
    static const char *const files[] = { "many.pth", "many_legacy.pth" };
    for (int k = 0; k < 2; k++) {
        TensorFile f;
        RtError err = { 0, "" };
        float got;
        CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, in_folder(files[k]), &err), RT_OK);
        CU_ASSERT_EQUAL(f.n_entries, 3000);
        tensor_entry_to_f32(&f, tensor_file_find(&f, "w00300"), &got, NULL);
        CU_ASSERT_EQUAL(got, 300 % 256);
        tensor_file_close(&f);
    }
}

static void archives_of_arrays_are_read(void)
{
    TensorFile f;
    float got[6];
    CU_ASSERT_EQUAL_FATAL(tensor_file_open(&f, in_folder("a.npz"), NULL), RT_OK);
    CU_ASSERT_EQUAL(f.format, TENSORS_NPZ);
    CU_ASSERT_EQUAL(f.n_entries, 4);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "conv.weight"), got, NULL), RT_OK);
    CU_ASSERT_EQUAL(got[4], 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor_file_find(&f, "t")->stride);
    CU_ASSERT_EQUAL(tensor_entry_to_f32(&f, tensor_file_find(&f, "t"), got, NULL), RT_OK);
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(got[i], i % 2 * 3 + i / 2);
    CU_ASSERT_EQUAL(tensor_file_find(&f, "b")->dtype, SAFETENSORS_BOOL);
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

static const Test tests[] = {
    TEST(safetensors_are_read),
    TEST(an_array_is_named_by_its_file),
    TEST(fortran_order_becomes_strides),
    TEST(torch_files_of_both_layouts_are_read),
    TEST(strided_elements_come_in_c_order),
    TEST(other_legal_archives_are_read),
    TEST(many_small_tensors_fit_the_memory_allowed),
    TEST(archives_of_arrays_are_read),
    TEST(open_says_what_the_system_says),
};

int main(void)
{
    char command[300];
    if (!mkdtemp(folder))
        return 1;
    snprintf(command, sizeof command, "/usr/bin/python3 tests/formats/make_torch.py %s", folder);
    if (system(command) != 0)
        return 1;
    int failed = run_tests("tensor_file", tests, sizeof tests / sizeof *tests);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 || failed;
}

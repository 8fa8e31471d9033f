/* test_wire.c - protobuf's wire format: the bytes of its own description, borders of varints. */
#include "../../formats/wire.h"
#include <CUnit/Basic.h>
#include <string.h>

static void expect(Wire *w, const char *bytes, size_t n)
{
    CU_ASSERT_FALSE(w->failed);
    CU_ASSERT_EQUAL(w->size, n);
    CU_ASSERT(w->size == n && memcmp(w->bytes, bytes, n) == 0);
    wire_free(w);
}
#define EXPECT(w, text) expect(&(w), text, sizeof text - 1)

/* protobuf.dev, "Encoding": a: 150; b: "testing"; c: { a: 150 } */
static void examples_of_the_description(void)
{
    Wire w = { 0 }, m = { 0 };
    wire_int(&m, 1, 150);
    wire_text(&w, 2, "testing");
    wire_message(&w, 3, &m);
    EXPECT(w, "\x12\x07testing\x1a\x03\x08\x96\x01");
    EXPECT(m, "\x08\x96\x01");
}

static void varints_at_their_borders(void)
{
    Wire w = { 0 };
    wire_int(&w, 15, 127);
    wire_int(&w, 16, 128);
    wire_int(&w, 1, 0);
    wire_int(&w, 1, INT64_MAX);
    wire_int(&w, 1, -2);
    EXPECT(w, "\x78\x7f\x80\x01\x80\x01\x08\x00\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

static void floats_are_little_endian(void)
{
    Wire w = { 0 };
    wire_float(&w, 2, 1.0f);
    wire_float(&w, 2, -0.0f);
    EXPECT(w, "\x15\x00\x00\x80\x3f\x15\x00\x00\x00\x80");
}

static void doubles_are_little_endian_and_packed(void)
{
    Wire w = { 0 };
    wire_double(&w, 1, 1.0);
    wire_doubles(&w, 6, (const double[]){ -2.0, 0.0 }, 2);
    EXPECT(w, "\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x32\x10\x00\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00\x00");
}

static void raw_bytes_have_no_head(void)
{
    Wire w = { 0 };
    wire_raw_le(&w, 0x1234567890, 4);
    wire_raw(&w, "\x00x", 2);
    wire_bytes(&w, 1, "\x00y", 2);
    EXPECT(w, "\x90\x78\x56\x34\x00x\x0a\x02\x00y");
}

static void sizes_are_those_written(void)
{
    static const uint64_t sizes[] = { 0, 1, 127, 128, 16383, 16384, 2097151, 2097152, 2147483647 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Wire w = { 0 };
        wire_open(&w, 9, sizes[i]);
        wire_open(&w, 16, sizes[i]);
        CU_ASSERT_EQUAL(w.size + 2 * sizes[i], wire_field_size(9, sizes[i]) + wire_field_size(16, sizes[i]));
        wire_free(&w);
    }
}

static void empty_messages_have_a_length(void)
{
    Wire w = { 0 }, none = { 0 };
    wire_message(&w, 1, &none);
    wire_text(&w, 2, "");
    EXPECT(w, "\x0a\x00\x12\x00");
}

static void failure_is_kept(void)
{
    Wire w = { 0 }, bad = { .failed = true };
    wire_message(&w, 1, &bad);
    wire_int(&w, 1, 5);
    CU_ASSERT(w.failed && w.size == 0);
    wire_free(&w);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("wire", NULL, NULL);
    CU_ADD_TEST(suite, examples_of_the_description);
    CU_ADD_TEST(suite, varints_at_their_borders);
    CU_ADD_TEST(suite, floats_are_little_endian);
    CU_ADD_TEST(suite, doubles_are_little_endian_and_packed);
    CU_ADD_TEST(suite, raw_bytes_have_no_head);
    CU_ADD_TEST(suite, sizes_are_those_written);
    CU_ADD_TEST(suite, empty_messages_have_a_length);
    CU_ADD_TEST(suite, failure_is_kept);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return failed;
}

/* The table of names: what is entered is found, by whole names and by the beginnings of texts, however many there are. */
#include "../../compiler/name_table.h"
#include <CUnit/Basic.h>

enum { MANY = 10000 };

static void finds_what_was_set(void)
{
    Arena *a = arena_new();
    NameTable t = { 0 };
    int one, two;
    CU_ASSERT_PTR_NULL(name_table_find(&t, "a"));
    name_table_set(a, &t, "a", &one);
    name_table_set(a, &t, "ab", &two);
    CU_ASSERT_PTR_EQUAL(name_table_find(&t, "a"), &one);
    CU_ASSERT_PTR_EQUAL(name_table_find(&t, "ab"), &two);
    CU_ASSERT_PTR_NULL(name_table_find(&t, "abc"));
    CU_ASSERT_PTR_NULL(name_table_find(&t, ""));
    CU_ASSERT_PTR_EQUAL(name_table_find_n(&t, "abc", 2), &two);
    CU_ASSERT_PTR_EQUAL(name_table_find_n(&t, "abc", 1), &one);
    CU_ASSERT_PTR_NULL(name_table_find_n(&t, "abc", 3));
    arena_release(a);
}

static void the_last_value_counts(void)
{
    Arena *a = arena_new();
    NameTable t = { 0 };
    int one, two;
    name_table_set(a, &t, "a", &one);
    name_table_set(a, &t, "a", &two);
    CU_ASSERT_PTR_EQUAL(name_table_find(&t, "a"), &two);
    name_table_set(a, &t, "a", NULL);
    CU_ASSERT_PTR_NULL(name_table_find(&t, "a"));
    name_table_set(a, &t, "a", &one);
    CU_ASSERT_PTR_EQUAL(name_table_find(&t, "a"), &one);
    arena_release(a);
}

static void keeps_many(void)
{
    Arena *a = arena_new();
    NameTable t = { 0 };
    const char *names[MANY];
    for (int i = 0; i < MANY; i++) {
        names[i] = arena_printf(a, "layer%d", i);
        name_table_set(a, &t, names[i], &names[i]);
        name_table_set(a, &t, names[i / 2], &names[i / 2]);
    }
    int lost = 0;
    for (int i = 0; i < MANY; i++)
        lost += name_table_find(&t, arena_printf(a, "layer%d", i)) != &names[i];
    CU_ASSERT_EQUAL(lost, 0);
    CU_ASSERT_PTR_NULL(name_table_find(&t, "layer10000"));
    arena_release(a);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("name_table", NULL, NULL);
    CU_add_test(s, "what is set is found, by name and by the beginning of a text", finds_what_was_set);
    CU_add_test(s, "of one name the last value counts", the_last_value_counts);
    CU_add_test(s, "ten thousand names are kept", keeps_many);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

/* expect.h - what the tests of training share. */
#ifndef TESTS_TRAIN_EXPECT_H
#define TESTS_TRAIN_EXPECT_H
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

typedef struct Test {
    const char *name;
    void (*run)(void);
} Test;
#define TEST(name) { #name, name }

static inline void expect_text(const char *got, const char *want)
{
    CU_ASSERT_PTR_NOT_NULL(got);
    CU_ASSERT(got && strcmp(got, want) == 0);
    if (got && strcmp(got, want) != 0)
        printf("\n--- got\n%s\n--- expected\n%s\n", got, want);
}

/* The tests of a suite, run; the exit code. */
static inline int run_tests(const char *suite_name, const Test *tests, size_t n)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        CU_add_test(suite, tests[i].name, tests[i].run);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return failed;
}
#endif

/* suite.h - a suite of CUnit from a table of tests. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H
#include <CUnit/Basic.h>

typedef struct Test {
    const char *name;
    void (*run)(void);
} Test;
#define TEST(name) { #name, name }

/* Runs them; 1 where one fails, else 0: the exit code. */
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

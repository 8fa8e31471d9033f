/* expect.h - what the tests of training share. */
#ifndef TESTS_TRAIN_EXPECT_H
#define TESTS_TRAIN_EXPECT_H
#include "../suite.h"
#include <stdio.h>
#include <string.h>

static inline void expect_text(const char *got, const char *want)
{
    CU_ASSERT_PTR_NOT_NULL(got);
    CU_ASSERT(got && strcmp(got, want) == 0);
    if (got && strcmp(got, want) != 0)
        printf("\n--- got\n%s\n--- expected\n%s\n", got, want);
}
#endif

/* test_names.c - name maps: what matches, what is captured, the way back, and what is refused with its place. */
#include "weights/names.h"
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

static Arena *a;

static RtStatus parse(const char *text, NameMap *m, RtError *err) { return names_parse(a, "m.map", text, strlen(text), m, err); }

/* The own name of `foreign`, "-" when it is left out, "none" when no rule matches. */
static const char *own(const NameMap *m, const char *foreign)
{
    const char *name = NULL;
    return !names_apply(a, m, foreign, &name) ? "none" : name ? name : "-";
}

static void first_rule_that_matches_counts(void)
{
    NameMap m;
    RtError err;
    CU_ASSERT_EQUAL_FATAL(parse("# Cadene\n"
                                "inception_(..)_([0-9][a-z0-9_]*)_bn\\.(.*)   inception_\\1.x\\2.bn.\\3\n"
                                "inception_(..)_([0-9][a-z0-9_]*)\\.(.*)      inception_\\1.x\\2.conv.\\3  # behind\r\n"
                                "\n@eps 0.001\n.*/Adam[_0-9]* -\n"
                                "fc/kernel fc.weight io:5x6x7[1:]\n",
                                &m, &err),
                          RT_OK);
    CU_ASSERT_STRING_EQUAL(own(&m, "inception_3a_3x3_reduce_bn.weight"), "inception_3a.x3x3_reduce.bn.weight");
    CU_ASSERT_STRING_EQUAL(own(&m, "inception_3a_3x3_reduce.weight"), "inception_3a.x3x3_reduce.conv.weight");
    CU_ASSERT_STRING_EQUAL(own(&m, "inception_3a_pool_proj.weight"), "none");
    CU_ASSERT_STRING_EQUAL(own(&m, "inception_3a_1x1_bnxweight"), "none");
    CU_ASSERT_STRING_EQUAL(own(&m, "conv/weights/Adam_1"), "-");
    CU_ASSERT_DOUBLE_EQUAL(m.eps, 0.001, 0);
    const Layout *l = &m.rules.at[3].layout;
    CU_ASSERT(l->kind == LAYOUT_IO && l->h == 5 && l->w == 6 && l->c == 7 && l->skip == 1);
    CU_ASSERT_EQUAL(m.rules.at[3].line, 7);
}

static void the_way_back_gives_the_foreign_name(void)
{
    NameMap m;
    RtError err;
    const char *foreign = NULL;
    CU_ASSERT_EQUAL_FATAL(parse("inception_(..)_([0-9][a-z0-9_]*)_bn\\.(.*)   inception_\\1.x\\2.bn.\\3\n"
                                "any.\\.(weight) last.\\1\n"
                                "(conv[a-z0-9_]*)\\.(.*) \\1.conv.\\2\n",
                                &m, &err),
                          RT_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(names_reverse(a, &m, "inception_3a.x3x3_reduce.bn.weight", &foreign));
    CU_ASSERT_STRING_EQUAL(foreign, "inception_3a_3x3_reduce_bn.weight");
    CU_ASSERT_PTR_NOT_NULL_FATAL(names_reverse(a, &m, "conv2.conv.bias", &foreign));
    CU_ASSERT_STRING_EQUAL(foreign, "conv2.bias");
    CU_ASSERT_PTR_NULL(names_reverse(a, &m, "last.weight", &foreign)); /* "." outside of a capture could be any letter */
    CU_ASSERT_PTR_NULL(names_reverse(a, &m, "other", &foreign));
}

static void classes_and_repeats(void)
{
    NameMap m;
    RtError err;
    CU_ASSERT_EQUAL_FATAL(parse("([^.]+)\\.b[]x-]c a\\1\nd[0-9]*e d\n\\[f\\] f\n", &m, &err), RT_OK);
    CU_ASSERT_STRING_EQUAL(own(&m, "q.b]c"), "aq");
    CU_ASSERT_STRING_EQUAL(own(&m, "q.b-c"), "aq");
    CU_ASSERT_STRING_EQUAL(own(&m, ".bxc"), "none");
    CU_ASSERT_STRING_EQUAL(own(&m, "de"), "d");
    CU_ASSERT_STRING_EQUAL(own(&m, "d123e"), "d");
    CU_ASSERT_STRING_EQUAL(own(&m, "[f]"), "f");
}

static void a_rule_for_every_role(void)
{
    NameMap m;
    RtError err;
    const char *foreign, *name;
    CU_ASSERT_EQUAL_FATAL(parse("@role /weights .conv.weight hwio\n@role /BatchNorm/beta .bn.bias\n"
                                "Net/(Mixed_[a-z0-9]*)@ \\1@\nLogits\\@ fc@x\n",
                                &m, &err),
                          RT_OK);
    const NameRule *r = names_apply(a, &m, "Net/Mixed_5b/weights", &name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_STRING_EQUAL(name, "Mixed_5b.conv.weight");
    CU_ASSERT(r->layout.kind == LAYOUT_HWIO && r->line == 3);
    r = names_apply(a, &m, "Net/Mixed_5b/BatchNorm/beta", &name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_STRING_EQUAL(name, "Mixed_5b.bn.bias");
    CU_ASSERT(r->layout.kind == LAYOUT_OWN);
    CU_ASSERT_STRING_EQUAL(own(&m, "Net/Mixed_5b/BatchNorm/gamma"), "none");
    CU_ASSERT_STRING_EQUAL(own(&m, "Logits@"), "fc@x");
    CU_ASSERT_PTR_NOT_NULL_FATAL(names_reverse(a, &m, "Mixed_7c.bn.bias", &foreign));
    CU_ASSERT_STRING_EQUAL(foreign, "Net/Mixed_7c/BatchNorm/beta");
}

static void bounded_in_time(void)
{
    NameMap m;
    RtError err;
    char name[2001];
    memset(name, 'a', 2000);
    name[2000] = '\0';
    CU_ASSERT_EQUAL_FATAL(parse("a*a*a*a*a*a*a*a*a*a*b x\n", &m, &err), RT_OK);
    CU_ASSERT_STRING_EQUAL(own(&m, name), "none");
}

static void mistakes_have_a_place(void)
{
    static const char *const rows[][2] = {
        { "\na(b c", "m.map:2:2: a '(' is not closed" },
        { "a) c", "m.map:1:2: this ')' has no '('" },
        { "((a)) c", "m.map:1:2: captures do not nest" },
        { "x[ab c", "m.map:1:2: this class has no ']'" },
        { "[z-a] c", "m.map:1:1: the range of this class is empty" },
        { "ab\\ c", "m.map:1:3: nothing follows this" },
        { "*a c", "m.map:1:1: this character has no meaning here" },
        { "a|b c", "m.map:1:2: this character has no meaning here" },
        { "(a)b \\2", "m.map:1:6: the own name asks for a capture" },
        { "abc", "m.map:1:1: a rule has two columns" },
        { "a b hwio more", "m.map:1:10: a rule has two columns" },
        { "a b ohwi", "m.map:1:5: no such layout" },
        { "a b io:3x4", "m.map:1:5: no such layout" },
        { "a b io:0x4x5", "m.map:1:5: no such layout" },
        { "a b hwio:1x2x3", "m.map:1:5: no such layout" },
        { "@eps two", "m.map:1:1: @eps wants a number" },
        { "@eps", "m.map:1:1: @eps wants a number" },
        { "@role /w", "m.map:1:1: @role wants two columns" },
        { "@role /(w) .w", "m.map:1:7: a role has no captures" },
        { "@role /[w .w", "m.map:1:8: this class has no ']'" },
        { "@role /w .\\1", "m.map:1:10: a role has no captures" },
        { "@role /w .w ohwi", "m.map:1:13: no such layout" },
        { "a@ b@", "m.map:1:1: there is no @role above" },
        { "@role /w .w\na@ b", "m.map:2:4: both columns end in @" },
        { "@role /w .w\na b@", "m.map:2:1: both columns end in @" },
        { "@role /w .w\na@ b@ hwio", "m.map:2:7: the roles say the layouts" },
        { "@role /w .w\n(a@ b@", "m.map:2:1: a '(' is not closed" },
        { "(a)(a)(a)(a)(a)(a)(a)(a)(a)(a) c", "m.map:1:28: there are more than 9 captures" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        NameMap m;
        RtError err = { 0 };
        RtStatus s = parse(rows[i][0], &m, &err);
        CU_ASSERT_EQUAL(s, RT_ERROR_INPUT);
        if (strncmp(err.message, rows[i][1], strlen(rows[i][1])) != 0)
            printf("\n'%s': %s\n", rows[i][0], err.message);
        CU_ASSERT(strncmp(err.message, rows[i][1], strlen(rows[i][1])) == 0);
    }
    NameMap m;
    RtError err = { 0 };
    CU_ASSERT_EQUAL(names_parse(a, "m.map", "a\0b c", 5, &m, &err), RT_ERROR_INPUT);
    CU_ASSERT_STRING_EQUAL(err.message, "m.map:1:1: a byte 0 is no text");
    CU_ASSERT_EQUAL(names_read(a, "/no/such.map", &m, &err), RT_ERROR_FILE);
}

int main(void)
{
    a = arena_new();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("names", NULL, NULL);
    CU_ADD_TEST(s, first_rule_that_matches_counts);
    CU_ADD_TEST(s, the_way_back_gives_the_foreign_name);
    CU_ADD_TEST(s, classes_and_repeats);
    CU_ADD_TEST(s, a_rule_for_every_role);
    CU_ADD_TEST(s, bounded_in_time);
    CU_ADD_TEST(s, mistakes_have_a_place);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

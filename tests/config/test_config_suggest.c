#include "config_test.h"

#include "config/options.h"

static const char *const keys[] = {"lr", "epochs", "batch_size", "momentum", "out"};

static const char *suggest(const char *text)
{
    return gnet_suggest(text, keys, sizeof keys / sizeof *keys);
}

static void test_slips(void **state)
{
    (void)state;
    assert_string_equal(suggest("epoch"), "epochs");
    assert_string_equal(suggest("EPOCHS"), "epochs");
    assert_string_equal(suggest("batch-size"), "batch_size");
    assert_string_equal(suggest("mometnum"), "momentum");
    assert_string_equal(suggest("rl"), "lr");
    assert_string_equal(suggest("l"), "lr");
    assert_string_equal(suggest("ot"), "out");
}

static void test_initials(void **state)
{
    (void)state;
    assert_string_equal(suggest("lerning_rate"), "lr");
    assert_string_equal(suggest("Learning-Rate"), "lr");
    assert_string_equal(suggest("bs"), "batch_size");
}

static void test_nothing_near(void **state)
{
    (void)state;
    assert_null(suggest(""));
    assert_null(suggest("x"));
    assert_null(suggest("xy"));
    assert_null(suggest("weights"));
    assert_null(suggest("learning_rate_schedule"));
    assert_null(suggest("learning_"));
    assert_null(gnet_suggest("a", (const char *const[]){"b"}, 1)); /* all letters differ */
    assert_null(gnet_suggest("abxye", (const char *const[]){"abcde"}, 1));
    assert_null(gnet_suggest("l", (const char *const[]){"learning"}, 1)); /* one word alone */
    assert_null(gnet_suggest("lrx", (const char *const[]){"learning_rate"}, 1));
    assert_null(gnet_suggest("lr", NULL, 0));
    char longest[5000] = "";
    memset(longest, 'a', sizeof longest - 1);
    assert_null(suggest(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_initials),
        cmocka_unit_test(test_nothing_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

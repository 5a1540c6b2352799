#include "op_harness.h"

static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"avg_pool: {kernel: 2}"}, 1, 4, 6, 3},
        {{"avg_pool: {kernel: 3, stride: 1, pad: 1}"}, 3, 5, 4, 3},
        {{"avg_pool: {kernel: 3, stride: 2, pad: 1}"}, 17, 6, 7, 3},
        {{"avg_pool: {kernel: 2, stride: 1, pad: 1}"}, 13, 3, 4, 3},
        {{"avg_pool: {kernel: 1}"}, 5, 3, 3, 3},
        {{"avg_pool: {kernel: 5, stride: 3, pad: 2}"}, 20, 7, 8, 3},
        {{"avg_pool: {kernel: 3, stride: 1, pad: 1, count_include_pad: false}"}, 7, 5, 4, 3},
        {{"avg_pool: {kernel: 3, stride: 2, pad: 1, count_include_pad: false}"}, 33, 6, 7, 3},
        {{"avg_pool: {kernel: 2, pad: 1, count_include_pad: false}"}, 16, 5, 5, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* Pixels at the end that no window sees: they count for nothing. */
static void leaves_what_does_not_fill_a_window(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"avg_pool: {kernel: 2}"}, 5, 5, 7, 3},
        {{"avg_pool: {kernel: 2}"}, 16, 3, 5, 3},
        {{"avg_pool: {kernel: 2, stride: 5}"}, 8, 6, 8, 3},
        {{"avg_pool: {kernel: 3, stride: 4, pad: 1}"}, 7, 8, 9, 3},
        {{"avg_pool: {kernel: 3, stride: 4, pad: 1, count_include_pad: false}"}, 16, 8, 9, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void takes_the_whole_image(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"avg_pool: global"}, 1, 3, 5, 3},
        {{"avg_pool: global"}, 13, 7, 7, 3},
        {{"avg_pool: global"}, 17, 1, 1, 3},
        {{"avg_pool: global"}, 33, 4, 9, 3},
        {{"avg_pool: global", "flatten", "linear: {out: 10}"}, 20, 7, 7, 5},
        {{"avg_pool: global", "flatten", "linear: {out: 3}"}, 3, 13, 5, 3, .first = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"avg_pool: {kernel: 3, stride: 2, pad: 1}"}, 2, 5, 6, 3});
    op_check_differences(
        &(OpCase){{"avg_pool: {kernel: 2, pad: 1, count_include_pad: false}"}, 3, 5, 5, 3});
    op_check_differences(&(OpCase){{"avg_pool: global"}, 3, 5, 4, 3});
}

static void has_pytorchs_shapes(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"avg_pool: global"}, 1024, 7, 5, "1024 x 1 x 1");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"avg_pool: {kernel: 3, stride: 2, pad: 1}"}, 4, 8,
                    5, "4 x 4 x 3");
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_op_refused((const char *[OP_LAYERS_MAX]){"avg_pool: {kernel: 4}"}, 1, 3, 5,
                      "'avg_pool' at l.0: its 4 x 4 window is larger than its input of 3 x 5");
    assert_op_refused(
        (const char *[OP_LAYERS_MAX]){"flatten", "avg_pool: global"}, 1, 9, 9,
        "'avg_pool' at l.1: it needs an image, and what comes before it was flattened");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"avg_pool: {kernel: 4, pad: 3}"}, 1, 9, 9,
                      "'avg_pool' at l.0: its pad of 3 is more than half of its kernel of 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(leaves_what_does_not_fill_a_window),
        cmocka_unit_test(takes_the_whole_image),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(has_pytorchs_shapes),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "op_harness.h"

static void with_zeros(float *values, size_t n)
{
    for (size_t i = 0; i < n; i += 3)
        values[i] = i % 2 ? 0 : -0.0f;
}

static void all_negative(float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = -values[i] * values[i] - 0.01f;
}

/* At 0 the gradient is 0, as in PyTorch. */
static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"relu"}, 1, 3, 5, 3},
        {{"relu"}, 3, 5, 7, 3},
        {{"relu"}, 17, 3, 3, 5},
        {{"relu"}, 13, 4, 4, 3, .fill = with_zeros},
        {{"relu"}, 5, 4, 4, 3, .fill = all_negative},
        {{"relu", "relu"}, 7, 4, 4, 3},
        {{"relu", "conv: {out: 5, kernel: 3}"}, 3, 5, 5, 3, .first = true},
        {{"flatten", "relu", "linear: {out: 3}", "relu"}, 3, 4, 5, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"relu", "conv: {out: 2, kernel: 3}", "relu"}, 2, 5, 4, 3});
}

static void keeps_the_shape(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"relu"}, 3, 5, 7, "3 x 5 x 7");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"flatten", "relu"}, 3, 5, 7, "105");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(keeps_the_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

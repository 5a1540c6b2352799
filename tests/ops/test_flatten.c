#include "op_harness.h"

/* From every layout that an image can have behind a convolution, and from the input itself. */
static void agrees_with_the_model(void **state)
{
    (void)state;
    static const int64_t widths[] = {1, 3, 4, 5, 7, 8, 13, 16, 17, 20, 33};
    for (size_t w = 0; w < COUNT(widths); w++) {
        op_check(&(OpCase){{"flatten"}, widths[w], 3, 5, 3});
        op_check(&(OpCase){{"flatten"}, widths[w], 1, 1, 3});
        op_check(&(OpCase){{"flatten"}, widths[w], 1, 4, 3});
        op_check(&(OpCase){{"flatten"}, widths[w], 5, 1, 3});
    }
    op_check(&(OpCase){{"flatten", "linear: {out: 3}"}, 3, 4, 5, 3, .first = true});
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"flatten"}, 3, 3, 2, 3});
}

static void multiplies_the_dimensions(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"flatten"}, 3, 5, 7, "105");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"flatten", "flatten"}, 3, 1, 1, "3");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"flatten"}, 16384, 16384, 16384,
                      "'flatten' at l.0: it has more than 4294967296 values for one image");
}

/* It has nothing to do, and takes a flat value as well. */
static void flattens_twice(void **state)
{
    (void)state;
    op_check(&(OpCase){{"flatten", "flatten", "linear: {out: 3}"}, 3, 2, 2, 3});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(multiplies_the_dimensions),
        cmocka_unit_test(flattens_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

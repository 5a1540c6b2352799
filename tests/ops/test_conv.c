#include "op_harness.h"
#include "ops/conv.h"

/* Widths around the vector blocks of 8 and 16, on both sides, and each window. */
static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 1, kernel: 1}"}, 1, 1, 1, 2},
        {{"conv: {out: 3, kernel: 3, pad: 1}"}, 1, 5, 7, 3},
        {{"conv: {out: 5, kernel: 3}"}, 3, 7, 5, 3},
        {{"conv: {out: 7, kernel: 5, pad: 2}"}, 5, 6, 7, 3},
        {{"conv: {out: 13, kernel: 1}"}, 7, 5, 5, 3},
        {{"conv: {out: 17, kernel: 3, stride: 2, pad: 1}"}, 13, 7, 6, 3},
        {{"conv: {out: 20, kernel: 3, pad: 1}"}, 17, 5, 5, 3},
        {{"conv: {out: 33, kernel: 1}"}, 20, 3, 5, 3},
        {{"conv: {out: 16, kernel: 3, pad: 1}"}, 33, 4, 4, 3},
        {{"conv: {out: 8, kernel: 5, pad: 2}"}, 16, 5, 3, 3},
        {{"conv: {out: 1, kernel: 7, stride: 2, pad: 3}"}, 3, 9, 10, 3},
        {{"conv: {out: 33, kernel: 2, stride: 2}"}, 1, 6, 7, 3},
        {{"conv: {out: 4, kernel: 4, stride: 3, pad: 2}"}, 6, 8, 8, 3},
        {{"conv: {out: 5, kernel: 2, stride: 4}"}, 3, 9, 7, 3},
        {{"conv: {out: 3, kernel: 1, stride: 3}"}, 2, 7, 8, 3},
        {{"conv: {out: 9, kernel: 5}"}, 3, 5, 5, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* 1 x 1: images of more pixels than are summed at a time, and every number of vectors that is left
   over. */
static void multiplies_matrices(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 8, kernel: 1}"}, 8, 13, 11, 2},
        {{"conv: {out: 16, kernel: 1}"}, 24, 12, 11, 2},
        {{"conv: {out: 24, kernel: 1}"}, 9, 16, 17, 1},
        {{"conv: {out: 32, kernel: 1}"}, 8, 11, 12, 3},
        {{"conv: {out: 53, kernel: 1}", "relu"}, 12, 3, 4, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* Each direction is done by what was chosen for it, where blocks of channels allow it. */
static void does_what_is_chosen(void **state)
{
    (void)state;
    static const GnetAlgorithm D = GNET_ALGORITHM_DIRECT, W = GNET_ALGORITHM_WINOGRAD,
                               G = GNET_ALGORITHM_GEMM;
    static const OpCase wide = {{"conv: {out: 16, kernel: 3, pad: 1}"}, 16, 6, 6, 2};
    static const OpCase large = {{"conv: {out: 16, kernel: 5, pad: 2}"}, 16, 6, 6, 2};
    static const OpCase pointwise = {{"conv: {out: 16, kernel: 1}"}, 16, 6, 6, 2};
    assert_op_passes(&wide, (GnetConvChoice){{D, D, D}}, "");
    assert_op_passes(&wide, (GnetConvChoice){{W, D, D}}, "forward");
    assert_op_passes(&wide, (GnetConvChoice){{D, W, D}}, "data");
    assert_op_passes(&wide, (GnetConvChoice){{D, D, W}}, "weights");
    assert_op_passes(&large, (GnetConvChoice){{W, W, W}}, "forward weights data");
    assert_op_passes(&pointwise, (GnetConvChoice){{D, D, G}}, "weights");
}

/* What the first layer of a network is: a plain input, and nobody who wants its gradient. */
static void takes_the_networks_input(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 64, kernel: 7, stride: 2, pad: 3}"}, 1, 28, 28, 3, .first = true},
        {{"conv: {out: 7, kernel: 7, stride: 2, pad: 3}"}, 3, 15, 17, 3, .first = true},
        {{"conv: {out: 20, kernel: 5, pad: 2}", "relu"}, 1, 13, 11, 5, .first = true},
        {{"conv: {out: 32, kernel: 5, pad: 2}", "relu"}, 1, 14, 14, 2, .first = true},
        {{"conv: {out: 17, kernel: 3}"}, 4, 9, 9, 3, .first = true},
        {{"conv: {out: 1, kernel: 1}"}, 1, 3, 3, 3, .first = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void does_the_relu_behind_it(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 13, kernel: 3, pad: 1}", "relu"}, 5, 5, 7, 3},
        {{"conv: {out: 16, kernel: 1}", "relu", "conv: {out: 3, kernel: 3}", "relu"}, 8, 5, 5, 3},
        {{"conv: {out: 7, kernel: 3, pad: 1}", "relu", "relu"}, 3, 5, 5, 3},
        {{"conv: {out: 20, kernel: 3, pad: 1}", "relu", "max_pool: {kernel: 2}"}, 3, 6, 6, 3},
        {{"conv: {out: 16, kernel: 3, pad: 1}", "relu", "max_pool: {kernel: 3, stride: 2, pad: 1}"},
         5,
         7,
         7,
         3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* Outputs that see nothing but padding: a window smaller than the padding is allowed. */
static void pads_by_more_than_its_window(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 3, kernel: 1, pad: 1}"}, 2, 3, 3, 3},
        {{"conv: {out: 17, kernel: 1, pad: 2}"}, 16, 3, 3, 3},
        {{"conv: {out: 5, kernel: 3, pad: 4}"}, 3, 4, 5, 3},
        {{"conv: {out: 5, kernel: 3, stride: 2, pad: 5}"}, 1, 4, 4, 3, .first = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"conv: {out: 3, kernel: 3, stride: 2, pad: 1}"}, 2, 5, 4, 3},
        {{"conv: {out: 5, kernel: 5, pad: 2}", "relu", "conv: {out: 2, kernel: 1}"}, 3, 4, 5, 2},
        {{"conv: {out: 2, kernel: 1, pad: 1}"}, 2, 3, 3, 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check_differences(&cases[i]);
}

static void has_pytorchs_shapes(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"conv: {out: 64, kernel: 7, stride: 2, pad: 3}"},
                    1, 224, 224, "64 x 112 x 112");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"conv: {out: 5, kernel: 3}"}, 2, 3, 7,
                    "5 x 1 x 5");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"conv: {out: 5, kernel: 4, stride: 3, pad: 1}"},
                    2, 8, 9, "5 x 3 x 3");
    assert_op_shape((const char *[OP_LAYERS_MAX]){"conv: {out: 1, kernel: 1, pad: 2}"}, 2, 1, 2,
                    "1 x 5 x 6");
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_op_refused((const char *[OP_LAYERS_MAX]){"conv: {out: 2, kernel: 5}"}, 1, 4, 9,
                      "'conv' at l.0: its 5 x 5 window is larger than its input of 4 x 9");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"conv: {out: 2, kernel: 7, pad: 1}"}, 1, 9, 4,
                      "'conv' at l.0: its 7 x 7 window is larger than its input of 9 x 4, padding "
                      "included");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"flatten", "conv: {out: 2, kernel: 1}"}, 1, 9,
                      4,
                      "'conv' at l.1: it needs an image, and what comes before it was flattened");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"conv: {out: 16384, kernel: 1, pad: 256}"}, 1,
                      10, 10, "'conv' at l.0: it has more than 4294967296 values for one image");
}

static void counts_parameters_and_macs(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph =
        op_graph((const char *[OP_LAYERS_MAX]){"conv: {out: 5, kernel: 3, stride: 2, pad: 1}"}, 2,
                 7, 6, &diagnostics);
    char text[96];
    assert_int_equal(graph->n_parameters, 2);
    assert_string_equal(graph->parameters[0].name, "l.0.weight");
    assert_string_equal(graph->parameters[1].name, "l.0.bias");
    assert_string_equal(gnet_shape_text(&graph->parameters[0].shape, text, sizeof text),
                        "5 x 2 x 3 x 3");
    assert_string_equal(gnet_shape_text(&graph->parameters[1].shape, text, sizeof text), "5");
    assert_int_equal(gnet_graph_n_weights(graph), 5 * 2 * 9 + 5);
    assert_int_equal(gnet_graph_macs(graph), 5 * 4 * 3 * 2 * 9);
    gnet_graph_close(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),   cmocka_unit_test(multiplies_matrices),
        cmocka_unit_test(does_what_is_chosen),     cmocka_unit_test(takes_the_networks_input),
        cmocka_unit_test(does_the_relu_behind_it), cmocka_unit_test(pads_by_more_than_its_window),
        cmocka_unit_test(agrees_with_differences), cmocka_unit_test(has_pytorchs_shapes),
        cmocka_unit_test(refuses_what_cannot_be),  cmocka_unit_test(counts_parameters_and_macs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

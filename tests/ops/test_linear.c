#include "op_harness.h"

/* `flatten` stands before each: from every width of image, of one pixel and of more. */
static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"flatten", "linear: {out: 1}"}, 1, 1, 1, 3},
        {{"flatten", "linear: {out: 10}"}, 3, 5, 7, 3},
        {{"flatten", "linear: {out: 3}"}, 17, 3, 3, 5},
        {{"flatten", "linear: {out: 17}"}, 13, 1, 1, 3},
        {{"flatten", "linear: {out: 20}"}, 33, 2, 3, 3},
        {{"flatten", "linear: {out: 5}"}, 20, 4, 1, 3},
        {{"flatten", "linear: {out: 33}", "relu", "linear: {out: 7}"}, 5, 3, 3, 3},
        {{"flatten", "linear: {out: 16}", "linear: {out: 8}"}, 16, 2, 2, 4},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void takes_the_networks_input(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"flatten", "linear: {out: 10}"}, 1, 28, 28, 3, .first = true},
        {{"flatten", "linear: {out: 13}", "relu", "linear: {out: 3}"}, 3, 5, 7, 3, .first = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(
        &(OpCase){{"flatten", "linear: {out: 5}", "relu", "linear: {out: 3}"}, 2, 3, 3, 3});
}

static void needs_a_flat_input(void **state)
{
    (void)state;
    assert_op_shape((const char *[OP_LAYERS_MAX]){"flatten", "linear: {out: 5}"}, 2, 3, 4, "5");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"linear: {out: 5}"}, 2, 3, 4,
                      "'linear' at l.0: it needs a flat input: put 'flatten' before it");
    assert_op_refused((const char *[OP_LAYERS_MAX]){"flatten", "linear: {out: 16384}"}, 1, 1024,
                      1024, "'linear' at l.1: it has more than 4294967296 values for one image");
}

static void counts_parameters_and_macs(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph = op_graph((const char *[OP_LAYERS_MAX]){"flatten", "linear: {out: 5}"}, 2, 3,
                                4, &diagnostics);
    char text[96];
    assert_int_equal(graph->n_parameters, 2);
    assert_string_equal(graph->parameters[0].name, "l.1.weight");
    assert_string_equal(graph->parameters[1].name, "l.1.bias");
    assert_string_equal(gnet_shape_text(&graph->parameters[0].shape, text, sizeof text), "5 x 24");
    assert_string_equal(gnet_shape_text(&graph->parameters[1].shape, text, sizeof text), "5");
    assert_int_equal(gnet_graph_n_weights(graph), 5 * 24 + 5);
    assert_int_equal(gnet_graph_macs(graph), 5 * 24);
    gnet_graph_close(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),      cmocka_unit_test(takes_the_networks_input),
        cmocka_unit_test(agrees_with_differences),    cmocka_unit_test(needs_a_flat_input),
        cmocka_unit_test(counts_parameters_and_macs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

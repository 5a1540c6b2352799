#include "op_harness.h"
#include "ops/conv.h"
#include "ops/pool_steps.h"

static void agrees_with_the_model(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"inception: [1, 1, 1, 1, 1, 1]"}, 1, 3, 3, 3},
        {{"inception: [5, 3, 7, 1, 2, 3]"}, 5, 5, 4, 3},
        {{"inception: [8, 16, 16, 8, 8, 16]"}, 16, 4, 4, 3},
        {{"inception: [17, 13, 20, 5, 7, 3]"}, 33, 3, 4, 3},
        {{"inception: [3, 20, 5, 17, 33, 13]"}, 7, 5, 3, 3},
        {{"inception: [7, 5, 13, 3, 5, 1]"}, 3, 5, 5, 3, .first = true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

/* A block takes the block before it four times: its gradient is a sum. */
static void stands_behind_another(void **state)
{
    (void)state;
    static const OpCase cases[] = {
        {{"inception: [5, 3, 7, 1, 2, 3]", "inception: [3, 5, 2, 3, 5, 1]",
          "max_pool: {kernel: 3, stride: 2, pad: 1}"},
         3,
         5,
         4,
         3},
        {{"inception: [8, 3, 16, 1, 8, 16]", "inception: [16, 5, 8, 3, 8, 8]", "avg_pool: global",
          "flatten", "linear: {out: 3}"},
         8,
         4,
         4,
         3},
        {{"relu", "inception: [4, 4, 4, 4, 4, 4]", "relu"}, 4, 4, 4, 3},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        op_check(&cases[i]);
}

static void agrees_with_differences(void **state)
{
    (void)state;
    op_check_differences(&(OpCase){{"inception: [2, 1, 3, 1, 2, 1]"}, 2, 4, 3, 2});
}

static const struct {
    const char *name;
    const GnetOp *op;
    int64_t out, kernel;
    int src; /* the layer it takes from; -1: the block's input */
} expected[] = {
    {"l.0.branch1x1", &gnet_op_conv, 64, 1, -1},
    {"l.0.branch1x1_relu", &gnet_op_relu, 64, 0, 0},
    {"l.0.branch3x3.0", &gnet_op_conv, 96, 1, -1},
    {"l.0.branch3x3.1", &gnet_op_relu, 96, 0, 2},
    {"l.0.branch3x3.2", &gnet_op_conv, 128, 3, 3},
    {"l.0.branch3x3.3", &gnet_op_relu, 128, 0, 4},
    {"l.0.branch5x5.0", &gnet_op_conv, 16, 1, -1},
    {"l.0.branch5x5.1", &gnet_op_relu, 16, 0, 6},
    {"l.0.branch5x5.2", &gnet_op_conv, 32, 5, 7},
    {"l.0.branch5x5.3", &gnet_op_relu, 32, 0, 8},
    {"l.0.branch_pool.0", &gnet_op_max_pool, 192, 3, -1},
    {"l.0.branch_pool.1", &gnet_op_conv, 48, 1, 10},
    {"l.0.branch_pool.2", &gnet_op_relu, 48, 0, 11},
    {"l.0", &gnet_op_concat, 64 + 128 + 32 + 48, 0, 1},
};

static void assert_window(const GnetLayer *layer, int64_t kernel)
{
    if (layer->op == &gnet_op_conv) {
        const GnetConvOptions *conv = layer->options;
        assert_int_equal(conv->kernel, kernel);
        assert_int_equal(conv->stride, 1);
        assert_int_equal(conv->pad, kernel / 2);
    } else if (layer->op == &gnet_op_max_pool) {
        const GnetPoolOptions *pool = layer->options;
        assert_int_equal(pool->kernel, kernel);
        assert_int_equal(pool->stride, 1);
        assert_int_equal(pool->pad, kernel / 2);
    }
}

static void is_the_papers_block(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph =
        op_graph((const char *[OP_LAYERS_MAX]){"inception: [64, 96, 128, 16, 32, 48]"}, 192, 28, 27,
                 &diagnostics);
    assert_int_equal(graph->n_layers, COUNT(expected));
    for (int l = 0; l < graph->n_layers; l++) {
        const GnetLayer *layer = &graph->layers[l];
        const GnetShape *shape = &graph->values[layer->dst].shape;
        assert_string_equal(layer->name, expected[l].name);
        assert_ptr_equal(layer->op, expected[l].op);
        assert_int_equal(graph->values[layer->src[0]].producer, expected[l].src);
        assert_int_equal(shape->dims[0], expected[l].out);
        assert_int_equal(shape->dims[1], 28);
        assert_int_equal(shape->dims[2], 27);
        assert_window(layer, expected[l].kernel);
    }
    const GnetLayer *concat = &graph->layers[graph->n_layers - 1];
    static const int branches[] = {1, 5, 9, 12};
    assert_int_equal(concat->n_src, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(graph->values[concat->src[i]].producer, branches[i]);
    gnet_graph_close(&graph);
}

static void names_parameters_as_pytorch_does(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shape;
    } parameters[] = {
        {"l.0.branch1x1.weight", "2 x 3 x 1 x 1"},     {"l.0.branch1x1.bias", "2"},
        {"l.0.branch3x3.0.weight", "4 x 3 x 1 x 1"},   {"l.0.branch3x3.0.bias", "4"},
        {"l.0.branch3x3.2.weight", "5 x 4 x 3 x 3"},   {"l.0.branch3x3.2.bias", "5"},
        {"l.0.branch5x5.0.weight", "6 x 3 x 1 x 1"},   {"l.0.branch5x5.0.bias", "6"},
        {"l.0.branch5x5.2.weight", "7 x 6 x 5 x 5"},   {"l.0.branch5x5.2.bias", "7"},
        {"l.0.branch_pool.1.weight", "8 x 3 x 1 x 1"}, {"l.0.branch_pool.1.bias", "8"},
    };
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph = op_graph((const char *[OP_LAYERS_MAX]){"inception: [2, 4, 5, 6, 7, 8]"}, 3,
                                5, 5, &diagnostics);
    char text[96];
    assert_int_equal(graph->n_parameters, COUNT(parameters));
    for (int p = 0; p < graph->n_parameters; p++) {
        assert_string_equal(graph->parameters[p].name, parameters[p].name);
        assert_string_equal(gnet_shape_text(&graph->parameters[p].shape, text, sizeof text),
                            parameters[p].shape);
    }
    int64_t weights = 2 * 3 + 4 * 3 + 5 * 4 * 9 + 6 * 3 + 7 * 6 * 25 + 8 * 3;
    assert_int_equal(gnet_graph_n_weights(graph), weights + 2 + 4 + 5 + 6 + 7 + 8);
    assert_int_equal(gnet_graph_macs(graph), 25 * weights);
    gnet_graph_close(&graph);
}

static void needs_an_image(void **state)
{
    (void)state;
    GnetDiagnostics diagnostics = {0};
    assert_null(op_graph((const char *[OP_LAYERS_MAX]){"flatten", "inception: [2, 4, 5, 6, 7, 8]"},
                         3, 5, 5, &diagnostics));
    assert_int_equal(diagnostics.n, 1); /* not one for each branch */
    assert_string_equal(diagnostics.items[0].text,
                        "'inception' at l.1: it needs an image, and what comes before it was "
                        "flattened");
    gnet_diagnostics_clear(&diagnostics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_model),
        cmocka_unit_test(stands_behind_another),
        cmocka_unit_test(agrees_with_differences),
        cmocka_unit_test(is_the_papers_block),
        cmocka_unit_test(names_parameters_as_pytorch_does),
        cmocka_unit_test(needs_an_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

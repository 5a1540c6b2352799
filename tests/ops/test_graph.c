#include "op_harness.h"

static GnetGraph *fused(const char *const *layers)
{
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph = op_graph(layers, 3, 6, 6, &diagnostics);
    assert_non_null(graph);
    gnet_graph_fuse(graph);
    return graph;
}

static void finds_operations_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"conv",    "relu",   "max_pool", "avg_pool",
                                        "flatten", "linear", "inception"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_string_equal(gnet_op_find(names[i])->name, names[i]);
    assert_null(gnet_op_find("Conv"));
    assert_null(gnet_op_find("")); /* what no config can name */
}

static void lets_a_convolution_do_the_relu(void **state)
{
    (void)state;
    GnetGraph *graph = fused((const char *[OP_LAYERS_MAX]){"conv: {out: 2, kernel: 1}", "relu",
                                                           "relu", "conv: {out: 2, kernel: 1}"});
    assert_true(graph->layers[0].relu_fused);
    assert_true(graph->layers[1].done_by_producer);
    assert_int_equal(graph->layers[0].dst, graph->layers[1].dst);
    assert_int_equal(graph->values[graph->layers[1].dst].producer, 0);
    assert_false(graph->layers[2].done_by_producer);
    assert_false(graph->layers[3].relu_fused);
    gnet_graph_close(&graph);
}

static void leaves_other_relus_alone(void **state)
{
    (void)state;
    GnetGraph *graph = fused((const char *[OP_LAYERS_MAX]){"relu", "max_pool: {kernel: 2}", "relu",
                                                           "flatten", "linear: {out: 2}", "relu"});
    for (int l = 0; l < graph->n_layers; l++)
        assert_false(graph->layers[l].done_by_producer || graph->layers[l].relu_fused ||
                     graph->layers[l].relu_backward_in_user);
    gnet_graph_close(&graph);
}

/* The value before the ReLU is wanted by another layer as well. */
static void leaves_a_shared_value_alone(void **state)
{
    (void)state;
    static const GnetPosition nowhere;
    GnetDiagnostics diagnostics = {0};
    GnetGraph *graph =
        op_graph((const char *[OP_LAYERS_MAX]){"conv: {out: 3, kernel: 1}"}, 3, 6, 6, &diagnostics);
    int conv = 1;
    int relu = gnet_graph_add(graph, &gnet_op_relu, NULL, "relu", nowhere, &conv, 1, &diagnostics);
    int both[] = {conv, relu};
    gnet_graph_add(graph, &gnet_op_concat, NULL, "concat", nowhere, both, 2, &diagnostics);
    assert_int_equal(graph->values[conv].n_uses, 2);
    gnet_graph_fuse(graph);
    assert_false(graph->layers[0].relu_fused);
    assert_false(graph->layers[1].done_by_producer);
    gnet_graph_close(&graph);
}

static void fusing_keeps_the_counts(void **state)
{
    (void)state;
    const char *layers[OP_LAYERS_MAX] = {"conv: {out: 5, kernel: 3}", "relu",
                                         "inception: [2, 3, 4, 5, 6, 7]"};
    GnetDiagnostics diagnostics = {0};
    GnetGraph *apart = op_graph(layers, 3, 6, 6, &diagnostics), *together = fused(layers);
    assert_int_equal(gnet_graph_n_weights(apart), gnet_graph_n_weights(together));
    assert_int_equal(gnet_graph_macs(apart), gnet_graph_macs(together));
    assert_true(gnet_graph_macs(apart) > 0);
    gnet_graph_close(&apart);
    gnet_graph_close(&together);
}

static void close_takes_null(void **state)
{
    (void)state;
    GnetGraph *graph = NULL;
    gnet_graph_close(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_operations_by_name),
        cmocka_unit_test(lets_a_convolution_do_the_relu),
        cmocka_unit_test(leaves_other_relus_alone),
        cmocka_unit_test(leaves_a_shared_value_alone),
        cmocka_unit_test(fusing_keeps_the_counts),
        cmocka_unit_test(close_takes_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

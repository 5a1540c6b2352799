/* The networks of the project's configs run on oneDNN's fast implementations alone, in every
   direction and at every size of batch, and have the parameters and MACs of GoogLeNet. */
#include "model_fixture.h"

typedef struct Found {
    int n_primitives, n_reference;
} Found;

static void look(void *user, const GnetLayer *layer, bool backward,
                 const GnetDnnPrimitive *primitive)
{
    Found *found = user;
    found->n_primitives++;
    if (gnet_dnn_rank(primitive) != GNET_DNN_REFERENCE)
        return;
    found->n_reference++;
    print_message("%s (%s) is %s\n", layer->name, backward ? "backward" : "forward",
                  gnet_dnn_implementation(primitive));
}

static void assert_no_reference(const char *config, const GnetBatch *batches, size_t n_batches)
{
    Model model = model_of_file(config, 10);
    GnetNetOptions options = {2, 1, batches, n_batches};
    GnetNet *net;
    GnetError error = {0};
    Found found = {0};
    assert_non_null(model.graph);
    assert_int_equal(gnet_net_open(model.graph, &options, &net, &error), GNET_OK);
    gnet_net_visit(net, look, &found);
    assert_true(found.n_primitives > 20);
    assert_int_equal(found.n_reference, 0);
    gnet_net_close(&net);
    close_model(&model);
}

/* Batches as their recipes have them, the short last one of the test set's 10,000 as well. */
static void googlenet_has_no_reference(void **state)
{
    (void)state;
    static const GnetBatch batches[] = {{32, true}, {32, false}, {16, false}};
    assert_no_reference("googlenet_fashion.yaml", batches, COUNT(batches));
}

static void quick_has_no_reference(void **state)
{
    (void)state;
    static const GnetBatch batches[] = {{64, true}, {64, false}, {32, false}, {1, true}};
    assert_no_reference("fashion_quick.yaml", batches, COUNT(batches));
}

static void googlenet_has_its_size(void **state)
{
    (void)state;
    Model model = model_of_file("googlenet_fashion.yaml", 10);
    assert_int_equal(gnet_graph_n_weights(model.graph), 5977530);
    assert_int_equal((gnet_graph_macs(model.graph) + 500000) / 1000000, 1503);
    close_model(&model);
}

static int find_parameter(const GnetGraph *graph, const char *name)
{
    for (int p = 0; p < graph->n_parameters; p++)
        if (strcmp(graph->parameters[p].name, name) == 0)
            return p;
    return -1;
}

static void googlenet_has_pytorchs_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shape;
    } parameters[] = {
        {"b1.0.weight", "64 x 1 x 7 x 7"},
        {"b2.2.weight", "192 x 64 x 3 x 3"},
        {"b3.0.branch1x1.weight", "64 x 192 x 1 x 1"},
        {"b3.0.branch3x3.0.weight", "96 x 192 x 1 x 1"},
        {"b3.0.branch3x3.2.weight", "128 x 96 x 3 x 3"},
        {"b3.0.branch5x5.2.weight", "32 x 16 x 5 x 5"},
        {"b3.0.branch5x5.2.bias", "32"},
        {"b3.0.branch_pool.1.weight", "32 x 192 x 1 x 1"},
        {"b5.1.branch_pool.1.bias", "128"},
        {"b6.2.weight", "10 x 1024"},
        {"b6.2.bias", "10"},
    };
    Model model = model_of_file("googlenet_fashion.yaml", 10);
    char text[96];
    for (size_t i = 0; i < COUNT(parameters); i++) {
        int p = find_parameter(model.graph, parameters[i].name);
        assert_true(p >= 0);
        assert_string_equal(gnet_shape_text(&model.graph->parameters[p].shape, text, sizeof text),
                            parameters[i].shape);
    }
    close_model(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(googlenet_has_no_reference),
        cmocka_unit_test(quick_has_no_reference),
        cmocka_unit_test(googlenet_has_its_size),
        cmocka_unit_test(googlenet_has_pytorchs_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

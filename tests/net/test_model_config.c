#include "model_fixture.h"

#define STAGES(items) "input: [1, 8, 8]\nstages:\n  b1:\n" items
#define HEAD "    - flatten\n    - linear: {out: 3}\n"

/* Compares every diagnostic, "PLACE: TEXT\n" each, with what is expected. */
static void assert_diagnosed(const char *text, const char *expected)
{
    Model model = model_of_text(text, 3);
    char *all = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&all, &n_bytes);
    for (size_t i = 0; i < model.diagnostics.n; i++)
        fprintf(stream, "%s: %s\n", model.diagnostics.items[i].place,
                model.diagnostics.items[i].text);
    fclose(stream);
    assert_string_equal(all, expected);
    assert_null(model.graph);
    free(all);
    close_model(&model);
}

static void suggests_layers(void **state)
{
    (void)state;
    assert_diagnosed(STAGES("    - covn: {out: 3, kernel: 1}\n    - max_pol: {kernel: 2}\n"
                            "    - zzzzzz\n" HEAD),
                     "m.yaml:4:7: unknown layer 'covn' (did you mean 'conv'?)\n"
                     "m.yaml:5:7: unknown layer 'max_pol' (did you mean 'max_pool'?)\n"
                     "m.yaml:6:7: unknown layer 'zzzzzz'\n");
}

static void checks_inceptions(void **state)
{
    (void)state;
    assert_diagnosed(
        STAGES("    - inception: [64, 96, 128, 16, 32]\n"
               "    - inception: [64, 96, 128, 16, 32, 0]\n"
               "    - inception: {a: 64}\n"
               "    - inception\n" HEAD),
        "m.yaml:4:18: inception must be a list of six widths (1x1; 3x3 reduce, 3x3; 5x5 reduce, "
        "5x5; pool projection), not 5\n"
        "m.yaml:5:40: the width of the pool projection must be at least 1, not 0\n"
        "m.yaml:6:18: inception must be a list of six widths (1x1; 3x3 reduce, 3x3; 5x5 reduce, "
        "5x5; pool projection), not a mapping\n"
        "m.yaml:7:7: 'inception' needs its options\n");
}

static void checks_options(void **state)
{
    (void)state;
    assert_diagnosed(STAGES("    - conv: {out: 0, kernel: 3}\n"
                            "    - conv: {out: 3, kernel: 3, strid: 2}\n"
                            "    - conv: {out: 3}\n"
                            "    - relu: {}\n"
                            "    - flatten: 3\n"
                            "    - avg_pool: globl\n"
                            "    - conv\n"
                            "    - [conv]\n"
                            "    - {conv: {out: 1, kernel: 1}, relu: 1}\n" HEAD),
                     "m.yaml:4:19: conv.out must be at least 1, not 0\n"
                     "m.yaml:5:33: unknown key 'strid' in 'conv' (did you mean 'stride'?)\n"
                     "m.yaml:6:7: missing key 'kernel' in 'conv'\n"
                     "m.yaml:7:7: 'relu' takes no options\n"
                     "m.yaml:8:7: 'flatten' takes no options\n"
                     "m.yaml:9:17: avg_pool must be 'global' or {kernel, stride, pad, "
                     "count_include_pad}\n"
                     "m.yaml:10:7: 'conv' needs its options\n"
                     "m.yaml:11:7: a layer must be a name, or one name with its options: conv: "
                     "{out: 64, ...}\n"
                     "m.yaml:12:7: a layer must be a name, or one name with its options: conv: "
                     "{out: 64, ...}\n");
}

static void checks_shapes_at_their_layer(void **state)
{
    (void)state;
    assert_diagnosed(STAGES("    - max_pool: {kernel: 9}\n" HEAD),
                     "m.yaml:4:7: 'max_pool' at b1.0: its 9 x 9 window is larger than its input of "
                     "8 x 8\n");
    assert_diagnosed(STAGES("    - relu\n    - linear: {out: 3}\n"),
                     "m.yaml:5:7: 'linear' at b1.1: it needs a flat input: put 'flatten' before "
                     "it\n");
}

static void the_last_layer_gives_one_value_a_class(void **state)
{
    (void)state;
    assert_diagnosed(STAGES("    - flatten\n    - linear: {out: 4}\n"),
                     "m.yaml:5:7: the last layer, 'linear', gives 4 values, but data.classes has "
                     "3: the network must end with one value a class\n");
    assert_diagnosed(STAGES("    - conv: {out: 3, kernel: 8}\n"),
                     "m.yaml:4:7: the last layer, 'conv', gives 3 x 1 x 1 values, but data.classes "
                     "has 3: the network must end with one value a class\n");
}

static void checks_stages(void **state)
{
    (void)state;
    assert_diagnosed("input: [1, 8, 8]\nstages:\n  a.b:\n" HEAD "  c: 5\n  d: []\n",
                     "m.yaml:3:3: a stage's name must be 1 to 64 bytes without dots and control "
                     "characters, not 'a.b'\n"
                     "m.yaml:6:6: stage 'c' must be a list of layers\n"
                     "m.yaml:7:6: stage 'd' must be a list of layers\n");
    assert_diagnosed("input: [1, 8, 8]\nstages: {}\n",
                     "m.yaml:2:9: model.stages must be a mapping of names to lists of layers\n");
    assert_diagnosed("input: [1, 8, 8]\nstages: [conv]\n",
                     "m.yaml:2:9: model.stages must be a mapping of names to lists of layers\n");
}

#define NAME_64 "a123456789b123456789c123456789d123456789e123456789f123456789g123"

static void checks_stage_names(void **state)
{
    (void)state;
    static const struct {
        const char *key, *shown;
    } cases[] = {
        {"'.'", "."},
        {"\"a\\nb\"", "a\\x0ab"},
        {"\"a\\x7F\"", "a\\x7f"},
        {"\"\\x9B1m\"", "\\x9b1m"},
        {NAME_64 "4", NAME_64 "4"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256], expected[256];
        snprintf(text, sizeof text, "input: [1, 8, 8]\nstages:\n  %s:\n" HEAD, cases[i].key);
        snprintf(expected, sizeof expected,
                 "m.yaml:3:3: a stage's name must be 1 to 64 bytes without dots and control "
                 "characters, not '%s'\n",
                 cases[i].shown);
        assert_diagnosed(text, expected);
    }
    Model model = model_of_text("input: [1, 8, 8]\nstages:\n  " NAME_64 ":\n" HEAD, 3);
    assert_non_null(model.graph);
    close_model(&model);
}

/* Their number is wrong and was reported: nothing is said of the width. */
static void leaves_the_width_without_classes(void **state)
{
    (void)state;
    Model model = model_of_text("input: [1, 8, 8]\nstages:\n  b1:\n" HEAD, 0);
    assert_int_equal(model.diagnostics.n, 0);
    assert_non_null(model.graph);
    close_model(&model);
}

static void checks_the_input(void **state)
{
    (void)state;
    assert_diagnosed("input: [1, 8]\nstages:\n  b1:\n" HEAD,
                     "m.yaml:1:8: model.input must be a list [channels, height, width]\n");
    assert_diagnosed("input: [1, 0, big]\nstages:\n  b1:\n" HEAD,
                     "m.yaml:1:12: the input's height must be at least 1, not 0\n"
                     "m.yaml:1:15: the input's width must be an integer, not 'big'\n");
}

static void checks_initial_weights(void **state)
{
    (void)state;
    static const char expected[] =
        "initial weights must be kaiming_normal, kaiming_uniform, xavier_normal, xavier_uniform or "
        "{normal: DEVIATION}\n";
    char all[1024];
    snprintf(all, sizeof all, "m.yaml:2:14: %sm.yaml:2:31: %s", expected, expected);
    assert_diagnosed("input: [1, 8, 8]\ninit: {conv: kaiming, linear: {normal: 1, x: 2}}\n"
                     "stages:\n  b1:\n" HEAD,
                     all);
}

static void names_parameters_by_stage_and_item(void **state)
{
    (void)state;
    Model model = model_of_text(SMALL_MODEL, 3);
    assert_non_null(model.graph);
    assert_string_equal(model.graph->parameters[0].name, "b1.0.weight");
    assert_string_equal(model.graph->parameters[1].name, "b1.0.bias");
    assert_string_equal(model.graph->parameters[2].name, "b1.2.branch1x1.weight");
    int last = model.graph->n_parameters - 1;
    assert_string_equal(model.graph->parameters[last].name, "b2.2.bias");
    assert_int_equal(model_classes(&model), 3);
    close_model(&model);
}

/* The section as text, for the caller to free. */
static char *written(const GnetModelConfig *config)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    GnetYamlWriter *writer = gnet_yaml_writer_open(stream);
    gnet_write_mapping_begin(writer, false);
    gnet_options_write(writer, &gnet_model_options, config);
    gnet_write_mapping_end(writer);
    assert_true(gnet_yaml_writer_close(&writer));
    fclose(stream);
    return text;
}

static void assert_same_graph(const GnetGraph *a, const GnetGraph *b)
{
    assert_int_equal(a->n_layers, b->n_layers);
    assert_int_equal(a->n_values, b->n_values);
    for (int l = 0; l < a->n_layers; l++) {
        assert_ptr_equal(a->layers[l].op, b->layers[l].op);
        assert_string_equal(a->layers[l].name, b->layers[l].name);
    }
    for (int v = 0; v < a->n_values; v++) {
        const GnetShape *left = &a->values[v].shape, *right = &b->values[v].shape;
        assert_int_equal(left->n_dims, right->n_dims);
        assert_memory_equal(left->dims, right->dims, (size_t)left->n_dims * sizeof(int64_t));
    }
    assert_int_equal(gnet_graph_macs(a), gnet_graph_macs(b));
}

/* What is written reads as the same network, and is written the same again. */
static void assert_round_trip(Model first)
{
    assert_non_null(first.graph);
    size_t n_classes = model_classes(&first);
    char *text = written(&first.config);
    Model second = model_of_text(text, n_classes);
    assert_non_null(second.graph);
    char *again = written(&second.config);
    assert_string_equal(text, again);
    assert_same_graph(first.graph, second.graph);
    assert_memory_equal(&first.config.init, &second.config.init, sizeof first.config.init);
    free(text);
    free(again);
    close_model(&first);
    close_model(&second);
}

static void reads_what_it_writes(void **state)
{
    (void)state;
    assert_round_trip(model_of_text(SMALL_MODEL, 3));
    assert_round_trip(
        model_of_text("input: [1, 8, 9]\n"
                      "init: {conv: xavier_uniform, linear: {normal: 0.123456789012345678}}\n"
                      "stages:\n"
                      "  'yes':\n"
                      "    - avg_pool: {kernel: 2, stride: kernel, count_include_pad: false}\n"
                      "    - max_pool: {kernel: 2, stride: 1, pad: 1}\n"
                      "  '1': [relu, flatten]\n"
                      "  last: [linear: {out: 3}]\n",
                      3));
    assert_round_trip(model_of_file("googlenet_fashion.yaml", 10));
    assert_round_trip(model_of_file("fashion_quick.yaml", 10));
}

static void helps_with_every_layer(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *stream = open_memstream(&text, &n_bytes);
    gnet_model_help(stream);
    fclose(stream);
    for (const GnetOp *const *op = gnet_ops; *op; op++)
        if ((*op)->name[0])
            assert_non_null(strstr(text, (*op)->help));
    assert_non_null(strstr(text, "conv.kernel"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggests_layers),
        cmocka_unit_test(checks_inceptions),
        cmocka_unit_test(checks_options),
        cmocka_unit_test(checks_shapes_at_their_layer),
        cmocka_unit_test(the_last_layer_gives_one_value_a_class),
        cmocka_unit_test(leaves_the_width_without_classes),
        cmocka_unit_test(checks_stages),
        cmocka_unit_test(checks_stage_names),
        cmocka_unit_test(checks_the_input),
        cmocka_unit_test(checks_initial_weights),
        cmocka_unit_test(names_parameters_by_stage_and_item),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(helps_with_every_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

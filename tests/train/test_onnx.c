#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../test_files.h"
#include "base/file.h"
#include "train/onnx.h"
#include "train/onnx_nodes.h"

/* Every operation, odd widths, both averages over a padded border. */
static const char config_text[] =
    "name: odd\n"
    "data: {path: /nowhere, classes: [a, \"b\\\"\", c]}\n"
    "model:\n"
    "  input: [2, 21, 19]\n"
    "  stages:\n"
    "    b1:\n"
    "      - conv: {out: 5, kernel: 3, stride: 2, pad: 1}\n"
    "      - relu\n"
    "      - avg_pool: {kernel: 3, stride: 1, pad: 1, count_include_pad: false}\n"
    "      - inception: [3, 8, 9, 1, 2, 3]\n"
    "      - avg_pool: {kernel: 3, stride: 2, pad: 1}\n"
    "      - max_pool: {kernel: 2}\n"
    "    b2:\n"
    "      - avg_pool: global\n"
    "      - flatten\n"
    "      - linear: {out: 3}\n";

static GnetConfig *config;
static GnetTensorEntry *weights;
static Onnx__ModelProto *model;

/* Weights that all differ. */
static void make_weights(void)
{
    float next = 0.5f;
    weights = calloc((size_t)config->graph->n_parameters, sizeof *weights);
    for (int p = 0; p < config->graph->n_parameters; p++) {
        size_t n = (size_t)gnet_shape_elements(&config->graph->parameters[p].shape);
        float *numbers = malloc(n * sizeof *numbers);
        for (size_t i = 0; i < n; i++)
            numbers[i] = next++;
        weights[p].data = numbers;
    }
}

static int set_up(void **state)
{
    GnetDiagnostics diagnostics = {0};
    GnetError error;
    char path[4096];
    size_t n_bytes;
    if (make_directory(state) != 0 ||
        gnet_config_parse(config_text, "odd.yaml", NULL, 0, &config, &diagnostics) != GNET_OK)
        return -1;
    make_weights();
    snprintf(path, sizeof path, "%s/x.onnx", (const char *)*state);
    if (gnet_onnx_write(path, config, weights, &error) != GNET_OK)
        return -1;
    char *bytes = read_bytes(path, &n_bytes);
    model = onnx__model_proto__unpack(NULL, n_bytes, (const uint8_t *)bytes);
    free(bytes);
    return model ? 0 : -1;
}

static int tear_down(void **state)
{
    for (int p = 0; p < config->graph->n_parameters; p++)
        free((void *)weights[p].data);
    free(weights);
    onnx__model_proto__free_unpacked(model, NULL);
    gnet_config_close(&config);
    return remove_directory(state);
}

static const Onnx__NodeProto *find_node(const char *name)
{
    for (size_t i = 0; i < model->graph->n_node; i++)
        if (strcmp(model->graph->node[i]->name, name) == 0)
            return model->graph->node[i];
    fail_msg("no node '%s'", name);
    return NULL;
}

static void assert_node(const char *name, const char *type, const char *input, const char *output)
{
    const Onnx__NodeProto *node = find_node(name);
    assert_string_equal(node->op_type, type);
    assert_string_equal(node->input[0], input);
    assert_int_equal(node->n_output, 1);
    assert_string_equal(node->output[0], output);
}

/* All of an attribute's numbers, which are equal. */
static void assert_attribute(const char *node_name, const char *name, size_t n, int64_t value)
{
    const Onnx__NodeProto *node = find_node(node_name);
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = node->attribute[i];
        if (strcmp(attribute->name, name) != 0)
            continue;
        assert_int_equal(attribute->n_ints, n);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(attribute->ints[k], value);
        if (n == 0)
            assert_int_equal(attribute->i, value);
        return;
    }
    fail_msg("'%s' has no %s", node_name, name);
}

static void says_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(model->ir_version, GNET_ONNX_IR_VERSION);
    assert_string_equal(model->producer_name, "gnet");
    assert_int_equal(model->n_opset_import, 1);
    assert_int_equal(model->opset_import[0]->version, GNET_ONNX_OPSET);
    assert_string_equal(model->graph->name, "odd");
    assert_string_equal(model->metadata_props[0]->key, "classes");
    assert_string_equal(model->metadata_props[0]->value, "[\"a\",\"b\\\"\",\"c\"]");
}

static void assert_dims(const Onnx__ValueInfoProto *value, const char *name, size_t n,
                        const int64_t *dims)
{
    const Onnx__TypeProto__Tensor *tensor = value->type->tensor_type;
    assert_string_equal(value->name, name);
    assert_int_equal(tensor->elem_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(tensor->shape->n_dim, n + 1);
    assert_int_equal(tensor->shape->dim[0]->value_case,
                     ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM);
    assert_string_equal(tensor->shape->dim[0]->dim_param, "batch");
    for (size_t d = 1; d <= n; d++) {
        assert_int_equal(tensor->shape->dim[d]->value_case,
                         ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE);
        assert_int_equal(tensor->shape->dim[d]->dim_value, dims[d - 1]);
    }
}

static void any_number_of_images(void **state)
{
    (void)state;
    assert_int_equal(model->graph->n_input, 1);
    assert_int_equal(model->graph->n_output, 1);
    assert_dims(model->graph->input[0], "input", 3, (const int64_t[]){2, 21, 19});
    assert_dims(model->graph->output[0], "logits", 1, (const int64_t[]){3});
}

static void every_operation_has_its_node(void **state)
{
    (void)state;
    assert_node("b1.0", "Conv", "input", "b1.0");
    assert_string_equal(find_node("b1.0")->input[1], "b1.0.weight");
    assert_string_equal(find_node("b1.0")->input[2], "b1.0.bias");
    assert_attribute("b1.0", "kernel_shape", 2, 3);
    assert_attribute("b1.0", "strides", 2, 2);
    assert_attribute("b1.0", "pads", 4, 1);
    assert_node("b1.1", "Relu", "b1.0", "b1.1");
    assert_node("b1.3.branch_pool.0", "MaxPool", "b1.2", "b1.3.branch_pool.0");
    assert_node("b1.3", "Concat", "b1.3.branch1x1_relu", "b1.3");
    assert_attribute("b1.3", "axis", 0, 1);
    assert_string_equal(find_node("b1.3")->input[1], "b1.3.branch3x3.3");
    assert_string_equal(find_node("b1.3")->input[3], "b1.3.branch_pool.2");
    assert_node("b1.5", "MaxPool", "b1.4", "b1.5");
    assert_attribute("b1.5", "strides", 2, 2);
    assert_node("b2.0", "GlobalAveragePool", "b1.5", "b2.0");
    assert_node("b2.1", "Flatten", "b2.0", "b2.1");
    assert_node("b2.2", "Gemm", "b2.1", "logits");
    assert_attribute("b2.2", "transB", 0, 1);
}

/* A new operation needs a row in onnx_nodes.c. */
static void no_operation_is_left_out(void **state)
{
    (void)state;
    for (const GnetOp *const *op = gnet_ops; *op; op++)
        if (!(*op)->expand && gnet_onnx_is_node(*op) && !gnet_onnx_has_form(*op))
            fail_msg("'%s' has no ONNX form", (*op)->name);
}

static void padding_that_counts_is_a_pad(void **state)
{
    (void)state;
    assert_node("b1.2", "AveragePool", "b1.1", "b1.2");
    assert_attribute("b1.2", "pads", 4, 1);
    assert_int_equal(find_node("b1.2")->n_attribute, 3); /* count_include_pad is 0 by default */
    assert_node("b1.4.padded", "Pad", "b1.3", "b1.4.padded");
    assert_node("b1.4", "AveragePool", "b1.4.padded", "b1.4");
    assert_attribute("b1.4", "pads", 4, 0);
    const Onnx__TensorProto *pads = model->graph->initializer[model->graph->n_initializer - 1];
    const int64_t expected[8] = {0, 0, 1, 1, 0, 0, 1, 1};
    assert_string_equal(pads->name, "b1.4.pads");
    assert_int_equal(pads->raw_data.len, sizeof expected);
    assert_memory_equal(pads->raw_data.data, expected, sizeof expected);
}

static void weights_are_the_networks(void **state)
{
    (void)state;
    const GnetGraph *graph = config->graph;
    assert_int_equal(model->graph->n_initializer, graph->n_parameters + 1);
    for (int p = 0; p < graph->n_parameters; p++) {
        const Onnx__TensorProto *tensor = model->graph->initializer[p];
        const GnetShape *shape = &graph->parameters[p].shape;
        assert_string_equal(tensor->name, graph->parameters[p].name);
        assert_int_equal(tensor->data_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
        assert_int_equal(tensor->n_dims, shape->n_dims);
        assert_memory_equal(tensor->dims, shape->dims, tensor->n_dims * sizeof *tensor->dims);
        assert_int_equal(tensor->raw_data.len, (size_t)gnet_shape_elements(shape) * sizeof(float));
        assert_memory_equal(tensor->raw_data.data, weights[p].data, tensor->raw_data.len);
    }
}

/* What a node takes was given before it: a graph's nodes are in an order of running. */
static void nodes_are_in_order(void **state)
{
    (void)state;
    const Onnx__GraphProto *graph = model->graph;
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 0; k < graph->node[i]->n_input; k++) {
            const char *name = graph->node[i]->input[k];
            bool found = strcmp(name, "input") == 0;
            for (size_t t = 0; t < graph->n_initializer; t++)
                found |= strcmp(name, graph->initializer[t]->name) == 0;
            for (size_t before = 0; before < i; before++)
                found |= strcmp(name, graph->node[before]->output[0]) == 0;
            if (!found)
                fail_msg("node '%s' takes '%s', which nobody gave", graph->node[i]->name, name);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(any_number_of_images),
        cmocka_unit_test(every_operation_has_its_node),
        cmocka_unit_test(no_operation_is_left_out),
        cmocka_unit_test(padding_that_counts_is_a_pad),
        cmocka_unit_test(weights_are_the_networks),
        cmocka_unit_test(nodes_are_in_order),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

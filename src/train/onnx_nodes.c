#include <assert.h>
#include <stdlib.h>

#include "ops/conv.h"
#include "ops/pool_steps.h"
#include "train/onnx.h"
#include "train/onnx_nodes.h"

/* Adds an attribute; its type and value are the caller's to set. */
static Onnx__AttributeProto *add_attribute(GnetOnnxNode *node, const char *name)
{
    size_t i = node->proto.n_attribute++;
    assert(i < GNET_ONNX_ATTRIBUTES_MAX);
    Onnx__AttributeProto *attribute = &node->attributes[i];
    onnx__attribute_proto__init(attribute);
    attribute->name = (char *)name;
    attribute->has_type = true;
    node->attribute_list[i] = attribute;
    return attribute;
}

static void add_int(GnetOnnxNode *node, const char *name, int64_t value)
{
    Onnx__AttributeProto *attribute = add_attribute(node, name);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = true;
    attribute->i = value;
}

/* The same number n times. */
static void add_ints(GnetOnnxNode *node, const char *name, size_t n, int64_t value)
{
    int64_t *ints = node->ints[node->proto.n_attribute];
    Onnx__AttributeProto *attribute = add_attribute(node, name);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    for (size_t i = 0; i < n; i++)
        ints[i] = value;
    attribute->ints = ints;
    attribute->n_ints = n;
}

static void add_window(GnetOnnxNode *node, int64_t kernel, int64_t stride, int64_t pad)
{
    add_ints(node, "kernel_shape", 2, kernel);
    add_ints(node, "strides", 2, stride);
    add_ints(node, "pads", 4, pad); /* both begins, then both ends */
}

/* What an operation is called in ONNX, and its attributes. */
typedef const char *Describe(GnetOnnxNode *node, const void *options);

static const char *describe_conv(GnetOnnxNode *node, const void *options)
{
    const GnetConvOptions *conv = options;
    add_window(node, conv->kernel, conv->stride, conv->pad);
    return "Conv";
}

static const char *describe_max_pool(GnetOnnxNode *node, const void *options)
{
    const GnetPoolOptions *pool = options;
    add_window(node, pool->kernel, gnet_pool_stride(pool), pool->pad);
    return "MaxPool";
}

/* Whether the padding's zeros are numbers like all others. OpenCV 4.6 passes over
   count_include_pad, so that they are written as what they are: a Pad before the pool. */
static bool pads_count(const GnetOp *op, const void *options)
{
    const GnetPoolOptions *pool = options;
    return op == &gnet_op_avg_pool && !pool->global && pool->count_include_pad && pool->pad > 0;
}

static const char *describe_avg_pool(GnetOnnxNode *node, const void *options)
{
    const GnetPoolOptions *pool = options;
    if (pool->global)
        return "GlobalAveragePool";
    add_window(node, pool->kernel, gnet_pool_stride(pool), pool->count_include_pad ? 0 : pool->pad);
    return "AveragePool";
}

/* Gemm with B transposed: PyTorch's weights are [out][in]. */
static const char *describe_linear(GnetOnnxNode *node, const void *options)
{
    (void)options;
    add_int(node, "transB", 1);
    return "Gemm";
}

static const char *describe_flatten(GnetOnnxNode *node, const void *options)
{
    (void)options;
    add_int(node, "axis", 1);
    return "Flatten";
}

static const char *describe_concat(GnetOnnxNode *node, const void *options)
{
    (void)options;
    add_int(node, "axis", 1);
    return "Concat";
}

static const char *describe_relu(GnetOnnxNode *node, const void *options)
{
    (void)node, (void)options;
    return "Relu";
}

/* A row an operation that a graph's layer can have. */
static const struct {
    const GnetOp *op;
    Describe *describe;
} forms[] = {
    {&gnet_op_conv, describe_conv},         {&gnet_op_relu, describe_relu},
    {&gnet_op_max_pool, describe_max_pool}, {&gnet_op_avg_pool, describe_avg_pool},
    {&gnet_op_flatten, describe_flatten},   {&gnet_op_linear, describe_linear},
    {&gnet_op_concat, describe_concat},
};

static Describe *find_form(const GnetOp *op)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].op == op)
            return forms[i].describe;
    return NULL;
}

bool gnet_onnx_has_form(const GnetOp *op)
{
    return find_form(op) != NULL;
}

bool gnet_onnx_is_node(const GnetOp *op)
{
    return op != &gnet_op_cross_entropy;
}

/* A value has the name of the layer that gives it. */
static void name_values(const GnetGraph *graph, const char **names)
{
    names[0] = GNET_ONNX_INPUT;
    for (int l = 0; l < graph->n_layers; l++) {
        const GnetLayer *layer = &graph->layers[l];
        names[layer->dst] = layer->name;
        /* A convolution that does the ReLU behind it has that one's dst: its own is this src. */
        if (layer->done_by_producer)
            names[layer->src[0]] = graph->layers[graph->values[layer->src[0]].producer].name;
        if (!gnet_onnx_is_node(layer->op))
            names[layer->src[0]] = GNET_ONNX_OUTPUT;
    }
}

static GnetOnnxNode *add_node(GnetOnnxNodes *nodes, const char *name, const char *output)
{
    GnetOnnxNode *node = &nodes->nodes[nodes->n++];
    onnx__node_proto__init(&node->proto);
    node->output = (char *)output;
    node->proto.name = (char *)name;
    node->proto.input = node->inputs;
    node->proto.output = &node->output;
    node->proto.n_output = 1;
    node->proto.attribute = node->attribute_list;
    return node;
}

static void add_input(GnetOnnxNode *node, const char *name)
{
    assert(node->proto.n_input < GNET_ONNX_INPUTS_MAX);
    node->inputs[node->proto.n_input++] = (char *)name;
}

static void add_pads(GnetOnnxNodes *nodes, const char *name, int64_t pad)
{
    GnetOnnxPads *pads = &nodes->pads[nodes->n_pads++];
    onnx__tensor_proto__init(&pads->proto);
    for (int side = 0; side < 2; side++)
        pads->pads[4 * side + 2] = pads->pads[4 * side + 3] = pad;
    pads->n = 8;
    pads->proto.name = (char *)name;
    pads->proto.n_dims = 1;
    pads->proto.dims = &pads->n;
    pads->proto.has_data_type = true;
    pads->proto.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    pads->proto.has_raw_data = true;
    pads->proto.raw_data = (ProtobufCBinaryData){sizeof pads->pads, (uint8_t *)pads->pads};
}

/* Adds the layer's source with zeros around it, and returns its name, or NULL without memory. */
static const char *add_padded(GnetOnnxNodes *nodes, const GnetLayer *layer)
{
    const char *padded = gnet_pool_format(nodes->pool, "%s.padded", layer->name);
    const char *pads = gnet_pool_format(nodes->pool, "%s.pads", layer->name);
    if (!padded || !pads)
        return NULL;
    add_pads(nodes, pads, ((const GnetPoolOptions *)layer->options)->pad);
    GnetOnnxNode *node = add_node(nodes, padded, padded);
    node->proto.op_type = "Pad";
    add_input(node, nodes->value_names[layer->src[0]]);
    add_input(node, pads);
    return padded;
}

static GnetStatus add_layer(GnetOnnxNodes *nodes, const GnetGraph *graph, const GnetLayer *layer,
                            const char *path, GnetError *error)
{
    Describe *describe = find_form(layer->op);
    const char *padded = NULL;
    if (!describe)
        return gnet_error(error, GNET_RUNTIME, path, "ONNX has no form of '%s' at %s",
                          layer->op->name, layer->name);
    if (pads_count(layer->op, layer->options) && !(padded = add_padded(nodes, layer)))
        return gnet_error(error, GNET_RUNTIME, path, "no memory to write it");
    GnetOnnxNode *node = add_node(nodes, layer->name,
                                  layer->relu_fused ? layer->name : nodes->value_names[layer->dst]);
    for (int i = 0; i < layer->n_src; i++)
        add_input(node, padded ? padded : nodes->value_names[layer->src[i]]);
    for (int i = 0; i < layer->n_parameters; i++)
        add_input(node, graph->parameters[layer->parameters[i]].name);
    node->proto.op_type = (char *)describe(node, layer->options);
    return GNET_OK;
}

GnetStatus gnet_onnx_nodes_open(const GnetGraph *graph, const char *path, GnetOnnxNodes *nodes,
                                GnetError *error)
{
    const size_t n_layers = (size_t)graph->n_layers;
    *nodes = (GnetOnnxNodes){.pool = gnet_pool_open()};
    nodes->nodes = calloc(2 * n_layers, sizeof *nodes->nodes);
    nodes->pads = calloc(n_layers, sizeof *nodes->pads);
    nodes->value_names = calloc((size_t)graph->n_values, sizeof *nodes->value_names);
    if (!nodes->pool || !nodes->nodes || !nodes->pads || !nodes->value_names)
        return gnet_error(error, GNET_RUNTIME, path, "no memory to write it");
    name_values(graph, nodes->value_names);
    for (int l = 0; l < graph->n_layers; l++)
        if (gnet_onnx_is_node(graph->layers[l].op))
            GNET_TRY(add_layer(nodes, graph, &graph->layers[l], path, error));
    return GNET_OK;
}

void gnet_onnx_nodes_close(GnetOnnxNodes *nodes)
{
    gnet_pool_close(&nodes->pool);
    free(nodes->nodes);
    free(nodes->pads);
    free(nodes->value_names);
    *nodes = (GnetOnnxNodes){0};
}

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <gnet/version.h>

#include "base/file.h"
#include "formats/json_memory.h"
#include "train/onnx.h"
#include "train/onnx_nodes.h"

#define PROTOBUF_BYTES_MAX INT32_MAX

/* The input or the output, with room for all that it points to. */
typedef struct Value {
    Onnx__ValueInfoProto proto, *list;
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dims[1 + GNET_DIMS_MAX];
    Onnx__TensorShapeProto__Dimension *dim_list[1 + GNET_DIMS_MAX];
} Value;

enum { N_TEXTS = 4 };

/* A model under way; free_model() releases what it holds. */
typedef struct Model {
    const GnetConfig *config;
    Onnx__ModelProto proto;
    Onnx__GraphProto graph;
    GnetOnnxNodes nodes;
    Onnx__NodeProto **node_list;
    Onnx__TensorProto *weights;      /* the parameters */
    Onnx__TensorProto **weight_list; /* with the nodes' pads behind them */
    Value input, output;
    Onnx__OperatorSetIdProto opset, *opset_list;
    Onnx__StringStringEntryProto texts[N_TEXTS], *text_list[N_TEXTS];
    char *classes, *input_text; /* owned */
} Model;

static void fill_value(Value *value, const char *name, const GnetShape *shape, const char *meaning)
{
    onnx__value_info_proto__init(&value->proto);
    onnx__type_proto__init(&value->type);
    onnx__type_proto__tensor__init(&value->tensor);
    onnx__tensor_shape_proto__init(&value->shape);
    for (int d = 0; d <= shape->n_dims; d++) {
        onnx__tensor_shape_proto__dimension__init(&value->dims[d]);
        value->dims[d].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (d > 0)
            value->dims[d].dim_value = shape->dims[d - 1];
        value->dim_list[d] = &value->dims[d];
    }
    value->dims[0].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    value->dims[0].dim_param = GNET_ONNX_BATCH;
    value->shape.n_dim = (size_t)shape->n_dims + 1;
    value->shape.dim = value->dim_list;
    value->tensor.has_elem_type = true;
    value->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    value->tensor.shape = &value->shape;
    value->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    value->type.tensor_type = &value->tensor;
    value->proto.name = (char *)name;
    value->proto.type = &value->type;
    value->proto.doc_string = (char *)meaning;
    value->list = &value->proto;
}

static void fill_weights(Model *model, const GnetTensorEntry *weights)
{
    const GnetGraph *graph = model->config->graph;
    for (int p = 0; p < graph->n_parameters; p++) {
        const GnetParameter *parameter = &graph->parameters[p];
        Onnx__TensorProto *tensor = &model->weights[p];
        onnx__tensor_proto__init(tensor);
        tensor->name = (char *)parameter->name;
        tensor->n_dims = (size_t)parameter->shape.n_dims;
        tensor->dims = (int64_t *)parameter->shape.dims;
        tensor->has_data_type = true;
        tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        tensor->has_raw_data = true;
        tensor->raw_data.len = (size_t)gnet_shape_elements(&parameter->shape) * sizeof(float);
        tensor->raw_data.data = (uint8_t *)weights[p].data;
        model->weight_list[p] = tensor;
    }
    model->graph.initializer = model->weight_list;
    model->graph.n_initializer = (size_t)graph->n_parameters;
    for (size_t i = 0; i < model->nodes.n_pads; i++)
        model->weight_list[model->graph.n_initializer++] = &model->nodes.pads[i].proto;
}

/* The classes' names as a JSON list. */
static char *classes_text(const GnetStringList *classes)
{
    json_t *list = json_array();
    char *text = NULL;
    bool good = list != NULL;
    for (size_t k = 0; good && k < classes->n; k++)
        good = json_array_append_new(list, json_string(classes->items[k])) == 0;
    if (good)
        text = gnet_json_text(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* What a program has to do to an image file before the network takes it. */
static bool make_texts(Model *model)
{
    const int64_t *dims = model->config->graph->values[0].shape.dims;
    model->classes = classes_text(&model->config->data.classes);
    if (asprintf(
            &model->input_text,
            "images of %lld channel%s, resized to %lld x %lld (width x height), bilinear as by "
            "Pillow; each byte divided by 255",
            (long long)dims[0], dims[0] == 1 ? "" : "s", (long long)dims[2],
            (long long)dims[1]) < 0)
        model->input_text = NULL;
    return model->classes && model->input_text;
}

static void fill_texts(Model *model)
{
    const char *const pairs[N_TEXTS][2] = {
        {"classes", model->classes},
        {"input", model->input_text},
        {"input_scale", "1/255"},
        {"gnet_version", gnet_version()},
    };
    for (int i = 0; i < N_TEXTS; i++) {
        onnx__string_string_entry_proto__init(&model->texts[i]);
        model->texts[i].key = (char *)pairs[i][0];
        model->texts[i].value = (char *)pairs[i][1];
        model->text_list[i] = &model->texts[i];
    }
    model->proto.metadata_props = model->text_list;
    model->proto.n_metadata_props = N_TEXTS;
}

/* The value that the loss takes. */
static const GnetShape *logits_shape(const GnetGraph *graph)
{
    return &graph->values[graph->layers[graph->n_layers - 1].src[0]].shape;
}

static void fill_graph(Model *model, const GnetTensorEntry *weights)
{
    const GnetGraph *graph = model->config->graph;
    onnx__graph_proto__init(&model->graph);
    for (size_t i = 0; i < model->nodes.n; i++)
        model->node_list[i] = &model->nodes.nodes[i].proto;
    model->graph.n_node = model->nodes.n;
    model->graph.node = model->node_list;
    model->graph.name = model->config->name;
    fill_weights(model, weights);
    fill_value(&model->input, GNET_ONNX_INPUT, &graph->values[0].shape, model->input_text);
    fill_value(&model->output, GNET_ONNX_OUTPUT, logits_shape(graph),
               "one a class, before any softmax; metadata_props has the classes' names");
    model->graph.input = &model->input.list;
    model->graph.output = &model->output.list;
    model->graph.n_input = model->graph.n_output = 1;
}

static void fill_model(Model *model)
{
    onnx__model_proto__init(&model->proto);
    onnx__operator_set_id_proto__init(&model->opset);
    model->opset.domain = "";
    model->opset.has_version = true;
    model->opset.version = GNET_ONNX_OPSET;
    model->opset_list = &model->opset;
    model->proto.has_ir_version = true;
    model->proto.ir_version = GNET_ONNX_IR_VERSION;
    model->proto.producer_name = "gnet";
    model->proto.producer_version = (char *)gnet_version();
    model->proto.graph = &model->graph;
    model->proto.opset_import = &model->opset_list;
    model->proto.n_opset_import = 1;
    fill_texts(model);
}

static bool allocate_model(Model *model)
{
    const GnetGraph *graph = model->config->graph;
    size_t n_layers = (size_t)graph->n_layers, n_parameters = (size_t)graph->n_parameters + 1;
    model->node_list = calloc(2 * n_layers, sizeof *model->node_list);
    model->weights = calloc(n_parameters, sizeof *model->weights);
    model->weight_list = calloc(n_parameters + n_layers, sizeof *model->weight_list);
    return make_texts(model) && model->node_list && model->weights && model->weight_list;
}

static void free_model(Model *model)
{
    gnet_onnx_nodes_close(&model->nodes);
    free(model->node_list);
    free(model->weights);
    free(model->weight_list);
    free(model->classes);
    free(model->input_text);
}

/* protobuf-c's way to pack into a stream, without a second copy of the weights. */
typedef struct StreamBuffer {
    ProtobufCBuffer base;
    FILE *stream;
} StreamBuffer;

static void append(ProtobufCBuffer *buffer, size_t n_bytes, const uint8_t *bytes)
{
    fwrite(bytes, 1, n_bytes, ((StreamBuffer *)buffer)->stream); /* commit looks at ferror() */
}

static GnetStatus write_model(const Model *model, const char *path, GnetError *error)
{
    GnetFileWriter writer;
    if (onnx__model_proto__get_packed_size(&model->proto) > PROTOBUF_BYTES_MAX)
        return gnet_error(error, GNET_RUNTIME, path, "is too large for ONNX: over 2 GiB");
    GNET_TRY(gnet_file_begin(&writer, path, error));
    StreamBuffer buffer = {{append}, writer.stream};
    onnx__model_proto__pack_to_buffer(&model->proto, &buffer.base);
    return gnet_file_commit(&writer, error);
}

GnetStatus gnet_onnx_write(const char *path, const GnetConfig *config,
                           const GnetTensorEntry *weights, GnetError *error)
{
    Model model = {.config = config};
    GnetStatus status = GNET_OK;
    if (!allocate_model(&model))
        status = gnet_error(error, GNET_RUNTIME, path, "no memory to write it");
    if (status == GNET_OK)
        status = gnet_onnx_nodes_open(config->graph, path, &model.nodes, error);
    if (status == GNET_OK) {
        fill_graph(&model, weights);
        fill_model(&model);
        status = write_model(&model, path, error);
    }
    free_model(&model);
    return status;
}

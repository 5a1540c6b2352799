/* The layers of a network as ONNX's nodes. */
#ifndef GNET_TRAIN_ONNX_NODES_H
#define GNET_TRAIN_ONNX_NODES_H

#include <stdbool.h>

#include "ops/op.h"
#include "train/onnx.pb-c.h"

enum {
    GNET_ONNX_INPUTS_MAX = GNET_LAYER_SRC_MAX + GNET_LAYER_PARAMETERS_MAX,
    GNET_ONNX_ATTRIBUTES_MAX = 4,
    GNET_ONNX_INTS_MAX = 4,
};

/* A node with room for all that it points to. It must not be moved once it is filled. */
typedef struct GnetOnnxNode {
    Onnx__NodeProto proto;
    char *inputs[GNET_ONNX_INPUTS_MAX], *output;
    Onnx__AttributeProto attributes[GNET_ONNX_ATTRIBUTES_MAX];
    Onnx__AttributeProto *attribute_list[GNET_ONNX_ATTRIBUTES_MAX];
    int64_t ints[GNET_ONNX_ATTRIBUTES_MAX][GNET_ONNX_INTS_MAX];
} GnetOnnxNode;

/* Numbers that ONNX wants as a tensor where gnet has options: a Pad's. */
typedef struct GnetOnnxPads {
    Onnx__TensorProto proto;
    int64_t n, pads[8]; /* the begins of [n][c][h][w], then the ends */
} GnetOnnxPads;

/* The nodes of a network up to its logits, in the order of running. What they name is the graph's
   or the pool's. */
typedef struct GnetOnnxNodes {
    GnetPool *pool;
    GnetOnnxNode *nodes; /* [n], with room for two a layer */
    size_t n;
    GnetOnnxPads *pads; /* [n_pads], with room for one a layer */
    size_t n_pads;
    const char **value_names; /* [graph->n_values] */
} GnetOnnxNodes;

/* Whether a layer of the operation is part of what the network computes for an image: the loss is
   not. */
bool gnet_onnx_is_node(const GnetOp *op);

/* Whether ONNX has a form of it that gnet knows. */
bool gnet_onnx_has_form(const GnetOp *op);

/* Fills *nodes; gnet_onnx_nodes_close() releases them whatever is returned. GNET_RUNTIME, at path,
   without memory and where an operation has no ONNX form. */
GnetStatus gnet_onnx_nodes_open(const GnetGraph *graph, const char *path, GnetOnnxNodes *nodes,
                                GnetError *error);
void gnet_onnx_nodes_close(GnetOnnxNodes *nodes);

#endif

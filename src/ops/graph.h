/* A network as a graph: layers in the order of their running, the values that pass between them and
   their parameters. It says what is computed, not how: no batch, no layouts, no memory. */
#ifndef GNET_OPS_GRAPH_H
#define GNET_OPS_GRAPH_H

#include <gnet/diagnostics.h>

#include "base/pool.h"
#include "tensor/layout.h"

#define GNET_LAYER_SRC_MAX 4
#define GNET_LAYER_PARAMETERS_MAX 2
#define GNET_VALUE_MAX ((int64_t)1 << 32) /* elements of one image's value, or of a parameter */

typedef struct GnetOp GnetOp;

/* What a layer takes or gives. The first value is the network's input. */
typedef struct GnetValue {
    GnetShape shape; /* [c][h][w], or [features] behind a flatten; the batch comes before it */
    int producer;    /* the layer, or -1 for the input */
    int n_uses;      /* layers that take it */
} GnetValue;

typedef struct GnetParameter {
    const char *name; /* PyTorch's: "b3.0.branch3x3.2.weight" */
    GnetShape shape;  /* [o][i][kh][kw], [o][i], or [o] for a bias */
    int layer;
} GnetParameter;

typedef struct GnetLayer {
    const GnetOp *op;
    const void *options; /* the operation's own struct */
    const char *name;    /* "b3.0.branch3x3.2" */
    GnetPosition position;
    int src[GNET_LAYER_SRC_MAX]; /* values */
    int n_src;
    int dst;
    int parameters[GNET_LAYER_PARAMETERS_MAX]; /* the weights, then the bias */
    int n_parameters;
    /* What gnet_graph_fuse() found. */
    bool relu_fused;            /* does the ReLU behind it too, and gives that one's value */
    bool done_by_producer;      /* a ReLU that the layer before it does: nothing to run */
    bool relu_backward_in_user; /* relu_fused, and the layer that takes its value applies the ReLU's
                                   backward */
} GnetLayer;

typedef struct GnetGraph {
    GnetPool *pool; /* names and options */
    GnetLayer *layers;
    GnetValue *values;
    GnetParameter *parameters;
    int n_layers, n_values, n_parameters;
} GnetGraph;

/* A graph with nothing but its input, a value [c][h][w]. NULL where there is no memory. */
GnetGraph *gnet_graph_open(const GnetShape *input);
void gnet_graph_close(GnetGraph **graph);

/* Appends a layer, or the layers that a composite operation stands for, and returns the value that
   it gives. A shape that cannot be, and a lack of memory, is reported at position, and -1 returned.
   Name and options are not copied: they must outlive the graph (its pool will do). */
int gnet_graph_add(GnetGraph *graph, const GnetOp *op, const void *options, const char *name,
                   GnetPosition position, const int *src, int n_src, GnetDiagnostics *diagnostics);

/* Lets a convolution do the ReLU that alone takes its value, and a concatenation or max pool the
   backward of the ReLUs before it. Neither changes a result. */
void gnet_graph_fuse(GnetGraph *graph);

/* The elements of all parameters, biases too; and multiply-accumulates of one image forward, of all
   layers or of one. */
int64_t gnet_graph_n_weights(const GnetGraph *graph);
int64_t gnet_graph_macs(const GnetGraph *graph);
int64_t gnet_layer_macs(const GnetGraph *graph, const GnetLayer *layer);

#endif

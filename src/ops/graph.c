#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"

GnetGraph *gnet_graph_open(const GnetShape *input)
{
    GnetGraph *graph = calloc(1, sizeof *graph);
    if (!graph)
        return NULL;
    graph->pool = gnet_pool_open();
    graph->values = calloc(1, sizeof *graph->values);
    if (!graph->pool || !graph->values) {
        gnet_graph_close(&graph);
        return NULL;
    }
    graph->values[0] = (GnetValue){.shape = *input, .producer = -1};
    graph->n_values = 1;
    return graph;
}

void gnet_graph_close(GnetGraph **graph)
{
    if (!*graph)
        return;
    gnet_pool_close(&(*graph)->pool);
    free((*graph)->layers);
    free((*graph)->values);
    free((*graph)->parameters);
    free(*graph);
    *graph = NULL;
}

/* Room for one more item in an array of n items; false without memory. */
static bool grow(void **items, int n, size_t item_bytes)
{
    void *grown = realloc(*items, ((size_t)n + 1) * item_bytes);
    if (grown)
        *items = grown;
    return grown != NULL;
}

static bool add_parameter(GnetGraph *graph, GnetLayer *layer, const char *suffix,
                          const GnetShape *shape)
{
    const char *name = gnet_pool_format(graph->pool, "%s.%s", layer->name, suffix);
    if (!name || !grow((void **)&graph->parameters, graph->n_parameters, sizeof *graph->parameters))
        return false;
    graph->parameters[graph->n_parameters] =
        (GnetParameter){.name = name, .shape = *shape, .layer = graph->n_layers};
    layer->parameters[layer->n_parameters++] = graph->n_parameters++;
    return true;
}

static bool add_parameters(GnetGraph *graph, GnetLayer *layer, const GnetShape *src)
{
    static const char *const suffixes[GNET_LAYER_PARAMETERS_MAX] = {"weight", "bias"};
    GnetShape shapes[GNET_LAYER_PARAMETERS_MAX];
    int count = layer->op->parameters ? layer->op->parameters(layer->options, src, shapes) : 0;
    assert(count <= GNET_LAYER_PARAMETERS_MAX);
    for (int i = 0; i < count; i++)
        if (!add_parameter(graph, layer, suffixes[i], &shapes[i]))
            return false;
    return true;
}

static int add_layer(GnetGraph *graph, GnetLayer *layer, const GnetShape *src, const GnetShape *dst)
{
    if (!add_parameters(graph, layer, src) ||
        !grow((void **)&graph->layers, graph->n_layers, sizeof *graph->layers) ||
        !grow((void **)&graph->values, graph->n_values, sizeof *graph->values))
        return -1;
    for (int i = 0; i < layer->n_src; i++)
        graph->values[layer->src[i]].n_uses++;
    graph->values[graph->n_values] = (GnetValue){.shape = *dst, .producer = graph->n_layers};
    layer->dst = graph->n_values++;
    graph->layers[graph->n_layers++] = *layer;
    return layer->dst;
}

/* Whether a layer's result and parameters are of a size that anything here can count. */
static bool fits(const GnetLayer *layer, const GnetShape *src, const GnetShape *dst, char *reason,
                 size_t n_bytes)
{
    GnetShape shapes[GNET_LAYER_PARAMETERS_MAX];
    int count = layer->op->parameters ? layer->op->parameters(layer->options, src, shapes) : 0;
    bool good = gnet_shape_elements(dst) <= GNET_VALUE_MAX;
    for (int i = 0; i < count; i++)
        good &= gnet_shape_elements(&shapes[i]) <= GNET_VALUE_MAX;
    if (!good)
        snprintf(reason, n_bytes, "it has more than %lld values for one image",
                 (long long)GNET_VALUE_MAX);
    return good;
}

int gnet_graph_add(GnetGraph *graph, const GnetOp *op, const void *options, const char *name,
                   GnetPosition position, const int *src, int n_src, GnetDiagnostics *diagnostics)
{
    GnetLayer layer = {
        .op = op, .options = options, .name = name, .position = position, .n_src = n_src};
    GnetShape shapes[GNET_LAYER_SRC_MAX], dst;
    for (int i = 0; i < n_src; i++) {
        layer.src[i] = src[i];
        shapes[i] = graph->values[src[i]].shape;
    }
    if (op->expand)
        return op->expand(graph, &layer, diagnostics);
    char reason[256];
    if (!op->shape(options, shapes, n_src, &dst, reason, sizeof reason) ||
        !fits(&layer, shapes, &dst, reason, sizeof reason)) {
        gnet_diagnose(diagnostics, position, "'%s' at %s: %s", op->name, name, reason);
        return -1;
    }
    int value = add_layer(graph, &layer, shapes, &dst);
    if (value < 0)
        gnet_diagnose_no_memory(diagnostics, position, "no memory for the network");
    return value;
}

/* The layer that takes a value used once. */
static GnetLayer *only_user(GnetGraph *graph, int value)
{
    if (graph->values[value].n_uses != 1)
        return NULL;
    for (int l = graph->values[value].producer + 1; l < graph->n_layers; l++)
        for (int i = 0; i < graph->layers[l].n_src; i++)
            if (graph->layers[l].src[i] == value)
                return &graph->layers[l];
    return NULL;
}

void gnet_graph_fuse(GnetGraph *graph)
{
    for (int l = 0; l < graph->n_layers; l++) {
        GnetLayer *layer = &graph->layers[l];
        GnetLayer *user = only_user(graph, layer->dst);
        if (layer->op != &gnet_op_conv || !user || user->op != &gnet_op_relu)
            continue;
        layer->relu_fused = true;
        layer->dst = user->dst;
        user->done_by_producer = true;
        graph->values[layer->dst].producer = l;
        GnetLayer *behind = only_user(graph, layer->dst);
        layer->relu_backward_in_user = behind && behind->op->applies_src_relu_backward;
    }
}

int64_t gnet_graph_n_weights(const GnetGraph *graph)
{
    int64_t count = 0;
    for (int p = 0; p < graph->n_parameters; p++)
        count += gnet_shape_elements(&graph->parameters[p].shape);
    return count;
}

int64_t gnet_layer_macs(const GnetGraph *graph, const GnetLayer *layer)
{
    if (!layer->op->macs)
        return 0;
    return layer->op->macs(layer->options, &graph->values[layer->src[0]].shape,
                           &graph->values[layer->dst].shape);
}

int64_t gnet_graph_macs(const GnetGraph *graph)
{
    int64_t count = 0;
    for (int l = 0; l < graph->n_layers; l++)
        count += gnet_layer_macs(graph, &graph->layers[l]);
    return count;
}

/* A network from a config's text, for the tests of src/net. */
#ifndef GNET_MODEL_FIXTURE_H
#define GNET_MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "net/graph_builder.h"
#include "net/net.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* An Inception network of odd widths for three classes, of a millisecond a step. */
#define SMALL_MODEL                                        \
    "input: [3, 13, 11]\n"                                 \
    "stages:\n"                                            \
    "  b1:\n"                                              \
    "    - conv: {out: 5, kernel: 3, stride: 2, pad: 1}\n" \
    "    - relu\n"                                         \
    "    - inception: [5, 9, 17, 8, 10, 3]\n"              \
    "    - max_pool: {kernel: 3, stride: 2, pad: 1}\n"     \
    "  b2:\n"                                              \
    "    - avg_pool: global\n"                             \
    "    - flatten\n"                                      \
    "    - linear: {out: 3}\n"

typedef struct Model {
    GnetPool *pool;
    GnetDiagnostics diagnostics;
    GnetModelConfig config;
    GnetGraph *graph; /* NULL where it cannot be: see the diagnostics */
} Model;

static inline Model model_of_node(GnetPool *pool, const GnetNode *node, size_t n_classes)
{
    Model model = {.pool = pool};
    GnetParse parse = {pool, &model.diagnostics};
    gnet_options_parse(&parse, &gnet_model_options, node, node->position, &model.config);
    if (model.diagnostics.n == 0)
        model.graph = gnet_graph_build(&model.config, n_classes, &model.diagnostics);
    return model;
}

/* From the text of a `model` section, whose source is called "m.yaml". */
static inline Model model_of_text(const char *text, size_t n_classes)
{
    GnetPool *pool = gnet_pool_open();
    GnetDiagnostics diagnostics = {0};
    const GnetNode *node = gnet_node_parse(pool, text, strlen(text), "m.yaml", true, &diagnostics);
    assert_int_equal(diagnostics.n, 0);
    return model_of_node(pool, node, n_classes);
}

/* From one of the project's configs. */
static inline Model model_of_file(const char *name, size_t n_classes)
{
    char path[4096];
    const char *root = getenv("GNET_SOURCE_ROOT");
    GnetPool *pool = gnet_pool_open();
    GnetDiagnostics diagnostics = {0};
    GnetStatus status;
    assert_non_null(root);
    snprintf(path, sizeof path, "%s/configs/%s", root, name);
    const GnetNode *node = gnet_node_read(pool, path, &diagnostics, &status);
    assert_int_equal(status, GNET_OK);
    return model_of_node(pool, gnet_node_find(node, "model"), n_classes);
}

/* The number of values that the last layer before the loss gives. */
static inline size_t model_classes(const Model *model)
{
    const GnetLayer *loss = &model->graph->layers[model->graph->n_layers - 1];
    return (size_t)model->graph->values[loss->src[0]].shape.dims[0];
}

static inline void close_model(Model *model)
{
    gnet_graph_close(&model->graph);
    gnet_diagnostics_clear(&model->diagnostics);
    gnet_pool_close(&model->pool);
}

/* A net with its memory and initial weights, for batches[n_batches]. */
static inline GnetNet *open_net(const Model *model, const GnetNetOptions *options)
{
    GnetNet *net;
    GnetError error = {0};
    assert_non_null(model->graph);
    if (gnet_net_open(model->graph, options, &net, &error) != GNET_OK ||
        gnet_net_allocate(net, &error) != GNET_OK)
        fail_msg("%s %s", error.place, error.text);
    GnetParameters *parameters = gnet_net_parameters(net);
    assert_int_equal(
        gnet_parameters_initialize(parameters, model->graph, &model->config.init, 42, &error),
        GNET_OK);
    assert_true(gnet_parameters_update(parameters, NULL, NULL));
    return net;
}

/* Fills a batch with images and labels that depend on their place in it alone. */
static inline void fill_batch(GnetNet *net, const Model *model, GnetBatch batch)
{
    size_t floats = (size_t)gnet_shape_elements(&model->graph->values[0].shape);
    int32_t n_classes = (int32_t)model_classes(model);
    uint32_t first = 0;
    for (int s = 0; s < gnet_net_n_shards(net); s++) {
        GnetNetShard shard = gnet_net_shard(net, batch, s);
        for (uint32_t i = 0; i < shard.n_images; i++) {
            gnet_random_uniform((GnetRandom){5, 1000, first + i}, shard.images + i * floats, floats,
                                0, 1);
            shard.labels[i] = (int32_t)(first + i) % n_classes;
        }
        first += (uint32_t)shard.n_images;
    }
    assert_int_equal(first, batch.n_images);
}

#endif

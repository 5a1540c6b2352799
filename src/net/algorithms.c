#include <string.h>

#include "config/describe.h"
#include "net/algorithms.h"
#include "ops/conv.h"
#include "ops/op.h"

const char *const gnet_algorithm_names[] = {
    [GNET_ALGORITHM_DIRECT] = "direct",
    [GNET_ALGORITHM_WINOGRAD] = "winograd",
    [GNET_N_ALGORITHMS] = NULL,
};

/* GNET_N_ALGORITHMS where there is none of that name. */
static GnetAlgorithm find_algorithm(const GnetNode *node)
{
    int found = 0;
    while (found < GNET_N_ALGORITHMS && !(node->type == GNET_NODE_SCALAR &&
                                          strcmp(node->text, gnet_algorithm_names[found]) == 0))
        found++;
    return (GnetAlgorithm)found;
}

static void parse_row(const GnetParse *parse, const GnetEntry *entry, GnetAlgorithmsRow *row)
{
    const GnetNode *list = entry->value;
    *row = (GnetAlgorithmsRow){.layer = entry->key, .position = entry->key_position};
    bool good = list->type == GNET_NODE_SEQUENCE && list->n == GNET_N_CONV_DIRECTIONS;
    for (size_t d = 0; good && d < GNET_N_CONV_DIRECTIONS; d++) {
        row->choice.algorithms[d] = find_algorithm(list->items[d]);
        good = row->choice.algorithms[d] != GNET_N_ALGORITHMS;
    }
    if (good)
        return;
    row->choice = (GnetConvChoice){0};
    gnet_diagnose(parse->diagnostics, list->position,
                  "the algorithms of '%s' must be a list of 3, forward, backward data and backward "
                  "weights, each direct or winograd",
                  gnet_describe_text(entry->key).text);
}

void gnet_algorithms_parse(const GnetParse *parse, const GnetNode *node, void *value)
{
    GnetAlgorithms *algorithms = value;
    GnetAlgorithm one = find_algorithm(node);
    if (node->type == GNET_NODE_SCALAR && strcmp(node->text, "auto") == 0) {
        *algorithms = (GnetAlgorithms){.kind = GNET_ALGORITHMS_AUTO};
    } else if (one != GNET_N_ALGORITHMS) {
        *algorithms = (GnetAlgorithms){.kind = GNET_ALGORITHMS_ONE, .one = one};
    } else if (node->type == GNET_NODE_MAPPING) {
        *algorithms = (GnetAlgorithms){
            .kind = GNET_ALGORITHMS_LISTED,
            .rows = gnet_pool_take(parse->pool, (node->n + 1) * sizeof *algorithms->rows),
        };
        while (algorithms->rows && algorithms->n_rows < node->n) {
            size_t i = algorithms->n_rows++;
            parse_row(parse, &node->entries[i], &algorithms->rows[i]);
        }
    } else {
        gnet_diagnose(parse->diagnostics, node->position,
                      "train.algorithms must be auto, direct, winograd or a mapping of layers, not "
                      "%s",
                      gnet_describe_node(node).text);
    }
}

void gnet_algorithms_write(GnetYamlWriter *writer, const void *value)
{
    const GnetAlgorithms *algorithms = value;
    if (algorithms->kind == GNET_ALGORITHMS_AUTO) {
        gnet_write_word(writer, "auto");
        return;
    }
    if (algorithms->kind == GNET_ALGORITHMS_ONE || algorithms->n_rows == 0) {
        gnet_write_word(writer, gnet_algorithm_names[algorithms->one]);
        return;
    }
    gnet_write_mapping_begin(writer, false);
    for (size_t i = 0; i < algorithms->n_rows; i++) {
        const GnetAlgorithmsRow *row = &algorithms->rows[i];
        gnet_write_key(writer, row->layer);
        gnet_write_sequence_begin(writer, true);
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            gnet_write_word(writer, gnet_algorithm_names[row->choice.algorithms[d]]);
        gnet_write_sequence_end(writer);
    }
    gnet_write_mapping_end(writer);
}

/* The number of the layer of that name that has a choice, or -1. */
static int find_layer(const GnetGraph *graph, const char *name)
{
    for (int l = 0; l < graph->n_layers; l++)
        if (gnet_conv_has_choice(&graph->layers[l]) && strcmp(graph->layers[l].name, name) == 0)
            return l;
    return -1;
}

void gnet_algorithms_check(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                           GnetDiagnostics *diagnostics)
{
    for (size_t i = 0; i < algorithms->n_rows; i++) {
        const GnetAlgorithmsRow *row = &algorithms->rows[i];
        if (find_layer(graph, row->layer) < 0)
            gnet_diagnose(diagnostics, row->position,
                          "the network has no convolution '%s' of 3 x 3 or 5 x 5 and stride 1, "
                          "which have a choice of algorithms",
                          gnet_describe_text(row->layer).text);
    }
}

void gnet_algorithms_choose(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                            GnetConvChoice *choices)
{
    GnetAlgorithm everywhere = GNET_ALGORITHM_DIRECT;
    if (algorithms->kind == GNET_ALGORITHMS_AUTO)
        everywhere = GNET_ALGORITHM_WINOGRAD;
    if (algorithms->kind == GNET_ALGORITHMS_ONE)
        everywhere = algorithms->one;
    for (int l = 0; l < graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            choices[l].algorithms[d] =
                gnet_conv_has_choice(&graph->layers[l]) ? everywhere : GNET_ALGORITHM_DIRECT;
    for (size_t i = 0; i < algorithms->n_rows; i++) {
        int layer = find_layer(graph, algorithms->rows[i].layer);
        if (layer >= 0)
            choices[layer] = algorithms->rows[i].choice;
    }
}

bool gnet_algorithms_list(GnetPool *pool, const GnetGraph *graph, const GnetConvChoice *choices,
                          GnetAlgorithms *algorithms)
{
    *algorithms = (GnetAlgorithms){
        .kind = GNET_ALGORITHMS_LISTED,
        .rows = gnet_pool_take(pool, ((size_t)graph->n_layers + 1) * sizeof *algorithms->rows),
    };
    for (int l = 0; algorithms->rows && l < graph->n_layers; l++)
        if (gnet_conv_has_choice(&graph->layers[l]))
            algorithms->rows[algorithms->n_rows++] =
                (GnetAlgorithmsRow){graph->layers[l].name, choices[l], {0}};
    return algorithms->rows != NULL;
}

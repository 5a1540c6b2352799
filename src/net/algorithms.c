#include <string.h>

#include "config/describe.h"
#include "net/algorithms.h"
#include "ops/conv.h"
#include "ops/op.h"

const char *const gnet_algorithm_names[] = {
    [GNET_ALGORITHM_DIRECT] = "direct",
    [GNET_ALGORITHM_WINOGRAD] = "winograd",
    [GNET_ALGORITHM_GEMM] = "gemm",
    [GNET_N_ALGORITHMS] = NULL,
};

const char *const gnet_conv_direction_names[] = {
    [GNET_CONV_FORWARD] = "forward",
    [GNET_CONV_BACKWARD_DATA] = "backward data",
    [GNET_CONV_BACKWARD_WEIGHTS] = "backward weights",
};

static const char *const kind_names[] = {
    [GNET_ALGORITHMS_AUTO] = "auto",
    [GNET_ALGORITHMS_DIRECT] = "direct",
    [GNET_ALGORITHMS_OWN] = "own",
    [GNET_ALGORITHMS_LISTED] = NULL,
};

static bool is_word(const GnetNode *node, const char *word)
{
    return node->type == GNET_NODE_SCALAR && strcmp(node->text, word) == 0;
}

/* GNET_N_ALGORITHMS where there is none of that name. */
static GnetAlgorithm find_algorithm(const GnetNode *node)
{
    int found = 0;
    while (found < GNET_N_ALGORITHMS && !is_word(node, gnet_algorithm_names[found]))
        found++;
    return (GnetAlgorithm)found;
}

/* GNET_ALGORITHMS_LISTED where there is none of that name. */
static GnetAlgorithmsKind find_kind(const GnetNode *node)
{
    int found = 0;
    while (found < GNET_ALGORITHMS_LISTED && !is_word(node, kind_names[found]))
        found++;
    return (GnetAlgorithmsKind)found;
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
                  "weights, each direct, winograd or gemm",
                  gnet_describe_text(entry->key).text);
}

void gnet_algorithms_parse(const GnetParse *parse, const GnetNode *node, void *value)
{
    GnetAlgorithms *algorithms = value;
    GnetAlgorithmsKind kind = find_kind(node);
    if (kind != GNET_ALGORITHMS_LISTED) {
        *algorithms = (GnetAlgorithms){.kind = kind};
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
                      "train.algorithms must be auto, direct, own or a mapping of layers, not %s",
                      gnet_describe_node(node).text);
    }
}

void gnet_algorithms_write(GnetYamlWriter *writer, const void *value)
{
    const GnetAlgorithms *algorithms = value;
    if (algorithms->kind != GNET_ALGORITHMS_LISTED || algorithms->n_rows == 0) {
        const char *word = kind_names[algorithms->kind];
        gnet_write_word(writer, word ? word : kind_names[GNET_ALGORITHMS_DIRECT]);
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

/* The layer of that name that has a choice, or NULL. */
static const GnetLayer *find_layer(const GnetGraph *graph, const char *name)
{
    for (int l = 0; l < graph->n_layers; l++)
        if (gnet_conv_has_choice(&graph->layers[l]) && strcmp(graph->layers[l].name, name) == 0)
            return &graph->layers[l];
    return NULL;
}

static void check_row(const GnetAlgorithmsRow *row, const GnetLayer *layer,
                      GnetDiagnostics *diagnostics)
{
    for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++) {
        GnetAlgorithm listed = row->choice.algorithms[d];
        GnetAlgorithm own = gnet_conv_own_algorithm(layer, (GnetConvDirection)d);
        if (listed != GNET_ALGORITHM_DIRECT && listed != own)
            gnet_diagnose(diagnostics, row->position, "'%s' cannot be %s in the %s direction%s%s",
                          layer->name, gnet_algorithm_names[listed], gnet_conv_direction_names[d],
                          own == GNET_ALGORITHM_DIRECT ? ", only direct" : ", only direct or ",
                          own == GNET_ALGORITHM_DIRECT ? "" : gnet_algorithm_names[own]);
    }
}

void gnet_algorithms_check(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                           GnetDiagnostics *diagnostics)
{
    for (size_t i = 0; i < algorithms->n_rows; i++) {
        const GnetAlgorithmsRow *row = &algorithms->rows[i];
        const GnetLayer *layer = find_layer(graph, row->layer);
        if (layer)
            check_row(row, layer, diagnostics);
        else
            gnet_diagnose(diagnostics, row->position,
                          "the network has no convolution '%s' with a choice of algorithms: those "
                          "of stride 1 and 1 x 1, 3 x 3 or 5 x 5",
                          gnet_describe_text(row->layer).text);
    }
}

void gnet_algorithms_choose(const GnetAlgorithms *algorithms, const GnetGraph *graph,
                            GnetConvChoice *choices)
{
    const bool own =
        algorithms->kind == GNET_ALGORITHMS_AUTO || algorithms->kind == GNET_ALGORITHMS_OWN;
    for (int l = 0; l < graph->n_layers; l++)
        for (int d = 0; d < GNET_N_CONV_DIRECTIONS; d++)
            choices[l].algorithms[d] =
                own ? gnet_conv_own_algorithm(&graph->layers[l], (GnetConvDirection)d)
                    : GNET_ALGORITHM_DIRECT;
    for (size_t i = 0; i < algorithms->n_rows; i++) {
        const GnetLayer *layer = find_layer(graph, algorithms->rows[i].layer);
        if (layer)
            choices[layer - graph->layers] = algorithms->rows[i].choice;
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

#include <stdlib.h>
#include <string.h>

#include <gnet/summary.h>

#include "net/net.h"
#include "train/config_net.h"
#include "train/settle.h"

void gnet_summary_close(GnetSummary **summary)
{
    if (!*summary)
        return;
    for (size_t i = 0; (*summary)->rows && i < (*summary)->n_rows; i++) {
        free((*summary)->rows[i].name);
        free((*summary)->rows[i].type);
        free((*summary)->rows[i].output);
        free((*summary)->rows[i].sources);
    }
    free((*summary)->rows);
    free(*summary);
    *summary = NULL;
}

static bool fill_row(const GnetGraph *graph, const GnetLayer *layer, GnetSummaryRow *row)
{
    char shape[96];
    gnet_shape_text(&graph->values[layer->dst].shape, shape, sizeof shape);
    row->name = strdup(layer->name);
    row->type = strdup(layer->op == &gnet_op_concat ? "concat" : layer->op->name);
    row->output = strdup(shape);
    for (int i = 0; i < layer->n_parameters; i++)
        row->n_parameters += gnet_shape_elements(&graph->parameters[layer->parameters[i]].shape);
    row->macs = gnet_layer_macs(graph, layer);
    return row->name && row->type && row->output;
}

/* What a value sees of the image, and the distance in the image of two neighbours in it. */
typedef struct Sight {
    int64_t side; /* 0: all */
    int64_t jump;
} Sight;

static Sight look(const GnetGraph *graph, const GnetLayer *layer, const Sight *values)
{
    int64_t kernel = 1, stride = 1;
    Sight sight = values[layer->src[0]];
    for (int i = 1; i < layer->n_src; i++) {
        const Sight *other = &values[layer->src[i]];
        if (sight.side > 0 && (other->side == 0 || other->side > sight.side))
            sight.side = other->side;
    }
    if (layer->op->window)
        layer->op->window(layer->options, &graph->values[layer->src[0]].shape, &kernel, &stride);
    if (layer->op->takes_all)
        sight.side = 0;
    else if (sight.side > 0)
        sight.side += (kernel - 1) * sight.jump;
    sight.jump *= stride;
    return sight;
}

static bool fill_sights(const GnetGraph *graph, GnetSummary *summary)
{
    Sight *values = calloc((size_t)graph->n_values, sizeof *values);
    if (!values)
        return false;
    values[0] = (Sight){1, 1};
    for (size_t l = 0; l < summary->n_rows; l++) {
        const GnetLayer *layer = &graph->layers[l];
        if (!layer->done_by_producer)
            values[layer->dst] = look(graph, layer, values);
        summary->rows[l].receptive_field = values[layer->dst].side;
    }
    free(values);
    return true;
}

/* The row before `before` whose output a value is, or -1 for the images. A ReLU that its
   convolution does has the same output as that one, and stands behind it. */
static int find_source(const GnetGraph *graph, int value, int before)
{
    int l = before - 1;
    while (l >= 0 && graph->layers[l].dst != value)
        l--;
    return l;
}

static bool fill_sources(const GnetGraph *graph, int l, GnetSummaryRow *row)
{
    const GnetLayer *layer = &graph->layers[l];
    row->sources = calloc((size_t)layer->n_src, sizeof *row->sources);
    for (int i = 0; row->sources && i < layer->n_src; i++) {
        int value = layer->done_by_producer ? layer->dst : layer->src[i];
        int source = find_source(graph, value, l);
        if (source >= 0)
            row->sources[row->n_sources++] = (size_t)source;
    }
    return row->sources != NULL;
}

/* A row a layer but the loss, which the config does not name. */
static bool fill_rows(const GnetGraph *graph, GnetSummary *summary)
{
    summary->rows = calloc((size_t)graph->n_layers, sizeof *summary->rows);
    if (!summary->rows)
        return false;
    for (int l = 0; l + 1 < graph->n_layers; l++) {
        summary->n_rows++;
        if (!fill_row(graph, &graph->layers[l], &summary->rows[l]) ||
            !fill_sources(graph, l, &summary->rows[l]))
            return false;
    }
    if (!fill_sights(graph, summary))
        return false;
    summary->n_parameters = gnet_graph_n_weights(graph);
    summary->macs = gnet_graph_macs(graph);
    return true;
}

static void fill_memory(const GnetNet *net, GnetSummary *summary)
{
    GnetNetMemory memory = gnet_net_memory(net);
    summary->weights_bytes = (int64_t)memory.parameters_bytes;
    summary->state_bytes = (int64_t)(memory.gradients_bytes + memory.state_bytes);
    summary->training_bytes = summary->state_bytes + (int64_t)memory.training_bytes;
    summary->forward_bytes = (int64_t)memory.forward_bytes;
    summary->backward_bytes = (int64_t)memory.backward_bytes;
    summary->eval_bytes = (int64_t)memory.inference_bytes;
}

static GnetStatus fill(const GnetConfig *config, int n_threads, GnetSummary *summary,
                       GnetError *error)
{
    GnetBatch batches[] = {{config->data.batch_size, true}, {config->data.batch_size, false}};
    GnetConfig settled;
    GNET_TRY(gnet_config_settle(config, &(GnetSettling){n_threads, true, {.measure = false}},
                                &settled, error));
    GnetNet *net;
    GNET_TRY(gnet_config_net_open(&settled, n_threads, batches, 2, &net, error));
    summary->n_shards = (int)settled.train.shards;
    fill_memory(net, summary);
    gnet_net_close(&net);
    if (!fill_rows(config->graph, summary))
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a summary");
    return GNET_OK;
}

GnetStatus gnet_summary_open(const GnetConfig *config, int n_threads, GnetSummary **summary,
                             GnetError *error)
{
    *summary = NULL;
    GNET_TRY(gnet_config_check_threads(n_threads, error));
    *summary = calloc(1, sizeof **summary);
    if (!*summary)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a summary");
    GnetStatus status = fill(config, n_threads, *summary, error);
    if (status != GNET_OK)
        gnet_summary_close(summary);
    return status;
}

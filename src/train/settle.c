#include <stdlib.h>

#include "train/config_net.h"
#include "train/optimizer.h"
#include "train/settle.h"

static GnetStatus settle_algorithms(const GnetNetOptions *options, const GnetTuningOptions *how,
                                    GnetConfig *settled, GnetError *error)
{
    const GnetGraph *graph = settled->graph;
    GnetConvChoice *choices = calloc((size_t)graph->n_layers, sizeof *choices);
    if (!choices)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a config");
    GnetStatus status = gnet_tune(graph, options, how, choices, error);
    if (status == GNET_OK &&
        !gnet_algorithms_list(settled->pool, graph, choices, &settled->train.algorithms))
        status = gnet_error(error, GNET_RUNTIME, "", "no memory for a config");
    free(choices);
    return status;
}

GnetStatus gnet_config_settle(const GnetConfig *config, const GnetSettling *how,
                              GnetConfig *settled, GnetError *error)
{
    const GnetBatch batch = {config->data.batch_size, how->training};
    const GnetNetOptions options = {
        .n_shards = gnet_config_shards(config, how->n_threads),
        .n_threads = gnet_config_threads(config, how->n_threads),
        .n_states = how->training ? gnet_optimizer_n_states(&config->train) : 0,
        .batches = &batch,
        .n_batches = 1,
    };
    *settled = *config;
    settled->train.shards = options.n_shards;
    if (how->training)
        GNET_TRY(gnet_config_check_precision(config, error));
    if (config->train.precision != GNET_TYPE_F32) {
        settled->train.algorithms = (GnetAlgorithms){.kind = GNET_ALGORITHMS_DIRECT};
        return GNET_OK;
    }
    return config->train.algorithms.kind == GNET_ALGORITHMS_AUTO
               ? settle_algorithms(&options, &how->tuning, settled, error)
               : GNET_OK;
}

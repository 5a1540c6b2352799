#include <stdlib.h>

#include "base/log.h"
#include "train/config_net.h"
#include "train/optimizer.h"

static bool lacks_bf16(const GnetConfig *config)
{
    return config->train.precision == GNET_TYPE_BF16 && !gnet_dnn_has_bf16();
}

GnetStatus gnet_config_check_precision(const GnetConfig *config, GnetError *error)
{
    if (!lacks_bf16(config))
        return GNET_OK;
    return gnet_error(error, GNET_USAGE, "train.precision",
                      "bf16 needs a CPU with its instructions (AVX-512 BF16 or AMX); oneDNN uses "
                      "%s here: use f32",
                      gnet_dnn_library_isa());
}

static bool trains(const GnetBatch *batches, size_t n_batches)
{
    bool found = false;
    for (size_t i = 0; i < n_batches; i++)
        found |= batches[i].training;
    return found;
}

GnetStatus gnet_config_net_open(const GnetConfig *config, int n_threads, const GnetBatch *batches,
                                size_t n_batches, GnetNet **net, GnetError *error)
{
    const GnetGraph *graph = config->graph;
    bool training = trains(batches, n_batches);
    if (training)
        GNET_TRY(gnet_config_check_precision(config, error));
    else if (lacks_bf16(config))
        gnet_log(GNET_LOG_WARNING, "trained in bf16, which this CPU has not: scoring in f32");
    GnetConvChoice *choices = calloc((size_t)graph->n_layers, sizeof *choices);
    if (!choices)
        return gnet_error(error, GNET_RUNTIME, "", "no memory for a network");
    gnet_algorithms_choose(&config->train.algorithms, graph, choices);
    const GnetNetOptions options = {
        .n_shards = gnet_config_shards(config, n_threads),
        .n_threads = gnet_config_threads(config, n_threads),
        .n_states = training ? gnet_optimizer_n_states(&config->train) : 0,
        .batches = batches,
        .n_batches = n_batches,
        .choices = choices,
        .type = lacks_bf16(config) ? GNET_TYPE_F32 : (GnetType)config->train.precision,
    };
    GnetStatus status = gnet_net_open(graph, &options, net, error);
    free(choices);
    return status;
}

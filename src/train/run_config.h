/* A config's three sections together, and the network that they describe. */
#ifndef GNET_TRAIN_RUN_CONFIG_H
#define GNET_TRAIN_RUN_CONFIG_H

#include <gnet/config.h>

#include "data/data_config.h"
#include "net/graph_builder.h"
#include "train/train_config.h"

extern const GnetOptionTable gnet_config_options;

struct GnetConfig {
    GnetPool *pool; /* every string and list below */
    char *name;
    int64_t seed;
    GnetDataConfig data;
    GnetModelConfig model;
    GnetTrainConfig train;
    GnetGraph *graph;
};

/* gnet_config_load() from text in memory; source stands for it in positions. */
GnetStatus gnet_config_parse(const char *text, const char *source, const char *const *overrides,
                             size_t n_overrides, GnetConfig **config, GnetDiagnostics *diagnostics);

/* What gnet_config_check_data() can tell from the headers of the data's files, at no cost: for
   those who read the data next anyway. */
GnetStatus gnet_config_compare_data(const GnetConfig *config, GnetDiagnostics *diagnostics);

/* The resolved config as text that the caller frees; NULL without memory. */
char *gnet_config_text(const GnetConfig *config);

/* Refuses a number of threads that no config could have either: GNET_USAGE. 0 is fine: none given.
 */
GnetStatus gnet_config_check_threads(int n_threads, GnetError *error);

/* Numbers of threads and shards that a run with this config uses; n_threads (0: none given) goes
   before the config's. There are never more threads than have something to do: a shard or a CPU
   each. */
int gnet_config_threads(const GnetConfig *config, int n_threads);
int gnet_config_shards(const GnetConfig *config, int n_threads);

#endif

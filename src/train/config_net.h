/* The network that a config describes, on the machine that runs it. */
#ifndef GNET_TRAIN_CONFIG_NET_H
#define GNET_TRAIN_CONFIG_NET_H

#include "net/net.h"
#include "train/run_config.h"

/* Opens the config's network in its shards, by its algorithms and in its precision, for n_threads
   as in gnet_config_threads(). Where the CPU has no bf16, a network that is only to score computes
   in float32, with a warning; for one that trains it is a GNET_USAGE error. */
GnetStatus gnet_config_net_open(const GnetConfig *config, int n_threads, const GnetBatch *batches,
                                size_t n_batches, GnetNet **net, GnetError *error);

/* The error above, if it would be one. */
GnetStatus gnet_config_check_precision(const GnetConfig *config, GnetError *error);

#endif

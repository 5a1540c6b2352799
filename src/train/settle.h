#ifndef GNET_TRAIN_SETTLE_H
#define GNET_TRAIN_SETTLE_H

#include "net/tuning.h"
#include "train/run_config.h"

typedef struct GnetSettling {
    int n_threads; /* as in gnet_config_threads() */
    bool training; /* or else scoring */
    GnetTuningOptions tuning;
} GnetSettling;

/* *settled is the config with a number of shards, and an algorithm for each convolution, in the
   place of `auto`: what its results depend on. It shares the rest with config, which must outlive
   it; what is new is taken from config's pool. */
GnetStatus gnet_config_settle(const GnetConfig *config, const GnetSettling *how,
                              GnetConfig *settled, GnetError *error);

#endif

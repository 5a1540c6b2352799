#ifndef GNET_TRAIN_SETTLE_H
#define GNET_TRAIN_SETTLE_H

#include "train/run_config.h"

/* *settled is the config with a number of shards, and an algorithm for each convolution, in the
   place of `auto`: what its results depend on. It shares the rest with config, which must outlive
   it; what is new is taken from config's pool. Algorithms that nobody timed on this machine are
   timed now if `measure` is set, as training or scoring needs them, and are Winograd's otherwise.
   n_threads is as in gnet_config_threads(). */
GnetStatus gnet_config_settle(const GnetConfig *config, int n_threads, bool training, bool measure,
                              GnetConfig *settled, GnetError *error);

#endif

/* Which algorithm is faster for each convolution on this machine. */
#ifndef GNET_NET_TUNING_H
#define GNET_NET_TUNING_H

#include <signal.h>

#include "net/net.h"

typedef struct GnetTuningOptions {
    bool measure;                      /* what the cache does not know */
    const volatile sig_atomic_t *stop; /* nothing more is measured once it is set; NULL: never */
} GnetTuningOptions;

/* Sets choices[n_layers] for a network that will be opened with these options, of which the first
   batch is looked at; its own choices are not. What is known of a convolution (by its
   shape, the images of a shard, the CPU and the versions) is read from the user's cache; if
   something is missing and `measure` is set, all is run by each algorithm, a few seconds for a
   large network, and the cache is filled. Convolutions that are alike get the same algorithm. What
   stays unknown gets gnet's own. A cache that cannot be read or written is no failure. */
GnetStatus gnet_tune(const GnetGraph *graph, const GnetNetOptions *options,
                     const GnetTuningOptions *how, GnetConvChoice *choices, GnetError *error);

#endif

/* Which algorithm is faster for each convolution on this machine. */
#ifndef GNET_NET_TUNING_H
#define GNET_NET_TUNING_H

#include "net/net.h"

/* Sets choices[n_layers] for a network that will be opened with these options, of which the first
   batch is looked at; the options' own choices are not. What is known of a convolution (by its
   shape, the images of a shard, the CPU and the versions) is read from the user's cache; if
   something is missing and `measure` is set, all is run by each algorithm, a few seconds for a
   large network, and the cache is filled. What stays unknown is Winograd's. A cache that cannot be
   read or written is no failure. */
GnetStatus gnet_tune(const GnetGraph *graph, const GnetNetOptions *options, bool measure,
                     GnetConvChoice *choices, GnetError *error);

#endif

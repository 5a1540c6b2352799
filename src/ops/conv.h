#ifndef GNET_OPS_CONV_H
#define GNET_OPS_CONV_H

#include "ops/algorithm.h"
#include "ops/graph.h"

typedef struct GnetConvOptions {
    int64_t out;                 /* channels */
    int64_t kernel, stride, pad; /* pixels, the same down and across */
} GnetConvOptions;

/* The algorithm of gnet's own that may do a layer's direction in the place of the direct one, if
   layouts allow it; GNET_ALGORITHM_DIRECT where there is none. */
GnetAlgorithm gnet_conv_own_algorithm(const GnetLayer *layer, GnetConvDirection direction);

/* Whether the layer has one in some direction. */
bool gnet_conv_has_choice(const GnetLayer *layer);

#endif

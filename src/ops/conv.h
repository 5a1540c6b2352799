#ifndef GNET_OPS_CONV_H
#define GNET_OPS_CONV_H

#include "ops/graph.h"

typedef struct GnetConvOptions {
    int64_t out;                 /* channels */
    int64_t kernel, stride, pad; /* pixels, the same down and across */
} GnetConvOptions;

/* Whether the layer is a convolution that Winograd's algorithm may do: of stride 1, 3 x 3 or 5 x 5.
   Layouts may still not allow it. */
bool gnet_conv_has_choice(const GnetLayer *layer);

#endif

#ifndef GNET_OPS_CONV_H
#define GNET_OPS_CONV_H

#include <stdint.h>

typedef struct GnetConvOptions {
    int64_t out;                 /* channels */
    int64_t kernel, stride, pad; /* pixels, the same down and across */
} GnetConvOptions;

#endif

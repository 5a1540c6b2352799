#ifndef GNET_OPS_CONV_H
#define GNET_OPS_CONV_H

#include <stdint.h>

typedef struct GnetConvOptions {
    int64_t out, kernel, stride, pad;
} GnetConvOptions;

#endif
